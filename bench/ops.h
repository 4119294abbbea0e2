/* bench ops: the convolutions of lists of layers (bench/shapes.h), each direction in every way that there is, side by
 * side. The phases of training are included, and so are filter transforms and packing.
 *
 *     times     of each direction and way, its effective GFLOP/s (operations of direct summation), and how many times
 *               faster than oneDNN's direct convolution it is; what the fixed rule (engine.conv=auto) takes
 *     errors    of each direction and way against direct summation in double precision, largest and root mean square,
 *               relative to the root mean square of the result
 */
#ifndef RGM_BENCH_OPS_H
#define RGM_BENCH_OPS_H

#include "bench/measure.h"
#include "train/config.h"

typedef struct rgm_bench_ops_options {
    const char *const *names; /* of lists or files; count 0: "performance" */
    int32_t count;
    int32_t batch;      /* instead of the lists'; 0: theirs (errors: at most 2) */
    int32_t errors;     /* 1: errors, not times */
    int32_t check_rule; /* 1: RGM_E_VERDICT if the rule takes a way that is slower by more than 5 % than another one
                           that it could take, with disjoint quartiles */
    rgm_effort effort;
    const char *json; /* where the result goes, as rgm_json_leaves_text() has it */
} rgm_bench_ops_options;

/* Of the configuration: threads, pin, isa. [main] */
rgm_status rgm_bench_ops(const rgm_config *config, const rgm_bench_ops_options *options, rgm_error *err);

#endif
