#include "ops/ops.h"

const rgm_op *const rgm_op_table[RGM_OP_COUNT] = {
    [RGM_OP_CONV] = &rgm_op_conv,
    [RGM_OP_BATCHNORM] = &rgm_op_batchnorm,
    [RGM_OP_ACTIVATION] = &rgm_op_activation,
    [RGM_OP_ADD] = &rgm_op_add,
    [RGM_OP_MAXPOOL] = &rgm_op_maxpool,
    [RGM_OP_AVGPOOL] = &rgm_op_avgpool,
    [RGM_OP_GLOBAL_POOL] = &rgm_op_global_pool,
    [RGM_OP_FLATTEN] = &rgm_op_flatten,
    [RGM_OP_LINEAR] = &rgm_op_linear,
    [RGM_OP_SHORTCUT] = &rgm_op_shortcut,
    [RGM_OP_PLUGIN] = &rgm_op_plugin,
};
