#include "kernels/kernels.h"

#include "config.h"
#include "kernels/tables.h"

const rgm_kernel_info rgm_kernel_list[] = {
#define K(name, arguments, tolerance, flops, bytes) {#name, offsetof(rgm_kernels, name), tolerance, flops, bytes},
#include "kernels/kernels.def"
#undef K
};
const size_t rgm_kernel_count = sizeof rgm_kernel_list / sizeof rgm_kernel_list[0];

const rgm_kernels *rgm_kernels_get(int32_t level) {
    switch (level) {
    case 0:
        return &rgm_kernels_reference16;
    case 1:
        return &rgm_kernels_generic16;
#ifdef RGM_HAVE_AVX2
    case 2:
        return &rgm_kernels_avx2;
#endif
#ifdef RGM_HAVE_AVX512
    case 3:
        return &rgm_kernels_avx512;
#endif
    default:
        return NULL;
    }
}

const rgm_kernels *rgm_kernels_reference(int32_t block) {
    return block == 8 ? &rgm_kernels_reference8 : block == 16 ? &rgm_kernels_reference16 : NULL;
}
