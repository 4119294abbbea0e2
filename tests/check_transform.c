/* Transforms: their text, the sizes and places that torchvision has, pictures and windows against the resizer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture/transform.h"
#include "picture_case.h"

enum { MOST = 1 << 22 };

static rgm_transformer *transformer;
static rgm_resizer *resizer;
static uint8_t got[MOST], want[MOST], pixels[MOST], file[MOST];

static void setup(void) {
    ck_assert_int_eq(rgm_transformer_create(&transformer, rgm_kernels_reference(16), NULL), RGM_OK);
    ck_assert_int_eq(rgm_resizer_create(&resizer, rgm_kernels_reference(16), NULL), RGM_OK);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)((i * 2654435761u) >> 23);
}
static void teardown(void) {
    rgm_transformer_destroy(transformer);
    rgm_resizer_destroy(resizer);
}

/* ---- text ---- */

static const char *const texts[] = {
    "crop 3x224x224 shorter 256 background ffffff", "crop 3x224x224 background 000000",
    "crop 1x28x28 shorter 28 background 0a0b0c",    "pad 3x64x48 background 7f00ff",
    "stretch 64x1x65535 background ffffff",         "crop 3x2x900 shorter 2 background ffffff",
};

START_TEST(test_text) {
    rgm_transform t;
    char text[RGM_TRANSFORM_TEXT];
    rgm_error err = {0};
    ck_assert_msg(rgm_transform_parse(&t, texts[_i], "transform", &err) == RGM_OK, "%s", err.text);
    rgm_transform_print(&t, text);
    ck_assert_str_eq(text, texts[_i]);
}
END_TEST

START_TEST(test_text_values) {
    rgm_transform t;
    ck_assert_int_eq(rgm_transform_parse(&t, texts[0], "", NULL), RGM_OK);
    ck_assert(t.C == 3 && t.H == 224 && t.W == 224 && t.fit == RGM_FIT_CROP && t.shorter == 256);
    ck_assert_int_eq(rgm_transform_parse(&t, texts[3], "", NULL), RGM_OK);
    ck_assert(t.C == 3 && t.H == 64 && t.W == 48 && t.fit == RGM_FIT_PAD && t.shorter == 0);
    ck_assert(t.background[0] == 0x7f && t.background[1] == 0 && t.background[2] == 0xff);
    t = rgm_transform_default(1, 28, 30);
    ck_assert(t.C == 1 && t.H == 28 && t.W == 30 && t.fit == RGM_FIT_CROP && t.shorter == 0 && t.background[1] == 255);
    const rgm_transform largest = {64, 65535, 65535, RGM_FIT_CROP, 65535, {1, 2, 3}};
    char text[RGM_TRANSFORM_TEXT];
    rgm_transform_print(&largest, text);
    ck_assert_int_eq(rgm_transform_parse(&t, text, "", NULL), RGM_OK);
    ck_assert(t.W == 65535 && t.shorter == 65535 && t.background[2] == 3);
}
END_TEST

static const char *const wrong[] = {
    "",
    "crop",
    "crop ",
    "Crop 3x8x8 background ffffff",
    "crops 3x8x8 background ffffff",
    "crop  3x8x8 background ffffff",
    " crop 3x8x8 background ffffff",
    "crop 3x8x8 background ffffff ",
    "crop 3x8x8 background fffff",
    "crop 3x8x8 background ffffff0",
    "crop 3x8x8 background FFFFFF",
    "crop 3x8x8 background fffffg",
    "crop 3x8x8",
    "crop 3x8 background ffffff",
    "crop 0x8x8 background ffffff",
    "crop 65x8x8 background ffffff",
    "crop 3x0x8 background ffffff",
    "crop 3x65536x8 background ffffff",
    "crop 3x8x99999999999999999999 background ffffff",
    "crop 3x-8x8 background ffffff",
    "crop 3x08x8 background ffffff",
    "crop 3x8x8 shorter background ffffff",
    "crop 3x8x8 shorter 0 background ffffff",
    "crop 3x8x9 shorter 7 background ffffff",
    "crop 3x8x9 shorter 65536 background ffffff",
    "pad 3x8x8 shorter 8 background ffffff",
    "stretch 3x8x8 shorter 8 background ffffff",
    "crop 3x8x8 background ffffff\n",
    "squeeze 3x8x8 background ffffff",
};

