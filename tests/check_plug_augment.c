/* Regimen's own augmentations against plain double code. */
#include "check_plug.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { C = 3, H = 8, W = 9, PIXELS = C * H * W };

/* An image in one of four layouts: bytes interleaved, bytes in planes, floats interleaved, floats in planes mirrored.
 */
typedef struct picture {
    rgm_image image;
    _Alignas(64) char data[PIXELS * 4 + 64];
} picture;

static void picture_init(picture *p, int layout) {
    memset(p, 0x5a, sizeof *p);
    int32_t type = layout < 2 ? RGM_PIXEL_U8 : RGM_PIXEL_F32;
    p->image = (rgm_image){.size = sizeof(rgm_image), .type = type, .channels = C, .height = H, .width = W};
    p->image.data = p->data;
    int planes = layout & 1;
    p->image.stride_c = planes ? H * W : 1;
    p->image.stride_w = planes ? 1 : C;
    p->image.stride_h = planes ? W : W * C;
    if (layout == 3) { /* columns run backwards */
        p->image.stride_w = -1;
        p->image.data = p->data + 4 * (W - 1);
    }
}

static double get(const picture *p, int c, int y, int x) {
    int64_t at = c * p->image.stride_c + y * p->image.stride_h + x * p->image.stride_w;
    return p->image.type == RGM_PIXEL_U8 ? ((const uint8_t *)p->image.data)[at] / 255.0
                                         : (double)((const float *)p->image.data)[at];
}

static void paint(picture *p) {
    for (int c = 0; c < C; c++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int64_t at = c * p->image.stride_c + y * p->image.stride_h + x * p->image.stride_w;
                int v = (c * 71 + y * 31 + x * 7) % 256;
                if (p->image.type == RGM_PIXEL_U8)
                    ((uint8_t *)p->image.data)[at] = (uint8_t)v;
                else
                    ((float *)p->image.data)[at] = (float)v / 255.0f;
            }
}

static int32_t augment_image(const rgm_instance *it, rgm_rng key, rgm_image *in, rgm_image *out) {
    static const rgm_clock clock = {.size = sizeof clock, .epochs = 1, .steps_per_epoch = 1, .steps_total = 1};
    rgm_plug_call call;
    rgm_error err = {0};
    int32_t changed = -1;
    rgm_plug_call_init(&call, it, &clock, &key, NULL);
    EXPECT_MSG(rgm_plug_augment(&call, in, out, &changed, &err) == RGM_OK, "%s", err.text);
    return changed;
}

static int32_t augment_by(const rgm_instance *it, rgm_rng key, picture *in, picture *out) {
    int32_t changed = augment_image(it, key, &in->image, &out->image);
    for (int i = 0; i < 64; i++) /* nothing behind the image */
        EXPECT(out->data[PIXELS * (out->image.type == RGM_PIXEL_U8 ? 1 : 4) + i] == 0x5a);
    return changed;
}

static int32_t augment(const rgm_instance *it, uint32_t sample, picture *in, picture *out) {
    rgm_rng key = {.seed = 9, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 1), .epoch = 2, .sample = sample};
    return augment_by(it, key, in, out);
}

static double fill_of(int zero, int c) { return zero ? 0.0 : (double)plug_model.mean[c]; }

static void compare(const picture *in, const picture *out, int top, int left, int flip, int zero) {
    double tolerance = in->image.type == RGM_PIXEL_U8 ? 0.5 / 255 + 1e-6 : 1e-7;
    for (int c = 0; c < C; c++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int h = y + top, w = (flip ? W - 1 - x : x) + left;
                int inside = h >= 0 && h < H && w >= 0 && w < W;
                double want = inside ? get(in, c, h, w) : fill_of(zero, c);
                EXPECT_MSG(fabs(get(out, c, y, x) - want) <= (inside ? 1e-7 : tolerance), "%d %d %d", c, y, x);
            }
}

/* Which shift the image has had: the one in [-pad, pad]^2 at which the middle fits. */
static void check_crop(const rgm_instance *it, int pad, int zero, int layout, int mixed, int seen[2][41]) {
    for (uint32_t sample = 0; sample < 60; sample++) {
        picture in, out;
        picture_init(&in, layout);
        picture_init(&out, mixed ? layout ^ 1 : layout);
        paint(&in);
        rgm_rng key = {.seed = 9, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 1), .epoch = 2, .sample = sample};
        int top = (int)rgm_rng_below(&key, 0, (uint64_t)(2 * pad + 1)) - pad;
        int left = (int)rgm_rng_below(&key, 1, (uint64_t)(2 * pad + 1)) - pad;
        int32_t changed = augment(it, sample, &in, &out);
        ck_assert_int_eq(changed, top != 0 || left != 0);
        if (changed) compare(&in, &out, top, left, 0, zero);
        seen[0][top + pad]++, seen[1][left + pad]++;
    }
}

