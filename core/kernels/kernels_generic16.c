#include "kernels/vec_generic16.h"

#define ISA                  generic16
#define ISA_LEVEL            1
#define ISA_LANES            RGM_AVX512_LANES
#define ISA_ROWS             RGM_AVX512_ROWS
#define ISA_TUNING           rgm_tuning_avx512
#define RGM_KERNELS_FALLBACK reference16
#include "kernels/bodies.inc"
