/* How often `compare` calls a difference resolved. Every run is asked once; then sides of so many runs are drawn at
 * random without putting back, and each draw is compared. compare_draws same|other RUNS DRAWS SEED A B A and B are as
 * `regimen compare` has them. `same`: both sides of a draw come from A and B together, which are runs of one recipe.
 * `other`: side A from A, side B from B. Prints, tab-separated: RUNS, DRAWS, how many are resolved in accuracy, how
 * many of these have the sign of the whole, how many are resolved in loss, the mean difference in points, and the
 * variance of a run of A over that of images that flip independently. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "recipe/compare_runs.h"

enum { MOST = RGM_CONTESTANTS_MOST };

typedef struct drawing {
    int same, runs, draws;
    uint64_t state;
    int resolved, right_sign, resolved_loss;
    double sum, excess;
} drawing;

static uint64_t draw(drawing *d, uint64_t below) { /* SplitMix64 */
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void fail(const char *why) {
    fprintf(stderr, "compare_draws: %s\n", why);
    exit(99);
}

/* The first so many of the list become a random choice. */
static void shuffle(drawing *d, const rgm_reply **list, int count, int some) {
    for (int i = 0; i < some; i++) {
        int j = i + (int)draw(d, (uint64_t)(count - i));
        const rgm_reply *swap = list[i];
        list[i] = list[j];
        list[j] = swap;
    }
}

static void shuffle_sides(drawing *d, const rgm_reply **list, int a, int b) {
    shuffle(d, list, a, d->runs);
    shuffle(d, list + a, b, d->runs);
}

static void compare_one(drawing *d, const rgm_replies *all, const rgm_reply **a, const rgm_reply **b, double sign) {
    static rgm_comparison c;
    rgm_error err = {0};
    const rgm_replies some = {.images = all->images,
                              .classes = all->classes,
                              .labels = all->labels,
                              .runs = {d->runs, d->runs},
                              .list = {a, b}};
    memset(&c, 0, sizeof c);
    if (rgm_compare(&some, &c, &err) < 0) fail(err.text);
    d->resolved += c.accuracy.resolved;
    d->right_sign += c.accuracy.resolved && c.accuracy.difference * sign > 0;
    d->resolved_loss += c.loss.resolved;
    d->sum += c.accuracy.difference;
    rgm_comparison_free(&c);
}

static double mean_of(const rgm_replies *all, int side) {
    int64_t right = 0;
    for (int run = 0; run < all->runs[side]; run++)
        for (int64_t i = 0; i < all->images; i++) right += all->list[side][run][i].right;
    return (double)right / (double)all->runs[side];
}

/* The variance of a run's accuracy over that of images that flip independently; of side A. */
static double excess_of(const rgm_replies *all) {
    double runs = all->runs[0], n = (double)all->images, mean = mean_of(all, 0) / n, of_runs = 0, of_flips = 0;
    for (int run = 0; run < all->runs[0]; run++) {
        double right = 0;
        for (int64_t i = 0; i < all->images; i++) right += all->list[0][run][i].right;
        of_runs += (right / n - mean) * (right / n - mean) / (runs - 1);
    }
    for (int64_t i = 0; i < all->images; i++) {
        double right = 0;
        for (int run = 0; run < all->runs[0]; run++) right += all->list[0][run][i].right;
        of_flips += right / runs * (1 - right / runs) * runs / (runs - 1) / n;
    }
    return of_runs / (of_flips / n);
}

static void on_taken(void *context, const rgm_replies *all) {
    drawing *d = context;
    static const rgm_reply *list[2 * MOST];
    int a = all->runs[0], b = all->runs[1], both = a + b;
    double sign = mean_of(all, 1) - mean_of(all, 0);
    memcpy(list, all->list[0], (size_t)a * sizeof *list);
    memcpy(list + a, all->list[1], (size_t)b * sizeof *list);
    if (d->same ? 2 * d->runs > both : d->runs > a || d->runs > b) fail("there are too few runs");
    for (int i = 0; i < d->draws; i++) {
        if (d->same)
            shuffle(d, list, both, 2 * d->runs);
        else
            shuffle_sides(d, list, a, b);
        compare_one(d, all, list, d->same ? list + d->runs : list + a, sign);
    }
    d->excess = excess_of(all);
}

/* Asks the runs of both arguments; on_taken() does the rest. */
static rgm_status go(drawing *d, char **sides, rgm_error *err) {
    static rgm_comparison comparison;
    rgm_contestants runs[RGM_SIDES] = {{0, NULL}, {0, NULL}};
    const rgm_stop never = {0};
    rgm_compare_ask ask = {.sides = {&runs[0], &runs[1]}, .split = -1, .taken = on_taken, .context = d};
    rgm_dataset *set = NULL;
    RGM_TRY(rgm_contestants_find(&runs[0], sides[0], &never, err));
    RGM_TRY(rgm_contestants_find(&runs[1], sides[1], &never, err));
    RGM_TRY(rgm_device_create(&ask.device, &(rgm_device_options){.isa = "auto", .threads = 1}, err));
    rgm_status status = rgm_compare_runs(&ask, &comparison, &set, err);
    rgm_comparison_free(&comparison);
    rgm_dataset_close(set);
    rgm_device_destroy(ask.device);
    rgm_contestants_free(&runs[0]);
    rgm_contestants_free(&runs[1]);
    return status;
}

int main(int count, char **arguments) {
    rgm_error err = {0};
    if (count != 7) {
        fprintf(stderr, "usage: compare_draws same|other RUNS DRAWS SEED A B\n");
        return 2;
    }
    drawing d = {.same = strcmp(arguments[1], "same") == 0,
                 .runs = atoi(arguments[2]),
                 .draws = atoi(arguments[3]),
                 .state = strtoull(arguments[4], NULL, 10)};
    if (d.runs < 1 || d.draws < 1) fail("expected at least one run and one draw");
    if (go(&d, arguments + 5, &err) < 0) fail(err.text);
    printf("%d\t%d\t%d\t%d\t%d\t%.3f\t%.2f\n", d.runs, d.draws, d.resolved, d.right_sign, d.resolved_loss,
           100 * d.sum / d.draws, d.excess);
    return 0;
}
