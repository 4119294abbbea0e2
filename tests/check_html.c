/* What HTML pages share: text of any bytes, numbers whatever the locale, pictures in the page, the file as a whole. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "picture/encode.h"
#include "picture/picture.h"
#include "report/html.h"

static char *text;
static size_t size;
static FILE *to;

static void setup(void) { ck_assert_ptr_nonnull(to = open_memstream(&text, &size)); }

static void teardown(void) {
    fclose(to);
    free(text);
}

/* What was put since the last call. */
static const char *put(void) {
    putc(0, to);
    ck_assert_int_eq(fflush(to), 0);
    ck_assert_int_eq(fseek(to, 0, SEEK_SET), 0);
    return text;
}

START_TEST(text_of_any_bytes) {
    rgm_html_text(to, "<b a=\"1\" b='2'>&amp;\n\x1b[31m \xc3\xa4 \xff \xe2\x80\xae \xf0\x9f\x98\x80");
    ck_assert_str_eq(put(), "&#60;b a=&#34;1&#34; b=&#39;2&#39;&#62;&#38;amp;&#xfffd;&#xfffd;[31m \xc3\xa4 &#xfffd; "
                            "&#xfffd; \xf0\x9f\x98\x80");
}
END_TEST

static void numbers(void) {
    static const struct {
        double value;
        int32_t decimals;
        const char *text;
    } fixed[] = {{0, 0, "0"},         {0.5, 1, "0.5"},          {-0.04, 1, "0.0"},
                 {-0.05, 2, "-0.05"}, {12.345678, 3, "12.346"}, {1e9, 2, "1000000000.00"},
                 {1e30, 1, "1e+30"},  {-INFINITY, 1, "-inf"},   {0.999, 2, "1.00"},
                 {-2.5, 0, "-3"}};
    static const int64_t counts[] = {0, 999, 1000, -999, -1000, 1234567, INT64_MIN};
    static const char *const counted[] = {
        "0", "999", "1,000", "-999", "-1,000", "1,234,567", "-9,223,372,036,854,775,808"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        rgm_html_fixed(to, fixed[i].value, fixed[i].decimals);
        ck_assert_str_eq(put(), fixed[i].text);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rgm_html_count(to, counts[i]);
        ck_assert_str_eq(put(), counted[i]);
    }
    rgm_html_percent(to, 0.12345, 2);
    ck_assert_str_eq(put(), "12.35 %"); /* 12.345 is a little more than its name */
    rgm_html_real(to, 0.0123456, 3);
    ck_assert_str_eq(put(), "0.0123");
    rgm_html_bar(to, 1.7, 1);
    ck_assert_str_eq(put(), "<div class=\"bar\"><i class=\"first\" style=\"width:100.0%\"></i></div>");
    rgm_html_bar(to, NAN, 0);
    ck_assert_str_eq(put(), "<div class=\"bar\"><i style=\"width:0.0%\"></i></div>");
}

START_TEST(numbers_as_text) {
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        if (setlocale(LC_ALL, locales[i])) numbers();
    }
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(base64) { /* RFC 4648, section 10 */
    static const char *const in[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const out[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        rgm_html_base64(to, in[i], strlen(in[i]));
        ck_assert_str_eq(put(), out[i]);
    }
}
END_TEST

START_TEST(lossless_pictures) {
    static const int32_t sides[][2] = {{1, 1}, {28, 28}, {3, 160}, {33, 1}};
    rgm_decoder *decoder;
    rgm_error err;
    ck_assert(rgm_decoder_create(&decoder, NULL) == RGM_OK);
    for (size_t i = 0; i < 8; i++) {
        int32_t H = sides[i / 2][0], W = sides[i / 2][1], C = i % 2 ? 3 : 1;
        size_t bytes = (size_t)(H * W * C), length[2];
        uint8_t *file[2], *pixels = malloc(bytes);
        ck_assert_ptr_nonnull(pixels);
        for (size_t k = 0; k < bytes; k++) pixels[k] = (uint8_t)(k * k * 7 + k);
        for (int32_t k = 0; k < 2; k++)
            ck_assert(rgm_encode_png(&(rgm_encode_source){pixels, H, W, C}, &file[k], &length[k], &err) == RGM_OK);
        ck_assert(length[0] == length[1] && memcmp(file[0], file[1], length[0]) == 0);
        rgm_picture picture;
        ck_assert_msg(rgm_decode(decoder, &(rgm_bytes){file[0], length[0], NULL}, &(rgm_decode_want){.C = C}, &picture,
                                 &err) == RGM_OK,
                      "%s", err.text);
        ck_assert(picture.H == H && picture.W == W && picture.C == C);
        for (int32_t row = 0; row < H; row++)
            ck_assert_mem_eq(picture.pixels + row * picture.pitch, pixels + row * W * C, (size_t)(W * C));
        free(file[0]);
        free(file[1]);
        free(pixels);
    }
    rgm_decoder_destroy(decoder);
    rgm_html_img(to, &(rgm_html_image){.type = "png", .bytes = "foo", .size = 3, .alt = "a\"b", .H = 2, .W = 3});
    ck_assert_str_eq(put(), "<img width=\"3\" height=\"2\" alt=\"a&#34;b\" src=\"data:image/png;base64,Zm9v\">");
}
END_TEST

START_TEST(a_file_as_a_whole) {
    char path[] = "/tmp/check_html_XXXXXX", line[64];
    rgm_html_page page;
    rgm_error err;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert(rgm_html_open(&page, path, &err) == RGM_OK);
    rgm_html_begin(page.to, "inspect");
    rgm_html_body(page.to, "x{}");
    ck_assert(rgm_html_flush(&page, &err) == RGM_OK);
    fputs("short\n", page.to); /* less than the head: nothing of the head comes again */
    ck_assert(rgm_html_close(&page, RGM_OK, &err) == RGM_OK);
    ck_assert_int_eq(rgm_file_begins(path, RGM_HTML_HEAD("inspect")), RGM_BEGINS_SO);
    ck_assert_int_eq(rgm_file_begins(path, RGM_HTML_HEAD("predict")), RGM_BEGINS_OTHER);
    FILE *in = fopen(path, "r");
    int32_t heads = 0, ends = 0;
    while (fgets(line, sizeof line, in)) heads += !!strstr(line, "<body>"), ends += !strcmp(line, "</html>\n");
    fclose(in);
    ck_assert_int_eq(heads, 1);
    ck_assert_int_eq(ends, 1);
    ck_assert(rgm_html_open(&page, path, &err) == RGM_OK); /* given up: the earlier one stays */
    ck_assert(rgm_html_close(&page, RGM_E_INTERRUPTED, &err) == RGM_E_INTERRUPTED);
    ck_assert_int_eq(rgm_file_begins(path, RGM_HTML_HEAD("inspect")), RGM_BEGINS_SO);
    ck_assert(rgm_html_open(&page, "/nonexistent/a.html", &err) == RGM_E_IO);
    unlink(path);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("html");
    TCase *tests = tcase_create("html");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, text_of_any_bytes);
    tcase_add_test(tests, numbers_as_text);
    tcase_add_test(tests, base64);
    tcase_add_test(tests, lossless_pictures);
    tcase_add_test(tests, a_file_as_a_whole);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
