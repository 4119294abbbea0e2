/* Sets of pixels in memory: what they are, the least of them, what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "data/dataset.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const rgm_test_set small = {.train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4};

/* A set of pixels in memory is what a file of them is. */
START_TEST(test_memory) {
    rgm_test_set made = small;
    made.names = 1;
    make_set(in_folder(folder, "m.h5"), &made);
    rgm_dataset *file = open_set(in_folder(folder, "m.h5"), RGM_ACCESS_AUTO), *set;
    rgm_test_memory copy;
    rgm_error err = {0};
    uint8_t image[30];
    copy_to_memory(&copy, file);
    copy.memory.name = _i ? "mine" : NULL;
    ck_assert_msg(rgm_dataset_from_memory(&set, &copy.memory, &err) == RGM_OK, "%s", err.text);
    memset(copy.labels[0], 0x7f, sizeof(int32_t) * 23); /* labels were copied */
    const rgm_dataset_info *a = rgm_dataset_describe(file), *b = rgm_dataset_describe(set);
    ck_assert(holds(set, &made));
    ck_assert_str_eq(b->path, _i ? "mine" : "memory");
    ck_assert(b->classes == 4 && b->constants && b->computed && !b->framed && !b->slow && !b->unpacked);
    ck_assert(memcmp(a->mean, b->mean, sizeof a->mean) == 0 && memcmp(a->std, b->std, sizeof a->std) == 0);
    ck_assert(b->access[0] == RGM_PIXELS_MEMORY && b->access[1] == RGM_PIXELS_MEMORY);
    ck_assert_ptr_eq(rgm_dataset_pixels(set, 0, 22), copy.images[0] + 22 * 30);
    ck_assert_ptr_eq(rgm_dataset_pixels(set, 2, 0), NULL);
    ck_assert(!rgm_dataset_soft(set, 0) && !rgm_dataset_labels(set, 2));
    for (int32_t c = 0; c < 4; c++) {
        ck_assert_str_eq(a->class_names[c], b->class_names[c]);
        ck_assert_ptr_ne(a->class_names[c], b->class_names[c]);
    }
    ck_assert_str_eq(b->source, "");
    rgm_dataset_will_need(set, 0, 3);
    ck_assert_int_eq(rgm_dataset_check(set, &err), RGM_OK);
    ck_assert_int_eq(rgm_dataset_read(set, 0, 23, image, &err), RGM_E_INTERNAL);
    rgm_dataset_close(set);
    rgm_dataset_close(file);
    free_memory(&copy);
}
END_TEST

/* One image is a set; without a training split there are no mean and std. */
START_TEST(test_least_memory) {
    static const uint8_t pixel[] = {51};
    static const int32_t label[] = {1};
    rgm_error err = {0};
    rgm_dataset *set;
    rgm_dataset_memory m = {.H = 1, .W = 1, .C = 1, .classes = 2};
    m.count[_i] = 1;
    m.images[_i] = pixel;
    m.labels[_i] = label;
    ck_assert_msg(rgm_dataset_from_memory(&set, &m, &err) == RGM_OK, "%s", err.text);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert_int_eq(info->count[_i], 1);
    ck_assert_int_eq(info->constants, _i == RGM_SPLIT_TRAIN);
    ck_assert_ptr_null(info->class_names);
    if (_i == RGM_SPLIT_TRAIN) ck_assert(info->mean[0] == 51.0f / 255.0f && info->std[0] == 1.0f);
    rgm_dataset_close(set);
}
END_TEST

static int32_t at_once(void *context) {
    (void)context;
    return 1;
}

