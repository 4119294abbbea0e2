/* What augmentations do to images. */
#include "check/check_input_augment.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/cheap.h"
#include "check/seen.h"
#include "train/augment.h"

enum { TRAIN = RGM_SPLIT_TRAIN, WHOLE = -1, TRIED = 128, PROBES = 128, LABELLED = 2048, LABELS_LEAST = 200 };

/* ---- a chain, or one of it, on images in memory ---- */

typedef struct trial {
    rgm_augmenter *augmenter; /* NULL: nothing is done to images of this size */
    int32_t H, W, C;          /* of the images that it takes */
    const rgm_lab_set *set;
} trial;

/* The whole chain, or augmentation `place` of it; without an augmenter if images in memory have another size. */
static rgm_status begin(rgm_checking *c, const rgm_lab_set *set, int32_t place, trial *t, rgm_error *err) {
    *t = (trial){.set = set, .H = set->H, .W = set->W, .C = set->C};
    rgm_pixels in = {.H = 0};
    if (place == WHOLE)
        RGM_TRY(rgm_augmenter_create(&t->augmenter, c->session, err));
    else
        RGM_TRY(rgm_augmenter_create_one(&t->augmenter, c->session, place, &in, err));
    int32_t H = place == WHOLE ? rgm_augmenter_start(t->augmenter, 0) : in.H,
            W = place == WHOLE ? rgm_augmenter_start(t->augmenter, 1) : in.W;
    if (t->augmenter && H == set->H && W == set->W && !rgm_augmenter_window(t->augmenter)) return RGM_OK;
    rgm_augmenter_destroy(t->augmenter);
    t->augmenter = NULL;
    return RGM_OK;
}

/* An image as it is stored. */
static rgm_pixels pixels_of(const trial *t, uint8_t *image) {
    return (rgm_pixels){image, (int64_t)t->W * t->C, t->H, t->W, t->C};
}

/* Image i as sample `index` of an epoch. *out stays until the next. */
static rgm_status apply(const trial *t, int64_t i, int64_t index, uint32_t epoch, rgm_pixels *out, rgm_error *err) {
    const rgm_sample sample = {.index = index, .position = i, .epoch = epoch};
    const rgm_pixels in = pixels_of(t, t->set->images[TRAIN] + i * t->H * t->W * t->C);
    return rgm_augmenter_run(t->augmenter, &sample, &in, out, 0, err);
}

static void copy_out(const rgm_pixels *image, uint8_t *to) {
    size_t row = (size_t)image->W * (size_t)image->C;
    for (int32_t h = 0; h < image->H; h++) memcpy(to + (size_t)h * row, image->data + h * image->pitch, row);
}

static int32_t is_same(const rgm_pixels *image, const uint8_t *as) {
    size_t row = (size_t)image->W * (size_t)image->C;
    for (int32_t h = 0; h < image->H; h++)
        if (memcmp(as + (size_t)h * row, image->data + h * image->pitch, row) != 0) return 0;
    return 1;
}

/* ---- edits ---- */

