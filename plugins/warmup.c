/* Linear warmup (Goyal et al. 2017, arXiv:1706.02677). The host multiplies the factors of all schedulers of a run, so
 * this one precedes any other: it rises to 1 at the last step of the warmup and stays there. */
#include <regimen/plugin.h>

struct warmup {
    double length, start;
};

static const rgm_parameter params[] = {
    RGM_REAL("length", struct warmup, length, 0.0, 1e6, 5.0, "of the warmup: below 1 a share of the run, else epochs"),
    RGM_REAL("start", struct warmup, start, 0.0, 1.0, 0.0,
             "factor that the line starts from, one step before the first"),
};

static int32_t factor(const rgm_call *call, const void *self, double *out) {
    const struct warmup *it = self;
    const rgm_clock *clock = call->clock;
    double steps = it->length * (double)(it->length < 1.0 ? clock->steps_total : clock->steps_per_epoch);
    double done = (double)clock->step + 1.0;
    *out = done < steps ? it->start + (1.0 - it->start) * (done / steps) : 1.0;
    return RGM_DONE;
}

static const rgm_scheduler warmup = {
    RGM_COMPONENT(RGM_SCHEDULER, "warmup", "linear rise before another schedule", params, struct warmup),
    .factor = factor,
};

RGM_PLUGIN("warmup", "1.0.0", "Apache-2.0", &warmup.component);
