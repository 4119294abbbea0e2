#include "data/together.h"

#include <stdlib.h>
#include "base/rng.h"

enum { WITHIN_SHARES = 1, SMALL_GROUPS = 2, ANY_GROUPS = 3 };

/* A unit is a group, or a sample without copies. It is known by its first sample. */
typedef struct work {
    const rgm_together *t;
    int64_t *given;  /* [classes] chosen samples */
    int64_t *inside; /* [classes] of the unit that is looked at; zeros in between */
    int64_t *first;  /* [classes + 1] where the units of a class begin in `units` */
    int64_t *at;     /* [classes] how many of them were looked at in this step */
    uint32_t *units; /* by class, ascending within one */
    uint32_t *next;  /* [count] the next sample of the group; the sample itself is the last */
    uint32_t *last;  /* [groups] the last sample of each so far */
    int64_t missing; /* of the total */
    int64_t chosen;
    uint8_t *held;
} work;

static void free_work(work *w) {
    free(w->given);
    free(w->inside);
    free(w->first);
    free(w->at);
    free(w->units);
    free(w->next);
    free(w->last);
}

static rgm_status alloc_work(work *w, rgm_error *err) {
    const rgm_stratified *ask = w->t->ask;
    size_t classes = (size_t)ask->classes, count = (size_t)ask->count;
    int32_t most = 0;
    for (int64_t i = 0; i < ask->count; i++) most = ask->groups[i] > most ? ask->groups[i] : most;
    w->given = calloc(classes, sizeof *w->given);
    w->inside = calloc(classes, sizeof *w->inside);
    w->first = calloc(classes + 1, sizeof *w->first);
    w->at = calloc(classes, sizeof *w->at);
    w->units = calloc(count, sizeof *w->units);
    w->next = calloc(count, sizeof *w->next);
    w->last = calloc((size_t)most + 1, sizeof *w->last);
    if (w->given && w->inside && w->first && w->at && w->units && w->next && w->last) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %lld samples", (long long)ask->count);
}

/* Chains the samples of each group. Returns through `head` which samples are the first of their unit. */
static void chain(work *w, uint8_t *head) {
    const rgm_stratified *ask = w->t->ask;
    for (int64_t i = 0; i < ask->count; i++) {
        const int32_t g = ask->groups[i];
        w->next[i] = (uint32_t)i;
        head[i] = 1;
        if (g < 0) continue;
        /* `last` is one more than the sample, so that 0 is none */
        if (w->last[g]) {
            w->next[w->last[g] - 1] = (uint32_t)i;
            head[i] = 0;
        }
        w->last[g] = (uint32_t)i + 1;
    }
}

/* `head` is the caller's `held`, which is clean again behind it. */
static void list_units(work *w, uint8_t *head) {
    const rgm_stratified *ask = w->t->ask;
    chain(w, head);
    for (int64_t i = 0; i < ask->count; i++) w->first[ask->labels[i] + 1] += head[i];
    for (int32_t c = 0; c < ask->classes; c++) w->first[c + 1] += w->first[c];
    for (int64_t i = 0; i < ask->count; i++) {
        const int32_t c = ask->labels[i];
        if (head[i]) w->units[w->first[c] + w->at[c]++] = (uint32_t)i;
        head[i] = 0;
    }
}

/* Number i of the units of class c, in the seed's order. */
static uint32_t unit_at(const work *w, int32_t c, int64_t i) {
    const rgm_stratified *ask = w->t->ask;
    const rgm_rng rng = {
        .seed = ask->seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 2 * ask->instance), .sample = (uint32_t)c};
    const int64_t count = w->first[c + 1] - w->first[c];
    return w->units[w->first[c] + (int64_t)rgm_rng_permute(&rng, (uint64_t)count, (uint64_t)i)];
}

/* May class c give these of a unit? Half of a class stays in any case, or more: it never gives its last sample. */
static int class_gives(const work *w, int32_t c, int32_t step) {
    const int64_t share = w->t->share[c], half = w->t->members[c] / 2, all = w->given[c] + w->inside[c];
    if (step == WITHIN_SHARES) return all <= share;
    if (step == SMALL_GROUPS && w->inside[c] > (share > 1 ? share : 1)) return 0;
    return all <= (share > half ? share : half);
}

/* The samples of a unit if all of its classes give them, else 0. */
static int64_t look_at(work *w, uint32_t unit, int32_t step) {
    const int32_t *labels = w->t->ask->labels;
    int64_t size = 0;
    int gives = 1;
    for (uint32_t i = unit, before = ~i; i != before; before = i, i = w->next[i], size++) w->inside[labels[i]]++;
    for (uint32_t i = unit, before = ~i; i != before; before = i, i = w->next[i])
        gives = gives && class_gives(w, labels[i], step);
    for (uint32_t i = unit, before = ~i; i != before; before = i, i = w->next[i]) w->inside[labels[i]] = 0;
    return gives ? size : 0;
}

static void take(work *w, uint32_t unit, int64_t size) {
    const int32_t *labels = w->t->ask->labels;
    for (uint32_t i = unit, before = ~i; i != before; before = i, i = w->next[i]) {
        w->held[i] = 1;
        w->given[labels[i]]++;
    }
    w->chosen += size;
    w->missing -= size;
}

/* The class' next unit that fits. What did not fit once does not fit later in this step: a class gives less and less.
 * 0: there is none. */
static int take_next(work *w, int32_t c, int32_t step) {
    while (w->at[c] < w->first[c + 1] - w->first[c]) {
        const uint32_t unit = unit_at(w, c, w->at[c]++);
        const int64_t size = w->held[unit] ? 0 : look_at(w, unit, step);
        if (size == 0 || size > w->missing) continue;
        take(w, unit, size);
        return 1;
    }
    return 0;
}

/* One unit of each class after the other, until nothing is missing or nothing fits. */
static void take_step(work *w, int32_t step) {
    const int32_t classes = w->t->ask->classes;
    for (int32_t c = 0; c < classes; c++) w->at[c] = 0;
    for (int32_t taken = 1; taken && w->missing > 0;) {
        taken = 0;
        for (int32_t i = 0; i < classes && w->missing > 0; i++) taken |= take_next(w, (int32_t)w->t->order[i], step);
    }
}

/* The smallest unit of all that are left, if more than the total is nearer to it than less. */
static void take_beyond(work *w) {
    uint32_t best = 0;
    int64_t best_size = 0;
    for (int32_t k = 0; k < w->t->ask->classes; k++) {
        const int32_t c = (int32_t)w->t->order[k];
        for (int64_t i = 0; i < w->first[c + 1] - w->first[c]; i++) {
            const uint32_t unit = unit_at(w, c, i);
            const int64_t size = w->held[unit] ? 0 : look_at(w, unit, ANY_GROUPS);
            if (size == 0 || (best_size && size >= best_size)) continue;
            best = unit;
            best_size = size;
        }
    }
    if (best_size && (best_size < 2 * w->missing || (w->chosen == 0 && best_size == 2 * w->missing)))
        take(w, best, best_size);
}

rgm_status rgm_together_choose(const rgm_together *together, int64_t *total, uint8_t *held, rgm_error *err) {
    work w = {.t = together, .missing = *total, .held = held};
    rgm_status status = alloc_work(&w, err);
    if (status == RGM_OK) {
        list_units(&w, held);
        for (int32_t step = WITHIN_SHARES; step <= ANY_GROUPS && w.missing > 0; step++) take_step(&w, step);
        if (w.missing > 0) take_beyond(&w);
        *total = w.chosen;
    }
    free_work(&w);
    return status;
}
