/* What the operations use to plan themselves: for core/plan, core/conv and core/ops.
 *
 * An operation is a class. forward() appends the node's forward phases and says which buffers each
 * phase touches; backward() does the same for the gradient, in reverse node order, but for the readers of a tensor of
 * which one gathers sums: that one comes last. A phase's context is a struct from
 * rgm_plan_state() whose pointers the plan fills in (rgm_plan_use) when the arena is bound.
 *
 * forward() may be called again while the backward phases are planned (remake.h): for the same node, on other buffers.
 * So its phases' contexts are new ones each time, and backward() asks for the values it reads anew.
 *
 * Chunks are groups of images: rgm_plan_images() decides how many, from the problem only. pending.h and sums.h
 * have what a batch norm and its neighbours do for one another.
 */
#ifndef RGM_PLAN_OP_H
#define RGM_PLAN_OP_H

#include "plan/plan.h"

typedef int32_t rgm_buffer; /* a region of the arena with a lifetime */

typedef struct rgm_finish rgm_finish; /* plan/finish.h */

/* In the forward pass, while the backward pass wants its input written; in all phases. */
enum { RGM_APPLIES_NEVER = 0, RGM_APPLIES_FORWARD = 1, RGM_APPLIES_ALWAYS = 2 };

/* What a reader of the network's input says of its layout: it needs RGM_LAYOUT_BLOCKED; it reads plain pixels as well,
 * and is faster with them or not; it needs plain ones. */
enum { RGM_INPUT_BLOCKED = 0, RGM_INPUT_EITHER = 1, RGM_INPUT_RATHER_PLAIN = 2, RGM_INPUT_PLAIN = 3 };

struct rgm_op {
    const char *name;
    int32_t (*input)(const rgm_plan *plan, int32_t node); /* RGM_INPUT_*; NULL: RGM_INPUT_BLOCKED */
    rgm_status (*forward)(rgm_plan *plan, int32_t node, rgm_error *err);
    rgm_status (*backward)(rgm_plan *plan, int32_t node, rgm_error *err);
    int32_t keeps_input; /* 1: backward reads its input's values */
    /* 1 if backward reads the node's output's values; NULL: it does not. */
    int32_t (*keeps_output)(const rgm_plan *plan, int32_t node);
    /* If the node can load in[`input`] with what is pending on it: RGM_APPLIES_*; NULL: it cannot. */
    int32_t (*applies)(const rgm_plan *plan, int32_t node, int32_t input);
    /* 1 if the node's backward phases can gather sums for the batch norm that makes in[0] (plan/sums.h), to be asked
     * when its forward phases are planned. NULL: they cannot. */
    int32_t (*gathers)(const rgm_plan *plan, int32_t node);
    int32_t finishes; /* its store can do what joins it (plan/finish.h) */
    /* 1 if what the node does to in[`input`] can be done in the store of whoever makes that, behind what *finish says
     * already; adds it to *finish. NULL: it cannot. */
    int32_t (*joins)(const rgm_plan *plan, int32_t node, int32_t input, rgm_finish *finish);
};

/* A half-open range. */
typedef struct rgm_range {
    int64_t first, end;
} rgm_range;

/* Part `part` of 0..count cut into `parts` nearly equal pieces. */
static inline rgm_range rgm_range_part(int64_t count, int32_t parts, int32_t part) {
    return (rgm_range){count * part / parts, count * (part + 1) / parts};
}

static inline int64_t rgm_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t rgm_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline size_t rgm_float_bytes(int64_t floats) { return sizeof(float) * (size_t)floats; }

/* The plan as operations see it. */
const rgm_plan_options *rgm_plan_get(const rgm_plan *plan);
const rgm_node *rgm_plan_node(const rgm_plan *plan, int32_t node);
const rgm_op *rgm_plan_op(const rgm_plan *plan, int32_t node);
const rgm_tensor *rgm_plan_tensor(const rgm_plan *plan, int32_t tensor);
/* *slot gets the address of a parameter's values or gradient, or of a statistic, on binding; NULL for RGM_NO_TENSOR. */
void rgm_plan_param(rgm_plan *plan, int32_t param, void *slot);
void rgm_plan_grad(rgm_plan *plan, int32_t param, void *slot);
void rgm_plan_stat(rgm_plan *plan, int32_t stat, void *slot);

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

/* Chunks to cut the batch into for passes over `floats` values per image: about 32768 values each, 64 at most. */
int32_t rgm_plan_images(const rgm_plan *plan, int64_t floats);

/* Zeroed set-up memory that lives as long as the plan; NULL when out of memory, which rgm_plan_close() reports, too. */
void *rgm_plan_state(rgm_plan *plan, size_t bytes);
/* RGM_E_NOMEM, and says so. */
static inline rgm_status rgm_plan_no_memory(rgm_error *err) {
    return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
}
/* Calls destroy(object) when the plan is destroyed, for the last object first; at once if it fails (RGM_E_NOMEM). */
rgm_status rgm_plan_own(rgm_plan *plan, void *object, void (*destroy)(void *object), rgm_error *err);
/* What forward() leaves for backward(). */
void rgm_plan_set_node_state(rgm_plan *plan, int32_t node, void *state);
void *rgm_plan_node_state(const rgm_plan *plan, int32_t node);
/* How a node is computed, for rgm_plan_row: for people, and the ways of a convolution's directions. */
void rgm_plan_note(rgm_plan *plan, int32_t node, const char *text);
void rgm_plan_note_way(rgm_plan *plan, int32_t node, int32_t direction, int32_t way);
/* 1 while forward phases are planned again, for the backward pass. */
int32_t rgm_plan_again(const rgm_plan *plan);
/* An operation of the node may make numbers of NaNs (rgm_plan_hides_nan). */
void rgm_plan_set_hides_nan(rgm_plan *plan);
/* Makes at least `bytes` of scratch per worker available. */
void rgm_plan_need_scratch(rgm_plan *plan, size_t bytes);
/* 64-byte aligned; what is in it is undefined when a chunk begins. [worker] */
void *rgm_plan_scratch(const rgm_plan *plan, int32_t worker);

