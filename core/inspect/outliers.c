#include "inspect/outliers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/ascending.h"

enum {
    KINDS = RGM_RANKINGS,
    FIRST = RGM_FIND_CONSTANT,
    CANDIDATES = 4 * RGM_RANKED_MOST,
    DRAWN = 16,
    CLASS_LEAST = 8,
    SIGNALS = 4
};
#define NEARLY_ALL 0.02 /* the share that is below */

/* ---- signals ---- */

static double brightness(const rgm_measures *m) { return (double)m->brightness; }
static double high(const rgm_measures *m) { return m->high; }
static double low(const rgm_measures *m) { return m->low; }
static double softness(const rgm_measures *m) { return (double)m->softness; }
static double noise(const rgm_measures *m) { return (double)m->noise; }
static double specks(const rgm_measures *m) { return (double)m->specks; }
static double information(const rgm_measures *m) { return (double)m->information; }
static double contrast(const rgm_measures *m) { return (double)m->contrast; }
static double likeness(const rgm_measures *m) { return (double)m->likeness; }
static double alike(const rgm_measures *m) { return (double)m->alike / RGM_MEASURES_ONE; }
static double opposite(const rgm_measures *m) { return -(double)m->opposite / RGM_MEASURES_ONE; }
static double distance(const rgm_measures *m) { return (double)m->distance; }
static double aspect(const rgm_measures *m) { return (double)m->W / (double)m->H; }
static double size(const rgm_measures *m) { return sqrt((double)m->W * (double)m->H); }
static double height(const rgm_measures *m) { return m->H; }
static double width(const rgm_measures *m) { return m->W; }

enum { UP = 1, DOWN = -1, LESS = 2, AWAY = 3, INVERSE = 4 };

typedef struct signal {
    int32_t kind, how, by_class;
    double (*value)(const rgm_measures *);
    int32_t
        form; /* UP: t = log(offset + facing * value); DOWN: its negative; LESS: -value; AWAY: |log(value / usual)| */
    double offset, facing;
    double least;   /* of t less the usual */
    double extreme; /* likewise, and enough by itself; 0: nothing is */
} signal;

static const signal signals[] = {
    {RGM_FIND_DARK, 0, 0, brightness, DOWN, 1, 1, 1.0986, 2.1972},
    {RGM_FIND_DARK, RGM_HOW_LEVEL, 0, high, DOWN, 1, 1, 0.9163, 0},
    {RGM_FIND_BRIGHT, 0, 0, brightness, DOWN, 256, -1, 1.0986, 2.1972},
    {RGM_FIND_BRIGHT, RGM_HOW_LEVEL, 0, low, DOWN, 256, -1, 0.9163, 0},
    {RGM_FIND_BLURRED, 0, 1, softness, UP, 0, 1, 0.47, 0},
    {RGM_FIND_NOISY, 0, 0, noise, UP, 2, 1, 1.3863, 0},
    {RGM_FIND_NOISY, RGM_HOW_SPECKS, 0, specks, UP, 1, 1, 1.0986, 0},
    {RGM_FIND_INVERTED, 0, 1, opposite, INVERSE, 0, 1, 0.5, 0},
    {RGM_FIND_LOW_INFORMATION, 0, 1, information, DOWN, 0.25, 1, 0.9163, 0},
    {RGM_FIND_LOW_INFORMATION, RGM_HOW_CONTRAST, 0, contrast, DOWN, 1, 1, 1.3863, 0},
    {RGM_FIND_ODD, 0, 1, distance, UP, 1, 1, 0.4055, 0},
    {RGM_FIND_ODD, RGM_HOW_UNLIKE, 1, alike, LESS, 0, 1, 0.25, 0},
    {RGM_FIND_ODD, RGM_HOW_SHAPE, 0, aspect, AWAY, 0, 1, 0.9163, 0},
    {RGM_FIND_ODD, RGM_HOW_SIZE, 0, size, AWAY, 0, 1, 1.3863, 0},
};

/* How a signal is judged. */
typedef struct judgement {
    double spread, bound;
    int32_t extremes; /* 1: they are findings */
} judgement;

