#include "run/board.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "run/first_batch.h"

enum { LARGE = 64, FEW = 16, SHOWN = 256, GAP = 1, FILTERS = 256, ENLARGED = 8, PAPER = 255 };

/* Cells of one size side by side, [H][W][C]. */
typedef struct grid {
    int32_t count, columns, cell_H, cell_W, C;
    int32_t times; /* each pixel of a cell is so many wide and high */
    int32_t H, W;
    uint8_t *pixels;
} grid;

static rgm_status make_grid(grid *g, rgm_error *err) {
    g->columns = (int32_t)ceil(sqrt((double)g->count));
    g->H = (g->count + g->columns - 1) / g->columns * (g->cell_H * g->times + GAP) - GAP;
    g->W = g->columns * (g->cell_W * g->times + GAP) - GAP;
    size_t bytes = (size_t)g->H * (size_t)g->W * (size_t)g->C;
    g->pixels = malloc(bytes);
    if (!g->pixels) return rgm_fail(err, RGM_E_NOMEM, "tensorboard: out of memory");
    memset(g->pixels, PAPER, bytes);
    return RGM_OK;
}

/* A value of 0 to 1 of a cell's pixel. */
static void put(const grid *g, int32_t cell, int32_t y, int32_t x, int32_t c, float value) {
    int32_t top = cell / g->columns * (g->cell_H * g->times + GAP) + y * g->times;
    int32_t left = cell % g->columns * (g->cell_W * g->times + GAP) + x * g->times;
    uint8_t level = (uint8_t)(value > 1 ? 255 : value > 0 ? 255 * value + 0.5f : 0);
    for (int32_t i = 0; i < g->times; i++)
        for (int32_t j = 0; j < g->times; j++)
            g->pixels[((size_t)(top + i) * (size_t)g->W + (size_t)(left + j)) * (size_t)g->C + (size_t)c] = level;
}

static rgm_status show(rgm_board *b, int64_t step, const char *tag, const grid *g, rgm_error *err) {
    const rgm_tensorboard_picture picture = {g->pixels, g->H, g->W, g->C};
    return rgm_tensorboard_image(&b->to, step, tag, &picture, err);
}

/* ---- the first batch ---- */

static rgm_status show_batch(rgm_board *b, const rgm_first_batch *batch, rgm_error *err) {
    grid g = {.count = batch->count, .cell_H = batch->H, .cell_W = batch->W, .C = batch->C, .times = 1};
    const uint8_t *from = batch->pixels;
    RGM_TRY(make_grid(&g, err));
    for (int32_t n = 0; n < g.count; n++)
        for (int32_t y = 0; y < g.cell_H; y++)
            for (int32_t x = 0; x < g.cell_W; x++)
                for (int32_t c = 0; c < g.C; c++) put(&g, n, y, x, c, (float)*from++ / 255);
    rgm_status status = show(b, 0, "batch/first", &g, err);
    free(g.pixels);
    return status;
}

static rgm_status show_first_batch(rgm_board *b, const rgm_session *s, rgm_trainer *trainer, rgm_error *err) {
    const int32_t *image = s->config->model.image;
    const int32_t large = image[1] > LARGE || image[2] > LARGE;
    const rgm_first_batch_wish wish = {
        .session = s, .trainer = trainer, .most = large ? FEW : RGM_BOARD_IMAGES, .side = SHOWN};
    rgm_first_batch batch = {0};
    rgm_error why = {0};
    rgm_status status = rgm_first_batch_make(&batch, &wish, &why);
    if (status >= 0) status = show_batch(b, &batch, &why);
    rgm_first_batch_free(&batch);
    if (status >= 0) return RGM_OK;
    if (status == RGM_E_INTERRUPTED || status == RGM_E_IO) {
        if (err) *err = why;
        return status;
    }
    rgm_log(RGM_LOG_WARN, "tensorboard: the first batch is not shown: %s", why.text);
    return RGM_OK;
}

/* ---- filters and histograms ---- */

static float largest(const float *values, int64_t count) {
    float most = 0;
    for (int64_t i = 0; i < count; i++)
        if (fabsf(values[i]) > most && isfinite(values[i])) most = fabsf(values[i]);
    return most;
}

