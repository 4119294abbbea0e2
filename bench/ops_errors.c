/* bench ops --errors: against direct summation in double precision. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/ops_internal.h"

/* Tensors of a layer in double, canonical: [N][C][H*W], [N][K][OH*OW], [K][C][R*S]. */
typedef struct exact {
    const rgm_layer *l;
    int32_t OH, OW;
    int64_t in, out, taps; /* pixels of a channel; weights of a filter's channel */
    double *x, *dy, *w, *y, *dx, *dw;
    double *memory;
} exact;

/* ---- direct summation ---- */

/* Outputs o in [*from, *to) whose input o * stride + tap - pad lies in [0, size). */
static void range(const rgm_layer *l, int32_t tap, int32_t size, int32_t outputs, int32_t *from, int32_t *to) {
    int32_t offset = l->pad - tap, last = size - 1 + offset;
    *from = offset > 0 ? (offset + l->stride - 1) / l->stride : 0;
    *to = last < 0 ? 0 : last / l->stride + 1;
    if (*to > outputs) *to = outputs;
}

enum { Y, DX, DW };

/* One tap of one pair of channels of an image: adds to y, to dx or, as the result, to dw. */
static double add_tap(const exact *e, int32_t what, int32_t tap, double w, double *x, double *y) {
    const rgm_layer *l = e->l;
    int32_t r = tap / l->window, s = tap % l->window;
    int32_t top, bottom, left, right;
    double sum = 0;
    range(l, r, l->H, e->OH, &top, &bottom);
    range(l, s, l->W, e->OW, &left, &right);
    for (int32_t o = top; o < bottom; o++) {
        double *in = x + (int64_t)(o * l->stride + r - l->pad) * l->W + s - l->pad, *out = y + (int64_t)o * e->OW;
        for (int32_t q = left; q < right; q++) {
            double *at = &in[(int64_t)q * l->stride];
            if (what == Y) out[q] += w * *at;
            if (what == DX) *at += w * out[q];
            if (what == DW) sum += *at * out[q];
        }
    }
    return sum;
}

/* All that a pair of channels gives. */
static void add_pair(const exact *e, int32_t what, int32_t k, int32_t c) {
    const rgm_layer *l = e->l;
    int64_t filter = ((int64_t)k * l->C + c) * e->taps;
    for (int32_t n = 0; n < l->N; n++) {
        int64_t in = ((int64_t)n * l->C + c) * e->in, out = ((int64_t)n * l->K + k) * e->out;
        double *x = what == DX ? e->dx + in : e->x + in, *y = what == Y ? e->y + out : e->dy + out;
        for (int32_t t = 0; t < e->taps; t++) {
            double sum = add_tap(e, what, t, e->w[filter + t], x, y);
            if (what == DW) e->dw[filter + t] += sum;
        }
    }
}

/* Chunks own what they write: y and dw of an output channel, then dx of an input channel. */
static rgm_status run_exact(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const exact *e = context;
    (void)worker, (void)err;
    for (int32_t c = 0; chunk < e->l->K && c < e->l->C; c++) {
        add_pair(e, Y, chunk, c);
        add_pair(e, DW, chunk, c);
    }
    for (int32_t k = 0; chunk >= e->l->K && k < e->l->K; k++) add_pair(e, DX, k, chunk - e->l->K);
    return RGM_OK;
}

/* ---- layouts ---- */

/* N images of `floats` floats: C channels of `pixels`, blocked, or plain (B 1). */
typedef struct tensor {
    const float *at;
    int64_t floats, pixels;
    int32_t N, C, B;
} tensor;

static double value(const tensor *t, int32_t n, int32_t c, int64_t p) {
    return (double)t->at[n * t->floats + (c / t->B * t->pixels + p) * t->B + c % t->B];
}

static tensor input_of(const exact *e, const rgm_layer_data *d, const float *x) {
    return (tensor){x, d->x_floats, e->in, e->l->N, e->l->C, d->x_block};
}

static tensor output_of(const exact *e, const rgm_layer_data *d, int32_t B, const float *y) {
    return (tensor){y, d->y_floats, e->out, e->l->N, e->l->K, B};
}

static void to_double(tensor t, double *to) {
    for (int32_t n = 0; n < t.N; n++)
        for (int32_t c = 0; c < t.C; c++)
            for (int64_t p = 0; p < t.pixels; p++) *to++ = value(&t, n, c, p);
}

typedef struct distance {
    double largest, squares, size; /* sums over all elements */
    int64_t count;
} distance;

static void compare(tensor got, const double *want, distance *d) {
    for (int32_t n = 0; n < got.N; n++)
        for (int32_t c = 0; c < got.C; c++)
            for (int64_t p = 0; p < got.pixels; p++, want++) {
                double error = fabs(value(&got, n, c, p) - *want);
                d->largest = error > d->largest || isnan(error) ? error : d->largest;
                d->squares += error * error;
                d->size += *want * *want;
                d->count++;
            }
}

/* ---- a layer ---- */

static rgm_status make_exact(exact *e, const rgm_ops *o, const rgm_layer_data *d, rgm_error *err) {
    const rgm_layer *l = e->l;
    int64_t x = (int64_t)l->N * l->C * e->in, y = (int64_t)l->N * l->K * e->out, w = (int64_t)l->K * l->C * e->taps;
    e->memory = calloc((size_t)(2 * (x + y + w)), sizeof *e->memory);
    if (!e->memory) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    e->x = e->memory, e->dx = e->x + x, e->y = e->dx + x, e->dy = e->y + y, e->w = e->dy + y, e->dw = e->w + w;
    to_double(input_of(e, d, d->x), e->x);
    to_double(output_of(e, d, o->means.kernels->block, d->dy), e->dy);
    for (int64_t i = 0; i < w; i++) e->w[i] = (double)d->w[i];
    return rgm_team_for(o->means.team, run_exact, e, l->K + (l->input ? 0 : l->C), err);
}

