#include "report/inspection_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { NAME = 28, CLASSES = 20, ENDS = 5, CHANNELS = 4, CONFUSED = 5, TEXT = 8192 };

/* A name in so many columns, cut or filled with blanks. */
static void put_name(FILE *to, const char *name, int32_t columns) {
    char text[1024];
    snprintf(text, sizeof text, "%s", name);
    rgm_text_clean(text);
    if (rgm_text_columns(text) > columns) strcpy(text + rgm_text_within(text, columns - 3), "...");
    fprintf(to, "%s%*s", text, (int)(columns - rgm_text_columns(text)), "");
}

static void put_line(FILE *to, const char *line) {
    char text[TEXT];
    snprintf(text, sizeof text, "%s", line);
    rgm_text_clean(text);
    fprintf(to, "%s\n", text);
}

/* Sentences in lines of a terminal's width, broken between words; newlines stay. */
static void put_sentences(FILE *to, const char *indent, const char *text) {
    int32_t width = 98 - (int32_t)strlen(indent);
    while (*text) {
        size_t length = strcspn(text, "\n");
        if ((int32_t)length > width)
            for (length = (size_t)width; length > 1 && text[length] != ' ';) length--;
        fprintf(to, "%s%.*s\n", indent, (int)length, text);
        text += length;
        text += *text == ' ' || *text == '\n';
    }
}

/* ---- what the set is ---- */

static void put_head(FILE *to, const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    char shape[RGM_INSPECTION_TEXT], line[TEXT];
    snprintf(line, sizeof line, "%.4000s: %s", info->path, rgm_inspection_shape(in, shape));
    put_line(to, line);
}

static double share(int64_t part, int64_t whole) { return whole ? 100 * (double)part / (double)whole : 0; }

static void put_splits(FILE *to, const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    int64_t total = rgm_inspection_total(in);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        const rgm_split_statistics *s = &in->statistics.split[split];
        if (!info->count[split]) continue;
        int32_t looked = s->mean && isfinite(s->mean[0]); /* perhaps all are broken */
        fprintf(to, "  %-10s %9" PRId64 " images  %5.1f %%", rgm_split_name(split), info->count[split],
                share(info->count[split], total));
        for (int32_t c = 0; looked && c < info->C && c < CHANNELS; c++)
            fprintf(to, "%s%.1f +- %.1f", c ? ", " : "   pixels ", s->mean[c], s->std[c]);
        fprintf(to, "%s\n", looked && info->C > CHANNELS ? ", ..." : "");
    }
}

/* ---- classes ---- */

static void put_class(FILE *to, const rgm_inspection *in, int32_t number) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    char room[RGM_CLASS_ROOM];
    fputs("  ", to);
    put_name(to, rgm_class_of(in->set, number, room), NAME);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (in->counts[split])
            fprintf(to, " %9" PRId64 " %5.1f %%", in->counts[split][number],
                    share(in->counts[split][number], info->count[split]));
    putc('\n', to);
}

/* All of them in the order of their numbers; of many the largest and the smallest. */
static void put_classes(FILE *to, const rgm_inspection *in) {
    int32_t classes = rgm_dataset_describe(in->set)->classes;
    int32_t *order = classes > CLASSES ? rgm_inspection_order(in) : NULL;
    fprintf(to, "\n  %-*s", NAME, "class");
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (in->counts[split]) fprintf(to, " %9s   share", rgm_split_name(split));
    putc('\n', to);
    for (int32_t i = 0; i < classes; i++) {
        int32_t left_out = classes > CLASSES && i >= ENDS && i < classes - ENDS;
        if (!left_out) put_class(to, in, order ? order[i] : i);
        if (left_out && i == ENDS) fprintf(to, "  %d classes between these\n", classes - 2 * ENDS);
    }
    free(order);
}

static void put_notes(FILE *to, const rgm_inspection *in) {
    char text[RGM_INSPECTION_TEXT];
    if (!rgm_inspection_notes(in, text)[0]) return;
    putc('\n', to);
    put_sentences(to, "  ", text);
}

/* ---- what a model says ---- */

