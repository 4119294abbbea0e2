/* Batch norm with optional residual and ReLU: y = relu(scale * (x - mean) * rstd + shift + residual).
 *
 * Ioffe and Szegedy 2015; torch's conventions: biased variance to normalise, unbiased for the running statistics,
 * momentum 0.1, eps 1e-5. Moments come from the convolution before, or from a pass of their own: per chunk, shifted by
 * one of its pixels (so a large mean costs no digits), and combined in chunk order in double precision (Chan, Golub and
 * LeVeque 1979). Without residual the output is left pending where all its consumers can apply it (pending.h): then
 * nothing is written, or nothing before the backward pass.
 *
 * Backward, with g the gradient behind the ReLU's mask, m the number of pixels, c = x - mean:
 *     dshift = sum g,   dscale = rstd * sum g c,   dx = a * (g - mean(g) - c * rstd^2 * mean(g c)),   a = scale * rstd.
 * Without residual the mask is recomputed from x; the end of a residual block looks at its output and stores g, which
 * is the residual's gradient. Frozen, mean and variance are the running ones, which do not depend on x: then
 * dx = a * g.
 */
#include <math.h>
#include "base/planted.h"
#include "plan/finish.h"
#include "plan/gradient.h"
#include "plan/images.h"
#include "plan/moments.h"
#include "plan/squares.h"
#include "plan/sums.h"
#include "plan/values.h"

#define BN_MOMENTUM 0.1

/* Per-channel vectors of the padded channel count, all in one buffer. */
enum { A = RGM_NORM_SCALE, SHIFT = RGM_NORM_SHIFT, MEAN = RGM_NORM_MEAN, RSTD = RGM_NORM_RSTD, P, Q, S, VECTORS };

typedef struct bn_state {
    const rgm_kernels *k;
    rgm_extent e;
    int32_t C, N, chunks, relu, r_relu;
    int32_t training, frozen; /* frozen: in training, with the running statistics */
    int32_t moment_chunks, sum_chunks;
    int32_t mask; /* of the second pass: RGM_MASK_NONE if g is stored */
    rgm_sums_pass first_pass;
    const float *x, *r, *r_affine, *g;
    float *y, *dx, *vectors;
    rgm_buffer vectors_buffer; /* the same in both directions */
    double *moments;           /* [moment_chunks][RGM_MOMENTS][padded C] */
    const double *sums;        /* backward: [sum_chunks][2][padded C] */
    double *squares;           /* [blocks], of dscale and dshift */
    const float *scale, *shift;
    float *dscale, *dshift, *running_mean, *running_var;
} bn_state;

static float *vector(const bn_state *c, int32_t which, int32_t block) {
    return c->vectors + (int64_t)which * c->e.channels + (int64_t)block * c->k->block;
}

/* The residual has the same shape, and so its pending vectors. */
static const float *residual_vector(const bn_state *c, int32_t which, int32_t block) {
    return c->r_affine ? c->r_affine + (int64_t)which * c->e.channels + (int64_t)block * c->k->block : NULL;
}

static int64_t row(const bn_state *c, int64_t image, int32_t block) {
    return image * c->e.floats + (int64_t)block * c->e.pixels * c->k->block;
}

static const double *sums(const bn_state *c, int32_t chunk, int32_t which) {
    return c->sums + ((int64_t)chunk * 2 + which) * c->e.channels;
}

static double *moments(const bn_state *c, int32_t chunk, int32_t which) {
    return c->moments + ((int64_t)chunk * RGM_MOMENTS + which) * c->e.channels;
}

static rgm_status run_stats(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int32_t B = c->k->block;
    for (int32_t b = 0; b < c->e.blocks; b++) {
        const float *first = c->x + row(c, images.first, b);
        for (int32_t i = b * B; i < (b + 1) * B; i++) {
            moments(c, chunk, 0)[i] = (double)(images.end - images.first) * (double)c->e.pixels;
            moments(c, chunk, 1)[i] = (double)first[i - b * B];
            moments(c, chunk, 2)[i] = moments(c, chunk, 3)[i] = 0;
        }
        for (int64_t n = images.first; n < images.end; n++)
            c->k->bn_stats(c->x + row(c, n, b), c->e.pixels, first, moments(c, chunk, 2) + b * B,
                           moments(c, chunk, 3) + b * B);
    }
    return RGM_OK;
}

/* a and shift of one channel from its mean and variance. */
static void set_affine(const bn_state *c, int32_t block, int32_t lane, double mean, double variance) {
    int64_t channel = (int64_t)block * c->k->block + lane;
    double a = 0, shift = 0, rstd = 1.0 / sqrt(variance + RGM_BN_EPSILON);
    if (channel < c->C) rgm_norm_affine(c->scale[channel], c->shift[channel], mean, variance, &a, &shift);
    vector(c, A, block)[lane] = (float)a;
    vector(c, SHIFT, block)[lane] = (float)shift;
    vector(c, MEAN, block)[lane] = (float)mean;
    vector(c, RSTD, block)[lane] = (float)rstd;
}

