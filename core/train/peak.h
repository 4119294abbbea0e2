/* The machine's limit for fp32 arithmetic, measured: what shares of the peak are shares of. */
#ifndef RGM_TRAIN_PEAK_H
#define RGM_TRAIN_PEAK_H

#include "base/team.h"
#include "kernels/kernels.h"

/* Fused multiply-adds on all workers at once with the widest vectors of the table: rgm_peak_flops() operations, where
 * 2^20 iterations take about 20 ms. [main] */
rgm_status rgm_peak_probe(rgm_team *team, const rgm_kernels *kernels, int64_t iterations, rgm_error *err);
double rgm_peak_flops(const rgm_team *team, const rgm_kernels *kernels, int64_t iterations);

/* FMA throughput in 1e9 operations a second: the best of a few probes. 0 if the team fails. [main] */
double rgm_peak_gflops(rgm_team *team, const rgm_kernels *kernels);

#endif