/* A new buffer; it lives from the first to the last phase that uses it. `bytes` may be 0. When out of memory it is 0,
 * and rgm_plan_close() reports it. */
rgm_buffer rgm_plan_buffer(rgm_plan *plan, size_t bytes);
/* What is asked of a phase. */
typedef struct rgm_phase_spec {
    const char *what; /* its name is "<node> <what>" */
    rgm_chunk_fn run;
    void *context; /* from rgm_plan_state() */
    int32_t chunks;
} rgm_phase_spec;

/* Appends a phase. RGM_E_NOMEM, also if its context is NULL. */
rgm_status rgm_plan_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);
/* For the estimate of chunks.h: the phase appended last executes so many floating-point operations, and touches so many
 * bytes; 0: its buffers, each once. Without this it only touches them. */
void rgm_plan_work(rgm_plan *plan, double flops, double bytes);
/* The phases to come belong to this direction, RGM_WORK_*; until the node's backward() returns. */
void rgm_plan_set_direction(rgm_plan *plan, int32_t direction);
/* Like rgm_plan_phase(), of what depends on parameters and statistics alone. In training they change with every step: a
 * phase like any other. In evaluation it runs once, before all batches (rgm_plan_prepare), and what it touches is
 * kept. */
rgm_status rgm_plan_phase_once(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);
/* Like rgm_plan_phase(), of phases whose chunk i reads and writes, of everything that has images, those of
 * rgm_range_part(batch, chunks, i) only. In evaluation, one that follows another with as many chunks becomes a part of
 * that phase: a worker takes its images through both, and finds in its cache what it has just stored. */
rgm_status rgm_plan_phase_images(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);
/* The phase appended last touches `buffer`; *slot gets its address on binding (NULL: only the lifetime counts). A slot
 * belongs to one buffer: rgm_plan_close() looks. */
void rgm_plan_use(rgm_plan *plan, rgm_buffer buffer, void *slot);
/* What creating a plan ends with: reports that memory has run out on the way (RGM_E_NOMEM), checks the slots
 * (RGM_E_INTERNAL, naming the phase, for one that was given two buffers) and lays out the arena. */
rgm_status rgm_plan_close(rgm_plan *plan, rgm_error *err);

/* The phase appended last finishes the gradients of parameters a and b (RGM_NO_TENSOR: of one only): its chunk i writes
 * to (*slot)[i] the sum of the squares of what it stores, in double precision but for short partial sums like those of
 * kernels->sumsq. Some phase has to say so of every gradient. *slot is set at once, not on binding: it is set-up
 * memory. */
void rgm_plan_squares(rgm_plan *plan, int32_t a, int32_t b, double **slot);

/* A tensor's values: its buffer, created on first use; rgm_plan_alias makes the output live in the input's buffer. */
rgm_buffer rgm_plan_value(rgm_plan *plan, int32_t tensor);
void rgm_plan_alias(rgm_plan *plan, int32_t tensor, rgm_buffer buffer);
/* 1 if a node may overwrite its input `tensor`: nobody else reads it, and its producer does not need it later. */
int32_t rgm_plan_may_overwrite(const rgm_plan *plan, int32_t tensor);
/* 1 if a gradient with respect to `tensor` is needed. */
int32_t rgm_plan_needs_gradient(const rgm_plan *plan, int32_t tensor);

/* The gradient of `tensor`: one or two addends. `shared`: another gradient lives in the same buffer; do not
 * overwrite. */
typedef struct rgm_gradient {
    int32_t count;
    rgm_buffer addend[2];
    int32_t shared[2];
} rgm_gradient;
rgm_gradient rgm_plan_gradient(const rgm_plan *plan, int32_t tensor);
/* A consumer of `tensor` adds its part. A third addend is summed at once. */
rgm_status rgm_plan_add_gradient(rgm_plan *plan, int32_t tensor, rgm_buffer buffer, int32_t shared, rgm_error *err);
/* For operations that load one addend only: sums two in a phase of its own and returns the one that is left. */
rgm_status rgm_plan_one_gradient(rgm_plan *plan, int32_t tensor, rgm_gradient *gradient, rgm_error *err);

/* The forward phase that most operations have: like rgm_plan_phase_images(), the first input in (*x_slot), the output
 * out (*y_slot). */
rgm_status rgm_plan_forward_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, void *x_slot, void *y_slot,
                                  rgm_error *err);
/* The backward phase that most operations have: one gradient in (*dy_slot), one out in a buffer of its own
 * (*dx_slot). */
rgm_status rgm_plan_backward_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, void *dy_slot,
                                   void *dx_slot, rgm_error *err);

#endif
