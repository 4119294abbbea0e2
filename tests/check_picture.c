/* Pictures: what kind they are, lossless ones against an oracle, orientation, sizes at the limits, odd bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/team.h"
#include "malloc_probe.h"
#include "picture/file.h"
#include "picture_case.h"
#include "sanitized.h"

static rgm_decoder *decoder;
static void setup(void) { ck_assert(rgm_decoder_create(&decoder, NULL) == RGM_OK); }
static void teardown(void) { rgm_decoder_destroy(decoder); }

/* ---- lossless kinds ---- */

static const picture_spec lossless[] = {
    {.kind = PNG, .C = 1},
    {.kind = PNG, .C = 2},
    {.kind = PNG, .C = 3},
    {.kind = PNG, .C = 4},
    {.kind = PNG, .C = 1, .bits = 1},
    {.kind = PNG, .C = 1, .bits = 2},
    {.kind = PNG, .C = 1, .bits = 4},
    {.kind = PNG, .C = 1, .bits = 16},
    {.kind = PNG, .C = 2, .bits = 16},
    {.kind = PNG, .C = 3, .bits = 16},
    {.kind = PNG, .C = 4, .bits = 16},
    {.kind = PNG, .C = 1, .bits = 1, .palette = 1},
    {.kind = PNG, .C = 1, .bits = 2, .palette = 1},
    {.kind = PNG, .C = 1, .bits = 4, .palette = 1, .transparent = 1},
    {.kind = PNG, .C = 1, .bits = 8, .palette = 1},
    {.kind = PNG, .C = 1, .bits = 8, .palette = 1, .transparent = 1},
    {.kind = PNG, .C = 1, .transparent = 1},
    {.kind = PNG, .C = 1, .bits = 2, .transparent = 1},
    {.kind = PNG, .C = 1, .bits = 16, .transparent = 1},
    {.kind = PNG, .C = 3, .transparent = 1},
    {.kind = PNG, .C = 3, .bits = 16, .transparent = 1},
    {.kind = PNG, .C = 1, .progressive = 1},
    {.kind = PNG, .C = 4, .progressive = 1},
    {.kind = PNG, .C = 3, .bits = 16, .progressive = 1},
    {.kind = PNG, .C = 1, .bits = 1, .progressive = 1},
    {.kind = PNG, .C = 1, .bits = 4, .palette = 1, .progressive = 1},
    {.kind = PNG, .C = 3, .profile = 1},
    {.kind = WEBP, .C = 1},
    {.kind = WEBP, .C = 3},
    {.kind = WEBP, .C = 4},
    {.kind = WEBP, .C = 4, .profile = 1},
    {.kind = BMP, .C = 1},
    {.kind = BMP, .C = 3},
    {.kind = BMP, .C = 3, .top_down = 1},
    {.kind = BMP, .C = 3, .header = 12},
    {.kind = BMP, .C = 3, .header = 124},
    {.kind = BMP, .C = 3, .bits = 16},
    {.kind = BMP, .C = 3, .bits = 16, .coded = 2},
    {.kind = BMP, .C = 3, .bits = 32},
    {.kind = BMP, .C = 3, .bits = 32, .coded = 2},
    {.kind = BMP, .C = 3, .bits = 32, .coded = 2, .header = 52},
    {.kind = BMP, .C = 4, .bits = 32, .coded = 2, .header = 56},
    {.kind = BMP, .C = 4, .bits = 32, .coded = 2, .header = 108},
    {.kind = BMP, .C = 4, .bits = 32, .coded = 2, .header = 124, .top_down = 1},
    {.kind = BMP, .C = 1, .bits = 1},
    {.kind = BMP, .C = 1, .bits = 2, .palette = 1},
    {.kind = BMP, .C = 1, .bits = 4},
    {.kind = BMP, .C = 1, .bits = 1, .header = 12, .palette = 1},
    {.kind = BMP, .C = 1, .bits = 8, .palette = 1},
    {.kind = BMP, .C = 1, .bits = 8, .palette = 1, .coded = 1},
    {.kind = BMP, .C = 1, .bits = 4, .palette = 1, .coded = 1},
    {.kind = PNM, .C = 1},
    {.kind = PNM, .C = 3},
    {.kind = PNM, .C = 1, .bits = 1},
    {.kind = PNM, .C = 1, .bits = 16},
    {.kind = PNM, .C = 3, .bits = 16},
    {.kind = PNM, .C = 1, .plain = 1},
    {.kind = PNM, .C = 3, .plain = 1},
    {.kind = PNM, .C = 1, .bits = 1, .plain = 1},
    {.kind = PNM, .C = 3, .bits = 16, .plain = 1},
};
enum { LOSSLESS = (int)(sizeof lossless / sizeof *lossless) };

