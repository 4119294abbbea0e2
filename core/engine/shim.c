#include "engine/shim.h"

#include <string.h>
#include "engine/shape.h"

/* ReLU's factor of what is below zero. For 0 the library has a maximum, which makes 0 of a NaN; for anything else a
 * product, which keeps it. This one is the smallest number there is: to a team's threads, which take denormals for
 * zero, the products are zeros. (-inf times it is NaN there.) */
#define RELU_SLOPE 0x1p-149F

#if DNNL_VERSION_MAJOR >= 3

dnnl_status_t rgm_desc_create(rgm_desc *desc, int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&desc->md, ndims, dims, dnnl_f32, tag);
    desc->made = status == dnnl_success;
    return status;
}

dnnl_status_t rgm_desc_copy_from(rgm_desc *desc, const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
    const_dnnl_memory_desc_t source = dnnl_primitive_desc_query_md(pd, what, 0);
    if (!source) return dnnl_invalid_arguments;
    dnnl_status_t status = dnnl_memory_desc_clone(&desc->md, source);
    desc->made = status == dnnl_success;
    return status;
}

void rgm_desc_destroy(rgm_desc *desc) {
    if (desc->made) dnnl_memory_desc_destroy(desc->md);
    *desc = (rgm_desc){0};
}

static const_dnnl_memory_desc_t reference(const rgm_desc *desc) { return desc->made ? desc->md : NULL; }

dnnl_status_t rgm_desc_layout_get(const rgm_desc *desc, rgm_desc_layout *layout) {
    dnnl_format_kind_t kind;
    dnnl_status_t status = dnnl_memory_desc_query(desc->md, dnnl_query_format_kind, &kind);
    if (status != dnnl_success) return status;
    if (kind != dnnl_blocked) return dnnl_unimplemented;

    const struct {
        dnnl_query_t what;
        dnnl_dims_t *to;
    } vectors[] = {{dnnl_query_dims, &layout->dims},
                   {dnnl_query_padded_dims, &layout->padded},
                   {dnnl_query_strides, &layout->strides},
                   {dnnl_query_inner_blks, &layout->inner_blocks},
                   {dnnl_query_inner_idxs, &layout->inner_dims}};
    status = dnnl_memory_desc_query(desc->md, dnnl_query_ndims_s32, &layout->ndims);
    if (status != dnnl_success) return status;
    status = dnnl_memory_desc_query(desc->md, dnnl_query_inner_nblks_s32, &layout->inner);
    if (status != dnnl_success) return status;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const dnnl_dims_t *from = NULL;
        size_t length = i < 3 ? (size_t)layout->ndims : (size_t)layout->inner;
        if (!length) continue; /* a plain format has no inner blocks to ask for */
        status = dnnl_memory_desc_query(desc->md, vectors[i].what, &from);
        if (status != dnnl_success) return status;
        memcpy(*vectors[i].to, *from, length * sizeof(dnnl_dim_t));
    }
    return dnnl_success;
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, RELU_SLOPE, 0);
}

