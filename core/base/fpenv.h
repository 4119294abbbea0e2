/* The floating-point environment of a library: its own, whatever its caller has set.
 *
 *     fenv_t callers;
 *     rgm_fpenv_begin(&callers);
 *     ... numbers that a result depends on ...
 *     rgm_fpenv_end(&callers);
 *
 * In between it is that of a program's start: rounding to nearest, exceptions masked, denormal numbers kept. Chunks of
 * a team have another one, whoever runs them (base/team.h). Put a call to a function of another file in between, or
 * one that writes its results to memory. Arithmetic on local variables may be moved by the compiler. Some 100 cycles.
 */
#ifndef RGM_BASE_FPENV_H
#define RGM_BASE_FPENV_H

#include <fenv.h>

static inline void rgm_fpenv_begin(fenv_t *callers) {
    fegetenv(callers);
    fesetenv(FE_DFL_ENV);
}

/* The caller's flags of past exceptions come back, too. */
static inline void rgm_fpenv_end(const fenv_t *callers) { fesetenv(callers); }

#endif
