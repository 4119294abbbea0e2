#include "inspect/pooled.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 1e-37f /* a probability of 0 has no logarithm; the least normal float is 1.2e-38 */

rgm_status rgm_pooled_create(rgm_pooled *pooled, const rgm_said_all *said, int32_t classes, rgm_error *err) {
    *pooled = (rgm_pooled){.count = said->count, .classes = classes};
    pooled->kept = classes < RGM_POOLED_CLASSES ? classes : RGM_POOLED_CLASSES;
    memcpy(pooled->first, said->first, sizeof pooled->first);
    pooled->list = calloc((size_t)said->count + 1, sizeof *pooled->list);
    if (!pooled->list) return rgm_fail(err, RGM_E_NOMEM, "folds: no memory for %" PRId64 " answers", said->count);
    return RGM_OK;
}

void rgm_pooled_free(rgm_pooled *pooled) {
    free(pooled->list);
    *pooled = (rgm_pooled){0};
}

/* Puts c among the classes chosen, of which there are `chosen`: the label, then others in order of p, of equals the
 * lower first. Where there are `kept`, the last falls out. Returns how many there are then. */
static int32_t insert(int32_t *class, int32_t chosen, int32_t kept, const float *p, int32_t c) {
    int32_t at = chosen < kept ? chosen++ : kept;
    for (; at > 1 && p[class[at - 1]] < p[c]; at--)
        if (at < kept) class[at] = class[at - 1];
    if (at < kept) class[at] = c;
    return chosen;
}

static int ascending(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static void choose(const rgm_pooled *pooled, rgm_pooled_image *image, const float *p, int32_t label) {
    int32_t chosen = 1;
    image->class[0] = label;
    for (int32_t c = 0; c < pooled->classes; c++)
        if (c != label) chosen = insert(image->class, chosen, pooled->kept, p, c);
    qsort(image->class + 1, (size_t)chosen - 1, sizeof *image->class, ascending);
}

static void add(const rgm_pooled *pooled, rgm_pooled_image *image, const float *p) {
    double rest = 1;
    for (int32_t k = 0; k < pooled->kept; k++) {
        float q = p[image->class[k]];
        image->sum[k] += logf(fmaxf(q, LEAST));
        rest -= (double)q;
    }
    image->rest += logf(fmaxf((float)rest, LEAST));
    image->networks++;
}

rgm_status rgm_pooled_take(void *context, const rgm_answers_batch *batch, rgm_error *err) {
    const rgm_pooled_view *v = context;
    const int32_t *labels = rgm_dataset_labels(v->view->set, v->view->split);
    (void)err;
    for (int32_t i = 0; i < batch->count; i++) {
        int64_t index = rgm_view_index(v->view, batch->first + i);
        rgm_pooled_image *image = &v->pooled->list[v->pooled->first[v->view->split] + index];
        const float *p = batch->probabilities + (int64_t)i * batch->classes;
        if (!image->networks) choose(v->pooled, image, p, labels[index]);
        image->part = v->part;
        add(v->pooled, image, p);
    }
    return RGM_OK;
}

/* Where all classes are kept, the rest is what rounding leaves. */
static rgm_said say(const rgm_pooled *pooled, const rgm_pooled_image *image) {
    rgm_said said = {.class = -1, .part = image->part};
    double n = image->networks, sum = pooled->kept < pooled->classes ? exp((double)image->rest / n) : 0;
    for (int32_t k = 0; k < pooled->kept; k++) sum += exp((double)image->sum[k] / n);
    for (int32_t k = 0; k < pooled->kept; k++) {
        float p = (float)(exp((double)image->sum[k] / n) / sum);
        if (k == 0)
            said.given = p;
        else if (said.class < 0 || p > said.other) {
            said.other = p;
            said.class = image->class[k];
        }
    }
    return said;
}

void rgm_pooled_say(const rgm_pooled *pooled, rgm_said_all *said) {
    for (int64_t i = 0; i < pooled->count; i++)
        if (pooled->list[i].networks) said->list[i] = say(pooled, &pooled->list[i]);
}