/* Kinds that hide others of the same image. */
#define BIT(kind) (1U << ((kind)-FIRST))
static const uint32_t hidden_by[KINDS] = {
    [RGM_FIND_DARK - FIRST] = BIT(RGM_FIND_CONSTANT) | BIT(RGM_FIND_INVERTED),
    [RGM_FIND_BRIGHT - FIRST] = BIT(RGM_FIND_CONSTANT) | BIT(RGM_FIND_INVERTED),
    [RGM_FIND_BLURRED - FIRST] = BIT(RGM_FIND_CONSTANT) | BIT(RGM_FIND_LOW_INFORMATION),
    [RGM_FIND_NOISY - FIRST] = BIT(RGM_FIND_CONSTANT),
    [RGM_FIND_INVERTED - FIRST] = BIT(RGM_FIND_CONSTANT),
    [RGM_FIND_LOW_INFORMATION - FIRST] = BIT(RGM_FIND_CONSTANT) | BIT(RGM_FIND_INVERTED),
    [RGM_FIND_ODD - FIRST] = BIT(RGM_FIND_CONSTANT) | BIT(RGM_FIND_DARK) | BIT(RGM_FIND_BRIGHT) |
                             BIT(RGM_FIND_INVERTED) | BIT(RGM_FIND_LOW_INFORMATION),
};

static const int32_t measure_of[KINDS] = {
    [RGM_FIND_CONSTANT - FIRST] = RGM_MEASURE_CONTRAST,
    [RGM_FIND_DARK - FIRST] = RGM_MEASURE_BRIGHTNESS,
    [RGM_FIND_BRIGHT - FIRST] = RGM_MEASURE_BRIGHTNESS,
    [RGM_FIND_BLURRED - FIRST] = RGM_MEASURE_SOFTNESS,
    [RGM_FIND_NOISY - FIRST] = RGM_MEASURE_NOISE,
    [RGM_FIND_INVERTED - FIRST] = RGM_MEASURE_LIKENESS,
    [RGM_FIND_LOW_INFORMATION - FIRST] = RGM_MEASURE_INFORMATION,
    [RGM_FIND_ODD - FIRST] = RGM_MEASURE_DISTANCE,
};

/* An image that has much of a kind. */
typedef struct candidate {
    int64_t number;
    double score, value, usual;
    int32_t how;
} candidate;

typedef struct work {
    const rgm_outliers *o;
    rgm_findings *findings;
    rgm_statistics *out;
    float *t, *sorted, *room; /* [count]; t: NaN for what is not judged */
    float *score;             /* [count] of a kind */
    uint8_t *by;              /* [count] the signal that gave it */
    double *middles;          /* [SIGNALS][classes] medians of t, of a kind's signals */
    double *middle, *spread;  /* [classes] of the signal's t */
    double *own;              /* [classes] medians of the signal's t; of smaller ones the set's */
    double *fit;              /* [classes] Fisher's z of the correlation that nearly all of a class have with others */
    double usual;             /* of the set, of t */
    float *shade;             /* [count] the score of one that is dark or bright */
    uint16_t *found;          /* [count] bits of the kinds that an image is a finding of */
    double usual_size, usual_aspect;
    candidate *list[KINDS];
    int64_t listed[KINDS];
} work;

/* The quantile that tells how wide a class is: with `alike`, of the far end. */
static double width_at(const signal *s) { return s->form == LESS ? 0.99 : 0.9; }

static double away_from(const work *w, const signal *s) { return s->value == size ? w->usual_size : w->usual_aspect; }

static double fisher(double value) { return atanh(fmax(-0.999, fmin(value, 0.999))); }

static double form(const work *w, const signal *s, const rgm_measures *m) {
    const double value = s->value(m);
    if (s->form == LESS) return -value;
    if (s->form == INVERSE) return fisher(value) - fisher(alike(m));
    if (s->form == AWAY) return fabs(log(value / away_from(w, s)));
    return s->form * log(s->offset + s->facing * value);
}

/* The value that has this t. */
static double unform(const work *w, const signal *s, double t) {
    if (s->form == LESS) return -t;
    if (s->form == AWAY) return away_from(w, s);
    return s->facing * (exp(s->form * t) - s->offset);
}

/* Constant images have no say: they are found by themselves. */
static void take_signal(work *w, const signal *s) {
    for (int64_t i = 0; i < w->o->count; i++) {
        const rgm_measures *m = &w->o->measures[i];
        w->t[i] = m->looked && !m->constant ? (float)form(w, s, m) : NAN;
    }
}

