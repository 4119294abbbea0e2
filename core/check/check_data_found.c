/* What the inspection finds, of images that the views have: what is left out by data.exclude does not count. */
#include "check/check_data_found.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRAIN = RGM_SPLIT_TRAIN, TEST = RGM_SPLIT_TEST, VALIDATION = RGM_SPLIT_VALIDATION, SPLITS = RGM_SPLIT_COUNT };

/* ---- images by view ---- */

/* Findings, counted by the view that their image is in: the training view, test, validation. What is held out of the
 * training split is of the validation view. */
typedef struct found {
    int64_t images[SPLITS];             /* of the views */
    double near;                        /* share of them among which near ones were sought */
    int64_t of[RGM_FIND_COUNT][SPLITS]; /* of these, with such a finding; duplicates of one view only */
    int64_t shared[2][SPLITS];          /* of test and validation: 0 the pixels of a training image, 1 nearly */
    int64_t flat;                       /* constant images of classes that others of are not */
    int64_t apart;                      /* of the training view, that stand apart in some way */
    uint8_t *view[SPLITS];              /* [count] by split: 1 + the view; 0: left out */
    int64_t count[SPLITS];
} found;

static void drop(void *kept) {
    found *f = kept;
    for (int32_t split = 0; split < SPLITS; split++) free(f->view[split]);
    free(f);
}

static rgm_status mark_views(found *f, const rgm_session *s, rgm_error *err) {
    const rgm_view *views[SPLITS] = {
        [TRAIN] = &s->data->train, [TEST] = &s->data->test, [VALIDATION] = &s->data->validation};
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    for (int32_t split = 0; split < SPLITS; split++) {
        f->count[split] = info->count[split];
        f->view[split] = calloc((size_t)info->count[split] + 1, 1);
        if (!f->view[split]) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for findings");
    }
    for (int32_t view = 0; view < SPLITS; view++) {
        f->images[view] = views[view]->count;
        for (int64_t i = 0; i < views[view]->count; i++)
            f->view[views[view]->split][rgm_view_index(views[view], i)] = (uint8_t)(view + 1);
    }
    return RGM_OK;
}

/* Constant images are the same by what they lack. */
enum { FLAT = 128, VIEW = 127 };

/* -1: in none. */
static int32_t view_of(const found *f, int32_t split, int64_t index) {
    if (split < 0 || split >= SPLITS || index < 0 || index >= f->count[split]) return -1;
    return (int32_t)(f->view[split][index] & VIEW) - 1;
}

static void mark_flat(found *f, const rgm_inspection *in) {
    for (int64_t i = 0; i < in->findings.count; i++) {
        const rgm_finding *at = &in->findings.list[i];
        if (at->kind == RGM_FIND_CONSTANT && view_of(f, at->split, at->index) >= 0)
            f->view[at->split][at->index] |= FLAT;
    }
}

static int32_t is_flat(const found *f, int32_t split, int64_t index) {
    return view_of(f, split, index) >= 0 && f->view[split][index] & FLAT;
}

/* A pair of images that are the same, or nearly. */
static void count_pair(found *f, const rgm_finding *at, int32_t own, int32_t other) {
    int32_t nearly = at->kind == RGM_FIND_NEAR_LEAK || at->kind == RGM_FIND_NEAR_DUPLICATE;
    if (other < 0 || is_flat(f, at->split, at->index)) return;
    if (at->kind == RGM_FIND_LABEL_CONFLICT || own == other)
        f->of[at->kind][own]++;
    else if (own == TRAIN || other == TRAIN)
        f->shared[nearly][own == TRAIN ? other : own]++;
}

static int32_t is_of_pair(int32_t kind) { return kind >= RGM_FIND_LEAK && kind <= RGM_FIND_NEAR_DUPLICATE; }

/* Constant images of a class that is mostly so show what the class is. */
static int64_t count_flat(const found *f, const rgm_inspection *in) {
    const rgm_findings *all = &in->findings;
    int64_t *of = calloc((size_t)in->statistics.classes + 1, sizeof *of), flat = 0;
    if (!of) return 0;
    for (int64_t i = 0; i < all->count; i++)
        if (all->list[i].kind == RGM_FIND_CONSTANT)
            of[rgm_dataset_labels(in->set, all->list[i].split)[all->list[i].index]]++;
    for (int64_t i = 0; i < all->count; i++) {
        const rgm_finding *at = &all->list[i];
        if (at->kind != RGM_FIND_CONSTANT || view_of(f, at->split, at->index) < 0) continue;
        int32_t label = rgm_dataset_labels(in->set, at->split)[at->index];
        flat += 2 * of[label] < rgm_inspection_of_class(in, label);
    }
    free(of);
    return flat;
}

