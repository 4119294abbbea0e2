#include <config.h>

#include "plan/sizes.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

static const int64_t values_most = (int64_t)1 << 44;

static rgm_status check(const rgm_plan *p, int32_t tensor, rgm_error *err) {
    const rgm_tensor *t = rgm_plan_tensor(p, tensor);
    int64_t values = (int64_t)t->C * t->H * t->W;
    if (values <= values_most / p->o.batch) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "plan: %s: a batch of %d times %lld values is more than memory can hold",
                    t->producer < 0 ? "input" : rgm_plan_node(p, t->producer)->name, p->o.batch, (long long)values);
}

static rgm_extent extent(const rgm_tensor *t, int32_t B) {
    int32_t blocks = (t->C + B - 1) / B;
    int64_t pixels = (int64_t)t->H * t->W;
    if (!t->image) return (rgm_extent){RGM_LAYOUT_PLAIN, 1, blocks * B, 1, (int64_t)blocks * B};
    return (rgm_extent){RGM_LAYOUT_BLOCKED, blocks, blocks * B, pixels, pixels * blocks * B};
}

rgm_status rgm_sizes_make(const rgm_plan *p, const rgm_sizes **sizes, rgm_error *err) {
    int32_t tensors = rgm_graph_tensor_count(p->o.graph);
    for (int32_t i = 0; i < tensors; i++) RGM_TRY(check(p, i, err));
    rgm_sizes *s = calloc(1, sizeof *s + sizeof *s->of * (size_t)tensors);
    if (!s) return rgm_plan_no_memory(err);
    s->tensors = tensors;
    for (int32_t i = 0; i < tensors; i++) s->of[i] = extent(rgm_plan_tensor(p, i), p->o.kernels->block);
    *sizes = s;
    return RGM_OK;
}
