#include "run/first_batch.h"

#include <stdlib.h>

static int32_t cut(int32_t value, int32_t most) { return value < most ? value : most; }

/* A small pixel: the mean of the plane's that it covers, undone. */
static uint8_t undo(const float *plane, const rgm_batch_options *o, int32_t c, const int32_t y[2], const int32_t x[2]) {
    float sum = 0;
    for (int32_t i = y[0]; i < y[1]; i++)
        for (int32_t j = x[0]; j < x[1]; j++) sum += plane[(int64_t)i * o->W + j];
    float value = sum / (float)((y[1] - y[0]) * (x[1] - x[0])) * o->std[c] + o->mean[c];
    return (uint8_t)(value > 1 ? 255 : value > 0 ? 255 * value + 0.5f : 0);
}

static rgm_status draw(rgm_first_batch *b, const rgm_batch_options *o, const rgm_first_batch_wish *w, const float *x,
                       rgm_error *err) {
    const int32_t C = w->session->config->model.image[0], longer = o->H > o->W ? o->H : o->W;
    const int32_t times = w->side > 0 && longer > w->side ? (longer + w->side - 1) / w->side : 1;
    b->C = C < 3 ? 1 : 3;
    b->H = (o->H + times - 1) / times;
    b->W = (o->W + times - 1) / times;
    b->pixels = malloc((size_t)b->count * (size_t)b->H * (size_t)b->W * (size_t)b->C);
    if (!b->pixels) return rgm_fail(err, RGM_E_NOMEM, "first batch: out of memory");
    uint8_t *to = b->pixels;
    for (int32_t n = 0; n < b->count; n++)
        for (int32_t y = 0; y < b->H; y++)
            for (int32_t i = 0; i < b->W; i++)
                for (int32_t c = 0; c < b->C; c++) {
                    const int32_t rows[2] = {y * times, cut((y + 1) * times, o->H)};
                    const int32_t columns[2] = {i * times, cut((i + 1) * times, o->W)};
                    *to++ = undo(x + ((int64_t)n * C + c) * o->H * o->W, o, c, rows, columns);
                }
    return RGM_OK;
}

static rgm_status fill(rgm_first_batch *b, const rgm_batch_options *o, const rgm_first_batch_wish *w, float *x,
                       rgm_error *err) {
    rgm_batches *batches;
    const rgm_batch_out out = {.x = x, .labels = b->labels};
    RGM_TRY(rgm_batches_create(&batches, o, err));
    rgm_status status = rgm_batches_prepare(batches, 0, 0, &out, err);
    rgm_phase phase = *rgm_batches_phase(batches);
    if (status >= 0) status = rgm_team_run(w->session->device->team, &phase, 1, err);
    rgm_batches_destroy(batches);
    return status < 0 ? status : draw(b, o, w, x, err);
}

rgm_status rgm_first_batch_make(rgm_first_batch *b, const rgm_first_batch_wish *w, rgm_error *err) {
    rgm_batch_options o = rgm_trainer_batch_options(w->trainer, &w->session->data->train, 1);
    if (o.batch > w->most) o.batch = w->most;
    o.layout = RGM_LAYOUT_PLAIN;
    o.tools = NULL;
    *b = (rgm_first_batch){.count = o.batch, .labels = malloc(sizeof *b->labels * (size_t)o.batch)};
    float *x = aligned_alloc(64, (rgm_batches_x_floats(&o) * sizeof(float) + 63) / 64 * 64);
    rgm_status status =
        b->labels && x ? fill(b, &o, w, x, err) : rgm_fail(err, RGM_E_NOMEM, "first batch: out of memory");
    free(x);
    if (status < 0) rgm_first_batch_free(b);
    return status;
}

void rgm_first_batch_free(rgm_first_batch *b) {
    free(b->pixels);
    free(b->labels);
    *b = (rgm_first_batch){0};
}