START_TEST(test_crop) {
    static const char *const settings[] = {"padding=0", "padding=1", "padding=4 fill=zero", "padding=4", "padding=20"};
    static const int pads[] = {0, 1, 4, 4, 20};
    rgm_registry *registry = plug_registry(NULL);
    for (int s = 0; s < 5; s++) {
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "crop", settings[s]);
        int seen[2][41] = {{0}};
        for (int layout = 0; layout < 4; layout++) {
            check_crop(it, pads[s], s == 2, layout, 0, seen);
            if (layout < 2) check_crop(it, pads[s], s == 2, layout, 1, seen);
        }
        for (int i = 0; i <= 2 * pads[s] && pads[s] <= 4; i++) EXPECT(seen[0][i] > 0 && seen[1][i] > 0);
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_flip) {
    rgm_registry *registry = plug_registry(NULL);
    static const char *const settings[] = {"p=0", "p=0.5", "p=1"};
    for (int s = 0; s < 3; s++) {
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "flip", settings[s]);
        int flipped = 0;
        for (uint32_t sample = 0; sample < 400; sample++) {
            picture in, out;
            picture_init(&in, sample % 4);
            picture_init(&out, sample % 4);
            paint(&in);
            int32_t changed = augment(it, sample, &in, &out);
            if (changed) compare(&in, &out, 0, 0, 1, 0);
            flipped += changed;
        }
        EXPECT_MSG(s == 1 ? flipped > 150 && flipped < 250 : flipped == s * 200, "%d", flipped);
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

/* The square lies where the draws say; everything else is as it was. */
START_TEST(test_cutout) {
    static const char *const settings[] = {"size=1", "size=5 fill=zero", "size=100", "size=4 p=0"};
    static const int sizes[] = {1, 5, 100, 4};
    rgm_registry *registry = plug_registry(NULL);
    for (int s = 0; s < 4; s++) {
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "cutout", settings[s]);
        ck_assert_uint_eq(rgm_instance_flags(it), RGM_IN_PLACE);
        for (uint32_t sample = 0; sample < 80; sample++) {
            picture before, image;
            picture_init(&before, sample % 4);
            picture_init(&image, sample % 4);
            paint(&before);
            paint(&image);
            rgm_rng key = {.seed = 9, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 1), .epoch = 2, .sample = sample};
            int top = (int)rgm_rng_below(&key, 1, H) - sizes[s] / 2,
                left = (int)rgm_rng_below(&key, 2, W) - sizes[s] / 2;
            ck_assert_int_eq(augment(it, sample, &image, &image), s != 3);
            for (int c = 0; c < C; c++)
                for (int y = 0; y < H; y++)
                    for (int x = 0; x < W; x++) {
                        int cut = s != 3 && y >= top && y < top + sizes[s] && x >= left && x < left + sizes[s];
                        double want = cut ? fill_of(s == 1, c) : get(&before, c, y, x);
                        EXPECT(fabs(get(&image, c, y, x) - want) <= (cut ? 0.5 / 255 + 1e-6 : 0.0));
                    }
        }
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

/* In which of the first epochs an image is mirrored: bit e of epoch e. */
static uint32_t mirrored_in(const rgm_instance *it, rgm_rng key, uint32_t epochs) {
    uint32_t bits = 0;
    for (uint32_t e = 0; e < epochs; e++) {
        picture in, out;
        picture_init(&in, (int)(key.sample % 4));
        picture_init(&out, (int)(key.sample % 4));
        paint(&in);
        key.epoch = e;
        if (!augment_by(it, key, &in, &out)) continue;
        compare(&in, &out, 0, 0, 1, 0);
        bits |= UINT32_C(1) << e;
    }
    return bits;
}

/* Every second epoch, exactly; half of the images begin mirrored, others with another seed or place in the chain. */
START_TEST(test_alternating_flip) {
    enum { COUNT = 2000, EPOCHS = 6, ODD = 0x2a, EVEN = 0x15 };
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "alternating_flip", "");
    int even = 0, pairs = 0, seeds = 0, places = 0, before = 0;
    for (uint32_t sample = 0; sample < COUNT; sample++) {
        rgm_rng key = {.seed = 9, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 1), .sample = sample};
        uint32_t bits = mirrored_in(it, key, EPOCHS);
        EXPECT_MSG(bits == ODD || bits == EVEN, "image %u: epochs %x", sample, bits);
        int now = bits == EVEN;
        key.seed = 10;
        seeds += (mirrored_in(it, key, 1) != 0) == now;
        key.seed = 9;
        key.stream = RGM_STREAM(RGM_STREAM_AUGMENT, 2);
        places += (mirrored_in(it, key, 1) != 0) == now;
        even += now;
        pairs += sample > 0 && now == before;
        before = now;
    }
    const int counts[] = {even, pairs, seeds, places}; /* of coins: 1000, within 5 deviations of 22 */
    for (int i = 0; i < 4; i++) EXPECT_MSG(abs(counts[i] - COUNT / 2) < 112, "count %d: %d", i, counts[i]);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* What was painted of a white image. */
