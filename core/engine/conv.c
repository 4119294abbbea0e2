#include "engine/conv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/team.h"
#include "engine/internal.h"

static const char *const direction_names[] = {[RGM_CONV_FORWARD] = "forward",
                                              [RGM_CONV_BACKWARD_DATA] = "backward data",
                                              [RGM_CONV_BACKWARD_WEIGHTS] = "backward weights"};
_Static_assert(sizeof direction_names / sizeof *direction_names == RGM_CONV_DIRECTIONS, "each direction has a name");

static int is_jit(const char *impl) { return strncmp(impl, "jit", 3) == 0; }
static int is_slow(const char *impl) { return strncmp(impl, "ref", 3) == 0; }

static rgm_status fail_shape(rgm_error *err, rgm_status code, const rgm_conv_shape *s, const char *what) {
    return rgm_fail(err, code, "convolution %dx%dx%dx%d -> %d, %dx%d, stride %d, pad %d, groups %d: %s", s->N, s->C,
                    s->H, s->W, s->K, s->R, s->S, s->stride, s->pad, s->groups, what);
}

static rgm_status check_shape(const rgm_conv_shape *s, rgm_error *err) {
    if (s->N < 1 || s->C < 1 || s->H < 1 || s->W < 1 || s->K < 1 || s->R < 1 || s->S < 1 || s->stride < 1 ||
        s->pad < 0 || s->groups < 1)
        return fail_shape(err, RGM_E_USAGE, s, "a size is not positive");
    if (s->C % s->groups || s->K % s->groups)
        return fail_shape(err, RGM_E_USAGE, s, "the groups do not divide the channels");
    if (rgm_conv_out(s->H, s->R, s->stride, s->pad) < 1 || rgm_conv_out(s->W, s->S, s->stride, s->pad) < 1)
        return fail_shape(err, RGM_E_USAGE, s, "the filter is larger than the padded input");
    if (s->src_layout != RGM_LAYOUT_BLOCKED && s->src_layout != RGM_LAYOUT_PLAIN)
        return fail_shape(err, RGM_E_USAGE, s, "unknown input layout");
    if (s->src_layout == RGM_LAYOUT_PLAIN && s->groups != 1)
        return fail_shape(err, RGM_E_UNSUPPORTED, s, "a plain input layout needs groups = 1");
    if (s->directions & ~7u) return fail_shape(err, RGM_E_USAGE, s, "unknown direction");
    return RGM_OK;
}

/* Every byte count below is computed without overflow if these hold. */
static rgm_status check_bytes(const rgm_conv *conv, rgm_error *err) {
    const rgm_conv_shape *s = &conv->shape;
    const double limit = (double)((size_t)1 << 46);
    double src = 4.0 * s->N * ((double)s->C + 16) * s->H * s->W;
    double dst = 4.0 * s->N * ((double)s->K + 16) * conv->OH * conv->OW;
    double weights = 4.0 * ((double)s->K + 16) * ((double)s->C / s->groups + 16) * s->R * s->S;
    if (src > limit || dst > limit || weights > limit)
        return fail_shape(err, RGM_E_UNSUPPORTED, s, "a tensor is larger than 64 TiB");
    return RGM_OK;
}

/* Layouts of activations: channels in a block; 1 is nchw. */
typedef struct blocks {
    int32_t src, dst;
} blocks;

static dnnl_format_tag_t activation_tag(int32_t block) {
    switch (block) {
    case 4:
        return dnnl_nChw4c;
    case 8:
        return dnnl_nChw8c;
    case 16:
        return dnnl_nChw16c;
    default:
        return dnnl_nchw;
    }
}

static void destroy_problem(rgm_conv_problem *problem) {
    rgm_desc_destroy(&problem->src);
    rgm_desc_destroy(&problem->weights);
    rgm_desc_destroy(&problem->bias);
    rgm_desc_destroy(&problem->dst);
}

