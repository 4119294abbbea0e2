#include <config.h>

#include "plan/append.h"

#include <stdlib.h>
#include <string.h>

int32_t rgm_build_room(rgm_build *b, void *list, int32_t count, int32_t *room, size_t size) {
    if (count < *room) return 1;
    int32_t wanted = *room ? 2 * *room : 64;
    void *old, *grown;
    memcpy(&old, list, sizeof old);
    grown = realloc(old, size * (size_t)wanted);
    if (!grown) {
        b->out_of_memory = 1;
        return 0;
    }
    memcpy(list, &grown, sizeof grown);
    *room = wanted;
    return 1;
}

static const rgm_phase *last_phase(const rgm_build *b) {
    const rgm_program *g = b->program;
    if (b->preparing) return &g->prepare[g->prepare_count - 1];
    return g->phase_count ? &g->phases[g->phase_count - 1] : NULL;
}

rgm_work *rgm_build_last_work(rgm_build *b) { return &b->program->works[b->program->phase_count - 1]; }

void rgm_build_touch(rgm_build *b, rgm_buffer buffer, int32_t phase) {
    rgm_lifetime *l = &b->program->buffers[buffer];
    if (phase < l->first) l->first = phase;
    if (phase > l->last) l->last = phase;
}

void rgm_build_bind(rgm_build *b, rgm_binding binding) {
    rgm_program *g = b->program;
    const rgm_phase *last = last_phase(b);
    if (!rgm_build_room(b, &g->bindings, g->binding_count, &b->binding_room, sizeof *g->bindings)) return;
    binding.order = g->binding_count;
    binding.phase = last ? last->name : NULL;
    g->bindings[g->binding_count++] = binding;
}
