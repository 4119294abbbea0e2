/* The chunk functions: what the team's workers call in a step. Nothing here allocates. */
#include "engine/conv_run.h"

#include <string.h>
#include "engine/internal.h"

/* Images of C channels of so many pixels. */
typedef struct images {
    int32_t count, C;
    size_t pixels;
} images;

/* Copies images between nChw{from}c and nChw{to}c (1 is nchw); the new padding lanes are zero. */
static void convert_layout(images of, const float *x, int32_t from, float *y, int32_t to) {
    size_t from_image = rgm_round_up((size_t)of.C, (size_t)from) * of.pixels;
    size_t padded = rgm_round_up((size_t)of.C, (size_t)to);
    for (int32_t n = 0; n < of.count; n++, x += from_image, y += padded * of.pixels)
        for (size_t c = 0; c < padded; c++) {
            float *out = y + c / (size_t)to * (size_t)to * of.pixels + c % (size_t)to;
            const float *in = x + c / (size_t)from * (size_t)from * of.pixels + c % (size_t)from;
            if (c < (size_t)of.C)
                for (size_t p = 0; p < of.pixels; p++) out[p * (size_t)to] = in[p * (size_t)from];
            else
                for (size_t p = 0; p < of.pixels; p++) out[p * (size_t)to] = 0.0f;
        }
}

/* Pointers, in the primitive's own layouts and at the group's first image, or to whole tensors of the caller's. The
 * residual is never the primitive's. */
typedef struct operands {
    float *src, *weights, *bias, *dst;
    const float *residual;
} operands;

static dnnl_status_t execute(const rgm_conv_call *call, int32_t direction, const rgm_conv_part *part,
                             const operands *at) {
    static const int roles[RGM_CONV_DIRECTIONS][4] = {
        {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS},
        {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST, 0},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_BIAS}};
    const struct rgm_conv_memories *m = &part->memories[call->worker];
    const int *role = roles[direction];
    dnnl_exec_arg_t arguments[5] = {{role[0], m->src},
                                    {role[1], m->weights},
                                    {role[2], m->dst},
                                    {DNNL_ARG_SCRATCHPAD, m->scratchpad},
                                    {role[3], m->bias}};
    float *handles[5] = {at->src, at->weights, at->dst, part->scratchpad ? call->scratch : NULL, at->bias};
    int count = m->bias ? 5 : 4;
    for (int i = 0; i < count; i++) {
        dnnl_status_t status = dnnl_memory_set_data_handle(arguments[i].memory, handles[i]);
        if (status != dnnl_success) return status;
    }
    dnnl_stream_t stream = call->conv->engine->streams[call->worker];
    dnnl_status_t status = dnnl_primitive_execute(part->primitive, stream, count, arguments);
    return status == dnnl_success ? dnnl_stream_wait(stream) : status;
}

static rgm_status check_call(const rgm_conv_call *call, int32_t direction, int32_t group, rgm_error *err) {
    const rgm_conv_direction *d = &call->conv->direction[direction];
    int32_t worker = call->worker, workers = call->conv->engine->workers;
    if (!d->ready) return rgm_fail(err, RGM_E_INTERNAL, "convolution: direction %d was not prepared", direction);
    if (group < 0 || group >= d->groups || worker < 0 || worker >= workers)
        return rgm_fail(err, RGM_E_INTERNAL, "convolution: group %d of %d, worker %d of %d", group, d->groups, worker,
                        workers);
    return RGM_OK;
}

/* oneDNN adds to what is in the output: so the residual goes there first, in its layout. */
static void load_residual(const rgm_conv *conv, const rgm_conv_direction *d, int32_t count, const float *residual,
                          float *dst) {
    const rgm_conv_shape *s = &conv->shape;
    size_t pixels = (size_t)conv->OH * (size_t)conv->OW;
    if (d->dst_block != conv->dst_block)
        convert_layout((images){count, s->K, pixels}, residual, conv->dst_block, dst, d->dst_block);
    else if (residual != dst)
        memcpy(dst, residual,
               sizeof(float) * (size_t)count * rgm_image_floats(s->K, conv->dst_block, conv->OH, conv->OW));
}

/* One group in one direction. `whole`: the batch's src, dst and residual in the caller's layouts, weights and bias in
 * the primitive's own. Converted tensors follow the scratchpad in scratch. */
