#include "recipe/losses.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const sketch *wanted;   /* [count] */
    const int64_t *numbers; /* [count] of their images */
    int32_t count;
    neighbour *best; /* [workers][count]: the nearest of those that a worker has seen */
} search;

static int32_t nearer(double distance, int64_t number, const neighbour *than) {
    if (than->number < 0 || distance < than->distance) return 1;
    return distance <= than->distance && number < than->number;
}

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    const search *s = context;
    sketch here;
    (void)err;
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
static void settle(const search *s, int32_t workers, const rgm_losses *l, rgm_inspection_model *model) {
    for (int32_t i = 0; i < s->count; i++) {
        neighbour best = {0, -1};
        int32_t split;
        for (int32_t w = 0; w < workers; w++) {
            const neighbour *n = &s->best[(int64_t)w * s->count + i];
            if (n->number >= 0 && nearer(n->distance, n->number, &best)) best = *n;
        }
        if (best.number < 0) continue;
        rgm_images_place(l->images, best.number, &split, &model->losses[i].nearest);
        model->losses[i].distance = sqrt(best.distance / s->wanted[i].count);
    }
}

static rgm_status search_all(search *s, const rgm_losses *l, rgm_inspection_model *model, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(rgm_images_set(l->images));
    int32_t workers = rgm_images_workers(l->images);
    s->best = malloc((size_t)workers * (size_t)s->count * sizeof *s->best);
    if (!s->best) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for neighbours");
    for (int64_t i = 0; i < (int64_t)workers * s->count; i++) s->best[i] = (neighbour){0, -1};
    rgm_images_walk walk = {.count = info->count[RGM_SPLIT_TRAIN], /* the first of all */
                            .look = look,
                            .context = s,
                            .progress = l->progress,
                            .progress_context = l->context,
                            .stop = l->stop};
    rgm_status status = rgm_images_each(l->images, &walk, err);
    if (status >= 0) settle(s, workers, l, model);
    free(s->best);
    return status;
}

/* ---- the largest ---- */

static int32_t before(const rgm_said_all *said, int64_t a, int64_t b) {
    float x = said->list[a].given, y = said->list[b].given;
    return x < y || (x <= y && a < b);
}

/* The numbers of the largest losses, largest first; returns how many. */
static int32_t find_largest(const rgm_losses *l, int64_t numbers[RGM_SAYS_LOSSES]) {
    int32_t count = 0;
    for (int64_t i = 0; i < l->said->count; i++) {
        if (l->said->list[i].part == RGM_PART_NONE || l->broken[i]) continue;
        int32_t at = count < RGM_SAYS_LOSSES ? count++ : RGM_SAYS_LOSSES;
        if (at == RGM_SAYS_LOSSES && !before(l->said, i, numbers[--at])) continue;
        for (; at > 0 && before(l->said, i, numbers[at - 1]); at--) numbers[at] = numbers[at - 1];
        numbers[at] = i;
    }
    return count;
}

static rgm_status describe(const rgm_losses *l, int64_t number, rgm_top_loss *loss, sketch *wanted, rgm_error *err) {
    const rgm_said *said = &l->said->list[number];
    rgm_look look;
    RGM_TRY(rgm_images_get(l->images, number, 0, 0, &look, err));
    draw(&look, wanted);
    *loss = (rgm_top_loss){.split = look.split,
                           .index = look.index,
                           .label = look.label,
                           .predicted = rgm_said_predicted(said, look.label),
                           .given = said->given,
                           .probability = said->other > said->given ? said->other : said->given,
                           .loss = -log(fmax((double)said->given, 1e-38)),
                           .nearest = -1};
    return RGM_OK;
}

rgm_status rgm_losses_find(const rgm_losses *l, rgm_inspection_model *model, rgm_error *err) {
    int64_t numbers[RGM_SAYS_LOSSES];
    sketch *wanted = malloc(RGM_SAYS_LOSSES * sizeof *wanted);
    if (!wanted) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for the largest losses");
    rgm_status status = RGM_OK;
    search s = {.wanted = wanted, .numbers = numbers, .count = find_largest(l, numbers)};
    for (int32_t i = 0; i < s.count && status >= 0; i++)
        status = describe(l, numbers[i], &model->losses[i], &wanted[i], err);
    if (status >= 0) model->losses_count = s.count;
    if (status >= 0 && s.count) status = search_all(&s, l, model, err);
    free(wanted);
    return status;
}