rgm_status rgm_augment_without(const rgm_checking *c, int32_t place, rgm_verdict *v, rgm_error *err) {
    rgm_config *config = malloc(sizeof *config);
    char *text = NULL;
    if (!config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *config = *c->given;
    rgm_spec_list *list = &config->augment;
    for (int32_t i = place; i + 1 < list->count; i++) list->items[i] = list->items[i + 1];
    if (place < list->count) list->count--;
    rgm_status status = rgm_config_value(config, "augment", &text, err);
    if (status >= 0 && strlen(text) < RGM_EDIT_VALUE)
        rgm_check_edit(v, "augment", "%s", text);
    else if (status >= 0)
        rgm_check_mend(v, "leave augmentation %d out", place);
    free(text);
    free(config);
    return status;
}

/* Sums over the values of images. */
typedef struct sums {
    double n, sum, square;
} sums;

static void add_pixels(sums *s, const rgm_pixels *image) {
    for (int32_t h = 0; h < image->H; h++)
        for (int64_t x = 0; x < (int64_t)image->W * image->C; x++) {
            double p = image->data[h * image->pitch + x];
            s->sum += p;
            s->square += p * p;
        }
    s->n += (double)image->H * image->W * image->C;
}

static double std_of(const sums *s) {
    double mean = s->sum / s->n, variance = s->square / s->n - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* How far one augmentation moves mean and deviation of all images together, in levels. */
static rgm_status measure_blame(const trial *t, double *moved, rgm_error *err) {
    int64_t n = t->set->count[TRAIN] < TRIED ? t->set->count[TRAIN] : TRIED;
    sums before = {0}, after = {0};
    for (int64_t k = 0; k < n; k++) {
        int64_t i = k * t->set->count[TRAIN] / n; /* they lie by class: of all of them */
        const rgm_pixels in = pixels_of(t, t->set->images[TRAIN] + i * t->H * t->W * t->C);
        rgm_pixels out;
        RGM_TRY(apply(t, i, t->set->from[TRAIN][i], 0, &out, err));
        add_pixels(&before, &in);
        add_pixels(&after, &out);
    }
    *moved = fabs(after.sum / after.n - before.sum / before.n) + fabs(std_of(&after) - std_of(&before));
    return RGM_OK;
}

int32_t rgm_augment_fills(const rgm_checking *c, int32_t place) {
    const rgm_instance *own = c->session->model->components.augment[place];
    const char *name = rgm_instance_name(own);
    static const char *const filling[] = {"crop", "cutout", "random_erasing"};
    if (!rgm_instance_listed(own)->builtin) return 0;
    for (size_t i = 0; i < sizeof filling / sizeof *filling; i++)
        if (strcmp(name, filling[i]) == 0) return 1;
    return 0;
}

rgm_status rgm_augment_blame(rgm_checking *c, int32_t *place, double *levels, rgm_error *err) {
    const rgm_cheap *m;
    double most = 4; /* levels */
    *place = -1;
    *levels = 0;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < c->session->model->components.augments; i++) {
        trial t;
        double moved = 0;
        RGM_TRY(begin(c, &m->set, i, &t, err));
        if (!t.augmenter) continue;
        rgm_status status = measure_blame(&t, &moved, err);
        rgm_augmenter_destroy(t.augmenter);
        RGM_TRY(status);
        if (moved <= most) continue;
        most = *levels = moved;
        *place = i;
    }
    return RGM_OK;
}

/* ---- draws ---- */

/* What a chain draws from. UNKNOWN: its images are of another size. NOTHING: they always come out the same. */
enum { FROM_UNKNOWN, FROM_NOTHING, FROM_SAMPLE, FROM_EPOCH, FROM_BOTH };

enum { DRAWN_IMAGES = 16, DRAWN_EPOCHS = 8, DRAWN_SAMPLES = 32 };

static rgm_status copy_of(const trial *t, int64_t i, uint32_t epoch, uint8_t **copy, rgm_error *err) {
    rgm_pixels out;
    RGM_TRY(apply(t, i, 0, epoch, &out, err));
    *copy = malloc((size_t)out.H * (size_t)out.W * (size_t)out.C);
    if (!*copy) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for an image");
    copy_out(&out, *copy);
    return RGM_OK;
}

/* An image and an epoch in which it comes out otherwise than in epoch 0, as the same sample. 0: none was found. What
 * stays as it is, by chance or as it is blank or symmetric, says nothing of draws. */
static rgm_status find_drawn(const trial *t, int64_t *image, uint32_t *epoch, rgm_error *err) {
    int64_t n = t->set->count[TRAIN] < DRAWN_IMAGES ? t->set->count[TRAIN] : DRAWN_IMAGES;
    for (int64_t k = 0; k < n; k++) {
        int64_t i = k * t->set->count[TRAIN] / n; /* they lie by class: of all of them */
        uint8_t *first = NULL;
        int32_t same = 1;
        rgm_status status = copy_of(t, i, 0, &first, err);
        for (uint32_t e = 1; e < DRAWN_EPOCHS && status >= 0 && same; e++) {
            rgm_pixels out;
            status = apply(t, i, 0, e, &out, err);
            same = status < 0 || is_same(&out, first);
            *epoch = e;
        }
        free(first);
        RGM_TRY(status);
        *image = i;
        if (!same) return 1;
    }
    return 0;
}

/* 1 in *alike: the image comes out the same as many different samples of an epoch. */
static rgm_status look_at_samples(const trial *t, int64_t i, uint32_t epoch, int32_t *alike, rgm_error *err) {
    uint8_t *first;
    rgm_pixels out;
    RGM_TRY(copy_of(t, i, epoch, &first, err));
    rgm_status status = RGM_OK;
    *alike = 1;
    for (int64_t k = 1; k < DRAWN_SAMPLES && status >= 0 && *alike; k++) {
        status = apply(t, i, k, epoch, &out, err);
        *alike = status >= 0 && is_same(&out, first);
    }
    free(first);
    return status;
}

static rgm_status compare_samples(const trial *t, int32_t *from, rgm_error *err) {
    int64_t image = 0;
    uint32_t epoch = 0;
    int32_t here, there = 1;
    rgm_status drawn = find_drawn(t, &image, &epoch, err);
    RGM_TRY(drawn);
    if (!drawn) image = 0;
    RGM_TRY(look_at_samples(t, image, 0, &here, err));
    if (drawn) RGM_TRY(look_at_samples(t, image, epoch, &there, err));
    if (drawn)
        *from = here && there ? FROM_EPOCH : FROM_BOTH;
    else
        *from = here ? FROM_NOTHING : FROM_SAMPLE;
    return RGM_OK;
}

static rgm_status look_at_draws(rgm_checking *c, int32_t *from, rgm_error *err) {
    const rgm_cheap *m;
    trial t;
    *from = FROM_UNKNOWN;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    RGM_TRY(begin(c, &m->set, WHOLE, &t, err));
    if (!t.augmenter) return RGM_OK;
    rgm_status status = compare_samples(&t, from, err);
    rgm_augmenter_destroy(t.augmenter);
    return status;
}

rgm_status rgm_check_augment_draws(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_seen *s;
    int64_t same = 0, changed = 0;
    int32_t from;
    RGM_TRY(rgm_checking_seen(c, &s, err));
    if (!s->augments) return rgm_check_pass(v, "there are no augmentations");
    size_t bytes = sizeof(float) * s->floats;
    for (int64_t i = 0; i < s->count; i++) {
        int32_t alike = memcmp(rgm_seen_training(s, 0, i), rgm_seen_training(s, 1, i), bytes) == 0 &&
                        memcmp(rgm_seen_training(s, 0, i), rgm_seen_training(s, 2, i), bytes) == 0;
        same += alike;
        changed += memcmp(rgm_seen_training(s, 0, i), rgm_seen_plain(s, i), bytes) != 0;
    }
    if (!changed && same == s->count) return rgm_check_pass(v, "augmentations change nothing: nothing is drawn");
    RGM_TRY(look_at_draws(c, &from, err));
    if (same == s->count && s->count >= 8 && (from == FROM_UNKNOWN || from == FROM_SAMPLE)) {
        rgm_check_fail(v,
                       "all %" PRId64 " images come out the same in three epochs, though they differ from those stored",
                       s->count);
        rgm_check_cause(v, "augmentations draw from the image's number alone, not from the epoch's");
        return rgm_augment_without(
            c, c->session->model->components.augments == 1 ? 0 : c->session->model->components.augments - 1, v, err);
    }
    if (same < s->count && from == FROM_EPOCH) {
        rgm_check_fail(v,
                       "an image comes out the same as 32 different samples of an epoch, but differs between epochs");
        rgm_check_cause(v, "augmentations draw once for all images, from the epoch's number alone");
        return rgm_augment_without(c, 0, v, err);
    }
    return rgm_check_pass(v, "%.0f %% of images come out otherwise in other epochs",
                          100 * (1 - (double)same / (double)s->count));
}

/* ---- whether anything changes ---- */

static rgm_status count_changes(const trial *t, int64_t *changed, rgm_error *err) {
    int64_t n = t->set->count[TRAIN] < TRIED ? t->set->count[TRAIN] : TRIED, bytes = (int64_t)t->H * t->W * t->C;
    *changed = 0;
    for (int64_t i = 0; i < n; i++)
        for (uint32_t e = 0; e < 4; e++) {
            rgm_pixels out;
            RGM_TRY(apply(t, i, t->set->from[TRAIN][i], e, &out, err));
            *changed += out.H != t->H || out.W != t->W || !is_same(&out, t->set->images[TRAIN] + i * bytes);
        }
    return RGM_OK;
}

rgm_status rgm_check_augment_changes(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    const rgm_components *all = &c->session->model->components;
    int32_t looked = 0;
    if (!all->augments) return rgm_check_pass(v, "there are no augmentations");
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < all->augments; i++) {
        trial t;
        int64_t changed = 0;
        RGM_TRY(begin(c, &m->set, i, &t, err));
        if (!t.augmenter) continue;
        rgm_status status = count_changes(&t, &changed, err);
        rgm_augmenter_destroy(t.augmenter);
        RGM_TRY(status);
        looked++;
        if (changed || m->set.count[TRAIN] < 8) continue;
        rgm_check_warn(v, "augmentation %d, %s, changes none of %d images in 4 epochs", i,
                       rgm_instance_name(all->augment[i]), TRIED);
        rgm_check_cause(v, "augmentation %s does nothing with these images or settings",
                        rgm_instance_name(all->augment[i]));
        return rgm_augment_without(c, i, v, err);
    }
    return looked ? rgm_check_pass(v, "each of %d augmentations changes images", looked)
                  : rgm_check_not(v, "augmentations that take windows of encoded pictures");
}

