/* One-cycle schedule (Smith and Topin 2018, arXiv:1708.07120), as torch.optim.lr_scheduler.OneCycleLR: up from
 * 1 / start_div to 1, then down to 1 / (start_div * final_div) at the last step. */
#include <regimen/plugin.h>

struct onecycle {
    double warm, start_div, final_div;
    int32_t shape;
};

static const char *const shapes[] = {"cosine", "linear", NULL};

static const rgm_parameter params[] = {
    RGM_REAL("warm", struct onecycle, warm, 0.0, 1.0, 0.25, "share of the run in which the rate rises"),
    RGM_REAL("start_div", struct onecycle, start_div, 1.0, 1e9, 25.0, "the first rate is the peak divided by this"),
    RGM_REAL("final_div", struct onecycle, final_div, 1.0, 1e9, 1e4, "the last rate is the first divided by this"),
    RGM_CHOICE("shape", struct onecycle, shape, shapes, 0, "of the rise and the fall"),
};

/* From a to b as t goes from 0 to 1. */
static double blend(const rgm_call *call, int32_t shape, double a, double b, double t) {
    if (shape == 0) t = 0.5 - 0.5 * call->host->cos(3.14159265358979323846 * t);
    return a + (b - a) * t;
}

static int32_t factor(const rgm_call *call, const void *self, double *out) {
    const struct onecycle *it = self;
    double step = (double)call->clock->step, last = (double)call->clock->steps_total - 1.0;
    double peak = it->warm * (last + 1.0) - 1.0; /* the step with factor 1; may lie between two */
    double start = 1.0 / it->start_div, end = start / it->final_div;
    if (step >= last && last > 0.0)
        *out = end;
    else if (step < peak)
        *out = blend(call, it->shape, start, 1.0, step / peak);
    else if (peak < 0.0)
        *out = blend(call, it->shape, 1.0, end, last > 0.0 ? step / last : 0.0);
    else
        *out = blend(call, it->shape, 1.0, end, last > peak ? (step - peak) / (last - peak) : 0.0);
    return RGM_DONE;
}

static const rgm_scheduler onecycle = {
    RGM_COMPONENT(RGM_SCHEDULER, "onecycle", "one rise and one fall over the run", params, struct onecycle),
    .factor = factor,
};

RGM_PLUGIN("onecycle", "1.0.0", "Apache-2.0", &onecycle.component);
