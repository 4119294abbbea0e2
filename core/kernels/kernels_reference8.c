/* The reference with 8 channels in a block. */
#define ISA        reference8
#define BLOCK      8
#define ISA_TUNING rgm_tuning_avx2
#include "kernels/reference.inc"
