/* Views of a data set: orders of samples, and what is held out for validation. */
#include <inttypes.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data/dataset.h"
#include "data/order.h"
#include "data/split.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

START_TEST(test_order) {
    const uint64_t counts[] = {1, 2, 3, 64, 1000, 4097};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        uint64_t n = counts[k], moved = 0, differs = 0;
        uint8_t *seen = calloc(n, 1);
        rgm_order order = rgm_order_make(7, 3, n, 1), next = rgm_order_make(7, 4, n, 1),
                  plain = rgm_order_make(7, 3, n, 0);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = rgm_order_at(&order, i);
            ck_assert(at < n && !seen[at]);
            seen[at] = 1;
            moved += at != i;
            differs += at != rgm_order_at(&next, i);
            ck_assert(rgm_order_at(&plain, i) == i);
        }
        ck_assert(n < 64 || (moved > n * 9 / 10 && differs > n * 9 / 10));
        free(seen);
    }
}
END_TEST

START_TEST(test_holdout) {
    rgm_test_set made = {.train = 1003, .H = 1, .W = 1, .C = 1, .classes = 7};
    make_set(in_folder(folder, "h.h5"), &made);
    rgm_dataset *set = open_set(in_folder(folder, "h.h5"), RGM_ACCESS_AUTO), *borrowed;
    const int32_t *labels = rgm_dataset_labels(set, RGM_SPLIT_TRAIN);
    rgm_test_memory copy;
    rgm_error err = {0};
    copy_to_memory(&copy, set);
    ck_assert_int_eq(rgm_dataset_from_memory(&borrowed, &copy.memory, &err), RGM_OK);
    for (int percent = 1; percent < 100; percent += 7) {
        rgm_holdout one, again, other;
        double fraction = percent / 100.0;
        ck_assert_int_eq(rgm_holdout_create(&one, set, fraction, 5, &err), RGM_OK);
        ck_assert_int_eq(rgm_holdout_create(&again, borrowed, fraction, 5, &err), RGM_OK);
        ck_assert_int_eq(rgm_holdout_create(&other, set, fraction, 6, &err), RGM_OK);
        ck_assert_int_eq(one.validation.count, (int64_t)floor(fraction * 1003 + 0.5));
        ck_assert_int_eq(one.train.count + one.validation.count, 1003);
        ck_assert(memcmp(one.indices, again.indices, 1003 * 4) == 0);
        ck_assert(percent == 1 || memcmp(one.indices, other.indices, 1003 * 4) != 0);
        int seen[1003] = {0}, held[7] = {0}, members[7] = {0};
        for (int64_t i = 0; i < one.train.count; i++) seen[rgm_view_index(&one.train, i)]++;
        for (int64_t i = 0; i < one.validation.count; i++) {
            int64_t at = rgm_view_index(&one.validation, i);
            ck_assert(i == 0 || at > rgm_view_index(&one.validation, i - 1));
            seen[at]++;
            held[labels[at]]++;
        }
        for (int i = 0; i < 1003; i++) {
            ck_assert_int_eq(seen[i], 1);
            members[labels[i]]++;
        }
        for (int c = 0; c < 7; c++) ck_assert(fabs(held[c] - fraction * members[c]) < 1.0);
        rgm_holdout_destroy(&one);
        rgm_holdout_destroy(&again);
        rgm_holdout_destroy(&other);
    }
    rgm_holdout none;
    const double wrong[] = {0.0, 1.0, -0.5, 2.0, NAN, 1e-9, 1.0 - 1e-9};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(rgm_holdout_create(&none, set, wrong[i], 5, &err), RGM_E_USAGE);
    rgm_dataset_close(set);
    rgm_dataset_close(borrowed);
    free_memory(&copy);
}
END_TEST

/* FNV-1a of a list of samples. */
static uint64_t hash_of(const rgm_view *view) {
    uint64_t hash = 14695981039346656037u;
    for (int64_t i = 0; i < view->count; i++)
        for (int32_t byte = 0; byte < 4; byte++)
            hash = (hash ^ (view->indices[i] >> (8 * byte) & 0xff)) * 1099511628211u;
    return hash;
}

/* Opens a set of `train` samples, dealt to the classes in turn. */
static rgm_dataset *dealt(int64_t train, int32_t classes) {
    rgm_test_set made = {.train = train, .H = 1, .W = 1, .C = 1, .classes = classes};
    make_set(in_folder(folder, "dealt.h5"), &made);
    return open_set(in_folder(folder, "dealt.h5"), RGM_ACCESS_AUTO);
}

