/* Encoded pictures, and images of another size, on their way into batches, trainings and evaluations. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/batch.h"
#include "encoded_case.h"
#include "make_set.h"
#include "train/advice.h"
#include "train/image.h"
#include "train/trainer.h"
#include "train/update.h"
#include "train_run.h"

enum { PLAIN = 1, H = 24, W = 20, C = 3, BYTES = H * W * C };

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static void need(rgm_status status, const rgm_error *err) { ck_assert_msg(status == RGM_OK, "%s", err->text); }

/* ---- batches ---- */

static const float nothing[3] = {0, 0, 0}, whole[3] = {1, 1, 1}; /* a pixel becomes itself / 255 */

static rgm_batch_options options_of(const rgm_dataset *set, int32_t split, int32_t batch) {
    return (rgm_batch_options){.view = rgm_view_all(set, split),
                               .batch = batch,
                               .train = split == RGM_SPLIT_TRAIN,
                               .seed = 5,
                               .kernels = rgm_kernels_reference(8),
                               .layout = PLAIN,
                               .H = H,
                               .W = W,
                               .workers = 7,
                               .mean = nothing,
                               .std = whole,
                               .transform = {C, H, W, RGM_FIT_CROP, 28, {255, 255, 255}}};
}

/* A batch by a team of so many; the caller frees x. The phase's own status. */
static rgm_status make_batch(const rgm_batch_options *options, int32_t threads, float **x, rgm_error *err) {
    rgm_batches *batches;
    rgm_team *team;
    size_t bytes = rgm_batches_x_floats(options) * sizeof **x;
    const rgm_team_options with = {.threads = threads, .pin = RGM_PIN_OFF};
    need(rgm_batches_create(&batches, options, err), err);
    need(rgm_team_create(&team, &with, err), err);
    *x = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(*x, 0xff, bytes);
    need(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){*x, NULL, NULL}, err), err);
    rgm_phase phase = *rgm_batches_phase(batches);
    rgm_status status = rgm_team_run(team, &phase, 1, err);
    rgm_team_destroy(team);
    rgm_batches_destroy(batches);
    return status;
}

/* Image `place` of a plain batch is this one. */
static void check_image(const float *x, int32_t place, const uint8_t *image) {
    for (int32_t c = 0; c < C; c++)
        for (int32_t i = 0; i < H * W; i++) {
            double found = 255.0 * (double)x[((place * C) + c) * H * W + i];
            ck_assert_msg(fabs(found - image[i * C + c]) < 1e-3, "image %d, channel %d, pixel %d: %g, expected %d",
                          place, c, i, found, image[i * C + c]);
        }
}

static rgm_transformer *make_transformer(void) {
    rgm_transformer *t;
    rgm_error err = {0};
    need(rgm_transformer_create(&t, rgm_kernels_reference(8), &err), &err);
    return t;
}

static const encoded_set pictures = {.count = {23, 9}, .constants = 1};
static const encoded_set large = {.count = {23, 9}, .constants = 1, .large = 1};

/* What an evaluation sees is what the transform makes of the file, decoded in full. */
START_TEST(evaluation_is_the_transform) {
    const encoded_set *made = _i % 2 ? &large : &pictures;
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    make_encoded(path, made);
    rgm_dataset *set = open_set(path, _i / 2 % 2 ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO);
    rgm_batch_options options = options_of(set, RGM_SPLIT_TEST, 9);
    options.transform.fit = _i / 4;
    if (options.transform.fit != RGM_FIT_CROP) options.transform.shorter = 0;
    float *x;
    need(make_batch(&options, 2, &x, &err), &err);
    rgm_transformer *t = make_transformer();
    for (int32_t i = 0; i < 9; i++) {
        size_t size;
        uint8_t image[BYTES], *file = encoded_file(made, RGM_SPLIT_TEST, i, &size);
        const rgm_bytes bytes = {file, size, "a picture"};
        need(rgm_transformer_picture(t, &(rgm_transform_job){.bytes = &bytes, .to = &options.transform}, image, &err),
             &err);
        check_image(x, i, image);
        free(file);
    }
    rgm_transformer_destroy(t);
    free(x);
    rgm_dataset_close(set);
}
END_TEST