static void update_running(const bn_state *c, int64_t channel, double mean, double variance, double m) {
    double unbiased = m > 1 ? variance * m / (m - 1) : variance;
    c->running_mean[channel] = (float)((1 - BN_MOMENTUM) * c->running_mean[channel] + BN_MOMENTUM * mean);
    c->running_var[channel] = (float)((1 - BN_MOMENTUM) * c->running_var[channel] + BN_MOMENTUM * unbiased);
}

/* Sum and sum of squares of x - k, k of the first chunk, from each chunk's own k: lane by lane of a block, while the
 * chunks are gone through once, since they lie far apart. */
static void combine_moments(const bn_state *c, int32_t block, double sum[RGM_LANES_MOST],
                            double square[RGM_LANES_MOST]) {
    int32_t B = c->k->block;
    const double *first = moments(c, 0, 1) + block * B;
    for (int32_t i = 0; i < c->moment_chunks; i++) {
        const double *n = moments(c, i, 0) + block * B, *k = n + c->e.channels, *s = k + c->e.channels;
        const double *q = s + c->e.channels;
        for (int32_t lane = 0; lane < B; lane++) {
            double d = k[lane] - first[lane];
            sum[lane] += s[lane] + n[lane] * d;
            square[lane] += q[lane] + d * (2 * s[lane] + n[lane] * d);
        }
    }
}

static rgm_status run_finish(void *context, int32_t block, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    int32_t B = c->k->block;
    double m = (double)c->N * (double)c->e.pixels, sum[RGM_LANES_MOST] = {0}, square[RGM_LANES_MOST] = {0};
    combine_moments(c, block, sum, square);
    for (int32_t lane = 0; lane < B; lane++) {
        int64_t channel = (int64_t)block * B + lane;
        double mean = moments(c, 0, 1)[channel] + sum[lane] / m;
        double variance = square[lane] / m - sum[lane] / m * (sum[lane] / m);
        if (variance < 0) variance = 0; /* rounding only; NaN stays NaN */
        if (RGM_PLANTED("M5") && channel < c->C) mean = c->running_mean[channel], variance = c->running_var[channel];
        set_affine(c, block, lane, mean, variance);
        if (RGM_PLANTED("M5")) continue;
        if (channel < c->C) update_running(c, channel, mean, variance, m);
    }
    return RGM_OK;
}

static rgm_status run_running(void *context, int32_t block, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    for (int32_t lane = 0; lane < c->k->block; lane++) {
        int64_t channel = (int64_t)block * c->k->block + lane;
        set_affine(c, block, lane, channel < c->C ? c->running_mean[channel] : 0,
                   channel < c->C ? c->running_var[channel] : 1);
    }
    return RGM_OK;
}

static rgm_status run_apply(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    for (int64_t n = images.first; n < images.end; n++)
        for (int32_t b = 0; b < c->e.blocks; b++) {
            const rgm_affine own = {vector(c, A, b), vector(c, SHIFT, b), c->relu};
            const rgm_affine residual = {residual_vector(c, A, b), residual_vector(c, SHIFT, b), c->r_relu};
            int64_t at = row(c, n, b);
            c->k->bn_fwd(c->x + at, &own, c->r ? c->r + at : NULL, &residual, c->y + at, c->e.pixels);
        }
    return RGM_OK;
}

/* Backward of run_apply and run_stats, first pass. */
static rgm_status run_backward_reduce(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    for (int64_t n = images.first; n < images.end; n++)
        for (int32_t b = 0; b < c->e.blocks; b++)
            rgm_sums_add(&c->first_pass, chunk, b, row(c, n, b), c->e.pixels, n == images.first);
    return RGM_OK;
}

static void combine_sums(const bn_state *c, int32_t block, double sum_g[RGM_LANES_MOST],
                         double sum_gc[RGM_LANES_MOST]) {
    int32_t B = c->k->block;
    for (int32_t i = 0; i < c->sum_chunks; i++) {
        const double *g = sums(c, i, 0) + block * B, *gc = sums(c, i, 1) + block * B;
        for (int32_t lane = 0; lane < B; lane++) {
            sum_g[lane] += g[lane];
            sum_gc[lane] += gc[lane];
        }
    }
}

