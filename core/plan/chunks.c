#include <config.h>

#include "plan/chunks.h"
#include "plan/plan_internal.h"

rgm_speed rgm_speed_assumed(const rgm_kernels *k) {
    return (rgm_speed){.flops = k->tuning->flops, .bytes = k->tuning->bytes, .barrier = k->tuning->barrier};
}

/* Phases of no chunks are not run; the loss is one. */
static int32_t begins_row(const rgm_program *g, int32_t phase, int32_t before) {
    return before < 0 || g->works[phase].node != g->works[before].node ||
           g->works[phase].direction != g->works[before].direction;
}

int32_t rgm_plan_chunk_rows(const rgm_plan *p) {
    const rgm_program *g = p->program;
    int32_t rows = 0, before = -1;
    for (int32_t i = 0; i < g->phase_count; i++) {
        if (!g->phases[i].chunks) continue;
        rows += begins_row(g, i, before);
        before = i;
    }
    return rows;
}

static void add_phase(rgm_chunk_row *row, const rgm_phase *phase, const rgm_work *w, const rgm_speed *s,
                      int32_t cores) {
    double arithmetic = w->flops / s->flops, memory = w->bytes / s->bytes;
    double one = arithmetic > memory ? arithmetic : memory, chunk = one / phase->chunks;
    double rounds = chunk * ((phase->chunks + cores - 1) / cores), beyond = rounds - one / cores;
    if (phase->chunks % cores == 0) beyond = 0; /* not -0 by rounding */
    if (!row->barriers || one > row->chunk * row->chunks) {
        row->chunk = chunk;
        row->chunks = phase->chunks;
    }
    row->barriers++;
    row->one += one;
    row->many += rounds + s->barrier;
    if (phase->chunks < cores)
        row->lost.few += beyond;
    else
        row->lost.uneven += beyond;
    row->lost.barrier += s->barrier;
}

void rgm_plan_chunk_rows_get(const rgm_plan *p, const rgm_speed *speed, int32_t cores, rgm_chunk_row *rows) {
    const rgm_program *g = p->program;
    rgm_chunk_row *row = rows - 1;
    for (int32_t i = 0, before = -1; i < g->phase_count; i++) {
        const rgm_work *w = &g->works[i];
        if (!g->phases[i].chunks) continue;
        if (begins_row(g, i, before))
            *++row = (rgm_chunk_row){.layer = rgm_plan_node(p, w->node)->name, .direction = w->direction};
        add_phase(row, &g->phases[i], w, speed, cores);
        before = i;
    }
}
