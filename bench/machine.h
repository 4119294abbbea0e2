/* bench machine: the limits of the machine that shares and ratios refer to, for one thread and more.
 *
 *     fma ISA      fused multiply-adds on registers, 1e9 operations a second (2 each)
 *     stream L1    c = a + b on arrays in each worker's first-level cache, 1e9 bytes a second, two reads and a write
 *     stream L2    the same in the second-level cache
 *     stream RAM   the same on arrays that are shared out among the workers: as many bytes as STREAM's triad
 */
#ifndef RGM_BENCH_MACHINE_H
#define RGM_BENCH_MACHINE_H

#include "bench/measure.h"
#include "train/config.h"

typedef struct rgm_bench_machine_options {
    int32_t mib; /* of the three arrays in memory together; 0: 384, or 32 for each thread if that is more */
    rgm_effort effort;
    const char *json; /* where the result goes, as rgm_json_leaves_text() has it */
} rgm_bench_machine_options;

/* Of the configuration: threads, pin, isa. [main] */
rgm_status rgm_bench_machine(const rgm_config *config, const rgm_bench_machine_options *options, rgm_error *err);

#endif
