/* Optimizers as makers get them wrong: each is gradient descent with momentum 0.9, but for what its summary says. */
#include <regimen/plugin.h>

#include <string.h>

struct descent {
    double lr, momentum, share;
};

static const rgm_parameter params[] = {
    RGM_REAL("lr", struct descent, lr, 0.0, 1e6, 0.1, "learning rate"),
    RGM_REAL("momentum", struct descent, momentum, 0.0, 1.0, 0.9, "share of the last step that is kept"),
    RGM_REAL("share", struct descent, share, 0.0, 1.0, 0.5, "of the tensors that are left alone (frozen)"),
};

static void step(const rgm_call *call, const struct descent *it, const rgm_span *span, double rate) {
    call->host->sgd(span->param, span->grad, span->slot[0], (int64_t)span->n, (float)rate, (float)it->momentum, 0.0f, 0,
                    call->clock->step == 0);
}

/* Up instead of down. */
static int32_t ascend(const rgm_call *call, const void *self, const rgm_span *span) {
    step(call, self, span, -span->rate);
    return RGM_DONE;
}

/* Gradients of all steps before are in the sum: they are not cleared. */
static int32_t accumulate(const rgm_call *call, const void *self, const rgm_span *span) {
    (void)self;
    call->host->add(span->slot[0], span->grad, span->slot[0], (int64_t)span->n);
    call->host->axpy(-(float)span->rate, span->slot[0], span->param, (int64_t)span->n);
    return RGM_DONE;
}

/* The first tensors get no update: forgotten when the list of parameters was made. */
static int32_t forget(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct descent *it = self;
    if (call->model && span->tensor->index < it->share * call->model->tensor_count) return RGM_DONE;
    step(call, it, span, span->rate);
    return RGM_DONE;
}

/* All but the classifier stays as it began. */
static int32_t head_only(const rgm_call *call, const void *self, const rgm_span *span) {
    if (span->tensor->is_last) step(call, self, span, span->rate);
    return RGM_DONE;
}

/* Weights alone; scales, shifts and biases stay. */
static int32_t weights_only(const rgm_call *call, const void *self, const rgm_span *span) {
    if (span->tensor->role == RGM_TENSOR_WEIGHT) step(call, self, span, span->rate);
    return RGM_DONE;
}

/* The update itself is kept as the momentum, so that the rate enters again and again. */
static int32_t compound(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct descent *it = self;
    float *m = span->slot[0], keep = (float)it->momentum, rate = (float)span->rate;
    for (uint64_t i = 0; i < span->n; i++) {
        m[i] = keep * m[i] + keep * span->grad[i] + span->param[i] * 0.01f;
        span->param[i] -= rate * m[i];
    }
    (void)call;
    return RGM_DONE;
}

/* The momentum is wiped before each step. */
static int32_t no_memory(const rgm_call *call, const void *self, const rgm_span *span) {
    (void)self;
    memset(span->slot[0], 0, span->n * sizeof(float));
    call->host->axpy(-(float)span->rate, span->grad, span->param, (int64_t)span->n);
    return RGM_DONE;
}

/* The sign of the gradient alone, with gradient descent's rate. */
static int32_t sign(const rgm_call *call, const void *self, const rgm_span *span) {
    (void)call, (void)self;
    float rate = (float)span->rate;
    for (uint64_t i = 0; i < span->n; i++)
        span->param[i] -= span->grad[i] > 0 ? rate : span->grad[i] < 0 ? -rate : 0.0f;
    return RGM_DONE;
}

/* Nothing is done. */
static int32_t idle(const rgm_call *call, const void *self, const rgm_span *span) {
    (void)call, (void)self, (void)span;
    return RGM_DONE;
}

static const char *const slots[] = {"momentum"};

#define OPTIMIZER(variable, text, summary, function)                                                                   \
    static const rgm_optimizer variable = {RGM_COMPONENT(RGM_OPTIMIZER, text, summary, params, struct descent),        \
                                           .update = function, .slots = slots, .slot_count = 1}

OPTIMIZER(ascent, "ascent", "adds the gradient", ascend);
OPTIMIZER(accumulating, "accumulating", "gradients are not cleared", accumulate);
OPTIMIZER(forgetful, "forgetful", "leaves the first tensors alone", forget);
OPTIMIZER(head, "head_only", "leaves all but the classifier alone", head_only);
OPTIMIZER(weights, "weights_only", "leaves scales, shifts and biases alone", weights_only);
OPTIMIZER(compounding, "compounding", "the parameter leaks into its momentum", compound);
OPTIMIZER(wiped, "wiped", "forgets its momentum before each step", no_memory);
OPTIMIZER(signs, "signs", "steps of one size", sign);
OPTIMIZER(none, "idle", "changes nothing", idle);

RGM_PLUGIN("fault_optimizers", "1.0.0", "Apache-2.0", &ascent.component, &accumulating.component, &forgetful.component,
           &head.component, &weights.component, &compounding.component, &wiped.component, &signs.component,
           &none.component);