static rgm_status run_backward_finish(void *context, int32_t block, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    int32_t B = c->k->block;
    double m = (double)c->N * (double)c->e.pixels, squares = 0, sum_g[RGM_LANES_MOST] = {0},
           sum_gc[RGM_LANES_MOST] = {0};
    combine_sums(c, block, sum_g, sum_gc);
    for (int32_t lane = 0; lane < B; lane++) {
        int64_t channel = (int64_t)block * B + lane;
        double a = vector(c, A, block)[lane], rstd = vector(c, RSTD, block)[lane];
        double q = -a * rstd * rstd * sum_gc[lane] / m;
        vector(c, P, block)[lane] = (float)a;
        vector(c, Q, block)[lane] = (float)q;
        vector(c, S, block)[lane] = (float)(-a * sum_g[lane] / m - q * vector(c, MEAN, block)[lane]);
        if (c->frozen || RGM_PLANTED("M5")) vector(c, Q, block)[lane] = vector(c, S, block)[lane] = 0;
        if (channel >= c->C) continue;
        c->dscale[channel] = (float)(rstd * sum_gc[lane]);
        c->dshift[channel] = (float)sum_g[lane];
        squares += (double)c->dscale[channel] * c->dscale[channel] + (double)c->dshift[channel] * c->dshift[channel];
    }
    c->squares[block] = squares;
    return RGM_OK;
}

static rgm_status run_backward_apply(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const bn_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    for (int64_t n = images.first; n < images.end; n++)
        for (int32_t b = 0; b < c->e.blocks; b++) {
            int64_t at = row(c, n, b);
            const rgm_bn_bwd in = {.x = c->x + at,
                                   .dy = c->g + at,
                                   .scale = vector(c, A, b),
                                   .shift = vector(c, SHIFT, b),
                                   .mask = c->mask};
            c->k->bn_bwd_apply(&in, vector(c, P, b), vector(c, Q, b), vector(c, S, b), c->dx + at, c->e.pixels);
        }
    return RGM_OK;
}

static void use_parameters(rgm_plan *plan, const rgm_node *node, bn_state *c) {
    rgm_plan_param(plan, node->weight, &c->scale);
    rgm_plan_param(plan, node->bias, &c->shift);
    rgm_plan_grad(plan, node->weight, &c->dscale);
    rgm_plan_grad(plan, node->bias, &c->dshift);
    rgm_plan_stat(plan, node->mean, &c->running_mean);
    rgm_plan_stat(plan, node->mean + 1, &c->running_var);
}

static rgm_status create(rgm_plan *plan, int32_t index, bn_state **out, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    bn_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    c->k = o->kernels;
    c->e = rgm_plan_extent(plan, node->out);
    if (c->e.layout != RGM_LAYOUT_BLOCKED) return rgm_fail(err, RGM_E_UNSUPPORTED, "batch norm needs a blocked image");
    c->C = rgm_plan_tensor(plan, node->out)->C;
    c->N = o->batch;
    c->chunks = rgm_plan_images(plan, c->e.floats);
    c->relu = !!(node->flags & RGM_BN_RELU);
    c->training = o->training | RGM_PLANTED("M5.batch");
    c->frozen = o->frozen;
    use_parameters(plan, node, c);
    c->vectors_buffer = rgm_plan_buffer(plan, sizeof(float) * VECTORS * (size_t)c->e.channels);
    rgm_plan_set_node_state(plan, index, c);
    *out = c;
    return RGM_OK;
}

/* The same vectors, other phases. */
static rgm_status copy(rgm_plan *plan, int32_t index, bn_state **out, rgm_error *err) {
    bn_state *c = *out = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    *c = *(const bn_state *)rgm_plan_node_state(plan, index);
    use_parameters(plan, rgm_plan_node(plan, index), c);
    return RGM_OK;
}

