#include "report/inspection_json.h"

#include <math.h>
#include "report/emit.h"

enum { JSON_MOST = 100000, JSON_EXAMPLES = 10000 }; /* findings of a kind; classes with examples */

static void put_reals(rgm_emit *j, const char *key, const double *values, int64_t count) {
    if (!values) return;
    rgm_emit_open(j, key, '[');
    for (int64_t i = 0; i < count; i++) rgm_emit_real(j, NULL, values[i]);
    rgm_emit_close(j, ']');
}

static void put_integers(rgm_emit *j, const char *key, const int64_t *values, int64_t count) {
    if (!values) return;
    rgm_emit_open(j, key, '[');
    for (int64_t i = 0; i < count; i++) rgm_emit_integer(j, NULL, values[i]);
    rgm_emit_close(j, ']');
}

/* ---- what the set is ---- */

static void put_size(rgm_emit *j, const rgm_dataset_info *info) {
    rgm_emit_open(j, "size", '{');
    rgm_emit_integer(j, "channels", info->C);
    rgm_emit_integer(j, "height", info->encoded ? info->pictures.H : info->H);
    rgm_emit_integer(j, "width", info->encoded ? info->pictures.W : info->W);
    rgm_emit_bool(j, "encoded", info->encoded);
    rgm_emit_close(j, '}');
}

static void put_names(rgm_emit *j, const rgm_dataset_info *info) {
    rgm_emit_integer(j, "classes", info->classes);
    if (!info->class_names) return;
    rgm_emit_open(j, "class_names", '[');
    for (int32_t i = 0; i < info->classes; i++) rgm_emit_text(j, NULL, info->class_names[i]);
    rgm_emit_close(j, ']');
}

static void put_splits(rgm_emit *j, const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    rgm_emit_open(j, "splits", '{');
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!in->counts[split]) continue;
        rgm_emit_open(j, rgm_split_name(split), '{');
        rgm_emit_integer(j, "images", info->count[split]);
        put_integers(j, "classes", in->counts[split], info->classes);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, '}');
}

/* ---- statistics ---- */

/* [classes][C]. */
static void put_matrix(rgm_emit *j, const char *key, const double *values, int32_t rows, int32_t columns) {
    if (!values) return;
    rgm_emit_open(j, key, '[');
    for (int64_t i = 0; i < rows; i++) put_reals(j, NULL, values + i * columns, columns);
    rgm_emit_close(j, ']');
}

static void put_split_statistics(rgm_emit *j, const rgm_statistics *s, int32_t split) {
    const rgm_split_statistics *of = &s->split[split];
    rgm_emit_open(j, rgm_split_name(split), '{');
    rgm_emit_integer(j, "images", of->images);
    put_reals(j, "mean", of->mean, s->C);
    put_reals(j, "std", of->std, s->C);
    put_reals(j, "shift", of->shift, s->C);
    put_reals(j, "shift_deviations", of->shift_deviations, s->C);
    put_reals(j, "stretch", of->stretch, s->C);
    rgm_emit_integer(j, "missing_classes", of->missing);
    rgm_emit_real(j, "imbalance", of->imbalance);
    rgm_emit_real(j, "entropy", of->entropy);
    put_matrix(j, "class_mean", of->class_mean, s->classes, s->C);
    put_matrix(j, "class_std", of->class_std, s->classes, s->C);
    rgm_emit_close(j, '}');
}

static void put_ranked(rgm_emit *j, const rgm_ranked_image *list, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        rgm_emit_open(j, NULL, '{');
        rgm_emit_text(j, "split", rgm_split_name(list[i].split));
        rgm_emit_integer(j, "index", list[i].index);
        rgm_emit_real(j, "value", list[i].value);
        rgm_emit_close(j, '}');
    }
}

