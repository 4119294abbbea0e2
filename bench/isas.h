/* The instruction sets that a bench shows side by side. */
#ifndef RGM_BENCH_ISAS_H
#define RGM_BENCH_ISAS_H

#include "base/cpu.h"
#include "kernels/kernels.h"

/* Kernel tables to measure, slowest first.
 *     "auto"    those of avx2 and avx512 that this machine and build have; generic16 in place of a missing avx2
 *     a name    that one, or rgm_isa_choose()'s failure
 * generic16 is for tests: without the instruction it makes each fused multiply-add of several. */
rgm_status rgm_bench_isas(const char *name, const rgm_kernels *tables[RGM_ISA_COUNT], int32_t *count, rgm_error *err);

#endif