/* A window that depends on the sample. */
static rgm_status choose(void *context, const rgm_sample *sample, rgm_decode_want *want, int32_t worker,
                         rgm_error *err) {
    (void)context, (void)worker, (void)err;
    ck_assert(want->H == H && want->W == W && want->C == C);
    const rgm_box *box = &want->box;
    ck_assert(box->top <= 0 && box->left <= 0 && box->height >= 1 && box->width >= 1);
    want->box = (rgm_box){(double)(sample->index % 5), 1.5, box->height / 2, box->width / 3};
    return RGM_OK;
}

START_TEST(windows) {
    const encoded_set *made = _i ? &large : &pictures;
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    make_encoded(path, made);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    rgm_batch_options options = options_of(set, RGM_SPLIT_TEST, 9);
    options.window = choose;
    float *x;
    need(make_batch(&options, 3, &x, &err), &err);
    rgm_transformer *t = make_transformer();
    for (int32_t i = 0; i < 9; i++) {
        size_t size;
        rgm_picture_info info;
        uint8_t image[BYTES], *file = encoded_file(made, RGM_SPLIT_TEST, i, &size);
        const rgm_bytes bytes = {file, size, "a picture"};
        const rgm_sample sample = {.index = i};
        rgm_decode_want want = {.C = C, .background = {255, 255, 255}, .H = H, .W = W};
        need(rgm_picture_probe(&bytes, &info, &err), &err);
        want.box = (rgm_box){.height = info.H, .width = info.W};
        choose(NULL, &sample, &want, 0, &err);
        need(rgm_transformer_window(t, &bytes, &want, image, &err), &err);
        check_image(x, i, image);
        free(file);
    }
    rgm_transformer_destroy(t);
    free(x);
    rgm_dataset_close(set);
}
END_TEST

/* The same bits on any team, and however the bytes are read. */
START_TEST(any_team) {
    static const int32_t threads[] = {1, 2, 3, 4, 7};
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    make_encoded(path, &large);
    float *first = NULL;
    for (int32_t access = 0; access < 2; access++)
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            rgm_dataset *set = open_set(path, access);
            rgm_batch_options options = options_of(set, RGM_SPLIT_TRAIN, 20);
            if (_i) options.window = choose;
            float *x;
            need(make_batch(&options, threads[i], &x, &err), &err);
            if (first) ck_assert(memcmp(first, x, rgm_batches_x_floats(&options) * sizeof *x) == 0);
            if (first)
                free(x);
            else
                first = x;
            rgm_dataset_close(set);
        }
    free(first);
}
END_TEST

/* Stored images of another size go through the transform, too; those of the same size as they are, without tools. */
START_TEST(stored_images) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    int32_t needed, sides[2] = {_i ? H : 31, _i ? W : 17};
    make_set(path, &(rgm_test_set){.train = 5, .test = 9, .H = sides[0], .W = sides[1], .C = C, .classes = 3});
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    rgm_batch_options options = options_of(set, RGM_SPLIT_TEST, 9);
    const rgm_tools_plan plan = rgm_batches_tools(&options, &needed);
    ck_assert_int_eq(needed, !_i);
    ck_assert_uint_gt(rgm_tools_bytes(&plan), 0);
    float *x;
    need(make_batch(&options, 2, &x, &err), &err);
    rgm_transformer *t = make_transformer();
    for (int32_t i = 0; i < 9; i++) {
        uint8_t image[BYTES], *stored = malloc((size_t)(sides[0] * sides[1] * C));
        const rgm_resize_source source = {
            .pixels = stored, .pitch = (int64_t)sides[1] * C, .H = sides[0], .W = sides[1], .C = C};
        need(rgm_dataset_read(set, RGM_SPLIT_TEST, i, stored, &err), &err);
        need(rgm_transformer_pixels(t, &source, &options.transform, image, &err), &err);
        if (_i) memcpy(image, stored, BYTES);
        check_image(x, i, image);
        free(stored);
    }
    rgm_transformer_destroy(t);
    free(x);
    rgm_dataset_close(set);
}
END_TEST

