/* How a plan would run on many cores: an estimate from its chunks, arithmetic and memory, before anything has run.
 *
 * A phase is cut into a number of chunks that depends on the problem only, and ends at a barrier. So c chunks keep P
 * cores busy for ceil(c / P) rounds of one chunk each, whatever the rest of P does meanwhile. What is lost is the time
 * beyond 1/P of the phase's work, and its barrier. A chunk's time is that of its arithmetic or of the memory it
 * touches, whichever is longer, at the speed of one core. That cores share memory is not in it.
 */
#ifndef RGM_PLAN_CHUNKS_H
#define RGM_PLAN_CHUNKS_H

#include "plan/rows.h"

/* Of one core: floating-point operations and bytes a second; seconds of a barrier. */
typedef struct rgm_speed {
    double flops, bytes, barrier;
} rgm_speed;

/* What is assumed for a kernel table: that of its tuning. */
rgm_speed rgm_speed_assumed(const rgm_kernels *kernels);

/* What is lost on many cores, in seconds of the step there. */
typedef struct rgm_lost {
    double few;    /* fewer chunks than cores */
    double uneven; /* the last round of more chunks */
    double barrier;
} rgm_lost;

/* One direction of one layer: its phases in a row. */
typedef struct rgm_chunk_row {
    const char *layer;
    int32_t direction; /* RGM_WORK_* */
    int32_t barriers;
    int32_t chunks;   /* of the phase with the most work */
    double chunk;     /* seconds of one of its chunks */
    double one, many; /* seconds on one core, and on many */
    rgm_lost lost;
} rgm_chunk_row;

/* Fills `rows`, which has room for rgm_plan_chunk_rows() of them, in the order of the step. Packing, the loss and the
 * update are not among them: they belong to the trainer. */
int32_t rgm_plan_chunk_rows(const rgm_plan *plan);
void rgm_plan_chunk_rows_get(const rgm_plan *plan, const rgm_speed *speed, int32_t cores, rgm_chunk_row *rows);

#endif
