/* Names and prototypes of one instance of every kernel. Private to core/kernels.
 *
 * The includer defines ISA (reference8, reference16, generic16, avx2, avx512); FN(op) is then rgm_k_<op>__<isa>.
 * Kernels marked K_SCALAR in the list have no vector body: their only instances are the reference's.
 */
#include "kernels/kernels.h"

#define RGM_KERNEL_NAME_(op, isa) rgm_k_##op##__##isa
#define RGM_KERNEL_NAME(op, isa)  RGM_KERNEL_NAME_(op, isa)
#define FN(op)                    RGM_KERNEL_NAME(op, ISA)
#define RGM_TABLE_NAME_(isa)      rgm_kernels_##isa
#define RGM_TABLE_NAME(isa)       RGM_TABLE_NAME_(isa)

#define K(name, arguments, tolerance, flops, bytes) void FN(name) arguments;
#ifdef RGM_KERNELS_VECTOR
#    define K_SCALAR(name, arguments, tolerance, flops, bytes)                                                         \
        void RGM_KERNEL_NAME(name, RGM_KERNELS_FALLBACK) arguments;
#endif
#include "kernels/kernels.def"
#undef K
