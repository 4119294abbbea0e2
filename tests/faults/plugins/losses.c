/* Losses as makers get them wrong. Each is what its summary says; cross-entropy is what was meant. */
#include <regimen/plugin.h>

#include <string.h>

enum { CLASSES = 1024 };

struct factor {
    double loss, gradient;
};

static const rgm_parameter factors[] = {
    RGM_REAL("loss", struct factor, loss, -1e6, 1e6, 1.0, "factor of the loss"),
    RGM_REAL("gradient", struct factor, gradient, -1e6, 1e6, 1.0, "factor of the gradient"),
};

/* p = softmax(z); softmax_xent with all targets 0 but the first gives no p, so it is made here. */
static void softmax(const rgm_call *call, const float *z, int64_t classes, double *p) {
    double largest = (double)z[0], sum = 0;
    for (int64_t i = 1; i < classes; i++) largest = (double)z[i] > largest ? (double)z[i] : largest;
    for (int64_t i = 0; i < classes; i++) sum += p[i] = call->host->exp((double)z[i] - largest);
    for (int64_t i = 0; i < classes; i++) p[i] /= sum;
}

static int32_t too_many(const rgm_call *call, const rgm_rows *rows) {
    return rows->classes > CLASSES || rows->classes < 2 ? call->host->fail(call, "2 to %d classes", CLASSES) : 0;
}

/* ---- squared error ---- */

/* Of the logits: mean over the classes of (z - t)^2. */
static int32_t squared_logits(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)call, (void)self;
    int64_t classes = rows->classes;
    for (uint64_t r = 0; r < rows->n; r++) {
        const float *z = rows->logits + r * (uint64_t)classes, *t = rows->targets + r * (uint64_t)classes;
        double sum = 0;
        for (int64_t i = 0; i < classes; i++) {
            float d = z[i] - t[i];
            sum += (double)d * (double)d;
            if (rows->dlogits) rows->dlogits[(int64_t)r * classes + i] = rows->grad_scale * 2.0f * d / (float)classes;
        }
        rows->loss[r] = (float)(sum / (double)classes);
    }
    return RGM_DONE;
}

/* Of the probabilities: mean over the classes of (p - t)^2. */
static int32_t squared_probabilities(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    int64_t classes = rows->classes;
    double p[CLASSES], g[CLASSES];
    if (too_many(call, rows)) return RGM_FAILED;
    for (uint64_t r = 0; r < rows->n; r++) {
        const float *t = rows->targets + r * (uint64_t)classes;
        double sum = 0, along = 0;
        softmax(call, rows->logits + r * (uint64_t)classes, classes, p);
        for (int64_t i = 0; i < classes; i++) {
            double d = p[i] - (double)t[i];
            sum += d * d;
            g[i] = 2 * d / (double)classes;
            along += g[i] * p[i];
        }
        rows->loss[r] = (float)(sum / (double)classes);
        for (int64_t i = 0; rows->dlogits && i < classes; i++)
            rows->dlogits[(int64_t)r * classes + i] = (float)((double)rows->grad_scale * p[i] * (g[i] - along));
    }
    return RGM_DONE;
}

/* ---- softmax twice ---- */

/* Cross-entropy of softmax(softmax(z)). */
static int32_t twice(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    int64_t classes = rows->classes;
    double p[CLASSES];
    float q[CLASSES], g[CLASSES];
    if (too_many(call, rows)) return RGM_FAILED;
    for (uint64_t r = 0; r < rows->n; r++) {
        double along = 0;
        softmax(call, rows->logits + r * (uint64_t)classes, classes, p);
        for (int64_t i = 0; i < classes; i++) q[i] = (float)p[i];
        call->host->softmax_xent(q, rows->targets + r * (uint64_t)classes, classes, rows->grad_scale, rows->loss + r,
                                 rows->dlogits ? g : NULL);
        if (!rows->dlogits) continue;
        for (int64_t i = 0; i < classes; i++) along += (double)g[i] * p[i];
        for (int64_t i = 0; i < classes; i++)
            rows->dlogits[(int64_t)r * classes + i] = (float)(p[i] * ((double)g[i] - along));
    }
    return RGM_DONE;
}

/* ---- cross-entropy with another scale, or sign ---- */

static int32_t scaled_by(const rgm_call *call, const rgm_rows *rows, double loss, double gradient) {
    int64_t classes = rows->classes;
    for (uint64_t r = 0; r < rows->n; r++) {
        float *dz = rows->dlogits ? rows->dlogits + (int64_t)r * classes : NULL;
        call->host->softmax_xent(rows->logits + (int64_t)r * classes, rows->targets + (int64_t)r * classes, classes,
                                 rows->grad_scale * (float)gradient, rows->loss + r, dz);
        rows->loss[r] *= (float)loss;
    }
    return RGM_DONE;
}

