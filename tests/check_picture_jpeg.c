/* JPEG files: whole ones against libjpeg called plainly, parts and reductions against whole ones, CMYK, oddities. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include "picture_case.h"

static rgm_decoder *decoder, *other;
static void setup(void) {
    ck_assert(rgm_decoder_create(&decoder, NULL) == RGM_OK && rgm_decoder_create(&other, NULL) == RGM_OK);
}
static void teardown(void) {
    rgm_decoder_destroy(decoder);
    rgm_decoder_destroy(other);
}

static const picture_spec specs[] = {
    {.C = 1},
    {.C = 3},
    {.C = 3, .sampling = 1},
    {.C = 3, .sampling = 2},
    {.C = 3, .sampling = 3},
    {.C = 3, .sampling = 4},
    {.C = 3, .sampling = 5},
    {.C = 3, .sampling = 6},
    {.C = 3, .sampling = 7},
    {.C = 3, .progressive = 1},
    {.C = 3, .progressive = 2},
    {.C = 3, .restart = 1, .quality = 50},
    {.C = 4},
    {.C = 4, .sampling = 5},
    {.C = 1, .progressive = 1},
};
enum { SPECS = (int)(sizeof specs / sizeof *specs) };

static rgm_bytes made(const picture_spec *spec) {
    picture_spec full = *spec;
    full.kind = RGM_PICTURE_JPEG;
    rgm_bytes bytes = {.name = "made.jpg"};
    bytes.at = make_picture(&full, &bytes.size);
    return bytes;
}

/* ---- whole ones ---- */

/* As an example of libjpeg's manual would decode it: RGB, or CMYK multiplied out. [H][W][3] */
static uint8_t *plainly(const rgm_bytes *bytes, int reduced, int32_t *H, int32_t *W) {
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr handler;
    c.err = jpeg_std_error(&handler);
    jpeg_create_decompress(&c);
    jpeg_mem_src(&c, bytes->at, bytes->size);
    jpeg_read_header(&c, TRUE);
    int n = c.num_components == 4 ? 4 : 3;
    c.out_color_space = n == 4 ? JCS_CMYK : JCS_RGB;
    c.scale_num = 1;
    c.scale_denom = (unsigned)reduced;
    jpeg_start_decompress(&c);
    *H = (int32_t)c.output_height;
    *W = (int32_t)c.output_width;
    uint8_t *pixels = malloc((size_t)*H * (size_t)*W * 3), *row = malloc((size_t)*W * 4), *to = pixels;
    ck_assert(pixels && row);
    while (c.output_scanline < c.output_height) {
        jpeg_read_scanlines(&c, &row, 1);
        for (int32_t i = 0; i < *W; i++)
            for (int k = 0; k < 3; k++)
                *to++ = n == 3 ? row[3 * i + k] : (uint8_t)floor(row[4 * i + k] * row[4 * i + 3] / 255.0 + 0.5);
    }
    jpeg_finish_decompress(&c);
    jpeg_destroy_decompress(&c);
    free(row);
    return pixels;
}

