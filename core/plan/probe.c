#include <config.h>

#include "plan/probe.h"

#include "plan/plan_internal.h"

static const float *at(const rgm_plan *p, rgm_buffer buffer) {
    return buffer < 0 ? NULL : (const float *)(const void *)(p->arena + p->places->offset[buffer]);
}

static int32_t last_phase(const rgm_plan *p, int32_t node) {
    int32_t last = -1;
    for (int32_t i = 0; i < p->program->forward_count; i++)
        if (p->program->works[i].node == node) last = i;
    return last;
}

void rgm_plan_probe(const rgm_plan *p, int32_t index, rgm_probe *probe) {
    const rgm_node_report *r = &p->program->nodes[index];
    int32_t out = rgm_plan_node(p, index)->out;
    const float *vectors = at(p, r->affine);
    *probe = (rgm_probe){.phase = last_phase(p, index),
                         .C = rgm_plan_tensor(p, out)->C,
                         .extent = rgm_plan_extent(p, out),
                         .values = at(p, r->values),
                         .relu = r->relu};
    if (!vectors) return;
    int64_t channels = probe->extent.channels;
    probe->mean = vectors + RGM_NORM_MEAN * channels;
    probe->rstd = vectors + RGM_NORM_RSTD * channels;
    if (!r->pending) return;
    probe->scale = vectors + RGM_NORM_SCALE * channels;
    probe->shift = vectors + RGM_NORM_SHIFT * channels;
}

void rgm_plan_probe_input(const rgm_plan *p, rgm_probe *probe) {
    *probe =
        (rgm_probe){.phase = -1, .C = rgm_plan_tensor(p, 0)->C, .extent = rgm_plan_extent(p, 0), .values = p->input};
}
