#include "inspect/statistics.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { FINE = 256 }; /* parts of a level in the mean of an image */

/* Of a channel. */
typedef struct cell {
    uint64_t sum, squares; /* of pixels: of splits up to 2^48 pixels */
} cell;

typedef struct table {
    cell *cells;      /* [classes][C]; NULL: there is no such split */
    uint64_t *pixels; /* [classes] of a channel */
    int64_t *images;  /* [classes] */
    cell *means;      /* [C] of the images' means, in parts of a level */
} table;

struct rgm_class_sums {
    const rgm_dataset *set;
    int32_t classes, C;
    table table[RGM_SPLIT_COUNT];
};

static rgm_status take_table(table *t, int32_t classes, int32_t C, rgm_error *err) {
    t->cells = calloc((size_t)classes * (size_t)C, sizeof *t->cells);
    t->pixels = calloc((size_t)classes, sizeof *t->pixels);
    t->images = calloc((size_t)classes, sizeof *t->images);
    t->means = calloc((size_t)C, sizeof *t->means);
    if (t->cells && t->pixels && t->images && t->means) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "statistics: no memory for %" PRId32 " classes", classes);
}

rgm_status rgm_class_sums_create(rgm_class_sums **tally, const rgm_dataset *set, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    rgm_class_sums *t = calloc(1, sizeof *t);
    rgm_status status = RGM_OK;
    *tally = NULL;
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "statistics: out of memory");
    t->set = set;
    t->classes = info->classes;
    t->C = info->C;
    for (int32_t split = 0; status >= 0 && split < RGM_SPLIT_COUNT; split++)
        if (info->count[split]) status = take_table(&t->table[split], t->classes, t->C, err);
    if (status >= 0)
        *tally = t;
    else
        rgm_class_sums_destroy(t);
    return status;
}

void rgm_class_sums_destroy(rgm_class_sums *t) {
    for (int32_t split = 0; t && split < RGM_SPLIT_COUNT; split++) {
        free(t->table[split].cells);
        free(t->table[split].pixels);
        free(t->table[split].images);
        free(t->table[split].means);
    }
    free(t);
}

/* Sums of integers are the same in any order. */
static void add(uint64_t *to, uint64_t n) { __atomic_fetch_add(to, n, __ATOMIC_RELAXED); }

void rgm_class_sums_add(rgm_class_sums *tally, const rgm_look *look, rgm_channel_sums *sums) {
    const rgm_pixels *p = &look->image;
    table *t = &tally->table[look->split];
    cell *cells = t->cells + (size_t)look->label * (size_t)tally->C;
    *sums = (rgm_channel_sums){.C = p->C};
    if (p->pitch == (int64_t)p->W * p->C)
        rgm_channel_sums_add(sums, p->data, (int64_t)p->H * p->W);
    else
        for (int32_t y = 0; y < p->H; y++) rgm_channel_sums_add(sums, p->data + y * p->pitch, p->W);
    for (int32_t c = 0; c < p->C; c++) {
        uint64_t mean = (sums->sum[c] * FINE + sums->pixels / 2) / sums->pixels;
        add(&cells[c].sum, sums->sum[c]);
        add(&cells[c].squares, (uint64_t)sums->square[c]);
        add(&t->means[c].sum, mean);
        add(&t->means[c].squares, mean * mean);
    }
    add(&t->pixels[look->label], sums->pixels);
    __atomic_fetch_add(&t->images[look->label], 1, __ATOMIC_RELAXED);
}

/* ---- what follows ---- */

/* Mean and deviation of n values; exact up to the last division. */
static void moments(const cell *c, uint64_t n, double *mean, double *std) {
    rgm_u128 spread = (rgm_u128)c->squares * n - (rgm_u128)c->sum * c->sum;
    *mean = n ? (double)c->sum / (double)n : NAN;
    *std = n ? sqrt((double)spread) / (double)n : NAN;
}

