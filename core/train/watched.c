#include "train/watched.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plan/op.h"

const char rgm_watched_signals[] = "activation_mean activation_rms gradient_rms weight_rms update_rms dead";
const char rgm_watched_step_signals[] = "loss gradient_norm rate input_mean input_rms input_least input_largest";

/* ---- creation ---- */

static int64_t filter_values(const rgm_watched_shape *s) {
    return s->filter[0] * s->filter[1] * s->filter[2] * s->filter[3];
}

static int64_t picture_bytes(const rgm_watched_shape *s) {
    return (int64_t)s->picture[0] * s->picture[1] * s->picture[2] * s->picture[3];
}

static int32_t are_pictures_possible(const int32_t picture[4]) {
    static const int32_t most[4] = {RGM_WATCHED_PICTURES, RGM_WATCHED_SIDE, RGM_WATCHED_SIDE, 3};
    for (int32_t i = 0; i < 4; i++)
        if (picture[i] < 0 || picture[i] > most[i]) return 0;
    return !picture[0] || picture[3] == 1 || picture[3] == 3;
}

static int32_t is_possible(const rgm_watched_shape *s) {
    int64_t values = 1;
    for (int32_t i = 0; i < 4; i++) {
        if (s->filter[i] < 0 || s->filter[i] > RGM_WATCHED_FILTER_VALUES) return 0;
        values *= s->filter[i];
        if (values > RGM_WATCHED_FILTER_VALUES) return 0;
    }
    if (!are_pictures_possible(s->picture) || (s->filter[0] > 0 && values == 0)) return 0;
    return s->layers >= 0 && s->layers <= RGM_WATCHED_LAYERS && s->images >= 0 && s->images <= RGM_WATCHED_IMAGES &&
           s->filter[0] <= RGM_WATCHED_FILTERS && s->numbers >= 0 && s->numbers <= 16 * RGM_WATCHED_LAYERS;
}

/* Zeroed room for count elements, at least one; clears *whole when there is none. */
static void *room(int32_t *whole, int64_t count, size_t size) {
    void *memory = calloc((size_t)count + 1, size);
    if (!memory) *whole = 0;
    return memory;
}

static void make_table(int32_t *whole, rgm_watched_table *t, int64_t series) {
    int64_t cells = RGM_WATCHED_BINS * series;
    *t = (rgm_watched_table){.series = series,
                             .sum = room(whole, cells, sizeof *t->sum),
                             .least = room(whole, cells, sizeof *t->least),
                             .largest = room(whole, cells, sizeof *t->largest),
                             .count = room(whole, cells, sizeof *t->count)};
}

static int32_t make_room(rgm_watched *w) {
    int32_t whole = 1;
    int64_t predictions = (int64_t)RGM_WATCHED_EVALUATIONS * w->shape.images;
    w->names = room(&whole, w->shape.layers, sizeof *w->names);
    w->first = room(&whole, RGM_WATCHED_BINS, sizeof *w->first);
    w->last = room(&whole, RGM_WATCHED_BINS, sizeof *w->last);
    w->steps = room(&whole, RGM_WATCHED_BINS, sizeof *w->steps);
    make_table(&whole, &w->layer, (int64_t)w->shape.layers * RGM_SIGNALS);
    make_table(&whole, &w->whole, RGM_STEP_SIGNALS);
    w->evaluated = room(&whole, RGM_WATCHED_EVALUATIONS, sizeof *w->evaluated);
    w->predicted = room(&whole, predictions, sizeof *w->predicted);
    w->probability = room(&whole, predictions, sizeof *w->probability);
    w->margin = room(&whole, predictions, sizeof *w->margin);
    w->index = room(&whole, w->shape.images, sizeof *w->index);
    w->label = room(&whole, w->shape.images, sizeof *w->label);
    w->filters_start = room(&whole, filter_values(&w->shape), sizeof *w->filters_start);
    w->filters_now = room(&whole, filter_values(&w->shape), sizeof *w->filters_now);
    w->pictures = room(&whole, picture_bytes(&w->shape), sizeof *w->pictures);
    w->picture_label = room(&whole, w->shape.picture[0], sizeof *w->picture_label);
    w->numbers = room(&whole, w->shape.numbers, sizeof *w->numbers);
    return whole;
}