/* Runs of sets whose classes are equal, or whose remainders all differ, keep their samples from version to version. */
START_TEST(test_holdout_is_the_same_in_every_version) {
    static const struct {
        int64_t train;
        int32_t classes;
        double fraction;
        uint64_t seed, hash;
    } known[] = {
        {6000, 10, 0.1, 1, 0xc08fe6a43de23b5d},
        {6000, 10, 0.1, 2, 0x3ade40b1dc125c95},
        {500, 100, 0.2, 3, 0x80f990b6074b7d56},
        {1003, 2, 0.3, 4, 0x95346313a54d83be},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        rgm_dataset *set = dealt(known[i].train, known[i].classes);
        rgm_holdout holdout;
        ck_assert_int_eq(rgm_holdout_create(&holdout, set, known[i].fraction, known[i].seed, NULL), RGM_OK);
        uint64_t hash = hash_of(&holdout.validation);
        ck_assert_msg(hash == known[i].hash, "%zu: 0x%016" PRIx64, i, hash);
        rgm_holdout_destroy(&holdout);
        rgm_dataset_close(set);
    }
}
END_TEST

/* Samples held out of each class, and of none its last. Returns how many classes gave none. */
static int32_t count_held(const rgm_holdout *holdout, const rgm_dataset *set, int32_t *held) {
    int32_t classes = rgm_dataset_describe(set)->classes, without = 0;
    const int32_t *labels = rgm_dataset_labels(set, RGM_SPLIT_TRAIN);
    int32_t *left = calloc((size_t)classes, sizeof *left);
    memset(held, 0, (size_t)classes * sizeof *held);
    for (int64_t i = 0; i < holdout->validation.count; i++) held[labels[holdout->validation.indices[i]]]++;
    for (int64_t i = 0; i < holdout->train.count; i++) left[labels[holdout->train.indices[i]]]++;
    for (int32_t c = 0; c < classes; c++) {
        ck_assert_msg(left[c] > 0, "class %d has lost its last training sample", c);
        without += held[c] == 0;
    }
    free(left);
    return without;
}

/* Two samples a class: which classes give one is the seed's choice, and all parts of the list are chosen from. */
START_TEST(test_holdout_of_few) {
    static int32_t held[1000], before[1000];
    rgm_dataset *set = dealt(2000, 1000);
    rgm_holdout holdout;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.1, seed, NULL), RGM_OK);
        ck_assert_int_eq(holdout.validation.count, 200);
        ck_assert_int_eq(holdout.asked, 200);
        ck_assert_int_eq(count_held(&holdout, set, held), 800);
        int32_t first = 0, same = 0;
        for (int32_t c = 0; c < 1000; c++) {
            first += c < 200 && held[c];
            same += held[c] && before[c];
        }
        ck_assert_msg(first > 10 && first < 80, "%d of the first 200 classes", first); /* 40 +- 5.1 */
        ck_assert_msg(same < 80, "%d classes were held out with the last seed, too", same);
        memcpy(before, held, sizeof held);
        rgm_holdout_destroy(&holdout);
    }
    /* no class gives its only sample: 0.6 of 2,000 is more than can be had */
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.6, 1, NULL), RGM_OK);
    ck_assert_int_eq(holdout.validation.count, 1000);
    ck_assert_int_eq(holdout.asked, 1200);
    ck_assert_int_eq(count_held(&holdout, set, held), 0);
    rgm_holdout_destroy(&holdout);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_holdout_of_single_samples) {
    static int32_t held[1000];
    rgm_dataset *set = dealt(1050, 1000); /* 50 classes have two */
    rgm_holdout holdout;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.01, 7, NULL), RGM_OK);
    ck_assert_int_eq(holdout.validation.count, 11);
    count_held(&holdout, set, held);
    rgm_holdout_destroy(&holdout);
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.1, 7, NULL), RGM_OK);
    ck_assert_int_eq(holdout.validation.count, 50);
    ck_assert_int_eq(holdout.asked, 105);
    count_held(&holdout, set, held);
    rgm_holdout_destroy(&holdout);
    rgm_dataset_close(set);
    set = dealt(31, 31);
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.1, 7, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, "no class can spare a sample") != NULL, "%s", err.text);
    rgm_dataset_close(set);
}
END_TEST

/* As many classes as there can be: a time that grows with their square would be minutes. */
START_TEST(test_holdout_of_many_classes) {
    static int32_t held[RGM_DATA_CLASSES];
    rgm_dataset *set = dealt(2 * RGM_DATA_CLASSES, RGM_DATA_CLASSES);
    rgm_holdout holdout;
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.25, 1, NULL), RGM_OK);
    ck_assert_int_eq(holdout.validation.count, RGM_DATA_CLASSES / 2);
    ck_assert_int_eq(count_held(&holdout, set, held), RGM_DATA_CLASSES / 2);
    rgm_holdout_destroy(&holdout);
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("views");
    TCase *views = tcase_create("views");
    tcase_add_checked_fixture(views, setup, teardown);
    tcase_add_test(views, test_order);
    tcase_add_test(views, test_holdout);
    tcase_add_test(views, test_holdout_is_the_same_in_every_version);
    tcase_add_test(views, test_holdout_of_few);
    tcase_add_test(views, test_holdout_of_single_samples);
    tcase_add_test(views, test_holdout_of_many_classes);
    suite_add_tcase(suite, views);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