/* A picture that cannot be decoded ends the batch with its place and the reason; without a frame nothing is compared
 * before. */
START_TEST(a_picture_that_fails) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    encoded_set made = pictures;
    made.foreign = !_i;
    make_encoded(path, &made);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    int64_t at = encoded_offset(path, RGM_SPLIT_TEST, 4), end = encoded_offset(path, RGM_SPLIT_TEST, 5);
    rgm_dataset_close(set);
    for (int64_t i = at + (end - at) / 2; i < end; i += 3) flip_byte(path, i); /* a PNG, whose checksums see it */
    set = open_set(path, RGM_ACCESS_AUTO);
    rgm_batch_options options = options_of(set, RGM_SPLIT_TEST, 9);
    float *x;
    ck_assert_int_eq(make_batch(&options, 2, &x, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "set.h5: test/encoded[4]: "), "%s", err.text);
    free(x);
    rgm_dataset_close(set);
}
END_TEST

/* Tools of the caller's are used if they are enough, and of the right set. */
START_TEST(shared_tools) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    int32_t needed;
    rgm_tools *tools;
    make_encoded(path, &pictures);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO), *other = open_set(path, RGM_ACCESS_AUTO);
    rgm_batch_options options = options_of(set, RGM_SPLIT_TEST, 9);
    rgm_tools_plan plan = rgm_batches_tools(&options, &needed);
    ck_assert(needed && plan.H == H && plan.W == W && plan.workers == 7 && plan.set == set);
    need(rgm_tools_create(&tools, &plan, &err), &err);
    ck_assert_int_eq(rgm_tools_suffice(tools, &plan), 1);
    plan.H++;
    ck_assert_int_eq(rgm_tools_suffice(tools, &plan), 0);
    plan.H--;
    plan.set = other;
    ck_assert_int_eq(rgm_tools_suffice(tools, &plan), 0);
    options.tools = tools;
    float *a, *b;
    need(make_batch(&options, 2, &a, &err), &err);
    options.tools = NULL;
    need(make_batch(&options, 2, &b, &err), &err);
    ck_assert(memcmp(a, b, rgm_batches_x_floats(&options) * sizeof *a) == 0);
    free(a);
    free(b);
    rgm_tools_destroy(tools);
    rgm_dataset_close(set);
    rgm_dataset_close(other);
}
END_TEST

/* ---- trainings ---- */

static const encoded_set trained = {.count = {48, 12}, .constants = 1};

static const char *const chains[] = {"[{resized_crop: {size: 16}}, flip]", "[{crop: {padding: 2}}, flip]", "[]",
                                     "[flip, {resized_crop: {size: 16}}]"};

static const char *config_of(int32_t chain, char text[1024]) {
    snprintf(text, 1024,
             "data: {file: '%s', validation: 0.25}\nbatch: 6\nepochs: 3\nseed: 4\n"
             "model: {name: resnet20, base: 4, image: 3x16x16}\naugment: %s\n",
             in_folder(folder, "set.h5"), chains[chain]);
    return text;
}