static uint8_t pixels[1 << 20];

/* Indices below the size of the palette, in runs; or a photograph. */
static void fill_pixels(const picture_spec *spec) {
    make_picture_pixels(pixels, spec->H, spec->W, spec->C, spec->seed);
    int shift = spec->bits && spec->bits < 8 ? 8 - spec->bits : 0;
    if (spec->palette)
        for (int32_t i = 0; i < spec->H * spec->W; i++) pixels[i] = (uint8_t)(pixels[i] >> shift);
}

static void round_trip(picture_spec spec, const rgm_decode_want *want) {
    spec.pixels = pixels;
    fill_pixels(&spec);
    rgm_bytes bytes = {.name = "made"};
    uint8_t *at = make_picture(&spec, &bytes.size);
    bytes.at = at;
    rgm_picture picture = decoded(decoder, &bytes, want);
    int difference = oracle_difference(&spec, pixels, want, &picture);
    ck_assert_msg(difference == 0, "kind %d C %d bits %d palette %d of %d x %d: differs by %d", spec.kind, spec.C,
                  spec.bits, spec.palette, spec.H, spec.W, difference);
    ck_assert_int_eq(picture.warnings, 0);
    ck_assert_int_eq(picture.reduced, 1);
    ck_assert(picture.box.height == picture.H && picture.box.width == picture.W);
    free(at);
}

START_TEST(test_lossless) {
    static const int32_t sizes[][2] = {{1, 1}, {2, 3}, {13, 9}, {9, 33}, {40, 31}};
    picture_spec spec = lossless[_i];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int32_t C = 1; C <= 3; C += 2) {
            spec.H = sizes[i][0];
            spec.W = sizes[i][1];
            spec.seed = 5 + i;
            round_trip(spec, &(rgm_decode_want){.C = C, .background = {255, 255, 255}});
            round_trip(spec, &(rgm_decode_want){.C = C, .background = {10, 200, 90}});
        }
}
END_TEST

START_TEST(test_orientation) {
    static const int32_t kinds[] = {PNG, WEBP};
    for (int k = 0; k < 2; k++)
        for (int32_t C = 1; C <= 3; C += 2) {
            picture_spec spec = {.kind = kinds[k], .H = 11, .W = 17, .C = 4, .orientation = _i, .seed = 3};
            round_trip(spec, &(rgm_decode_want){.C = C, .background = {1, 2, 3}});
            spec.progressive = kinds[k] == PNG;
            round_trip(spec, &(rgm_decode_want){.C = C, .background = {1, 2, 3}});
        }
}
END_TEST

/* ---- animations ---- */