static void make_wide(rgm_dataset_memory *m) { m->W = RGM_DATA_SIDE + 1; }
static void make_negative(rgm_dataset_memory *m) { m->H = -5; }
static void make_deep(rgm_dataset_memory *m) { m->C = RGM_DATA_CHANNELS + 1; }
static void make_large(rgm_dataset_memory *m) { m->H = m->W = RGM_DATA_SIDE, m->C = 2; }
static void leave_one_class(rgm_dataset_memory *m) { m->classes = 1; }
static void add_classes(rgm_dataset_memory *m) { m->classes = RGM_DATA_CLASSES + 1; }
static void drop_a_class(rgm_dataset_memory *m) { m->classes = 3; }
static void drop_all(rgm_dataset_memory *m) { m->count[0] = m->count[1] = 0; }
static void count_down(rgm_dataset_memory *m) { m->count[1] = -1; }
static void count_up(rgm_dataset_memory *m) { m->count[1] = INT64_MAX; }
static void count_to_the_end(rgm_dataset_memory *m) {
    m->images[1] = (const uint8_t *)(UINTPTR_MAX - 8 * 30); /* has 9 */
}
static void drop_pixels(rgm_dataset_memory *m) { m->images[1] = NULL; }
static void drop_labels(rgm_dataset_memory *m) { m->labels[0] = NULL; }
static void make_label_negative(rgm_dataset_memory *m) {
    static const int32_t labels[9] = {0, 0, -1};
    m->labels[1] = labels;
}
static void drop_a_name(rgm_dataset_memory *m) {
    static const char *const names[] = {"a", "b", NULL, "d"};
    m->class_names = names;
}
static void make_name_long(rgm_dataset_memory *m) {
    static char name[257];
    static const char *const names[] = {"a", "b", "c", name};
    memset(name, 'x', 256);
    m->class_names = names;
}
static void stop(rgm_dataset_memory *m) { m->stop.asked = at_once; }

static const struct {
    void (*change)(rgm_dataset_memory *memory);
    rgm_status status;
    const char *word;
} wrong_memory[] = {
    {make_wide, RGM_E_USAGE, "images of 5 x 16385 x 2"},
    {make_negative, RGM_E_USAGE, "images of -5 x 3 x 2"},
    {make_deep, RGM_E_USAGE, "1 to 64 channels"},
    {make_large, RGM_E_USAGE, "bytes an image"},
    {leave_one_class, RGM_E_USAGE, "1 classes: expected 2 to 65536"},
    {add_classes, RGM_E_USAGE, "65537 classes"},
    {drop_a_class, RGM_E_USAGE, "is 3: a label is 0 to 2"},
    {drop_all, RGM_E_USAGE, "no images in any split"},
    {count_down, RGM_E_USAGE, "-1 images in the test split"},
    {count_up, RGM_E_USAGE, "expected 0 to 2147483647"},
    {count_to_the_end, RGM_E_USAGE, "9 images of 30 bytes in the test split"},
    {drop_pixels, RGM_E_USAGE, "9 images in the test split, but no pixels"},
    {drop_labels, RGM_E_USAGE, "23 images in the train split, but no labels"},
    {make_label_negative, RGM_E_USAGE, "test/labels[2] is -1"},
    {drop_a_name, RGM_E_USAGE, "class_names[2]: there is none"},
    {make_name_long, RGM_E_USAGE, "class_names[3]: more than 255 bytes"},
    {stop, RGM_E_INTERRUPTED, "stopped"},
};

START_TEST(test_wrong_memory) {
    make_set(in_folder(folder, "m.h5"), &small);
    rgm_dataset *file = open_set(in_folder(folder, "m.h5"), RGM_ACCESS_AUTO), *set = file;
    rgm_test_memory copy;
    rgm_error err = {0};
    copy_to_memory(&copy, file);
    copy.memory.name = "mine";
    wrong_memory[_i].change(&copy.memory);
    ck_assert_int_eq(rgm_dataset_from_memory(&set, &copy.memory, &err), wrong_memory[_i].status);
    ck_assert_ptr_null(set);
    ck_assert_msg(strncmp(err.text, "mine: ", 6) == 0 && strstr(err.text, wrong_memory[_i].word), "%s", err.text);
    rgm_dataset_close(file);
    free_memory(&copy);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("data in memory");
    TCase *sets = tcase_create("sets");
    tcase_add_checked_fixture(sets, setup, teardown);
    tcase_set_timeout(sets, 60);
    tcase_add_loop_test(sets, test_memory, 0, 2);
    tcase_add_loop_test(sets, test_least_memory, 0, RGM_SPLIT_COUNT);
    tcase_add_loop_test(sets, test_wrong_memory, 0, (int)(sizeof wrong_memory / sizeof *wrong_memory));
    suite_add_tcase(suite, sets);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
