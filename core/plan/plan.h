/* The plan: a graph made ready to run at one batch size, on one kernel table, as lists of team phases.
 *
 * Creating a plan makes every operation's phases (forward, and in training also backward), decides layouts, creates the
 * engine's primitives and lays out one activation arena by liveness: a buffer's place is reused once the last phase
 * that touches it is over. Nothing is allocated afterwards. The owner takes memory for the arena (rgm_plan_bytes),
 * binds it, and runs
 *
 *     [fill the input] forward phases [loss: logits -> dlogits] backward phases
 *
 * as one list. In evaluation parameters do not change from batch to batch: what depends on them alone (filters in other
 * layouts, scales and shifts) is made by phases of its own, rgm_plan_prepare(), once before the first batch. Training
 * and evaluation plans of a run may share one arena: they never run at the same time.
 *
 * Layouts: images nChw{B}c (the network's input may be plain nchw), features [N][pitch] with pitch >= C.
 * Gradients: a tensor that two operations read has a gradient of two addends; an operation that can load both does, for
 * the others the plan adds them first.
 */
#ifndef RGM_PLAN_PLAN_H
#define RGM_PLAN_PLAN_H

#include <stddef.h>
#include "base/team.h"
#include "engine/engine.h"
#include "kernels/kernels.h"
#include "graph/graph.h"

typedef struct rgm_plan rgm_plan;
typedef struct rgm_op rgm_op; /* plan/op.h */

/* Canonical parameters, gradients and running statistics: flat arrays indexed by rgm_param.offset. `grad` may be NULL
 * in an evaluation plan. */
typedef struct rgm_memory {
    float *value, *grad, *stat;
} rgm_memory;

/* Activations from plugins. y may not be x. `index` is the position among plugin activations; images [first,
 * first+count) of the batch, `floats` contiguous values each. Backward gets the same images, so that it can draw the
 * same mask. Forward may be called again for them (RGM_MEMORY_LOW, rgm_plan_first_bad), and must write the same. */
typedef struct rgm_activation_hook {
    void *context;
    rgm_status (*forward)(void *context, int32_t index, int32_t first, int32_t count, int64_t floats, const float *x,
                          float *y, int32_t worker, rgm_error *err);
    rgm_status (*backward)(void *context, int32_t index, int32_t first, int32_t count, int64_t floats, const float *dy,
                           float *dx, int32_t worker, rgm_error *err);
} rgm_activation_hook;

/* The way in which convolutions are computed: the fastest by a fixed rule; Winograd F(4x4, 3x3) and its
 * strided form, or F(2x2, 3x3), wherever it can; matrix products of our own wherever they can; oneDNN everywhere;
 * oneDNN everywhere, by its own Winograd wherever it can (RGM_E_UNSUPPORTED if it has none at all). */
enum {
    RGM_WAY_AUTO = 0,
    RGM_WAY_WINOGRAD = 1,
    RGM_WAY_WINOGRAD_2X2 = 2,
    RGM_WAY_DIRECT = 3,
    RGM_WAY_ONEDNN = 4,
    RGM_WAY_ONEDNN_WINOGRAD = 5,
    RGM_WAY_COUNT = 6
};

/* What the backward pass keeps: what is dear to make again, or as little as pays (plan/remake.h). The same bits. */
enum { RGM_MEMORY_NORMAL = 0, RGM_MEMORY_LOW = 1, RGM_MEMORY_COUNT = 2 };
enum { RGM_PLAN_SEGMENTS = 8 };

typedef struct rgm_plan_options {
    const rgm_graph *graph;
    const rgm_op *const *ops; /* by RGM_OP_*: rgm_op_table (ops/ops.h) */
    const rgm_kernels *kernels;
    rgm_engine *engine;
    int32_t batch;    /* N >= 1 */
    int32_t workers;  /* the team's size: affects scratch memory only, never results */
    int64_t cache;    /* bytes of a core's second-level cache, for which some chunks are cut; 0: the tuning's */
    int32_t conv;     /* RGM_WAY_AUTO, ... */
    int32_t memory;   /* RGM_MEMORY_NORMAL, ... */
    size_t remake;    /* bytes of an output that is worth making again in the backward pass; 0: 4 MiB, with low memory 1
                         MiB (tests set it) */
    int32_t segments; /* of plan/remake.h, 1 to RGM_PLAN_SEGMENTS from short to long; 0: those whose plan is the
                         smallest (tests set it) */
    int32_t apart;    /* 1: in evaluation, too, every operation has a phase of its own and stores its output (tests) */
    int32_t training; /* 1: forward with batch statistics, and backward; 0: forward with running statistics */
    /* Required in training if the graph has plugin activations; in evaluation they pass through. */
    rgm_activation_hook hook;
} rgm_plan_options;

