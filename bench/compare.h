/* bench compare: two results of the same bench, line by line. */
#ifndef RGM_BENCH_COMPARE_H
#define RGM_BENCH_COMPARE_H

#include "base/status.h"

typedef struct rgm_bench_compare_options {
    const char *before, *after; /* documents of bench/measure.h */
    double limit;               /* per cent that something may be slower */
    const char *json;           /* where the result goes, too: as rgm_json_leaves_text() has it */
} rgm_bench_compare_options;

/* Prints for each result that both have how many times as fast (or small) the second one is, and whether the quartiles
 * overlap.
 *     RGM_E_VERDICT    something is slower by more than the limit, and the quartiles do not overlap
 *     RGM_E_IO         a file that cannot be read
 *     RGM_E_FORMAT     a file that is no such document
 *     RGM_E_USAGE      two that cannot be compared
 */
rgm_status rgm_bench_compare(const rgm_bench_compare_options *options, rgm_error *err);

#endif
