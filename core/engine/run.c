/* The chunk functions: what the team's workers call in a step. Nothing here allocates. */
#include "engine/internal.h"

#include <string.h>

/* Copies `images` images of C channels between nChw{from}c and nChw{to}c (1 is nchw); the new padding lanes are zero.
 */
static void convert_layout(const float *x, int32_t from, float *y, int32_t to, int32_t images, int32_t C,
                           size_t pixels) {
    size_t from_image = rgm_round_up((size_t)C, (size_t)from) * pixels;
    size_t padded = rgm_round_up((size_t)C, (size_t)to);
    for (int32_t n = 0; n < images; n++, x += from_image, y += padded * pixels)
        for (size_t c = 0; c < padded; c++) {
            float *out = y + c / (size_t)to * (size_t)to * pixels + c % (size_t)to;
            const float *in = x + c / (size_t)from * (size_t)from * pixels + c % (size_t)from;
            if (c < (size_t)C)
                for (size_t p = 0; p < pixels; p++) out[p * (size_t)to] = in[p * (size_t)from];
            else
                for (size_t p = 0; p < pixels; p++) out[p * (size_t)to] = 0.0f;
        }
}

/* Pointers, in the primitive's own layouts and at the group's first image, or to whole tensors of the caller's. The
 * residual is never the primitive's. */
typedef struct operands {
    float *src, *weights, *bias, *dst;
    const float *residual;
} operands;

static dnnl_status_t execute(const rgm_conv *conv, int32_t direction, const rgm_conv_part *part, int32_t worker,
                             const operands *at, void *scratch) {
    static const int roles[RGM_CONV_DIRECTIONS][4] = {
        {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS},
        {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST, 0},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_BIAS}};
    const struct rgm_conv_memories *m = &part->memories[worker];
    const int *role = roles[direction];
    dnnl_exec_arg_t arguments[5] = {{role[0], m->src},
                                    {role[1], m->weights},
                                    {role[2], m->dst},
                                    {DNNL_ARG_SCRATCHPAD, m->scratchpad},
                                    {role[3], m->bias}};
    float *handles[5] = {at->src, at->weights, at->dst, part->scratchpad ? scratch : NULL, at->bias};
    int count = m->bias ? 5 : 4;
    for (int i = 0; i < count; i++) {
        dnnl_status_t status = dnnl_memory_set_data_handle(arguments[i].memory, handles[i]);
        if (status != dnnl_success) return status;
    }
    dnnl_stream_t stream = conv->engine->streams[worker];
    dnnl_status_t status = dnnl_primitive_execute(part->primitive, stream, count, arguments);
    return status == dnnl_success ? dnnl_stream_wait(stream) : status;
}

static rgm_status check_call(const rgm_conv *conv, int32_t direction, int32_t group, int32_t worker, rgm_error *err) {
    const rgm_conv_direction *d = &conv->direction[direction];
    if (!d->ready) return rgm_fail(err, RGM_E_INTERNAL, "convolution: direction %d was not prepared", direction);
    if (group < 0 || group >= d->groups || worker < 0 || worker >= conv->engine->workers)
        return rgm_fail(err, RGM_E_INTERNAL, "convolution: group %d of %d, worker %d of %d", group, d->groups, worker,
                        conv->engine->workers);
    return RGM_OK;
}

/* oneDNN adds to what is in the output: so the residual goes there first, in its layout. */
static void load_residual(const rgm_conv *conv, const rgm_conv_direction *d, int32_t images, const float *residual,
                          float *dst) {
    const rgm_conv_shape *s = &conv->shape;
    size_t pixels = (size_t)conv->OH * (size_t)conv->OW;
    if (d->dst_block != conv->dst_block)
        convert_layout(residual, conv->dst_block, dst, d->dst_block, images, s->K, pixels);
    else if (residual != dst)
        memcpy(dst, residual,
               sizeof(float) * (size_t)images * rgm_image_floats(s->K, conv->dst_block, conv->OH, conv->OW));
}

/* One group in one direction. `whole`: the batch's src, dst and residual in the caller's layouts, weights and bias in
 * the primitive's own. Converted tensors follow the scratchpad in scratch. */
