/* Mirrors images left to right. */
#include <regimen/plugin.h>

#include <string.h>

struct flip {
    double p;
};

static const rgm_parameter params[] = {
    RGM_REAL("p", struct flip, p, 0.0, 1.0, 0.5, "probability of mirroring an image"),
};

static int dense(const rgm_image *image) { /* rows of interleaved bytes */
    return image->type == RGM_PIXEL_U8 && image->stride_c == 1 && image->stride_w == image->channels;
}

static void mirror(const rgm_image *in, rgm_image *out) {
    int64_t bytes = in->type == RGM_PIXEL_U8 ? 1 : 4;
    for (int64_t c = 0; c < in->channels; c++) {
        for (int64_t y = 0; y < in->height; y++) {
            for (int64_t x = 0; x < in->width; x++) {
                int64_t from = c * in->stride_c + y * in->stride_h + (in->width - 1 - x) * in->stride_w;
                int64_t to = c * out->stride_c + y * out->stride_h + x * out->stride_w;
                memcpy((char *)out->data + to * bytes, (const char *)in->data + from * bytes, (size_t)bytes);
            }
        }
    }
}

static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct flip *it = self;
    float u;
    call->host->uniform(call, 0, &u, 1);
    if (!((double)u < it->p)) return RGM_UNCHANGED;
    if (dense(in) && dense(out) && out->stride_h == out->stride_w * out->width && in->channels <= 4) {
        static const uint8_t none[4] = {0}; /* nothing comes from outside */
        call->host->crop_flip_u8(in->data, in->stride_h, in->height, in->width, in->channels, 0, 0, 1, none, out->data,
                                 out->height, out->width);
    } else {
        mirror(in, out);
    }
    return RGM_DONE;
}

static const rgm_augmentation flip = {
    RGM_COMPONENT(RGM_AUGMENTATION, "flip", "mirrors images left to right", params, struct flip),
    .apply = apply,
};

RGM_PLUGIN("flip", "1.0.0", "Apache-2.0", &flip.component);
