/* Pass 9, binding: which pointers get which address once the arena and the parameters are there.
 *
 * In: what operations have asked for while they appended phases, with rgm_plan_use() and its like: a slot, and what its
 * address is. Where buffers lie comes from lifetimes.h. Out: the address of each slot, once, in the order of the slots.
 * A slot that is asked for with two addresses is refused: the phases of such a slot would all see the last one.
 */
#ifndef RGM_PLAN_BINDING_H
#define RGM_PLAN_BINDING_H

#include "plan/lifetimes.h"
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

typedef struct rgm_address {
    void *slot;
    int32_t into; /* RGM_BIND_* */
    size_t at;    /* bytes, into the array or the arena */
} rgm_address;

typedef struct rgm_addresses {
    int32_t count;
    rgm_address of[];
} rgm_addresses;

/* The result is to be freed. RGM_E_INTERNAL, naming the phase, for a slot that was given two addresses; RGM_E_NOMEM. */
rgm_status rgm_binding_resolve(const rgm_binding *bindings, int32_t count, const rgm_places *places,
                               const rgm_addresses **addresses, rgm_error *err);

/* Fills the slots; arrays of *memory that are NULL give NULL. */
void rgm_binding_fill(const rgm_addresses *addresses, char *arena, const rgm_memory *memory);

#endif