/* ---- what is usual ---- */

static int64_t sort_all(work *w) {
    int64_t n = 0;
    for (int64_t i = 0; i < w->o->count; i++)
        if (!isnan(w->t[i])) w->sorted[n++] = w->t[i];
    rgm_ascending_sort(w->sorted, w->room, n);
    return n;
}

/* Medians and upper spreads of the classes; those of small ones are drawn to `spread` of the whole set. */
static void take_classes(work *w, const signal *s, double spread) {
    const rgm_by_class *by = w->o->by;
    const double drawn = DRAWN * 0.1 / (1 - width_at(s)); /* the farther the quantile, the more images it needs */
    for (int32_t k = 0; k < by->classes; k++) {
        int64_t n = 0;
        w->middle[k] = w->own[k] = w->usual;
        w->spread[k] = spread;
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++)
            if (!isnan(w->t[by->order[i]])) w->sorted[n++] = w->t[by->order[i]];
        if (!n) continue;
        rgm_ascending_sort(w->sorted, w->room, n);
        double middle = rgm_ascending_quantile(w->sorted, n, 0.5);
        double own = rgm_ascending_quantile(w->sorted, n, width_at(s)) - middle;
        if (n >= CLASS_LEAST) w->own[k] = middle;
        if (!s->by_class) continue;
        w->middle[k] = ((double)n * middle + DRAWN * w->usual) / (double)(n + DRAWN);
        w->spread[k] = ((double)n * own + drawn * spread) / ((double)n + drawn);
    }
}

/* What correlation nearly all images of each class have; of small classes it is drawn to the set's. */
static void take_fit(work *w) {
    const rgm_by_class *by = w->o->by;
    int64_t all = 0;
    for (int64_t i = 0; i < w->o->count; i++)
        if (w->o->measures[i].looked) w->sorted[all++] = (float)fisher(alike(&w->o->measures[i]));
    if (!all) return;
    rgm_ascending_sort(w->sorted, w->room, all);
    const double usual = rgm_ascending_quantile(w->sorted, all, NEARLY_ALL);
    for (int32_t k = 0; k < by->classes; k++) {
        int64_t n = 0;
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++)
            w->sorted[n++] = (float)fisher(alike(&w->o->measures[by->order[i]]));
        rgm_ascending_sort(w->sorted, w->room, n);
        double own = n ? rgm_ascending_quantile(w->sorted, n, NEARLY_ALL) : usual;
        w->fit[k] = ((double)n * own + DRAWN * usual) / (double)(n + DRAWN);
    }
}

/* The bound of sorted t, and the quantiles that it is made of. */
static double bound_of(const float *sorted, int64_t n) {
    double p1 = fmax(0.01, fmin(10.0 / (double)n, 0.2)), p0 = fmin(10 * p1, 0.5);
    double near = rgm_ascending_quantile(sorted, n, 1 - p0), far = rgm_ascending_quantile(sorted, n, 1 - p1);
    double tail = (far - near) / log(p0 / p1);
    return far + tail * (log((double)n * p1) + RGM_OUTLIERS_MARGIN);
}

/* Where some images stand apart from all others by a gap: the lowest such, or `bound`. `least` as of a signal. */
static double gap_of(const float *sorted, int64_t n, double least, double bound) {
    const int64_t most = n / 50 > 5 ? n / 50 : 5;
    const double sure = log((double)most) + RGM_OUTLIERS_MARGIN;
    for (int64_t r = 1; r <= most && r + 10 < n; r++) {
        const float *below = &sorted[n - r - 1]; /* the first below the gap, downwards */
        const double gap = (double)below[1] - (double)*below;
        int64_t m = 10 * r + 30 < n / 4 ? 10 * r + 30 : n / 4;
        double sum = 0;
        if (gap < least / 4 || m < 8) continue;
        if (m > n - r) m = n - r;
        for (int64_t i = 0; i < m; i++) sum += (double)below[-i] - (double)below[1 - m];
        if (gap >= sum / (double)(m - 1) * fmax(1, sure / (double)r)) bound = fmin(bound, (double)*below + gap / 2);
    }
    return bound;
}

/* t of all images in their classes' terms: less the median, by the spread, times the set's. */
static double center(const work *w, int32_t k, double t, double spread) {
    double own = w->spread[k];
    return own > 0 && spread > 0 ? (t - w->middle[k]) * spread / own : t - w->middle[k];
}

