/* Cross-entropy of softmax (or, for one logit, sigmoid) with soft targets and label smoothing (Szegedy et al. 2016): in
 * training a share of each target is spread over all classes. */
#include <regimen/plugin.h>

struct cross_entropy {
    double label_smoothing;
};

static const rgm_parameter params[] = {
    RGM_REAL("label_smoothing", struct cross_entropy, label_smoothing, 0.0, 0.999, 0.0,
             "share of each target that is spread over all classes"),
};

static uint64_t scratch(const void *self, const rgm_model_info *model) {
    const struct cross_entropy *it = self;
    return it->label_smoothing > 0.0 ? (uint64_t)model->classes * sizeof(float) : 0;
}

/* t * (1 - s) + s / classes */
static void smooth(const float *t, float *out, int64_t n, double share, int64_t classes) {
    float keep = (float)(1.0 - share), add = (float)(share / (double)classes);
    for (int64_t i = 0; i < n; i++) out[i] = t[i] * keep + add;
}

/* One logit: the two classes share the smoothing. */
static void binary(const rgm_call *call, const rgm_rows *rows, double share) {
    float t[128];
    for (uint64_t i = 0; i < rows->n;) {
        int64_t part = rows->n - i < 128 ? (int64_t)(rows->n - i) : 128;
        smooth(rows->targets + i, t, part, share, 2);
        call->host->sigmoid_xent(rows->logits + i, t, part, rows->grad_scale, rows->loss + i,
                                 rows->dlogits ? rows->dlogits + i : NULL);
        i += (uint64_t)part;
    }
}

static int32_t loss_rows(const rgm_call *call, const void *self, const rgm_rows *rows) {
    const struct cross_entropy *it = self;
    double share = rows->training ? it->label_smoothing : 0.0;
    int64_t classes = rows->classes;
    if (classes == 1) {
        binary(call, rows, share);
        return RGM_DONE;
    }
    if (share > 0.0 && call->scratch_bytes < (uint64_t)classes * sizeof(float))
        return call->host->fail(call, "%lld classes do not fit the scratch", (long long)classes);
    for (uint64_t i = 0; i < rows->n; i++) {
        int64_t at = (int64_t)i * classes;
        const float *t = rows->targets + at;
        if (share > 0.0) {
            smooth(t, call->scratch, classes, share, classes);
            t = call->scratch;
        }
        call->host->softmax_xent(rows->logits + at, t, classes, rows->grad_scale, rows->loss + i,
                                 rows->dlogits ? rows->dlogits + at : NULL);
    }
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .scratch = scratch};

static const rgm_loss cross_entropy = {
    RGM_COMPONENT_WITH(RGM_LOSS, "cross_entropy", "softmax cross-entropy with label smoothing", params,
                       struct cross_entropy, RGM_ROW, 0, &life),
    .rows = loss_rows,
};

RGM_PLUGIN("cross_entropy", "1.0.0", "Apache-2.0", &cross_entropy.component);
