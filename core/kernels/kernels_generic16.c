#include "kernels/vec_generic16.h"

#define ISA                  generic16
#define ISA_LEVEL            1
#define RGM_KERNELS_FALLBACK reference16
#include "kernels/bodies.inc"