/* 1 and more: so far from the usual that no tail excuses it. */
static double extremity(const work *w, const signal *s, int32_t k, double t) {
    if (!(s->extreme > 0) || isnan(t)) return 0;
    return fmin((t - w->middle[k]) / s->extreme, 2 * (t - w->own[k]) / s->least);
}

/* Where many are so far from the usual, the set is so by nature. */
static int32_t has_few_extremes(const work *w, const signal *s, int64_t n) {
    const rgm_by_class *by = w->o->by;
    int64_t count = 0;
    for (int32_t k = 0; s->extreme > 0 && k < by->classes; k++)
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++)
            count += extremity(w, s, k, (double)w->t[by->order[i]]) >= 1;
    return count > 0 && count <= n / RGM_OUTLIERS_EXTREMES + 1;
}

static void score_one(work *w, const signal *s, int64_t number, int32_t k, const judgement *j) {
    const double t = (double)w->t[number];
    if (isnan(t)) return;
    double score = fmin(center(w, k, t, j->spread) / j->bound, (t - w->middle[k]) / s->least);
    score = fmin(score, 2 * (t - w->own[k]) / s->least); /* a whole class is no outlier */
    if (j->extremes) score = fmax(score, extremity(w, s, k, t));
    if (s->form == INVERSE) {
        if (t < s->least) score *= 0.5;
        if (fisher(opposite(&w->o->measures[number])) < w->fit[k]) score = fmin(score, 0.99);
    }
    if ((float)score <= w->score[number]) return;
    w->score[number] = (float)score;
    w->by[number] = (uint8_t)(s - signals);
}

/* Raises scores to what this signal gives. */
static void score_signal(work *w, const signal *s) {
    const rgm_by_class *by = w->o->by;
    if (s->form == INVERSE) take_fit(w);
    take_signal(w, s);
    int64_t n = sort_all(w), m = 0;
    if (n < RGM_OUTLIERS_LEAST) return;
    w->usual = rgm_ascending_quantile(w->sorted, n, 0.5);
    double spread = rgm_ascending_quantile(w->sorted, n, width_at(s)) - w->usual;
    take_classes(w, s, spread);
    for (int32_t k = 0; k < by->classes; k++)
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++) {
            double t = (double)w->t[by->order[i]];
            if (!isnan(t)) w->sorted[m++] = (float)center(w, k, t, spread);
        }
    rgm_ascending_sort(w->sorted, w->room, m);
    const judgement j = {.spread = spread,
                         .bound = fmax(gap_of(w->sorted, m, s->least, bound_of(w->sorted, m)), 1e-3),
                         .extremes = has_few_extremes(w, s, m)};
    for (int32_t k = 0; k < by->classes; k++)
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++) score_one(w, s, by->order[i], k, &j);
}

/* ---- candidates ---- */

/* The score above which an image is a candidate; of those that have it, *equal are. */
static float cut_of(work *w, int64_t *equal) {
    int64_t n = 0, above = 0;
    for (int64_t i = 0; i < w->o->count; i++)
        if (w->score[i] > 0) w->sorted[n++] = w->score[i];
    *equal = 0;
    if (n <= CANDIDATES) return 0;
    rgm_ascending_sort(w->sorted, w->room, n);
    float cut = w->sorted[n - CANDIDATES];
    if (cut >= 1) return nextafterf(1, 0);
    while (w->sorted[n - 1 - above] > cut) above++;
    *equal = CANDIDATES - above;
    return cut;
}

static candidate candidate_of(const work *w, int32_t k, int64_t number) {
    const signal *s = &signals[w->by[number]], *first = s;
    const rgm_measures *m = &w->o->measures[number];
    while (first > signals && first[-1].kind == s->kind) first--;
    double usual = w->middles[(s - first) * w->o->by->classes + k];
    return (candidate){number, (double)w->score[number], s->value(m),
                       s->form == INVERSE ? alike(m) : unform(w, s, usual), s->how};
}