START_TEST(test_side) {
    static const int32_t cases[][2] = {{0, 32},    {12, 32},   {47, 32},   {48, 48},   {63, 48},    {64, 64},
                                       {95, 64},   {96, 96},   {127, 96},  {128, 128}, {159, 128},  {160, 160},
                                       {191, 160}, {192, 192}, {223, 192}, {224, 224}, {65535, 224}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(rgm_transform_side(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_wrong_text) {
    rgm_transform t = {.C = 7};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_transform_parse(&t, wrong[_i], "a.h5: transform", &err), RGM_E_FORMAT);
    ck_assert_msg(strncmp(err.text, "a.h5: transform: \"", 18) == 0, "%s", err.text);
    ck_assert_int_eq(t.C, 7); /* as it was */
}
END_TEST

/* ---- sizes and places ---- */

typedef struct place {
    int32_t h, w;
    rgm_transform to;
    int32_t full_H, full_W, top, left; /* torchvision's Resize, then CenterCrop */
} place;
#define CROP(C, H, W, shorter)                                                                                         \
    {                                                                                                                  \
        C, H, W, RGM_FIT_CROP, shorter, { 1, 2, 3 }                                                                    \
    }
static const place crops[] = {
    {375, 500, CROP(3, 224, 224, 256), 256, 341, 16, 58}, /* half of 117: to even */
    {500, 375, CROP(3, 224, 224, 256), 341, 256, 58, 16},
    {333, 500, CROP(3, 224, 224, 256), 256, 384, 16, 80},
    {100, 100, CROP(1, 6, 6, 9), 9, 9, 2, 2}, /* half of 3: to even */
    {100, 100, CROP(1, 6, 6, 7), 7, 7, 0, 0}, /* half of 1: to even */
    {60, 80, CROP(3, 64, 64, 0), 64, 85, 0, 10},
    {80, 60, CROP(3, 64, 64, 64), 85, 64, 10, 0},
    {60, 80, CROP(2, 32, 64, 0), 48, 64, 8, 0},
    {100, 100, CROP(3, 64, 128, 64), 128, 128, 32, 0}, /* 64 would not cover it */
    {20, 90, CROP(3, 90, 20, 20), 90, 405, 0, 192},    /* half of 385: to even */
    {30000, 2, CROP(3, 64, 64, 64), 960000, 64, 479968, 0},
    {2, 30000, CROP(1, 32, 8, 40), 40, 600000, 4, 299996},
    {1, 1, CROP(3, 64, 64, 70), 70, 70, 3, 3},
    {1, 65535, CROP(1, 32, 32, 65535), 65535, INT32_MAX, 32752, 1073741808}, /* cut off where numbers end */
};

/* The picture in rows that are 5 bytes longer than they need be. */
static rgm_resize_source source_of(int32_t h, int32_t w, int32_t C) {
    return (rgm_resize_source){.pixels = pixels, .pitch = (int64_t)w * C + 5, .H = h, .W = w, .C = C};
}

static void transform(const rgm_resize_source *from, const rgm_transform *to) {
    rgm_error err = {0};
    memset(got, 0x55, (size_t)to->C * (size_t)to->H * (size_t)to->W);
    ck_assert_msg(rgm_transformer_pixels(transformer, from, to, got, &err) == RGM_OK, "%s", err.text);
}

START_TEST(test_crop) {
    const place *p = &crops[_i];
    const rgm_resize_source from = source_of(p->h, p->w, p->to.C);
    const rgm_resize_result result = {
        want, (int64_t)p->to.W * p->to.C, p->to.H, p->to.W, p->full_H, p->full_W, p->top, p->left};
    transform(&from, &p->to);
    ck_assert_int_eq(rgm_resize(resizer, &from, &result, NULL), RGM_OK);
    ck_assert_mem_eq(got, want, (size_t)(p->to.C * p->to.H * p->to.W));
}
END_TEST

START_TEST(test_stretch) {
    const rgm_transform to = {3, 20, 70, RGM_FIT_STRETCH, 0, {1, 2, 3}};
    const rgm_resize_source from = source_of(91, 33, 3);
    transform(&from, &to);
    ck_assert_int_eq(rgm_resize(resizer, &from, &(rgm_resize_result){want, 210, 20, 70, 20, 70, 0, 0}, NULL), RGM_OK);
    ck_assert_mem_eq(got, want, 20 * 70 * 3);
}
END_TEST

typedef struct padded {
    int32_t h, w, C, H, W;
    int32_t high, wide, y, x; /* what becomes of the picture, and where */
} padded;
static const padded pads[] = {
    {30, 20, 3, 64, 64, 64, 43, 0, 10}, {20, 30, 3, 64, 64, 43, 64, 10, 0},       {64, 64, 1, 32, 64, 32, 32, 0, 16},
    {5, 5, 1, 9, 4, 4, 4, 2, 0},        {30000, 2, 3, 64, 64, 64, 1, 0, 31},      {2, 30000, 1, 63, 64, 1, 64, 31, 0},
    {1, 1, 3, 7, 4, 4, 4, 1, 0},        {100, 401, 3, 200, 400, 100, 400, 50, 0}, {48, 64, 2, 48, 80, 48, 64, 0, 8},
};

START_TEST(test_pad) {
    const padded *p = &pads[_i];
    const rgm_transform to = {p->C, p->H, p->W, RGM_FIT_PAD, 0, {200, 100, 50}};
    const rgm_resize_source from = source_of(p->h, p->w, p->C);
    const int64_t pitch = (int64_t)p->W * p->C;
    const uint8_t grey = (19595 * 200 + 38470 * 100 + 7471 * 50 + 32768) >> 16;
    transform(&from, &to);
    for (int64_t i = 0; i < p->H * pitch; i++) want[i] = p->C == 3 ? to.background[i % 3] : grey;
    const rgm_resize_result result = {
        want + p->y * pitch + p->x * p->C, pitch, p->high, p->wide, p->high, p->wide, 0, 0};
    ck_assert_int_eq(rgm_resize(resizer, &from, &result, NULL), RGM_OK);
    ck_assert_mem_eq(got, want, (size_t)(p->H * pitch));
}
END_TEST

/* A picture that has the size already passes as it is, whatever the fit. */
START_TEST(test_same) {
    for (int32_t fit = 0; fit < RGM_FIT_COUNT; fit++)
        for (int32_t shorter = 0; shorter <= 40; shorter += 40) {
            const rgm_transform to = {3, 31, 37, fit, fit == RGM_FIT_CROP ? shorter : 0, {9, 9, 9}};
            const rgm_resize_source from = source_of(31, 37, 3);
            transform(&from, &to);
            for (int32_t y = 0; y < 31; y++) ck_assert_mem_eq(got + y * 37 * 3, pixels + y * from.pitch, 37 * 3);
        }
}
END_TEST

/* ---- encoded pictures ---- */

/* As PNM, which keeps every pixel. */
static rgm_bytes encode(int32_t h, int32_t w, int32_t C) {
    const int head = snprintf((char *)file, 64, "P%d %d %d 255\n", C == 3 ? 6 : 5, w, h);
    const size_t bytes = (size_t)h * (size_t)w * (size_t)C;
    memcpy(file + head, pixels, bytes);
    return (rgm_bytes){file, (size_t)head + bytes, "a.ppm"};
}

START_TEST(test_picture) {
    static const int32_t sizes[][2] = {{48, 64}, {30, 30}, {1, 1}, {30000, 2}, {3, 1000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int32_t variant = 0; variant < 4; variant++) {
            const int32_t h = sizes[i][0], w = sizes[i][1], C = variant & 1 ? 1 : 3;
            const rgm_transform to = {C,        30, 30, variant & 2 ? RGM_FIT_PAD : RGM_FIT_CROP, variant & 2 ? 0 : 34,
                                      {7, 8, 9}};
            const rgm_bytes bytes = encode(h, w, C);
            const rgm_resize_source from = {.pixels = pixels, .pitch = (int64_t)w * C, .H = h, .W = w, .C = C};
            rgm_transform_job job = {.bytes = &bytes, .to = &to, .warnings = -1};
            rgm_error err = {0};
            ck_assert_msg(rgm_transformer_picture(transformer, &job, want, &err) == RGM_OK, "%s", err.text);
            ck_assert(job.info.H == h && job.info.W == w && job.info.kind == RGM_PICTURE_PNM && job.warnings == 0);
            transform(&from, &to);
            ck_assert_mem_eq(got, want, (size_t)(30 * 30 * C));
        }
}
END_TEST

/* Small ones stay, large ones are rounded to nearest, thin ones keep a pixel. */
START_TEST(test_within) {
    static const int32_t cases[][5] = {{30, 40, 40, 30, 40}, {30, 41, 40, 29, 40},      {300, 200, 32, 32, 21},
                                       {1, 1, 320, 1, 1},    {65535, 2, 320, 320, 1},   {7, 7, 3, 3, 3},
                                       {3, 2, 1, 1, 1},      {1000, 666, 320, 320, 213}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rgm_transform to = rgm_transform_within(3, cases[i][0], cases[i][1], cases[i][2]);
        ck_assert_int_eq(to.fit, RGM_FIT_STRETCH);
        ck_assert_msg(to.C == 3 && to.H == cases[i][3] && to.W == cases[i][4], "%zu: %d x %d", i, to.H, to.W);
    }
}
END_TEST

/* Of a JPEG the part alone is decoded that the image shows: the image is that of the whole picture. */
static void check_jpeg(const picture_spec *spec, const rgm_transform *to) {
    rgm_decoder *decoder;
    rgm_error err = {0};
    rgm_bytes bytes = {.name = "a.jpg"};
    bytes.at = make_picture(spec, &bytes.size);
    ck_assert_int_eq(rgm_decoder_create(&decoder, NULL), RGM_OK);
    const rgm_picture p = decoded(decoder, &bytes, &(rgm_decode_want){.C = to->C});
    const rgm_resize_source from = {.pixels = p.pixels, .pitch = p.pitch, .H = p.H, .W = p.W, .C = p.C};
    transform(&from, to);
    memset(want, 0xaa, (size_t)(to->H * to->W * to->C));
    ck_assert_msg(rgm_transformer_picture(transformer, &(rgm_transform_job){.bytes = &bytes, .to = to}, want, &err) ==
                      RGM_OK,
                  "%s", err.text);
    ck_assert_mem_eq(got, want, (size_t)(to->H * to->W * to->C));
    rgm_decoder_destroy(decoder);
    free((void *)bytes.at);
}

START_TEST(test_jpeg) {
    static const rgm_transform to[] = {CROP(3, 30, 30, 0),
                                       CROP(3, 24, 30, 45),
                                       CROP(1, 90, 70, 0),
                                       CROP(3, 200, 30, 0),
                                       CROP(3, 61, 83, 83),
                                       {3, 30, 40, RGM_FIT_PAD, 0, {1, 2, 3}},
                                       {3, 50, 20, RGM_FIT_STRETCH, 0, {1, 2, 3}}};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        for (int32_t sampling = 0; sampling < 8; sampling++)
            for (int32_t odd = 0; odd < 4; odd++) {
                picture_spec spec = {.kind = RGM_PICTURE_JPEG, .H = 61, .W = 183, .C = 3, .sampling = sampling};
                spec.orientation = _i;
                spec.progressive = odd == 1;
                spec.restart = odd == 2;
                if (odd == 3) spec.H = 210, spec.W = 83;
                check_jpeg(&spec, &to[i]);
            }
}
END_TEST

/* Damage is found where a crop cuts off, and has the words of the whole picture. */
START_TEST(test_damage) {
    const rgm_transform to = {3, 30, 30, RGM_FIT_CROP, 0, {255, 255, 255}};
    picture_spec spec = {.kind = RGM_PICTURE_JPEG, .H = 500, .W = 60, .C = 3};
    rgm_decoder *decoder;
    rgm_bytes bytes = {.name = "a.jpg"};
    ck_assert_int_eq(rgm_decoder_create(&decoder, NULL), RGM_OK);
    for (spec.sampling = 0; spec.sampling < 8; spec.sampling++) {
        bytes.at = make_picture(&spec, &bytes.size);
        for (size_t cut = 3; cut < bytes.size; cut += cut < 100 ? 7 : bytes.size / 7) {
            rgm_bytes less = {bytes.at, bytes.size - cut, "a.jpg"};
            rgm_error said = {0}, err = {0};
            rgm_picture picture;
            ck_assert_int_eq(rgm_decode(decoder, &less, &(rgm_decode_want){.C = 3}, &picture, &said), RGM_E_FORMAT);
            ck_assert_int_eq(
                rgm_transformer_picture(transformer, &(rgm_transform_job){.bytes = &less, .to = &to}, got, &err),
                RGM_E_FORMAT);
            ck_assert_str_eq(err.text, said.text);
        }
        free((void *)bytes.at);
    }
    rgm_decoder_destroy(decoder);
}
END_TEST

START_TEST(test_window) {
    const rgm_bytes bytes = encode(61, 83, 3);
    static const rgm_box boxes[] = {
        {0, 0, 61, 83}, {3, 7, 20, 30}, {10.25, 5.5, 1, 70.125}, {60, 82, 1, 1}, {0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        const rgm_decode_want window = {.C = 3, .box = boxes[i], .H = 24, .W = 17};
        const rgm_resize_source from = {.pixels = pixels, .pitch = 83 * 3, .H = 61, .W = 83, .C = 3, .box = boxes[i]};
        rgm_error err = {0};
        ck_assert_msg(rgm_transformer_window(transformer, &bytes, &window, got, &err) == RGM_OK, "%s", err.text);
        ck_assert_int_eq(rgm_resize(resizer, &from, &(rgm_resize_result){want, 51, 24, 17, 24, 17, 0, 0}, NULL),
                         RGM_OK);
        ck_assert_mem_eq(got, want, 24 * 17 * 3);
    }
}
END_TEST

START_TEST(test_refusals) {
    rgm_transform to = rgm_transform_default(5, 8, 8);
    rgm_bytes bytes = encode(20, 20, 3);
    rgm_transform_job job = {.bytes = &bytes, .to = &to};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_transformer_picture(transformer, &job, got, &err), RGM_E_UNSUPPORTED);
    ck_assert_str_eq(err.text, "a.ppm: a picture has 1 or 3 channels, the model takes 5");
    to.C = 3;
    bytes.size -= 1;
    ck_assert_int_eq(rgm_transformer_picture(transformer, &job, got, &err), RGM_E_FORMAT);
    ck_assert_msg(strncmp(err.text, "a.ppm: ", 7) == 0, "%s", err.text);
    bytes.size = 0;
    ck_assert_int_eq(rgm_transformer_picture(transformer, &job, got, &err), RGM_E_FORMAT);
    bytes = encode(20, 20, 3); /* and the next one is fine */
    ck_assert_int_eq(rgm_transformer_picture(transformer, &job, got, &err), RGM_OK);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int main(void) {
    Suite *suite = suite_create("transform");
    TCase *tc = tcase_create("transform");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_text, 0, COUNT(texts));
    tcase_add_test(tc, test_text_values);
    tcase_add_test(tc, test_side);
    tcase_add_loop_test(tc, test_wrong_text, 0, COUNT(wrong));
    tcase_add_loop_test(tc, test_crop, 0, COUNT(crops));
    tcase_add_test(tc, test_stretch);
    tcase_add_loop_test(tc, test_pad, 0, COUNT(pads));
    tcase_add_test(tc, test_same);
    tcase_add_test(tc, test_picture);
    tcase_add_test(tc, test_within);
    tcase_add_loop_test(tc, test_jpeg, 1, 9);
    tcase_add_test(tc, test_damage);
    tcase_add_test(tc, test_window);
    tcase_add_test(tc, test_refusals);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
