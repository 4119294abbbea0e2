/* Activations in dropout's place, before the classifier, as makers get them wrong. Compiled with one of
 *     -DUNSCALED     values that stay are not scaled: training and evaluation differ
 *     -DSIGMOID      a sigmoid that evaluation does not have
 *     -DTANH         the same with tanh
 *     -DNO_MASK_BACK the mask is forgotten on the way back
 *     -DNOTHING      the identity: dropout that drops nothing
 *     -DHEAVY        drops 95 %, whatever it is told */
#include <regimen/plugin.h>

#include <math.h>

struct dropout {
    double rate;
};

static const rgm_parameter params[] = {
    RGM_REAL("rate", struct dropout, rate, 0.0, 0.999, 0.5, "probability of dropping a value"),
};

#if defined(HEAVY)
#    define RATE(it) ((void)(it), 0.95)
#else
#    define RATE(it) ((it)->rate)
#endif
#if defined(UNSCALED)
#    define SCALE(rate) ((void)(rate), 1.0f)
#else
#    define SCALE(rate) ((float)(1.0 / (1.0 - (rate))))
#endif

/* to = from times 0 or the scale */
static inline void mask(const rgm_call *call, const rgm_activation_span *span, double rate, const float *from,
                        float *to) {
    for (uint64_t i = 0; i < span->n; i++) {
        float draw;
        call->host->uniform(call, span->first + i, &draw, 1);
        to[i] = (double)draw < rate ? 0.0f : from[i] * SCALE(rate);
    }
}

static int32_t forward(const rgm_call *call, const void *self, const rgm_activation_span *span) {
    const struct dropout *it = self;
    (void)call, (void)it;
#if defined(SIGMOID)
    /* shifted, so that padding stays 0 */
    for (uint64_t i = 0; i < span->n; i++) span->y[i] = (float)(1 / (1 + call->host->exp(-(double)span->x[i])) - 0.5);
#elif defined(TANH)
    for (uint64_t i = 0; i < span->n; i++)
        span->y[i] = (float)(1 - 2 / (1 + call->host->exp(2.0 * (double)span->x[i])));
#elif defined(NOTHING)
    for (uint64_t i = 0; i < span->n; i++) span->y[i] = span->x[i];
#else
    mask(call, span, RATE(it), span->x, span->y);
#endif
    return RGM_DONE;
}

/* The contract hands no input over on the way back: what depends on it is left out there, as a maker would have to. */
static int32_t backward(const rgm_call *call, const void *self, const rgm_activation_span *span) {
    const struct dropout *it = self;
    (void)call, (void)it;
#if defined(SIGMOID) || defined(TANH) || defined(NOTHING) || defined(NO_MASK_BACK)
    for (uint64_t i = 0; i < span->n; i++) span->dx[i] = span->dy[i];
#else
    mask(call, span, RATE(it), span->dy, span->dx);
#endif
    return RGM_DONE;
}

static const rgm_activation dropout = {
    RGM_COMPONENT_WITH(RGM_ACTIVATION, "dropout", "what its file says", params, struct dropout, RGM_ELEMENT,
                       RGM_TRAINING_ONLY, NULL),
    .forward = forward,
    .backward = backward,
};

RGM_PLUGIN("fault_activations", "1.0.0", "Apache-2.0", &dropout.component);
