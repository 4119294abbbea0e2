/* Pictures that cannot be read: what an import lists of them, and where. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "import_case.h"
#include "make_set.h"

static import_case *c;

static void setup(void) { c = import_begin(); }
static void teardown(void) { import_end(); }

START_TEST(test_quarantine) {
    static const uint8_t bomb[] = {0x89, 'P', 'N', 'G', 13, 10,  26,  10, 0, 0, 0, 13, 'I',  'H',  'D',  'R', 0,
                                   0,    255, 255, 0,   0,  255, 255, 8,  2, 0, 0, 0,  0x9d, 0xa0, 0xa0, 0x80};
    import_two_classes(3);
    import_put("cat/1empty.jpg", "", 0);
    import_put("cat/2text.JPEG", "hello, world", 12);
    import_damaged("cat/3half.jpg", RGM_PICTURE_JPEG, 0.5, 0);
    import_damaged("cat/4half.png", RGM_PICTURE_PNG, 0.5, 0);
    import_damaged("cat/5flip.png", RGM_PICTURE_PNG, 1.0, 1);
    import_damaged("cat/6half.webp", RGM_PICTURE_WEBP, 0.5, 0);
    import_damaged("cat/7half.bmp", RGM_PICTURE_BMP, 0.5, 0);
    import_damaged("cat/8half.ppm", RGM_PICTURE_PNM, 0.5, 0);
    import_put("cat/9bomb.png", bomb, sizeof bomb);
    import_damaged("cat/head.jpg", RGM_PICTURE_JPEG, 0.05, 0);
    ck_assert_int_eq(symlink("nowhere", import_path("cat/link.png")), 0);
    import_damaged("cat/unnamed", RGM_PICTURE_PNG, 0.5, 0); /* a picture by its content */
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.quarantined, 12);
    ck_assert_int_eq(c->quarantined_count, 12);
    import_quarantined("1empty.jpg", "empty file");
    import_quarantined("2text.JPEG", "not a picture");
    import_quarantined("9bomb.png", "");
    import_quarantined("link.png", "cannot be read: No such file");
    for (int32_t i = 0; i < 12; i++) {
        ck_assert_msg(strlen(c->quarantined[i].reason) > 5, "%s: '%s'", c->quarantined[i].file,
                      c->quarantined[i].reason);
        ck_assert_msg(!strstr(c->quarantined[i].reason, "picture: "), "%s", c->quarantined[i].reason);
        ck_assert(i == 0 || strcmp(c->quarantined[i - 1].file, c->quarantined[i].file) < 0);
    }
    size_t size;
    char *list = (char *)load_file(in_folder(c->folder, "out.quarantine.csv"), &size);
    int32_t lines = 0;
    for (const char *at = list; *at; at++) lines += *at == '\n';
    ck_assert_int_eq(lines, 13);
    free(list);
    c->options.pictures.quarantine = in_folder(c->folder, "other.csv");
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_str_eq(c->report.quarantine, c->options.pictures.quarantine);
    ck_assert(access(c->report.quarantine, F_OK) == 0);
}
END_TEST

/* A file that holds something else is not overwritten. With nothing to list, an older list goes away. */
START_TEST(test_quarantine_kept) {
    char mine[4500];
    size_t size;
    import_two_classes(3);
    snprintf(mine, sizeof mine, "%s", in_folder(c->folder, "mine.txt"));
    ck_assert_int_eq(rename(import_path("cat/000.png"), mine), 0);
    c->options.pictures.quarantine = mine;
    import_put("cat/broken.png", "x", 1);
    import_expect(rgm_import_folder, RGM_E_USAGE, "mine.txt: exists, and is no list");
    free(load_file(mine, &size));
    ck_assert(size > 100 && access(c->out, F_OK) != 0);
    ck_assert_int_eq(truncate(mine, 0), 0);
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_put("cat/broken2.png", "x", 1);
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.quarantined, 2);
    ck_assert_int_eq(unlink(import_path("cat/broken.png")) + unlink(import_path("cat/broken2.png")), 0);
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert(access(mine, F_OK) != 0);
}
END_TEST

/* A JPEG that lacks its end marker alone is taken, and told. */
START_TEST(test_end_marker) {
    size_t size;
    uint8_t *file = make_picture(&(picture_spec){.kind = RGM_PICTURE_JPEG, .H = 20, .W = 20, .C = 3}, &size);
    import_two_classes(2);
    import_put("cat/ends.jpg", file, size - 2);
    import_put("cat/short.jpg", file, size - 3);
    free(file);
    c->options.pictures.keep = _i;
    if (_i) c->options.pictures.H = c->options.pictures.W = 0;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.warnings, 1);
    ck_assert_int_eq(c->report.quarantined, 1);
    import_quarantined("cat/short.jpg", "JPEG: ends too early");
}
END_TEST

/* A film beside the photographs is no picture, however large. */
START_TEST(test_large_other) {
    import_two_classes(3);
    import_put("cat/film.mp4", "\0\0\0 ftypisom", 12);
    import_put("dog/zeros.png", "", 0);
    ck_assert_int_eq(truncate(import_path("cat/film.mp4"), (off_t)1 << 30), 0);
    ck_assert_int_eq(truncate(import_path("dog/zeros.png"), (off_t)1 << 30), 0);
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_OTHER], 1);
    ck_assert_int_eq(c->report.quarantined, 1);
    import_quarantined("dog/zeros.png", "not a picture");
}
END_TEST

START_TEST(test_all_broken) {
    import_put("cat/a.jpg", "x", 1);
    import_put("dog/a.jpg", "", 0);
    import_expect(rgm_import_folder, RGM_E_FORMAT, "none of 2 pictures can be read: ");
    ck_assert(strstr(c->err.text, "out.quarantine.csv") && access(c->out, F_OK) != 0);
    import_picture("dog/b.jpg", RGM_PICTURE_JPEG, 10, 10, 3);
    import_expect(rgm_import_folder, RGM_E_FORMAT, "readable pictures of one class only, 'dog'");
    import_put("owl/readme", "x", 1);
    ck_assert(unlink(import_path("cat/a.jpg")) == 0 && unlink(import_path("dog/a.jpg")) == 0 &&
              unlink(import_path("dog/b.jpg")) == 0);
    import_expect(rgm_import_folder, RGM_E_FORMAT, "no pictures in it");
    ck_assert(access(in_folder(c->folder, "out.quarantine.csv"), F_OK) != 0); /* the older list is gone */
    ck_assert_int_eq(unlink(import_path("owl/readme")), 0);
    import_expect(rgm_import_folder, RGM_E_FORMAT, "no files in it");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import quarantine");
    TCase *tests = tcase_create("quarantine");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_quarantine);
    tcase_add_test(tests, test_quarantine_kept);
    tcase_add_loop_test(tests, test_end_marker, 0, 2);
    tcase_add_test(tests, test_large_other);
    tcase_add_test(tests, test_all_broken);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
