/* An activation from a plugin, through the plan's hook: dropout and the like. It acts in training only; in evaluation
 * its output is its input. The hook gets the values as they lie in memory, padding lanes included (zero stays zero
 * there for every activation with f(0) = 0, the contract's rule for them). */
#include "plan/gradient.h"
#include "base/planted.h"
#include "plan/images.h"
#include "plan/values.h"

typedef struct plugin_state {
    rgm_activation_hook hook;
    int64_t floats;
    int32_t N, chunks, index;
    const float *x, *dy;
    float *y, *dx;
} plugin_state;

static rgm_activation_images images(const plugin_state *c, int32_t chunk, const float *in, float *out) {
    rgm_range r = rgm_range_part(c->N, c->chunks, chunk);
    return (rgm_activation_images){.index = c->index,
                                   .first = (int32_t)r.first,
                                   .count = (int32_t)(r.end - r.first),
                                   .floats = c->floats,
                                   .in = in + r.first * c->floats,
                                   .out = out + r.first * c->floats};
}

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const plugin_state *c = context;
    const rgm_activation_images i = images(c, chunk, c->x, c->y);
    return c->hook.forward(c->hook.context, &i, worker, err);
}

static rgm_status run_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const plugin_state *c = context;
    const rgm_activation_images i = images(c, chunk, c->dy, c->dx);
    return c->hook.backward(c->hook.context, &i, worker, err);
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    if (!o->training && !RGM_PLANTED("M13")) { /* the output is the input */
        rgm_plan_alias(plan, node->out, rgm_plan_value(plan, node->in[0]));
        return RGM_OK;
    }
    if (!o->hook.forward || !o->hook.backward) return rgm_fail(err, RGM_E_INTERNAL, "no hook for plugin activations");
    plugin_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    int64_t floats = rgm_plan_extent(plan, node->out).floats;
    *c = (plugin_state){
        .hook = o->hook, .floats = floats, .N = o->batch, .chunks = rgm_plan_images(plan, floats), .index = node->kind};
    rgm_plan_set_node_state(plan, index, c);
    return rgm_plan_forward_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->chunks}, &c->x, &c->y,
                                  err);
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    plugin_state *c = rgm_plan_node_state(plan, index);
    if (!rgm_plan_needs_gradient(plan, rgm_plan_node(plan, index)->in[0])) return RGM_OK;
    return rgm_plan_backward_phase(plan, index, &(rgm_phase_spec){"backward", run_backward, c, c->chunks}, &c->dy,
                                   &c->dx, err);
}

const rgm_op rgm_op_plugin = {.name = "plugin", .forward = forward, .backward = backward};
