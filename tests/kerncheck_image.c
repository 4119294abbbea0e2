/* Packing, cropping and changes of layout. */
#include "kerncheck.h"

#include <math.h>

/* Images in several memory orders: strides of channel, row and column in bytes, over `bytes` bytes. */
typedef struct order {
    int64_t sc, sh, sw, bytes, first; /* first: where element (0, 0, 0) lies */
} order;

static order order_of(int kind, int64_t C, int64_t H, int64_t W) {
    const int64_t n = C * H * W, last = n > 0 ? n - 1 : 0;
    switch (kind) {
    case 0:
        return (order){1, W * C, C, n, 0}; /* HWC */
    case 1:
        return (order){H * W, W, 1, n, 0}; /* CHW */
    case 2:
        return (order){1, W * C, -C, n, n > 0 ? (W - 1) * C : 0}; /* HWC, mirrored */
    case 3:
        return (order){-H * W, -W, -1, n, last}; /* CHW, all backwards */
    default:
        return (order){1, W * C + 5, C, n > 0 ? H * (W * C + 5) - 5 : 0, 0}; /* HWC with a row pitch */
    }
}

typedef void (*pack)(const kc *c, const uint8_t *src, const order *o, const int32_t *chw, const float *scale,
                     const float *shift, float *dst);

static void pack_case(kc *c, pack f, int blocked, const int32_t *chw, int kind) {
    const int64_t B = c->k->block, C = chw[0], H = chw[1], W = chw[2], blocks = (C + B - 1) / B, L = H * W;
    const order o = order_of(kind, C, H, W);
    const int64_t out = blocked ? blocks * L * B : C * L;
    const uint8_t *src = kc_bytes(c, o.bytes);
    float *scale = kc_floats(c, C, 0.001, 0.02), *shift = kc_floats(c, C, -2, 2), *dst = KC_OUT(c, out);
    kc_case(c, "%dx%dx%d, order %d", chw[0], chw[1], chw[2], kind);
    const uint8_t *guarded = kc_in(c, src, o.bytes, 1);
    f(c, guarded + o.first, &o, chw, KC_IN(c, scale, C), KC_IN(c, shift, C), dst);
    for (int64_t i = 0; i < out; i++) {
        const int64_t channel = blocked ? i / (L * B) * B + i % B : i / L, pixel = blocked ? i / B % L : i % L;
        if (channel >= C) {
            kc_equal(c, "padding", i, dst[i], 0);
            continue;
        }
        const double u = src[o.first + channel * o.sc + pixel / W * o.sh + pixel % W * o.sw];
        kc_near(c, "dst", i, dst[i], u * scale[channel] + shift[channel],
                fmax(u * scale[channel], fabs(shift[channel])));
    }
    kc_end(c);
}

static void pack_test(kc *c, pack f, int blocked) {
    static const int32_t sizes[][3] = {{1, 28, 28}, {3, 32, 32}, {3, 5, 7}, {1, 1, 1},  {2, 3, 8},  {4, 2, 9},
                                       {3, 1, 17},  {8, 3, 3},   {9, 3, 2}, {15, 2, 3}, {16, 2, 2}, {17, 3, 1},
                                       {33, 2, 2},  {3, 0, 5},   {3, 5, 0}, {1, 3, 16}, {1, 3, 33}, {3, 2, 64}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int kind = 0; kind < 5; kind++) pack_case(c, f, blocked, sizes[i], kind);
}

static void plane(const kc *c, const uint8_t *src, const order *o, const int32_t *chw, const float *scale,
                  const float *shift, float *dst) {
    c->k->pack_u8_plane(src, &(rgm_u8_shape){chw[0], chw[1], chw[2], o->sc, o->sh, o->sw}, scale, shift, dst);
}

static void block(const kc *c, const uint8_t *src, const order *o, const int32_t *chw, const float *scale,
                  const float *shift, float *dst) {
    c->k->pack_u8_block(src, &(rgm_u8_shape){chw[0], chw[1], chw[2], o->sc, o->sh, o->sw}, scale, shift, dst);
}

static void test_plane(kc *c) { pack_test(c, plane, 0); }
static void test_block(kc *c) { pack_test(c, block, 1); }

typedef struct crop {
    int32_t H, W, C, top, left, OH, OW;
} crop;

