/* Comparisons: distributions against tables, tests against cases by hand, and how often differences are called resolved
 * that are there, and that are not. Not the command (cli/compare.sh), nor `regimen bench compare` (check_compare.sh).
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/compare.h"
#include "recipe/distributions.h"

#define NEAR(found, expected, by)                                                                                      \
    ck_assert_msg(fabs((found) - (expected)) <= (by), "%.12g, expected %.12g", (double)(found), (double)(expected))

/* ---- distributions ---- */

START_TEST(student_as_in_tables) {
    static const struct {
        double p, freedom, t;
    } rows[] = {{0.975, 1, 12.706204736},  {0.975, 2, 4.302652730},  {0.975, 3, 3.182446305},
                {0.975, 5, 2.570581836},   {0.975, 10, 2.228138852}, {0.975, 30, 2.042272456},
                {0.975, 120, 1.979930405}, {0.995, 5, 4.032142984},  {0.95, 10, 1.812461123},
                {0.80, 1, 1.376381920},    {0.90, 4, 1.533206274},   {0.999, 2, 22.327124770}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NEAR(rgm_student_quantile(rows[i].p, rows[i].freedom), rows[i].t, 1e-6);
        NEAR(rgm_student_quantile(1 - rows[i].p, rows[i].freedom), -rows[i].t, 1e-6);
        NEAR(rgm_student_below(rows[i].t, rows[i].freedom), rows[i].p, 1e-9);
    }
    NEAR(rgm_student_quantile(0.975, (double)INFINITY), 1.959963985, 1e-8);
    NEAR(rgm_student_quantile(0.975, 1e7), 1.959964, 1e-6);
    NEAR(rgm_student_quantile(0.5, 3), 0, 0);
    NEAR(rgm_student_below(1 / sqrt(3), 1), 2.0 / 3, 1e-12); /* Cauchy's distribution */
    NEAR(rgm_student_below(sqrt(2), 2), 0.5 + sqrt(2) / (2 * sqrt(4)), 1e-12);
    NEAR(rgm_student_below(rgm_student_quantile(0.01, 2.7), 2.7), 0.01, 1e-12);
}
END_TEST

START_TEST(beta_as_in_closed_forms) {
    for (int32_t i = 0; i <= 20; i++) {
        double x = i / 20.0;
        NEAR(rgm_beta_incomplete(2, 3, x), x * x * (6 - 8 * x + 3 * x * x), 1e-13);
        NEAR(rgm_beta_incomplete(1, 7.5, x), 1 - pow(1 - x, 7.5), 1e-13);
        NEAR(rgm_beta_incomplete(3.25, 1, x), pow(x, 3.25), 1e-13);
        NEAR(rgm_beta_incomplete(0.5, 0.5, x), 2 / M_PI * asin(sqrt(x)), 1e-12);
        NEAR(rgm_beta_incomplete(40, 60, x) + rgm_beta_incomplete(60, 40, 1 - x), 1, 1e-12);
    }
    NEAR(rgm_beta_incomplete(10, 11, 0.5), 0.588098526, 1e-9); /* ten or more heads of twenty */
    NEAR(rgm_beta_incomplete(5e5, 5e5, 0.5), 0.5, 1e-9);
}
END_TEST

START_TEST(mcnemar_by_hand) {
    NEAR(rgm_mcnemar_mid_p(0, 0), 1, 0);
    NEAR(rgm_mcnemar_mid_p(4, 4), 1, 0);
    NEAR(rgm_mcnemar_mid_p(0, 3), 0.125, 1e-12);        /* 1 / 8 */
    NEAR(rgm_mcnemar_mid_p(1, 5), 0.125, 1e-12);        /* (2 + 6) / 64 */
    NEAR(rgm_mcnemar_mid_p(8, 2), 0.0654296875, 1e-12); /* (2 * 11 + 45) / 1024 */
    NEAR(rgm_mcnemar_mid_p(12, 30), 0.005401572654591, 1e-12);
    NEAR(rgm_mcnemar_mid_p(291, 407), 1.0967372490e-05, 1e-13);
    ck_assert(rgm_mcnemar_mid_p(0, 5000) >= 0 && rgm_mcnemar_mid_p(0, 5000) < 1e-300);
    NEAR(rgm_mcnemar_mid_p(500000, 500001), 1, 2e-3);
}
END_TEST