static void put_examples(rgm_emit *j, const rgm_statistics *s) {
    if (!s->examples) return;
    rgm_emit_open(j, "examples", '[');
    for (int32_t i = 0; i < s->classes && i < JSON_EXAMPLES; i++) {
        const rgm_class_examples *e = &s->examples[i];
        rgm_emit_line(j);
        rgm_emit_open(j, NULL, '{');
        rgm_emit_integer(j, "class", i);
        rgm_emit_open(j, "typical", '[');
        put_ranked(j, e->typical, e->typicals);
        rgm_emit_close(j, ']');
        rgm_emit_open(j, "odd", '[');
        put_ranked(j, e->odd, e->odds);
        rgm_emit_close(j, ']');
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
}

static void put_rankings(rgm_emit *j, const rgm_statistics *s) {
    rgm_emit_open(j, "rankings", '{');
    for (int32_t i = 0; i < RGM_RANKINGS; i++) {
        if (!s->ranking[i].count) continue;
        rgm_emit_open(j, rgm_finding_name(s->ranking[i].kind), '[');
        put_ranked(j, s->ranking[i].list, s->ranking[i].count);
        rgm_emit_close(j, ']');
    }
    rgm_emit_close(j, '}');
}

static void put_statistics(rgm_emit *j, const rgm_statistics *s) {
    int32_t any = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) any |= s->split[split].images > 0;
    if (!any) return;
    rgm_emit_open(j, "statistics", '{');
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (s->split[split].images) put_split_statistics(j, s, split);
    rgm_emit_close(j, '}');
    rgm_emit_open(j, "quantiles", '{');
    put_reals(j, "height", s->height, RGM_QUANTILES);
    put_reals(j, "width", s->width, RGM_QUANTILES);
    put_reals(j, "aspect", s->aspect, RGM_QUANTILES);
    for (int32_t i = 0; i < RGM_MEASURE_COUNT; i++) put_reals(j, rgm_measure_name(i), s->measure[i], RGM_QUANTILES);
    rgm_emit_close(j, '}');
    put_rankings(j, s);
    put_examples(j, s);
}

/* ---- what a model says ---- */

static void put_share(rgm_emit *j, const char *key, rgm_share s) {
    rgm_emit_open(j, key, '{');
    rgm_emit_real(j, "share", s.n ? (double)s.hits / (double)s.n : NAN);
    rgm_emit_real(j, "low", s.n ? s.low : NAN);
    rgm_emit_real(j, "high", s.n ? s.high : NAN);
    rgm_emit_integer(j, "images", s.n);
    rgm_emit_close(j, '}');
}

static void put_shares(rgm_emit *j, const char *key, const rgm_share *list, int32_t count) {
    if (!list) return;
    rgm_emit_open(j, key, '[');
    for (int32_t i = 0; i < count; i++) put_share(j, NULL, list[i]);
    rgm_emit_close(j, ']');
}