/* ---- what they cover ---- */

/* Dark and bright pixels, and the same exchanged. */
static void paint_probe(uint8_t *to, int64_t bytes, int32_t exchanged) {
    for (int64_t p = 0; p < bytes; p++) {
        uint32_t x = (uint32_t)p * 2654435761u;
        to[p] = ((x >> 20 & 1) != 0) != exchanged ? 191 : 64;
    }
}

/* The share of pixels that come out the same whatever goes in: covered, cut off or filled. */
static rgm_status measure_covered(const trial *t, double *share, rgm_error *err) {
    int64_t bytes = (int64_t)t->H * t->W * t->C, same = 0, all = 0;
    uint8_t *probe = malloc((size_t)bytes), *first = malloc((size_t)bytes);
    rgm_status status = probe && first ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images");
    for (int64_t k = 0; k < PROBES && status >= 0; k++) {
        const rgm_sample sample = {.index = k, .position = k};
        const rgm_pixels in = pixels_of(t, probe);
        rgm_pixels out;
        paint_probe(probe, bytes, 0);
        status = rgm_augmenter_run(t->augmenter, &sample, &in, &out, 0, err);
        if (status < 0) break;
        copy_out(&out, first);
        paint_probe(probe, bytes, 1);
        status = rgm_augmenter_run(t->augmenter, &sample, &in, &out, 0, err);
        for (int32_t h = 0; h < out.H && status >= 0; h++)
            for (int64_t x = 0; x < (int64_t)out.W * out.C; x++)
                same += out.data[h * out.pitch + x] == first[h * (int64_t)out.W * out.C + x];
        all += bytes;
    }
    free(probe);
    free(first);
    *share = all ? (double)same / (double)all : 0;
    return status;
}

