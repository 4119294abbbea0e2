/* The constant tables behind rgm_kernels_get(), one per object file. Private to core/kernels. */
#ifndef RGM_KERNELS_TABLES_H
#define RGM_KERNELS_TABLES_H

#include "kernels/kernels.h"

extern const rgm_kernels rgm_kernels_reference8;
extern const rgm_kernels rgm_kernels_reference16;
extern const rgm_kernels rgm_kernels_generic16;
extern const rgm_kernels rgm_kernels_avx2;
extern const rgm_kernels rgm_kernels_avx512;

#endif
