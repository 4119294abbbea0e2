/* The operations, one file each: how a node becomes phases (plan/op.h). */
#ifndef RGM_OPS_OPS_H
#define RGM_OPS_OPS_H

#include "plan/op.h"

/* By RGM_OP_* (graph/graph.h): for rgm_plan_options.ops. */
extern const rgm_op *const rgm_op_table[RGM_OP_COUNT];

extern const rgm_op rgm_op_conv, rgm_op_batchnorm, rgm_op_activation, rgm_op_add, rgm_op_maxpool, rgm_op_avgpool,
    rgm_op_global_pool, rgm_op_flatten, rgm_op_linear, rgm_op_shortcut, rgm_op_plugin;

#endif
