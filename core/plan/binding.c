#include <config.h>

#include "plan/binding.h"

#include <stdlib.h>
#include <string.h>

static int by_slot(const void *a, const void *b) {
    const rgm_binding *x = a, *y = b;
    uintptr_t s = (uintptr_t)x->slot, t = (uintptr_t)y->slot;
    return s != t ? (s > t) - (s < t) : (x->order > y->order) - (x->order < y->order);
}

static int32_t same_address(const rgm_binding *a, const rgm_binding *b) {
    return a->into == b->into && a->buffer == b->buffer && a->offset == b->offset;
}

rgm_status rgm_binding_sort(rgm_binding *bindings, int32_t count, rgm_error *err) {
    if (count) qsort(bindings, (size_t)count, sizeof *bindings, by_slot);
    for (int32_t i = 1; i < count; i++) {
        const rgm_binding *b = &bindings[i], *before = b - 1;
        if (b->slot != before->slot || same_address(b, before)) continue;
        return rgm_fail(err, RGM_E_INTERNAL, "plan: %s: a slot of this phase is given to two buffers",
                        b->phase ? b->phase : "input");
    }
    return RGM_OK;
}

void rgm_binding_fill(const rgm_binding *bindings, int32_t count, char *arena, const size_t *offset,
                      const rgm_memory *memory) {
    float *const arrays[] = {
        [RGM_BIND_VALUE] = memory->value, [RGM_BIND_GRADIENT] = memory->grad, [RGM_BIND_STATISTIC] = memory->stat};
    for (int32_t i = 0; i < count; i++) {
        const rgm_binding *b = &bindings[i];
        void *address = NULL;
        if (b->into == RGM_BIND_BUFFER)
            address = arena + offset[b->buffer];
        else if (arrays[b->into])
            address = arrays[b->into] + b->offset;
        memcpy(b->slot, &address, sizeof address);
    }
}