/* Scale and shift of each channel, from the batch's moments or the running statistics. */
static rgm_status plan_vectors(rgm_plan *plan, int32_t index, bn_state *c, rgm_buffer x, rgm_error *err) {
    int32_t in = rgm_plan_node(plan, index)->in[0];
    if (!c->training) {
        RGM_TRY(rgm_plan_phase_once(plan, index, &(rgm_phase_spec){"running statistics", run_running, c, c->e.blocks},
                                    err));
        rgm_plan_use(plan, c->vectors_buffer, &c->vectors);
        return RGM_OK;
    }
    if (c->frozen) {
        RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"running statistics", run_running, c, c->e.blocks}, err));
        rgm_plan_use(plan, c->vectors_buffer, &c->vectors);
        return RGM_OK;
    }
    rgm_moments moments = rgm_plan_moments(plan, in);
    if (!moments.chunks) {
        moments = rgm_plan_gather_moments(plan, in, c->chunks);
        RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"statistics", run_stats, c, c->chunks}, err));
        rgm_plan_use(plan, x, &c->x);
        rgm_plan_use(plan, moments.buffer, &c->moments);
    }
    c->moment_chunks = moments.chunks;
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"combine statistics", run_finish, c, c->e.blocks}, err));
    rgm_plan_use(plan, moments.buffer, &c->moments);
    rgm_plan_use(plan, c->vectors_buffer, &c->vectors);
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    bn_state *c = NULL;
    int32_t again = rgm_plan_again(plan);
    RGM_TRY((again ? copy : create)(plan, index, &c, err));
    rgm_buffer x = rgm_plan_value(plan, node->in[0]);
    if (!again) RGM_TRY(plan_vectors(plan, index, c, x, err));
    rgm_plan_set_source(plan, node->out, (rgm_source){.values = x, .affine = c->vectors_buffer, .relu = c->relu});
    if (rgm_plan_defers(plan, node->out)) return RGM_OK;
    if (!c->training && rgm_plan_may_overwrite(plan, node->in[0])) rgm_plan_alias(plan, node->out, x);
    RGM_TRY(rgm_plan_phase_images(plan, index, &(rgm_phase_spec){"normalise", run_apply, c, c->chunks}, err));
    rgm_plan_use(plan, x, &c->x);
    rgm_plan_use(plan, c->vectors_buffer, &c->vectors);
    if (node->in[1] != RGM_NO_TENSOR) {
        rgm_source r = rgm_plan_source(plan, node->in[1]);
        rgm_plan_use(plan, r.values, &c->r);
        if (r.pending) rgm_plan_use(plan, r.affine, &c->r_affine);
        c->r_relu = r.relu;
    }
    rgm_plan_use(plan, rgm_plan_value(plan, node->out), &c->y);
    return RGM_OK;
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    bn_state *c = NULL;
    int32_t join = node->in[1] != RGM_NO_TENSOR && rgm_plan_needs_gradient(plan, node->in[1]);
    RGM_TRY(copy(plan, index, &c, err));
    rgm_sums s = rgm_sums_of(plan, node->out);
    if (!s.chunks) {
        RGM_TRY(
            rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward sums", run_backward_reduce, c, c->chunks}, err));
        rgm_sums_take(plan, node->out, &s, c->chunks, &c->first_pass);
    }
    c->sum_chunks = s.chunks;
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"combine backward sums", run_backward_finish, c, c->e.blocks},
                           err));
    rgm_plan_use(plan, s.partial, &c->sums);
    rgm_plan_use(plan, c->vectors_buffer, &c->vectors);
    rgm_plan_squares(plan, node->weight, node->bias, &c->squares);

    /* The residual's gradient is g: then dx needs a buffer of its own. */
    rgm_buffer g = s.g >= 0 ? s.g : s.dy;
    rgm_buffer dx = join || s.shared ? rgm_plan_buffer(plan, rgm_plan_tensor_bytes(plan, node->out)) : g;
    c->mask = s.g >= 0 ? RGM_MASK_NONE : s.mask;
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward", run_backward_apply, c, c->chunks}, err));
    rgm_plan_use(plan, s.x, &c->x);
    rgm_plan_use(plan, g, &c->g);
    rgm_plan_use(plan, c->vectors_buffer, NULL);
    rgm_plan_use(plan, dx, &c->dx);
    if (join) RGM_TRY(rgm_plan_add_gradient(plan, node->in[1], g, s.shared, err));
    if (!rgm_plan_needs_gradient(plan, node->in[0])) return RGM_OK;
    return rgm_plan_add_gradient(plan, node->in[0], dx, 0, err);
}

/* The mask at the end of a residual block comes from it. */
static int32_t keeps_output(const rgm_plan *plan, int32_t index) {
    const rgm_node *node = rgm_plan_node(plan, index);
    return node->in[1] != RGM_NO_TENSOR && (node->flags & RGM_BN_RELU);
}

/* The residual is loaded as it is pending; the input itself would be normalised twice. */
static int32_t applies(const rgm_plan *plan, int32_t index, int32_t input) {
    (void)plan, (void)index;
    return input == 1 ? RGM_APPLIES_ALWAYS : RGM_APPLIES_NEVER;
}

/* Behind an operation that finishes; as the residual of another it cannot. */
static int32_t joins(const rgm_plan *plan, int32_t index, int32_t input, rgm_finish *f) {
    const rgm_node *node = rgm_plan_node(plan, index);
    if (input != 0 || f->norm != RGM_NO_TENSOR || f->residual != RGM_NO_TENSOR || f->relu) return 0;
    if (RGM_PLANTED("M5.batch")) return 0;
    f->norm = index;
    f->residual = node->in[1];
    f->relu = !!(node->flags & RGM_BN_RELU);
    return 1;
}

const rgm_op rgm_op_batchnorm = {.name = "batchnorm",
                                 .forward = forward,
                                 .backward = backward,
                                 .keeps_input = 1,
                                 .keeps_output = keeps_output,
                                 .applies = applies,
                                 .joins = joins};
