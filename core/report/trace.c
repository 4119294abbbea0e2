#include "report/trace.h"

#include <math.h>
#include <string.h>

static void include(rgm_trace_bucket *b, const rgm_trace_bucket *more) {
    if (!b->count) b->first = more->first;
    b->last = more->last;
    if (more->finite) {
        b->low = b->finite ? fmin(b->low, more->low) : more->low;
        b->high = b->finite ? fmax(b->high, more->high) : more->high;
    }
    b->sum += more->sum;
    b->count += more->count;
    b->finite += more->finite;
}

/* Pairs become one. The last bucket is full when this is called. */
static void halve(rgm_trace *t) {
    for (int32_t i = 0; i < RGM_TRACE_BUCKETS / 2; i++) {
        rgm_trace_bucket pair = {0};
        include(&pair, &t->buckets[2 * i]);
        include(&pair, &t->buckets[2 * i + 1]);
        t->buckets[i] = pair;
    }
    t->count = RGM_TRACE_BUCKETS / 2;
    t->span *= 2;
}

void rgm_trace_add(rgm_trace *t, double x, double value) {
    int32_t is_finite = isfinite(value);
    const rgm_trace_bucket point = {x, x, value, value, is_finite ? value : 0, 1, is_finite};
    if (!t->span) t->span = 1;
    if (!t->count || t->buckets[t->count - 1].count == t->span) {
        if (t->count == RGM_TRACE_BUCKETS) halve(t);
        t->buckets[t->count++] = (rgm_trace_bucket){0};
    }
    include(&t->buckets[t->count - 1], &point);
    t->total++;
}

int32_t rgm_trace_extremes(const rgm_trace *t, double *x, double *y) {
    int32_t n = 0;
    for (int32_t i = 0; i < t->count; i++) {
        const rgm_trace_bucket *b = &t->buckets[i];
        int32_t rising = i > 0 && n > 0 && y[n - 1] > b->high; /* the nearer end comes first */
        x[n] = b->first;
        y[n++] = !b->finite ? NAN : rising ? b->high : b->low;
        if (b->count == 1) continue;
        x[n] = b->last;
        y[n++] = !b->finite ? NAN : rising ? b->low : b->high;
    }
    return n;
}

int32_t rgm_trace_smooth(const rgm_trace *t, int32_t window, double *x, double *y) {
    for (int32_t i = 0; i < t->count; i++) {
        int32_t half = window / 2, nearest = i < t->count - 1 - i ? i : t->count - 1 - i;
        if (half > nearest) half = nearest; /* even on both sides, so that slopes stay */
        double sum = 0;
        int64_t finite = 0;
        for (int32_t k = i - half; k <= i + half; k++) {
            sum += t->buckets[k].sum;
            finite += t->buckets[k].finite;
        }
        x[i] = 0.5 * (t->buckets[i].first + t->buckets[i].last);
        y[i] = finite ? sum / (double)finite : NAN;
    }
    return t->count;
}

double rgm_trace_mean(const rgm_trace *t, double from, double to) {
    int32_t first = (int32_t)floor(from * t->count), end = (int32_t)ceil(to * t->count);
    double sum = 0;
    int64_t finite = 0;
    if (first >= t->count) first = t->count - 1;
    if (first < 0) first = 0;
    if (end <= first) end = first + 1;
    for (int32_t i = first; i < end && i < t->count; i++) {
        sum += t->buckets[i].sum;
        finite += t->buckets[i].finite;
    }
    return finite ? sum / (double)finite : NAN;
}
