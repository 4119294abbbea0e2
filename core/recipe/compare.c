#include "recipe/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "recipe/distributions.h"
#include "report/interval.h"

#define Z95     1.959963984540054 /* the normal distribution's 97.5 % quantile */
#define POWER80 0.841621233572914 /* its 80 % quantile */
enum { MOST_SEEDS = 100000 };

enum { RIGHT = 0, LOSS = 1 }; /* what is measured of a reply */

static double measure(const rgm_reply *reply, int32_t what) {
    return what == RIGHT ? (double)(reply->right != 0) : (double)reply->loss;
}

/* ---- what is seen, of some of the images ---- */

/* All images, those of a class together. */
typedef struct order {
    int64_t *images; /* [images] their numbers */
    int64_t *first;  /* [classes + 1] where each class begins */
} order;

/* Images, as a list of their numbers. */
typedef struct group {
    const int64_t *images; /* NULL: 0 to count - 1 */
    int64_t count;
} group;

typedef struct seen {
    double n;               /* images */
    double runs[RGM_SIDES]; /* of each side */
    double mean[RGM_SIDES];
    double image_variance[RGM_SIDES]; /* of an image's mean over the runs, between images */
    double paired_variance;           /* of the difference of these means */
    double flips[RGM_SIDES];          /* variance of an image between runs, mean of the images; NaN: one run */
    double run_variance[RGM_SIDES];   /* of a run's mean; NaN: one run */
    double square;                    /* mean square of the difference: of single runs, the images that differ */
} seen;

/* Welford's way: mean and sum of squares about it. */
typedef struct moments {
    double n, mean, squares;
} moments;

static void add(moments *m, double x) {
    double away = x - m->mean;
    m->n++;
    m->mean += away / m->n;
    m->squares += away * (x - m->mean);
}

static double variance(const moments *m) { return m->n > 1 ? m->squares / (m->n - 1) : (double)NAN; }

static int64_t image_of(const group *g, int64_t i) { return g->images ? g->images[i] : i; }

static void see_runs(const rgm_replies *r, const group *g, int32_t what, seen *s) {
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        moments runs = {0};
        for (int32_t run = 0; run < r->runs[side]; run++) {
            double sum = 0;
            for (int64_t i = 0; i < g->count; i++) sum += measure(&r->list[side][run][image_of(g, i)], what);
            add(&runs, sum / s->n);
        }
        s->mean[side] = runs.mean;
        s->run_variance[side] = variance(&runs);
    }
}

static moments see_image(const rgm_replies *r, int32_t side, int64_t image, int32_t what) {
    moments m = {0};
    for (int32_t run = 0; run < r->runs[side]; run++) add(&m, measure(&r->list[side][run][image], what));
    return m;
}

static seen see(const rgm_replies *r, const group *g, int32_t what) {
    seen s = {.n = (double)g->count, .runs = {(double)r->runs[0], (double)r->runs[1]}};
    moments paired = {0}, of[RGM_SIDES] = {{0, 0, 0}, {0, 0, 0}};
    see_runs(r, g, what, &s);
    for (int64_t i = 0; i < g->count; i++) {
        double mean[RGM_SIDES];
        for (int32_t side = 0; side < RGM_SIDES; side++) {
            moments m = see_image(r, side, image_of(g, i), what);
            mean[side] = m.mean;
            add(&of[side], m.mean);
            s.flips[side] += variance(&m) / s.n;
        }
        add(&paired, mean[RGM_SIDE_B] - mean[RGM_SIDE_A]);
    }
    for (int32_t side = 0; side < RGM_SIDES; side++) s.image_variance[side] = variance(&of[side]);
    /* One image more that differs: without it a few images that all agree would leave no doubt (as the half a count in
     * each cell of Agresti and Min, "Simple improved confidence intervals for comparing matched proportions", 2005). */
    double more = what == RIGHT ? 1 : 0;
    s.paired_variance = s.n > 1 ? (paired.squares + more) / (s.n - 1 + more) : (double)INFINITY;
    s.square = paired.squares / s.n + (what == RIGHT ? paired.mean * paired.mean : 0);
    return s;
}

/* ---- intervals ---- */

/* The deviation of a difference from one cause. */
typedef struct cause {
    double variance, freedom;
} cause;