static rgm_status run(const rgm_conv_call *call, int32_t direction, const operands *whole, rgm_error *err) {
    const rgm_conv *conv = call->conv;
    const rgm_conv_shape *s = &conv->shape;
    const rgm_conv_direction *d = &conv->direction[direction];
    int ragged = call->chunk == d->groups - 1 && d->part[1].primitive;
    const rgm_conv_part *part = &d->part[ragged];
    size_t first = (size_t)call->chunk * (size_t)d->images;
    const images in = {part->images, s->C, (size_t)s->H * (size_t)s->W};
    const images out = {part->images, s->K, (size_t)conv->OH * (size_t)conv->OW};
    float *src = whole->src + first * rgm_image_floats(s->C, conv->src_block, s->H, s->W);
    size_t dst_first = first * rgm_image_floats(s->K, conv->dst_block, conv->OH, conv->OW);
    float *dst = whole->dst + dst_first;

    operands at = {src, whole->weights, whole->bias, dst, NULL};
    float *room = (float *)((char *)call->scratch + rgm_round_up(part->scratchpad, RGM_ENGINE_ALIGN));
    if (d->src_block != conv->src_block) {
        at.src = room;
        room += rgm_round_up((size_t)part->images * rgm_image_floats(s->C, d->src_block, s->H, s->W), 16);
        if (direction != RGM_CONV_BACKWARD_DATA) convert_layout(in, src, conv->src_block, at.src, d->src_block);
    }
    if (d->dst_block != conv->dst_block) {
        at.dst = room;
        if (direction != RGM_CONV_FORWARD) convert_layout(out, dst, conv->dst_block, at.dst, d->dst_block);
    }
    if (direction == RGM_CONV_FORWARD && s->residual)
        load_residual(conv, d, part->images, whole->residual + dst_first, at.dst);
    dnnl_status_t status = execute(call, direction, part, &at);
    if (status != dnnl_success) return rgm_dnnl_fail(err, status, "running a convolution");
    if (at.dst != dst && direction == RGM_CONV_FORWARD) convert_layout(out, at.dst, d->dst_block, dst, conv->dst_block);
    if (at.src != src && direction == RGM_CONV_BACKWARD_DATA)
        convert_layout(in, at.src, d->src_block, src, conv->src_block);
    return RGM_OK;
}

static rgm_status check_weights_chunk(const rgm_weights_map *map, int32_t chunk, rgm_error *err) {
    if (chunk >= 0 && chunk < map->chunks) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "convolution: chunk %d of %d of the weights", chunk, map->chunks);
}

rgm_status rgm_conv_pack(const rgm_conv_call *call, int32_t direction, const float *w, const float *scale, void *packed,
                         rgm_error *err) {
    RGM_TRY(check_call(call, direction, 0, err));
    const rgm_weights_map *map = &call->conv->direction[direction].map;
    RGM_TRY(check_weights_chunk(map, call->chunk, err));
    rgm_weights_pack(map, call->chunk, w, scale, packed);
    return RGM_OK;
}

/* oneDNN takes no const pointers; it writes to outputs and scratch only. */
static float *writable(const void *p) { return (float *)p; }

rgm_status rgm_conv_forward(const rgm_conv_call *call, const rgm_conv_forward_args *a, rgm_error *err) {
    RGM_TRY(check_call(call, RGM_CONV_FORWARD, call->chunk, err));
    operands whole = {writable(a->x), writable(a->packed), writable(a->bias), a->y, a->residual};
    return run(call, RGM_CONV_FORWARD, &whole, err);
}

rgm_status rgm_conv_backward_data(const rgm_conv_call *call, const float *dy, const void *packed, float *dx,
                                  rgm_error *err) {
    RGM_TRY(check_call(call, RGM_CONV_BACKWARD_DATA, call->chunk, err));
    operands whole = {dx, writable(packed), NULL, writable(dy), NULL};
    return run(call, RGM_CONV_BACKWARD_DATA, &whole, err);
}

rgm_status rgm_conv_backward_weights(const rgm_conv_call *call, const float *x, const float *dy, void *partials,
                                     rgm_error *err) {
    RGM_TRY(check_call(call, RGM_CONV_BACKWARD_WEIGHTS, call->chunk, err));
    const rgm_conv_direction *d = &call->conv->direction[RGM_CONV_BACKWARD_WEIGHTS];
    char *part = (char *)partials + (size_t)call->chunk * d->part_bytes;
    operands whole = {writable(x), (float *)part, (float *)(part + d->weights_bytes), writable(dy), NULL};
    return run(call, RGM_CONV_BACKWARD_WEIGHTS, &whole, err);
}

rgm_status rgm_conv_reduce(const rgm_conv_call *call, void *partials, float *dw, float *db, rgm_error *err) {
    RGM_TRY(check_call(call, RGM_CONV_BACKWARD_WEIGHTS, 0, err));
    const rgm_conv_direction *d = &call->conv->direction[RGM_CONV_BACKWARD_WEIGHTS];
    RGM_TRY(check_weights_chunk(&d->map, call->chunk, err));
    size_t pitch = d->part_bytes / sizeof(float);
    rgm_weights_reduce(&d->map, call->chunk, partials, pitch, d->groups, dw);
    if (!call->conv->shape.bias) return RGM_OK;
    int32_t from, to;
    rgm_weights_chunk_rows(&d->map, call->chunk, &from, &to);
    const float *parts = (const float *)((const char *)partials + d->weights_bytes);
    for (int32_t k = from; k < to; k++) {
        float sum = parts[k];
        for (int32_t g = 1; g < d->groups; g++) sum += parts[(size_t)g * pitch + (size_t)k];
        db[k] = sum;
    }
    return RGM_OK;
}