/* Newcombe 1998, the table with 36, 12, 2, 0; Bentur et al. 2009 as Fagerland, Lydersen and Laake have it. */
START_TEST(newcombe_as_published) {
    double low, high;
    rgm_newcombe(&(rgm_paired){.both = 36, .only_b = 12, .only_a = 2, .none = 0}, &low, &high);
    NEAR(low, 0.0569, 5e-5);
    NEAR(high, 0.3404, 5e-5);
    rgm_newcombe(&(rgm_paired){.both = 1, .only_b = 1, .only_a = 7, .none = 12}, &low, &high);
    NEAR(low, -0.507, 5e-4);
    NEAR(high, -0.026, 5e-4);
    rgm_newcombe(&(rgm_paired){.both = 5}, &low, &high);
    NEAR(low, -high, 1e-12);
    ck_assert(high > 0.4 && high < 1);
}
END_TEST

START_TEST(holm_by_hand) {
    rgm_tested tests[] = {{0.04, 0}, {0.01, 1}, {0.03, 2}, {0.005, 3}};
    rgm_holm(tests, 4);
    static const int32_t order[] = {3, 1, 2, 0};
    static const double p[] = {0.02, 0.03, 0.06, 0.06};
    for (int32_t i = 0; i < 4; i++) {
        ck_assert_int_eq(tests[i].number, order[i]);
        NEAR(tests[i].p, p[i], 1e-15);
    }
    rgm_holm(tests, 0);
}
END_TEST

/* ---- simulated runs ---- */

enum { CLASSES = 10, RUNS = 10 };

typedef struct world {
    uint64_t state;
    int64_t images;
    double *ease;    /* [images] of an image, as a logit */
    int32_t *labels; /* [images] */
    rgm_reply *room; /* [2 * RUNS][images] */
    const rgm_reply *list[RGM_SIDES][RUNS];
    rgm_comparison out;
} world;

