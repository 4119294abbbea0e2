/* Augmentations as makers get them wrong. */
#include <regimen/plugin.h>

#include <math.h>

struct strength {
    double p, amount;
};

static const rgm_parameter params[] = {
    RGM_REAL("p", struct strength, p, 0.0, 1.0, 1.0, "probability"),
    RGM_REAL("amount", struct strength, amount, 0.0, 1e6, 1.0, "strength"),
};

static int64_t row_bytes(const rgm_image *image) { return (int64_t)image->width * image->channels; }
static uint8_t *row_of(const rgm_image *image, int64_t y) { return (uint8_t *)image->data + y * image->stride_h; }
static uint8_t level(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5); }

static int32_t skips(const rgm_call *call, double p) {
    float u;
    call->host->uniform(call, 0, &u, 1);
    return !((double)u < p);
}

/* Each image gets mean 128 and deviation 40 of its own: it looks harmless, but evaluation does not have it. */
static int32_t standardise(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    double sum = 0, square = 0, n = (double)in->height * (double)row_bytes(in);
    (void)call, (void)self;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) {
            double v = row_of(in, y)[x];
            sum += v;
            square += v * v;
        }
    double mean = sum / n, std = sqrt(square / n - mean * mean) + 1;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++)
            row_of(out, y)[x] = level(128 + 40 * ((double)row_of(in, y)[x] - mean) / std);
    return RGM_DONE;
}

/* v / 255, stored as a byte: nearly all is 0 or 1. */
static int32_t truncate(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    (void)call, (void)self;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) row_of(out, y)[x] = level((double)row_of(in, y)[x] / 255);
    return RGM_DONE;
}

/* Noise with a deviation of `amount` levels. */
static int32_t noise(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    if (skips(call, it->p)) return RGM_UNCHANGED;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) {
            float d;
            call->host->normal(call, (uint64_t)(1000 + y * row_bytes(in) + x), &d, 1);
            row_of(out, y)[x] = level((double)row_of(in, y)[x] + it->amount * (double)d);
        }
    return RGM_DONE;
}

/* Darker or brighter by a factor of up to 1 + amount, and inverted in half of the cases from an amount of 10 on. */
static int32_t jitter(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    float u[2];
    call->host->uniform(call, 1, u, 2);
    double factor = 1 + it->amount * (2 * (double)u[0] - 1), inverted = it->amount >= 10 && u[1] < 0.5f;
    if (skips(call, it->p)) return RGM_UNCHANGED;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) {
            double v = (double)row_of(in, y)[x] * (factor < 0 ? 0 : factor);
            row_of(out, y)[x] = level(inverted ? 255 - v : v);
        }
    return RGM_DONE;
}

/* Moved by up to `amount` pixels; drawn from the image's number alone, so that every epoch shows the same. */
static int32_t same_shift(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    static const uint8_t none[64] = {0};
    uint64_t z = in->index * 0x9e3779b97f4a7c15u;
    int32_t reach = (int32_t)it->amount, span = 2 * reach + 1;
    int32_t top = (int32_t)(z >> 33) % span - reach, left = (int32_t)(z >> 13 & 0xffff) % span - reach;
    call->host->crop_flip_u8(in->data, in->stride_h, in->height, in->width, in->channels, top, left, z >> 63 != 0, none,
                             out->data, out->height, out->width);
    return RGM_DONE;
}

/* Upside down, in half of the cases. */
static int32_t turn(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    if (skips(call, it->p)) return RGM_UNCHANGED;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) row_of(out, in->height - 1 - y)[x] = row_of(in, y)[x];
    return RGM_DONE;
}

/* Pixels change places, in blocks of 4 x 4. */
static int32_t shuffle(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    if (skips(call, it->p)) return RGM_UNCHANGED;
    int64_t rows = in->height / 4, blocks = rows * (in->width / 4), columns = in->width / 4, C = in->channels;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) row_of(out, y)[x] = row_of(in, y)[x];
    for (int64_t b = 0; b < blocks; b++) {
        int64_t from = (int64_t)call->host->below(call, (uint64_t)(100 + b), (uint64_t)blocks);
        for (int64_t y = 0; y < 4; y++)
            for (int64_t x = 0; x < 4 * C; x++)
                row_of(out, b / columns * 4 + y)[b % columns * 4 * C + x] =
                    row_of(in, from / columns * 4 + y)[from % columns * 4 * C + x];
    }
    return RGM_DONE;
}

/* Nothing is changed, though it says so. */
static int32_t copy(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    (void)call, (void)self;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) row_of(out, y)[x] = row_of(in, y)[x];
    return RGM_DONE;
}

/* All images become black: an unsigned number that is taken for a fraction. */
static int32_t blank(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct strength *it = self;
    if (skips(call, it->p)) return RGM_UNCHANGED;
    for (int64_t y = 0; y < in->height; y++)
        for (int64_t x = 0; x < row_bytes(in); x++) row_of(out, y)[x] = 0;
    return RGM_DONE;
}

#define AUGMENTATION(variable, text, summary, function)                                                                \
    static const rgm_augmentation variable = {RGM_COMPONENT(RGM_AUGMENTATION, text, summary, params, struct strength), \
                                              .apply = function}

AUGMENTATION(own, "standardise", "mean and deviation of each image", standardise);
AUGMENTATION(fraction, "fraction", "pixels divided by 255, as bytes", truncate);
AUGMENTATION(noisy, "noise", "adds noise", noise);
AUGMENTATION(bright, "jitter", "changes brightness", jitter);
AUGMENTATION(always, "same_shift", "moves each image, in every epoch alike", same_shift);
AUGMENTATION(turned, "upside_down", "turns images upside down", turn);
AUGMENTATION(shuffled, "shuffle", "shuffles blocks of pixels", shuffle);
AUGMENTATION(useless, "copy", "changes nothing", copy);
AUGMENTATION(black, "blank", "makes images black", blank);

RGM_PLUGIN("fault_augmentations", "1.0.0", "Apache-2.0", &own.component, &fraction.component, &noisy.component,
           &bright.component, &always.component, &turned.component, &shuffled.component, &useless.component,
           &black.component);
