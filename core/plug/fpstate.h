/* The floating-point control state that a plugin must not change: rounding, flush-to-zero, exception masks. */
#ifndef RGM_PLUG_FPSTATE_H
#define RGM_PLUG_FPSTATE_H

#include <stdint.h>

#if defined(__SSE__)
#    include <xmmintrin.h>

enum { RGM_FP_STICKY = 0x3f }; /* exception flags of MXCSR: not state that matters */

static inline uint32_t rgm_fp_get(void) { return _mm_getcsr(); }

/* Puts the control bits back; 1 if they had been changed. */
static inline int32_t rgm_fp_restore(uint32_t saved) {
    if (((_mm_getcsr() ^ saved) & ~(uint32_t)RGM_FP_STICKY) == 0) return 0;
    _mm_setcsr(saved);
    return 1;
}
#else
#    include <fenv.h>

static inline uint32_t rgm_fp_get(void) { return (uint32_t)fegetround(); }

static inline int32_t rgm_fp_restore(uint32_t saved) {
    if ((uint32_t)fegetround() == saved) return 0;
    fesetround((int)saved);
    return 1;
}
#endif

#endif