/* The same bits on any number of threads, and after a stop amid an epoch and a resumption. */
START_TEST(the_same_bits) {
    static const int32_t threads[] = {2, 3, 4, 7};
    static run_result first, r;
    char text[1024], *dump = strdup(in_folder(folder, "a")), *again = strdup(in_folder(folder, "b")),
                     *last = strdup(in_folder(folder, "last.h5"));
    make_encoded(in_folder(folder, "set.h5"), &trained);
    config_of(_i, text);
    run_expect(&(run_job){.config = text, .threads = 1, .dump = dump}, RGM_OK, &first);
    for (size_t i = 0; i < sizeof threads / sizeof *threads && (i == 0 || _i < 2); i++) {
        run_expect(&(run_job){.config = text, .threads = threads[i], .dump = again}, RGM_OK, &r);
        ck_assert(same_files(dump, again));
        ck_assert(memcmp(first.validation_loss, r.validation_loss, sizeof first.validation_loss) == 0);
        ck_assert(first.test_loss == r.test_loss);
    }
    run_expect(&(run_job){.config = text, .threads = 2, .stop_at = 8, .last = last}, RGM_E_INTERRUPTED, &r);
    ck_assert_int_eq(r.steps, 8);
    run_expect(&(run_job){.config = text, .threads = 3, .resume = last, .dump = again}, RGM_OK, &r);
    ck_assert(same_files(dump, again));
    free(dump);
    free(again);
    free(last);
}
END_TEST

/* A window is taken of the picture by the first augmentation alone: other chains are told. */
static void hear(void *context, const char *line) { snprintf(context, 512, "%s", line); }

START_TEST(a_window_that_comes_late) {
    static rgm_config config;
    char text[1024], said[512] = "";
    rgm_session *s;
    rgm_error err = {0};
    make_encoded(in_folder(folder, "set.h5"), &trained);
    config_of(_i, text);
    ck_assert(rgm_config_init(&config, &err) == RGM_OK &&
              rgm_config_parse(&config, text, strlen(text), "test", &err) == RGM_OK);
    ck_assert_msg(rgm_session_create(&s, &config, &(rgm_session_options){.need_data = 1}, &err) == RGM_OK, "%s",
                  err.text);
    ck_assert_int_eq(rgm_advise(s, &(rgm_advice){.context = said, .tell = hear}, &err), RGM_OK);
    ck_assert_msg((strstr(said, "augment: resized_crop takes a part of the picture") != NULL) == (_i == 3), "%s", said);
    rgm_session_destroy(s);
}
END_TEST

static rgm_transform transform_of(const char *path) {
    rgm_checkpoint_reader *reader;
    rgm_error err = {0};
    need(rgm_checkpoint_open(&reader, path, NULL, &err), &err);
    rgm_transform t = rgm_checkpoint_header(reader)->input.transform;
    rgm_checkpoint_close(reader);
    return t;
}

/* Where a model's transform comes from: the chain, else the set, else the default. A resumed run keeps its own. */
START_TEST(the_model_keeps_its_transform) {
    static run_result r;
    char text[1024], *last = strdup(in_folder(folder, "last.h5"));
    const rgm_transform own = {3, 32, 32, RGM_FIT_CROP, 40, {1, 2, 3}};
    encoded_set made = trained;
    made.transform = _i == 2 ? &own : NULL;
    make_encoded(in_folder(folder, "set.h5"), &made);
    config_of(_i != 0, text);
    run_expect(&(run_job){.config = text, .threads = 2, .stop_at = 8, .last = last}, RGM_E_INTERRUPTED, &r);
    rgm_transform t = transform_of(last);
    ck_assert(t.C == 3 && t.H == 16 && t.W == 16 && t.fit == RGM_FIT_CROP);
    ck_assert_int_eq(t.shorter, _i == 0 ? 18 : _i == 1 ? 0 : 20); /* 16 / 0.875; covers; 40 / 2 */
    ck_assert_int_eq(t.background[2], _i == 2 ? 3 : 255);
    run_expect(&(run_job){.config = text, .threads = 2, .resume = last, .last = last}, RGM_OK, &r);
    const rgm_transform after = transform_of(last);
    char texts[2][RGM_TRANSFORM_TEXT];
    rgm_transform_print(&t, texts[0]);
    rgm_transform_print(&after, texts[1]);
    ck_assert_str_eq(texts[0], texts[1]);
    free(last);
}
END_TEST