static void put24(uint8_t *at, int value) {
    for (int i = 0; i < 3; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* A WebP of 20 x 30 whose first frame, and only one, is `still` at row 4, column 6. */
static uint8_t *animate(const uint8_t *still, size_t size, const picture_spec *spec, size_t *whole) {
    static const uint8_t head[] = "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\x1d\0\0\x13\0\0"
                                  "ANIM\6\0\0\0\1\2\3\4\0\0ANMF";
    size_t begun = 12 + 18 + 14; /* where ANMF is */
    size_t skip = !memcmp(still + 12, "VP8X", 4) ? 30 : 12;
    uint8_t *at = calloc(1, begun + 24 + size);
    ck_assert_ptr_nonnull(at);
    memcpy(at, head, begun + 4);
    memcpy(at + begun + 24, still + skip, size - skip);
    put24(at + begun + 4, (int)(16 + size - skip));
    put24(at + begun + 8, 6 / 2);
    put24(at + begun + 11, 4 / 2);
    put24(at + begun + 14, spec->W - 1);
    put24(at + begun + 17, spec->H - 1);
    *whole = begun + 24 + size - skip;
    put24(at + 4, (int)(*whole - 8));
    return at;
}

/* The first frame lies on the background. */
START_TEST(test_animated) {
    picture_spec spec = {.kind = WEBP, .H = 9, .W = 11, .C = 4, .pixels = pixels};
    rgm_decode_want want = {.C = 3, .background = {9, 100, 200}};
    fill_pixels(&spec);
    size_t size;
    uint8_t *still = make_picture(&spec, &size);
    rgm_bytes bytes = {.name = "animated"};
    uint8_t *at = animate(still, size, &spec, &bytes.size);
    bytes.at = at;
    rgm_picture picture = decoded(decoder, &bytes, &want);
    ck_assert(picture.H == 20 && picture.W == 30);
    for (int Y = 0; Y < 20; Y++)
        for (int X = 0; X < 30; X++) {
            uint8_t expected[3] = {9, 100, 200};
            int inside = Y >= 4 && Y < 13 && X >= 6 && X < 17;
            if (inside) oracle_pixel(&spec, pixels, &want, Y - 4, X - 6, expected);
            ck_assert_mem_eq(picture.pixels + Y * picture.pitch + 3 * X, expected, 3);
        }
    for (size_t n = 0; n < bytes.size; n++) refused(at, n, RGM_E_FORMAT, "", 0);
    put24(at + 12 + 18 + 14 + 8, 10); /* too far to the right */
    refused(at, bytes.size, RGM_E_FORMAT, "its frame is larger than the picture", 1);
    free(at);
    free(still);
}
END_TEST

/* ---- threads ---- */

enum { PICTURES = 40 };

typedef struct crowd {
    rgm_decoder *decoder[4];
    rgm_bytes bytes[PICTURES];
    uint64_t sum[PICTURES];
} crowd;

static rgm_status decode_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    crowd *all = context;
    rgm_picture picture;
    RGM_TRY(rgm_decode(all->decoder[worker], &all->bytes[chunk], &(rgm_decode_want){.C = 3}, &picture, err));
    uint64_t sum = 0;
    for (int32_t y = 0; y < picture.H; y++)
        for (int32_t x = 0; x < 3 * picture.W; x++) sum = sum * 31 + picture.pixels[y * picture.pitch + x];
    all->sum[chunk] = sum;
    return RGM_OK;
}

/* Decoders of several threads know nothing of one another. */
START_TEST(test_threads) {
    static crowd all, alone;
    for (int i = 0; i < PICTURES; i++) {
        picture_spec spec = {.kind = 1 + i % 5, .H = 30 + i, .W = 70 - i, .C = 3, .seed = (uint64_t)i};
        spec.orientation = i % 5 < 3 ? 1 + i % 8 : 0;
        all.bytes[i].at = make_picture(&spec, &all.bytes[i].size);
        all.bytes[i].name = "one of many";
    }
    for (int w = 0; w < 4; w++) ck_assert(rgm_decoder_create(&all.decoder[w], NULL) == RGM_OK);
    memcpy(alone.bytes, all.bytes, sizeof all.bytes);
    alone.decoder[0] = decoder;
    rgm_team *team;
    rgm_error err = {0};
    ck_assert(rgm_team_create(&team, &(rgm_team_options){.threads = 4, .pin = RGM_PIN_OFF}, &err) == RGM_OK);
    for (int round = 0; round < 5; round++)
        ck_assert_msg(rgm_team_for(team, decode_chunk, &all, PICTURES, &err) == RGM_OK, "%s", err.text);
    for (int i = 0; i < PICTURES; i++) ck_assert(decode_chunk(&alone, i, 0, &err) == RGM_OK);
    ck_assert_mem_eq(all.sum, alone.sum, sizeof all.sum);
    for (int w = 0; w < 4; w++) rgm_decoder_destroy(all.decoder[w]);
    for (int i = 0; i < PICTURES; i++) free((void *)all.bytes[i].at);
    rgm_team_destroy(team);
}
END_TEST

/* ---- probing ---- */

static rgm_picture_info probed(const picture_spec *spec) {
    rgm_bytes bytes = {.name = "made"};
    rgm_picture_info info;
    rgm_error err = {0};
    uint8_t *at = make_picture(spec, &bytes.size);
    bytes.at = at;
    ck_assert_int_eq(rgm_picture_kind(at, bytes.size), spec->kind);
    ck_assert_msg(rgm_picture_probe(&bytes, &info, &err) == RGM_OK, "%s", err.text);
    free(at);
    return info;
}

START_TEST(test_probe) {
    for (int32_t i = 0; i < LOSSLESS; i++) {
        picture_spec spec = lossless[i];
        spec.H = 12;
        spec.W = 7;
        fill_pixels(&spec);
        spec.pixels = pixels;
        rgm_picture_info info = probed(&spec);
        int bits = spec.kind == BMP && spec.bits > 8 ? 8 : spec.bits ? spec.bits : 8;
        ck_assert(info.kind == spec.kind && info.H == 12 && info.W == 7 && info.bits == bits && info.orientation == 1);
        ck_assert_int_eq(info.profile, spec.profile);
        ck_assert_int_eq(info.alpha, spec.C % 2 == 0 || spec.transparent);
        if (spec.kind != WEBP) ck_assert_int_eq(info.colour, spec.C >= 3 || spec.palette);
    }
}
END_TEST

START_TEST(test_probe_orientation) {
    static const int32_t kinds[] = {JPEG, PNG, WEBP};
    for (int k = 0; k < 3; k++) {
        picture_spec spec = {.kind = kinds[k], .H = 20, .W = 30, .C = 3, .orientation = _i, .profile = 1};
        rgm_picture_info info = probed(&spec);
        ck_assert_int_eq(info.orientation, _i);
        ck_assert_int_eq(info.H, _i >= 5 ? 30 : 20);
        ck_assert_int_eq(info.W, _i >= 5 ? 20 : 30);
        ck_assert_int_eq(info.profile, 1);
    }
}
END_TEST

START_TEST(test_names) {
    ck_assert_str_eq(rgm_picture_kind_name(JPEG), "JPEG");
    ck_assert_str_eq(rgm_picture_kind_name(PNM), "PNM");
    ck_assert_str_eq(rgm_picture_kind_name(RGM_PICTURE_NONE), "");
    ck_assert_str_eq(rgm_picture_kind_name(77), "");
    ck_assert_str_eq(rgm_picture_kind_name(-1), "");
}
END_TEST

/* ---- no pictures ---- */

START_TEST(test_no_picture) {
    refused((const uint8_t *)"", 0, RGM_E_FORMAT, "empty file", 1);
    refused((const uint8_t *)"hello", 5, RGM_E_FORMAT,
            "not a picture (its first bytes are 68 65 6c 6c 6f), expected JPEG, PNG, WebP, BMP or PNM", 1);
    refused((const uint8_t *)"BM, the best of months", 22, RGM_E_FORMAT, "not a picture", 1);
    refused((const uint8_t *)"P4ssword", 8, RGM_E_FORMAT, "not a picture", 1);
    refused((const uint8_t *)"GIF89a....", 10, RGM_E_UNSUPPORTED, "GIF: this kind cannot be read", 1);
    refused((const uint8_t *)"II*\0....", 8, RGM_E_UNSUPPORTED, "TIFF", 1);
    refused((const uint8_t *)"\0\0\0\x18"
                             "ftypavif...",
            15, RGM_E_UNSUPPORTED, "AVIF", 1);
    refused((const uint8_t *)"\0\0\0\0\0\0\0\0", 8, RGM_E_FORMAT, "00 00 00 00 00 00 00 00)", 0);
}
END_TEST

/* A name that is longer than a line ends the line's first part, whole characters of it. */
START_TEST(test_long_name) {
    char name[1001] = "";
    for (int i = 0; i < 500; i++) memcpy(name + 2 * i, "\xc3\xa9", 3);
    rgm_picture_info info;
    rgm_error err = {0};
    rgm_bytes bytes = {(const uint8_t *)"hello", 5, name};
    ck_assert(rgm_picture_probe(&bytes, &info, &err) == RGM_E_FORMAT);
    ck_assert_msg(!strncmp(err.text, "...\xc3\xa9", 5) && strstr(err.text, "\xa9: not a picture"), "%s", err.text);
}
END_TEST

START_TEST(test_no_name) {
    rgm_error err = {0};
    rgm_picture_info info;
    rgm_bytes bytes = {(const uint8_t *)"", 0, NULL};
    ck_assert(rgm_picture_probe(&bytes, &info, &err) == RGM_E_FORMAT);
    ck_assert_str_eq(err.text, "empty file");
}
END_TEST

/* ---- files ---- */

START_TEST(test_looks) {
    static const char *const yes[] = {"a.jpg", "b/c.JPEG", ".hidden/x.y.PnM", "a.webp", "a b.dib"};
    static const char *const no[] = {"a", "jpg", "a.jpg.txt", "a.jpg/b", "a.", "a.gif", ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) ck_assert_msg(rgm_picture_looks(yes[i]) == 1, "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) ck_assert_msg(rgm_picture_looks(no[i]) == 0, "%s", no[i]);
}
END_TEST

static void fails_to_read(const char *path, const rgm_picture_part *part, rgm_status status, const char *text) {
    rgm_picture_file file = {0};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_picture_file_read(&file, path, part, &err), status);
    ck_assert_msg(strncmp(err.text, text, strlen(text)) == 0, "%s", err.text);
    rgm_picture_file_free(&file);
}

/* All of it, a part of it, and what is refused. */
START_TEST(test_file) {
    enum { BYTES = 10000 };
    const rgm_picture_part all = {.largest = BYTES};
    char path[] = "/tmp/rgm-picture-XXXXXX";
    uint8_t content[BYTES];
    rgm_picture_file file = {0};
    int fd = mkstemp(path);
    for (int i = 0; i < BYTES; i++) content[i] = (uint8_t)(i * 7);
    memcpy(content, "P5 1 1 255 ", 11);
    ck_assert(fd >= 0 && write(fd, content, BYTES) == BYTES && close(fd) == 0);
    ck_assert_int_eq(rgm_picture_file_kind(path), PNM);
    static const size_t firsts[] = {64, 0, BYTES - 1, BYTES, BYTES + 1, 1};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        const rgm_picture_part part = {.first = firsts[i], .largest = BYTES};
        size_t expected = firsts[i] && firsts[i] < BYTES ? firsts[i] : BYTES;
        ck_assert_int_eq(rgm_picture_file_read(&file, path, &part, NULL), RGM_OK);
        ck_assert_uint_eq(file.size, expected);
        ck_assert(memcmp(file.bytes, content, expected) == 0);
    }
    ck_assert_int_eq(rgm_picture_file_read(&file, path, &(rgm_picture_part){.first = 9}, NULL), RGM_OK);
    rgm_picture_file_free(&file);
    fails_to_read(path, &(rgm_picture_part){.largest = BYTES - 1}, RGM_E_UNSUPPORTED, "too large: a file of");
    ck_assert(unlink(path) == 0);
    ck_assert_int_eq(rgm_picture_file_kind(path), RGM_PICTURE_NONE);
    fails_to_read(path, &all, RGM_E_IO, "cannot be read: No such file");
    fails_to_read("/tmp", &all, RGM_E_IO, "cannot be read: Is a directory");
    ck_assert(mkfifo(path, 0600) == 0);
    ck_assert_int_eq(rgm_picture_file_kind(path), RGM_PICTURE_NONE);
    fails_to_read(path, &all, RGM_E_IO, "cannot be read: not a regular file");
    ck_assert(unlink(path) == 0);
}
END_TEST