static void compare(const rgm_picture *picture, const uint8_t *rgb, int orientation, int32_t H, int32_t W) {
    ck_assert_int_eq(picture->H, orientation >= 5 ? W : H);
    ck_assert_int_eq(picture->W, orientation >= 5 ? H : W);
    for (int32_t Y = 0; Y < picture->H; Y++)
        for (int32_t X = 0; X < picture->W; X++) {
            int y, x;
            stored_place(orientation, H, W, Y, X, &y, &x);
            const uint8_t *p = rgb + (y * W + x) * 3, *found = picture->pixels + Y * picture->pitch + X * picture->C;
            if (picture->C == 3)
                ck_assert_mem_eq(found, p, 3);
            else
                ck_assert_int_eq(*found, (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16);
        }
}

START_TEST(test_whole) {
    for (int orientation = 0; orientation <= 8; orientation++)
        for (int reduced = 1; reduced <= 8; reduced *= 2) {
            picture_spec spec = specs[_i];
            spec.H = 53;
            spec.W = 70;
            spec.orientation = orientation;
            rgm_bytes bytes = made(&spec);
            int32_t H, W, swapped = orientation >= 5;
            uint8_t *rgb = plainly(&bytes, reduced, &H, &W);
            for (int32_t C = 1; C <= 3; C += 2) {
                rgm_decode_want want = {.C = C, .H = (swapped ? 70 : 53) / reduced, .W = (swapped ? 53 : 70) / reduced};
                rgm_picture picture = decoded(decoder, &bytes, &want);
                ck_assert_int_eq(picture.reduced, reduced);
                ck_assert_int_eq(picture.warnings, 0);
                compare(&picture, rgb, orientation, H, W);
                ck_assert(picture.box.height == (swapped ? 70.0 : 53.0) / reduced);
                ck_assert(picture.box.width == (swapped ? 53.0 : 70.0) / reduced);
            }
            free(rgb);
            free((void *)bytes.at);
        }
}
END_TEST

/* What comes in comes out, as far as quality 100 goes. */
START_TEST(test_near) {
    static uint8_t pixels[40 * 50 * 3];
    make_picture_pixels(pixels, 40, 50, 3, 4);
    picture_spec spec = {.kind = RGM_PICTURE_JPEG, .H = 40, .W = 50, .C = 3, .sampling = 1, .quality = 100};
    spec.pixels = pixels;
    rgm_bytes bytes = made(&spec);
    rgm_decode_want want = {.C = 3};
    rgm_picture picture = decoded(decoder, &bytes, &want);
    ck_assert_int_le(oracle_difference(&spec, pixels, &want, &picture), 4);
    free((void *)bytes.at);
}
END_TEST

/* ---- parts ---- */

static double random_number(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

static rgm_box random_box(uint64_t *state, int32_t H, int32_t W, int32_t small, int32_t even) {
    rgm_box box;
    box.height = 1 + random_number(state) * ((small && H > 20 ? 20 : H) - 1);
    box.width = 1 + random_number(state) * ((small && W > 20 ? 20 : W) - 1);
    if (even) {
        box.height = floor(box.height);
        box.width = floor(box.width);
    }
    box.top = random_number(state) * (H - box.height);
    box.left = random_number(state) * (W - box.width);
    if (even) {
        box.top = floor(box.top);
        box.left = floor(box.left);
    }
    return box;
}

/* All pixels of the part are those of the whole picture there, and the box lies in it where it should. */
static void compare_part(const rgm_picture *part, const rgm_picture *whole, const rgm_box *box) {
    double top = whole->box.top + box->top / part->reduced, left = whole->box.left + box->left / part->reduced;
    int32_t y = (int32_t)lround(top - part->box.top), x = (int32_t)lround(left - part->box.left);
    ck_assert(fabs(top - part->box.top - y) < 1e-6 && fabs(left - part->box.left - x) < 1e-6);
    ck_assert(fabs(part->box.height - box->height / part->reduced) < 1e-9);
    ck_assert(fabs(part->box.width - box->width / part->reduced) < 1e-9);
    ck_assert(part->box.top > -1e-9 && part->box.top + part->box.height < part->H + 1e-9);
    ck_assert(part->box.left > -1e-9 && part->box.left + part->box.width < part->W + 1e-9);
    ck_assert(y >= 0 && x >= 0 && y + part->H <= whole->H && x + part->W <= whole->W);
    for (int32_t Y = 0; Y < part->H; Y++) {
        const uint8_t *from = whole->pixels + (y + Y) * whole->pitch + x * whole->C;
        if (memcmp(part->pixels + Y * part->pitch, from, (size_t)(part->W * part->C)) != 0)
            ck_abort_msg("box %g %g %g %g reduced %d: row %d of %d differs", box->top, box->left, box->height,
                         box->width, part->reduced, Y, part->H);
    }
}

static void check_boxes(const rgm_bytes *bytes, const picture_spec *spec, uint64_t *state) {
    int32_t H = spec->orientation >= 5 ? spec->W : spec->H, W = spec->orientation >= 5 ? spec->H : spec->W;
    for (int32_t reduced = 1; reduced <= 8; reduced *= 2) {
        rgm_decode_want want = {.C = 3, .H = H / reduced, .W = W / reduced};
        rgm_picture whole = decoded(decoder, bytes, &want);
        for (int i = 0; i < 25; i++) {
            want.box = random_box(state, H, W, i % 3 == 0, i % 2);
            want.H = (int32_t)(want.box.height / reduced);
            want.W = (int32_t)(want.box.width / reduced);
            if (want.H < 1 || want.W < 1) continue;
            rgm_picture part = decoded(other, bytes, &want);
            ck_assert_int_ge(part.reduced, reduced);
            ck_assert(part.box.height >= want.H && part.box.width >= want.W);
            if (part.reduced == reduced) compare_part(&part, &whole, &want.box);
        }
    }
}

START_TEST(test_parts) {
    uint64_t state = (uint64_t)_i;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int size = 0; size < 2; size++) {
            picture_spec spec = specs[_i];
            spec.H = size ? 161 : 90;
            spec.W = size ? 128 : 217;
            spec.orientation = orientation;
            rgm_bytes bytes = made(&spec);
            check_boxes(&bytes, &spec, &state);
            free((void *)bytes.at);
        }
}
END_TEST

/* Every box at the blocks' edges. */
START_TEST(test_edges) {
    picture_spec spec = specs[_i];
    spec.H = 70;
    spec.W = 75;
    rgm_bytes bytes = made(&spec);
    rgm_decode_want want = {.C = 3};
    rgm_picture whole = decoded(decoder, &bytes, &want);
    for (int32_t top = 0; top < 70; top += top % 16 == 1 ? 14 : 1)
        for (int32_t left = 0; left < 75; left += left % 16 == 1 ? 14 : 1)
            for (int32_t size = 1; size < 36; size += 7) {
                if (top + size > 70 || left + size > 75) continue;
                want.box = (rgm_box){top, left, size, size};
                rgm_picture part = decoded(other, &bytes, &want);
                ck_assert(part.H == size && part.W == size);
                compare_part(&part, &whole, &want.box);
            }
    free((void *)bytes.at);
}
END_TEST

/* A part of a file that ends too early is there, unless the rest is to be checked. */
START_TEST(test_checked) {
    static const rgm_box top = {2, 10, 20, 30};
    picture_spec spec = specs[_i];
    spec.H = 200;
    spec.W = 75;
    rgm_bytes bytes = made(&spec);
    rgm_decode_want want = {.C = 3, .box = top};
    rgm_picture whole = decoded(decoder, &bytes, &(rgm_decode_want){.C = 3}), part;
    rgm_error err = {0};
    for (want.checked = 0; want.checked <= 1; want.checked++) {
        part = decoded(other, &bytes, &want);
        compare_part(&part, &whole, &want.box);
    }
    bytes.size -= bytes.size / 8;
    if (!spec.progressive) {
        want.checked = 0;
        part = decoded(other, &bytes, &want);
        compare_part(&part, &whole, &want.box);
    }
    want.checked = 1;
    ck_assert_int_eq(rgm_decode(other, &bytes, &want, &part, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "JPEG: ends too early"), "%s", err.text);
    free((void *)bytes.at);
}
END_TEST

/* The box keeps at least the wanted pixels, and no reduction leaves twice as many. */
START_TEST(test_reduction) {
    picture_spec spec = {.H = 200, .W = 300, .C = 3};
    rgm_bytes bytes = made(&spec);
    static const int32_t cases[][4] = {{200, 300, 1, 0}, {100, 150, 2, 0}, {101, 150, 1, 0}, {100, 151, 1, 0},
                                       {50, 75, 4, 0},   {25, 37, 8, 0},   {12, 18, 8, 0},   {1, 1, 8, 0},
                                       {0, 0, 1, 0},     {20, 20, 2, 40},  {20, 20, 1, 39},  {5, 5, 8, 40}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rgm_decode_want want = {.C = 3, .H = cases[i][0], .W = cases[i][1]};
        if (cases[i][3]) want.box = (rgm_box){30.5, 40.25, cases[i][3], cases[i][3]};
        ck_assert_int_eq(decoded(decoder, &bytes, &want).reduced, cases[i][2]);
    }
    free((void *)bytes.at);
}
END_TEST

/* Boxes that are not in the picture are cut to it: nothing is read or written elsewhere. */
START_TEST(test_outside) {
    static const rgm_box boxes[] = {{-50, -50, 60, 60}, {90, 100, 500, 500}, {-1e300, 0, 1e301, 5}, {500, 500, 10, 10},
                                    {3, 4, 1e-9, 1e-9}, {3.5, 4.5, 2e9, 1},  {0, 0, 1, -7},         {NAN, NAN, 2, NAN}};
    for (int orientation = 1; orientation <= 8; orientation++) {
        picture_spec spec = {.H = 100, .W = 120, .C = 3, .orientation = orientation};
        rgm_bytes bytes = made(&spec);
        for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
            rgm_picture picture = decoded(decoder, &bytes, &(rgm_decode_want){.C = 3, .box = boxes[i]});
            ck_assert(picture.H >= 1 && picture.H <= 120 && picture.W >= 1 && picture.W <= 120);
        }
        free((void *)bytes.at);
    }
}
END_TEST

