/* Step schedule: the rate is multiplied by gamma at each of the given points of the run. */
#include <regimen/plugin.h>

#include <stdlib.h>

enum { POINTS = 16 };

struct step {
    char at[96];
    double gamma;
    int32_t count;
    double points[POINTS];
};

static const rgm_parameter params[] = {
    RGM_TEXT("at", struct step, at, "0.5,0.75", "points, ascending: below 1 shares of the run, else epochs"),
    RGM_REAL("gamma", struct step, gamma, 0.0, 1.0, 0.1, "the rate is multiplied by this at each point"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct step *it = self;
    const char *text = it->at;
    (void)model;
    while (*text) {
        char *end;
        double point = strtod(text, &end);
        if (end == text || !(point > 0.0 && point < 1e9) || (*end && *end != ','))
            return call->host->fail(call, "at: '%s', expected positive numbers with commas between", it->at);
        if (it->count == POINTS) return call->host->fail(call, "at: more than %d points", POINTS);
        it->points[it->count++] = point;
        text = *end ? end + 1 : end;
    }
    return RGM_DONE;
}

static int32_t factor(const rgm_call *call, const void *self, double *out) {
    const struct step *it = self;
    const rgm_clock *clock = call->clock;
    *out = 1.0;
    for (int32_t i = 0; i < it->count; i++) {
        double unit = (double)(it->points[i] < 1.0 ? clock->steps_total : clock->steps_per_epoch);
        if ((double)clock->step >= it->points[i] * unit) *out *= it->gamma;
    }
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_scheduler step = {
    RGM_COMPONENT_WITH(RGM_SCHEDULER, "step", "drops the rate at given points", params, struct step, RGM_ELEMENT, 0,
                       &life),
    .factor = factor,
};

RGM_PLUGIN("step", "1.0.0", "Apache-2.0", &step.component);