/* What one way is off by, in each direction that it computes. */
static rgm_status measure_way(const rgm_ops *o, const exact *e, const rgm_layer_data *data, int32_t way,
                              distance d[RGM_CONV_DIRECTIONS], rgm_error *err) {
    const rgm_layer *l = e->l;
    int32_t B = o->means.kernels->block;
    rgm_layer_net net;
    RGM_TRY(rgm_layer_net_make(&net, l, &o->means, (rgm_layer_use){data, 1, rgm_ways[way].way}, err));
    rgm_status status = rgm_layer_net_run(&net, err);
    if (status >= 0 && net.way[RGM_CONV_FORWARD] == rgm_ways[way].way)
        compare(output_of(e, data, B, data->y), e->y, &d[RGM_CONV_FORWARD]);
    if (status >= 0 && net.way[RGM_CONV_BACKWARD_DATA] == rgm_ways[way].way)
        compare(input_of(e, data, data->dx), e->dx, &d[RGM_CONV_BACKWARD_DATA]);
    if (status >= 0 && net.way[RGM_CONV_BACKWARD_WEIGHTS] == rgm_ways[way].way)
        compare((tensor){data->dw, 0, (int64_t)l->K * l->C * e->taps, 1, 1, 1}, e->dw, &d[RGM_CONV_BACKWARD_WEIGHTS]);
    rgm_layer_net_free(&net);
    return status;
}

/* ---- telling ---- */

enum { COLUMNS = 2 * RGM_WAYS + 1 };
static void make_columns(rgm_column columns[COLUMNS]) {
    columns[0] = (rgm_column){"layer, direction", RGM_WAY_LABEL, 0};
    for (int32_t way = 0; way < RGM_WAYS; way++) {
        columns[2 * way + 1] = (rgm_column){rgm_ways[way].column, 9, 2};
        columns[2 * way + 2] = (rgm_column){"largest", 8, 1};
    }
}

static rgm_status add_json(const rgm_ops *o, const char *label, int32_t way, const char *what, double value,
                           rgm_error *err) {
    char name[RGM_LAYER_NAME + 96];
    snprintf(name, sizeof name, "%s, %s, %s", label, rgm_ways[way].name, what);
    if (rgm_bench_json_add(o->json, name, "2^-24", (rgm_spread){value, value, value})) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
}

static rgm_status tell(const rgm_ops *o, const rgm_layer *layer, int32_t direction,
                       distance d[RGM_WAYS][RGM_CONV_DIRECTIONS], rgm_error *err) {
    const double unit = 0x1p-24; /* half an ulp of 1 */
    char name[RGM_LAYER_NAME], label[RGM_LAYER_NAME + 32];
    double values[2 * RGM_WAYS];
    rgm_column columns[COLUMNS];
    snprintf(label, sizeof label, "%s, %s", rgm_layer_name(layer, name), rgm_direction_names[direction]);
    for (int32_t way = 0; way < o->ways; way++) {
        const distance *e = &d[way][direction];
        double rms = sqrt(e->size / (double)e->count);
        values[2 * way] = e->count ? sqrt(e->squares / (double)e->count) / rms / unit : NAN;
        values[2 * way + 1] = e->count ? e->largest / rms / unit : NAN;
        if (!e->count) continue;
        RGM_TRY(add_json(o, label, way, "rms", values[2 * way], err));
        RGM_TRY(add_json(o, label, way, "largest", values[2 * way + 1], err));
    }
    if (!o->text) return RGM_OK;
    make_columns(columns);
    rgm_table_row(columns, 2 * o->ways + 1, label, values);
    putchar('\n');
    fflush(stdout);
    return RGM_OK;
}

static rgm_status measure_all(const rgm_ops *o, exact *e, const rgm_layer_data *data, rgm_error *err) {
    distance d[RGM_WAYS][RGM_CONV_DIRECTIONS] = {{{0}}};
    RGM_TRY(make_exact(e, o, data, err));
    for (int32_t way = 0; way < o->ways; way++) RGM_TRY(measure_way(o, e, data, way, d[way], err));
    for (int32_t i = 0; i < RGM_CONV_DIRECTIONS; i++)
        if (d[0][i].count) RGM_TRY(tell(o, e->l, i, d, err));
    return RGM_OK;
}

static rgm_status measure_layer(const rgm_ops *o, const rgm_layer *l, rgm_error *err) {
    rgm_layer_data data;
    exact e = {.l = l,
               .OH = rgm_layer_out(l, l->H),
               .OW = rgm_layer_out(l, l->W),
               .in = (int64_t)l->H * l->W,
               .taps = (int64_t)l->window * l->window};
    e.out = (int64_t)e.OH * e.OW;
    rgm_status status = rgm_layer_data_make(&data, l, &o->means, 1, err);
    if (status >= 0) status = measure_all(o, &e, &data, err);
    free(e.memory);
    rgm_layer_data_free(&data);
    return status;
}

rgm_status rgm_ops_errors(rgm_ops *o, rgm_error *err) {
    const rgm_effort *effort = &o->options->effort;
    if (o->text) {
        rgm_column columns[COLUMNS];
        make_columns(columns);
        printf("errors against double precision: root mean square and largest, in units of 2^-24 of the result's root "
               "mean square\n\n");
        rgm_table_head(columns, 2 * o->ways + 1);
    }
    for (int32_t i = 0; i < o->layers.count; i++) {
        RGM_TRY(rgm_bench_go_on(effort->stop, err));
        RGM_TRY(measure_layer(o, &o->layers.list[i], err));
    }
    return RGM_OK;
}