rgm_status rgm_watched_create(rgm_watched **watched, const rgm_watched_shape *shape, rgm_error *err) {
    *watched = NULL;
    if (!is_possible(shape))
        return rgm_fail(err, RGM_E_FORMAT, "watch: impossible numbers of layers, images or filters");
    rgm_watched *w = calloc(1, sizeof *w);
    if (!w) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    w->shape = *shape;
    w->span = w->each = 1;
    if (make_room(w)) {
        *watched = w;
        return RGM_OK;
    }
    rgm_watched_destroy(w);
    return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
}

static void free_table(rgm_watched_table *t) {
    free(t->sum);
    free(t->least);
    free(t->largest);
    free(t->count);
}

void rgm_watched_destroy(rgm_watched *w) {
    if (!w) return;
    void *all[] = {w->names,         w->first,       w->last,     w->steps,         w->evaluated,
                   w->predicted,     w->probability, w->margin,   w->index,         w->label,
                   w->filters_start, w->filters_now, w->pictures, w->picture_label, w->numbers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free_table(&w->layer);
    free_table(&w->whole);
    free(w);
}

/* ---- bins ---- */

static void put(rgm_watched_table *t, int64_t at, double value) {
    float single = (float)value;
    if (!isfinite(single) || t->count[at] == INT32_MAX) return;
    int32_t more = t->count[at] > 0;
    t->least[at] = more && t->least[at] < single ? t->least[at] : single;
    t->largest[at] = more && t->largest[at] > single ? t->largest[at] : single;
    t->sum[at] += value;
    t->count[at]++;
}

/* Adds cell `from` to cell `to`. */
static void merge_cell(rgm_watched_table *t, int64_t to, int64_t from) {
    if (!t->count[from]) return;
    int32_t more = t->count[to] > 0;
    t->least[to] = more ? fminf(t->least[to], t->least[from]) : t->least[from];
    t->largest[to] = more ? fmaxf(t->largest[to], t->largest[from]) : t->largest[from];
    t->sum[to] += t->sum[from];
    int64_t count = (int64_t)t->count[to] + t->count[from];
    t->count[to] = (int32_t)rgm_least(count, INT32_MAX);
}

static void clear_cell(rgm_watched_table *t, int64_t at) {
    t->sum[at] = 0;
    t->least[at] = t->largest[at] = 0;
    t->count[at] = 0;
}

/* Bins 2i and 2i + 1 become bin i. */
static void halve_table(rgm_watched_table *t, int32_t bins) {
    for (int32_t i = 0; i < bins; i += 2)
        for (int64_t s = 0; s < t->series; s++) {
            int64_t to = i / 2 * t->series + s, from = i * t->series + s;
            if (to != from) {
                clear_cell(t, to);
                merge_cell(t, to, from);
            }
            if (i + 1 < bins) merge_cell(t, to, from + t->series);
        }
}

static void halve(rgm_watched *w) {
    halve_table(&w->layer, w->bins);
    halve_table(&w->whole, w->bins);
    for (int32_t i = 0; i < w->bins; i += 2) {
        int32_t second = i + 1 < w->bins ? i + 1 : i;
        int64_t steps = w->steps[i] + (second > i ? w->steps[second] : 0);
        w->first[i / 2] = w->first[i];
        w->last[i / 2] = w->last[second];
        w->steps[i / 2] = steps;
    }
    w->bins = (w->bins + 1) / 2;
    w->span *= 2;
}

static void clear_bin(rgm_watched *w, int32_t bin) {
    for (int64_t s = 0; s < w->layer.series; s++) clear_cell(&w->layer, bin * w->layer.series + s);
    for (int64_t s = 0; s < w->whole.series; s++) clear_cell(&w->whole, bin * w->whole.series + s);
    w->steps[bin] = 0;
}

/* The bin that a step goes into. */
static int32_t open_bin(rgm_watched *w, int64_t step) {
    int32_t bin = w->bins - 1;
    if (bin >= 0 && w->steps[bin] < w->span) return bin;
    if (w->bins == RGM_WATCHED_BINS) halve(w);
    bin = w->bins++;
    clear_bin(w, bin);
    w->first[bin] = step;
    return bin;
}

void rgm_watched_add(rgm_watched *w, const rgm_watch_step *step) {
    if (step->layer_count != w->shape.layers || step->step < 0) return;
    int32_t bin = open_bin(w, step->step);
    for (int32_t i = 0; i < w->shape.layers; i++) {
        const rgm_watch_layer *l = &step->layers[i];
        const double values[RGM_SIGNALS] = {l->activation_mean, l->activation_rms, l->gradient_rms,
                                            l->weight_rms,      l->update_rms,     l->dead};
        for (int32_t s = 0; s < RGM_SIGNALS; s++)
            put(&w->layer, bin * w->layer.series + (int64_t)i * RGM_SIGNALS + s, values[s]);
    }
    const double values[RGM_STEP_SIGNALS] = {step->loss,      step->gradient_norm, step->rate,         step->input_mean,
                                             step->input_rms, step->input_least,   step->input_largest};
    for (int32_t s = 0; s < RGM_STEP_SIGNALS; s++) put(&w->whole, bin * w->whole.series + s, values[s]);
    w->last[bin] = step->step;
    w->steps[bin]++;
    w->step = step->step + 1;
}

double rgm_watched_mean(const rgm_watched_table *t, int32_t bin, int64_t series) {
    int64_t at = bin * t->series + series;
    return t->count[at] ? t->sum[at] / t->count[at] : NAN;
}

/* ---- predictions ---- */

typedef struct prediction {
    int32_t predicted;
    float probability, margin;
} prediction;

static prediction predict(const float *z, int32_t outputs) {
    if (outputs == 1) {
        double p = 1 / (1 + exp(-fabs((double)z[0])));
        return (prediction){z[0] > 0, (float)p, (float)(2 * p - 1)};
    }
    int32_t best = 0;
    double sum = 0, next = 0;
    for (int32_t k = 1; k < outputs; k++)
        if (z[k] > z[best]) best = k;
    for (int32_t k = 0; k < outputs; k++) {
        double e = exp((double)z[k] - (double)z[best]);
        sum += e;
        if (k != best) next = fmax(next, e);
    }
    return (prediction){best, (float)(1 / sum), (float)((1 - next) / sum)};
}

static void move_evaluation(rgm_watched *w, int32_t to, int32_t from) {
    int64_t n = w->shape.images;
    w->evaluated[to] = w->evaluated[from];
    memmove(w->predicted + to * n, w->predicted + from * n, sizeof *w->predicted * (size_t)n);
    memmove(w->probability + to * n, w->probability + from * n, sizeof *w->probability * (size_t)n);
    memmove(w->margin + to * n, w->margin + from * n, sizeof *w->margin * (size_t)n);
}

static void thin(rgm_watched *w) {
    for (int32_t i = 0; i < w->evaluations; i += 2) move_evaluation(w, i / 2, i);
    w->evaluations = (w->evaluations + 1) / 2;
    w->each *= 2;
}

void rgm_watched_predict(rgm_watched *w, int64_t step, const float *logits, int32_t outputs) {
    int64_t number = w->seen++, n = w->shape.images;
    if (!n || number % w->each) return;
    if (w->evaluations == RGM_WATCHED_EVALUATIONS) {
        thin(w);
        if (number % w->each) return;
    }
    int32_t at = w->evaluations++;
    w->evaluated[at] = step;
    for (int64_t i = 0; i < n; i++) {
        prediction p = predict(logits + i * outputs, outputs);
        w->predicted[at * n + i] = p.predicted;
        w->probability[at * n + i] = p.probability;
        w->margin[at * n + i] = p.margin;
    }
}

/* ---- going back, comparing ---- */

void rgm_watched_rewind(rgm_watched *w, int64_t step) {
    while (w->bins && w->last[w->bins - 1] >= step) w->bins--;
    while (w->evaluations && w->evaluated[w->evaluations - 1] > step) {
        w->evaluations--;
        w->seen = w->evaluations * w->each;
    }
    w->step = step;
}

int32_t rgm_watched_alike(const rgm_watched *a, const rgm_watched *b) {
    const rgm_watched_shape *s = &a->shape, *t = &b->shape;
    return s->layers == t->layers && s->images == t->images && s->split == t->split && s->numbers == t->numbers &&
           s->seed == t->seed && memcmp(s->filter, t->filter, sizeof s->filter) == 0 &&
           memcmp(a->names, b->names, sizeof *a->names * (size_t)s->layers) == 0 &&
           memcmp(a->index, b->index, sizeof *a->index * (size_t)s->images) == 0 &&
           memcmp(a->label, b->label, sizeof *a->label * (size_t)s->images) == 0 &&
           strcmp(a->filter_name, b->filter_name) == 0;
}