static void crop_case(kc *c, const crop *t, int flip, int64_t slack) {
    const int64_t pitch = (int64_t)t->W * t->C + slack, bytes = t->H > 0 ? t->H * pitch - slack : 0;
    const int64_t out = (int64_t)t->OH * t->OW * t->C;
    const uint8_t *src = kc_bytes(c, bytes), *fill = kc_bytes(c, t->C);
    uint8_t *dst = kc_out(c, out, 1);
    kc_case(c, "%dx%dx%d at (%d, %d) to %dx%d, flip %d", t->H, t->W, t->C, t->top, t->left, t->OH, t->OW, flip);
    c->k->crop_flip_u8(kc_in(c, src, bytes, 1), pitch, t->H, t->W, t->C, t->top, t->left, flip, kc_in(c, fill, t->C, 1),
                       dst, t->OH, t->OW);
    for (int64_t i = 0; i < out; i++) {
        const int64_t channel = i % t->C, col = i / t->C % t->OW, row = i / t->C / t->OW;
        const int64_t h = row + t->top, w = (flip ? t->OW - 1 - col : col) + t->left;
        const int inside = h >= 0 && h < t->H && w >= 0 && w < t->W;
        kc_equal(c, "dst", i, dst[i], inside ? src[h * pitch + w * t->C + channel] : fill[channel]);
    }
    kc_end(c);
}

static void test_crop(kc *c) {
    static const crop crops[] = {
        {28, 28, 1, 0, 0, 28, 28}, {28, 28, 1, -4, 3, 28, 28},  {32, 32, 3, 4, -4, 32, 32},
        {5, 7, 3, -2, -3, 9, 13},  {5, 7, 3, 1, 2, 3, 3},       {5, 7, 1, 5, 0, 4, 4},
        {5, 7, 1, -4, 0, 4, 4},    {5, 7, 2, 0, 7, 5, 7},       {5, 7, 2, 0, -7, 5, 7},
        {1, 1, 4, 0, 0, 1, 1},     {5, 7, 3, 0, 0, 0, 4},       {5, 7, 3, 0, 0, 4, 0},
        {5, 7, 3, 100, 100, 3, 3}, {5, 7, 3, -100, -100, 3, 3}, {3, 40, 1, 0, -1, 3, 41},
        {3, 17, 1, 0, 1, 3, 16},   {0, 0, 3, 0, 0, 2, 2},       {2, 2, 1, INT32_MIN, INT32_MAX, 2, 2},
    };
    for (size_t i = 0; i < sizeof crops / sizeof crops[0]; i++)
        for (int variant = 0; variant < 4; variant++) crop_case(c, &crops[i], variant & 1, variant >> 1 ? 11 : 0);
}

static void layout_case(kc *c, int32_t C, int64_t L, int back) {
    const int64_t B = c->k->block, flat = C * L, blocked = (C + B - 1) / B * B * L;
    const int64_t in = back ? blocked : flat, out = back ? flat : blocked;
    const float *src = kc_floats(c, in, -1, 1);
    float *dst = KC_OUT(c, out);
    kc_case(c, "%d channels of %lld pixels", C, (long long)L);
    if (back)
        c->k->plane_from_block(KC_IN(c, src, in), C, L, dst);
    else
        c->k->block_from_plane(KC_IN(c, src, in), C, L, dst);
    for (int64_t i = 0; i < blocked; i++) {
        const int64_t channel = i / (L * B) * B + i % B, at = channel * L + i / B % L;
        if (channel < C)
            kc_equal(c, "dst", back ? at : i, dst[back ? at : i], src[back ? i : at]);
        else if (!back)
            kc_equal(c, "padding", i, dst[i], 0);
    }
    kc_end(c);
}

static void layout_test(kc *c, int back) {
    static const int32_t channels[] = {1, 3, 7, 8, 9, 15, 16, 17, 40};
    static const int64_t pixels[] = {0, 1, 7, 8, 15, 16, 17, 49, 64, 65, 200};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (size_t j = 0; j < sizeof pixels / sizeof pixels[0]; j++) layout_case(c, channels[i], pixels[j], back);
}

static void test_to_block(kc *c) { layout_test(c, 0); }
static void test_to_plane(kc *c) { layout_test(c, 1); }

const kc_test kc_image_tests[] = {
    {"pack_u8_plane", test_plane},       {"pack_u8_block", test_block},       {"crop_flip_u8", test_crop},
    {"block_from_plane", test_to_block}, {"plane_from_block", test_to_plane}, {NULL, NULL},
};
