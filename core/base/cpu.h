/* CPU features, by a pure decoder of cpuid registers that a table of CPUs tests, and the ISA levels of the kernels.
 *
 * A level is offered only if the CPU has every extension that the level's compile flags imply and the OS saves its
 * registers (XCR0). Never by vendor or family.
 */
#ifndef RGM_BASE_CPU_H
#define RGM_BASE_CPU_H

#include "base/status.h"

/* Feature bits. */
enum {
    RGM_CPU_SSE41 = 1 << 0,
    RGM_CPU_AVX2 = 1 << 1,   /* AVX, AVX2, FMA, F16C, BMI1, BMI2 and OS-saved YMM */
    RGM_CPU_AVX512 = 1 << 2, /* F, BW, DQ, VL (with AVX2) and OS-saved ZMM and masks */
    RGM_CPU_AVX512_BF16 = 1 << 3,
    RGM_CPU_AMX_BF16 = 1 << 4 /* AMX-TILE and AMX-BF16, OS-saved tiles */
};

/* Raw registers: leaf 1, leaf 7 sub-leaves 0 and 1, XCR0 (0 if OSXSAVE is off). */
typedef struct rgm_cpuid {
    uint32_t max_leaf;
    uint32_t leaf1_ecx, leaf1_edx;
    uint32_t leaf7_ebx, leaf7_ecx, leaf7_edx, leaf7_1_eax;
    uint64_t xcr0;
} rgm_cpuid;

uint32_t rgm_cpu_decode(const rgm_cpuid *raw); /* pure */
uint32_t rgm_cpu_features(void);               /* of this machine */

/* The processor's own name ("AMD EPYC ..."), at most 63 characters, blanks trimmed; "unknown CPU" if it has none. */
const char *rgm_cpu_name(void);

/* Bytes of a core's data cache of level 1 or 2, or of the cache of level 3. 0: there is none, or the system does not
 * say. */
int64_t rgm_cpu_cache(int32_t level);

/* ISA levels, lowest first. */
enum { RGM_ISA_REFERENCE = 0, RGM_ISA_GENERIC16 = 1, RGM_ISA_AVX2 = 2, RGM_ISA_AVX512 = 3, RGM_ISA_COUNT = 4 };

/* "reference", "generic16", "avx2", "avx512". */
const char *rgm_isa_name(int32_t isa);

/* Parses --isa: a name, or NULL/"auto" for the fastest that `features` and this build have
 * (reference without AVX2). RGM_E_USAGE for an unknown
 * name (nearest one suggested), RGM_E_UNSUPPORTED if the machine lacks it. */
rgm_status rgm_isa_choose(const char *name, uint32_t features, int32_t *isa, rgm_error *err);

#endif