static rgm_status take_split(rgm_split_statistics *s, int32_t classes, int32_t C, rgm_error *err) {
    double **const of_channels[] = {&s->mean, &s->std, &s->shift, &s->shift_deviations, &s->stretch};
    int32_t bad = 0;
    for (size_t i = 0; i < sizeof of_channels / sizeof *of_channels; i++)
        bad |= !(*of_channels[i] = calloc((size_t)C, sizeof(double)));
    s->class_images = calloc((size_t)classes, sizeof *s->class_images);
    s->class_mean = calloc((size_t)classes * (size_t)C, sizeof *s->class_mean);
    s->class_std = calloc((size_t)classes * (size_t)C, sizeof *s->class_std);
    if (!bad && s->class_images && s->class_mean && s->class_std) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "statistics: no memory for %" PRId32 " classes", classes);
}

static void fill_pixels(const rgm_class_sums *tally, const table *t, rgm_split_statistics *s) {
    for (int32_t c = 0; c < tally->C; c++) {
        cell all = {0, 0};
        uint64_t pixels = 0;
        for (int32_t k = 0; k < tally->classes; k++) {
            size_t at = (size_t)k * (size_t)tally->C + (size_t)c;
            moments(&t->cells[at], t->pixels[k], &s->class_mean[at], &s->class_std[at]);
            all.sum += t->cells[at].sum;
            all.squares += t->cells[at].squares;
            pixels += t->pixels[k];
        }
        moments(&all, pixels, &s->mean[c], &s->std[c]);
    }
}

static int64_t images_elsewhere(const rgm_class_sums *tally, int32_t k) {
    int64_t count = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (tally->table[split].images) count += tally->table[split].images[k];
    return count;
}

static void fill_classes(const rgm_class_sums *tally, const table *t, rgm_split_statistics *s) {
    for (int32_t k = 0; k < tally->classes; k++) s->images += s->class_images[k] = t->images[k];
    s->largest = s->smallest = -1;
    for (int32_t k = 0; k < tally->classes; k++) {
        const int64_t n = t->images[k];
        if (!n) {
            s->missing += images_elsewhere(tally, k) > 0;
            continue;
        }
        const double share = (double)n / (double)s->images;
        s->present++;
        s->entropy -= share * log2(share);
        if (s->largest < 0 || n > t->images[s->largest]) s->largest = k;
        if (s->smallest < 0 || n < t->images[s->smallest]) s->smallest = k;
    }
    if (!s->present) return;
    s->entropy = fmax(s->entropy, 0);
    s->balanced = log2(s->present);
    s->imbalance = (double)t->images[s->largest] / (double)t->images[s->smallest];
}

/* Against the first split. */
static void fill_shift(const rgm_class_sums *tally, const rgm_statistics *out, int32_t split, int32_t first) {
    const rgm_split_statistics *s = &out->split[split], *base = &out->split[first];
    for (int32_t c = 0; c < tally->C; c++) {
        double mean[2], std[2];
        moments(&tally->table[split].means[c], (uint64_t)s->images, &mean[0], &std[0]);
        moments(&tally->table[first].means[c], (uint64_t)base->images, &mean[1], &std[1]);
        double error = sqrt(std[0] * std[0] / (double)s->images + std[1] * std[1] / (double)base->images);
        s->shift[c] = s->mean[c] - base->mean[c];
        s->stretch[c] = base->std[c] > 0 ? s->std[c] / base->std[c] : NAN;
        s->shift_deviations[c] = split == first ? 0 : error > 0 ? (mean[0] - mean[1]) / error : NAN;
    }
}

rgm_status rgm_class_sums_finish(const rgm_class_sums *tally, rgm_statistics *out, rgm_error *err) {
    int32_t first = -1;
    out->classes = tally->classes;
    out->C = tally->C;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!tally->table[split].cells) continue;
        RGM_TRY(take_split(&out->split[split], tally->classes, tally->C, err));
        fill_pixels(tally, &tally->table[split], &out->split[split]);
        fill_classes(tally, &tally->table[split], &out->split[split]);
        if (first < 0 && out->split[split].images) first = split;
        if (out->split[split].images) fill_shift(tally, out, split, first);
    }
    return RGM_OK;
}