dnnl_status_t rgm_dnnl_conv(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, int32_t direction,
                            const rgm_conv_problem *p, dnnl_primitive_attr_t attr) {
    if (p->winograd) return dnnl_unimplemented;
    const dnnl_dims_t undilated = {0};
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    if (direction == RGM_CONV_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(
            pd, engine, dnnl_forward_training, direct, reference(&p->src), reference(&p->weights), reference(&p->bias),
            reference(&p->dst), p->strides, undilated, p->pads, p->pads, attr);
    if (direction == RGM_CONV_BACKWARD_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(
            pd, engine, direct, reference(&p->src), reference(&p->weights), reference(&p->dst), p->strides, undilated,
            p->pads, p->pads, NULL, attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        pd, engine, direct, reference(&p->src), reference(&p->weights), reference(&p->bias), reference(&p->dst),
        p->strides, undilated, p->pads, p->pads, NULL, attr);
}

#else

dnnl_status_t rgm_desc_create(rgm_desc *desc, int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag) {
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&desc->md, ndims, dims, dnnl_f32, tag);
    desc->made = status == dnnl_success;
    return status;
}

dnnl_status_t rgm_desc_copy_from(rgm_desc *desc, const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
    const dnnl_memory_desc_t *source = dnnl_primitive_desc_query_md(pd, what, 0);
    if (!source) return dnnl_invalid_arguments;
    desc->md = *source;
    desc->made = 1;
    return dnnl_success;
}

void rgm_desc_destroy(rgm_desc *desc) { desc->made = 0; }

static const dnnl_memory_desc_t *reference(const rgm_desc *desc) { return desc->made ? &desc->md : NULL; }

dnnl_status_t rgm_desc_layout_get(const rgm_desc *desc, rgm_desc_layout *layout) {
    const dnnl_memory_desc_t *md = &desc->md;
    if (md->format_kind != dnnl_blocked) return dnnl_unimplemented;
    const dnnl_blocking_desc_t *blocking = &md->format_desc.blocking;
    layout->ndims = md->ndims;
    layout->inner = blocking->inner_nblks;
    memcpy(layout->dims, md->dims, sizeof layout->dims);
    memcpy(layout->padded, md->padded_dims, sizeof layout->padded);
    memcpy(layout->strides, blocking->strides, sizeof layout->strides);
    memcpy(layout->inner_blocks, blocking->inner_blks, sizeof layout->inner_blocks);
    memcpy(layout->inner_dims, blocking->inner_idxs, sizeof layout->inner_dims);
    return dnnl_success;
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops) { return dnnl_post_ops_append_sum(ops, 1); }

static dnnl_status_t append_relu(dnnl_post_ops_t ops) {
    return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, RELU_SLOPE, 0);
}

dnnl_status_t rgm_dnnl_conv(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, int32_t direction,
                            const rgm_conv_problem *p, dnnl_primitive_attr_t attr) {
    const dnnl_alg_kind_t way = p->winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
    dnnl_convolution_desc_t desc;
    dnnl_status_t status;
    if (direction == RGM_CONV_FORWARD)
        status = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, way, reference(&p->src),
                                                    reference(&p->weights), reference(&p->bias), reference(&p->dst),
                                                    p->strides, p->pads, p->pads);
    else if (direction == RGM_CONV_BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(&desc, way, reference(&p->src), reference(&p->weights),
                                                          reference(&p->dst), p->strides, p->pads, p->pads);
    else
        status = dnnl_convolution_backward_weights_desc_init(&desc, way, reference(&p->src), reference(&p->weights),
                                                             reference(&p->bias), reference(&p->dst), p->strides,
                                                             p->pads, p->pads);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL);
}

#endif

dnnl_status_t rgm_dnnl_attributes(dnnl_primitive_attr_t *attr) {
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status != dnnl_success) return status;
    return dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
}

dnnl_status_t rgm_dnnl_finish(dnnl_primitive_attr_t attr, int sum, int relu) {
    dnnl_post_ops_t ops;
    dnnl_status_t status = dnnl_post_ops_create(&ops);
    if (status != dnnl_success) return status;
    if (sum) status = append_sum(ops);
    if (status == dnnl_success && relu) status = append_relu(ops);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attr, ops); /* copies them */
    dnnl_post_ops_destroy(ops);
    return status;
}

size_t rgm_desc_bytes(const rgm_desc *desc) { return desc->made ? dnnl_memory_desc_get_size(reference(desc)) : 0; }

dnnl_status_t rgm_desc_memory(const rgm_desc *desc, dnnl_engine_t engine, dnnl_memory_t *memory) {
    return dnnl_memory_create(memory, reference(desc), engine, DNNL_MEMORY_NONE);
}

rgm_status rgm_dnnl_fail(rgm_error *err, dnnl_status_t status, const char *what) {
    rgm_status code = status == dnnl_out_of_memory   ? RGM_E_NOMEM
                      : status == dnnl_unimplemented ? RGM_E_UNSUPPORTED
                                                     : RGM_E_INTERNAL;
    return rgm_fail(err, code, "oneDNN: %s: %s", what, dnnl_status2str(status));
}