/* A file whose size is not known before, as below /proc. */
START_TEST(test_unsized_file) {
    rgm_picture_file file = {0};
    ck_assert_int_eq(rgm_picture_file_read(&file, "/proc/self/status", &(rgm_picture_part){.largest = 1 << 20}, NULL),
                     RGM_OK);
    ck_assert(file.size > 5 && memcmp(file.bytes, "Name:", 5) == 0);
    rgm_picture_file_free(&file);
    fails_to_read("/proc/self/status", &(rgm_picture_part){.largest = 10}, RGM_E_UNSUPPORTED, "too large: a file of");
}
END_TEST

/* ---- sizes ---- */

START_TEST(test_thin) {
    static const int32_t sizes[][2] = {{1, 30000}, {30000, 1}, {30000, 2}, {1, 1}};
    static const int32_t kinds[] = {JPEG, PNG, BMP, PNM, WEBP};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int k = 0; k < 5; k++) {
            picture_spec spec = {.kind = kinds[k], .H = sizes[i][0], .W = sizes[i][1], .C = 3, .quality = 0};
            if (kinds[k] == WEBP) { /* its largest side */
                spec.H = spec.H > 16383 ? 16383 : spec.H;
                spec.W = spec.W > 16383 ? 16383 : spec.W;
            }
            rgm_bytes bytes = {.name = "thin"};
            uint8_t *at = make_picture(&spec, &bytes.size);
            bytes.at = at;
            rgm_picture picture = decoded(decoder, &bytes, &(rgm_decode_want){.C = 1});
            ck_assert(picture.H == spec.H && picture.W == spec.W && picture.C == 1 && picture.pitch >= picture.W);
            free(at);
        }
}
END_TEST