typedef struct painted {
    int top, left, height, width;
} painted;

enum { SIDE = 64, WIDEST = 2000, SCENE = SIDE * SIDE * 3 > WIDEST * 3 ? SIDE *SIDE * 3 : WIDEST * 3 };

/* Fails unless it is one whole rectangle. */
static painted erase(const rgm_instance *it, uint32_t sample, int h, int w, int channels, uint8_t *data) {
    static uint8_t before[SCENE];
    rgm_image image = {.size = sizeof image, .type = RGM_PIXEL_U8, .channels = channels, .height = h, .width = w};
    image.stride_c = 1;
    image.stride_w = channels;
    image.stride_h = (int64_t)w * channels;
    image.data = data;
    memset(before, 255, sizeof before);
    memset(data, 255, SCENE);
    rgm_rng key = {.seed = 9, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 1), .epoch = 2, .sample = sample};
    int32_t changed = augment_image(it, key, &image, &image);
    painted p = {h, w, 0, 0};
    int bottom = 0, right = 0, count = 0;
    for (int i = 0; i < h * w; i++) {
        int here = memcmp(data + i * channels, before, (size_t)channels) != 0, y = i / w, x = i % w;
        if (!here) continue;
        count++;
        p.top = y < p.top ? y : p.top;
        p.left = x < p.left ? x : p.left;
        bottom = y + 1 > bottom ? y + 1 : bottom;
        right = x + 1 > right ? x + 1 : right;
    }
    EXPECT(memcmp(data + h * w * channels, before, (size_t)(SCENE - h * w * channels)) == 0);
    ck_assert_int_eq(changed, count > 0);
    if (count == 0) return (painted){0};
    p.height = bottom - p.top;
    p.width = right - p.left;
    EXPECT_MSG(p.height * p.width == count, "%d x %d, but %d pixels", p.height, p.width, count);
    return p;
}

static const struct {
    const char *settings;
    int h, w, channels;
    double p, low, high, aspect;
} erasings[] = {
    {"", SIDE, SIDE, 3, 0.5, 0.02, 0.4, 0.3},
    {"p=1 fill=zero", SIDE, SIDE, 1, 1, 0.02, 0.4, 0.3},
    {"p=1 fill=zero area_low=0.1 area_high=0.1 aspect=1", SIDE, SIDE, 3, 1, 0.1, 0.1, 1},
    {"p=0", SIDE, SIDE, 3, 0, 0.02, 0.4, 0.3},
};

