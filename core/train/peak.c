#include "train/peak.h"

#include "base/clock.h"

enum { ROUNDS = 5, ITERATIONS = 1 << 20 };
static const double SPAN = 0.1; /* seconds: on a machine that others use, some round of 2 ms has the cores for itself */

typedef struct probe {
    const rgm_kernels *kernels;
    int64_t iterations;
} probe;

static rgm_status run_probe(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    const probe *p = context;
    float sink;
    p->kernels->fma_probe(p->iterations, &sink);
    return RGM_OK;
}

rgm_status rgm_peak_probe(rgm_team *team, const rgm_kernels *k, int64_t iterations, rgm_error *err) {
    return rgm_team_for(team, run_probe, &(probe){k, iterations}, rgm_team_size(team), err);
}

double rgm_peak_flops(const rgm_team *team, const rgm_kernels *k, int64_t iterations) {
    return 2.0 * 12 * k->block * (double)iterations * rgm_team_size(team);
}

double rgm_peak_gflops(rgm_team *team, const rgm_kernels *k) {
    double best = 0, begin = rgm_seconds();
    for (int32_t i = 0; i < ROUNDS || rgm_seconds() - begin < SPAN; i++) {
        double start = rgm_seconds();
        if (rgm_peak_probe(team, k, ITERATIONS, NULL) < 0) return 0;
        double rate = rgm_peak_flops(team, k, ITERATIONS) / (rgm_seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}
