/* The chain of augmentations, whole and one by one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "train/augment.h"
#include "train_run.h"

enum { H = 9, W = 11, C = 3, BYTES = H * W * C, IMAGES = 40 };

static char *folder;
static rgm_config config;
static rgm_session *session;

static void open_session(const char *augment) {
    rgm_error err = {0};
    char text[1024];
    folder = make_folder();
    const char *path = in_folder(folder, "set.h5");
    run_set_write(path, &(run_set){.H = H, .W = W, .C = C, .classes = 3, .train = IMAGES});
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0}\nbatch: 8\nthreads: 2\nmodel: {name: linear}\naugment: %s\n", path,
             augment);
    ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
    ck_assert_msg(rgm_config_parse(&config, text, strlen(text), "test", &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_session_create(&session, &config, &(rgm_session_options){.need_data = 1}, &err) == RGM_OK, "%s",
                  err.text);
}

static void close_session(void) {
    rgm_session_destroy(session);
    remove_folder(folder);
}

/* Runs an augmenter over a dense image and leaves a dense image in `out`; returns 1 if it is another one. */
static int apply(rgm_augmenter *a, const rgm_sample *sample, const uint8_t *in, uint8_t *out) {
    rgm_error err = {0};
    rgm_pixels from = {(uint8_t *)in, W * C, H, W, C}, to = from;
    ck_assert_msg(rgm_augmenter_run(a, sample, &from, &to, 1, &err) == RGM_OK, "%s", err.text);
    ck_assert(to.H == H && to.W == W && to.C == C);
    uint8_t image[BYTES]; /* `out` may be what the augmenter read */
    for (int32_t h = 0; h < H; h++) memcpy(image + h * W * C, to.data + h * to.pitch, W * C);
    memcpy(out, image, BYTES);
    return memcmp(in, out, BYTES) != 0;
}

/* One after the other gives what the chain gives: each has the draws of its place. */
START_TEST(one_by_one) {
    enum { COUNT = 6 };
    rgm_augmenter *chain, *one[COUNT];
    rgm_error err = {0};
    rgm_pixels input;
    int32_t changed[COUNT] = {0};
    open_session("[{crop: {padding: 3}}, flip, {cutout: {size: 3}}, alternating_flip, random_erasing, flip]");
    ck_assert_int_eq(session->model->components.augments, COUNT);
    ck_assert_int_eq(rgm_augmenter_create(&chain, session, &err), RGM_OK);
    for (int32_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(rgm_augmenter_create_one(&one[i], session, i, &input, &err), RGM_OK);
        ck_assert(input.H == H && input.W == W && input.C == C && input.pitch == W * C);
    }
    for (int32_t k = 0; k < IMAGES; k++) {
        rgm_sample sample = {.index = k, .position = (k * 7) % IMAGES, .epoch = (uint32_t)k % 3};
        uint8_t whole[BYTES], steps[BYTES];
        ck_assert_int_eq(rgm_dataset_read(session->data->set, RGM_SPLIT_TRAIN, k, steps, &err), RGM_OK);
        apply(chain, &sample, steps, whole);
        for (int32_t i = 0; i < COUNT; i++) {
            uint8_t before[BYTES];
            memcpy(before, steps, BYTES);
            changed[i] += apply(one[i], &sample, before, steps);
        }
        ck_assert_msg(memcmp(whole, steps, BYTES) == 0, "image %d", k);
    }
    for (int32_t i = 0; i < COUNT; i++) {
        ck_assert_msg(changed[i] > 0, "augmentation %d never changed an image", i);
        rgm_augmenter_destroy(one[i]);
    }
    rgm_augmenter_destroy(chain);
    close_session();
}
END_TEST

START_TEST(an_empty_chain) {
    rgm_augmenter *chain;
    rgm_error err = {0};
    open_session("[]");
    ck_assert_int_eq(rgm_augmenter_create(&chain, session, &err), RGM_OK);
    ck_assert_ptr_null(chain);
    ck_assert_uint_eq(rgm_augmenter_bytes(chain), 0);
    close_session();
}
END_TEST

/* Augmentations with a size of their own: whole runs that work, or a line that names the augmentation and the sizes. */
static const struct {
    const char *augment, *image, *part; /* part: of the error; NULL: the run works */
    int32_t validation, test;
} sizes[] = {
    {"[{keeper: {change: smaller}}]", "3x7x11", NULL, 0, 0},
    {"[flip, {keeper: {change: larger}}, {crop: {padding: 1}}]", "3x11x11", NULL, 0, 0},
    {"[{keeper: {change: larger}}, {keeper: {change: smaller}}]", "auto", NULL, 0, 10},
    {"[{keeper: {change: smaller}}]", "auto",
     "augmentation keeper: makes images of 3x7x11 out of 3x9x11, but the model takes 3x9x11 (try --image 3x7x11)", 0,
     0},
    {"[{keeper: {change: smaller}}, flip]", "3x7x11", NULL, 10, 0}, /* evaluated by the transform */
    {"[{keeper: {change: larger}}]", "3x11x11", NULL, 0, 10},
    {"[{keeper: {change: larger}}]", "3x7x11",
     "augmentation keeper: makes images of 3x11x11 out of 3x9x11, but the model takes 3x7x11 (try --image 3x11x11)", 0,
     0},
    {"[{keeper: {change: channels}}]", "auto",
     "augmentation keeper: makes images of 4x9x11 out of 3x9x11: the number of channels must stay", 0, 0},
    {"[flip]", "3x7x11", NULL, 0, 10}, /* the transform makes the images that are flipped */
    {"[]", "3x12x8", NULL, 10, 0},
};

START_TEST(sizes_of_their_own) {
    static run_result r;
    char text[1024];
    folder = make_folder();
    const char *path = in_folder(folder, "set.h5");
    run_set_write(path, &(run_set){.H = H,
                                   .W = W,
                                   .C = C,
                                   .classes = 3,
                                   .train = IMAGES,
                                   .validation = sizes[_i].validation,
                                   .test = sizes[_i].test});
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0}\nbatch: 8\nepochs: 2\nmodel: {name: linear, image: %s}\naugment: %s\n"
             "plugins: ['" RGM_FIXTURES "/train/keeper.so']\n",
             path, sizes[_i].image, sizes[_i].augment);
    run_expect(&(run_job){.config = text, .threads = 2}, sizes[_i].part ? RGM_E_USAGE : RGM_OK, &r);
    if (sizes[_i].part) ck_assert_msg(strstr(r.error, sizes[_i].part), "%s", r.error);
    ck_assert_int_eq(r.steps, sizes[_i].part ? 0 : 10);
    remove_folder(folder);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("augment");
    TCase *cases = tcase_create("augment");
    tcase_add_test(cases, one_by_one);
    tcase_add_test(cases, an_empty_chain);
    tcase_add_loop_test(cases, sizes_of_their_own, 0, sizeof sizes / sizeof *sizes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
