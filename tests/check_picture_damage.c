/* Damaged pictures of every kind: cut at every byte, bytes changed, bytes of chance behind a good start. Each is in
 * memory of its size, so that a sanitizer sees what is read behind it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "picture_case.h"

static rgm_decoder *decoder;
static void setup(void) { ck_assert(rgm_decoder_create(&decoder, NULL) == RGM_OK); }
static void teardown(void) { rgm_decoder_destroy(decoder); }

static const picture_spec specs[] = {
    {.kind = JPEG, .C = 1},
    {.kind = JPEG, .C = 3, .orientation = 6, .profile = 1},
    {.kind = JPEG, .C = 4, .sampling = 5},
    {.kind = JPEG, .C = 3, .progressive = 1},
    {.kind = JPEG, .C = 3, .progressive = 2},
    {.kind = JPEG, .C = 3, .restart = 1},
    {.kind = PNG, .C = 1},
    {.kind = PNG, .C = 4, .progressive = 1},
    {.kind = PNG, .C = 3, .bits = 16, .transparent = 1},
    {.kind = PNG, .C = 1, .bits = 4, .palette = 1, .transparent = 1},
    {.kind = PNG, .C = 3, .orientation = 7, .profile = 1},
    {.kind = WEBP, .C = 3},
    {.kind = WEBP, .C = 4, .quality = 50},
    {.kind = WEBP, .C = 3, .quality = 80, .orientation = 8, .profile = 1},
    {.kind = BMP, .C = 3},
    {.kind = BMP, .C = 1, .bits = 8, .palette = 1},
    {.kind = BMP, .C = 1, .bits = 8, .palette = 1, .coded = 1},
    {.kind = BMP, .C = 1, .bits = 4, .palette = 1, .coded = 1},
    {.kind = BMP, .C = 3, .header = 12},
    {.kind = BMP, .C = 4, .bits = 32, .coded = 2, .header = 124},
    {.kind = BMP, .C = 3, .bits = 16, .coded = 2},
    {.kind = PNM, .C = 3},
    {.kind = PNM, .C = 1, .bits = 1},
    {.kind = PNM, .C = 1, .bits = 16},
    {.kind = PNM, .C = 3, .plain = 1},
    {.kind = PNM, .C = 1, .bits = 1, .plain = 1},
};
enum { SPECS = (int)(sizeof specs / sizeof *specs) };

static uint8_t *made(int which, size_t *size) {
    static uint8_t indices[19 * 21];
    picture_spec spec = specs[which];
    spec.H = 19;
    spec.W = 21;
    spec.seed = 9;
    make_picture_pixels(indices, spec.H, spec.W, 1, 9);
    for (int32_t i = 0; i < spec.H * spec.W; i++) indices[i] = (uint8_t)(indices[i] >> 5);
    if (spec.palette) spec.pixels = indices;
    return make_picture(&spec, size);
}

/* Probes and decodes it, whole and in part; both go wrong with a line, or neither does. Returns decoding's status. */
static rgm_status tried(const uint8_t *from, size_t size) {
    uint8_t *at = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(at);
    if (size) memcpy(at, from, size);
    rgm_bytes bytes = {at, size, "cut"};
    rgm_picture picture;
    rgm_picture_info info;
    rgm_error err = {0};
    rgm_status probe = rgm_picture_probe(&bytes, &info, &err);
    ck_assert(probe == RGM_OK || (probe == err.status && !strncmp(err.text, "cut: ", 5)));
    rgm_decode_want part = {.C = 1, .box = {3, 4, 11, 10}, .H = 4, .W = 4};
    rgm_decode(decoder, &bytes, &part, &picture, &err);
    rgm_status status = rgm_decode(decoder, &bytes, &(rgm_decode_want){.C = 3}, &picture, &err);
    ck_assert(status == RGM_OK || status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED);
    ck_assert(status == RGM_OK || (err.text[0] && !strchr(err.text, '\n')));
    if (probe < 0) ck_assert_int_eq(status, probe);
    if (status == RGM_OK) ck_assert(picture.H == info.H && picture.W == info.W && picture.C == 3);
    free(at);
    return status;
}