static double half_width(const cause *c) {
    if (c->variance <= 0) return 0;
    return -rgm_student_quantile(0.025, c->freedom) * sqrt(c->variance);
}

static double squared(double x) { return x * x; }

static double per_run(const seen *s) { return 1 / s->runs[0] + 1 / s->runs[1]; }

/* Of a difference, if images flip independently from run to run. Two single runs of equal recipes differ in twice the
 * variance of an image. */
static double of_flips(const seen *s) {
    double a = s->flips[0], b = s->flips[1];
    if (isnan(a) && isnan(b)) return s->square / s->n;
    a = isnan(a) ? b : a;
    b = isnan(b) ? a : b;
    return (a / s->runs[0] + b / s->runs[1]) / s->n;
}

/* What is assumed of single runs: their variance over that of independent flips. */
typedef struct assumption {
    double excess, freedom;
} assumption;

/* Runs that learnt other things about whole classes gain in some and lose in others: how far apart the classes' gains
 * are shows flips that are not independent. That gains and losses cancel is not counted on. */
static assumption assume(const rgm_replies *r, const order *o, int32_t what, const seen *s) {
    double squares = 0, present = 0, mean = s->mean[RGM_SIDE_B] - s->mean[RGM_SIDE_A];
    assumption a = {RGM_COMPARE_ALLOWANCE, (double)INFINITY};
    for (int32_t c = 0; c < r->classes; c++) {
        double away = 0;
        for (int64_t i = o->first[c]; i < o->first[c + 1]; i++)
            away += measure(&r->list[RGM_SIDE_B][0][o->images[i]], what) -
                    measure(&r->list[RGM_SIDE_A][0][o->images[i]], what) - mean;
        squares += away * away;
        present += o->first[c + 1] > o->first[c];
    }
    double by_class = present > 1 ? squares * present / (present - 1) / squared(s->n) : 0, flips = of_flips(s);
    if (by_class <= a.excess * flips) return a;
    return (assumption){by_class / flips, present - 1};
}

/* Welch, "The generalization of 'Student's' problem when several different population variances are involved",
 * Biometrika 34, 1947; degrees of freedom: Satterthwaite, Biometrics 2, 1946. A single run has the other side's. */
static cause of_seeds(const seen *s, const assumption *single) {
    double a = s->run_variance[0], b = s->run_variance[1], flips = of_flips(s);
    cause c;
    if (isnan(a) && isnan(b)) return (cause){single->excess * flips, single->freedom};
    if (isnan(a) || isnan(b)) {
        int32_t known = isnan(a);
        c = (cause){s->run_variance[known] * per_run(s), s->runs[known] - 1};
    } else {
        double x = a / s->runs[0], y = b / s->runs[1];
        c.variance = x + y;
        c.freedom = squared(x + y) / (x * x / (s->runs[0] - 1) + y * y / (s->runs[1] - 1));
        if (x + y <= 0) c.freedom = s->runs[0] + s->runs[1] - 2;
    }
    c.variance = fmax(c.variance, flips);
    return c;
}

static double score_end(double p, double n, double sign) {
    double half = Z95 * sqrt(p * (1 - p) / n + Z95 * Z95 / (4 * n * n));
    return (p + Z95 * Z95 / (2 * n) + sign * half) / (1 + Z95 * Z95 / n);
}

void rgm_newcombe(const rgm_paired *c, double *low, double *high) {
    double e = (double)c->both, f = (double)c->only_b, g = (double)c->only_a, h = (double)c->none;
    double n = e + f + g + h, b = (e + f) / n, a = (e + g) / n;
    double below_b = b - score_end(b, n, -1), above_b = score_end(b, n, 1) - b;
    double below_a = a - score_end(a, n, -1), above_a = score_end(a, n, 1) - a;
    double product = (e + f) * (g + h) * (e + g) * (f + h), phi = e * h - f * g;
    phi = phi > 0 ? fmax(phi - n / 2, 0) : phi;
    phi = product > 0 ? phi / sqrt(product) : 0;
    *low = b - a - sqrt(squared(below_b) - 2 * phi * below_b * above_a + squared(above_a));
    *high = b - a + sqrt(squared(above_b) - 2 * phi * above_b * below_a + squared(below_a));
}

