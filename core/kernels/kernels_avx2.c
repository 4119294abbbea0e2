#include "kernels/vec_avx2.h"

#define ISA                  avx2
#define ISA_LEVEL            2
#define ISA_LANES            RGM_AVX2_LANES
#define ISA_ROWS             RGM_AVX2_ROWS
#define ISA_TUNING           rgm_tuning_avx2
#define RGM_KERNELS_FALLBACK reference8
#include "kernels/bodies.inc"
