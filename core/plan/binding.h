/* Pass 9, binding: which pointers get which address once the arena and the parameters are there.
 *
 * In: what operations have asked for while they appended phases, with rgm_plan_use() and its like: a slot, and what its
 * address is. Out: the same list, sorted by slot, in which no slot is asked for twice with two addresses. The phases of
 * such a slot would all see the last one.
 */
#ifndef RGM_PLAN_BINDING_H
#define RGM_PLAN_BINDING_H

#include "plan/op.h"

typedef int32_t rgm_buffer; /* a region of the arena with a lifetime */

/* What a slot points into: one of the flat arrays of rgm_memory, or the arena. */
enum { RGM_BIND_VALUE, RGM_BIND_GRADIENT, RGM_BIND_STATISTIC, RGM_BIND_BUFFER };

typedef struct rgm_binding {
    int32_t into; /* RGM_BIND_* */
    rgm_buffer buffer;
    int64_t offset; /* floats, into an array */
    void *slot;
    int32_t order;     /* in which it was asked for */
    const char *phase; /* name of the phase it was asked for; NULL: before the first */
} rgm_binding;

/* RGM_E_INTERNAL, naming the phase, for a slot that was given two addresses. */
rgm_status rgm_binding_sort(rgm_binding *bindings, int32_t count, rgm_error *err);

/* Fills the slots: buffers lie at arena + offset[buffer]; arrays of *memory that are NULL give NULL. */
void rgm_binding_fill(const rgm_binding *bindings, int32_t count, char *arena, const size_t *offset,
                      const rgm_memory *memory);

#endif
