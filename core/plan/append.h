/* What pass 7 has while phases are appended: one struct, rgm_build, with all that changes. It ends with the pass.
 *
 * build.h and its neighbours are what operations see of it.
 */
#ifndef RGM_PLAN_APPEND_H
#define RGM_PLAN_APPEND_H

#include "plan/gradient.h"
#include "plan/moments.h"
#include "plan/program.h"
#include "plan/sums.h"
#include "plan/values.h"

enum { RGM_PHASE_NAME = 128 };

typedef struct rgm_build_tensor {
    rgm_buffer value;      /* -1: none yet; of one that is made again, where the backward pass has it */
    int32_t made_again;    /* 1: the phases that make it again are appended */
    rgm_source source;     /* what its batch norm has said of it */
    rgm_moments moments;   /* of it, that a convolution gathers */
    rgm_gradient gradient; /* addends so far */
    rgm_sums sums;         /* of its gradient, that a convolution gathers */
} rgm_build_tensor;

typedef struct rgm_build_node {
    void *state;       /* from forward() for backward() */
    rgm_buffer affine; /* of a host: scale and shift of what has joined; -1: none */
} rgm_build_node;

typedef struct rgm_build {
    /* where the pass is */
    int32_t at;        /* in the graph: the place of the node whose forward phases are appended; then behind all */
    int32_t backward;  /* 1: the forward phases are all there */
    int32_t again;     /* 1: forward phases are appended for the second time */
    int32_t direction; /* RGM_WORK_* of the phases to come */

    /* the phase appended last */
    int32_t preparing;       /* 1: it is one of those that run once */
    struct rgm_steps *steps; /* of it, if what follows may be put behind it (images.h) */
    const char *first_step;  /* name */

    /* what has been appended; what is known of tensors and nodes */
    rgm_program *program;
    rgm_build_tensor *tensors;
    rgm_build_node *nodes;
    int32_t squared; /* parameters whose gradients' squares have been told */

    /* of the program's lists */
    int32_t phase_room, work_room, prepare_room, buffer_room, binding_room, owned_room;
    int32_t out_of_memory; /* 1: somewhere on the way */
} rgm_build;

/* Grows *list, which has place for *room elements of `size` bytes, to hold one more than `count`; 0 when out of
 * memory. */
int32_t rgm_build_room(rgm_build *build, void *list, int32_t count, int32_t *room, size_t size);
/* What the phase appended last computes. There is one, and it is none that runs once. */
rgm_work *rgm_build_last_work(rgm_build *build);
void rgm_build_touch(rgm_build *build, rgm_buffer buffer, int32_t phase);
void rgm_build_bind(rgm_build *build, rgm_binding binding);

#endif