/* ---- oddities ---- */

static const uint8_t *find_marker(const rgm_bytes *bytes, int marker) {
    for (const uint8_t *at = bytes->at + 2; at + 4 < bytes->at + bytes->size && at[1] != 0xda;
         at += 2 + (at[2] << 8 | at[3]))
        if (at[1] == marker) return at;
    return NULL;
}

/* The file with bytes inserted at `place`. */
static rgm_bytes inserted(const rgm_bytes *bytes, size_t place, const void *what, size_t size) {
    uint8_t *at = malloc(bytes->size + size);
    ck_assert_ptr_nonnull(at);
    memcpy(at, bytes->at, place);
    memcpy(at + place, what, size);
    memcpy(at + place + size, bytes->at + place, bytes->size - place);
    return (rgm_bytes){at, bytes->size + size, bytes->name};
}

START_TEST(test_warnings) {
    picture_spec spec = {.H = 40, .W = 40, .C = 3};
    rgm_bytes bytes = made(&spec), more = inserted(&bytes, bytes.size - 2, "what somebody left here", 23);
    rgm_picture picture = decoded(decoder, &more, &(rgm_decode_want){.C = 3});
    ck_assert_int_eq(picture.warnings, 1);
    rgm_picture same = decoded(other, &bytes, &(rgm_decode_want){.C = 3});
    ck_assert_int_eq(same.warnings, 0);
    ck_assert_mem_eq(picture.pixels, same.pixels, 4800);
    free((void *)more.at);
    more = inserted(&bytes, bytes.size, "what a camera adds", 18); /* behind the picture */
    ck_assert_int_eq(decoded(decoder, &more, &(rgm_decode_want){.C = 3}).warnings, 0);
    free((void *)more.at);
    free((void *)bytes.at);
}
END_TEST

