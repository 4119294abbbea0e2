/* Normal distribution without its tails, as many recipes start classifiers and embeddings: N(mean, std^2), drawn again
 * where it falls farther than `bound` deviations from the mean. */
#include <regimen/plugin.h>

#include <math.h>

struct truncated_normal {
    double mean, std, bound;
};

static const rgm_parameter params[] = {
    RGM_REAL("mean", struct truncated_normal, mean, -1e3, 1e3, 0.0, "of the distribution"),
    RGM_REAL("std", struct truncated_normal, std, 0.0, 1e3, 0.02, "standard deviation before tails are cut"),
    RGM_REAL("bound", struct truncated_normal, bound, 0.5, 100.0, 2.0, "in deviations"),
};

/* Draws of one element: number e + TRIES_APART * t of the key. With bound 0.5 a draw is kept with probability 0.38: all
 * of 15 are outside in one case of 1400, which then is cut. Keys have 2^34 numbers, and tensors fewer than 2^30. */
#define TRIES_APART ((uint64_t)1 << 30)
enum { TRIES = 15 };

static int32_t fill(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct truncated_normal *it = self;
    float mean = (float)it->mean, std = (float)it->std, bound = (float)it->bound;
    (void)tensor;
    call->host->normal(call, first, dst, n);
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t t = 1; t < TRIES && !(fabsf(dst[i]) <= bound); t++)
            call->host->normal(call, first + i + TRIES_APART * t, &dst[i], 1);
        dst[i] = mean + std * (dst[i] > bound ? bound : dst[i] < -bound ? -bound : dst[i]);
    }
    return RGM_DONE;
}

static const rgm_initializer truncated_normal = {
    RGM_COMPONENT(RGM_INITIALIZER, "truncated_normal", "normal distribution without its tails", params,
                  struct truncated_normal),
    .fill = fill,
};

RGM_PLUGIN("truncated_normal", "1.0.0", "Apache-2.0", &truncated_normal.component);