static void put_confusion(rgm_emit *j, const rgm_judged *p, int64_t classes) {
    rgm_emit_open(j, "confused", '[');
    for (int32_t i = 0; i < p->confused_count; i++) {
        rgm_emit_open(j, NULL, '{');
        rgm_emit_integer(j, "given", p->confused[i].given);
        rgm_emit_integer(j, "predicted", p->confused[i].predicted);
        rgm_emit_integer(j, "count", p->confused[i].count);
        rgm_emit_integer(j, "of", p->confused[i].of);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
    if (!p->confusion) return;
    rgm_emit_open(j, "confusion", '[');
    for (int64_t i = 0; i < classes; i++) put_integers(j, NULL, p->confusion + i * classes, classes);
    rgm_emit_close(j, ']');
}

static void put_calibration(rgm_emit *j, const rgm_judged *p) {
    rgm_emit_real(j, "calibration_error", p->ece);
    rgm_emit_real(j, "calibration_error_low", p->ece_low);
    rgm_emit_real(j, "calibration_error_high", p->ece_high);
    rgm_emit_open(j, "calibration", '[');
    for (int32_t i = 0; i < RGM_SAYS_BINS; i++) {
        rgm_emit_open(j, NULL, '{');
        rgm_emit_real(j, "confidence", p->bins[i].confidence);
        put_share(j, "accuracy", p->bins[i].hits);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
}

static void put_part(rgm_emit *j, const rgm_judged *p, int32_t classes) {
    static const char *const seen[] = {"not", "folds", "trained", "unknown"};
    rgm_emit_line(j);
    rgm_emit_open(j, NULL, '{');
    rgm_emit_text(j, "split", rgm_split_name(p->split));
    rgm_emit_text(j, "seen", seen[p->seen]);
    rgm_emit_integer(j, "images", p->images);
    put_share(j, "accuracy", p->hits);
    rgm_emit_real(j, "loss", p->loss);
    rgm_emit_real(j, "label_errors", p->errors);
    put_calibration(j, p);
    put_shares(j, "recall", p->recall, classes);
    put_shares(j, "precision", p->precision, classes);
    put_confusion(j, p, classes);
    rgm_emit_close(j, '}');
}

static void put_losses(rgm_emit *j, const rgm_inspection_model *m) {
    rgm_emit_open(j, "top_losses", '[');
    for (int32_t i = 0; i < m->losses_count; i++) {
        const rgm_top_loss *l = &m->losses[i];
        rgm_emit_line(j);
        rgm_emit_open(j, NULL, '{');
        rgm_emit_text(j, "split", rgm_split_name(l->split));
        rgm_emit_integer(j, "index", l->index);
        rgm_emit_integer(j, "label", l->label);
        rgm_emit_integer(j, "predicted", l->predicted);
        rgm_emit_real(j, "given_probability", (double)l->given);
        rgm_emit_real(j, "probability", (double)l->probability);
        rgm_emit_real(j, "loss", l->loss);
        if (l->nearest >= 0) rgm_emit_integer(j, "nearest_train", l->nearest);
        if (l->nearest >= 0) rgm_emit_real(j, "distance", l->distance);
        rgm_emit_close(j, '}');
    }
    rgm_emit_close(j, ']');
}

static void put_model(rgm_emit *j, const rgm_inspection_model *m) {
    if (!m) return;
    rgm_emit_text(j, "model", m->title ? m->title : "");
    rgm_emit_integer(j, "folds", m->folds);
    if (m->folds) rgm_emit_integer(j, "repeats", m->repeats);
    rgm_emit_open(j, "judged", '[');
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (m->parts[i].images) put_part(j, &m->parts[i], m->classes);
    rgm_emit_close(j, ']');
    put_losses(j, m);
}

/* ---- findings ---- */

static void put_finding(rgm_emit *j, const rgm_finding *f, const rgm_dataset *set) {
    char text[RGM_FINDING_REASON];
    const char *name = rgm_dataset_name(set, f->split, f->index);
    rgm_emit_line(j);
    rgm_emit_open(j, NULL, '{');
    rgm_emit_text(j, "kind", rgm_finding_name(f->kind));
    rgm_emit_text(j, "split", rgm_split_name(f->split));
    rgm_emit_integer(j, "index", f->index);
    if (name) rgm_emit_text(j, "name", name);
    rgm_emit_integer(j, "label", rgm_dataset_labels(set, f->split)[f->index]);
    rgm_emit_real(j, "score", f->score);
    rgm_emit_text(j, "reason", rgm_finding_reason(f, set, text));
    if (isfinite(f->value)) rgm_emit_real(j, "value", f->value);
    if (isfinite(f->usual)) rgm_emit_real(j, "usual", f->usual);
    if (f->other_split >= 0) rgm_emit_text(j, "other_split", rgm_split_name(f->other_split));
    if (f->other_split >= 0) rgm_emit_integer(j, "other_index", f->other_index);
    if (f->group >= 0) rgm_emit_integer(j, "group", f->group);
    if (f->proposed >= 0) rgm_emit_integer(j, "proposed", f->proposed);
    if (f->proposed >= 0) rgm_emit_real(j, "probability", (double)f->probability);
    rgm_emit_close(j, '}');
}

static void put_findings(rgm_emit *j, const rgm_inspection *in) {
    const rgm_findings *f = &in->findings;
    int64_t of_kind = 0, left_out = 0;
    rgm_emit_open(j, "counts", '{');
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++)
        rgm_emit_integer(j, rgm_finding_name(kind), rgm_findings_count(f, kind));
    rgm_emit_close(j, '}');
    rgm_emit_open(j, "findings", '[');
    for (int64_t i = 0; i < f->count; i++) {
        of_kind = i > 0 && f->list[i].kind == f->list[i - 1].kind ? of_kind + 1 : 0;
        if (of_kind < JSON_MOST)
            put_finding(j, &f->list[i], in->set);
        else
            left_out++;
    }
    rgm_emit_close(j, ']');
    rgm_emit_integer(j, "findings_left_out", left_out);
}

static void put_verdict(rgm_emit *j, const rgm_inspection *in) {
    static const char *const words[] = {"pass", "pass", "warn", "fail"};
    char text[RGM_INSPECTION_TEXT];
    int32_t grave = rgm_inspection_judge(in, text);
    rgm_emit_text(j, "verdict", words[grave + 1]);
    rgm_emit_text(j, "summary", text);
}

rgm_status rgm_inspection_write_json(const rgm_inspection *in, const char *target, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    rgm_emit json;
    RGM_TRY(rgm_emit_begin(&json, target, err));
    rgm_emit_text(&json, "data", info->path);
    rgm_emit_integer(&json, "images", in->images);
    rgm_emit_integer(&json, "unreadable", in->unreadable);
    put_size(&json, info);
    put_names(&json, info);
    put_splits(&json, in);
    put_verdict(&json, in);
    put_statistics(&json, &in->statistics);
    put_model(&json, in->model);
    put_findings(&json, in);
    rgm_emit_real(&json, "seconds", in->seconds);
    return rgm_emit_end(&json, RGM_OK, err);
}
