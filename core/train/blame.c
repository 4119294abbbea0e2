#include "train/blame.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "plan/finite.h"

enum { NAMED = 4, TEXT = 160 };

/* The parameter nearest to the loss whose gradient is not finite; NULL: all are. */
static const char *first_bad_gradient(const rgm_scene *s) {
    for (int32_t i = rgm_graph_param_count(s->session->model->graph); i-- > 0;) {
        const rgm_param *p = rgm_graph_param(s->session->model->graph, i);
        double sum;
        s->session->device->kernels->sumsq(s->grad + p->offset, p->count, &sum);
        if (!isfinite(sum)) return p->name;
    }
    return NULL;
}

static int32_t is_bad(const rgm_scene *s, int64_t place) {
    double sum;
    s->session->device->kernels->sumsq(rgm_plan_logits(s->plan) + place * rgm_plan_logits_pitch(s->plan),
                                       s->session->model->outputs, &sum);
    return !isfinite(sum);
}

/* "; images 17, 4 of the split train", "; all 128 images"; "" if none is bad. Before anything runs again. */
static void name_images(const rgm_scene *s, char text[TEXT]) {
    int32_t batch = s->session->config->batch, bad = 0;
    size_t used = 0;
    text[0] = 0;
    for (int32_t i = 0; i < batch; i++) bad += is_bad(s, i);
    if (!bad) return;
    if (bad == batch) {
        snprintf(text, TEXT, "; with all %d images of the batch", batch);
        return;
    }
    used = (size_t)snprintf(text, TEXT, "; with %d of %d images, by their index", bad, batch);
    for (int32_t i = 0, named = 0; i < batch && named < NAMED && used < TEXT; i++) {
        if (!is_bad(s, i)) continue;
        used += (size_t)snprintf(text + used, TEXT - used, "%s %" PRId64, named++ ? "," : "",
                                 rgm_batches_sample(s->batches, i));
    }
}

rgm_status rgm_blame(const rgm_scene *s, int64_t step, rgm_error *err) {
    char images[TEXT] = "";
    if (!isfinite(s->loss)) name_images(s, images);
    const char *layer = isfinite(s->loss) ? NULL : rgm_plan_first_bad(s->plan, s->session->device->team);
    const char *gradient = isfinite(s->loss) ? first_bad_gradient(s) : NULL;
    if (layer)
        return rgm_fail(err, RGM_E_NUMERIC,
                        "step %" PRId64 ": the loss is not finite; the first layer with a bad output is %s%s", step,
                        layer, images);
    if (gradient)
        return rgm_fail(err, RGM_E_NUMERIC,
                        "step %" PRId64 ": the gradient is not finite; going back from the loss, it begins at %s", step,
                        gradient);
    return rgm_fail(err, RGM_E_NUMERIC, "step %" PRId64 ": %s is not finite, though every layer's output is", step,
                    isfinite(s->loss) ? "the gradient's norm" : "the loss");
}

rgm_status rgm_blame_spike(const rgm_watch_step *s, double usual, rgm_error *err) {
    return rgm_fail(err, RGM_E_NUMERIC,
                    "step %" PRId64 ": the loss jumps to %.3f from %.3f; images %" PRId64 ", %" PRId64 " and %" PRId64
                    " of the split have the largest losses (%.2g)",
                    s->step, s->loss, usual, s->worst[0], s->worst[1], s->worst[2], s->worst_loss[0]);
}