/* Borrows graph, operations, kernels, engine and the hook's context for its life. RGM_E_NOMEM; RGM_E_UNSUPPORTED naming
 * the layer that the engine, or an operation, refuses; RGM_E_INTERNAL if a hook is required and there is none. [main]
 */
rgm_status rgm_plan_create(rgm_plan **plan, const rgm_plan_options *options, rgm_error *err);
void rgm_plan_destroy(rgm_plan *plan);

/* Bytes of the activation arena; of it, those for the workers' scratch, and those of what is prepared once and kept. */
size_t rgm_plan_bytes(const rgm_plan *plan);
size_t rgm_plan_scratch_bytes(const rgm_plan *plan);
size_t rgm_plan_kept_bytes(const rgm_plan *plan);

/* 1 if the plan leaves ReLUs to oneDNN, which promises nothing of a NaN there. (It is asked in a way that keeps them:
 * engine/shim.c.) */
int32_t rgm_plan_hides_nan(const rgm_plan *plan);

/* Gives the plan its arena (64-byte aligned, rgm_plan_bytes() long) and its parameters; the arena and the arrays are
 * borrowed. Before the first run; may be called again. */
void rgm_plan_bind(rgm_plan *plan, void *arena, const rgm_memory *memory);

/* The phases; owned by the plan. Backward is empty in evaluation; what is to be prepared, in training. In evaluation it
 * runs before the first forward pass, and again when parameters or statistics have changed or the arena has been used
 * for something else. */
rgm_phase *rgm_plan_prepare(rgm_plan *plan, int32_t *count);
rgm_phase *rgm_plan_forward(rgm_plan *plan, int32_t *count);
rgm_phase *rgm_plan_backward(rgm_plan *plan, int32_t *count);

/* The input tensor to fill, its layout (RGM_LAYOUT_*) and floats per image. Valid after binding. */
float *rgm_plan_input(const rgm_plan *plan);
int32_t rgm_plan_input_layout(const rgm_plan *plan);
int64_t rgm_plan_input_floats(const rgm_plan *plan);

/* Logits [N][pitch] and, in training, the gradient the loss must write there, [N][pitch]. Valid after binding, logits
 * between forward and backward. */
float *rgm_plan_logits(const rgm_plan *plan);
float *rgm_plan_dlogits(const rgm_plan *plan);
int64_t rgm_plan_logits_pitch(const rgm_plan *plan);

/* The sum of the squares of all gradients, after the backward phases, which add them up as they store gradients: no
 * pass over memory. [any] */
double rgm_plan_gradient_squares(const rgm_plan *plan);

/* What the backward pass has of an output. */
enum { RGM_ROW_UNUSED = 0, RGM_ROW_KEPT = 1, RGM_ROW_AGAIN = 2 /* made there, in most cases again */ };

/* What a phase does for its node. */
enum {
    RGM_WORK_FORWARD,
    RGM_WORK_BACKWARD,
    RGM_WORK_BACKWARD_DATA,
    RGM_WORK_BACKWARD_WEIGHTS,
    RGM_WORK_AGAIN, /* the forward pass, in the backward pass */
    RGM_WORK_COUNT
};
const char *rgm_work_name(int32_t direction);

/* The node of a phase, which is counted over those of rgm_plan_forward() and then of rgm_plan_backward(). `direction`
 * becomes RGM_WORK_*. */
int32_t rgm_plan_phase_node(const rgm_plan *plan, int32_t phase, int32_t *direction);

/* One row of what `regimen plan` prints: bytes of the node's output (0: it is left pending), and how its convolution is
 * computed (else ""). */
typedef struct rgm_plan_row {
    const char *name, *op;
    int32_t C, H, W;
    int64_t params;       /* elements */
    double forward_flops; /* of the whole batch */
    size_t bytes;
    int32_t backward; /* RGM_ROW_UNUSED, ... */
    char engine[96];
    int32_t way[RGM_CONV_DIRECTIONS]; /* of a convolution's directions, RGM_WAY_*; RGM_WAY_AUTO: there is no such one */
} rgm_plan_row;

int32_t rgm_plan_row_count(const rgm_plan *plan);
void rgm_plan_row_get(const rgm_plan *plan, int32_t row, rgm_plan_row *out);

/* In evaluation, once it is prepared: the first batch norm, or convolution that others have joined, with a scale or
 * shift that is not finite, or NULL. [main] */
const char *rgm_plan_bad_scale(const rgm_plan *plan);

/* After a step of training with a non-finite loss: the first node, in forward order, whose output is not finite, or
 * NULL. Runs the forward phases once more (running statistics are updated again), and looks at each output before
 * anything takes its place; where a batch norm leaves its own pending, at the scales and shifts (so one that overflows
 * with finite ones is laid at its reader's door). [main] */
const char *rgm_plan_first_bad(rgm_plan *plan, rgm_team *team);

#endif
