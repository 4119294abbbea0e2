/* Parts of a run's page: what a model says, and what was watched. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "run_page_case.h"

START_TEST(what_is_examined) {
    rgm_examination x;
    rgm_error err;
    int32_t order[CLASSES];
    examine(&x, 0.9);
    ck_assert(x.images == IMAGES && x.hits == IMAGES - IMAGES / 16);
    ck_assert(x.pairs[0 * CLASSES + 3] == IMAGES / 16 && x.pairs[3 * CLASSES + 0] == 0);
    ck_assert(x.each[3].taken == IMAGES / 4 + IMAGES / 16 && x.each[3].hits == IMAGES / 4);
    ck_assert_int_eq(x.worst_count, RGM_EXAMINED_WORST);
    ck_assert(x.worst[0].index == 160 && x.worst[0].label == 0 && x.worst[0].taken == 3);
    ck_assert(x.worst[1].index == 0 && x.worst[2].index == 16); /* of equals the first ones */
    ck_assert(rgm_examination_order(&x, order, &err) == RGM_OK);
    ck_assert(order[0] == 0 && order[1] == 3); /* the one that it is confused with */
    double n = IMAGES, odd = IMAGES / 16.0;
    double loss = (-(n - odd) * log(0.9) - (odd - 1) * log(0.1 / 3) - log(1e-6)) / n;
    ck_assert_double_eq_tol(x.loss, loss, 1e-5);
    rgm_examination_free(&x);
}
END_TEST

START_TEST(calibration) {
    rgm_examination x;
    examine(&x, 0.9375); /* as sure as it is right */
    rgm_calibration c = rgm_examination_calibration(&x);
    ck_assert(c.error < 1e-4 && c.low <= c.error + 0.001 && c.error < c.chance);
    rgm_examination_free(&x);
    examine(&x, 0.85);
    c = rgm_examination_calibration(&x);
    ck_assert_double_eq_tol(c.error, 0.9375 - 0.85, 1e-4);
    ck_assert_double_eq_tol(c.above, 0.85 - 0.9375, 1e-4);
    double half = 1.96 * sqrt(0.9375 * 0.0625 / IMAGES);
    ck_assert_double_eq_tol(c.low, c.error - half, 0.15 * half);
    ck_assert_double_eq_tol(c.high, c.error + half, 0.15 * half);
    ck_assert_double_eq_tol(c.chance, 1.96 * sqrt(0.85 * 0.15 / IMAGES), 0.0006);
    rgm_examination_free(&x);
}
END_TEST

START_TEST(noise_of_filters) {
    enum { N = 64, SIDE = 7 };
    static float w[N * SIDE * SIDE];
    rgm_examined_filters f = {N, 1, SIDE, SIDE, w};
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        w[i] = (float)(state >> 40) - 8388608.0f;
    }
    rgm_filter_noise noise = rgm_examination_noise(&f);
    ck_assert_msg(fabs(noise.ratio - 1) < 1.5 * noise.margin && noise.dead == 0, "%g %g", noise.ratio, noise.margin);
    for (int32_t i = 0; i < N * SIDE * SIDE; i++)
        w[i] = sinf(0.3f * (float)(i % SIDE) + 0.2f * (float)(i / SIDE % SIDE));
    noise = rgm_examination_noise(&f);
    ck_assert(noise.ratio < 0.5);
    for (int32_t i = 0; i < N * SIDE * SIDE; i++)
        w[i] = i / SIDE / SIDE < 10 ? 1e-9f : (i % SIDE + i / SIDE % SIDE) % 2 ? 1.0f : -1.0f;
    noise = rgm_examination_noise(&f);
    ck_assert(noise.ratio > 1.5 && noise.dead == 10);
    f.H = f.W = 1;
    ck_assert(isnan(rgm_examination_noise(&f).ratio));
}
END_TEST

/* ---- what was watched ---- */

static char *page_of_watched(const rgm_watched *w, size_t *size) {
    rgm_history *h = read_run();
    char *text = write_page(h, NULL, w, size);
    rgm_history_free(h);
    return text;
}