static void sample_interval(const rgm_replies *r, const seen *s, int32_t what, rgm_effect *e) {
    if (what == RIGHT && r->runs[0] == 1 && r->runs[1] == 1) {
        rgm_paired counts = {0};
        for (int64_t i = 0; i < r->images; i++) {
            int32_t a = r->list[0][0][i].right, b = r->list[1][0][i].right;
            *(a && b ? &counts.both : a ? &counts.only_a : b ? &counts.only_b : &counts.none) += 1;
        }
        rgm_newcombe(&counts, &e->sample_low, &e->sample_high);
        return;
    }
    double half = half_width(&(cause){s->paired_variance / s->n, s->n - 1});
    e->sample_low = e->difference - half;
    e->sample_high = e->difference + half;
}

/* Each side by itself: over images, and over seeds where there are several. */
static void side_intervals(const rgm_replies *r, const seen *s, int32_t what, rgm_effect *e) {
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        double mean = s->mean[side], low, high, seeds = 0;
        e->mean[side] = mean;
        e->spread[side] = sqrt(s->run_variance[side]);
        if (what == RIGHT) {
            rgm_interval_wilson((int64_t)llround(mean * s->n), r->images, &low, &high);
        } else {
            double half = half_width(&(cause){s->image_variance[side] / s->n, s->n - 1});
            low = mean - half;
            high = mean + half;
        }
        if (r->runs[side] > 1) seeds = half_width(&(cause){s->run_variance[side] / s->runs[side], s->runs[side] - 1});
        e->low[side] = mean - sqrt(squared(mean - low) + squared(seeds));
        e->high[side] = mean + sqrt(squared(high - mean) + squared(seeds));
        if (what == RIGHT) e->low[side] = fmax(e->low[side], 0);
        if (what == RIGHT) e->high[side] = fmin(e->high[side], 1);
    }
}

/* Of no difference: over both causes, with the degrees of freedom of their sum (Satterthwaite). */
static double p_of(double difference, const cause *x, const cause *y) {
    double sum = x->variance + y->variance;
    double freedom = squared(sum) / (squared(x->variance) / x->freedom + squared(y->variance) / y->freedom);
    if (isinf(sum)) return 1;
    if (sum <= 0) return difference == 0 ? 1 : 0;
    return 2 * rgm_student_below(-fabs(difference) / sqrt(sum), freedom);
}

/* ---- how many seeds ---- */

/* What does not shrink with more seeds, and what a run of each side adds. */
typedef struct prospect {
    double difference, images, lasting, flips, seeds;
} prospect;

/* 1 if n seeds a side show the difference in 80 of 100 cases. */
static int32_t suffices(const prospect *p, double n) {
    double sample = Z95 * sqrt(p->lasting + p->flips / n);
    double seeds = -rgm_student_quantile(0.025, 2 * n - 2) * sqrt(p->seeds / n);
    double chance = sqrt(p->lasting + fmax(p->flips, p->seeds) / n);
    return p->difference >= sqrt(sample * sample + seeds * seeds) + POWER80 * chance;
}