static int32_t scaled(const rgm_call *call, const void *self, const rgm_rows *rows) {
    const struct factor *it = self;
    return scaled_by(call, rows, it->loss, it->gradient);
}

/* The loss goes up where it should go down: likelihood instead of its negative. */
static int32_t likelihood(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    return scaled_by(call, rows, -1, -1);
}

/* reduction="sum": the gradient is not divided by the batch. */
static int32_t summed(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    return scaled_by(call, rows, 1, 1 / (double)rows->grad_scale);
}

/* ---- log of a probability that may be 0; a loss for other outputs ---- */

/* -log(p) in single precision, as written by hand: no logits are subtracted, so large ones overflow. */
static int32_t naive(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    int64_t classes = rows->classes;
    double p[CLASSES];
    if (too_many(call, rows)) return RGM_FAILED;
    for (uint64_t r = 0; r < rows->n; r++) {
        const float *z = rows->logits + (int64_t)r * classes, *t = rows->targets + (int64_t)r * classes;
        float sum = 0, loss = 0;
        for (int64_t i = 0; i < classes; i++) sum += (float)(p[i] = (double)(float)call->host->exp(8.0 * (double)z[i]));
        for (int64_t i = 0; i < classes; i++) {
            float share = (float)p[i] / sum;
            if (t[i] > 0) loss -= t[i] * (float)call->host->log((double)share);
            if (rows->dlogits) rows->dlogits[(int64_t)r * classes + i] = rows->grad_scale * 8.0f * (share - t[i]);
        }
        rows->loss[r] = loss;
    }
    return RGM_DONE;
}

/* A sigmoid for each class, summed: for outputs that do not exclude one another. */
static int32_t binary(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    int64_t classes = rows->classes;
    float loss[CLASSES];
    if (too_many(call, rows)) return RGM_FAILED;
    for (uint64_t r = 0; r < rows->n; r++) {
        float *dz = rows->dlogits ? rows->dlogits + (int64_t)r * classes : NULL;
        call->host->sigmoid_xent(rows->logits + (int64_t)r * classes, rows->targets + (int64_t)r * classes, classes,
                                 rows->grad_scale / (float)classes, loss, dz);
        rows->loss[r] = 0;
        for (int64_t i = 0; i < classes; i++) rows->loss[r] += loss[i] / (float)classes;
    }
    return RGM_DONE;
}

/* Targets one class further: the labels of a maker who counts from 1. */
static int32_t next_class(const rgm_call *call, const void *self, const rgm_rows *rows) {
    (void)self;
    int64_t classes = rows->classes;
    float t[CLASSES];
    if (too_many(call, rows)) return RGM_FAILED;
    for (uint64_t r = 0; r < rows->n; r++) {
        float *dz = rows->dlogits ? rows->dlogits + (int64_t)r * classes : NULL;
        for (int64_t i = 0; i < classes; i++) t[(i + 1) % classes] = rows->targets[(int64_t)r * classes + i];
        call->host->softmax_xent(rows->logits + (int64_t)r * classes, t, classes, rows->grad_scale, rows->loss + r, dz);
    }
    return RGM_DONE;
}

#define BARE(variable, text, summary, function)                                                                        \
    static const rgm_loss variable = {RGM_COMPONENT_BARE(RGM_LOSS, text, summary), .rows = function}

BARE(mse_logits, "mse_logits", "squared error of the logits", squared_logits);
BARE(mse, "mse", "squared error of the probabilities", squared_probabilities);
BARE(softmax_twice, "softmax_twice", "cross-entropy of softmax of softmax", twice);
BARE(log_likelihood, "log_likelihood", "log likelihood, to be made large", likelihood);
BARE(summed_loss, "summed", "cross-entropy, gradients summed over the batch", summed);
BARE(naive_loss, "naive", "cross-entropy from exp and log in single precision, temperature 1/8", naive);
BARE(binary_loss, "binary", "binary cross-entropy of each class", binary);
BARE(next_loss, "next_class", "cross-entropy, labels one class further", next_class);
static const rgm_loss scaled_loss = {
    RGM_COMPONENT(RGM_LOSS, "scaled", "cross-entropy times a factor", factors, struct factor), .rows = scaled};

RGM_PLUGIN("fault_losses", "1.0.0", "Apache-2.0", &mse_logits.component, &mse.component, &softmax_twice.component,
           &log_likelihood.component, &summed_loss.component, &naive_loss.component, &binary_loss.component,
           &next_loss.component, &scaled_loss.component);