START_TEST(the_network_from_within) {
    static const float logits[5][3] = {{9, 0, 0}, {0, 9, 0}, {9, 0, 0}, {9, 0, 0}, {0, 9, 0}};
    static const char *const parts[] = {"id=\"within\"",
                                        "id=\"activations\"",
                                        "id=\"gradients\"",
                                        "id=\"updates\"",
                                        "id=\"dead\"",
                                        "The first batch as the network sees it",
                                        "Filters of the first layer at the start"};
    size_t size;
    write_config(3, 50);
    write_file(metrics, "", 0);
    rgm_watched *w = watch_run(4, 300);
    char *text = page_of_watched(w, &size);
    ck_assert_int_eq(markup_count(text, "id=\"dynamics\""), 0); /* there was no evaluation */
    free(text);
    rgm_watched_predict(w, 300, &logits[0][0], 3);
    text = page_of_watched(w, &size);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) ck_assert_msg(strstr(text, parts[i]), "%s", parts[i]);
    ck_assert_int_eq(markup_count(text, "id=\"dynamics\""), 1);
    ck_assert_ptr_null(strstr(text, "<b>&layer"));
    ck_assert_ptr_nonnull(strstr(text, "&#38;layer3"));
    ck_assert_ptr_nonnull(strstr(text, "102: class 2"));
    free(text);
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(nothing_was_watched) {
    size_t size;
    write_config(3, 50);
    rgm_watched *w = watch_run(3, 0);
    char *text = page_of_watched(w, &size);
    ck_assert_ptr_null(strstr(text, "id=\"within\""));
    free(text);
    rgm_watched_destroy(w);
    w = watch_run(1, 1); /* one layer, one step */
    text = page_of_watched(w, &size);
    ck_assert_ptr_nonnull(strstr(text, "id=\"within\""));
    free(text);
    rgm_watched_destroy(w);
    w = watch_run(700, 20000); /* of more layers than have room the first ones */
    text = page_of_watched(w, &size);
    ck_assert_msg(size < 2 << 20, "%zu", size);
    free(text);
    rgm_watched_destroy(w);
}
END_TEST

/* The page of a run whose folder has a file check.json with this text. */
static char *page_of_checks(const char *text, size_t length) {
    char path[PATH];
    size_t size;
    rgm_history *h = read_run();
    snprintf(path, sizeof path, "%s/check.json", folder);
    write_file(path, text, length);
    char *shown = write_page(h, NULL, NULL, &size);
    ck_assert_int_eq(unlink(path), 0);
    rgm_history_free(h);
    return shown;
}

START_TEST(what_a_check_said) {
    static const char checks[] =
        "{\"checks\": [{\"name\": \"rate\", \"verdict\": \"fail\", \"figure\": \"9 < 10\", \"cause\": \"<b>\", "
        "\"edit\": \"lr\"},"
        " {\"name\": \"batch\", \"verdict\": \"pass\", \"figure\": \"fine\"}, 7, {\"name\": 3}]}";
    static const char *const odd[] = {"", "[1, 2]", "{\"checks\": 3}", "{\"checks\": [", "\xff"};
    write_config(3, 50);
    char *text = page_of_checks(checks, sizeof checks - 1);
    ck_assert_ptr_nonnull(strstr(text, "id=\"checks\""));
    ck_assert_ptr_nonnull(strstr(text, "href=\"#checks\""));
    ck_assert_ptr_nonnull(strstr(text, "1 of 4 lines passed"));
    ck_assert_ptr_nonnull(strstr(text, "<td>rate</td><td>9 &#60; 10</td><td>&#60;b&#62;</td><td>lr</td>"));
    ck_assert(strstr(text, "<td>rate") < strstr(text, "<details><summary>Lines that passed"));
    ck_assert(strstr(text, "<td>batch") > strstr(text, "<details><summary>Lines that passed"));
    free(text);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        text = page_of_checks(odd[i], strlen(odd[i]));
        ck_assert_ptr_nonnull(strstr(text, "holds no verdicts"));
        free(text);
    }
    rgm_history *h = read_run();
    size_t size;
    text = write_page(h, NULL, NULL, &size);
    ck_assert_ptr_null(strstr(text, "id=\"checks\""));
    free(text);
    rgm_history_free(h);
}
END_TEST

static TCase *case_of(const char *name) {
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    return c;
}

TCase *run_page_answers(void) {
    TCase *c = case_of("answers");
    tcase_add_test(c, what_is_examined);
    tcase_add_test(c, calibration);
    tcase_add_test(c, noise_of_filters);
    tcase_add_test(c, what_a_check_said);
    return c;
}

TCase *run_page_watched(void) {
    TCase *c = case_of("watched");
    tcase_add_test(c, the_network_from_within);
    tcase_add_test(c, nothing_was_watched);
    return c;
}
