#include "train/peak.h"

#include "base/clock.h"

enum { ROUNDS = 5, ITERATIONS = 1 << 20 };

static rgm_status run_probe(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    float sink;
    ((const rgm_kernels *)context)->fma_probe(ITERATIONS, &sink);
    return RGM_OK;
}

double rgm_peak_gflops(rgm_team *team, const rgm_kernels *k) {
    double best = 0, flops = 2.0 * 12 * k->block * ITERATIONS * rgm_team_size(team);
    for (int32_t i = 0; i < ROUNDS; i++) {
        double start = rgm_seconds();
        rgm_kernels copy = *k; /* the context is not const */
        if (rgm_team_for(team, run_probe, &copy, rgm_team_size(team), NULL) < 0) return 0;
        double rate = flops / (rgm_seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}
