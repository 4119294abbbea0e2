/* Random erasing (Zhong et al., AAAI 2020, arXiv:1708.04896): a rectangle inside the image is painted over. Of an image
 * of area S it has the area s S and the sides sqrt(s S r) and sqrt(s S / r), rounded. The share s is uniform. So is
 * log r, where the paper draws r itself: tall and wide rectangles are then as likely. Ten tries, then none. */
#include <regimen/plugin.h>

enum { CHANNELS = 256, TRIES = 10, MEAN = 0, NOISE = 2, FIRST_NOISE = 32, CHUNK = 256 };

struct random_erasing {
    double p, area_low, area_high, aspect;
    int32_t fill;
    float value[CHANNELS]; /* of the fill, 0..1 */
    double log_aspect;
};

typedef struct box {
    int64_t top, left, height, width;
} box;

static const char *const fills[] = {"mean", "zero", "noise", NULL};

static const rgm_parameter params[] = {
    RGM_REAL("p", struct random_erasing, p, 0.0, 1.0, 0.5, "probability of erasing in an image"),
    RGM_REAL("area_low", struct random_erasing, area_low, 1e-6, 1.0, 0.02, "least share of the image's area"),
    RGM_REAL("area_high", struct random_erasing, area_high, 1e-6, 1.0, 0.4, "greatest share of the image's area"),
    RGM_REAL("aspect", struct random_erasing, aspect, 0.01, 1.0, 0.3,
             "least height over width; the greatest is 1 over it"),
    RGM_CHOICE("fill", struct random_erasing, fill, fills, MEAN,
               "of the rectangle: the data set's mean, black, or noise of all levels"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    struct random_erasing *it = self;
    if (it->area_low > it->area_high)
        return call->host->fail(call, "area_low %g is above area_high %g", it->area_low, it->area_high);
    if (model->channels > CHANNELS)
        return call->host->fail(call, "images of %d channels, expected at most %d", model->channels, CHANNELS);
    for (int32_t c = 0; c < model->channels; c++)
        it->value[c] = it->fill == MEAN && model->mean ? model->mean[c] : 0.0f;
    it->log_aspect = call->host->log(it->aspect);
    return RGM_DONE;
}

static int64_t nearest(double x) { return (int64_t)(x + 0.5); }

/* 1: a rectangle was found. It may be as high or as wide as the image, but never all of it. */
static int choose(const rgm_call *call, const struct random_erasing *it, const rgm_image *image, box *found) {
    const rgm_host *host = call->host;
    const double whole = (double)image->height * (double)image->width;
    float u[2 * TRIES]; /* draws 1 to 20 */
    host->uniform(call, 1, u, 2 * TRIES);
    for (int i = 0; i < TRIES; i++) {
        double area = whole * (it->area_low + (double)u[2 * i] * (it->area_high - it->area_low));
        double aspect = host->exp((1.0 - 2.0 * (double)u[2 * i + 1]) * it->log_aspect);
        int64_t h = nearest(host->pow(area * aspect, 0.5)), w = nearest(host->pow(area / aspect, 0.5));
        if (h < 1 || h > image->height || w < 1 || w > image->width) continue;
        if (h == image->height && w == image->width) continue;
        found->height = h;
        found->width = w;
        found->top = (int64_t)host->below(call, 11, (uint64_t)(image->height - h + 1)); /* draws 22 and 23 */
        found->left = (int64_t)host->below(call, 12, (uint64_t)(image->width - w + 1)); /* 24 and 25 */
        return 1;
    }
    return 0;
}

static void paint(rgm_image *image, int64_t at, float value) {
    if (image->type == RGM_PIXEL_U8)
        ((uint8_t *)image->data)[at] = (uint8_t)(value * 255.0f + 0.5f);
    else
        ((float *)image->data)[at] = value;
}

/* n values for those of the rectangle from `at` on: by rows, channel by channel of a pixel. */
static void make_values(const rgm_call *call, const struct random_erasing *it, int32_t channels, int64_t at, int64_t n,
                        float *values) {
    if (it->fill != NOISE) {
        for (int64_t k = 0; k < n; k++) values[k] = it->value[(at + k) % channels];
        return;
    }
    call->host->uniform(call, FIRST_NOISE + (uint64_t)at, values, (uint64_t)n);
    for (int64_t k = 0; k < n; k++) values[k] = (float)(int32_t)(values[k] * 256.0f) / 255.0f; /* levels alike */
}

static int32_t apply(const rgm_call *call, const void *self, const rgm_image *in, rgm_image *out) {
    const struct random_erasing *it = self;
    float u, values[CHUNK];
    box b;
    (void)in; /* the same pixels as out */
    call->host->uniform(call, 0, &u, 1);
    if (!((double)u < it->p) || !choose(call, it, out, &b)) return RGM_UNCHANGED;
    const int64_t length = b.width * out->channels;
    for (int64_t y = 0; y < b.height; y++) {
        for (int64_t first = 0; first < length; first += CHUNK) {
            int64_t n = length - first < CHUNK ? length - first : CHUNK;
            make_values(call, it, out->channels, y * length + first, n, values);
            for (int64_t k = 0; k < n; k++) {
                int64_t x = b.left + (first + k) / out->channels, c = (first + k) % out->channels;
                paint(out, c * out->stride_c + (b.top + y) * out->stride_h + x * out->stride_w, values[k]);
            }
        }
    }
    return RGM_DONE;
}

static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_augmentation random_erasing = {
    RGM_COMPONENT_WITH(RGM_AUGMENTATION, "random_erasing", "paints over a random rectangle", params,
                       struct random_erasing, RGM_ELEMENT, RGM_IN_PLACE, &life),
    .apply = apply,
};

RGM_PLUGIN("random_erasing", "1.0.0", "Apache-2.0", &random_erasing.component);
