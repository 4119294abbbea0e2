/* The plan's own members: for the files of core/net that make a plan (plan.c, phases.c, gradient.c, pending.c,
 * remake.c, plan_rows.c, finish.c, recycle.c, squares.c, sums.c). Operations see op.h. */
#ifndef RGM_PLAN_PLAN_INTERNAL_H
#define RGM_PLAN_PLAN_INTERNAL_H

#include "plan/chunks.h"
#include "plan/finish.h"
#include "plan/layout.h"
#include "plan/op.h"
#include "plan/pending.h"
#include "plan/sums.h"

/* A pointer to fill in: into a buffer of the arena, or `offset` floats into one of the parameter arrays. */
enum { VALUE, GRADIENT, STATISTIC, BUFFER };
typedef struct binding {
    int32_t array;
    rgm_buffer buffer;
    int64_t offset;
    void *slot;
    int32_t order;     /* among the bindings */
    const char *phase; /* name of the phase it was made for; NULL: before the first */
} binding;

typedef struct owned {
    void *object;
    void (*destroy)(void *object);
} owned;

typedef struct state { /* a piece of set-up memory */
    struct state *next;
    max_align_t data[];
} state;

/* A tensor's values in the backward pass (remake.h). */
enum { RGM_KEPT, RGM_DROPPED, RGM_MADE_AGAIN };

typedef struct note { /* of a node: its operation's state, how it is computed (rgm_plan_row), and how far planning is */
    void *state;
    char text[96];
    int32_t way[RGM_CONV_DIRECTIONS];
    int32_t backward; /* 1: its backward phases are planned */
} note;

typedef struct work { /* of a phase, for chunks.h */
    int32_t node, direction;
    int32_t told; /* 1: bytes were told, not added up */
    double flops, bytes;
} work;

struct rgm_plan {
    rgm_plan_options o;
    note *notes;       /* per node */
    rgm_phase *phases; /* forward, then a gap of one (the loss), then backward */
    work *works;       /* per phase */
    int32_t phase_count, forward_count, phase_room, work_room;
    int32_t direction;  /* RGM_WORK_* of the phases to come */
    rgm_phase *prepare; /* once, before the forward phases: evaluation only */
    int32_t prepare_count, prepare_room;
    int32_t preparing;        /* the phase appended last is one of them */
    struct series *series;    /* of the phase appended last, if what follows may be put behind it, image by image */
    const char *series_first; /* name of its first step */
    rgm_piece *buffers;       /* alive in phases, counted over forward, loss, backward */
    binding *bindings;
    owned *owned;
    int32_t buffer_count, buffer_room, binding_count, binding_room, owned_count, owned_room;
    rgm_buffer *value;    /* per tensor, -1: none yet; of one that is made again, where the backward pass has it */
    rgm_buffer *first;    /* per tensor: where the forward pass has it */
    rgm_source *source;   /* per tensor; pending -1: to be left pending by its batch norm */
    rgm_moments *moments; /* per tensor */
    rgm_sums *sums;       /* per tensor */
    rgm_finish *finish;   /* per node */
    rgm_gradient *gradient;
    struct squares *squares; /* of the phases that finish gradients */
    int32_t squared;         /* parameters whose squares they are */
    int32_t hides_nan;       /* rgm_plan_hides_nan() */
    int32_t turn;            /* of the node that is asked for its forward phases */
    uint8_t *kept;           /* per tensor: RGM_KEPT, ... */
    int32_t again;           /* 1: forward phases are planned for the second time */
    state *states;
    size_t bytes, scratch_each;
    char *arena;
    void *input, *logits, *dlogits;
    int32_t out_of_memory;
    int32_t input_layout;
};

/* Grows *array, which has place for *room elements of `size` bytes, to hold one more than `count`; 0 when out of
 * memory, which rgm_plan_close() will tell. */
int32_t rgm_plan_room(rgm_plan *plan, void *array, int32_t count, int32_t *room, size_t size);

/* Calls see(node, input) for each consumer of the tensor until it says 0; 1 if none did. */
int32_t rgm_plan_all_consumers(const rgm_plan *plan, int32_t tensor,
                               int32_t (*see)(const rgm_plan *plan, int32_t node, int32_t input));

/* A buffer that the tensor may have because those in it have been read (recycle.c), or -1. */
rgm_buffer rgm_plan_recycled(const rgm_plan *plan, int32_t tensor);

#endif
