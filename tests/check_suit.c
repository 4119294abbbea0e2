/* The rule for batch, epochs and rate (train/suit.h), by itself and in a configuration. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/suit.h"

static rgm_config config;

static void begin(void) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
}

static void set(const char *assignment) {
    rgm_error err = {0};
    ck_assert_msg(rgm_config_assign(&config, assignment, &err) == RGM_OK, "%s", err.text);
}

/* Fits it to images of 28x28 in 10 classes. */
static void fit(int64_t images, int32_t suit) {
    rgm_error err = {0};
    const rgm_config_data data = {1, 28, 28, 10, images, suit};
    ck_assert_msg(rgm_config_fit(&config, &data, &err) == RGM_OK, "%s", err.text);
}

static const char *rate(void) {
    const char *lr = rgm_spec_get(&config.optimizer, "lr");
    return lr ? lr : "";
}

static void expect(int32_t batch, int32_t epochs, const char *lr) {
    ck_assert_int_eq(config.batch, batch);
    ck_assert_int_eq(config.epochs, epochs);
    ck_assert_str_eq(rate(), lr);
}

/* ---- the rule ---- */

START_TEST(a_full_set_has_the_table) {
    for (int64_t images = RGM_SUIT_FULL; images < 1 << 30; images *= 3) {
        ck_assert_int_eq(rgm_suit_batch(images, 128), 128);
        ck_assert_int_eq(rgm_suit_epochs(images, 28 * 28, 22), 22);
        ck_assert_int_eq(rgm_suit_epochs(images, 16384 * 16384, 22), 22);
    }
    ck_assert(rgm_suit_rate(0.3, 128, 128) == 0.3);
    ck_assert(rgm_suit_rate(0.3, 4096, 128) == 0.3);
}
END_TEST

START_TEST(the_rule_is_monotone_and_bounded) {
    int32_t batch = 0, epochs = INT32_MAX;
    for (int64_t images = 1; images < 100000; images++) {
        int32_t b = rgm_suit_batch(images, 128), e = rgm_suit_epochs(images, 28 * 28, 22);
        ck_assert(b >= batch && b >= 16 && b <= 128 && (b & (b - 1)) == 0);
        ck_assert(e <= epochs && e >= 22);
        ck_assert(rgm_suit_epochs(images, 224 * 224, 22) <= e);
        batch = b;
        epochs = e;
    }
    double last = 0;
    for (int32_t b = 1; b < 200; b++) {
        double r = rgm_suit_rate(0.3, b, 128);
        ck_assert(r >= last && r > 0 && r <= 0.3);
        last = r;
    }
}
END_TEST

/* Large pictures: more epochs than the table's only as far as the run stays affordable. */
START_TEST(large_pictures_bound_the_epochs) {
    for (int64_t images = 10; images < 60000; images = images * 5 / 4) {
        int32_t epochs = rgm_suit_epochs(images, 224 * 224, 22);
        ck_assert(epochs == 22 || (double)epochs * (double)images * 224 * 224 <= 1.01 * RGM_SUIT_PIXELS);
    }
    ck_assert_int_eq(rgm_suit_epochs(4500, 224 * 224, 22), 22);
    ck_assert_int_gt(rgm_suit_epochs(450, 224 * 224, 22), 100);
}
END_TEST

