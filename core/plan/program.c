#include <config.h>

#include "plan/program.h"

#include <stdlib.h>

void rgm_program_destroy(rgm_program *g) {
    if (!g) return;
    for (int32_t i = g->owned_count; i-- > 0;) g->owned[i].destroy(g->owned[i].object);
    for (rgm_block *b = g->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(g->prepare);
    free(g->phases);
    free(g->works);
    free(g->buffers);
    free(g->bindings);
    free(g->nodes);
    free(g->owned);
    free(g);
}
