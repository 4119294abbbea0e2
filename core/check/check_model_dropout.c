/* The activation in dropout's place, by itself: training sees it, and evaluation takes the identity for its mean. */
#include "check/check_model_dropout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

enum { VALUES = 256, DRAWS = 128, STREAM = 0xff };
#define STEP 0.01f

typedef struct bench {
    const rgm_session *session;
    rgm_clock clock;
    char *scratch;
    float x[VALUES], y[VALUES], up[VALUES], down[VALUES], dx[VALUES], ones[VALUES];
    /* sums over draws */
    double in, out, square; /* of the mean ratio */
    int64_t zeros, signs, wrong;
} bench;

static rgm_status run(bench *b, uint32_t draw, const float *x, float *y, rgm_error *err) {
    const rgm_rng key = {b->session->config->seed, RGM_STREAM(RGM_STREAM_ACTIVATION, STREAM), 0, draw};
    rgm_plug_call call;
    rgm_plug_call_init(&call, b->session->model->components.dropout, &b->clock, &key, b->scratch);
    rgm_activation_span span = {.size = sizeof span,
                                .training = 1,
                                .n = VALUES,
                                .x = x,
                                .y = y,
                                .channels = VALUES,
                                .block = 1,
                                .pixels = 1,
                                .elements = VALUES};
    if (x) return rgm_plug_forward(&call, &span, err);
    span.dy = b->ones;
    span.dx = y;
    span.y = NULL;
    return rgm_plug_backward(&call, &span, err);
}

static rgm_status try_draw(bench *b, uint32_t draw, rgm_error *err) {
    const rgm_rng rng = {.seed = b->session->config->seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 2), .sample = draw};
    float moved[VALUES];
    rgm_rng_normal(&rng, 0, b->x, VALUES);
    for (int32_t i = 0; i < VALUES; i++) b->x[i] = fabsf(b->x[i]) + 0.1f, b->ones[i] = 1;
    RGM_TRY(run(b, draw, b->x, b->y, err));
    for (int32_t i = 0; i < VALUES; i++) moved[i] = b->x[i] + STEP;
    RGM_TRY(run(b, draw, moved, b->up, err));
    for (int32_t i = 0; i < VALUES; i++) moved[i] = b->x[i] - STEP;
    RGM_TRY(run(b, draw, moved, b->down, err));
    RGM_TRY(run(b, draw, NULL, b->dx, err));
    double in = 0, out = 0;
    for (int32_t i = 0; i < VALUES; i++) {
        double slope = ((double)b->up[i] - (double)b->down[i]) / (2 * (double)STEP), given = (double)b->dx[i];
        in += (double)b->x[i];
        out += (double)b->y[i];
        b->zeros += b->y[i] == 0;
        b->wrong += fabs(slope - given) > 0.05 * (fabs(slope) + fabs(given)) + 1e-3;
    }
    b->in += in;
    b->out += out;
    b->square += (out / in) * (out / in);
    return RGM_OK;
}

static void edit(rgm_verdict *v) { rgm_check_edit(v, "dropout", "0"); }

static rgm_status judge(const rgm_checking *c, const bench *b, rgm_verdict *v) {
    double all = (double)VALUES * DRAWS, dropped = (double)b->zeros / all, mean = b->out / b->in;
    double variance = b->square / DRAWS - mean * mean, sure = 5 * sqrt(fmax(variance, 0) / DRAWS) + 0.01;
    double rate = c->config->dropout;
    if (!isfinite(mean) || fabs(mean - 1) > sure) {
        rgm_check_fail(v, "in training the mean of what goes on is %.3f of what comes in, expected 1 +- %.3f", mean,
                       sure);
        if (dropped < 0.01)
            rgm_check_cause(v, "the activation is another one than dropout, and evaluation does without it");
        rgm_check_cause(v, "what is kept is not scaled by 1 / (1 - rate): training and evaluation differ");
        edit(v);
        return RGM_OK;
    }
    if ((double)b->wrong > 0.01 * all) {
        rgm_check_fail(v, "on the way back %.0f %% of the values are not the slope of what went forward",
                       100 * (double)b->wrong / all);
        rgm_check_cause(v, "the mask of the way back is not the one of the way forward");
        edit(v);
        return RGM_OK;
    }
    if (fabs(dropped - rate) > 0.05) {
        rgm_check_warn(v, "%.0f %% of the values are dropped, expected %.0f %%", 100 * dropped, 100 * rate);
        rgm_check_cause(v, "dropout does not keep to its rate");
        edit(v);
        return RGM_OK;
    }
    if (rate > 0.8) {
        rgm_check_warn(v, "%.0f %% of what the classifier reads is dropped", 100 * rate);
        rgm_check_cause(v, "the rate of dropout is so high that little is left to learn from");
        rgm_check_edit(v, "dropout", "0.2");
        return RGM_OK;
    }
    return rgm_check_pass(v, "%.1f %% dropped, mean %.3f, the same mask on the way back", 100 * dropped, mean);
}

rgm_status rgm_check_dropout(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_instance *dropout = c->session->model->components.dropout;
    if (!dropout) return rgm_check_pass(v, "no dropout");
    bench *b = calloc(1, sizeof *b);
    size_t bytes = (rgm_instance_scratch_bytes(dropout) + 127) / 64 * 64;
    if (b) b->scratch = aligned_alloc(64, bytes);
    rgm_status status = b && b->scratch ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for dropout");
    if (status >= 0) b->session = c->session;
    if (status >= 0) b->clock = rgm_session_clock(c->session, 0);
    for (uint32_t draw = 0; draw < DRAWS && status >= 0; draw++) status = try_draw(b, draw, err);
    if (status >= 0) status = judge(c, b, v);
    if (b) free(b->scratch);
    free(b);
    return status;
}
