/* The machine's limit for fp32 arithmetic, measured: what shares of the peak are shares of. */
#ifndef RGM_TRAIN_PEAK_H
#define RGM_TRAIN_PEAK_H

#include "base/team.h"
#include "kernels/kernels.h"

/* FMA throughput of all workers at once with the widest vectors of the table, in 1e9 operations a second: the best of a
 * few runs of about 20 ms. 0 if the team fails. [main] */
double rgm_peak_gflops(rgm_team *team, const rgm_kernels *kernels);

#endif
