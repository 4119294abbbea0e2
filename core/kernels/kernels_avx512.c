#include "kernels/vec_avx512.h"

#define ISA                  avx512
#define ISA_LEVEL            3
#define RGM_KERNELS_FALLBACK reference16
#include "kernels/bodies.inc"
