/* What an operation is to the plan, and what it may ask of the graph while it is planned.
 *
 * An operation is a class, struct rgm_op. Most of its members are questions that the passes ask before any phase
 * exists. They are pure: the same node on the same options has the same answer, whenever it is asked. Two members
 * append phases, with the functions of build.h:
 *
 *  - forward() appends the node's forward phases, and says which buffers each phase touches.
 *  - backward() does the same for the gradients. It is called for the nodes in the order of order.h.
 *
 * A phase's context is a struct from rgm_plan_state(). The plan fills in its pointers when the arena is bound
 * (rgm_plan_use). forward() may be called again for the same node, on other buffers, while the backward phases are
 * appended (again.h). So its contexts are new ones each time, and backward() asks anew for the values it reads.
 */
#ifndef RGM_PLAN_OP_H
#define RGM_PLAN_OP_H

#include "plan/plan.h"

typedef struct rgm_finish rgm_finish; /* plan/finish.h */

/* Where a reader can apply a scale, a shift and a ReLU as it loads a tensor:
 *     NEVER      nowhere
 *     FORWARD    in the forward pass, while the backward pass wants the tensor written
 *     ALWAYS     in all phases */
enum { RGM_APPLIES_NEVER = 0, RGM_APPLIES_FORWARD = 1, RGM_APPLIES_ALWAYS = 2 };

/* What a reader of the network's input says of its layout:
 *     BLOCKED         it needs RGM_LAYOUT_BLOCKED
 *     EITHER          it reads plain pixels as well
 *     RATHER_PLAIN    it does, and is faster with them
 *     PLAIN           it needs plain ones */
enum { RGM_INPUT_BLOCKED = 0, RGM_INPUT_EITHER = 1, RGM_INPUT_RATHER_PLAIN = 2, RGM_INPUT_PLAIN = 3 };

struct rgm_op {
    const char *name;
    int32_t (*input)(const rgm_plan *plan, int32_t node); /* RGM_INPUT_*; NULL: RGM_INPUT_BLOCKED */
    rgm_status (*forward)(rgm_plan *plan, int32_t node, rgm_error *err);
    rgm_status (*backward)(rgm_plan *plan, int32_t node, rgm_error *err);
    int32_t keeps_input; /* 1: backward reads its input's values */
    /* 1 if backward reads the node's output's values; NULL: it does not. */
    int32_t (*keeps_output)(const rgm_plan *plan, int32_t node);
    /* Where the node can load in[`input`] pending (plan/pending.h): RGM_APPLIES_*; NULL: nowhere. */
    int32_t (*applies)(const rgm_plan *plan, int32_t node, int32_t input);
    /* 1 if the node's backward phases can gather the sums of the batch norm that makes in[0] (plan/sums.h). NULL: they
     * cannot. */
    int32_t (*gathers)(const rgm_plan *plan, int32_t node);
    int32_t finishes; /* 1: its store can do what other operations do (plan/finish.h) */
    /* 1 if the store of whoever makes in[`input`] can do what the node does, behind what *finish says already. Then it
     * is added to *finish. NULL: no. */
    int32_t (*joins)(const rgm_plan *plan, int32_t node, int32_t input, rgm_finish *finish);
};

/* ---- numbers ---- */

/* A half-open range. */
typedef struct rgm_range {
    int64_t first, end;
} rgm_range;

/* Part `part` of 0..count cut into `parts` nearly equal ranges. */
static inline rgm_range rgm_range_part(int64_t count, int32_t parts, int32_t part) {
    return (rgm_range){count * part / parts, count * (part + 1) / parts};
}

static inline int64_t rgm_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t rgm_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline size_t rgm_float_bytes(int64_t floats) { return sizeof(float) * (size_t)floats; }

/* RGM_E_NOMEM, and says so. */
static inline rgm_status rgm_plan_no_memory(rgm_error *err) {
    return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
}

/* ---- the graph and the options ---- */

const rgm_plan_options *rgm_plan_get(const rgm_plan *plan);
const rgm_node *rgm_plan_node(const rgm_plan *plan, int32_t node);
const rgm_op *rgm_plan_op(const rgm_plan *plan, int32_t node);
const rgm_tensor *rgm_plan_tensor(const rgm_plan *plan, int32_t tensor);
/* 1 if a gradient with respect to `tensor` is needed. */
int32_t rgm_plan_needs_gradient(const rgm_plan *plan, int32_t tensor);
/* 1 if a node may overwrite its input `tensor`: nobody else reads it, and its producer does not need it later. */
int32_t rgm_plan_may_overwrite(const rgm_plan *plan, int32_t tensor);
/* 1 if operations may share stores, phases and buffers: in evaluation, unless a test keeps them apart. */
int32_t rgm_plan_shares(const rgm_plan *plan);

/* A tensor's shape in memory: layout, blocks = ceil(C/B), channels with padding, floats per image (features: the
 * pitch). */
typedef struct rgm_extent {
    int32_t layout;   /* RGM_LAYOUT_BLOCKED or RGM_LAYOUT_PLAIN */
    int32_t blocks;   /* channel blocks of an image; features: 1 */
    int32_t channels; /* padded C */
    int64_t pixels;   /* H*W */
    int64_t floats;   /* per image */
} rgm_extent;
rgm_extent rgm_plan_extent(const rgm_plan *plan, int32_t tensor);
/* Bytes of its values, for the whole batch. */
size_t rgm_plan_tensor_bytes(const rgm_plan *plan, int32_t tensor);

/* Chunks to cut the batch into for passes over `floats` values per image: about 32768 values each, 64 at most. It
 * depends on the problem only, so results do not depend on the number of threads. */
int32_t rgm_plan_images(const rgm_plan *plan, int64_t floats);

#endif
