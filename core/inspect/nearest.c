#include "inspect/nearest.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 16, COLOURS = 3, SIZE = SIDE * SIDE * COLOURS };

/* ---- an image, made small ---- */

typedef struct sketch {
    float cell[SIZE]; /* 0 to 1 */
    int32_t count;    /* used */
} sketch;

static int32_t edge(int32_t cell, int32_t size) { return (int32_t)((int64_t)cell * size / SIDE); }

/* The mean over a cell, which has one pixel at least, of channels from `first` on, every `step`-th. */
static float mean(const rgm_pixels *p, int32_t y, int32_t x, int32_t first, int32_t step) {
    int32_t top = edge(y, p->H), left = edge(x, p->W), bottom = edge(y + 1, p->H), right = edge(x + 1, p->W);
    int64_t sum = 0, count = 0;
    if (bottom <= top) bottom = top + 1;
    if (right <= left) right = left + 1;
    for (int32_t i = top; i < bottom; i++)
        for (int32_t j = left; j < right; j++)
            for (int32_t c = first; c < p->C; c += step, count++) sum += p->data[i * p->pitch + (int64_t)j * p->C + c];
    return (float)((double)sum / (255.0 * (double)count));
}

/* Three channels stay, others become one. */
static void draw(const rgm_look *look, sketch *s) {
    const rgm_pixels *p = &look->image;
    int32_t colours = p->C == COLOURS ? COLOURS : 1;
    s->count = 0;
    for (int32_t c = 0; c < colours; c++)
        for (int32_t y = 0; y < SIDE; y++)
            for (int32_t x = 0; x < SIDE; x++) s->cell[s->count++] = mean(p, y, x, c, colours);
}

/* The sum of squares, or more than `most` as soon as it is that. */
static double compare(const sketch *a, const sketch *b, double most) {
    double sum = 0;
    for (int32_t i = 0; i < a->count && sum <= most; i += SIDE) {
        float part = 0;
        for (int32_t j = 0; j < SIDE; j++)
            part += (a->cell[i + j] - b->cell[i + j]) * (a->cell[i + j] - b->cell[i + j]);
        sum += (double)part;
    }
    return sum;
}

/* ---- neighbours ---- */

typedef struct neighbour {
    double distance; /* sum of squares */
    int64_t number;  /* of the image; -1: none yet */
} neighbour;

typedef struct search {
    sketch *wanted;         /* [count] */
    const int64_t *numbers; /* [count] of their images */
    int32_t count;
    const uint8_t *among; /* of the training images; NULL: all */
    neighbour *best;      /* [workers][count]: the nearest of those that a worker has seen */
} search;

static int32_t nearer(double distance, int64_t number, const neighbour *than) {
    if (than->number < 0 || distance < than->distance) return 1;
    return distance <= than->distance && number < than->number;
}

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    const search *s = context;
    sketch here;
    (void)err;
    if (s->among && !s->among[look->number]) return RGM_OK;
    draw(look, &here);
    for (int32_t i = 0; i < s->count; i++) {
        neighbour *best = &s->best[(int64_t)worker * s->count + i];
        if (look->number == s->numbers[i] || here.count != s->wanted[i].count) continue;
        double distance = compare(&s->wanted[i], &here, best->number < 0 ? INFINITY : best->distance);
        if (nearer(distance, look->number, best)) *best = (neighbour){distance, look->number};
    }
    return RGM_OK;
}

/* The nearest of all workers', which is the same however the images were shared among them. */
static void settle(const search *s, int32_t workers, const rgm_nearest *ask, rgm_nearest_found *found) {
    for (int32_t i = 0; i < s->count; i++) {
        neighbour best = {0, -1};
        int32_t split;
        found[i] = (rgm_nearest_found){.index = -1};
        for (int32_t w = 0; w < workers; w++) {
            const neighbour *n = &s->best[(int64_t)w * s->count + i];
            if (n->number >= 0 && nearer(n->distance, n->number, &best)) best = *n;
        }
        if (best.number < 0) continue;
        rgm_images_place(ask->images, best.number, &split, &found[i].index);
        found[i].distance = sqrt(best.distance / s->wanted[i].count);
    }
}

static rgm_status search_all(search *s, const rgm_nearest *ask, rgm_nearest_found *found, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(rgm_images_set(ask->images));
    int32_t workers = rgm_images_workers(ask->images);
    for (int32_t i = 0; i < s->count; i++) {
        rgm_look look;
        RGM_TRY(rgm_images_get(ask->images, s->numbers[i], 0, 0, &look, err));
        draw(&look, &s->wanted[i]);
    }
    for (int64_t i = 0; i < (int64_t)workers * s->count; i++) s->best[i] = (neighbour){0, -1};
    rgm_images_walk walk = {.count = info->count[RGM_SPLIT_TRAIN], /* the first of all */
                            .look = look,
                            .context = s,
                            .progress = ask->progress,
                            .progress_context = ask->context,
                            .stop = ask->stop,
                            .silent = ask->silent};
    RGM_TRY(rgm_images_each(ask->images, &walk, err));
    settle(s, workers, ask, found);
    return RGM_OK;
}

rgm_status rgm_nearest_find(const rgm_nearest *ask, rgm_nearest_found *found, rgm_error *err) {
    size_t count = (size_t)ask->count, workers = (size_t)rgm_images_workers(ask->images);
    search s = {.numbers = ask->numbers, .count = ask->count, .among = ask->among};
    if (!count) return RGM_OK;
    s.wanted = malloc(count * sizeof *s.wanted);
    s.best = malloc(workers * count * sizeof *s.best);
    rgm_status status = s.wanted && s.best ? search_all(&s, ask, found, err)
                                           : rgm_fail(err, RGM_E_NOMEM, "no memory for the neighbours of images");
    free(s.wanted);
    free(s.best);
    return status;
}
