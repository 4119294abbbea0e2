#define _GNU_SOURCE
#include "report/examination.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "picture/encode.h"

/* INSTANCE: of the random numbers, which are the same for each page. */
enum { DRAWS = 2000, INSTANCE = 1, QUALITY = 90 };

rgm_status rgm_examination_begin(rgm_examination *x, int32_t classes, rgm_error *err) {
    size_t n = (size_t)classes;
    memset(x, 0, sizeof *x);
    x->classes = classes;
    x->each = calloc(n, sizeof *x->each);
    if (classes <= RGM_EXAMINED_MATRIX) x->pairs = calloc(n * n, sizeof *x->pairs);
    if (x->each && (x->pairs || classes > RGM_EXAMINED_MATRIX)) return RGM_OK;
    rgm_examination_free(x);
    return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
}

static void free_image(rgm_examined_image *i) {
    free(i->name);
    free(i->picture.file);
    free(i->nearest_picture.file);
    memset(i, 0, sizeof *i);
}

void rgm_examination_free(rgm_examination *x) {
    for (int32_t i = 0; i < x->worst_count; i++) free_image(&x->worst[i]);
    free(x->each);
    free(x->pairs);
    memset(x, 0, sizeof *x);
}

/* ---- an image ---- */

rgm_status rgm_examination_picture(rgm_examined_picture *to, const uint8_t *from, const int32_t size[3],
                                   rgm_error *err) {
    int32_t H = size[0], W = size[1], C = size[2] < 3 ? 1 : 3;
    size_t count = (size_t)H * (size_t)W;
    uint8_t *pixels = malloc(count * (size_t)C);
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    for (size_t i = 0; i < count; i++) memcpy(pixels + i * (size_t)C, from + i * (size_t)size[2], (size_t)C);
    const rgm_encode_source source = {pixels, H, W, C};
    to->png = H <= RGM_EXAMINED_SIDE && W <= RGM_EXAMINED_SIDE;
    rgm_status status = to->png ? rgm_encode_png(&source, &to->file, &to->size, err)
                                : rgm_encode_jpeg(&source, QUALITY, &to->file, &to->size, err);
    free(pixels);
    to->H = H;
    to->W = W;
    return status;
}

/* Of equals the first one stays. */
static rgm_status keep(rgm_examination *x, const rgm_examined *image, int32_t taken, rgm_error *err) {
    float likelihood = image->probabilities[image->label];
    int32_t at = x->worst_count;
    rgm_examined_image one = {.index = image->index,
                              .label = image->label,
                              .taken = taken,
                              .likelihood = likelihood,
                              .probability = image->probabilities[taken],
                              .nearest = -1};
    while (at > 0 && x->worst[at - 1].likelihood > likelihood) at--;
    if (at == RGM_EXAMINED_WORST) return RGM_OK;
    one.name = image->name ? strdup(image->name) : NULL;
    if (image->name && !one.name) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    if (x->worst_count == RGM_EXAMINED_WORST) free_image(&x->worst[--x->worst_count]);
    memmove(&x->worst[at + 1], &x->worst[at], sizeof one * (size_t)(x->worst_count - at));
    x->worst[at] = one;
    x->worst_count++;
    return RGM_OK;
}

rgm_status rgm_examination_add(rgm_examination *x, const rgm_examined *image, rgm_error *err) {
    int32_t taken = 0, label = image->label;
    for (int32_t k = 1; k < x->classes; k++)
        if (image->probabilities[k] > image->probabilities[taken]) taken = k;
    double confidence = (double)image->probabilities[taken];
    int32_t bin = (int32_t)(confidence * RGM_EXAMINED_BINS), hit = taken == label;
    rgm_examined_bin *b = &x->bins[bin < 0 ? 0 : bin < RGM_EXAMINED_BINS ? bin : RGM_EXAMINED_BINS - 1];
    b->images++;
    b->hits += hit;
    b->confidence += confidence;
    x->each[label].images++;
    x->each[taken].taken++;
    x->each[label].hits += hit;
    if (x->pairs) x->pairs[(int64_t)label * x->classes + taken]++;
    x->images++;
    x->hits += hit;
    x->loss -= log(fmax((double)image->probabilities[label], 1e-12));
    return keep(x, image, taken, err);
}

void rgm_examination_end(rgm_examination *x) { x->loss = x->images ? x->loss / (double)x->images : NAN; }

/* ---- calibration ---- */

