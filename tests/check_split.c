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

/* A choice among samples with groups, of random sizes. */
typedef struct trial {
    int32_t labels[2000], groups[2000], size[2000]; /* size: of each group */
    uint8_t held[2000];
    rgm_stratified ask;
    int64_t asked, total;
} trial;

static uint32_t next_of(uint32_t *state) { return *state = *state * 1664525u + 1013904223u, *state >> 8; }

/* In a mixed trial every tenth copy has another label. */
static void make_trial(trial *t, uint32_t seed, int32_t mixed) {
    uint32_t state = seed;
    int32_t count = 50 + (int32_t)(next_of(&state) % 1950), classes = 2 + (int32_t)(next_of(&state) % 9), group = -1;
    for (int32_t i = 0; i < count; i++) {
        t->labels[i] = (int32_t)(next_of(&state) % (uint32_t)classes);
        t->groups[i] = -1;
        if (i < 1 || next_of(&state) % 3) continue;
        const int32_t of = (int32_t)(next_of(&state) % (uint32_t)i);
        if (t->groups[of] < 0) t->size[t->groups[of] = ++group] = 1;
        t->groups[i] = t->groups[of];
        t->size[t->groups[i]]++;
        if (!mixed || next_of(&state) % 10) t->labels[i] = t->labels[of];
    }
    t->ask = (rgm_stratified){.labels = t->labels, .groups = t->groups, .count = count, .classes = classes};
    t->ask.fraction = 0.05 + 0.01 * (double)(next_of(&state) % 45);
    t->ask.seed = seed;
    t->asked = t->total = (int64_t)(t->ask.fraction * count);
}

/* No group is divided, no class gives its last sample, and `total` is true. */
static void check_trial(const trial *t) {
    int32_t held[2000] = {0}, left[10] = {0}, members[10] = {0};
    int64_t total = 0;
    for (int64_t i = 0; i < t->ask.count; i++) {
        total += t->held[i];
        members[t->labels[i]]++;
        left[t->labels[i]] += !t->held[i];
        if (t->groups[i] >= 0) held[t->groups[i]] += t->held[i];
    }
    ck_assert_int_eq(total, t->total);
    for (int64_t i = 0; i < t->ask.count; i++)
        ck_assert(t->groups[i] < 0 || held[t->groups[i]] == 0 || held[t->groups[i]] == t->size[t->groups[i]]);
    for (int32_t c = 0; c < t->ask.classes; c++) ck_assert(members[c] == 0 || left[c] > 0);
}

START_TEST(test_groups_stay_together) {
    static trial t, again;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        make_trial(&t, seed, seed % 2 == 0);
        ck_assert_int_eq(rgm_stratify(&t.ask, &t.total, t.held, NULL), RGM_OK);
        check_trial(&t);
        ck_assert_msg(t.total == t.asked, "%u: %lld, asked for %lld", seed, (long long)t.total, (long long)t.asked);
        int32_t held[10] = {0}, members[10] = {0};
        for (int64_t i = 0; i < t.ask.count; i++) {
            members[t.labels[i]]++;
            held[t.labels[i]] += t.held[i];
        }
        for (int32_t c = 0; c < t.ask.classes; c++) /* stratified still */
            ck_assert_msg(fabs(held[c] - t.ask.fraction * members[c]) <= 2 + 0.1 * members[c], "%u: %d of %d in %d",
                          seed, held[c], members[c], c);
        make_trial(&again, seed, seed % 2 == 0);
        ck_assert_int_eq(rgm_stratify(&again.ask, &again.total, again.held, NULL), RGM_OK);
        ck_assert(memcmp(t.held, again.held, (size_t)t.ask.count) == 0);
    }
}
END_TEST

