/* What the two halves of bench ops share. */
#ifndef RGM_BENCH_OPS_INTERNAL_H
#define RGM_BENCH_OPS_INTERNAL_H

#include "bench/layer_net.h"
#include "bench/ops.h"

/* Ways in the order of the columns; oneDNN's direct one, what the others are compared with, is the first. */
enum { RGM_WAYS = 5, RGM_WAY_LABEL = 48 };
typedef struct rgm_way {
    const char *name, *column; /* the column's head */
    int32_t way;               /* RGM_WAY_* */
} rgm_way;
extern const rgm_way rgm_ways[RGM_WAYS];
extern const char *const rgm_direction_names[RGM_CONV_DIRECTIONS];

typedef struct rgm_ops {
    const rgm_bench_ops_options *options;
    rgm_layer_means means;
    rgm_layers layers;
    int32_t ways; /* of rgm_ways, that the engine has */
    json_t *json;
    int32_t text;
} rgm_ops;

rgm_status rgm_ops_errors(rgm_ops *ops, rgm_error *err);

#endif