/* ---- what they leave ---- */

/* What a cheap model knows of labels, as its accuracy: of the images that it was made of, each left out, and of plain
 * images that it never saw. And the share of pixels that are covered. */
typedef struct known {
    double own, plain, covered;
} known;

/* Features of n training images, and what they are of. Every second one makes the model that judges the others. */
typedef struct rows {
    rgm_checking *c;
    const rgm_cheap *m;
    int64_t n, half; /* half: rows of even numbers */
    float *x;        /* [n][width] */
    int32_t *labels; /* [n] */
} rows;

static int64_t image_of(const rows *r, int64_t row) { return row * r->m->set.count[TRAIN] / r->n; }

static void close_rows(rows *r) {
    free(r->x);
    free(r->labels);
}

/* Features of images as they come out of the chain or one of it; without an augmenter of plain ones. */
static rgm_status take_rows(rows *r, const trial *t, rgm_error *err) {
    size_t width = (size_t)r->m->features.width;
    int64_t bytes = (int64_t)t->H * t->W * t->C;
    rgm_status status = RGM_OK;
    if (!t->augmenter) {
        for (int64_t k = 0; k < r->n; k++)
            memcpy(r->x + (size_t)k * width, r->m->x[TRAIN] + (size_t)image_of(r, k) * width, sizeof *r->x * width);
        return RGM_OK;
    }
    uint8_t *images = malloc((size_t)(r->n * bytes));
    if (!images) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images");
    for (int64_t k = 0; k < r->n && status >= 0; k++) {
        int64_t i = image_of(r, k);
        rgm_pixels out;
        status = apply(t, i, t->set->from[TRAIN][i], 0, &out, err);
        if (status >= 0) copy_out(&out, images + k * bytes);
    }
    if (status >= 0) status = rgm_features_take(&r->m->features, r->c->device->team, images, r->n, r->x, err);
    free(images);
    return status;
}