/* Where all are alone, the choice is the one without groups. */
START_TEST(test_groups_of_none) {
    static trial t;
    for (uint32_t seed = 1; seed <= 50; seed++) {
        static uint8_t plain[2000];
        make_trial(&t, seed, 1);
        for (int64_t i = 0; i < t.ask.count; i++) t.groups[i] = -1;
        int64_t total = t.total;
        ck_assert_int_eq(rgm_stratify(&t.ask, &t.total, t.held, NULL), RGM_OK);
        t.ask.groups = NULL;
        ck_assert_int_eq(rgm_stratify(&t.ask, &total, plain, NULL), RGM_OK);
        ck_assert_int_eq(total, t.total);
        ck_assert(memcmp(t.held, plain, (size_t)t.ask.count) == 0);
    }
}
END_TEST

/* Two classes by turns of 100 samples, in groups of `size` of one class, but the first `alone`. */
static void make_regular(trial *t, int32_t size, int32_t alone, int64_t asked) {
    for (int32_t i = 0; i < 200; i++) {
        t->labels[i] = i % 2;
        t->groups[i] = i < alone ? -1 : 2 * (i / 2 / size) + i % 2;
    }
    t->ask = (rgm_stratified){
        .labels = t->labels, .groups = t->groups, .count = 200, .classes = 2, .fraction = (double)asked / 200};
    t->asked = t->total = asked;
    ck_assert_int_eq(rgm_stratify(&t->ask, &t->total, t->held, NULL), RGM_OK);
}

START_TEST(test_groups_of_many) {
    static trial t;
    make_regular(&t, 100, 100, 20); /* half of a class is one group: the single ones suffice */
    ck_assert_int_eq(t.total, 20);
    for (int32_t i = 100; i < 200; i++) ck_assert_int_eq(t.held[i], 0);
    make_regular(&t, 4, 0, 20); /* ten of each class: eight fit, four more make up */
    ck_assert_int_eq(t.total, 20);
    make_regular(&t, 4, 0, 7); /* 8 is nearer than 4 */
    ck_assert_int_eq(t.total, 8);
    make_regular(&t, 4, 0, 2); /* better than none */
    ck_assert_int_eq(t.total, 4);
    make_regular(&t, 50, 0, 20); /* 50 is too much: groups are divided */
    ck_assert_int_eq(t.total, 20);
    make_regular(&t, 100, 0, 20); /* all that there is */
    ck_assert_int_eq(t.total, 20);
}
END_TEST

static void write_groups(const char *path, hsize_t count, int32_t each) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(1, &count, NULL);
    hid_t groups = H5Dcreate2(file, "train/groups", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int32_t *numbers = calloc(count, sizeof *numbers);
    for (hsize_t i = 0; i < count; i++) numbers[i] = (int32_t)i / each;
    ck_assert(H5Dwrite(groups, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    free(numbers);
    H5Dclose(groups);
    H5Sclose(space);
    H5Fclose(file);
}

START_TEST(test_holdout_of_groups) {
    rgm_test_set made = {.train = 600, .H = 1, .W = 1, .C = 1, .classes = 2};
    rgm_holdout holdout;
    rgm_error err = {0};
    make_set(in_folder(folder, "g.h5"), &made);
    write_groups(in_folder(folder, "g.h5"), 600, 5);
    rgm_dataset *set = open_set(in_folder(folder, "g.h5"), RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.2, 3, &err), RGM_OK);
    ck_assert_int_eq(holdout.validation.count, 120);
    for (int64_t i = 0; i < 120; i++)
        ck_assert_int_eq(holdout.validation.indices[i] / 5, holdout.validation.indices[i / 5 * 5] / 5);
    rgm_holdout_destroy(&holdout);
    rgm_dataset_close(set);
    make_set(in_folder(folder, "g.h5"), &made);
    write_groups(in_folder(folder, "g.h5"), 600, 600);
    set = open_set(in_folder(folder, "g.h5"), RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.2, 3, &err), RGM_OK); /* divided: nothing else can be had */
    ck_assert_int_eq(holdout.validation.count, 120);
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
    tcase_add_test(views, test_groups_stay_together);
    tcase_add_test(views, test_groups_of_none);
    tcase_add_test(views, test_groups_of_many);
    tcase_add_test(views, test_holdout_of_groups);
    suite_add_tcase(suite, views);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