static int64_t seeds_needed(const seen *s, double difference, const cause *seeds) {
    double flips = of_flips(s), each = 2 / per_run(s);
    prospect p = {.difference = fabs(difference),
                  .lasting = fmax(0, s->paired_variance / s->n - flips),
                  .flips = flips * each,
                  .seeds = seeds->variance * each};
    int64_t low = 1, high = 2;
    if (difference == 0 || isnan(difference)) return RGM_SEEDS_UNKNOWN;
    if (isinf(p.lasting)) return RGM_SEEDS_NEVER;
    while (high <= MOST_SEEDS && !suffices(&p, (double)high)) {
        low = high;
        high *= 2;
    }
    if (high > MOST_SEEDS) return RGM_SEEDS_NEVER;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (suffices(&p, (double)middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* ---- effects ---- */

static void nothing_known(rgm_effect *e, const seen *s) {
    const double none = (double)NAN;
    *e = (rgm_effect){.mean = {s->mean[0], s->mean[1]},
                      .low = {none, none},
                      .high = {none, none},
                      .spread = {none, none},
                      .difference = none,
                      .sample_low = none,
                      .sample_high = none,
                      .seed_low = none,
                      .seed_high = none,
                      .both_low = none,
                      .both_high = none,
                      .p = none};
}

static void find_effect(const rgm_replies *r, int32_t what, const seen *s, const assumption *single, rgm_effect *e) {
    const cause seeds = of_seeds(s, single), sample = {s->paired_variance / s->n, s->n - 1};
    double half = half_width(&seeds);
    *e = (rgm_effect){.difference = s->mean[RGM_SIDE_B] - s->mean[RGM_SIDE_A]};
    if (!isfinite(e->difference)) {
        nothing_known(e, s);
        return;
    }
    sample_interval(r, s, what, e);
    side_intervals(r, s, what, e);
    e->seed_low = e->difference - half;
    e->seed_high = e->difference + half;
    e->both_low = e->difference - sqrt(squared(e->difference - e->sample_low) + half * half);
    e->both_high = e->difference + sqrt(squared(e->sample_high - e->difference) + half * half);
    e->resolved = e->both_low > 0 || e->both_high < 0;
    e->p = p_of(e->difference, &sample, &seeds);
    e->seeds_needed = seeds_needed(s, e->difference, &seeds);
}

/* ---- classes ---- */

static void find_class(const rgm_replies *r, const group *g, const assumption *single, rgm_class_change *c) {
    *c = (rgm_class_change){.images = g->count, .p = (double)NAN};
    if (!g->count) return;
    const seen s = see(r, g, RIGHT);
    const cause seeds = of_seeds(&s, single), sample = {s.paired_variance / s.n, s.n - 1};
    double half = sqrt(squared(half_width(&sample)) + squared(half_width(&seeds)));
    c->mean[0] = s.mean[0];
    c->mean[1] = s.mean[1];
    c->difference = s.mean[RGM_SIDE_B] - s.mean[RGM_SIDE_A];
    c->low = fmax(c->difference - half, -1);
    c->high = fmin(c->difference + half, 1);
    c->p = p_of(c->difference, &sample, &seeds);
}

static void correct(rgm_comparison *out, rgm_tested *tests) {
    int32_t count = 0;
    for (int32_t c = 0; c < out->classes; c++)
        if (!isnan(out->class_changes[c].p)) tests[count++] = (rgm_tested){out->class_changes[c].p, c};
    rgm_holm(tests, count);
    for (int32_t i = 0; i < count; i++) out->class_changes[tests[i].number].p = tests[i].p;
}

static rgm_status find_classes(const rgm_replies *r, const order *o, const assumption *single, rgm_comparison *out,
                               rgm_error *err) {
    rgm_tested *tests = malloc((size_t)r->classes * sizeof *tests);
    out->class_changes = calloc((size_t)r->classes, sizeof *out->class_changes);
    rgm_status status = RGM_OK;
    if (tests && out->class_changes) {
        for (int32_t c = 0; c < r->classes; c++)
            find_class(r, &(group){o->images + o->first[c], o->first[c + 1] - o->first[c]}, single,
                       &out->class_changes[c]);
        correct(out, tests);
    } else {
        status = rgm_fail(err, RGM_E_NOMEM, "compare: no memory for %" PRId32 " classes", r->classes);
    }
    free(tests);
    return status;
}

static rgm_status find_effects(const rgm_replies *r, const order *o, rgm_comparison *out, rgm_error *err) {
    const group all = {NULL, r->images};
    const seen right = see(r, &all, RIGHT), loss = see(r, &all, LOSS);
    const assumption of_right = assume(r, o, RIGHT, &right), of_loss = assume(r, o, LOSS, &loss);
    find_effect(r, RIGHT, &right, &of_right, &out->accuracy);
    find_effect(r, LOSS, &loss, &of_loss, &out->loss);
    return find_classes(r, o, &of_right, out, err);
}

/* ---- images that changed ---- */

static int32_t runs_right(const rgm_replies *r, int32_t side, int64_t image) {
    int32_t right = 0;
    for (int32_t run = 0; run < r->runs[side]; run++) right += r->list[side][run][image].right != 0;
    return right;
}

/* The class that most runs take it for; of equals that of the first run. */
static int32_t predicted(const rgm_replies *r, int32_t side, int64_t image) {
    int32_t best = -1, most = 0;
    for (int32_t run = 0; run < r->runs[side]; run++) {
        int32_t votes = 0;
        for (int32_t other = 0; other < r->runs[side]; other++)
            votes += r->list[side][other][image].predicted == r->list[side][run][image].predicted;
        if (votes <= most) continue;
        most = votes;
        best = r->list[side][run][image].predicted;
    }
    return best;
}

static rgm_changed describe(const rgm_replies *r, int64_t image) {
    rgm_changed c = {.index = image, .label = r->labels[image]};
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        c.predicted[side] = predicted(r, side, image);
        c.right[side] = runs_right(r, side, image);
        for (int32_t run = 0; run < r->runs[side]; run++)
            c.probability[side] += (double)r->list[side][run][image].probability / r->runs[side];
    }
    return c;
}

static double change_of(const rgm_changed *c) { return fabs(c->probability[RGM_SIDE_B] - c->probability[RGM_SIDE_A]); }

/* Into the list, sorted, of equals the earlier image first. */
static void insert(rgm_changes *to, const rgm_changed *c) {
    int32_t at = to->kept < RGM_CHANGED_MOST ? to->kept++ : RGM_CHANGED_MOST - 1;
    to->total++;
    if (at == RGM_CHANGED_MOST - 1 && to->total > RGM_CHANGED_MOST && change_of(&to->list[at]) >= change_of(c)) return;
    for (; at > 0 && change_of(&to->list[at - 1]) < change_of(c); at--) to->list[at] = to->list[at - 1];
    to->list[at] = *c;
}

static void find_changed(const rgm_replies *r, rgm_comparison *out) {
    for (int64_t i = 0; i < r->images; i++) {
        int32_t a = 2 * runs_right(r, RGM_SIDE_A, i), b = 2 * runs_right(r, RGM_SIDE_B, i);
        int32_t most_a = a > r->runs[RGM_SIDE_A], most_b = b > r->runs[RGM_SIDE_B];
        int32_t few_a = a < r->runs[RGM_SIDE_A], few_b = b < r->runs[RGM_SIDE_B];
        if (!(most_a && few_b) && !(few_a && most_b)) continue;
        const rgm_changed c = describe(r, i);
        insert(most_b ? &out->gained : &out->lost, &c);
    }
    out->only[RGM_SIDE_A] = out->lost.total;
    out->only[RGM_SIDE_B] = out->gained.total;
    out->mcnemar_p = rgm_mcnemar_mid_p(out->lost.total, out->gained.total);
}

static int64_t count_bad(const rgm_replies *r) {
    int64_t bad = 0;
    for (int32_t side = 0; side < RGM_SIDES; side++)
        for (int32_t run = 0; run < r->runs[side]; run++)
            for (int64_t i = 0; i < r->images; i++) bad += !isfinite(r->list[side][run][i].loss);
    return bad;
}

/* ---- all of it ---- */

/* Sorts by counting; within a class in the order of numbers. */
static void sort_images(const rgm_replies *r, const order *o) {
    int64_t *end = o->first + 1; /* of each class, moved down to its beginning */
    for (int64_t i = 0; i < r->images; i++) end[r->labels[i]]++;
    for (int32_t c = 1; c < r->classes; c++) end[c] += end[c - 1];
    for (int64_t i = r->images - 1; i >= 0; i--) o->images[--end[r->labels[i]]] = i;
    for (int32_t c = 0; c < r->classes; c++) o->first[c] = end[c];
    o->first[r->classes] = r->images;
}

rgm_status rgm_compare(const rgm_replies *r, rgm_comparison *out, rgm_error *err) {
    order o = {.images = malloc((size_t)r->images * sizeof *o.images),
               .first = calloc((size_t)r->classes + 1, sizeof *o.first)};
    rgm_status status = RGM_OK;
    out->images = r->images;
    out->classes = r->classes;
    out->assumed = r->runs[0] == 1 && r->runs[1] == 1;
    out->losses_bad = count_bad(r);
    find_changed(r, out);
    if (o.images && o.first) {
        sort_images(r, &o);
        status = find_effects(r, &o, out, err);
    } else {
        status = rgm_fail(err, RGM_E_NOMEM, "compare: no memory for %" PRId64 " images", r->images);
    }
    free(o.images);
    free(o.first);
    return status;
}