static rgm_status run(const rgm_conv *conv, int32_t direction, int32_t group, int32_t worker, const operands *whole,
                      void *scratch, rgm_error *err) {
    const rgm_conv_shape *s = &conv->shape;
    const rgm_conv_direction *d = &conv->direction[direction];
    int ragged = group == d->groups - 1 && d->part[1].primitive;
    const rgm_conv_part *part = &d->part[ragged];
    size_t first = (size_t)group * (size_t)d->images;
    size_t src_pixels = (size_t)s->H * (size_t)s->W, dst_pixels = (size_t)conv->OH * (size_t)conv->OW;
    float *src = whole->src + first * rgm_image_floats(s->C, conv->src_block, s->H, s->W);
    size_t dst_first = first * rgm_image_floats(s->K, conv->dst_block, conv->OH, conv->OW);
    float *dst = whole->dst + dst_first;

    operands at = {src, whole->weights, whole->bias, dst, NULL};
    float *room = (float *)((char *)scratch + rgm_round_up(part->scratchpad, RGM_ENGINE_ALIGN));
    if (d->src_block != conv->src_block) {
        at.src = room;
        room += rgm_round_up((size_t)part->images * rgm_image_floats(s->C, d->src_block, s->H, s->W), 16);
        if (direction != RGM_CONV_BACKWARD_DATA)
            convert_layout(src, conv->src_block, at.src, d->src_block, part->images, s->C, src_pixels);
    }
    if (d->dst_block != conv->dst_block) {
        at.dst = room;
        if (direction != RGM_CONV_FORWARD)
            convert_layout(dst, conv->dst_block, at.dst, d->dst_block, part->images, s->K, dst_pixels);
    }
    if (direction == RGM_CONV_FORWARD && s->residual)
        load_residual(conv, d, part->images, whole->residual + dst_first, at.dst);
    dnnl_status_t status = execute(conv, direction, part, worker, &at, scratch);
    if (status != dnnl_success) return rgm_dnnl_fail(err, status, "running a convolution");
    if (at.dst != dst && direction == RGM_CONV_FORWARD)
        convert_layout(at.dst, d->dst_block, dst, conv->dst_block, part->images, s->K, dst_pixels);
    if (at.src != src && direction == RGM_CONV_BACKWARD_DATA)
        convert_layout(at.src, d->src_block, src, conv->src_block, part->images, s->C, src_pixels);
    return RGM_OK;
}

rgm_status rgm_conv_pack(rgm_conv *conv, int32_t direction, int32_t chunk, int32_t worker, const float *w,
                         const float *scale, void *packed, void *scratch, rgm_error *err) {
    (void)scratch;
    RGM_TRY(check_call(conv, direction, 0, worker, err));
    const rgm_weights_map *map = &conv->direction[direction].map;
    if (chunk < 0 || chunk >= map->chunks)
        return rgm_fail(err, RGM_E_INTERNAL, "convolution: chunk %d of %d of the weights", chunk, map->chunks);
    rgm_weights_pack(map, chunk, w, scale, packed);
    return RGM_OK;
}

/* oneDNN takes no const pointers; it writes to outputs and scratch only. */
static float *writable(const void *p) { return (float *)p; }

rgm_status rgm_conv_forward(rgm_conv *conv, int32_t group, int32_t worker, const float *x, const void *packed,
                            const float *bias, const float *residual, float *y, void *scratch, rgm_error *err) {
    RGM_TRY(check_call(conv, RGM_CONV_FORWARD, group, worker, err));
    operands whole = {writable(x), writable(packed), writable(bias), y, residual};
    return run(conv, RGM_CONV_FORWARD, group, worker, &whole, scratch, err);
}

rgm_status rgm_conv_backward_data(rgm_conv *conv, int32_t group, int32_t worker, const float *dy, const void *packed,
                                  float *dx, void *scratch, rgm_error *err) {
    RGM_TRY(check_call(conv, RGM_CONV_BACKWARD_DATA, group, worker, err));
    operands whole = {dx, writable(packed), NULL, writable(dy), NULL};
    return run(conv, RGM_CONV_BACKWARD_DATA, group, worker, &whole, scratch, err);
}

rgm_status rgm_conv_backward_weights(rgm_conv *conv, int32_t group, int32_t worker, const float *x, const float *dy,
                                     void *partials, void *scratch, rgm_error *err) {
    RGM_TRY(check_call(conv, RGM_CONV_BACKWARD_WEIGHTS, group, worker, err));
    const rgm_conv_direction *d = &conv->direction[RGM_CONV_BACKWARD_WEIGHTS];
    char *part = (char *)partials + (size_t)group * d->part_bytes;
    operands whole = {writable(x), (float *)part, (float *)(part + d->weights_bytes), writable(dy), NULL};
    return run(conv, RGM_CONV_BACKWARD_WEIGHTS, group, worker, &whole, scratch, err);
}

rgm_status rgm_conv_reduce(rgm_conv *conv, int32_t chunk, int32_t worker, void *partials, float *dw, float *db,
                           void *scratch, rgm_error *err) {
    (void)scratch;
    RGM_TRY(check_call(conv, RGM_CONV_BACKWARD_WEIGHTS, 0, worker, err));
    const rgm_conv_direction *d = &conv->direction[RGM_CONV_BACKWARD_WEIGHTS];
    if (chunk < 0 || chunk >= d->map.chunks)
        return rgm_fail(err, RGM_E_INTERNAL, "convolution: chunk %d of %d of the weights", chunk, d->map.chunks);
    size_t pitch = d->part_bytes / sizeof(float);
    rgm_weights_reduce(&d->map, chunk, partials, pitch, d->groups, dw);
    if (!conv->shape.bias) return RGM_OK;
    int32_t from, to;
    rgm_weights_chunk_rows(&d->map, chunk, &from, &to);
    const float *parts = (const float *)((const char *)partials + d->weights_bytes);
    for (int32_t k = from; k < to; k++) {
        float sum = parts[k];
        for (int32_t g = 1; g < d->groups; g++) sum += parts[(size_t)g * pitch + (size_t)k];
        db[k] = sum;
    }
    return RGM_OK;
}