/* A set may say what becomes absurd at the model's size: the text that a checkpoint keeps can still be read. */
START_TEST(a_transform_stays_readable) {
    const rgm_transform odd = {3, 1, 1, RGM_FIT_CROP, 65535, {1, 2, 3}};
    const int32_t image[3] = {3, 65535, 65535};
    const rgm_transform made = rgm_image_adapt(&odd, image);
    rgm_transform again;
    rgm_error err = {0};
    char text[RGM_TRANSFORM_TEXT];
    rgm_transform_print(&made, text);
    need(rgm_transform_parse(&again, text, "text", &err), &err);
    ck_assert_int_eq(again.shorter, 65535);
}
END_TEST

/* The evaluation of a checkpoint gives what its run saw at its end. */
START_TEST(evaluated_by_its_transform) {
    static run_result r, e;
    char text[1024], *last = strdup(in_folder(folder, "last.h5"));
    make_encoded(in_folder(folder, "set.h5"), &trained);
    config_of(0, text);
    run_expect(&(run_job){.config = text, .threads = 2, .last = last}, RGM_OK, &r);
    config_of(2, text); /* an evaluation has no augmentations: the transform is the checkpoint's */
    run_expect(&(run_job){.config = text, .threads = 3, .evaluate = last}, RGM_OK, &e);
    ck_assert_int_eq(e.test_right, r.test_right);
    ck_assert(e.test_loss == r.test_loss);
    free(last);
}
END_TEST

/* Stored images of another size: evaluated by the transform that the chain's window gives. */
START_TEST(stored_images_are_trained) {
    static run_result r, e;
    char text[1024], *last = strdup(in_folder(folder, "last.h5"));
    run_set_write(in_folder(folder, "set.h5"),
                  &(run_set){.H = 22, .W = 26, .C = 3, .classes = 3, .train = 48, .test = 12});
    config_of(_i, text);
    run_expect(&(run_job){.config = text, .threads = 2, .last = last}, RGM_OK, &r);
    ck_assert_int_eq(transform_of(last).shorter, _i == 0 || _i == 3 ? 18 : 0);
    run_expect(&(run_job){.config = text, .threads = 1, .evaluate = last}, RGM_OK, &e);
    ck_assert(e.test_loss == r.test_loss && isfinite(e.test_loss));
    free(last);
}
END_TEST

START_TEST(a_training_that_meets_damage) {
    static run_result r;
    char text[1024];
    const char *path = in_folder(folder, "set.h5");
    make_encoded(path, &trained);
    for (int32_t i = 0; i < 48; i++) flip_byte(path, encoded_offset(path, RGM_SPLIT_TRAIN, i) + 60);
    config_of(_i, text);
    run_expect(&(run_job){.config = text, .threads = 2}, RGM_E_FORMAT, &r);
    ck_assert_msg(strstr(r.error, "train/encoded[") && strstr(r.error, "checksum does not match"), "%s", r.error);
    ck_assert_int_eq(r.steps, 0);
}
END_TEST

/* ---- sizes and memory ---- */

static rgm_session *open_session(rgm_config *config, const char *text) {
    rgm_session *session;
    rgm_error err = {0};
    need(rgm_config_init(config, &err), &err);
    need(rgm_config_parse(config, text, strlen(text), "test", &err), &err);
    need(rgm_session_create(&session, config, &(rgm_session_options){.need_data = 1}, &err), &err);
    return session;
}

