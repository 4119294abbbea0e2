/* Mirrors images left to right: by a coin each time, or in every other epoch.
 *
 * Alternating flip (Jordan 2024, arXiv:2404.00498): an image is seen mirrored and as it is in turns, where
 * a coin an epoch would often show the same side twice. Image i is mirrored in epoch e if e + b(i) is odd. The bit b(i)
 * is a hash of the run's seed and the image's row. A draw of the host would change with the epoch. */
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

static int32_t mirrored(const rgm_call *call, const rgm_image *in, rgm_image *out) {
    if (dense(in) && dense(out) && out->stride_h == out->stride_w * out->width && in->channels <= 4) {
        static const uint8_t none[4] = {0}; /* nothing comes from outside */
        call->host->crop_flip_u8(in->data, in->stride_h, in->height, in->width, in->channels, 0, 0, 1, none, out->data,
                                 out->height, out->width);
    } else {
        mirror(in, out);
    }
    return RGM_DONE;
}

static int32_t flip_apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct flip *it = self;
    float u;
    call->host->uniform(call, 0, &u, 1);
    return (double)u < it->p ? mirrored(call, in, out) : RGM_UNCHANGED;
}

static const rgm_augmentation flip = {
    RGM_COMPONENT(RGM_AUGMENTATION, "flip", "mirrors images left to right", params, struct flip),
    .apply = flip_apply,
};

/* The output function of SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* 1: the image is mirrored in even epochs. The stream keeps two places of a chain apart. */
static uint32_t begins_mirrored(const rgm_key *key) {
    uint64_t x = mix(key->seed + UINT64_C(0x9e3779b97f4a7c15));
    return (uint32_t)(mix(x ^ ((uint64_t)key->stream << 32 | key->sample)) >> 63);
}

static int32_t alternate(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    (void)self;
    return (call->key.epoch + begins_mirrored(&call->key)) & 1 ? mirrored(call, in, out) : RGM_UNCHANGED;
}

static const rgm_augmentation alternating_flip = {
    RGM_COMPONENT_BARE(RGM_AUGMENTATION, "alternating_flip", "mirrors an image left to right in every other epoch"),
    .apply = alternate,
};

RGM_PLUGIN("flip", "1.0.0", "Apache-2.0", &flip.component, &alternating_flip.component);