/* Of the first layer, if it is a convolution: grey is 0, the scale is that of the greatest weight. */
static rgm_status show_filters(rgm_board *b, const rgm_state *state, int64_t step, rgm_error *err) {
    const rgm_param *p = rgm_graph_param(state->graph, 0);
    char tag[RGM_TENSORBOARD_TAG];
    if (p->ndim != 4) return RGM_OK;
    const float *values = state->value + p->offset, most = largest(values, p->count);
    const int32_t C = (int32_t)p->dims[1];
    grid g = {.count = (int32_t)(p->dims[0] < FILTERS ? p->dims[0] : FILTERS),
              .cell_H = (int32_t)p->dims[2],
              .cell_W = (int32_t)p->dims[3],
              .C = C == 3 ? 3 : 1,
              .times = ENLARGED};
    RGM_TRY(make_grid(&g, err));
    for (int32_t n = 0; n < g.count; n++)
        for (int32_t c = 0; c < g.C; c++)
            for (int32_t y = 0; y < g.cell_H; y++)
                for (int32_t x = 0; x < g.cell_W; x++) {
                    float v = values[(((int64_t)n * C + c) * g.cell_H + y) * g.cell_W + x];
                    put(&g, n, y, x, c, most > 0 ? 0.5f + 0.5f * v / most : 0.5f);
                }
    snprintf(tag, sizeof tag, "filters/%s", p->name);
    rgm_status status = show(b, step, tag, &g, err);
    free(g.pixels);
    return status;
}

static rgm_status tell_distributions(rgm_board *b, const rgm_state *state, const float *gradients, int64_t step,
                                     rgm_error *err) {
    char tag[RGM_TENSORBOARD_TAG];
    for (int32_t i = 0; i < rgm_graph_param_count(state->graph); i++) {
        const rgm_param *p = rgm_graph_param(state->graph, i);
        if (p->ndim < 2) continue;
        snprintf(tag, sizeof tag, "weights/%s", p->name);
        RGM_TRY(rgm_tensorboard_histogram(&b->to, step, tag, state->value + p->offset, p->count, err));
        if (!b->stepped || !gradients) continue;
        snprintf(tag, sizeof tag, "gradients/%s", p->name);
        RGM_TRY(rgm_tensorboard_histogram(&b->to, step, tag, gradients + p->offset, p->count, err));
    }
    return RGM_OK;
}

int32_t rgm_board_is_turn(int32_t epoch, int32_t epochs) {
    if (epoch <= 1 || epoch >= epochs) return 1;
    return (int64_t)epoch * RGM_BOARD_TIMES / epochs > ((int64_t)epoch - 1) * RGM_BOARD_TIMES / epochs;
}

static rgm_status show_network(rgm_board *b, const rgm_trainer *trainer, int64_t step, rgm_error *err) {
    rgm_state *state = malloc(sizeof *state);
    if (!state) return rgm_fail(err, RGM_E_NOMEM, "tensorboard: out of memory");
    rgm_trainer_state(trainer, state);
    rgm_status status = show_filters(b, state, step, err);
    if (status >= 0) status = tell_distributions(b, state, rgm_trainer_gradients(trainer), step, err);
    free(state);
    return status;
}

rgm_status rgm_board_epoch(rgm_board *b, const rgm_session *s, const rgm_trainer *trainer, const rgm_progress *p,
                           rgm_error *err) {
    if (!b->to.open || !rgm_board_is_turn(p->epoch, s->config->epochs)) return RGM_OK;
    return show_network(b, trainer, p->step, err);
}

/* ---- scalars ---- */

rgm_status rgm_board_step(rgm_board *b, const rgm_step_event *e, double images_per_s, rgm_error *err) {
    const rgm_tally *window = &e->progress->window;
    const rgm_tensorboard_scalar scalars[] = {{"train/loss", rgm_tally_loss(window)},
                                              {"train/accuracy", rgm_tally_accuracy(window)},
                                              {"train/rate", e->result.rate},
                                              {"train/gradient_norm", e->result.gradient_norm},
                                              {"train/images_per_s", images_per_s}};
    return rgm_tensorboard_scalars(&b->to, e->progress->step, scalars, sizeof scalars / sizeof *scalars, err);
}

rgm_status rgm_board_evaluated(rgm_board *b, int64_t step, int32_t split, const rgm_tally *tally, rgm_error *err) {
    char loss[RGM_TENSORBOARD_TAG], accuracy[RGM_TENSORBOARD_TAG];
    snprintf(loss, sizeof loss, "%s/loss", rgm_split_name(split));
    snprintf(accuracy, sizeof accuracy, "%s/accuracy", rgm_split_name(split));
    const rgm_tensorboard_scalar scalars[] = {{loss, rgm_tally_loss(tally)}, {accuracy, rgm_tally_accuracy(tally)}};
    return rgm_tensorboard_scalars(&b->to, step, scalars, 2, err);
}

/* ---- the object ---- */

rgm_status rgm_board_open(rgm_board *b, const rgm_session *s, rgm_trainer *trainer, const char *folder, int64_t resumed,
                          rgm_error *err) {
    if (!s->config->tensorboard || !folder[0]) return RGM_OK;
    RGM_TRY(rgm_tensorboard_open(&b->to, folder, resumed, err));
    return resumed < 0 ? show_first_batch(b, s, trainer, err) : RGM_OK;
}

void rgm_board_close(rgm_board *b) { rgm_tensorboard_close(&b->to); }