/* The image of a model whose configuration does not say. */
START_TEST(the_size_of_its_images) {
    static rgm_config config;
    static const struct {
        const char *augment;
        int32_t own, large, size;
    } cases[] = {{"[flip]", 0, 0, 32},
                 {"[flip]", 0, 1, 96},
                 {"[{resized_crop: {size: 48}}]", 1, 1, 48},
                 {"[{resized_crop: {}}]", 1, 1, 32},
                 {"[{resized_crop: {}}]", 0, 0, 32}};
    const rgm_transform own = {3, 32, 32, RGM_FIT_CROP, 40, {1, 2, 3}};
    char text[1024], *path = strdup(in_folder(folder, "set.h5"));
    encoded_set made = cases[_i].large ? large : pictures;
    made.transform = cases[_i].own ? &own : NULL;
    make_encoded(path, &made);
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0}\nbatch: 4\nthreads: 2\nmodel: {name: linear}\naugment: %s\n", path,
             cases[_i].augment);
    rgm_session *session = open_session(&config, text);
    ck_assert_int_eq(config.model.image[0], 3);
    ck_assert_int_eq(config.model.image[1], cases[_i].size);
    ck_assert_int_eq(config.model.image[2], cases[_i].size);
    rgm_session_destroy(session);
    free(path);
}
END_TEST

static size_t planned(const char *path, int32_t threads) {
    static rgm_config config;
    char text[1024];
    rgm_trainer *trainer;
    rgm_error err = {0};
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0.2}\nbatch: 4\nthreads: %d\nmodel: {name: linear, image: 3x24x20}\n"
             "augment: [{resized_crop: {}}]\n",
             path, threads);
    rgm_session *session = open_session(&config, text);
    const rgm_trainer_options options = {.training = 1, .plan_only = 1};
    need(rgm_trainer_create(&trainer, session, &options, &err), &err);
    size_t bytes = rgm_trainer_memory(trainer).pipeline;
    rgm_trainer_destroy(trainer);
    rgm_session_destroy(session);
    return bytes;
}

/* Each worker's tools are in the plan, once for training and evaluation together. */
START_TEST(the_plan_knows_the_tools) {
    const char *path = in_folder(folder, "set.h5");
    make_encoded(path, &large);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    rgm_tools_plan plan = {.set = set, .kernels = rgm_kernels_reference(8), .workers = 1, .H = H, .W = W};
    size_t one = rgm_tools_bytes(&plan), decoder = rgm_decoder_bytes(rgm_dataset_describe(set)->pictures.pixels, 3);
    ck_assert_uint_gt(one, decoder);
    ck_assert_uint_gt(decoder, 100 * 100 * 3);
    size_t two = planned(path, 2), four = planned(path, 4);
    ck_assert_uint_ge(four - two, 2 * one);
    /* and the augmentations' scratch, and what the update compares */
    ck_assert_uint_lt(four - two, 2 * one + 2 * (65536 + sizeof(float) * RGM_UPDATE_WATCHED));
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("develop");
    TCase *cases = tcase_create("develop");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, evaluation_is_the_transform, 0, 4 * RGM_FIT_COUNT);
    tcase_add_loop_test(cases, windows, 0, 2);
    tcase_add_loop_test(cases, any_team, 0, 2);
    tcase_add_loop_test(cases, stored_images, 0, 2);
    tcase_add_loop_test(cases, a_picture_that_fails, 0, 2);
    tcase_add_test(cases, shared_tools);
    tcase_add_loop_test(cases, the_same_bits, 0, 4);
    tcase_add_loop_test(cases, a_window_that_comes_late, 0, 4);
    tcase_add_loop_test(cases, the_model_keeps_its_transform, 0, 3);
    tcase_add_test(cases, a_transform_stays_readable);
    tcase_add_test(cases, evaluated_by_its_transform);
    tcase_add_loop_test(cases, stored_images_are_trained, 0, 4);
    tcase_add_loop_test(cases, a_training_that_meets_damage, 0, 2);
    tcase_add_loop_test(cases, the_size_of_its_images, 0, 5);
    tcase_add_test(cases, the_plan_knows_the_tools);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