/* A scan 600 times over. */
START_TEST(test_scans) {
    picture_spec spec = {.H = 16, .W = 16, .C = 1, .progressive = 1};
    rgm_bytes bytes = made(&spec);
    size_t begin = 0, end = 0;
    for (size_t i = 2; i + 1 < bytes.size; i++) {
        if (bytes.at[i] != 0xff || bytes.at[i + 1] == 0) continue;
        if (begin && !end && bytes.at[i + 1] != 0xda) end = i;
        if (!begin && bytes.at[i + 1] == 0xda) begin = i;
    }
    ck_assert(begin && end > begin);
    size_t size = end - begin;
    uint8_t *scans = malloc(600 * size);
    ck_assert_ptr_nonnull(scans);
    for (int i = 0; i < 600; i++) memcpy(scans + (size_t)i * size, bytes.at + begin, size);
    rgm_bytes few = inserted(&bytes, begin, scans, 10 * size), many = inserted(&bytes, begin, scans, 600 * size);
    ck_assert_int_ge(decoded(decoder, &few, &(rgm_decode_want){.C = 1}).warnings, 1);
    refused(many.at, many.size, RGM_E_UNSUPPORTED, "JPEG: it has more than 500 scans", 0);
    free((void *)few.at);
    free((void *)many.at);
    free(scans);
    free((void *)bytes.at);
}
END_TEST