/* The widest and highest, turned in every way. */
START_TEST(test_widest) {
    for (int high = 0; high < 2; high++) {
        picture_spec spec = {.kind = PNG, .H = high ? 65535 : 3, .W = high ? 3 : 65535, .C = 3, .orientation = _i};
        round_trip(spec, &(rgm_decode_want){.C = 3});
    }
}
END_TEST

static void be32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Sizes are refused from the header alone, before memory is taken. */
START_TEST(test_bombs) {
    size_t size;
    uint8_t *at = make_picture(&(picture_spec){.kind = PNG, .H = 8, .W = 8, .C = 3}, &size);
    be32(at + 16, 46341);
    be32(at + 20, 46341);
    refused(at, size, RGM_E_UNSUPPORTED, "PNG: too large: 46341 x 46341 pixels, at most 100000000", 1);
    be32(at + 20, 0x80000000u);
    refused(at, size, RGM_E_UNSUPPORTED, "sides are at most 65535", 1);
    be32(at + 20, 0);
    refused(at, size, RGM_E_FORMAT, "its size is 0 x 46341", 1);
    free(at);
    refused((const uint8_t *)"P6 46341 46341 255\n...", 22, RGM_E_UNSUPPORTED, "PNM: too large", 1);
    refused((const uint8_t *)"P6 99999999999 1 255\n...", 24, RGM_E_UNSUPPORTED, "PNM: too large", 1);
    refused((const uint8_t *)"P5 0 4 255\n....", 15, RGM_E_FORMAT, "its size is 4 x 0", 1);
    at = make_picture(&(picture_spec){.kind = JPEG, .H = 8, .W = 8, .C = 3}, &size);
    for (size_t i = 0; i < size; i++)
        if (at[i] == 0xff && at[i + 1] == 0xc0) {
            memset(at + i + 5, 0xee, 4);
            break;
        }
    refused(at, size, RGM_E_UNSUPPORTED, "JPEG: too large: 61166 x 61166", 0);
    free(at);
    at = make_picture(&(picture_spec){.kind = BMP, .H = 8, .W = 8, .C = 3}, &size);
    memset(at + 18, 0x7f, 4);
    refused(at, size, RGM_E_UNSUPPORTED, "BMP: too large", 0);
    memcpy(at + 22, "\0\0\0\x80", 4);
    refused(at, size, RGM_E_UNSUPPORTED, "BMP: too large", 0);
    free(at);
}
END_TEST