/* On failure the caller destroys what was made. Weights in oneDNN's own choice of format. */
static dnnl_status_t describe_problem(rgm_conv_problem *p, const rgm_conv *conv, int32_t direction, int32_t images,
                                      blocks layout) {
    const rgm_conv_shape *s = &conv->shape;
    const dnnl_dims_t src = {images, s->C, s->H, s->W}, dst = {images, s->K, conv->OH, conv->OW}, bias = {s->K};
    const dnnl_dims_t plain = {s->K, s->C, s->R, s->S};
    const dnnl_dims_t grouped = {s->groups, s->K / s->groups, s->C / s->groups, s->R, s->S};
    *p = (rgm_conv_problem){
        .strides = {s->stride, s->stride}, .pads = {s->pad, s->pad}, .winograd = conv->direction[direction].winograd};

    dnnl_status_t status = rgm_desc_create(&p->src, 4, src, activation_tag(layout.src));
    if (status == dnnl_success) status = rgm_desc_create(&p->dst, 4, dst, activation_tag(layout.dst));
    if (status == dnnl_success && s->groups > 1)
        status = rgm_desc_create(&p->weights, 5, grouped, dnnl_format_tag_any);
    else if (status == dnnl_success)
        status = rgm_desc_create(&p->weights, 4, plain, dnnl_format_tag_any);
    if (status == dnnl_success && s->bias && direction != RGM_CONV_BACKWARD_DATA)
        status = rgm_desc_create(&p->bias, 1, bias, dnnl_x);
    return status;
}

/* The primitive descriptor of `direction` on `images` images. With `fixed`, weights in its format; else *chosen (if not
 * NULL) gets the format that oneDNN chose. */
static dnnl_status_t find_primitive(dnnl_primitive_desc_t *pd, const rgm_conv *conv, int32_t direction, int32_t images,
                                    blocks layout, dnnl_primitive_desc_t fixed) {
    rgm_conv_problem problem;
    dnnl_query_t weights = direction == RGM_CONV_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    *pd = NULL;
    dnnl_status_t status = describe_problem(&problem, conv, direction, images, layout);
    if (status == dnnl_success && fixed) {
        rgm_desc_destroy(&problem.weights);
        status = rgm_desc_copy_from(&problem.weights, fixed, weights);
    }
    if (status == dnnl_success)
        status = rgm_dnnl_conv(pd, conv->engine->engine, direction, &problem,
                               conv->finish && direction == RGM_CONV_FORWARD ? conv->finish : conv->engine->attr);
    destroy_problem(&problem);
    return status;
}

static const char *impl_name(const_dnnl_primitive_desc_t pd) {
    const char *name = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) != dnnl_success || !name) return "unknown";
    return name;
}

static void drop(dnnl_primitive_desc_t pd[2]) {
    for (int i = 0; i < 2; i++)
        if (pd[i]) dnnl_primitive_desc_destroy(pd[i]);
    pd[0] = pd[1] = NULL;
}

/* Both primitive descriptors of a direction in one pair of activation layouts; pd[1] stays NULL without a ragged group.
 * The ragged group uses the whole groups' weight format. */
static dnnl_status_t find_pair(dnnl_primitive_desc_t pd[2], const rgm_conv *conv, int32_t direction,
                               const int32_t images[2], blocks layout) {
    pd[1] = NULL;
    dnnl_status_t status = find_primitive(&pd[0], conv, direction, images[0], layout, NULL);
    if (status == dnnl_success && images[1]) status = find_primitive(&pd[1], conv, direction, images[1], layout, pd[0]);
    if (status != dnnl_success) drop(pd);
    return status;
}

/* oneDNN has fast kernels for the caller's layouts unless channels per group are odd, the pads are unusual or the block
 * is not this CPU's. Then another layout, converted in scratch, beats its reference code. Keeps the first candidate
 * that is not the reference, or else the first that works at all. */
static dnnl_status_t choose(dnnl_primitive_desc_t best[2], rgm_conv *conv, rgm_conv_direction *d, int32_t direction,
                            const int32_t images[2]) {
    const blocks candidates[] = {{conv->src_block, conv->dst_block}, {8, 8}, {16, 16}, {1, 8}, {1, 16}, {1, 1}};
    dnnl_status_t first = dnnl_unimplemented;
    best[0] = best[1] = NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        dnnl_primitive_desc_t pd[2];
        dnnl_status_t status = find_pair(pd, conv, direction, images, candidates[i]);
        if (!i) first = status;
        if (status == dnnl_out_of_memory) { /* not a reason to compute other bits */
            drop(best);
            return status;
        }
        if (status != dnnl_success) continue;
        int slow = is_slow(impl_name(pd[0])) || (pd[1] && is_slow(impl_name(pd[1])));
        if (slow && best[0]) {
            drop(pd);
            continue;
        }
        drop(best);
        best[0] = pd[0];
        best[1] = pd[1];
        d->src_block = candidates[i].src;
        d->dst_block = candidates[i].dst;
        if (!slow) break;
    }
    return best[0] ? dnnl_success : first;
}

