/* The reference with 16 channels in a block. */
#define ISA        reference16
#define BLOCK      16
#define ISA_TUNING rgm_tuning_avx512
#include "kernels/reference.inc"