START_TEST(test_cut) {
    size_t size;
    uint8_t *at = made(_i, &size);
    ck_assert_int_eq(tried(at, size), RGM_OK);
    size_t last = specs[_i].plain ? size - 5 : size; /* the last number of a text may be cut, or the space behind it */
    if (specs[_i].kind == JPEG && specs[_i].progressive < 2) last -= 2; /* the end marker */
    for (size_t n = 0; n < last; n++) {
        rgm_status status = tried(at, n);
        ck_assert_msg(status != RGM_OK, "%zu of %zu bytes are a picture", n, size);
    }
    free(at);
}
END_TEST

/* A JPEG without its end marker, or half of it, has the same pixels, and a warning. */
START_TEST(test_end_marker) {
    size_t size;
    uint8_t *at = made(_i, &size), *whole = calloc(19 * 21, 3);
    if (specs[_i].kind != JPEG || specs[_i].progressive == 2) size = 0; /* nothing to look at */
    for (size_t missing = 0; size && missing <= 2; missing++) {
        const rgm_bytes bytes = {at, size - missing, "a picture"};
        const rgm_picture picture = decoded(decoder, &bytes, &(rgm_decode_want){.C = 3});
        ck_assert_int_eq(picture.warnings, missing != 0);
        for (int32_t h = 0; h < picture.H; h++) {
            size_t row = 3 * (size_t)picture.W;
            if (!missing) memcpy(whole + (size_t)h * row, picture.pixels + h * picture.pitch, row);
            ck_assert(memcmp(whole + (size_t)h * row, picture.pixels + h * picture.pitch, row) == 0);
        }
    }
    free(whole);
    free(at);
}
END_TEST

START_TEST(test_changed) {
    size_t size;
    uint8_t *at = made(_i, &size);
    static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x24};
    for (size_t n = 0; n < size; n++)
        for (size_t m = 0; m < sizeof masks; m++) {
            at[n] ^= masks[m];
            rgm_status status = tried(at, size);
            if (specs[_i].kind == PNG) /* all of it has checksums */
                ck_assert_msg(status != RGM_OK, "byte %zu of %zu", n, size);
            at[n] ^= masks[m];
        }
    free(at);
}
END_TEST

START_TEST(test_chance) {
    size_t size;
    uint8_t *at = made(_i, &size), *copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    uint64_t state = 77 + (uint64_t)_i;
    for (int round = 0; round < 150; round++) {
        memcpy(copy, at, size);
        size_t first = (size_t)round * size / 150;
        for (size_t n = first; n < size; n++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            if (round % 2 || (state >> 60) == 0) copy[n] = (uint8_t)(state >> 50);
        }
        tried(copy, size);
    }
    free(copy);
    free(at);
}
END_TEST

/* The line says what is wrong. */
START_TEST(test_lines) {
    size_t size;
    uint8_t *at = make_picture(&(picture_spec){.kind = PNG, .H = 30, .W = 30, .C = 3}, &size);
    refused(at, size / 2, RGM_E_FORMAT, "PNG: ends too early, in its chunk IDAT", 1);
    at[size / 2] ^= 1;
    refused(at, size, RGM_E_FORMAT, "PNG: damaged: ", 0);
    free(at);
    at = make_picture(&(picture_spec){.kind = WEBP, .H = 30, .W = 30, .C = 3}, &size);
    refused(at, size / 2, RGM_E_FORMAT, "WebP: ends too early", 1);
    free(at);
    at = make_picture(&(picture_spec){.kind = BMP, .H = 30, .W = 30, .C = 3}, &size);
    refused(at, size - 92, RGM_E_FORMAT, "BMP: ends too early, after 29 of 30 rows", 0);
    free(at);
    at = make_picture(&(picture_spec){.kind = PNM, .H = 30, .W = 30, .C = 3}, &size);
    refused(at, size - 1, RGM_E_FORMAT, "PNM: ends too early, after 29 of 30 rows", 0);
    free(at);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("picture_damage");
    TCase *damage = tcase_create("damage");
    tcase_add_checked_fixture(damage, setup, teardown);
    tcase_set_timeout(damage, 120);
    tcase_add_loop_test(damage, test_cut, 0, SPECS);
    tcase_add_loop_test(damage, test_end_marker, 0, SPECS);
    tcase_add_loop_test(damage, test_changed, 0, SPECS);
    tcase_add_loop_test(damage, test_chance, 0, SPECS);
    tcase_add_test(damage, test_lines);
    suite_add_tcase(suite, damage);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
