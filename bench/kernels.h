/* bench kernels: every kernel of the list, on every vector instruction set of the machine, side by side.
 *
 * Each worker calls the kernel on arrays of its own, in the second-level cache at most (32 KiB each). Unless the kernel
 * is a matrix product, it is also called on arrays that lie in memory, every call on the next piece of them. What a
 * kernel computes and moves is said once for an element, by the list (kernels/kernels.def). What a call is and how many
 * elements it has is said for each kernel by bench/kernel_calls.c. A kernel that it forgets does not compile.
 *
 * Rates are those of all workers together. A share is
 *     of GFLOP/s    the part of the fused multiply-adds of the same instruction set
 *     of GB/s       the part of what the kernel `add` moves at the same place
 * What is compared with takes turns with the kernel.
 */
#ifndef RGM_BENCH_KERNELS_H
#define RGM_BENCH_KERNELS_H

#include "bench/measure.h"
#include "train/config.h"

typedef struct rgm_bench_kernels_options {
    const char *const *names; /* of kernels; count 0: all */
    int32_t count;
    rgm_effort effort;
    const char *json; /* where the result goes, as rgm_json_leaves_text() has it */
} rgm_bench_kernels_options;

/* Of the configuration: threads, pin, isa. RGM_E_USAGE for an unknown name. [main] */
rgm_status rgm_bench_kernels(const rgm_config *config, const rgm_bench_kernels_options *options, rgm_error *err);

#endif