static void count(found *f, const rgm_inspection *in) {
    f->near = in->near_share;
    mark_flat(f, in);
    for (int64_t i = 0; i < in->findings.count; i++) {
        const rgm_finding *at = &in->findings.list[i];
        int32_t own = view_of(f, at->split, at->index);
        if (own < 0 || at->kind < 0 || at->kind >= RGM_FIND_COUNT) continue;
        if (is_of_pair(at->kind))
            count_pair(f, at, own, view_of(f, at->other_split, at->other_index));
        else
            f->of[at->kind][own]++;
        f->apart += own == TRAIN && at->kind >= RGM_FIND_CONSTANT;
    }
    f->flat = count_flat(f, in);
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    const rgm_inspection *in;
    RGM_TRY(rgm_checking_inspection(c, &in, err));
    RGM_TRY(mark_views(kept, c->session, err));
    count(kept, in);
    return RGM_OK;
}

/* NULL with RGM_OK: there is no inspection, and the verdict says so. */
static rgm_status look(rgm_checking *c, rgm_verdict *v, const found **out, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_FOUND, sizeof(found), make, drop};
    const rgm_inspection *in;
    void *kept;
    *out = NULL;
    RGM_TRY(rgm_checking_inspection(c, &in, err));
    if (!in)
        return rgm_check_not(
            v, "all pixels of a set of this size take minutes, not --quick's seconds: regimen inspect %.200s",
            rgm_dataset_describe(c->session->data->set)->path);
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *out = kept;
    return RGM_OK;
}

/* ---- verdicts ---- */

static double percent(int64_t part, int64_t all) { return all ? 100 * (double)part / (double)all : 0; }

static void leave_out(const rgm_checking *c, rgm_verdict *v) {
    rgm_check_mend(v, "regimen inspect %.200s --write-exclude list.txt, then train with --exclude list.txt",
                   rgm_dataset_describe(c->session->data->set)->path);
}

/* FAIL from `fail` percent of `all` on, WARN from one image on. 0: neither. */
static int32_t grade(rgm_verdict *v, int64_t part, int64_t all, double fail, const char *what, const char *where) {
    if (!part) return 0;
    if (percent(part, all) >= fail)
        rgm_check_fail(v, "%" PRId64 " of %" PRId64 " images %s %s (%.1f %%)", part, all, where, what,
                       percent(part, all));
    else
        rgm_check_warn(v, "%" PRId64 " of %" PRId64 " images %s %s (%.2f %%)", part, all, where, what,
                       percent(part, all));
    return 1;
}

/* Shares in percent at which a finding is no accident any more, and harms what is measured. */
#define MANY_LEAKS      1.0 /* an accuracy of 99 % is one point of errors */
#define MANY_CONFLICTS  0.5
#define MANY_FLAT       1.0
#define MANY_DUPLICATES 1.0
#define MANY_NEAR       2.0 /* CIFAR-10 has 2.9; Fashion-MNIST 0.06 */
#define MANY_APART      2.0 /* Fashion-MNIST has 0.01 */

