/* What differs between oneDNN 2.x and 3.x, and nothing else:
 *                           2.x                            3.x
 *     memory descriptors    plain structs                  opaque objects
 *     a convolution         is described, then created     is created in one call
 *     post-operations       have other arguments
 * Only shim.c tests the version. Functions return oneDNN's own status; rgm_dnnl_fail() turns one into an rgm_status.
 */
#ifndef RGM_ENGINE_SHIM_H
#define RGM_ENGINE_SHIM_H

#include <stddef.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <oneapi/dnnl/dnnl_version.h>
#include "base/status.h"

/* A memory descriptor, owned by whoever made it. Zero-initialised is "none", and destroying none is fine. */
typedef struct rgm_desc {
    int32_t made;
    dnnl_memory_desc_t md;
} rgm_desc;

dnnl_status_t rgm_desc_create(rgm_desc *desc, int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag);
dnnl_status_t rgm_desc_copy_from(rgm_desc *desc, const_dnnl_primitive_desc_t pd, dnnl_query_t what);
void rgm_desc_destroy(rgm_desc *desc);
size_t rgm_desc_bytes(const rgm_desc *desc);
dnnl_status_t rgm_desc_memory(const rgm_desc *desc, dnnl_engine_t engine, dnnl_memory_t *memory);

/* A blocked format. Element (p0, p1, ...) lies at the sum over dimensions d of (p_d / block_d) * strides[d], plus its
 * place in the inner blocks. Their sizes and dimensions are listed outermost first. */
typedef struct rgm_desc_layout {
    int32_t ndims, inner;
    dnnl_dims_t dims, padded, strides, inner_blocks, inner_dims;
} rgm_desc_layout;

/* dnnl_unimplemented if the format is not a blocked one. */
dnnl_status_t rgm_desc_layout_get(const rgm_desc *desc, rgm_desc_layout *layout);

/* The arguments of a convolution; in backward directions src and dst stand for their gradients where those are meant.
 */
typedef struct rgm_conv_problem {
    rgm_desc src, weights, bias, dst; /* bias may be none */
    dnnl_dims_t strides, pads;
    int32_t winograd; /* 1: by Winograd, which 3.x does not have; 0: directly */
} rgm_conv_problem;

/* The best implementation for `direction` (RGM_CONV_*); dnnl_unimplemented if there is none. */
dnnl_status_t rgm_dnnl_conv(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, int32_t direction,
                            const rgm_conv_problem *problem, dnnl_primitive_attr_t attr);

/* Attributes of every primitive: the scratchpad is the caller's. */
dnnl_status_t rgm_dnnl_attributes(dnnl_primitive_attr_t *attr);

/* What a convolution's forward pass ends with: dst += what dst held before, if `sum`; then ReLU, if `relu`. */
dnnl_status_t rgm_dnnl_finish(dnnl_primitive_attr_t attr, int sum, int relu);

/* Writes "oneDNN: <what>: <its status>" and returns the matching code: out of memory, unsupported or internal. */
rgm_status rgm_dnnl_fail(rgm_error *err, dnnl_status_t status, const char *what);

#endif
