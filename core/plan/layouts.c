#include <config.h>

#include "plan/layouts.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

static int32_t reads_input(const rgm_node *node) { return node->in[0] == 0 || node->in[1] == 0; }

static int32_t wish_of(const rgm_plan *p, int32_t node) {
    const rgm_op *op = rgm_plan_op(p, node);
    return op->input ? op->input(p, node) : RGM_INPUT_BLOCKED;
}

static int32_t choose(const rgm_plan *p) {
    int32_t rather = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        int32_t wish = reads_input(rgm_plan_node(p, i)) ? wish_of(p, i) : RGM_INPUT_BLOCKED;
        if (wish == RGM_INPUT_PLAIN) return RGM_LAYOUT_PLAIN;
        rather += wish == RGM_INPUT_RATHER_PLAIN;
    }
    if (p->o.input_gradient) rather = 0; /* what reads it blocked can also write its gradient so */
    return rather && rather == rgm_plan_tensor(p, 0)->consumers ? RGM_LAYOUT_PLAIN : RGM_LAYOUT_BLOCKED;
}

static rgm_status check_plain(const rgm_plan *p, rgm_error *err) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        if (reads_input(rgm_plan_node(p, i)) && wish_of(p, i) == RGM_INPUT_BLOCKED)
            return rgm_fail(err, RGM_E_UNSUPPORTED,
                            "layer %s: cannot read the network's input beside a linear layer that does",
                            rgm_plan_node(p, i)->name);
    return RGM_OK;
}

static rgm_extent plain(const rgm_tensor *t) {
    int64_t pixels = (int64_t)t->H * t->W;
    return (rgm_extent){RGM_LAYOUT_PLAIN, 1, t->C, pixels, pixels * t->C};
}

rgm_status rgm_layouts_choose(const rgm_plan *p, const rgm_layouts **layouts, rgm_error *err) {
    const rgm_tensor *input = rgm_plan_tensor(p, 0);
    int32_t chosen = choose(p);
    if (chosen == RGM_LAYOUT_PLAIN) RGM_TRY(check_plain(p, err));
    rgm_layouts *l = malloc(sizeof *l);
    if (!l) return rgm_plan_no_memory(err);
    l->input = chosen == RGM_LAYOUT_PLAIN ? plain(input) : p->sizes->of[0];
    *layouts = l;
    return RGM_OK;
}