static double error_of(const rgm_examination *x, const double distance[RGM_EXAMINED_BINS]) {
    double sum = 0;
    for (int32_t b = 0; b < RGM_EXAMINED_BINS; b++) sum += (double)x->bins[b].images * fabs(distance[b]);
    return sum / (double)x->images;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The sorted errors of DRAWS draws: distances of the bins around `center`, with these deviations. */
static void draw(const rgm_examination *x, const double *center, const double *deviation, double errors[DRAWS]) {
    double distance[RGM_EXAMINED_BINS];
    float normal[RGM_EXAMINED_BINS];
    for (int32_t d = 0; d < DRAWS; d++) {
        const rgm_rng rng = {.seed = 1, .stream = RGM_STREAM(RGM_STREAM_TEST, INSTANCE), .epoch = (uint32_t)d};
        rgm_rng_normal(&rng, 0, normal, RGM_EXAMINED_BINS);
        for (int32_t b = 0; b < RGM_EXAMINED_BINS; b++) distance[b] = center[b] + deviation[b] * (double)normal[b];
        errors[d] = error_of(x, distance);
    }
    qsort(errors, DRAWS, sizeof *errors, by_value);
}

rgm_calibration rgm_examination_calibration(const rgm_examination *x) {
    rgm_calibration c = {NAN, NAN, NAN, NAN, NAN};
    double distance[RGM_EXAMINED_BINS] = {0}, zero[RGM_EXAMINED_BINS] = {0}, own[RGM_EXAMINED_BINS] = {0},
           fair[RGM_EXAMINED_BINS] = {0}, errors[DRAWS], sum = 0;
    if (!x->images) return c;
    for (int32_t b = 0; b < RGM_EXAMINED_BINS; b++) {
        const rgm_examined_bin *bin = &x->bins[b];
        double n = (double)bin->images;
        if (!bin->images) continue;
        double accuracy = (double)bin->hits / n, confidence = bin->confidence / n;
        distance[b] = accuracy - confidence;
        own[b] = sqrt(fmax(0, accuracy * (1 - accuracy)) / n);
        fair[b] = sqrt(fmax(0, confidence * (1 - confidence)) / n);
        sum += bin->confidence;
    }
    c.error = error_of(x, distance);
    c.above = sum / (double)x->images - (double)x->hits / (double)x->images;
    draw(x, distance, own, errors);
    c.low = errors[DRAWS / 40];
    c.high = errors[DRAWS - 1 - DRAWS / 40];
    draw(x, zero, fair, errors);
    c.chance = errors[DRAWS - 1 - DRAWS / 20];
    return c;
}

/* ---- filters ---- */

/* Sums over one channel of a filter: squares of differences between neighbours, their number. */
static double roughness(const float *w, int32_t H, int32_t W, int64_t *neighbours) {
    double sum = 0;
    for (int32_t y = 0; y < H; y++) {
        for (int32_t x = 0; x < W; x++) {
            double here = (double)w[y * W + x];
            if (x + 1 < W) sum += pow(here - (double)w[y * W + x + 1], 2);
            if (y + 1 < H) sum += pow(here - (double)w[(y + 1) * W + x], 2);
            *neighbours += (x + 1 < W) + (y + 1 < H);
        }
    }
    return sum;
}

static int32_t count_dead(const rgm_examined_filters *f) {
    double *norms = malloc(2 * sizeof *norms * (size_t)f->count), *sorted = norms + f->count;
    int64_t size = (int64_t)f->C * f->H * f->W;
    int32_t dead = 0;
    if (!norms) return 0;
    for (int32_t i = 0; i < f->count; i++) {
        norms[i] = 0;
        for (int64_t k = 0; k < size; k++) norms[i] += pow((double)f->values[i * size + k], 2);
        sorted[i] = norms[i] = sqrt(norms[i]);
    }
    qsort(sorted, (size_t)f->count, sizeof *sorted, by_value);
    for (int32_t i = 0; i < f->count; i++) dead += norms[i] < 1e-3 * sorted[f->count / 2];
    free(norms);
    return dead;
}

/* Each channel of each filter around its own mean. */
rgm_filter_noise rgm_examination_noise(const rgm_examined_filters *f) {
    rgm_filter_noise noise = {NAN, NAN, 0};
    int64_t neighbours = 0, planes = (int64_t)f->count * f->C, size = (int64_t)f->H * f->W;
    double differences = 0, variance = 0;
    if (!f->values || size < 2) return noise;
    for (int64_t p = 0; p < planes; p++) {
        const float *w = f->values + p * size;
        double mean = 0;
        for (int64_t i = 0; i < size; i++) mean += (double)w[i] / (double)size;
        for (int64_t i = 0; i < size; i++) variance += pow((double)w[i] - mean, 2);
        differences += roughness(w, f->H, f->W, &neighbours);
    }
    variance /= (double)(planes * (size - 1));
    if (!(variance > 0)) return noise;
    noise.ratio = differences / (double)neighbours / (2 * variance);
    noise.margin = 2 / sqrt((double)neighbours);
    noise.dead = count_dead(f);
    return noise;
}

/* ---- the order of classes ---- */

static double likeness(const rgm_examination *x, int32_t a, int32_t b) {
    double of_a = (double)x->each[a].images, of_b = (double)x->each[b].images;
    double ab = (double)x->pairs[(int64_t)a * x->classes + b], ba = (double)x->pairs[(int64_t)b * x->classes + a];
    return (of_a > 0 ? ab / of_a : 0) + (of_b > 0 ? ba / of_b : 0);
}

rgm_status rgm_examination_order(const rgm_examination *x, int32_t *order, rgm_error *err) {
    uint8_t *placed = calloc((size_t)x->classes, 1);
    if (!placed) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    order[0] = 0;
    placed[0] = 1;
    for (int32_t n = 1; n < x->classes; n++) {
        int32_t next = -1;
        for (int32_t c = 0; c < x->classes; c++) {
            if (placed[c]) continue;
            if (next < 0 || likeness(x, order[n - 1], c) > likeness(x, order[n - 1], next)) next = c;
        }
        placed[next] = 1;
        order[n] = next;
    }
    free(placed);
    return RGM_OK;
}
