#include "check/seen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "data/order.h"

enum { PLAIN_LAYOUT = 1, BATCH = 32, MOST_FLOATS = 4 << 20 };

static void drop(void *kept) {
    rgm_seen *s = kept;
    free(s->from);
    free(s->labels);
    free(s->plain);
    for (int32_t e = 0; e < RGM_SEEN_EPOCHS; e++) free(s->trained[e]);
    free(s);
}

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for batches"); }

/* ---- a pipeline ---- */

/* Images of a view as a pipeline makes them in one epoch, in the order of the view. */
typedef struct passage {
    const rgm_batch_options *options;
    rgm_team *team;
    rgm_batches *batches;
    uint32_t epoch;
    int64_t count;
    size_t floats;   /* of an image */
    float *to;       /* [count] images */
    int32_t *labels; /* [count]; NULL: not wanted */
    rgm_arena arena;
} passage;

/* Batch `step`: each image goes to its own place. */
static rgm_status take_batch(passage *p, int64_t step, float *x, int32_t *labels, rgm_error *err) {
    const rgm_batch_options *o = p->options;
    const rgm_order order = rgm_order_make(o->seed, p->epoch, (uint64_t)o->view.count, o->train);
    const rgm_batch_out out = {.x = x, .labels = labels};
    RGM_TRY(rgm_batches_prepare(p->batches, p->epoch, step, &out, err));
    rgm_phase phase = *rgm_batches_phase(p->batches);
    RGM_TRY(rgm_team_run(p->team, &phase, 1, err));
    for (int64_t k = 0; k < rgm_batches_valid(p->batches); k++) {
        int64_t at = (int64_t)rgm_order_at(&order, (uint64_t)(step * o->batch + k));
        if (at >= p->count) continue;
        memcpy(p->to + (size_t)at * p->floats, x + (size_t)k * p->floats, sizeof *x * p->floats);
        if (p->labels) p->labels[at] = labels[k];
    }
    return RGM_OK;
}

static rgm_status pass(passage *p, rgm_error *err) {
    size_t bytes = sizeof(float) * rgm_batches_x_floats(p->options), room = sizeof(int32_t) * (size_t)p->options->batch;
    RGM_TRY(rgm_batches_create(&p->batches, p->options, err));
    rgm_status status = rgm_arena_create(&p->arena, rgm_arena_cost(bytes) + rgm_arena_cost(room), "batches", err);
    if (status >= 0) {
        float *x = rgm_arena_take(&p->arena, bytes);
        int32_t *labels = rgm_arena_take(&p->arena, room);
        int64_t steps = rgm_batches_per_epoch(p->batches);
        for (int64_t i = 0;
             i < steps && status >= 0 && i * p->options->batch < (p->options->train ? INT64_MAX : p->count); i++)
            status = take_batch(p, i, x, labels, err);
        rgm_arena_destroy(&p->arena);
    }
    rgm_batches_destroy(p->batches);
    return status;
}

static size_t floats_of(const rgm_checking *c) {
    const int32_t *image = c->config->model.image;
    return (size_t)image[0] * (size_t)image[1] * (size_t)image[2];
}

static rgm_status run_pipeline(rgm_checking *c, const rgm_view *view, int32_t training, passage *p, rgm_error *err) {
    rgm_trainer *trainer;
    RGM_TRY(rgm_checking_trainer(c, &trainer, err));
    rgm_batch_options options = rgm_trainer_batch_options(trainer, view, training);
    options.layout = PLAIN_LAYOUT;
    options.batch = view->count < BATCH ? (int32_t)view->count : BATCH;
    p->options = &options;
    p->team = c->device->team;
    p->floats = floats_of(c);
    return pass(p, err);
}

rgm_status rgm_seen_evaluation(rgm_checking *c, const rgm_view *view, const rgm_seen_pass *pass, rgm_error *err) {
    passage p = {.epoch = pass->epoch, .count = pass->count, .to = pass->to, .labels = pass->labels};
    return run_pipeline(c, view, 0, &p, err);
}

/* ---- the images ---- */

static rgm_status take(rgm_checking *c, rgm_seen *s, rgm_error *err) {
    const rgm_view *view = &c->session->data->train;
    int64_t most = (int64_t)(MOST_FLOATS / s->floats) + 2;
    s->count = view->count < RGM_SEEN_IMAGES ? view->count : RGM_SEEN_IMAGES;
    if (s->count > most) s->count = most;
    if (s->count > BATCH) s->count -= s->count % BATCH; /* training drops what is left over */
    s->from = malloc((size_t)s->count * sizeof *s->from);
    s->labels = malloc((size_t)s->count * sizeof *s->labels);
    s->plain = malloc((size_t)s->count * s->floats * sizeof *s->plain);
    int32_t have = s->from && s->labels && s->plain;
    for (int32_t e = 0; e < RGM_SEEN_EPOCHS; e++) {
        s->trained[e] = calloc((size_t)s->count * s->floats, sizeof *s->plain);
        have = have && s->trained[e];
    }
    if (!have) return no_memory(err);
    for (int64_t i = 0; i < s->count; i++) s->from[i] = (uint32_t)rgm_view_index(view, i * view->count / s->count);
    return RGM_OK;
}

static rgm_status look(rgm_checking *c, rgm_seen *s, rgm_error *err) {
    const rgm_view *all = &c->session->data->train;
    const rgm_view view = {
        .set = all->set, .split = all->split, .indices = s->from, .count = s->count, .map = all->map};
    const rgm_seen_pass plain = {.count = s->count, .to = s->plain, .labels = s->labels};
    RGM_TRY(rgm_seen_evaluation(c, &view, &plain, err));
    for (int32_t e = 0; e < RGM_SEEN_EPOCHS; e++) {
        passage p = {.epoch = (uint32_t)e, .count = s->count, .to = s->trained[e]};
        RGM_TRY(run_pipeline(c, &view, 1, &p, err));
    }
    return RGM_OK;
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    const int32_t *image = c->config->model.image;
    rgm_seen *s = kept;
    *s = (rgm_seen){.C = image[0],
                    .H = image[1],
                    .W = image[2],
                    .classes = c->session->model->classes,
                    .floats = floats_of(c),
                    .mean = c->session->data->constants.input.mean,
                    .std = c->session->data->constants.input.std,
                    .augments = c->session->model->components.augments > 0};
    RGM_TRY(take(c, s, err));
    return look(c, s, err);
}

rgm_status rgm_checking_seen(rgm_checking *c, const rgm_seen **seen, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_SEEN, sizeof(rgm_seen), make, drop};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *seen = kept;
    return RGM_OK;
}

const float *rgm_seen_plain(const rgm_seen *s, int64_t i) { return s->plain + (size_t)i * s->floats; }

const float *rgm_seen_training(const rgm_seen *s, int32_t epoch, int64_t i) {
    return s->trained[epoch] + (size_t)i * s->floats;
}