static dnnl_status_t make_memory(dnnl_memory_t *memory, dnnl_engine_t engine, const_dnnl_primitive_desc_t pd,
                                 dnnl_query_t what) {
    rgm_desc desc = {0};
    dnnl_status_t status = rgm_desc_copy_from(&desc, pd, what);
    if (status == dnnl_success) status = rgm_desc_memory(&desc, engine, memory);
    rgm_desc_destroy(&desc);
    return status;
}

static dnnl_status_t make_memories(struct rgm_conv_memories *m, dnnl_engine_t engine, const_dnnl_primitive_desc_t pd,
                                   int32_t direction, int bias) {
    static const dnnl_query_t queries[RGM_CONV_DIRECTIONS][4] = {
        {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
        {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
        {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md}};
    dnnl_status_t status = make_memory(&m->src, engine, pd, queries[direction][0]);
    if (status == dnnl_success) status = make_memory(&m->weights, engine, pd, queries[direction][1]);
    if (status == dnnl_success) status = make_memory(&m->dst, engine, pd, queries[direction][2]);
    if (status == dnnl_success) status = make_memory(&m->scratchpad, engine, pd, dnnl_query_scratchpad_md);
    if (status != dnnl_success || !bias || direction == RGM_CONV_BACKWARD_DATA) return status;
    const dnnl_dims_t dims = {bias};
    rgm_desc desc = {0};
    status = rgm_desc_create(&desc, 1, dims, dnnl_x);
    if (status == dnnl_success) status = rgm_desc_memory(&desc, engine, &m->bias);
    rgm_desc_destroy(&desc);
    return status;
}

static rgm_status make_part(rgm_conv_part *part, const rgm_conv *conv, int32_t direction, int32_t images,
                            const_dnnl_primitive_desc_t pd, rgm_error *err) {
    const rgm_engine *engine = conv->engine;
    part->images = images;
    part->memories = calloc((size_t)engine->workers, sizeof *part->memories);
    if (!part->memories) return rgm_fail(err, RGM_E_NOMEM, "engine: no memory for %d workers", engine->workers);
    dnnl_status_t status = dnnl_primitive_create(&part->primitive, pd);
    for (int32_t i = 0; i < engine->workers && status == dnnl_success; i++)
        status = make_memories(&part->memories[i], engine->engine, pd, direction, conv->shape.bias ? conv->shape.K : 0);
    rgm_desc scratchpad = {0};
    if (status == dnnl_success) status = rgm_desc_copy_from(&scratchpad, pd, dnnl_query_scratchpad_md);
    if (status != dnnl_success) return rgm_dnnl_fail(err, status, "creating a convolution");
    part->scratchpad = rgm_desc_bytes(&scratchpad);
    rgm_desc_destroy(&scratchpad);
    return RGM_OK;
}

/* The weight format, and the bytes that follow from it. */
static rgm_status map_weights(rgm_conv_direction *d, const rgm_conv *conv, int32_t direction,
                              const_dnnl_primitive_desc_t pd, rgm_error *err) {
    rgm_desc desc = {0};
    dnnl_status_t got = rgm_desc_copy_from(
        &desc, pd, direction == RGM_CONV_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
    if (got != dnnl_success) return rgm_dnnl_fail(err, got, "asking for a weight format");
    d->weights_bytes = rgm_round_up(rgm_desc_bytes(&desc), RGM_ENGINE_ALIGN);
    d->part_bytes = d->weights_bytes;
    if (conv->shape.bias) d->part_bytes += rgm_round_up((size_t)conv->shape.K * sizeof(float), RGM_ENGINE_ALIGN);
    rgm_status status = rgm_weights_map_create(&d->map, &desc, conv->shape.groups, err);
    rgm_desc_destroy(&desc);
    return status;
}

/* Floats of scratch for a layout conversion of `images` images. */
static size_t converted_floats(const rgm_conv *conv, const rgm_conv_direction *d, int32_t images) {
    const rgm_conv_shape *s = &conv->shape;
    size_t floats = 0;
    if (d->src_block != conv->src_block)
        floats += rgm_round_up((size_t)images * rgm_image_floats(s->C, d->src_block, s->H, s->W), 16);
    if (d->dst_block != conv->dst_block)
        floats += rgm_round_up((size_t)images * rgm_image_floats(s->K, d->dst_block, conv->OH, conv->OW), 16);
    return floats;
}

static dnnl_status_t find_groups(dnnl_primitive_desc_t pd[2], rgm_conv *conv, int32_t direction, int32_t group,
                                 int32_t images[2]) {
    rgm_conv_direction *d = &conv->direction[direction];
    d->images = images[0] = group;
    d->groups = (conv->shape.N + group - 1) / group;
    images[1] = conv->shape.N % group;
    if (!d->winograd) return choose(pd, conv, d, direction, images);
    d->src_block = conv->src_block, d->dst_block = conv->dst_block;
    return find_pair(pd, conv, direction, images, (blocks){conv->src_block, conv->dst_block});
}

static rgm_status prepare(rgm_conv *conv, int32_t direction, rgm_error *err) {
    const rgm_conv_shape *s = &conv->shape;
    rgm_conv_direction *d = &conv->direction[direction];
    size_t block = (size_t)conv->engine->block;
    size_t weights = rgm_round_up((size_t)s->K, block) * rgm_round_up((size_t)(s->C / s->groups), block) *
                     (size_t)s->R * (size_t)s->S;
    int32_t group = rgm_conv_group_images(s, direction, (int64_t)conv->OH * conv->OW, weights), images[2];
    dnnl_primitive_desc_t pd[2];
    dnnl_status_t found = dnnl_unimplemented;
    d->winograd = s->winograd && conv->engine->winograd;
    if (d->winograd) found = find_groups(pd, conv, direction, rgm_conv_winograd_images(s), images);
    if (found != dnnl_success) {
        d->winograd = 0;
        found = find_groups(pd, conv, direction, group, images);
    }
    if (found != dnnl_success) {
        char text[128];
        snprintf(text, sizeof text, "oneDNN has no %s for it (%s)", direction_names[direction], dnnl_status2str(found));
        return fail_shape(err, found == dnnl_out_of_memory ? RGM_E_NOMEM : RGM_E_UNSUPPORTED, s, text);
    }
    snprintf(d->impl, sizeof d->impl, "%s", impl_name(pd[0]));
    rgm_status status;
    RGM_TRY_OR_FAIL(status, map_weights(d, conv, direction, pd[0], err));
    for (int i = 0; i < 2 && pd[i]; i++) {
        RGM_TRY_OR_FAIL(status, make_part(&d->part[i], conv, direction, images[i], pd[i], err));
        size_t need = rgm_round_up(d->part[i].scratchpad, RGM_ENGINE_ALIGN) +
                      converted_floats(conv, d, images[i]) * sizeof(float);
        if (need > conv->scratch) conv->scratch = need;
    }
    d->ready = 1;
fail:
    drop(pd);
    return status;
}

static void set_shape(rgm_conv *conv, rgm_engine *engine, const rgm_conv_shape *shape) {
    conv->engine = engine;
    conv->shape = *shape;
    conv->OH = rgm_conv_out(shape->H, shape->R, shape->stride, shape->pad);
    conv->OW = rgm_conv_out(shape->W, shape->S, shape->stride, shape->pad);
    conv->src_block = shape->src_layout == RGM_LAYOUT_PLAIN ? 1 : engine->block;
    conv->dst_block = engine->block;
}

static rgm_status make_finish(rgm_conv *conv, rgm_error *err) {
    const rgm_conv_shape *s = &conv->shape;
    if (!s->residual && !s->relu) return RGM_OK;
    dnnl_status_t made = rgm_dnnl_attributes(&conv->finish);
    if (made == dnnl_success) made = rgm_dnnl_finish(conv->finish, s->residual, s->relu);
    return made == dnnl_success ? RGM_OK : rgm_dnnl_fail(err, made, "describing what a convolution ends with");
}

static rgm_status create(rgm_conv **out, rgm_engine *engine, const rgm_conv_shape *shape, rgm_error *err) {
    rgm_conv *conv = calloc(1, sizeof *conv);
    if (!conv) return rgm_fail(err, RGM_E_NOMEM, "engine: no memory for a convolution");
    set_shape(conv, engine, shape);
    rgm_status status;
    RGM_TRY_OR_FAIL(status, check_bytes(conv, err));
    RGM_TRY_OR_FAIL(status, make_finish(conv, err));
    for (int32_t i = 0; i < RGM_CONV_DIRECTIONS; i++)
        if (shape->directions & 1u << i) RGM_TRY_OR_FAIL(status, prepare(conv, i, err));
    *out = conv;
    return RGM_OK;
fail:
    rgm_conv_destroy(conv);
    return status;
}

rgm_status rgm_conv_create(rgm_conv **out, rgm_engine *engine, const rgm_conv_shape *shape, rgm_error *err) {
    *out = NULL;
    RGM_TRY(check_shape(shape, err));
    int32_t threads = rgm_single_enter();
    rgm_status status = create(out, engine, shape, err);
    rgm_single_leave(threads);
    return status;
}

static void destroy_part(rgm_conv_part *part, int32_t workers) {
    for (int32_t i = 0; part->memories && i < workers; i++) {
        struct rgm_conv_memories *m = &part->memories[i];
        dnnl_memory_t all[] = {m->src, m->weights, m->bias, m->dst, m->scratchpad};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            if (all[j]) dnnl_memory_destroy(all[j]);
    }
    free(part->memories);
    if (part->primitive) dnnl_primitive_destroy(part->primitive);
}

void rgm_conv_destroy(rgm_conv *conv) {
    if (!conv) return;
    for (int32_t i = 0; i < RGM_CONV_DIRECTIONS; i++) {
        for (int32_t j = 0; j < 2; j++) destroy_part(&conv->direction[i].part[j], conv->engine->workers);
        rgm_weights_map_destroy(&conv->direction[i].map);
    }
    if (conv->finish) dnnl_primitive_attr_destroy(conv->finish);
    free(conv);
}

int32_t rgm_conv_try_winograd(rgm_engine *engine) {
    const rgm_conv_shape shape = {1, 64, 8, 8, 64, 3, 3, .stride = 1, .pad = 1, .groups = 1};
    rgm_conv conv = {.direction[RGM_CONV_FORWARD].winograd = 1};
    dnnl_primitive_desc_t pd;
    set_shape(&conv, engine, &shape);
    if (find_primitive(&pd, &conv, RGM_CONV_FORWARD, 1, (blocks){engine->block, engine->block}, NULL) != dnnl_success)
        return 0;
    dnnl_primitive_desc_destroy(pd);
    return 1;
}

int32_t rgm_conv_stem_layout(rgm_engine *engine, const rgm_conv_shape *shape) {
    rgm_conv conv = {0};
    rgm_conv_shape plain = *shape;
    plain.src_layout = RGM_LAYOUT_PLAIN;
    if (check_shape(&plain, NULL) < 0) return RGM_LAYOUT_BLOCKED;
    set_shape(&conv, engine, &plain);
    /* Backward weights may convert the input, group by group: that still beats blocks of mostly padding. */
    dnnl_primitive_desc_t pd;
    int32_t threads = rgm_single_enter();
    dnnl_status_t found = find_primitive(&pd, &conv, RGM_CONV_FORWARD, 1, (blocks){1, engine->block}, NULL);
    rgm_single_leave(threads);
    if (found != dnnl_success) return RGM_LAYOUT_BLOCKED;
    int jit = is_jit(impl_name(pd));
    dnnl_primitive_desc_destroy(pd);
    return jit ? RGM_LAYOUT_PLAIN : RGM_LAYOUT_BLOCKED;
}

int32_t rgm_conv_groups(const rgm_conv *conv, int32_t direction) { return conv->direction[direction].groups; }

int32_t rgm_conv_groups_equal(const rgm_conv *conv, int32_t direction) {
    const rgm_conv_direction *d = &conv->direction[direction];
    return d->groups * d->images == conv->shape.N;
}

size_t rgm_conv_packed_bytes(const rgm_conv *conv, int32_t direction) {
    const rgm_conv_direction *d = &conv->direction[direction];
    return direction == RGM_CONV_BACKWARD_WEIGHTS ? (size_t)d->groups * d->part_bytes : d->weights_bytes;
}

size_t rgm_conv_scratch_bytes(const rgm_conv *conv) { return conv->scratch; }

const char *rgm_conv_impl(const rgm_conv *conv, int32_t direction) { return conv->direction[direction].impl; }

int32_t rgm_conv_pack_chunks(const rgm_conv *conv, int32_t direction) { return conv->direction[direction].map.chunks; }

int32_t rgm_conv_reduce_chunks(const rgm_conv *conv) { return conv->direction[RGM_CONV_BACKWARD_WEIGHTS].map.chunks; }

void rgm_conv_reduce_rows(const rgm_conv *conv, int32_t chunk, int32_t *from, int32_t *to) {
    rgm_weights_chunk_rows(&conv->direction[RGM_CONV_BACKWARD_WEIGHTS].map, chunk, from, to);
}