static int compare(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->score > b->score || a->score < b->score) return a->score > b->score ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static rgm_status take_candidates(work *w, int32_t kind, rgm_error *err) {
    const rgm_by_class *by = w->o->by;
    int64_t equal, count = 0, n = 0;
    const float cut = cut_of(w, &equal);
    for (int64_t i = 0; i < w->o->count; i++) count += w->score[i] > cut;
    candidate *list = calloc((size_t)(count + equal) + 1, sizeof *list);
    w->list[kind - FIRST] = list;
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", count + equal);
    for (int32_t k = 0; k < by->classes; k++)
        for (int64_t i = by->first[k]; i < by->first[k + 1]; i++) {
            const int64_t number = by->order[i];
            const float score = w->score[number];
            if (score > cut || (score >= cut && score > 0 && equal-- > 0)) list[n++] = candidate_of(w, k, number);
            if ((kind == RGM_FIND_DARK || kind == RGM_FIND_BRIGHT) && score > w->shade[number])
                w->shade[number] = score;
            if (score >= 1) w->found[number] = (uint16_t)(w->found[number] | BIT(kind));
        }
    qsort(list, (size_t)n, sizeof *list, compare);
    w->listed[kind - FIRST] = n;
    return RGM_OK;
}

static rgm_status judge(work *w, int32_t kind, rgm_error *err) {
    const size_t all = sizeof signals / sizeof *signals;
    w->middle = w->middles;
    memset(w->score, 0, (size_t)w->o->count * sizeof *w->score);
    for (const signal *s = signals; s < signals + all; s++) {
        if (s->kind != kind) continue;
        if (rgm_stop_asked(&w->o->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped, as asked");
        score_signal(w, s);
        w->middle += w->o->by->classes;
    }
    return take_candidates(w, kind, err);
}

/* One colour is no outlier where most have one, and tells nothing of a single pixel. */
static rgm_status judge_constant(work *w, rgm_error *err) {
    int64_t count = 0, n = 0, looked = 0;
    for (int64_t i = 0; i < w->o->count; i++) {
        const rgm_measures *m = &w->o->measures[i];
        looked += m->looked;
        count += m->constant && (m->H > 1 || m->W > 1);
    }
    if (looked >= RGM_OUTLIERS_LEAST && 2 * count > looked) count = 0;
    candidate *list = calloc((size_t)count + 1, sizeof *list);
    w->list[0] = list;
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", count);
    for (int64_t i = 0; count && i < w->o->count; i++) {
        const rgm_measures *m = &w->o->measures[i];
        if (!m->constant || (m->H < 2 && m->W < 2)) continue;
        list[n++] = (candidate){i, 1, (double)m->brightness, NAN, 0};
        w->found[i] |= 1;
    }
    w->listed[0] = n;
    return RGM_OK;
}

/* ---- what is told ---- */

/* Of a dark image and one of little information, the larger score says what it is. */
static int32_t is_hidden(const work *w, int32_t kind, const candidate *c) {
    const double shade = (double)w->shade[c->number];
    if (kind == RGM_FIND_LOW_INFORMATION && shade >= 1 && shade >= c->score) return 1;
    return (w->found[c->number] & hidden_by[kind - FIRST]) != 0;
}

static rgm_status tell(work *w, int32_t kind, rgm_error *err) {
    rgm_ranking *to = &w->out->ranking[kind - FIRST];
    to->kind = kind;
    to->measure = measure_of[kind - FIRST];
    for (int64_t i = 0; i < w->listed[kind - FIRST]; i++) {
        const candidate *c = &w->list[kind - FIRST][i];
        rgm_ranked_image one = {.value = c->value, .score = c->score};
        if (is_hidden(w, kind, c)) continue;
        rgm_images_place(w->o->images, c->number, &one.split, &one.index);
        one.label = rgm_dataset_labels(rgm_images_set(w->o->images), one.split)[one.index];
        if (to->count < RGM_RANKED_MOST) to->list[to->count++] = one;
        if (c->score < 1) continue;
        rgm_finding f = rgm_finding_of(kind, one.split, one.index);
        f.score = c->score;
        f.value = c->value;
        f.usual = c->usual;
        f.how = c->how;
        RGM_TRY(rgm_findings_add(w->findings, &f, err));
    }
    return RGM_OK;
}

static void take_quantiles(work *w, double (*value)(const rgm_measures *), double to[RGM_QUANTILES]) {
    static const double share[RGM_QUANTILES] = {0, 0.05, 0.5, 0.95, 1};
    int64_t n = 0;
    for (int64_t i = 0; i < w->o->count; i++) {
        double v = w->o->measures[i].looked ? value(&w->o->measures[i]) : NAN;
        if (!isnan(v)) w->sorted[n++] = (float)v;
    }
    rgm_ascending_sort(w->sorted, w->room, n);
    for (int32_t i = 0; i < RGM_QUANTILES; i++) to[i] = n ? rgm_ascending_quantile(w->sorted, n, share[i]) : NAN;
}

static void take_all_quantiles(work *w) {
    static double (*const of[RGM_MEASURE_COUNT])(const rgm_measures *) = {
        [RGM_MEASURE_BRIGHTNESS] = brightness,   [RGM_MEASURE_CONTRAST] = contrast,
        [RGM_MEASURE_SOFTNESS] = softness,       [RGM_MEASURE_NOISE] = noise,
        [RGM_MEASURE_INFORMATION] = information, [RGM_MEASURE_LIKENESS] = likeness,
        [RGM_MEASURE_DISTANCE] = distance,
    };
    double sizes[RGM_QUANTILES];
    for (int32_t i = 0; i < RGM_MEASURE_COUNT; i++) take_quantiles(w, of[i], w->out->measure[i]);
    take_quantiles(w, height, w->out->height);
    take_quantiles(w, width, w->out->width);
    take_quantiles(w, aspect, w->out->aspect);
    take_quantiles(w, size, sizes);
    w->usual_size = sizes[RGM_MEDIAN];
    w->usual_aspect = w->out->aspect[RGM_MEDIAN];
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static rgm_status count_sizes(work *w, rgm_error *err) {
    int64_t n = 0;
    uint32_t *list = malloc((size_t)(w->o->count + 1) * sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for sizes of %" PRId64 " images", w->o->count);
    for (int64_t i = 0; i < w->o->count; i++)
        if (w->o->measures[i].looked) list[n++] = (uint32_t)w->o->measures[i].H << 16 | w->o->measures[i].W;
    qsort(list, (size_t)n, sizeof *list, by_size);
    for (int64_t i = 0; i < n; i++) w->out->sizes += !i || list[i] != list[i - 1];
    free(list);
    return RGM_OK;
}

static rgm_status find(work *w, rgm_error *err) {
    take_all_quantiles(w);
    RGM_TRY(count_sizes(w, err));
    RGM_TRY(judge_constant(w, err));
    for (int32_t kind = FIRST + 1; kind < FIRST + KINDS; kind++) RGM_TRY(judge(w, kind, err));
    for (int32_t kind = FIRST; kind < FIRST + KINDS; kind++) RGM_TRY(tell(w, kind, err));
    return RGM_OK;
}

static rgm_status take_memory(work *w, rgm_error *err) {
    const size_t count = (size_t)w->o->count, classes = (size_t)w->o->by->classes;
    w->t = calloc(count, sizeof *w->t);
    w->sorted = calloc(count, sizeof *w->sorted);
    w->room = calloc(count, sizeof *w->room);
    w->score = calloc(count, sizeof *w->score);
    w->by = calloc(count, sizeof *w->by);
    w->shade = calloc(count, sizeof *w->shade);
    w->found = calloc(count, sizeof *w->found);
    w->middles = calloc(classes * SIGNALS, sizeof *w->middles);
    w->spread = calloc(classes, sizeof *w->spread);
    w->fit = calloc(classes, sizeof *w->fit);
    w->own = calloc(classes, sizeof *w->own);
    if (w->t && w->sorted && w->room && w->score && w->by && w->shade && w->found && w->middles && w->spread &&
        w->fit && w->own)
        return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for outliers of %" PRId64 " images", w->o->count);
}

rgm_status rgm_outliers_find(const rgm_outliers *o, rgm_findings *findings, rgm_statistics *out, rgm_error *err) {
    work w = {.o = o, .findings = findings, .out = out};
    rgm_status status = take_memory(&w, err);
    if (status >= 0) status = find(&w, err);
    for (int32_t kind = 0; kind < KINDS; kind++) free(w.list[kind]);
    free(w.t);
    free(w.sorted);
    free(w.room);
    free(w.score);
    free(w.by);
    free(w.shade);
    free(w.found);
    free(w.middles);
    free(w.spread);
    free(w.fit);
    free(w.own);
    return status;
}
