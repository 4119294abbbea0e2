/* Random crop of the padded image, back to the image's own size (He et al. 2016, section 4.2): the picture moves by up
 * to `padding` pixels each way, and what comes in from outside has the colour `fill`. */
#include <regimen/plugin.h>

#include <string.h>

enum { CHANNELS = 256 };

struct crop {
    int64_t padding;
    int32_t fill;
    float value[CHANNELS]; /* of the fill, 0..1 */
    uint8_t byte[CHANNELS];
};

static const char *const fills[] = {"mean", "zero", NULL};

static const rgm_parameter params[] = {
    RGM_INTEGER("padding", struct crop, padding, 0, 1024, 4, "pixels that the image is padded by on each side"),
    RGM_CHOICE("fill", struct crop, fill, fills, 0, "colour of the padding: the data set's mean, or black"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct crop *it = self;
    if (model->channels > CHANNELS)
        return call->host->fail(call, "images of %d channels, expected at most %d", model->channels, CHANNELS);
    for (int32_t c = 0; c < model->channels; c++) {
        it->value[c] = it->fill == 0 && model->mean ? model->mean[c] : 0.0f;
        it->byte[c] = (uint8_t)(it->value[c] * 255.0f + 0.5f);
    }
    return RGM_DONE;
}

static int dense(const rgm_image *image) { /* rows of interleaved bytes */
    return image->type == RGM_PIXEL_U8 && image->stride_c == 1 && image->stride_w == image->channels;
}

/* Any strides, either type: element (c, y + top, x + left) of in, or the fill. */
static void shift(const struct crop *it, const rgm_image *in, rgm_image *out, int64_t top, int64_t left) {
    size_t bytes = in->type == RGM_PIXEL_U8 ? sizeof(uint8_t) : sizeof(float);
    for (int64_t c = 0; c < out->channels; c++) {
        const void *fill = in->type == RGM_PIXEL_U8 ? (const void *)&it->byte[c] : (const void *)&it->value[c];
        for (int64_t y = 0; y < out->height; y++) {
            for (int64_t x = 0; x < out->width; x++) {
                int64_t h = y + top, w = x + left;
                int inside = h >= 0 && h < in->height && w >= 0 && w < in->width;
                int64_t from = c * in->stride_c + h * in->stride_h + w * in->stride_w;
                int64_t to = c * out->stride_c + y * out->stride_h + x * out->stride_w;
                memcpy((char *)out->data + to * (int64_t)bytes,
                       inside ? (const char *)in->data + from * (int64_t)bytes : (const char *)fill, bytes);
            }
        }
    }
}

static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct crop *it = self;
    uint64_t span = 2 * (uint64_t)it->padding + 1;
    int32_t top = (int32_t)(call->host->below(call, 0, span)) - (int32_t)it->padding;
    int32_t left = (int32_t)(call->host->below(call, 1, span)) - (int32_t)it->padding;
    if (top == 0 && left == 0) return RGM_UNCHANGED;
    if (dense(in) && dense(out) && out->stride_h == out->stride_w * out->width)
        call->host->crop_flip_u8(in->data, in->stride_h, in->height, in->width, in->channels, top, left, 0, it->byte,
                                 out->data, out->height, out->width);
    else
        shift(it, in, out, top, left);
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_augmentation crop = {
    RGM_COMPONENT_WITH(RGM_AUGMENTATION, "crop", "random crop of the padded image", params, struct crop, RGM_ELEMENT, 0,
                       &life),
    .apply = apply,
};

RGM_PLUGIN("crop", "1.0.0", "Apache-2.0", &crop.component);
