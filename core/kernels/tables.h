/* The constant tables behind rgm_kernels_get(), one per object file. Private to core/kernels. */
#ifndef RGM_KERNELS_TABLES_H
#define RGM_KERNELS_TABLES_H

#include "kernels/kernels.h"

/* Rows of a register tile (body_gemm.inc): two accumulators each, in 16 registers with 8 lanes and in 32 with 16. The
 * references say the same as those whose fallback they are. */
#define RGM_TILE_ROWS(block) ((block) == 16 ? 12 : 6)

extern const rgm_kernels rgm_kernels_reference8;
extern const rgm_kernels rgm_kernels_reference16;
extern const rgm_kernels rgm_kernels_generic16;
extern const rgm_kernels rgm_kernels_avx2;
extern const rgm_kernels rgm_kernels_avx512;

#endif