/* Changes a byte of the frame header. */
static void refused_with(int place, int value, rgm_status status, const char *words) {
    picture_spec spec = {.H = 16, .W = 16, .C = 3};
    rgm_bytes bytes = made(&spec);
    uint8_t *frame = (uint8_t *)find_marker(&bytes, 0xc0);
    ck_assert_ptr_nonnull(frame);
    frame[place] = (uint8_t)value;
    refused(bytes.at, bytes.size, status, words, 1);
    refused(bytes.at, bytes.size, status, words, 0);
    free((void *)bytes.at);
}

START_TEST(test_headers) {
    refused_with(4, 12, RGM_E_UNSUPPORTED, "JPEG: 12 bits a channel cannot be read");
    refused_with(9, 2, RGM_E_UNSUPPORTED, "JPEG: 2 channels cannot be read");
    refused_with(1, 0xc3, RGM_E_UNSUPPORTED, "SOF3");
    refused_with(6, 0, RGM_E_FORMAT, "its size is 0 x 16");
    refused_with(1, 0xe5, RGM_E_FORMAT, "no frame header");
    picture_spec spec = {.H = 16, .W = 16, .C = 3};
    rgm_bytes bytes = made(&spec);
    refused(bytes.at, 3, RGM_E_FORMAT, "JPEG: ends too early, in its header", 1);
    refused((const uint8_t *)"\xff\xd8\xff\xd9", 4, RGM_E_FORMAT, "JPEG: damaged: it has no picture", 1);
    free((void *)bytes.at);
    spec.H = 300;
    bytes = made(&spec);
    refused(bytes.at, bytes.size - bytes.size / 4, RGM_E_FORMAT, " of 300 rows", 0);
    refused(bytes.at, bytes.size - 3, RGM_E_FORMAT, "JPEG: ends too early, after 2", 0);
    free((void *)bytes.at);
}
END_TEST

/* EXIF blocks that lie: places and counts beyond the block, no orientation, a value that is none. */
START_TEST(test_exif) {
    static const struct {
        int place, value;
    } lies[] = {{6 + 7, 0xff}, {6 + 4, 0xff}, {6 + 8, 0xff}, {6 + 9, 0xff},
                {6 + 18, 9},   {6 + 18, 0},   {6 + 12, 7},   {6, 'X'}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        picture_spec spec = {.H = 16, .W = 24, .C = 3, .orientation = 7};
        rgm_bytes bytes = made(&spec);
        uint8_t *segment = (uint8_t *)find_marker(&bytes, 0xe1);
        segment[4 + lies[i].place] = (uint8_t)lies[i].value;
        rgm_picture picture = decoded(decoder, &bytes, &(rgm_decode_want){.C = 3});
        int kept =
            lies[i].place == 6 + 8 || lies[i].place == 6 + 9; /* more entries than there are: ours is the first */
        ck_assert_msg(picture.H == (kept ? 24 : 16), "lie %zu", i);
        free((void *)bytes.at);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("picture_jpeg");
    TCase *whole = tcase_create("whole"), *parts = tcase_create("parts"), *odd = tcase_create("odd");
    tcase_add_checked_fixture(whole, setup, teardown);
    tcase_add_loop_test(whole, test_whole, 0, SPECS);
    tcase_add_test(whole, test_near);
    tcase_add_checked_fixture(parts, setup, teardown);
    tcase_set_timeout(parts, 60);
    tcase_add_loop_test(parts, test_parts, 0, SPECS);
    tcase_add_loop_test(parts, test_edges, 0, SPECS);
    tcase_add_loop_test(parts, test_checked, 0, SPECS);
    tcase_add_test(parts, test_reduction);
    tcase_add_test(parts, test_outside);
    tcase_add_checked_fixture(odd, setup, teardown);
    tcase_add_test(odd, test_warnings);
    tcase_add_test(odd, test_scans);
    tcase_add_test(odd, test_headers);
    tcase_add_test(odd, test_exif);
    suite_add_tcase(suite, whole);
    suite_add_tcase(suite, parts);
    suite_add_tcase(suite, odd);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
