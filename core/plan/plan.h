/* The plan: a graph made ready to run at one batch size, on one kernel table, as lists of team phases.
 *
 * Creating a plan is a row of passes. Each has a header of its name, which says what goes in and what comes out:
 *
 *     sizes      what memory each tensor takes
 *     layouts    how the network's input lies in memory
 *     finish     which operations the store of another does
 *     pending    which batch norms' outputs are never written
 *     order      in which order the nodes get their phases, forward and backward
 *     remake     what the forward pass drops, to be made again in the backward pass
 *     phases     operations append phases, buffers and bindings (op.h and build.h are what they see)
 *     lifetimes  where each buffer lies in the arena
 *     binding    which pointers get which address
 *
 * The last four are done for several cuts, of which remake.h says which is taken. Operations are known by a table alone
 * (op.h). Reading a plan: rows.h; how it would run on many cores: chunks.h; what went wrong in it: finite.h.
 *
 * Nothing is allocated once a plan is made. The owner takes memory for the arena (rgm_plan_bytes), binds it, and runs
 *
 *     [fill the input] forward phases [loss: logits -> dlogits] backward phases
 *
 * as one list. In evaluation parameters do not change from batch to batch. What depends on them alone (filters in other
 * layouts, scales and shifts) is made by phases of its own, rgm_plan_prepare(), once before the first batch. Training
 * and evaluation plans of a run may share one arena: they never run at the same time.
 *
 * Words: a phase is a function over chunks, with a barrier behind it (base/team.h). A chunk is the part of it that one
 * worker does, in most phases a group of images. A buffer is a region of the arena that lives from the first to the
 * last phase that touches it.
 */
#ifndef RGM_PLAN_PLAN_H
#define RGM_PLAN_PLAN_H

#include <stddef.h>
#include "base/team.h"
#include "engine/engine.h"
#include "engine/shape.h"
#include "kernels/kernels.h"
#include "graph/graph.h"

typedef struct rgm_plan rgm_plan;
typedef struct rgm_op rgm_op;                 /* plan/op.h */
typedef struct rgm_plan_knobs rgm_plan_knobs; /* plan/knobs.h */

/* Canonical parameters, gradients and running statistics: flat arrays indexed by rgm_param.offset. `grad` may be NULL
 * in an evaluation plan. */
typedef struct rgm_memory {
    float *value, *grad, *stat;
} rgm_memory;

/* Images [first, first + count) of the batch, for a plugin activation: `index` is its position among them. An image is
 * `floats` contiguous values. x -> y forward, dy -> dx backward; `out` may not be `in`. */
typedef struct rgm_activation_images {
    int32_t index, first, count;
    int64_t floats;
    const float *in;
    float *out;
} rgm_activation_images;
typedef rgm_status (*rgm_activation_fn)(void *context, const rgm_activation_images *images, int32_t worker,
                                        rgm_error *err);

/* Activations from plugins. Backward gets the same images as forward, so that it can draw the same mask. Forward may be
 * called again for them (RGM_MEMORY_LOW, rgm_plan_first_bad), and must write the same. */
typedef struct rgm_activation_hook {
    void *context;
    rgm_activation_fn forward, backward;
} rgm_activation_hook;

/* The way in which convolutions are computed:
 *     AUTO               the fastest, by a fixed rule
 *     WINOGRAD           Winograd F(4x4, 3x3) and its strided form, wherever it can
 *     WINOGRAD_2X2       Winograd F(2x2, 3x3), wherever it can
 *     DIRECT             matrix products of our own wherever they can
 *     ONEDNN             oneDNN everywhere
 *     ONEDNN_WINOGRAD    oneDNN everywhere, by its own Winograd wherever it can
 * RGM_E_UNSUPPORTED if oneDNN has no Winograd at all. */
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
    int32_t training; /* 1: forward with batch statistics, and backward; 0: forward with running statistics */
    /* In training, 0 as a rule: */
    int32_t frozen;         /* 1: batch norms take the running statistics, which stay as they are: images are apart */
    int32_t input_gradient; /* 1: the gradient of the input, too: rgm_plan_dinput() */
    /* Required in training if the graph has plugin activations; in evaluation they pass through. */
    rgm_activation_hook hook;
    const rgm_plan_knobs *knobs; /* what only tests turn; NULL: nothing is. Copied */
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

/* Gives the plan its arena (64-byte aligned, rgm_plan_bytes() long) and its parameters; the arena and the arrays are
 * borrowed. Before the first run; may be called again. */
void rgm_plan_bind(rgm_plan *plan, void *arena, const rgm_memory *memory);

/* The phases; owned by the plan. Backward is empty in evaluation; what is to be prepared, in training. In evaluation it
 * runs before the first forward pass. It runs again when parameters or statistics have changed, or the arena has been
 * used for something else. */
rgm_phase *rgm_plan_prepare(rgm_plan *plan, int32_t *count);
rgm_phase *rgm_plan_forward(rgm_plan *plan, int32_t *count);
rgm_phase *rgm_plan_backward(rgm_plan *plan, int32_t *count);

/* The input tensor to fill, and its layout (RGM_LAYOUT_*). Valid after binding. */
float *rgm_plan_input(const rgm_plan *plan);
int32_t rgm_plan_input_layout(const rgm_plan *plan);

/* Logits [N][pitch] and, in training, the gradient the loss must write there, [N][pitch]. Valid after binding, logits
 * between forward and backward. */
float *rgm_plan_logits(const rgm_plan *plan);
float *rgm_plan_dlogits(const rgm_plan *plan);
int64_t rgm_plan_logits_pitch(const rgm_plan *plan);

/* With `input_gradient`, after the backward phases: the gradient of the input, in its layout, [N] images of as many
 * floats as the input's. NULL: no loss depends on it. Valid after binding. */
float *rgm_plan_dinput(const rgm_plan *plan);

/* The sum of the squares of all gradients, after the backward phases, which add them up as they store gradients: no
 * pass over memory. [any] */
double rgm_plan_gradient_squares(const rgm_plan *plan);

/* The same of each node's parameters, of[nodes of the graph]; 0 for a node without. [any] */
void rgm_plan_node_squares(const rgm_plan *plan, double *of);

#endif