static double uniform(world *w) {
    uint64_t z = w->state += 0x9e3779b97f4a7c15u; /* SplitMix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(world *w) { return sqrt(-2 * log(uniform(w))) * cos(2 * M_PI * uniform(w)); }

static world *world_of(int64_t images, uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->state = seed;
    w->images = images;
    w->ease = malloc((size_t)images * sizeof *w->ease);
    w->labels = malloc((size_t)images * sizeof *w->labels);
    w->room = calloc((size_t)images * 2 * RUNS, sizeof *w->room);
    for (int32_t k = 0; k < 2 * RUNS; k++) w->list[k / RUNS][k % RUNS] = w->room + k * images;
    return w;
}

static void world_free(world *w) {
    rgm_comparison_free(&w->out);
    free(w->ease);
    free(w->labels);
    free(w->room);
    free(w);
}

/* New images: most are easy, some are not. */
static void draw_images(world *w) {
    for (int64_t i = 0; i < w->images; i++) {
        w->ease[i] = 4 + 3 * normal(w);
        w->labels[i] = (int32_t)(i % CLASSES);
    }
}

/* A run of a recipe that is better by so many logits; runs spread by `spread` as a whole, and by three times that in
 * each class. */
static void draw_run(world *w, rgm_reply *to, double better, double spread) {
    double of_class[CLASSES], whole = better + spread * normal(w);
    for (int32_t c = 0; c < CLASSES; c++) of_class[c] = 3 * spread * normal(w);
    for (int64_t i = 0; i < w->images; i++) {
        double p = 1 / (1 + exp(-(w->ease[i] + whole + of_class[w->labels[i]])));
        int32_t right = uniform(w) < p;
        float given = (float)(right ? 0.5 + p / 2 : p / 2);
        to[i] = (rgm_reply){.loss = -logf(fmaxf(given, 1e-30f)),
                            .probability = given,
                            .predicted = right ? w->labels[i] : (w->labels[i] + 1) % CLASSES,
                            .right = right};
    }
}

static void draw_sides(world *w, int32_t runs, double better, double spread) {
    draw_images(w);
    for (int32_t run = 0; run < runs; run++) {
        draw_run(w, w->room + run * w->images, 0, spread);
        draw_run(w, w->room + (RUNS + run) * w->images, better, spread);
    }
}

static const rgm_comparison *compare(world *w, int32_t a, int32_t b) {
    rgm_error err = {0};
    const rgm_replies replies = {
        .images = w->images, .classes = CLASSES, .labels = w->labels, .runs = {a, b}, .list = {w->list[0], w->list[1]}};
    rgm_comparison_free(&w->out);
    ck_assert_msg(rgm_compare(&replies, &w->out, &err) == RGM_OK, "%s", err.text);
    return &w->out;
}

enum { PAIRS = 400 };
static const struct {
    int32_t runs;
    double spread;
} equals[] = {{1, 0}, {1, 0.05}, {2, 0}, {2, 0.05}, {3, 0.05}, {5, 0}, {5, 0.05}, {5, 0.2}, {10, 0.05}};

START_TEST(equal_recipes_are_seldom_resolved) {
    world *w = world_of(1200, 77 + (uint64_t)_i);
    int32_t accuracy = 0, loss = 0, classes = 0;
    for (int32_t pair = 0; pair < PAIRS; pair++) {
        draw_sides(w, equals[_i].runs, 0, equals[_i].spread);
        const rgm_comparison *c = compare(w, equals[_i].runs, equals[_i].runs);
        int32_t any = 0;
        accuracy += c->accuracy.resolved;
        loss += c->loss.resolved;
        for (int32_t k = 0; k < CLASSES; k++) any |= c->class_changes[k].p < 0.05;
        classes += any;
    }
    printf("%d runs, spread %.2f: %d, %d, %d of %d\n", equals[_i].runs, equals[_i].spread, accuracy, loss, classes,
           PAIRS);
    world_free(w);
    ck_assert_int_le(accuracy, PAIRS / 20);
    ck_assert_int_le(loss, PAIRS / 20);
    ck_assert_int_le(classes, PAIRS / 10);
}
END_TEST

/* 0.175 logits are a point here. */
START_TEST(one_point_is_resolved_with_five_seeds) {
    enum { TRIES = 60 };
    world *w = world_of(10000, 5);
    int32_t resolved = 0, wrong = 0;
    double sum = 0;
    for (int32_t i = 0; i < TRIES; i++) {
        draw_sides(w, 5, 0.175, 0.02);
        const rgm_comparison *c = compare(w, 5, 5);
        resolved += c->accuracy.resolved;
        wrong += c->accuracy.resolved && c->accuracy.difference < 0;
        sum += c->accuracy.difference;
    }
    printf("a mean difference of %.2f points: %d of %d\n", 100 * sum / TRIES, resolved, TRIES);
    world_free(w);
    ck_assert(fabs(sum / TRIES - 0.01) < 0.001);
    ck_assert_int_ge(resolved, TRIES * 9 / 10);
    ck_assert_int_eq(wrong, 0);
}
END_TEST

/* Of the number of seeds that is asked for, about 80 of 100 comparisons are resolved. */
START_TEST(the_seeds_needed_are_enough) {
    enum { TRIES = 60 };
    world *w = world_of(4000, 9);
    int64_t sum = 0;
    int32_t told = 0, resolved = 0;
    for (int32_t i = 0; i < TRIES; i++) {
        draw_sides(w, 10, 0.175, 0.03);
        const rgm_comparison *c = compare(w, 10, 10);
        if (c->accuracy.seeds_needed < 1) continue;
        sum += c->accuracy.seeds_needed;
        told++;
    }
    ck_assert_int_gt(told, TRIES / 2);
    int32_t needed = (int32_t)(sum / told);
    ck_assert_int_ge(needed, 2);
    if (needed > RUNS) needed = RUNS;
    for (int32_t i = 0; i < TRIES; i++) {
        draw_sides(w, needed, 0.175, 0.03);
        resolved += compare(w, needed, needed)->accuracy.resolved;
    }
    printf("%d seeds: %d of %d\n", needed, resolved, TRIES);
    world_free(w);
    ck_assert_int_ge(resolved, TRIES * 6 / 10);
}
END_TEST

/* ---- odd input ---- */

static void fill(world *w, int32_t runs, const int32_t *right) {
    for (int32_t k = 0; k < 2 * RUNS; k++)
        for (int64_t i = 0; i < w->images; i++) {
            int32_t yes = right[k / RUNS];
            w->labels[i] = 0;
            w->room[k * w->images + i] = (rgm_reply){
                .loss = yes ? 0.1f : 2.5f, .probability = yes ? 0.9f : 0.08f, .predicted = yes ? 0 : -1, .right = yes};
        }
    (void)runs;
}

static void check_finite(const rgm_comparison *c) {
    ck_assert(isfinite(c->accuracy.difference) && isfinite(c->loss.difference) && isfinite(c->mcnemar_p));
    ck_assert(c->accuracy.both_low <= c->accuracy.difference && c->accuracy.both_high >= c->accuracy.difference);
    ck_assert(!isnan(c->accuracy.p) && c->accuracy.p >= 0 && c->accuracy.p <= 1);
    for (int32_t k = 1; k < CLASSES; k++) ck_assert(isnan(c->class_changes[k].p) && !c->class_changes[k].images);
}

START_TEST(a_single_image) {
    static const int32_t right[] = {0, 1};
    world *w = world_of(1, 1);
    fill(w, 1, right);
    for (int32_t runs = 1; runs <= 3; runs++) {
        const rgm_comparison *c = compare(w, runs, runs);
        check_finite(c);
        NEAR(c->accuracy.difference, 1, 0);
        ck_assert_int_eq(c->accuracy.resolved, 0);
        ck_assert_int_eq(c->loss.resolved, 0);
        ck_assert_int_eq(c->gained.total, 1);
        ck_assert_int_eq(c->gained.list[0].predicted[RGM_SIDE_A], -1);
    }
    world_free(w);
}
END_TEST

/* All right, all wrong; equal sides have no difference, and no seeds would find one. */
START_TEST(all_images_are_the_same) {
    world *w = world_of(50, 1);
    for (int32_t a = 0; a < 2; a++)
        for (int32_t b = 0; b < 2; b++)
            for (int32_t runs = 1; runs <= 3; runs++) {
                const int32_t right[] = {a, b};
                fill(w, runs, right);
                const rgm_comparison *c = compare(w, runs, runs);
                check_finite(c);
                NEAR(c->accuracy.difference, b - a, 1e-12);
                ck_assert_int_eq(c->gained.total, a < b ? 50 : 0);
                ck_assert_int_eq(c->lost.total, a > b ? 50 : 0);
                if (a == b) {
                    ck_assert_int_eq(c->accuracy.resolved, 0);
                    ck_assert_int_eq(c->accuracy.seeds_needed, RGM_SEEDS_UNKNOWN);
                    NEAR(c->mcnemar_p, 1, 0);
                }
            }
    world_free(w);
}
END_TEST

START_TEST(losses_that_are_not_finite) {
    static const float bad[] = {NAN, INFINITY};
    world *w = world_of(500, 3);
    for (int32_t k = 0; k < 2; k++) {
        draw_sides(w, 3, 0, 0);
        w->room[17].loss = bad[k];
        const rgm_comparison *c = compare(w, 3, 3);
        ck_assert_int_eq(c->losses_bad, 1);
        ck_assert(isnan(c->loss.difference) && isnan(c->loss.both_low) && !c->loss.resolved);
        ck_assert(isfinite(c->accuracy.difference) && isfinite(c->accuracy.both_low));
        ck_assert_int_eq(c->loss.seeds_needed, RGM_SEEDS_UNKNOWN);
    }
    world_free(w);
}
END_TEST

START_TEST(sides_of_unequal_numbers) {
    world *w = world_of(1000, 4);
    draw_sides(w, 5, 0, 0.02);
    for (int32_t b = 1; b <= 5; b++) {
        const rgm_comparison *there = compare(w, 5, b);
        ck_assert(there->accuracy.seed_high > there->accuracy.seed_low);
        ck_assert_int_eq(there->assumed, 0);
        ck_assert_int_eq(isnan(there->accuracy.spread[RGM_SIDE_B]), b == 1);
    }
    world_free(w);
}
END_TEST

/* What is exchanged changes the sign, and nothing else. */
START_TEST(sides_exchanged) {
    for (int32_t runs = 1; runs <= 3; runs++) {
        world *w = world_of(1500, 6);
        draw_sides(w, runs, 0.2, 0.02);
        const rgm_effect there = compare(w, runs, runs)->accuracy;
        const int64_t gained = w->out.gained.total, lost = w->out.lost.total;
        for (int32_t run = 0; run < RUNS; run++) {
            const rgm_reply *swap = w->list[0][run];
            w->list[0][run] = w->list[1][run];
            w->list[1][run] = swap;
        }
        const rgm_effect back = compare(w, runs, runs)->accuracy;
        NEAR(back.difference, -there.difference, 1e-12);
        NEAR(back.both_low, -there.both_high, 1e-12);
        NEAR(back.both_high, -there.both_low, 1e-12);
        NEAR(back.p, there.p, 1e-12);
        ck_assert_int_eq(w->out.gained.total, lost);
        ck_assert_int_eq(w->out.lost.total, gained);
        world_free(w);
    }
}
END_TEST

/* ---- images that changed ---- */

START_TEST(changed_images_in_order) {
    world *w = world_of(3000, 8);
    draw_sides(w, 3, 0, 0.3);
    const rgm_comparison *c = compare(w, 3, 3);
    const rgm_changes *const both[] = {&c->gained, &c->lost};
    for (int32_t k = 0; k < 2; k++) {
        ck_assert_int_gt(both[k]->total, 0);
        ck_assert_int_eq(both[k]->kept, both[k]->total < RGM_CHANGED_MOST ? both[k]->total : RGM_CHANGED_MOST);
        for (int32_t i = 0; i < both[k]->kept; i++) {
            const rgm_changed *x = &both[k]->list[i];
            int32_t more = k ? RGM_SIDE_A : RGM_SIDE_B;
            ck_assert(x->right[more] >= 2 && x->right[1 - more] <= 1);
            ck_assert_int_eq(x->label, w->labels[x->index]);
            ck_assert_int_eq(x->predicted[more], x->label);
            if (i)
                ck_assert(fabs(x[-1].probability[1] - x[-1].probability[0]) >=
                          fabs(x->probability[1] - x->probability[0]));
        }
    }
    world_free(w);
}
END_TEST

/* ---- words ---- */

START_TEST(words_say_what_is_resolved) {
    char text[RGM_COMPARISON_TEXT];
    rgm_comparison c = {.side = {{.runs = 3}, {.runs = 3}},
                        .accuracy = {.difference = 0.004, .both_low = -0.001, .both_high = 0.009, .seeds_needed = 8},
                        .loss = {.difference = -0.01, .both_low = -0.03, .both_high = 0.01}};
    ck_assert_str_eq(rgm_comparison_words(&c, text),
                     "B is better by 0.40 points (-0.10 to 0.90), not resolved with 3 seeds "
                     "of each: about 8 seeds of each are needed.");
    ck_assert(strstr(rgm_comparison_answer(&c, text), "none yet") == text);
    c.accuracy = (rgm_effect){.difference = -0.02, .both_low = -0.03, .both_high = -0.01, .resolved = 1};
    c.side[1].runs = 5;
    ck_assert_str_eq(rgm_comparison_words(&c, text),
                     "A is better by 2.00 points (1.00 to 3.00), resolved with 3 seeds of A and 5 of B.");
    ck_assert_str_eq(rgm_comparison_answer(&c, text), "the accuracy fell by 2.00 points (1.00 to 3.00), resolved");
    c.same = 1;
    ck_assert(strstr(rgm_comparison_words(&c, text), "the same runs"));
    ck_assert_int_eq(rgm_comparison_answered(&c), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("compare_runs");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, student_as_in_tables);
    tcase_add_test(tcase, beta_as_in_closed_forms);
    tcase_add_test(tcase, mcnemar_by_hand);
    tcase_add_test(tcase, newcombe_as_published);
    tcase_add_test(tcase, holm_by_hand);
    tcase_add_loop_test(tcase, equal_recipes_are_seldom_resolved, 0, sizeof equals / sizeof *equals);
    tcase_add_test(tcase, one_point_is_resolved_with_five_seeds);
    tcase_add_test(tcase, the_seeds_needed_are_enough);
    tcase_add_test(tcase, a_single_image);
    tcase_add_test(tcase, all_images_are_the_same);
    tcase_add_test(tcase, losses_that_are_not_finite);
    tcase_add_test(tcase, sides_of_unequal_numbers);
    tcase_add_test(tcase, sides_exchanged);
    tcase_add_test(tcase, changed_images_in_order);
    tcase_add_test(tcase, words_say_what_is_resolved);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
