/* Cosine schedule (Loshchilov and Hutter 2017, arXiv:1608.03983), one period over the whole run. */
#include <regimen/plugin.h>

struct cosine {
    double final;
};

static const rgm_parameter params[] = {
    RGM_REAL("final", struct cosine, final, 0.0, 1.0, 0.0, "factor at the end of the run"),
};

static int32_t factor(const rgm_call *call, const void *self, double *out) {
    const struct cosine *it = self;
    double share = (double)call->clock->step / (double)call->clock->steps_total;
    double wave = 0.5 + 0.5 * call->host->cos(3.14159265358979323846 * share);
    *out = it->final + (1.0 - it->final) * wave;
    return RGM_DONE;
}

static const rgm_scheduler cosine = {
    RGM_COMPONENT(RGM_SCHEDULER, "cosine", "falls along half a cosine wave over the run", params, struct cosine),
    .factor = factor,
};

RGM_PLUGIN("cosine", "1.0.0", "Apache-2.0", &cosine.component);
