/* Appending phases: what an operation's forward() and backward() call.
 *
 * A phase is asked for by rgm_plan_phase() or one of its like. What follows is about the phase appended last: the
 * buffers it uses, and how much it computes. Two more calls are about the phase to come: rgm_plan_buffer() makes a new
 * buffer, rgm_plan_state() the phase's context. For example:
 *
 *     add_state *c = rgm_plan_state(plan, sizeof *c);
 *     if (!c) return rgm_plan_no_memory(err);
 *     RGM_TRY(rgm_plan_phase(plan, node, &(rgm_phase_spec){"forward", run_forward, c, chunks}, err));
 *     rgm_plan_use(plan, rgm_plan_value(plan, in), &c->x);
 *     rgm_plan_use(plan, rgm_plan_value(plan, out), &c->y);
 *
 * Tensors' buffers are in values.h, gradients in gradient.h, and what batch norms and their neighbours do for one
 * another in moments.h and sums.h.
 */
#ifndef RGM_PLAN_BUILD_H
#define RGM_PLAN_BUILD_H

#include "plan/binding.h"
#include "plan/op.h"
#include "plan/rows.h"

/* ---- memory of the plan's life ---- */

/* Zeroed set-up memory that lives as long as the plan; NULL when out of memory. */
void *rgm_plan_state(rgm_plan *plan, size_t bytes);
/* Calls destroy(object) when the plan is destroyed, for the last object first; at once if it fails (RGM_E_NOMEM). */
rgm_status rgm_plan_own(rgm_plan *plan, void *object, void (*destroy)(void *object), rgm_error *err);
/* What a node's forward() leaves for backward(). */
void rgm_plan_set_node_state(rgm_plan *plan, int32_t node, void *state);
void *rgm_plan_node_state(const rgm_plan *plan, int32_t node);

/* ---- phases ---- */

/* What is asked of a phase. */
typedef struct rgm_phase_spec {
    const char *what; /* its name is "<node> <what>" */
    rgm_chunk_fn run;
    void *context; /* from rgm_plan_state() */
    int32_t chunks;
} rgm_phase_spec;

/* Appends a phase. RGM_E_NOMEM, also if its context is NULL. */
rgm_status rgm_plan_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);
/* Like rgm_plan_phase(), of what depends on parameters and statistics alone. In training they change with every step: a
 * phase like any other. In evaluation it runs once, before all batches (rgm_plan_prepare), and what it touches is
 * kept. */
rgm_status rgm_plan_phase_once(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);
/* For the estimate of chunks.h: the phase appended last executes so many floating-point operations, and touches so many
 * bytes; 0: its buffers, each once. Without this it only touches them. */
void rgm_plan_work(rgm_plan *plan, double flops, double bytes);
/* The phases to come belong to this direction, RGM_WORK_*; until the node's backward() returns. */
void rgm_plan_set_direction(rgm_plan *plan, int32_t direction);
/* 1 while forward phases are appended again, for the backward pass (again.h). */
int32_t rgm_plan_again(const rgm_plan *plan);

/* ---- what the phase appended last works on ---- */

/* A new buffer; it lives from the first to the last phase that uses it. `bytes` may be 0. When out of memory it is 0,
 * and no plan comes of it. */
rgm_buffer rgm_plan_buffer(rgm_plan *plan, size_t bytes);
/* The phase touches `buffer`; *slot gets its address on binding (NULL: only the lifetime counts). A slot belongs to one
 * buffer: binding.h looks. */
void rgm_plan_use(rgm_plan *plan, rgm_buffer buffer, void *slot);
/* *slot gets the address of a parameter's values or gradient, or of a statistic, on binding; NULL for RGM_NO_TENSOR. */
void rgm_plan_param(rgm_plan *plan, int32_t param, void *slot);
void rgm_plan_grad(rgm_plan *plan, int32_t param, void *slot);
void rgm_plan_stat(rgm_plan *plan, int32_t stat, void *slot);
/* Makes at least `bytes` of scratch per worker available. */
void rgm_plan_need_scratch(rgm_plan *plan, size_t bytes);
/* 64-byte aligned; what is in it is undefined when a chunk begins. [worker] */
void *rgm_plan_scratch(const rgm_plan *plan, int32_t worker);

/* ---- what people are told ---- */

/* How a node is computed, for rgm_plan_row: in words, and the way of a convolution's direction. */
void rgm_plan_computed_by(rgm_plan *plan, int32_t node, const char *text);
void rgm_plan_computed_way(rgm_plan *plan, int32_t node, int32_t direction, int32_t way);
/* An operation of the node may make numbers of NaNs (rgm_plan_hides_nan). */
void rgm_plan_set_hides_nan(rgm_plan *plan);

#endif
