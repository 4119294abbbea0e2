/* The constant tables behind rgm_kernels_get(), one per object file. Private to core/kernels. */
#ifndef RGM_KERNELS_TABLES_H
#define RGM_KERNELS_TABLES_H

#include "kernels/kernels.h"

/* What both the kernels and their tuning (tuning.c) say of an instruction set: lanes, and rows of a register tile
 * (body_gemm.inc). A row has two accumulators. The tile has 16 registers with AVX2 and 32 with AVX-512. */
#define RGM_AVX2_LANES   8
#define RGM_AVX2_ROWS    6
#define RGM_AVX512_LANES 16
#define RGM_AVX512_ROWS  12

extern const rgm_kernels rgm_kernels_reference8;
extern const rgm_kernels rgm_kernels_reference16;
extern const rgm_kernels rgm_kernels_generic16;
extern const rgm_kernels rgm_kernels_avx2;
extern const rgm_kernels rgm_kernels_avx512;

#endif