/* ---- memory ---- */

/* Behind a reserve, decoding of any kind allocates nothing of its own, and pixels stay where they are. */
START_TEST(test_reserve) {
    char own[400];
    int32_t all;
    ck_assert(rgm_decoder_reserve(decoder, 50 * 40, 3, NULL) == RGM_OK);
    ck_assert(rgm_decoder_bytes(2000, 3) >= 6000 && rgm_decoder_bytes(2000, 3) < 2000000);
    const uint8_t *first = NULL;
    for (int32_t i = 0; i < 30; i++) {
        picture_spec spec = {.kind = 1 + i % 5, .H = 50, .W = 40, .C = 3, .orientation = i % 5 < 3 ? 1 + i % 8 : 0};
        rgm_bytes bytes = {.name = "made"};
        rgm_decode_want want = {.C = i % 2 ? 1 : 3, .box = {3, 4, i < 20 ? 0 : 9.5, 30}};
        uint8_t *at = make_picture(&spec, &bytes.size);
        bytes.at = at;
        rgm_picture picture;
        malloc_probe_arm();
        rgm_status status = rgm_decode(decoder, &bytes, &want, &picture, NULL);
        malloc_probe_disarm();
        ck_assert_int_eq(status, RGM_OK);
        int32_t count = malloc_probe_own(own, sizeof own, &all);
        int32_t jumps = spec.kind == PNG; /* spng_ctx_free() ends with a jump to free(), which then seems to be ours */
        if (malloc_probe_works()) ck_assert_msg(count <= jumps, "kind %d: %s", spec.kind, own);
        if (!first) first = picture.pixels;
        ck_assert_ptr_eq(picture.pixels, first);
        free(at);
    }
    rgm_decoder_destroy(NULL);
}
END_TEST