rgm_status rgm_check_readable(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    const int64_t *of = f->of[RGM_FIND_UNREADABLE];
    int64_t all = f->images[TRAIN] + f->images[TEST] + f->images[VALIDATION];
    if (!grade(v, of[TRAIN] + of[TEST] + of[VALIDATION], all, 1, "cannot be decoded", "of all splits"))
        return rgm_check_pass(v, "all %" PRId64 " images can be read", all);
    rgm_check_cause(v, "the pictures were damaged when they were copied, or are not pictures");
    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    int32_t worst =
        percent(f->shared[0][TEST], f->images[TEST]) >= percent(f->shared[0][VALIDATION], f->images[VALIDATION])
            ? TEST
            : VALIDATION;
    if (!f->images[TEST] && !f->images[VALIDATION]) return rgm_check_not(v, "there is no split but the training split");
    if (!grade(v, f->shared[0][worst], f->images[worst], MANY_LEAKS, "are training images, too",
               worst == TEST ? "of the test split" : "for validation"))
        return rgm_check_pass(v, "no image for validation or of the test split is a training image");
    if (worst == VALIDATION && c->session->data->holdout.indices)
        rgm_check_cause(v, "images are in the training split more than once, and data.validation divides the copies");
    rgm_check_cause(v, worst == TEST ? "training images are in the test split: its accuracy is partly memory"
                                     : "training images are among those for validation: its accuracy is partly memory");

    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_near_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    if (!f->images[TEST] && !f->images[VALIDATION]) return rgm_check_not(v, "there is no split but the training split");
    /* Of the images that were sampled. What is like a training image outside of the sample is missed. */
    double test = percent(f->shared[1][TEST], f->images[TEST]) / f->near,
           validation = percent(f->shared[1][VALIDATION], f->images[VALIDATION]) / f->near;
    char among[64] = "";
    if (f->near < 1) snprintf(among, sizeof among, ", among %.0f %% of the images", 100 * f->near);
    if (test < MANY_NEAR && validation < MANY_NEAR)
        return rgm_check_pass(v, "nearly training images: %.2f %% of the test split, %.2f %% of validation%s", test,
                              validation, among);
    rgm_check_warn(v,
                   "nearly training images: %.1f %% of the test split, %.1f %% of validation%s, expected below %.0f %%",
                   test, validation, among, MANY_NEAR);
    rgm_check_cause(v, "copies, or pictures of one series, are on both sides: accuracy there is partly memory");
    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_conflicts(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    if (!grade(v, f->of[RGM_FIND_LABEL_CONFLICT][TRAIN], f->images[TRAIN], MANY_CONFLICTS,
               "are the same as another with another label", "for training"))
        return rgm_check_pass(v, "no two training images are the same with different labels");
    rgm_check_cause(v, "the same picture was labelled twice, differently");
    rgm_check_cause(v, "classes overlap: a picture may have more than one label");
    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_duplicates(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    int64_t same = f->of[RGM_FIND_EXACT_DUPLICATE][TRAIN], nearly = f->of[RGM_FIND_NEAR_DUPLICATE][TRAIN];
    double share = percent(same, f->images[TRAIN]);
    if (share < MANY_DUPLICATES)
        return rgm_check_pass(v, "%" PRId64 " training images are there twice, %" PRId64 " nearly%s", same, nearly,
                              f->near < 1 ? ", in a sample" : "");
    rgm_check_warn(v,
                   "%" PRId64 " of %" PRId64 " training images are there twice (%.1f %%): they count more than others",
                   same, f->images[TRAIN], share);
    rgm_check_cause(v, "images were imported more than once");
    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_blank(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    if (!grade(v, f->flat, f->images[TRAIN] + f->images[TEST] + f->images[VALIDATION], MANY_FLAT, "are of one colour",
               "of all splits"))
        return rgm_check_pass(v, "no image is of one colour");
    rgm_check_cause(v, "images are blank: they were not written, or could not be read when the set was made");
    leave_out(c, v);
    return RGM_OK;
}

rgm_status rgm_check_outliers(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    static const int32_t kinds[] = {RGM_FIND_CONSTANT, RGM_FIND_DARK,     RGM_FIND_BRIGHT,          RGM_FIND_BLURRED,
                                    RGM_FIND_NOISY,    RGM_FIND_INVERTED, RGM_FIND_LOW_INFORMATION, RGM_FIND_ODD};
    const found *f;
    RGM_TRY(look(c, v, &f, err));
    if (!f) return RGM_OK;
    int32_t most = kinds[0];
    for (size_t k = 1; k < sizeof kinds / sizeof *kinds; k++)
        if (f->of[kinds[k]][TRAIN] > f->of[most][TRAIN]) most = kinds[k];
    int64_t flat = f->of[RGM_FIND_CONSTANT][TRAIN], apart = f->apart - (f->flat ? 0 : flat);
    double share = percent(apart, f->images[TRAIN]);
    if (share < MANY_APART) return rgm_check_pass(v, "%" PRId64 " training images stand apart (%.2f %%)", apart, share);
    rgm_check_warn(v, "%" PRId64 " of %" PRId64 " training images stand apart from the others (%.1f %%), most as %s",
                   apart, f->images[TRAIN], share, rgm_finding_title(most));
    rgm_check_cause(v, "part of the images is damaged, or of another kind (%s)", rgm_finding_title(most));
    leave_out(c, v);
    return RGM_OK;
}
