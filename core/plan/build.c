#include <config.h>

#include "plan/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "plan/plan_internal.h"

/* ---- memory of the plan's life ---- */

void *rgm_plan_state(rgm_plan *p, size_t bytes) {
    rgm_block *b = calloc(1, sizeof *b + bytes);
    if (!b) {
        p->build->out_of_memory = 1;
        return NULL;
    }
    b->next = p->build->program->blocks;
    p->build->program->blocks = b;
    return b->data;
}

rgm_status rgm_plan_own(rgm_plan *p, void *object, void (*destroy)(void *), rgm_error *err) {
    rgm_program *g = p->build->program;
    if (!rgm_build_room(p->build, &g->owned, g->owned_count, &p->build->owned_room, sizeof *g->owned)) {
        destroy(object);
        return rgm_plan_no_memory(err);
    }
    g->owned[g->owned_count++] = (rgm_owned){object, destroy};
    return RGM_OK;
}

void rgm_plan_set_node_state(rgm_plan *p, int32_t node, void *s) { p->build->nodes[node].state = s; }
void *rgm_plan_node_state(const rgm_plan *p, int32_t node) { return p->build->nodes[node].state; }

/* ---- phases ---- */

static rgm_status make(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_phase *phase, rgm_error *err) {
    char *name = rgm_plan_state(p, RGM_PHASE_NAME);
    if (!name || !spec->context) return rgm_plan_no_memory(err);
    snprintf(name, RGM_PHASE_NAME, "%s %s", rgm_plan_node(p, node)->name, spec->what);
    *phase = (rgm_phase){.run = spec->run, .context = spec->context, .chunks = spec->chunks, .name = name};
    return RGM_OK;
}

rgm_status rgm_plan_phase(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    rgm_build *b = p->build;
    rgm_program *g = b->program;
    rgm_phase phase;
    RGM_TRY(make(p, node, spec, &phase, err));
    if (!rgm_build_room(b, &g->phases, g->phase_count, &b->phase_room, sizeof *g->phases) ||
        !rgm_build_room(b, &g->works, g->phase_count, &b->work_room, sizeof *g->works))
        return rgm_plan_no_memory(err);
    g->works[g->phase_count] = (rgm_work){.node = node, .direction = b->direction};
    g->phases[g->phase_count++] = phase;
    b->preparing = 0;
    b->steps = NULL;
    return RGM_OK;
}

rgm_status rgm_plan_phase_once(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    rgm_build *b = p->build;
    rgm_program *g = b->program;
    rgm_phase phase;
    if (p->o.training) return rgm_plan_phase(p, node, spec, err);
    RGM_TRY(make(p, node, spec, &phase, err));
    if (!rgm_build_room(b, &g->prepare, g->prepare_count, &b->prepare_room, sizeof *g->prepare))
        return rgm_plan_no_memory(err);
    g->prepare[g->prepare_count++] = phase;
    b->preparing = 1;
    return RGM_OK;
}

void rgm_plan_work(rgm_plan *p, double flops, double bytes) {
    if (p->build->preparing) return; /* no part of a step */
    rgm_work *w = rgm_build_last_work(p->build);
    w->flops += flops;
    if (bytes <= 0) return;
    w->bytes = bytes;
    w->told = 1;
}

void rgm_plan_set_direction(rgm_plan *p, int32_t direction) { p->build->direction = direction; }
int32_t rgm_plan_again(const rgm_plan *p) { return p->build->again; }

/* ---- what the phase appended last works on ---- */

rgm_buffer rgm_plan_buffer(rgm_plan *p, size_t bytes) {
    rgm_program *g = p->build->program;
    if (!rgm_build_room(p->build, &g->buffers, g->buffer_count, &p->build->buffer_room, sizeof *g->buffers)) return 0;
    g->buffers[g->buffer_count] = (rgm_lifetime){.bytes = rgm_arena_cost(bytes), .first = INT32_MAX, .last = -1};
    return g->buffer_count++;
}

void rgm_plan_use(rgm_plan *p, rgm_buffer buffer, void *slot) {
    rgm_build *b = p->build;
    rgm_lifetime *l = &b->program->buffers[buffer];
    int32_t phase = b->program->phase_count - 1;
    if (b->preparing) {
        rgm_build_touch(b, buffer, 0);
        l->last = INT32_MAX; /* kept */
    } else {
        rgm_work *w = rgm_build_last_work(b);
        if (!w->told && l->last != phase) w->bytes += (double)l->bytes;
        rgm_build_touch(b, buffer, phase);
    }
    if (slot) rgm_build_bind(b, (rgm_binding){.into = RGM_BIND_BUFFER, .buffer = buffer, .slot = slot});
}

static void bind_memory(rgm_plan *p, int32_t array, int64_t offset, void *slot) {
    rgm_build_bind(p->build, (rgm_binding){.into = array, .offset = offset, .slot = slot});
}

void rgm_plan_param(rgm_plan *p, int32_t param, void *slot) {
    if (param >= 0) bind_memory(p, RGM_BIND_VALUE, rgm_graph_param(p->o.graph, param)->offset, slot);
}

void rgm_plan_grad(rgm_plan *p, int32_t param, void *slot) {
    if (param >= 0) bind_memory(p, RGM_BIND_GRADIENT, rgm_graph_param(p->o.graph, param)->offset, slot);
}

void rgm_plan_stat(rgm_plan *p, int32_t stat, void *slot) {
    if (stat >= 0) bind_memory(p, RGM_BIND_STATISTIC, rgm_graph_stat(p->o.graph, stat)->offset, slot);
}

void rgm_plan_need_scratch(rgm_plan *p, size_t bytes) {
    rgm_program *g = p->build->program;
    bytes = rgm_arena_cost(bytes);
    if (bytes > g->scratch_each) g->scratch_each = bytes;
}

void *rgm_plan_scratch(const rgm_plan *p, int32_t worker) {
    return p->arena + p->places->bytes + p->program->scratch_each * (size_t)worker; /* behind the buffers */
}

/* ---- what people are told ---- */

void rgm_plan_computed_by(rgm_plan *p, int32_t node, const char *text) {
    rgm_node_report *r = &p->build->program->nodes[node];
    snprintf(r->engine, sizeof r->engine, "%s", text);
}

void rgm_plan_computed_way(rgm_plan *p, int32_t node, int32_t direction, int32_t way) {
    p->build->program->nodes[node].way[direction] = way;
}

void rgm_plan_set_hides_nan(rgm_plan *p) { p->build->program->hides_nan = 1; }
