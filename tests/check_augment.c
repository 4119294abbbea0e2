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
    enum { COUNT = 4 };
    rgm_augmenter *chain, *one[COUNT];
    rgm_error err = {0};
    rgm_pixels input;
    int32_t changed[COUNT] = {0};
    open_session("[{crop: {padding: 3}}, flip, {cutout: {size: 3}}, flip]");
    ck_assert_int_eq(session->components.augments, COUNT);
    ck_assert_int_eq(rgm_augmenter_create(&chain, session, &err), RGM_OK);
    for (int32_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(rgm_augmenter_create_one(&one[i], session, i, &input, &err), RGM_OK);
        ck_assert(input.H == H && input.W == W && input.C == C && input.pitch == W * C);
    }
    for (int32_t k = 0; k < IMAGES; k++) {
        rgm_sample sample = {.index = k, .position = (k * 7) % IMAGES, .epoch = (uint32_t)k % 3};
        uint8_t whole[BYTES], steps[BYTES];
        ck_assert_int_eq(rgm_dataset_read(session->set, RGM_SPLIT_TRAIN, k, steps, &err), RGM_OK);
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

int main(void) {
    Suite *suite = suite_create("augment");
    TCase *cases = tcase_create("augment");
    tcase_add_test(cases, one_by_one);
    tcase_add_test(cases, an_empty_chain);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
