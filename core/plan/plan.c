#include <config.h>

#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>
#include "plan/plan_internal.h"

/* ---- making a plan ---- */

/* The results of the passes that depend on what is dropped. */
typedef struct attempt {
    const rgm_program *program;
    const rgm_places *places;
    const rgm_addresses *addresses;
} attempt;

static void drop(attempt a) {
    rgm_program_destroy((rgm_program *)a.program);
    free((void *)a.places);
    free((void *)a.addresses);
}

static size_t scratch_of(const rgm_plan *p, const rgm_program *g) { return g->scratch_each * (size_t)p->o.workers; }
static size_t bytes_of(const rgm_plan *p, attempt a) { return a.places->bytes + scratch_of(p, a.program); }

static rgm_status make(rgm_plan *p, rgm_cut cut, attempt *out, rgm_error *err) {
    rgm_status status = RGM_OK;
    attempt a = {.program = NULL};
    rgm_program *g;
    RGM_TRY_OR_FAIL(status, rgm_remake_choose(p, cut, &p->remake, err));
    RGM_TRY_OR_FAIL(status, rgm_phases_append(p, &g, err));
    a.program = g;
    RGM_TRY_OR_FAIL(status, rgm_lifetimes_place(g->buffers, g->buffer_count, &a.places, err));
    RGM_TRY_OR_FAIL(status, rgm_binding_resolve(g->bindings, g->binding_count, a.places, &a.addresses, err));
    *out = a;
    a = (attempt){.program = NULL};
fail:
    drop(a);
    free((void *)p->remake);
    p->remake = NULL;
    return status;
}

/* Takes another cut, if its arena is smaller by what is worth computing more. */
static rgm_status try_cut(rgm_plan *p, rgm_cut cut, rgm_error *err) {
    attempt best = {p->program, p->places, p->addresses}, other = {.program = NULL};
    RGM_TRY(make(p, cut, &other, err));
    int32_t better = !best.program || bytes_of(p, other) < bytes_of(p, best) / 100 * 98;
    drop(better ? best : other);
    if (!better) return RGM_OK;
    p->program = other.program;
    p->places = other.places;
    p->addresses = other.addresses;
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
    drop((attempt){p->program, p->places, p->addresses});
    free((void *)p->order);
    free((void *)p->pending);
    free((void *)p->finishes);
    free((void *)p->layouts);
    free((void *)p->sizes);
    free(p);
}

/* ---- its memory ---- */

size_t rgm_plan_bytes(const rgm_plan *p) { return p->places->bytes + scratch_of(p, p->program); }
size_t rgm_plan_scratch_bytes(const rgm_plan *p) { return scratch_of(p, p->program); }

size_t rgm_plan_kept_bytes(const rgm_plan *p) {
    size_t bytes = 0;
    for (int32_t i = 0; i < p->program->buffer_count; i++)
        if (p->program->buffers[i].last == INT32_MAX) bytes += p->program->buffers[i].bytes;
    return bytes;
}

void rgm_plan_bind(rgm_plan *p, void *arena, const rgm_memory *memory) {
    p->arena = arena;
    rgm_binding_fill(p->addresses, p->arena, memory);
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
float *rgm_plan_dinput(const rgm_plan *p) { return p->dinput; }
int64_t rgm_plan_logits_pitch(const rgm_plan *p) { return rgm_plan_extent(p, rgm_graph_output(p->o.graph)).floats; }
double rgm_plan_gradient_squares(const rgm_plan *p) { return rgm_squares_sum(p->program->squares); }

void rgm_plan_node_squares(const rgm_plan *p, double *of) {
    memset(of, 0, sizeof *of * (size_t)rgm_graph_node_count(p->o.graph));
    rgm_squares_by_node(p->program->squares, p->o.graph, of);
}
