/* Schedules as makers get them wrong. */
#include <regimen/plugin.h>

struct schedule {
    double factor, after;
};

static const rgm_parameter params[] = {
    RGM_REAL("factor", struct schedule, factor, 0.0, 1e6, 1.0, "of the rate"),
    RGM_REAL("after", struct schedule, after, 0.0, 1.0, 0.0, "share of the run before it holds; 1 before"),
};

static double progress(const rgm_call *call) { return (double)call->clock->step / (double)call->clock->steps_total; }

/* One factor from some moment on: 0 stops the training, 1 never decays. */
static int32_t held(const rgm_call *call, const void *self, double *out) {
    const struct schedule *it = self;
    *out = progress(call) < it->after ? 1.0 : it->factor;
    return RGM_DONE;
}

/* A cosine over steps that counts epochs: it hardly moves. */
static int32_t confused(const rgm_call *call, const void *self, double *out) {
    (void)self;
    double t = (double)call->clock->epoch / (double)call->clock->steps_total;
    *out = 0.5 + 0.5 * call->host->cos(3.14159265358979323846 * t);
    return RGM_DONE;
}

/* It grows where it should fall. */
static int32_t growing(const rgm_call *call, const void *self, double *out) {
    (void)self;
    *out = 0.01 + progress(call);
    return RGM_DONE;
}

/* Halved at every step instead of every epoch. */
static int32_t halving(const rgm_call *call, const void *self, double *out) {
    (void)self;
    uint64_t n = call->clock->step < 1000 ? call->clock->step : 1000;
    *out = 1.0;
    while (n--) *out /= 2.0;
    return RGM_DONE;
}

/* A cosine of as many epochs as a longer run would have: the rate at the end is still near its peak. */
static int32_t long_cosine(const rgm_call *call, const void *self, double *out) {
    (void)self;
    *out = 0.5 + 0.5 * call->host->cos(3.14159265358979323846 * progress(call) / 10);
    return RGM_DONE;
}

#define SCHEDULER(variable, text, summary, function)                                                                   \
    static const rgm_scheduler variable = {RGM_COMPONENT_BARE(RGM_SCHEDULER, text, summary), .factor = function}

static const rgm_scheduler hold = {
    RGM_COMPONENT(RGM_SCHEDULER, "hold", "one factor from some moment on", params, struct schedule), .factor = held};
SCHEDULER(epochs_for_steps, "epochs_for_steps", "a cosine that takes epochs for steps", confused);
SCHEDULER(rising, "rising", "grows with the run", growing);
SCHEDULER(halved, "halved", "halves the rate at every step", halving);
SCHEDULER(too_long, "too_long", "a cosine of ten times the run", long_cosine);

RGM_PLUGIN("fault_schedulers", "1.0.0", "Apache-2.0", &hold.component, &epochs_for_steps.component, &rising.component,
           &halved.component, &too_long.component);
