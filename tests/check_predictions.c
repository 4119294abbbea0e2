/* What is told of predictions: sums, mistakes, files, and the page. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report/gallery.h"
#include "report/predictions.h"

static char folder[64], csv[128], json[128], page[128], text_file[128];

static void set_up(void) {
    snprintf(folder, sizeof folder, "/tmp/regimen-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(csv, sizeof csv, "%s/a.csv", folder);
    snprintf(json, sizeof json, "%s/a.json", folder);
    snprintf(page, sizeof page, "%s/a.html", folder);
    snprintf(text_file, sizeof text_file, "%s/a.txt", folder);
}

static void tear_down(void) {
    unlink(csv);
    unlink(json);
    unlink(page);
    unlink(text_file);
    rmdir(folder);
}

/* A whole file as text, to be freed. */
static char *content(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    char *text = calloc(1, 1 << 16);
    ck_assert(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static const char *const names[] = {"a,b", "<i>", "\"c\"", "d"};

static rgm_predictions *begin(int32_t labels) {
    rgm_error err = {0};
    rgm_predictions *p;
    const rgm_predictions_options options = {.model = "resnet20",
                                             .checkpoint = "best.h5",
                                             .transform = "",
                                             .names = names,
                                             .classes = 4,
                                             .top = 2,
                                             .labels = labels,
                                             .csv = csv,
                                             .json = json,
                                             .quiet = 1};
    ck_assert_msg(rgm_predictions_begin(&p, &options, &err) == RGM_OK, "%s", err.text);
    return p;
}

static void add(rgm_predictions *p, const char *file, int32_t taken, int32_t label, float likelihood) {
    rgm_error err = {0};
    const rgm_ranked top[2] = {{taken, 0.75f}, {(taken + 1) % 4, 0.25f}};
    const rgm_prediction one = {.file = file, .label = label, .likelihood = likelihood, .top = top, .count = 2};
    ck_assert_msg(rgm_predictions_add(p, &one, &err) == RGM_OK, "%s", err.text);
}

START_TEST(sums_and_mistakes) {
    rgm_error err = {0};
    rgm_predictions_sums sums;
    rgm_mistake m[3];
    rgm_predictions *p = begin(1);
    add(p, "1", 0, 0, 0.5f);
    for (int i = 0; i < 3; i++) add(p, "2", 1, 0, 0.25f);
    add(p, "3", 2, 3, 0.25f);
    add(p, "4", 2, 1, 0.25f);
    add(p, "5", 2, 1, 0.0f); /* not an infinite loss */
    add(p, "6", 3, -1, 0);
    rgm_predictions_sum(p, &sums);
    ck_assert(sums.pictures == 8 && sums.labelled == 7 && sums.hits == 1 && sums.counts[2] == 3);
    ck_assert(fabs(sums.loss - (log(2.0) + 5 * log(4.0) + 37 * log(10.0)) / 7) < 1e-6);
    ck_assert_int_eq(rgm_predictions_mistakes(p, m, 3), 3);
    ck_assert(m[0].label == 0 && m[0].taken == 1 && m[0].count == 3);
    ck_assert(m[1].label == 1 && m[1].taken == 2 && m[1].count == 2);
    ck_assert(m[2].label == 3 && m[2].taken == 2 && m[2].count == 1);
    ck_assert_int_eq(rgm_predictions_mistakes(p, m, 1), 3); /* kinds */
    ck_assert_int_eq(m[0].count, 3);
    ck_assert_int_eq(rgm_predictions_end(p, 2, &err), RGM_OK);
    rgm_predictions_destroy(p);
}
END_TEST

START_TEST(files_of_answers) {
    rgm_error err = {0};
    rgm_predictions *p = begin(1);
    add(p, "x \"y\".jpg", 0, 2, 0.125f);
    add(p, "line\nend", 1, -1, 0);
    ck_assert_int_eq(rgm_predictions_unreadable(p, "bad\377", "a \"reason\"", &err), RGM_OK);
    ck_assert_int_eq(rgm_predictions_end(p, 2, &err), RGM_OK);
    rgm_predictions_destroy(p);
    char *text = content(csv);
    ck_assert_str_eq(text, "file,class,probability,class_2,probability_2,label\r\n"
                           "\"x \"\"y\"\".jpg\",\"a,b\",0.75,<i>,0.25,\"\"\"c\"\"\"\r\n"
                           "\"line\nend\",<i>,0.75,\"\"\"c\"\"\",0.25,\r\n");
    free(text);
    text = content(json);
    ck_assert_ptr_nonnull(strstr(text,
                                 "{\"file\":\"line\\nend\",\"top\":[{\"class\":1,\"name\":\"<i>\","
                                 "\"probability\":0.75},{\"class\":2,\"name\":\"\\\"c\\\"\",\"probability\":0.25}]}"));
    ck_assert_ptr_nonnull(strstr(text, "{\"file\":\"bad\357\277\275\",\"reason\":\"a \\\"reason\\\"\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"images_per_s\": 1.0,"));
    free(text);
}
END_TEST

START_TEST(no_answers) {
    rgm_error err = {0};
    rgm_predictions *p = begin(0);
    ck_assert_int_eq(rgm_predictions_end(p, 0, &err), RGM_OK);
    rgm_predictions_destroy(p);
    char *text = content(json);
    ck_assert_ptr_nonnull(strstr(text, "\"predictions\": [],\n  \"unreadable\": [],\n"));
    free(text);
}
END_TEST

/* Sums as lines: counts behind a colon, since names may be numbers, and what is cut is said. */
START_TEST(lines_of_sums) {
    rgm_error err = {0};
    rgm_predictions *p;
    const rgm_predictions_options options = {
        .model = "m", .checkpoint = "best.h5", .transform = "", .classes = 12, .top = 2, .columns = 1};
    for (int many = 0; many < 2; many++) {
        ck_assert_ptr_nonnull(freopen(text_file, "w", stdout));
        ck_assert_int_eq(rgm_predictions_begin(&p, &options, &err), RGM_OK);
        for (int i = 0; i < (many ? 8 : 1); i++) {
            const rgm_ranked top[2] = {{i + 3, 0.75f}, {0, 0.25f}};
            const rgm_prediction one = {.file = "x", .label = i, .likelihood = 0.1f, .top = top, .count = 2};
            for (int j = i; j < 8; j++) ck_assert_int_eq(rgm_predictions_add(p, &one, &err), RGM_OK);
        }
        const rgm_ranked top[2] = {{11, 0.75f}, {0, 0.25f}};
        const rgm_prediction unknown = {.file = "x", .label = -1, .top = top, .count = 2};
        ck_assert_int_eq(rgm_predictions_add(p, &unknown, &err), RGM_OK);
        ck_assert_int_eq(rgm_predictions_end(p, 0, &err), RGM_OK);
        rgm_predictions_destroy(p);
        char *text = content(text_file);
        static const char *const has[2][2] = {{"\nclasses    3: 8, 11: 1\n", "\nmistakes   0 taken for 3: 8\n"},
                                              {"\nclasses    3: 8, 4: 7, 5: 6, 6: 5, 7: 4, 8: 3, 9: 2, 10: 1, 11: 1\n",
                                               "\nmistakes   0 taken for 3: 8, 1 taken for 4: 7, 2 taken for 5: 6, 3 "
                                               "taken for 6: 5, 4 taken for 7: 4, and 3 "
                                               "more\n"}};
        for (int i = 0; i < 2; i++) ck_assert_msg(strstr(text, has[many][i]), "no '%s' in %s", has[many][i], text);
        free(text);
    }
}
END_TEST

START_TEST(names_on_the_page_are_text) {
    rgm_error err = {0};
    rgm_gallery *g;
    int64_t counts[4] = {0, 2, 0, 0};
    rgm_mistake mistakes[RGM_GALLERY_MISTAKES];
    for (int i = 0; i < RGM_GALLERY_MISTAKES; i++) mistakes[i] = (rgm_mistake){2, 1, 1};
    rgm_unreadable bad = {(char[]){"</table><script>"}, (char[]){"\001 & more"}};
    const rgm_predictions_sums sums = {.pictures = 2,
                                       .labelled = 1,
                                       .hits = 0,
                                       .loss = 3,
                                       .counts = counts,
                                       .unreadable = &bad,
                                       .unreadable_count = 1};
    const rgm_gallery_options options = {.model = "m",
                                         .checkpoint = "<c>",
                                         .transform = "",
                                         .inputs = "a'b",
                                         .names = names,
                                         .classes = 4,
                                         .sums = &sums,
                                         .mistakes = mistakes,
                                         .mistake_kinds = RGM_GALLERY_MISTAKES + 1,
                                         .shown = 1};
    const rgm_ranked top[2] = {{1, 0.9f}, {2, 0.1f}};
    const rgm_prediction one = {.file = "x/\" onload=\"\377", .label = 2, .likelihood = 0.1f, .top = top, .count = 2};
    ck_assert_msg(rgm_gallery_begin(&g, page, &options, &err) == RGM_OK, "%s", err.text);
    const rgm_gallery_entry entry = {
        .prediction = &one, .jpeg = (const uint8_t *)"abcd", .jpeg_size = 4, .H = 30, .W = 40};
    ck_assert_int_eq(rgm_gallery_add(g, &entry, &err), RGM_OK);
    ck_assert_int_eq(rgm_gallery_add(g, &(rgm_gallery_entry){.prediction = &one}, &err), RGM_OK);
    ck_assert_int_eq(access(page, F_OK), -1); /* not before it is whole */
    ck_assert_int_eq(rgm_gallery_end(g, RGM_OK, &err), RGM_OK);
    char *text = content(page);
    static const char *const has[] = {"2 pictures, 0.0 % of 1 with a label right",
                                      "&#60;c&#62;",
                                      "a&#39;b",
                                      "&#60;i&#62;",
                                      "x/&#34; onload=&#34;&#xfffd;",
                                      "base64,YWJjZA==",
                                      "&#60;/table&#62;&#60;script&#62;",
                                      "&#xfffd; &#38; more",
                                      "can no longer be read",
                                      "1 is left out",
                                      "(1 picture with a label)",
                                      "<p class=\"soft\">And 1 more.</p>",
                                      "<span title=\"&#60;i&#62;\">&#60;i&#62;</span>",
                                      "40 x 30",
                                      "</html>\n"};
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        ck_assert_msg(strstr(text, has[i]), "no '%s' in %s", has[i], text);
    ck_assert(!strstr(text, "<script") && !strstr(text, "<i>\""));
    free(text);
    ck_assert_int_eq(rgm_gallery_begin(&g, "/nonexistent/a.html", &options, &err), RGM_E_IO);
    ck_assert_ptr_null(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("predictions");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, sums_and_mistakes);
    tcase_add_test(tcase, files_of_answers);
    tcase_add_test(tcase, no_answers);
    tcase_add_test(tcase, lines_of_sums);
    tcase_add_test(tcase, names_on_the_page_are_text);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
