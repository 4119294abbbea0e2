/* Step schedule: the rate is multiplied by gamma at each of the given points of the run. */
#include <regimen/plugin.h>

enum { POINTS = 16, DIGITS = 15, DECIMALS = 22 }; /* 10^15 and 10^22 are exact in double */

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

/* Reads "0.75" or "12", whatever the locale: a whole number of at most 15 digits through a power of ten, both exact, so
 * that the result is the double nearest to what is written. Returns what follows; NULL if there is no such number. */
static const char *read_point(const char *text, double *point) {
    int32_t digits = 0, decimals = -1;
    double whole = 0.0, power = 1.0;
    while (*text == ' ') text++;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && decimals < 0); text++) {
        if (*text == '.') {
            decimals = 0;
            continue;
        }
        if (whole > 0.0 || *text != '0') digits++;
        whole = whole * 10.0 + (*text - '0');
        if (decimals >= 0) decimals++;
    }
    if (!(whole > 0.0) || digits > DIGITS || decimals > DECIMALS) return NULL;
    for (; decimals > 0; decimals--) power *= 10.0;
    *point = whole / power;
    while (*text == ' ') text++;
    return text;
}

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct step *it = self;
    const char *text = it->at;
    (void)model;
    while (*text) {
        double point = 0.0;
        text = read_point(text, &point);
        if (!text || point >= 1e9 || (*text && *text != ','))
            return call->host->fail(call, "at: '%s', expected positive numbers with commas between, such as 0.5,0.75",
                                    it->at);
        if (it->count == POINTS) return call->host->fail(call, "at: more than %d points", POINTS);
        if (point >= (double)call->clock->epochs && point >= 1.0)
            call->host->note(call, "at: point %d of '%s' lies beyond the run's %u epochs and has no effect",
                             it->count + 1, it->at, call->clock->epochs);
        it->points[it->count++] = point;
        if (*text) text++;
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