static rgm_status open_rows(rows *r, rgm_checking *c, const trial *t, int64_t n, rgm_error *err) {
    const rgm_cheap *m;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    *r = (rows){.c = c, .m = m, .n = n, .half = (n + 1) / 2};
    r->x = malloc(sizeof *r->x * (size_t)n * (size_t)m->features.width);
    r->labels = malloc(sizeof *r->labels * (size_t)n);
    rgm_status status = r->x && r->labels ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images");
    for (int64_t k = 0; k < n && status >= 0; k++) r->labels[k] = m->set.labels[TRAIN][image_of(r, k)];
    if (status >= 0) status = take_rows(r, t, err);
    if (status < 0) close_rows(r);
    return status;
}

/* Of `count` rows. */
static rgm_ridge_job job_of(const rows *r, int64_t count) {
    return (rgm_ridge_job){.team = r->c->device->team,
                           .rows = count,
                           .width = r->m->features.width,
                           .classes = r->m->set.classes,
                           .x = r->x,
                           .labels = r->labels,
                           .stop = r->c->options->stop};
}

static rgm_status judge_left_out(const rows *r, double *accuracy, rgm_error *err) {
    rgm_ridge ridge;
    const rgm_ridge_job job = job_of(r, r->n);
    rgm_status status = rgm_ridge_fit(&ridge, &job, err);
    if (status >= 0)
        *accuracy = (double)rgm_cheap_right(ridge.left_out, r->labels, r->n, r->m->set.classes) / (double)r->n;
    rgm_ridge_free(&ridge);
    return status;
}

/* Even rows come first: they make the model. The features of the odd ones become those of plain images. */
static rgm_status sort_rows(rows *r, rgm_error *err) {
    size_t width = (size_t)r->m->features.width;
    float *x = malloc(sizeof *x * (size_t)r->n * width);
    int32_t *labels = malloc(sizeof *labels * (size_t)r->n);
    if (!x || !labels) {
        free(x);
        free(labels);
        return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images");
    }
    for (int64_t k = 0; k < r->n; k++) {
        int64_t to = k % 2 ? r->half + k / 2 : k / 2;
        const float *from = k % 2 ? r->m->x[TRAIN] + (size_t)image_of(r, k) * width : r->x + (size_t)k * width;
        memcpy(x + (size_t)to * width, from, sizeof *x * width);
        labels[to] = r->labels[k];
    }
    close_rows(r);
    r->x = x;
    r->labels = labels;
    return RGM_OK;
}

static rgm_status judge_plain(rows *r, double *accuracy, rgm_error *err) {
    rgm_ridge ridge;
    int64_t others = r->n - r->half;
    int32_t K = r->m->set.classes;
    RGM_TRY(sort_rows(r, err));
    const rgm_ridge_job job = job_of(r, r->half);
    rgm_status status = rgm_ridge_fit(&ridge, &job, err);
    float *scores = malloc(sizeof *scores * (size_t)others * (size_t)K);
    if (status >= 0 && !scores) status = rgm_fail(err, RGM_E_NOMEM, "checks: no memory for scores");
    if (status >= 0)
        status =
            rgm_ridge_scores(&ridge, r->c->device->team, r->x + r->half * r->m->features.width, others, scores, err);
    if (status >= 0) *accuracy = (double)rgm_cheap_right(scores, r->labels + r->half, others, K) / (double)others;
    free(scores);
    rgm_ridge_free(&ridge);
    return status;
}

static rgm_status look_at_known(rgm_checking *c, const trial *t, int64_t n, known *k, rgm_error *err) {
    rows r;
    RGM_TRY(open_rows(&r, c, t, n, err));
    rgm_status status = judge_left_out(&r, &k->own, err);
    if (status >= 0) status = judge_plain(&r, &k->plain, err);
    close_rows(&r);
    if (status >= 0 && t->augmenter) status = measure_covered(t, &k->covered, err);
    return status;
}

/* Measured: docs/CHECKS.md. Of each, what warns and what fails. */
#define KNOWN_LEAST 0.3 /* above the largest class: below it, 43 % is left of 100 healthy classes */
static const double OWN_LEFT[] = {0.6, 0.4}, PLAIN_LEFT[] = {0.75, 0.45}, SHOWN[] = {0.55, 0.3};

/* Shares of what was known above `floor` that are left, of the images' own and of plain ones, and of pixels. */
typedef struct left {
    double own, plain, shown;
} left;