/* Memory that cannot be had is an error, after which the decoder works on. */
START_TEST(test_no_memory) {
    if (RGM_SANITIZED) return; /* such a request is a finding there */
    rgm_error err = {0};
    ck_assert(rgm_decoder_reserve(decoder, INT64_MAX / 8, 3, &err) == RGM_E_NOMEM);
    ck_assert_msg(strstr(err.text, "no memory"), "%s", err.text);
    picture_spec spec = {.kind = PNG, .H = 12, .W = 7, .C = 3};
    round_trip(spec, &(rgm_decode_want){.C = 3});
}
END_TEST

int main(void) {
    Suite *suite = suite_create("picture");
    TCase *kinds = tcase_create("kinds"), *odd = tcase_create("odd");
    tcase_add_checked_fixture(kinds, setup, teardown);
    tcase_set_timeout(kinds, 60);
    tcase_add_loop_test(kinds, test_lossless, 0, LOSSLESS);
    tcase_add_loop_test(kinds, test_orientation, 1, 9);
    tcase_add_test(kinds, test_animated);
    tcase_add_test(kinds, test_threads);
    tcase_add_test(kinds, test_probe);
    tcase_add_loop_test(kinds, test_probe_orientation, 1, 9);
    tcase_add_test(kinds, test_names);
    tcase_add_checked_fixture(odd, setup, teardown);
    tcase_set_timeout(odd, 60);
    tcase_add_test(odd, test_no_picture);
    tcase_add_test(odd, test_long_name);
    tcase_add_test(odd, test_no_name);
    tcase_add_test(odd, test_looks);
    tcase_add_test(odd, test_file);
    tcase_add_test(odd, test_unsized_file);
    tcase_add_test(odd, test_thin);
    tcase_add_loop_test(odd, test_widest, 1, 9);
    tcase_add_test(odd, test_bombs);
    tcase_add_test(odd, test_reserve);
    tcase_add_test(odd, test_no_memory);
    suite_add_tcase(suite, kinds);
    suite_add_tcase(suite, odd);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
