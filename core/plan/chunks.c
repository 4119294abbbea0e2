#include <config.h>

#include "plan/chunks.h"
#include "plan/plan_internal.h"

rgm_speed rgm_speed_assumed(const rgm_kernels *k) {
    return (rgm_speed){.flops = k->tuning->flops, .bytes = k->tuning->bytes, .barrier = k->tuning->barrier};
}

const char *rgm_work_name(int32_t direction) {
    static const char *const names[RGM_WORK_COUNT] = {[RGM_WORK_FORWARD] = "forward",
                                                      [RGM_WORK_BACKWARD] = "backward",
                                                      [RGM_WORK_BACKWARD_DATA] = "backward data",
                                                      [RGM_WORK_BACKWARD_WEIGHTS] = "backward weights",
                                                      [RGM_WORK_AGAIN] = "again"};
    return names[direction];
}

/* Phases of no chunks are not run; the loss is one. */
static int32_t begins_row(const rgm_plan *p, int32_t phase, int32_t before) {
    return before < 0 || p->works[phase].node != p->works[before].node ||
           p->works[phase].direction != p->works[before].direction;
}

int32_t rgm_plan_chunk_rows(const rgm_plan *p) {
    int32_t rows = 0, before = -1;
    for (int32_t i = 0; i < p->phase_count; i++) {
        if (!p->phases[i].chunks) continue;
        rows += begins_row(p, i, before);
        before = i;
    }
    return rows;
}

static void add_phase(rgm_chunk_row *row, const rgm_phase *phase, const work *w, const rgm_speed *s, int32_t cores) {
    double arithmetic = w->flops / s->flops, memory = w->bytes / s->bytes;
    double one = arithmetic > memory ? arithmetic : memory, chunk = one / phase->chunks;
    double rounds = chunk * ((phase->chunks + cores - 1) / cores), beyond = rounds - one / cores;
    if (phase->chunks % cores == 0) beyond = 0; /* not -0 by rounding */
    if (!row->barriers || one > row->chunk * row->chunks) row->chunk = chunk, row->chunks = phase->chunks;
    row->barriers++;
    row->one += one;
    row->many += rounds + s->barrier;
    *(phase->chunks < cores ? &row->lost.few : &row->lost.uneven) += beyond;
    row->lost.barrier += s->barrier;
}

void rgm_plan_chunk_rows_get(const rgm_plan *p, const rgm_speed *speed, int32_t cores, rgm_chunk_row *rows) {
    rgm_chunk_row *row = rows - 1;
    for (int32_t i = 0, before = -1; i < p->phase_count; i++) {
        const work *w = &p->works[i];
        if (!p->phases[i].chunks) continue;
        if (begins_row(p, i, before))
            *++row = (rgm_chunk_row){.layer = rgm_plan_node(p, w->node)->name, .direction = w->direction};
        add_phase(row, &p->phases[i], w, speed, cores);
        before = i;
    }
}
