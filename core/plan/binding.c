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

static rgm_address address_of(const rgm_binding *b, const rgm_places *places) {
    size_t at = b->into == RGM_BIND_BUFFER ? places->offset[b->buffer] : sizeof(float) * (size_t)b->offset;
    return (rgm_address){.slot = b->slot, .into = b->into, .at = at};
}

/* `sorted` is by slot. */
static rgm_status take(const rgm_binding *sorted, int32_t count, const rgm_places *places, rgm_addresses *out,
                       rgm_error *err) {
    for (int32_t i = 0; i < count; i++) {
        const rgm_binding *b = &sorted[i], *before = b - 1;
        if (i == 0 || b->slot != before->slot)
            out->of[out->count++] = address_of(b, places);
        else if (!same_address(b, before))
            return rgm_fail(err, RGM_E_INTERNAL, "plan: %s: a slot of this phase is given to two buffers",
                            b->phase ? b->phase : "input");
    }
    return RGM_OK;
}

rgm_status rgm_binding_resolve(const rgm_binding *bindings, int32_t count, const rgm_places *places,
                               const rgm_addresses **addresses, rgm_error *err) {
    rgm_binding *sorted = malloc(sizeof *sorted * (size_t)(count + 1));
    rgm_addresses *out = calloc(1, sizeof *out + sizeof *out->of * (size_t)count);
    rgm_status status = sorted && out ? RGM_OK : rgm_plan_no_memory(err);
    if (status >= 0 && count) {
        memcpy(sorted, bindings, sizeof *sorted * (size_t)count);
        qsort(sorted, (size_t)count, sizeof *sorted, by_slot);
        status = take(sorted, count, places, out, err);
    }
    free(sorted);
    if (status >= 0)
        *addresses = out;
    else
        free(out);
    return status;
}

void rgm_binding_fill(const rgm_addresses *addresses, char *arena, const rgm_memory *memory) {
    char *const bases[] = {[RGM_BIND_VALUE] = (char *)memory->value,
                           [RGM_BIND_GRADIENT] = (char *)memory->grad,
                           [RGM_BIND_STATISTIC] = (char *)memory->stat,
                           [RGM_BIND_BUFFER] = arena};
    for (int32_t i = 0; i < addresses->count; i++) {
        const rgm_address *a = &addresses->of[i];
        void *address = bases[a->into] ? bases[a->into] + a->at : NULL;
        memcpy(a->slot, &address, sizeof address);
    }
}