static const char *seen_text(int32_t seen) {
    static const char *const texts[] = {
        [RGM_SEEN_NOT] = "not seen in training",
        [RGM_SEEN_FOLDS] = "each by a model that has not seen it",
        [RGM_SEEN_TRAINED] = "seen in training, so that these figures flatter",
        [RGM_SEEN_UNKNOWN] = "perhaps seen in training",
    };
    return texts[seen];
}

static void put_part(FILE *to, const rgm_inspection *in, const rgm_judged *p) {
    char room[2][RGM_CLASS_ROOM];
    fprintf(to, "  %-10s %9" PRId64 " images, %s\n", rgm_split_name(p->split), p->images, seen_text(p->seen));
    fprintf(to, "    %.2f %% right (%.2f to %.2f), loss %.4f, calibration error %.2f %% (%.2f to %.2f)\n",
            share(p->hits.hits, p->hits.n), 100 * p->hits.low, 100 * p->hits.high, p->loss, 100 * p->ece,
            100 * p->ece_low, 100 * p->ece_high);
    for (int32_t i = 0; i < p->confused_count && i < CONFUSED; i++) {
        const rgm_confused *c = &p->confused[i];
        fputs("    ", to);
        put_name(to, rgm_class_of(in->set, c->given, room[0]), NAME);
        fputs(" taken for ", to);
        put_name(to, rgm_class_of(in->set, c->predicted, room[1]), NAME);
        fprintf(to, " %7" PRId64 " of %" PRId64 "\n", c->count, c->of);
    }
}

static void put_model(FILE *to, const rgm_inspection *in) {
    const rgm_inspection_model *m = in->model;
    char line[TEXT];
    if (!m) return;
    snprintf(line, sizeof line, "\nwhat a model says: %.4000s", m->title ? m->title : "");
    fputs("\n", to);
    put_line(to, line + 1);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (m->parts[i].images) put_part(to, in, &m->parts[i]);
}

/* ---- findings ---- */

static void put_counts(FILE *to, const rgm_inspection *in, int32_t kind) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    int64_t counts[RGM_SPLIT_COUNT];
    rgm_findings_count_splits(&in->findings, kind, counts);
    fprintf(to, "  %-*s", NAME, rgm_finding_title(kind));
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (info->count[split])
            fprintf(to, " %9" PRId64 " %5.1f %%", counts[split], share(counts[split], info->count[split]));
    putc('\n', to);
}

static void put_table(FILE *to, const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    if (!in->findings.count) return;
    fprintf(to, "\n  %-*s", NAME, "found");
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (info->count[split]) fprintf(to, " %9s   share", rgm_split_name(split));
    putc('\n', to);
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++)
        if (rgm_findings_count(&in->findings, kind)) put_counts(to, in, kind);
}

static void put_kind(FILE *to, const rgm_inspection *in, int32_t kind, int32_t most) {
    int64_t count = rgm_findings_count(&in->findings, kind);
    const rgm_finding *f = in->findings.list + rgm_findings_first(&in->findings, kind);
    char reason[RGM_FINDING_REASON];
    if (!count) return;
    fprintf(to, "\n%s: %" PRId64 "\n", rgm_finding_title(kind), count);
    put_sentences(to, "  ", rgm_finding_meaning(kind));
    put_sentences(to, "  ", rgm_finding_remedy(kind));
    for (int64_t i = 0; i < count && i < most; i++) {
        const char *name = rgm_dataset_name(in->set, f[i].split, f[i].index);
        fprintf(to, "  %-10s %9" PRId64 "  ", rgm_split_name(f[i].split), f[i].index);
        if (name) put_name(to, name, NAME);
        if (name) fputs("  ", to);
        put_line(to, rgm_finding_reason(&f[i], in->set, reason));
    }
    if (count > most && most > 0) fprintf(to, "  and %" PRId64 " more (--most %" PRId64 ")\n", count - most, count);
}

void rgm_inspection_print(FILE *to, const rgm_inspection *in, int32_t most) {
    char verdict[RGM_INSPECTION_TEXT];
    put_head(to, in);
    put_splits(to, in);
    put_classes(to, in);
    put_notes(to, in);
    put_model(to, in);
    put_table(to, in);
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) put_kind(to, in, kind, most);
    rgm_inspection_judge(in, verdict);
    putc('\n', to);
    put_sentences(to, "", verdict);
}