static left left_of(const known *plain, const known *augmented, double floor) {
    return (left){fmax(0, (augmented->own - floor) / (plain->own - floor)),
                  fmax(0, (augmented->plain - floor) / (plain->plain - floor)), 1 - augmented->covered};
}

/* The worst of the three, over what warns (0) or fails (1): below 1 it does. */
static double worst_left(const left *l, int32_t fails) {
    return fmin(l->own / OWN_LEFT[fails], fmin(l->plain / PLAIN_LEFT[fails], l->shown / SHOWN[fails]));
}

/* The augmentation that leaves least by itself. */
static rgm_status strongest(rgm_checking *c, const known *plain, double floor, int64_t n, int32_t *place,
                            rgm_error *err) {
    const rgm_cheap *m;
    double least = INFINITY;
    *place = 0;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < c->session->model->components.augments; i++) {
        trial t;
        known k = {0};
        RGM_TRY(begin(c, &m->set, i, &t, err));
        if (!t.augmenter) continue;
        rgm_status status = look_at_known(c, &t, n, &k, err);
        rgm_augmenter_destroy(t.augmenter);
        RGM_TRY(status);
        const left l = left_of(plain, &k, floor);
        if (worst_left(&l, 0) >= least) continue;
        least = worst_left(&l, 0);
        *place = i;
    }
    return RGM_OK;
}

static rgm_status judge_strength(rgm_checking *c, const known *plain, const known *augmented, int64_t n, rgm_verdict *v,
                                 rgm_error *err) {
    const rgm_cheap *m;
    int32_t place = 0;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    double floor = (double)rgm_cheap_majority(m->set.labels[TRAIN], m->set.count[TRAIN], m->set.classes) /
                   (double)m->set.count[TRAIN];
    if (n < LABELS_LEAST || fmin(plain->own, plain->plain) - floor < KNOWN_LEAST)
        return rgm_check_not(v, "a cheap model knows too little of these images to tell what augmentations take away");
    const left l = left_of(plain, augmented, floor);
    char figure[RGM_VERDICT_LINE];
    snprintf(figure, sizeof figure,
             "a cheap model is right about %.1f %% of augmented images left out, %.1f %% of plain ones; made of "
             "augmented ones, about %.1f %% of plain ones, %.1f %% if made of plain ones; %.0f %% of pixels covered",
             100 * augmented->own, 100 * plain->own, 100 * augmented->plain, 100 * plain->plain,
             100 * augmented->covered);
    if (worst_left(&l, 0) >= 1) return rgm_check_pass(v, "%s", figure);
    (worst_left(&l, 1) < 1 ? rgm_check_fail : rgm_check_warn)(
        v, "%.0f %% and %.0f %% of what a cheap model knew is left, expected %.0f %% and %.0f %% or more: %s",
        100 * l.own, 100 * l.plain, 100 * OWN_LEFT[0], 100 * PLAIN_LEFT[0], figure);
    RGM_TRY(strongest(c, plain, floor, n, &place, err));
    rgm_check_cause(v, "augmentation %d, %s, is too strong: it takes away what the label says", place,
                    rgm_instance_name(c->session->model->components.augment[place]));
    return rgm_augment_without(c, place, v, err);
}

rgm_status rgm_check_augment_strength(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    const int32_t *image = c->config->model.image;
    trial t;
    known plain = {0}, augmented = {0};
    if (!c->session->model->components.augments) return rgm_check_pass(v, "there are no augmentations");
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    RGM_TRY(begin(c, &m->set, WHOLE, &t, err));
    if (!t.augmenter || image[1] != t.H || image[2] != t.W) {
        rgm_augmenter_destroy(t.augmenter);
        return rgm_check_not(v, "augmentations change the size of images, or take windows of encoded pictures");
    }
    int64_t n = m->set.count[TRAIN] < LABELLED ? m->set.count[TRAIN] : LABELLED;
    const trial none = {.H = t.H, .W = t.W, .C = t.C, .set = t.set};
    rgm_status status = n < LABELS_LEAST ? RGM_OK : look_at_known(c, &none, n, &plain, err);
    if (status >= 0 && n >= LABELS_LEAST) status = look_at_known(c, &t, n, &augmented, err);
    rgm_augmenter_destroy(t.augmenter);
    RGM_TRY(status);
    return judge_strength(c, &plain, &augmented, n, v, err);
}