/* Shares, sides, places and how many images, of a square in which nearly every first try fits. */
START_TEST(test_random_erasing) {
    enum { COUNT = 2000 };
    static uint8_t data[SCENE];
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "random_erasing", erasings[_i].settings);
    double area = 0, tall = 0, top = 0, left = 0, low = erasings[_i].low, high = erasings[_i].high;
    int erased = 0;
    ck_assert_uint_eq(rgm_instance_flags(it), RGM_IN_PLACE);
    for (uint32_t sample = 0; sample < COUNT; sample++) {
        const painted p = erase(it, sample, erasings[_i].h, erasings[_i].w, erasings[_i].channels, data);
        if (p.height == 0) continue;
        const double h = p.height, w = p.width, share = h * w / (SIDE * SIDE), off = 0.5 * (h + w + 1) / (SIDE * SIDE);
        EXPECT_MSG(share >= low - off && share <= high + off, "%g x %g", h, w);
        EXPECT((h + 0.5) / (w - 0.5) >= erasings[_i].aspect && (w + 0.5) / (h - 0.5) >= erasings[_i].aspect);
        area += share;
        tall += h > w ? 1 : h == w ? 0.5 : 0;
        top += h < SIDE ? p.top / (SIDE - h) : 0.5;
        left += w < SIDE ? p.left / (SIDE - w) : 0.5;
        erased++;
    }
    EXPECT_MSG(fabs(erased - erasings[_i].p * COUNT) <= (erasings[_i].p < 1 ? 112 : 0) * (erasings[_i].p > 0), "%d",
               erased);
    /* 5 deviations of a uniform number, of a coin; of those shares that do not fit a few are drawn again */
    if (erased > 0) {
        double few = 5 / sqrt((double)erased);
        EXPECT_MSG(fabs(area / erased - (low + high) / 2) <= 0.29 * (high - low) * few + 0.01, "%g", area / erased);
        EXPECT_MSG(fabs(tall / erased - 0.5) <= 0.5 * few, "%g", tall / erased);
        EXPECT_MSG(fabs(top / erased - 0.5) <= 0.29 * few && fabs(left / erased - 0.5) <= 0.29 * few, "%g %g",
                   top / erased, left / erased);
    }
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* An image of one pixel stays. A line is erased in part, never whole. */
START_TEST(test_random_erasing_edges) {
    static uint8_t data[SCENE];
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "random_erasing", "p=1 area_high=1");
    int lines = 0, wide = 0;
    for (uint32_t sample = 0; sample < 400; sample++) {
        ck_assert_int_eq(erase(it, sample, 1, 1, 3, data).height, 0);
        const painted line = erase(it, sample, 1, 4, 3, data), p = erase(it, sample, 4, 500, 3, data);
        EXPECT(line.height <= 1 && line.width < 4);
        EXPECT(p.height <= 4 && p.width <= 14); /* 4.5 / 0.3, rounded */
        lines += line.height;
        wide += p.height > 0;
    }
    EXPECT_MSG(lines > 0 && wide > 0, "%d %d", lines, wide);
    rgm_instance_destroy(it);
    rgm_error err = {0};
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_spec spec = plug_spec("random_erasing", "area_low=0.5 area_high=0.2");
    ck_assert_int_eq(rgm_instance_create(&it, registry, RGM_AUGMENTATION, &spec, &err), RGM_OK);
    plug_refused(rgm_instance_prepare(it, &plug_model, &clock, &err), RGM_E_USAGE, &err,
                 "area_low 0.5 is above area_high 0.2");
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* All layouts, and what lies around the rectangle: as it was. Noise has every level, alike, in every channel. */
START_TEST(test_random_erasing_fill) {
    static const char *const settings[] = {"p=1 fill=mean", "p=1 fill=zero"};
    static uint8_t data[SCENE];
    int levels[3][4] = {{0}}, seen = 0;
    rgm_registry *registry = plug_registry(NULL);
    for (int s = 0; s < 2; s++) {
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "random_erasing", settings[s]);
        for (uint32_t sample = 0; sample < 80; sample++) {
            picture before, image;
            picture_init(&before, (int)(sample % 4));
            picture_init(&image, (int)(sample % 4));
            paint(&before);
            paint(&image);
            augment(it, sample, &image, &image);
            for (int c = 0; c < C; c++)
                for (int i = 0; i < H * W; i++) {
                    double got = get(&image, c, i / W, i % W), old = get(&before, c, i / W, i % W);
                    if (got == old) continue;
                    EXPECT(fabs(got - fill_of(s == 1, c)) <= 0.5 / 255 + 1e-6);
                    seen++;
                }
        }
        rgm_instance_destroy(it);
    }
    EXPECT(seen > 0);
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "random_erasing", "p=1 fill=noise");
    seen = 0;
    for (uint32_t sample = 0; sample < 40; sample++) {
        const painted p = erase(it, sample, SIDE, SIDE, 3, data);
        for (int y = p.top; y < p.top + p.height; y++)
            for (int x = p.left; x < p.left + p.width; x++, seen++)
                for (int c = 0; c < 3; c++) levels[c][data[(y * SIDE + x) * 3 + c] / 64]++;
    }
    for (int i = 0; i < 12; i++) /* 5 deviations */
        EXPECT_MSG(fabs(levels[i / 4][i % 4] - seen / 4.0) <= 5 * sqrt(seen * 3 / 16.0), "%d", levels[i / 4][i % 4]);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

TCase *plug_case_augment(void) {
    TCase *tc = tcase_create("augmentations");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, test_crop);
    tcase_add_test(tc, test_flip);
    tcase_add_test(tc, test_cutout);
    tcase_add_test(tc, test_alternating_flip);
    tcase_add_loop_test(tc, test_random_erasing, 0, sizeof erasings / sizeof *erasings);
    tcase_add_test(tc, test_random_erasing_edges);
    tcase_add_test(tc, test_random_erasing_fill);
    return tc;
}
