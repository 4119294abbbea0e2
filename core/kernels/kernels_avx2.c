#include "kernels/vec_avx2.h"

#define ISA                  avx2
#define ISA_LEVEL            2
#define RGM_KERNELS_FALLBACK reference8
#include "kernels/bodies.inc"
