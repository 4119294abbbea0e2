/* `regimen plan --chunks`: how the step would run on many cores (plan/chunks.h). */
#include "cli/plan_chunks.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENOUGH_MICROSECONDS = 50 };

typedef struct estimate {
    rgm_chunk_row *rows;
    int32_t count, cores;
    rgm_speed speed;
    double one, many; /* seconds of the step on one core, and on many */
    rgm_lost lost;
    int32_t barriers, few, small; /* few, small: rows that miss the bar */
} estimate;

static int32_t is_few(const estimate *e, const rgm_chunk_row *row) { return row->chunks < e->cores; }
static int32_t is_small(const rgm_chunk_row *row) { return row->chunk * 1e6 < ENOUGH_MICROSECONDS; }

static rgm_status make(estimate *e, const rgm_plan *plan, const rgm_kernels *kernels, int32_t cores, rgm_error *err) {
    *e = (estimate){.count = rgm_plan_chunk_rows(plan), .cores = cores, .speed = rgm_speed_assumed(kernels)};
    e->rows = calloc((size_t)e->count + 1, sizeof *e->rows);
    if (!e->rows) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    rgm_plan_chunk_rows_get(plan, &e->speed, cores, e->rows);
    for (const rgm_chunk_row *row = e->rows; row < e->rows + e->count; row++) {
        e->one += row->one;
        e->many += row->many;
        e->lost.few += row->lost.few;
        e->lost.uneven += row->lost.uneven;
        e->lost.barrier += row->lost.barrier;
        e->barriers += row->barriers;
        e->few += is_few(e, row);
        e->small += is_small(row);
    }
    return RGM_OK;
}

static double lost(const rgm_lost *l) { return l->few + l->uneven + l->barrier; }

rgm_status rgm_chunks_print(const rgm_plan *plan, const rgm_kernels *kernels, int32_t cores, rgm_error *err) {
    estimate e;
    RGM_TRY(make(&e, plan, kernels, cores, err));
    printf("\n%-24s %-16s %8s %7s %9s %9s %9s %7s\n", "layer", "direction", "barriers", "chunks", "us/chunk", "ms on 1",
           "us on all", "lost");
    for (const rgm_chunk_row *row = e.rows; row < e.rows + e.count; row++)
        printf("%-24s %-16s %8d %7d %9.1f %9.2f %9.1f %6.1f%%  %s%s\n", row->layer, rgm_work_name(row->direction),
               row->barriers, row->chunks, row->chunk * 1e6, row->one * 1e3, row->many * 1e6,
               100 * lost(&row->lost) / row->many, is_few(&e, row) ? "few " : "", is_small(row) ? "small" : "");
    printf("\nassumed     %.0f GFLOP/s and %.0f GB/s a core, %.0f us a barrier; without packing, loss and update\n",
           e.speed.flops * 1e-9, e.speed.bytes * 1e-9, e.speed.barrier * 1e6);
    printf("one core    %.1f ms a step\n", e.one * 1e3);
    printf("%3d core%s %.2f ms, %d barriers; lost %.1f %%: %.1f few chunks, %.1f uneven rounds, %.1f barriers\n", cores,
           cores == 1 ? "   " : "s  ", e.many * 1e3, e.barriers, 100 * lost(&e.lost) / e.many,
           100 * e.lost.few / e.many, 100 * e.lost.uneven / e.many, 100 * e.lost.barrier / e.many);
    printf("            of %d rows %d have fewer than %d chunks, %d chunks of less than %d us\n", e.count, e.few, cores,
           e.small, ENOUGH_MICROSECONDS);
    free(e.rows);
    return RGM_OK;
}

json_t *rgm_chunks_json(const rgm_plan *plan, const rgm_kernels *kernels, int32_t cores) {
    estimate e;
    if (make(&e, plan, kernels, cores, NULL) < 0) return NULL;
    json_t *rows = json_array();
    for (const rgm_chunk_row *row = e.rows; row < e.rows + e.count; row++)
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:f}", "layer", row->layer, "direction",
                                        rgm_work_name(row->direction), "barriers", row->barriers, "chunks", row->chunks,
                                        "us_per_chunk", row->chunk * 1e6, "ms_on_one", row->one * 1e3, "us_on_all",
                                        row->many * 1e6, "lost_us", lost(&row->lost) * 1e6));
    free(e.rows);
    return json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:o}", "cores", cores, "gflops_per_core",
                     e.speed.flops * 1e-9, "gb_per_s_per_core", e.speed.bytes * 1e-9, "us_per_barrier",
                     e.speed.barrier * 1e6, "ms_on_one", e.one * 1e3, "ms_on_all", e.many * 1e3, "barriers", e.barriers,
                     "lost", lost(&e.lost) / e.many, "lost_few_chunks", e.lost.few / e.many, "lost_uneven_rounds",
                     e.lost.uneven / e.many, "lost_barriers", e.lost.barrier / e.many, "rows", rows);
}