/* The values that docs/CONFIG.md tells. */
START_TEST(the_manual_tells_its_values) {
    static const struct {
        int64_t images;
        int32_t batch, epochs;
        const char *lr;
    } rows[] = {{270, 16, 160, "0.11"}, {450, 16, 132, "0.11"},  {900, 16, 102, "0.11"},
                {4500, 32, 56, "0.15"}, {18000, 64, 33, "0.21"}, {45000, 128, 24, "0.3"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        fit(rows[i].images, 1);
        expect(rows[i].batch, rows[i].epochs, rows[i].lr);
    }
}
END_TEST

/* ---- a configuration ---- */

START_TEST(what_is_given_stays) {
    char text[RGM_SUIT_TEXT];
    set("batch=128");
    set("epochs=22");
    set("optimizer.lr=0.3");
    fit(900, 1);
    expect(128, 22, "0.3");
    ck_assert_str_eq(rgm_suit_describe(&config, text), "");
    begin();
    fit(900, 0);
    expect(128, 22, "0.3");
    ck_assert_str_eq(rgm_suit_describe(&config, text), "");
}
END_TEST

START_TEST(the_rate_goes_with_a_given_batch) {
    char text[RGM_SUIT_TEXT];
    set("batch=64");
    fit(900, 1);
    expect(64, 102, "0.21");
    ck_assert_str_eq(rgm_suit_describe(&config, text), "102 epochs, rate 0.21");
    begin();
    set("batch=500");
    fit(54000, 1);
    expect(500, 22, "0.3");
}
END_TEST

/* Another setting of the optimizer leaves the rate to the rule; another optimizer, or a rate, does not. */
START_TEST(an_optimizer_keeps_its_own_rate) {
    static const struct {
        const char *assignment, *lr;
    } rows[] = {{"optimizer.momentum=0.8", "0.11"},
                {"optimizer.lr=0.3", "0.3"},
                {"optimizer.sgd.lr=0.3", "0.3"},
                {"optimizer={sgd: {lr: 0.3, momentum: 0.9, nesterov: true}}", "0.3"},
                {"optimizer=sgd", ""},
                {"optimizer={adamw: {lr: 1e-3}}", "1e-3"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        set(rows[i].assignment);
        fit(900, 1);
        expect(16, 102, rows[i].lr);
    }
}
END_TEST

START_TEST(a_model_has_its_own_rate) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_suit(&config, "mlp", &err), RGM_OK);
    fit(54000, 1);
    expect(128, 22, "0.1");
    begin();
    ck_assert_int_eq(rgm_config_suit(&config, "mlp", &err), RGM_OK);
    fit(900, 1);
    expect(16, 102, "0.035");
    begin();
    set("optimizer.lr=0.3");
    ck_assert_int_eq(rgm_config_suit(&config, "mlp", &err), RGM_OK);
    fit(900, 1);
    ck_assert_str_eq(rate(), "0.3");
}
END_TEST

/* What a configuration was fitted to is written with it: read back, it is given and stays. */
START_TEST(a_fitted_configuration_is_read_back) {
    static rgm_config again;
    rgm_error err = {0};
    char *text;
    size_t size;
    fit(900, 1);
    ck_assert_int_eq(rgm_config_print(&config, &text, &size, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_init(&again, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_parse(&again, text, size, "again", &err), RGM_OK);
    free(text);
    const rgm_config_data data = {1, 28, 28, 10, 54000, 1};
    ck_assert_int_eq(rgm_config_fit(&again, &data, &err), RGM_OK);
    ck_assert_ptr_null(rgm_config_difference(&config, &again, NULL));
    ck_assert_int_eq(again.suited, 0);
}
END_TEST

/* Sets of some images: the batch is within them and leaves out few. */
START_TEST(tiny_sets_have_a_batch) {
    for (int64_t images = 1; images < 200; images++) {
        begin();
        fit(images, 1);
        ck_assert(config.batch >= 1 && config.batch <= images && config.batch <= 16);
        ck_assert(images < 16 || config.batch >= 8);
        ck_assert(images < 64 || (double)(images % config.batch) <= RGM_BATCH_LOSS * (double)images);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("suit");
    TCase *tcase = tcase_create("suit");
    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_add_test(tcase, a_full_set_has_the_table);
    tcase_add_test(tcase, the_rule_is_monotone_and_bounded);
    tcase_add_test(tcase, large_pictures_bound_the_epochs);
    tcase_add_test(tcase, the_manual_tells_its_values);
    tcase_add_test(tcase, what_is_given_stays);
    tcase_add_test(tcase, the_rate_goes_with_a_given_batch);
    tcase_add_test(tcase, an_optimizer_keeps_its_own_rate);
    tcase_add_test(tcase, a_model_has_its_own_rate);
    tcase_add_test(tcase, a_fitted_configuration_is_read_back);
    tcase_add_test(tcase, tiny_sets_have_a_batch);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
