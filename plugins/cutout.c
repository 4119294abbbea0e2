/* Cutout (DeVries and Taylor 2017, arXiv:1708.04552): a square of one colour, its centre anywhere in the image, so that
 * it may stick out. */
#include <regimen/plugin.h>

enum { CHANNELS = 256 };

struct cutout {
    int64_t size;
    double p;
    int32_t fill;
    float value[CHANNELS]; /* of the fill, 0..1 */
};

static const char *const fills[] = {"mean", "zero", NULL};

static const rgm_parameter params[] = {
    RGM_INTEGER("size", struct cutout, size, 1, 65536, 8, "side of the square in pixels"),
    RGM_REAL("p", struct cutout, p, 0.0, 1.0, 1.0, "probability of cutting an image"),
    RGM_CHOICE("fill", struct cutout, fill, fills, 0, "colour of the square: the data set's mean, or black"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct cutout *it = self;
    if (model->channels > CHANNELS)
        return call->host->fail(call, "images of %d channels, expected at most %d", model->channels, CHANNELS);
    for (int32_t c = 0; c < model->channels; c++) it->value[c] = it->fill == 0 && model->mean ? model->mean[c] : 0.0f;
    return RGM_DONE;
}

static void paint(rgm_image *image, int64_t at, float value) {
    if (image->type == RGM_PIXEL_U8)
        ((uint8_t *)image->data)[at] = (uint8_t)(value * 255.0f + 0.5f);
    else
        ((float *)image->data)[at] = value;
}

static int64_t clip(int64_t x, int64_t n) { return x < 0 ? 0 : x > n ? n : x; }

static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct cutout *it = self;
    float u;
    (void)in; /* the same pixels as out */
    call->host->uniform(call, 0, &u, 1);
    if (!((double)u < it->p)) return RGM_UNCHANGED;
    /* numbers 1 and 2 of below spend draws 2 to 5 */
    int64_t top = (int64_t)call->host->below(call, 1, (uint64_t)out->height) - it->size / 2;
    int64_t left = (int64_t)call->host->below(call, 2, (uint64_t)out->width) - it->size / 2;
    int64_t y0 = clip(top, out->height), y1 = clip(top + it->size, out->height);
    int64_t x0 = clip(left, out->width), x1 = clip(left + it->size, out->width);
    for (int64_t y = y0; y < y1; y++) {
        for (int64_t x = x0; x < x1; x++) {
            for (int64_t c = 0; c < out->channels; c++)
                paint(out, c * out->stride_c + y * out->stride_h + x * out->stride_w, it->value[c]);
        }
    }
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_augmentation cutout = {
    RGM_COMPONENT_WITH(RGM_AUGMENTATION, "cutout", "paints over a random square", params, struct cutout, RGM_ELEMENT,
                       RGM_IN_PLACE, &life),
    .apply = apply,
};

RGM_PLUGIN("cutout", "1.0.0", "Apache-2.0", &cutout.component);
