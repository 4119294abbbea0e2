#include <config.h>

#include "plan/plan.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

/* ---- making a plan ---- */

/* The passes that depend on what is dropped. */
static rgm_status make_program(rgm_plan *p, rgm_cut cut, rgm_program **out, rgm_error *err) {
    rgm_status status = RGM_OK;
    rgm_program *g = NULL;
    RGM_TRY_OR_FAIL(status, rgm_remake_choose(p, cut, &p->remake, err));
    RGM_TRY_OR_FAIL(status, rgm_phases_append(p, &g, err));
    RGM_TRY_OR_FAIL(status, rgm_lifetimes_place(g->buffers, g->buffer_count, &g->places, err));
    RGM_TRY_OR_FAIL(status, rgm_binding_sort(g->bindings, g->binding_count, err));
    g->bytes = g->places->bytes + g->scratch_each * (size_t)p->o.workers;
    *out = g;
    g = NULL;
fail:
    rgm_program_destroy(g);
    free((void *)p->remake);
    p->remake = NULL;
    return status;
}

/* Takes the program of another cut, if it is smaller by what is worth computing more. */
static rgm_status try_cut(rgm_plan *p, rgm_cut cut, rgm_error *err) {
    rgm_program *other;
    RGM_TRY(make_program(p, cut, &other, err));
    int32_t better = !p->program || other->bytes < p->program->bytes / 100 * 98;
    rgm_program_destroy(better ? p->program : other);
    if (better) p->program = other;
    return RGM_OK;
}

static rgm_status try_cuts(rgm_plan *p, rgm_error *err) {
    enum { LOW = 1, PRICES = 5 }; /* from LOW on with low memory: 1x1 of 64 to 640 channels, 3x3 of 7 to 71 */
    static const int32_t flops[PRICES] = {0, 32, 64, 128, 320};
    int32_t low = p->o.memory == RGM_MEMORY_LOW, first = low ? LOW : 0, end = low ? PRICES : LOW;
    if (!p->o.training || p->knobs.segments) return try_cut(p, (rgm_cut){p->knobs.segments, flops[end - 1]}, err);
    for (int32_t i = first; i < end; i++)
        for (int32_t segments = 1; segments <= RGM_PLAN_SEGMENTS; segments++)
            RGM_TRY(try_cut(p, (rgm_cut){segments, flops[i]}, err));
    return RGM_OK;
}

rgm_status rgm_plan_create(rgm_plan **plan, const rgm_plan_options *options, rgm_error *err) {
    rgm_status status = RGM_OK;
    *plan = NULL;
    rgm_plan *p = calloc(1, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    p->o = *options;
    if (options->knobs) p->knobs = *options->knobs;
    p->o.knobs = &p->knobs;
    RGM_TRY_OR_FAIL(status, rgm_sizes_make(p, &p->sizes, err));
    RGM_TRY_OR_FAIL(status, rgm_layouts_choose(p, &p->layouts, err));
    RGM_TRY_OR_FAIL(status, rgm_finish_choose(p, &p->finishes, err));
    RGM_TRY_OR_FAIL(status, rgm_pending_choose(p, &p->pending, err));
    RGM_TRY_OR_FAIL(status, rgm_plan_order_make(p, &p->order, err));
    RGM_TRY_OR_FAIL(status, try_cuts(p, err)); /* remake, phases, lifetimes, binding */
    *plan = p;
    return RGM_OK;
fail:
    rgm_plan_destroy(p);
    return status;
}

void rgm_plan_destroy(rgm_plan *p) {
    if (!p) return;
    rgm_program_destroy(p->program);
    free((void *)p->order);
    free((void *)p->pending);
    free((void *)p->finishes);
    free((void *)p->layouts);
    free((void *)p->sizes);
    free(p);
}

/* ---- its memory ---- */

size_t rgm_plan_bytes(const rgm_plan *p) { return p->program->bytes; }
size_t rgm_plan_scratch_bytes(const rgm_plan *p) { return p->program->scratch_each * (size_t)p->o.workers; }

size_t rgm_plan_kept_bytes(const rgm_plan *p) {
    size_t bytes = 0;
    for (int32_t i = 0; i < p->program->buffer_count; i++)
        if (p->program->buffers[i].last == INT32_MAX) bytes += p->program->buffers[i].bytes;
    return bytes;
}

void rgm_plan_bind(rgm_plan *p, void *arena, const rgm_memory *memory) {
    const rgm_program *g = p->program;
    p->arena = arena;
    rgm_binding_fill(g->bindings, g->binding_count, p->arena, g->places->offset, memory);
}

/* ---- running it ---- */

rgm_phase *rgm_plan_prepare(rgm_plan *p, int32_t *count) {
    *count = p->program->prepare_count;
    return p->program->prepare;
}

rgm_phase *rgm_plan_forward(rgm_plan *p, int32_t *count) {
    *count = p->program->forward_count;
    return p->program->phases;
}

rgm_phase *rgm_plan_backward(rgm_plan *p, int32_t *count) {
    *count = p->program->phase_count - p->program->forward_count - 1;
    return p->program->phases + p->program->forward_count + 1;
}

float *rgm_plan_input(const rgm_plan *p) { return p->input; }
int32_t rgm_plan_input_layout(const rgm_plan *p) { return p->layouts->input.layout; }
float *rgm_plan_logits(const rgm_plan *p) { return p->logits; }
float *rgm_plan_dlogits(const rgm_plan *p) { return p->dlogits; }
int64_t rgm_plan_logits_pitch(const rgm_plan *p) { return rgm_plan_extent(p, rgm_graph_output(p->o.graph)).floats; }
double rgm_plan_gradient_squares(const rgm_plan *p) { return rgm_squares_sum(p->program->squares); }
