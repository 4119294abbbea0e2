/* The batch pipeline: what is in a batch, however it is read, on any team. */
#include <check.h>
#include <stdatomic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data/batch.h"
#include "data/order.h"
#include "failing_calls.h"
#include "make_set.h"

enum { PLAIN = 1, BLOCKED = 0 };

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const rgm_test_set small = {.train = 53, .test = 11, .H = 5, .W = 4, .C = 3, .classes = 4};

static rgm_batch_options basic(const rgm_dataset *set, int32_t split) {
    return (rgm_batch_options){.view = rgm_view_all(set, split),
                               .batch = 10,
                               .train = split == 0,
                               .seed = 3,
                               .kernels = rgm_kernels_reference(8),
                               .layout = PLAIN,
                               .workers = 1};
}

/* One batch's outputs. */
struct out {
    float *x, *targets;
    int32_t *labels;
    size_t floats;
};

static struct out make_out(const rgm_batch_options *options) {
    struct out out = {.floats = rgm_batches_x_floats(options)};
    size_t classes = (size_t)rgm_dataset_describe(options->view.set)->classes, N = (size_t)options->batch;
    out.x = aligned_alloc(64, (out.floats * 4 + 63) / 64 * 64);
    out.targets = calloc(N * classes, 4);
    out.labels = calloc(N, 4);
    return out;
}

static void free_out(struct out *out) {
    free(out->x);
    free(out->targets);
    free(out->labels);
}

static void fill(rgm_batches *batches, rgm_team *team, uint32_t epoch, int64_t step, struct out *out) {
    rgm_error err = {0};
    memset(out->x, 0xff, out->floats * 4); /* NaN where nothing is written */
    rgm_status status =
        rgm_batches_prepare(batches, epoch, step, &(rgm_batch_out){out->x, out->targets, out->labels}, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    rgm_phase phase = *rgm_batches_phase(batches);
    status = rgm_team_run(team, &phase, 1, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
}

static rgm_team *make_team(int32_t threads) {
    rgm_team *team;
    rgm_team_options options = {.threads = threads, .pin = RGM_PIN_OFF};
    ck_assert_int_eq(rgm_team_create(&team, &options, NULL), RGM_OK);
    return team;
}

static rgm_batches *make_batches(const rgm_batch_options *options) {
    rgm_batches *batches = NULL;
    rgm_error err = {0};
    rgm_status status = rgm_batches_create(&batches, options, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return batches;
}

/* Is place `n` of a plain batch sample `index` of the split, normalised? */
static void check_plain(const struct out *out, const rgm_dataset *set, int32_t split, int32_t n, int64_t index) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int32_t pixels = info->H * info->W;
    for (int32_t c = 0; c < info->C; c++)
        for (int32_t i = 0; i < pixels; i++) {
            double u8 = make_set_pixel(split, index, (int64_t)i * info->C + c);
            double expected = (u8 / 255.0 - (double)info->mean[c]) / (double)info->std[c];
            float got = out->x[((int64_t)n * info->C + c) * pixels + i];
            ck_assert_msg(fabs((double)got - expected) <= 4e-6, "image %d, %d, %d: %g, expected %g", n, c, i,
                          (double)got, expected);
        }
    int32_t label = make_set_label(&small, split, index);
    ck_assert_int_eq(out->labels[n], label);
    for (int32_t j = 0; j < info->classes; j++)
        ck_assert(out->targets[n * info->classes + j] == (j == label ? 1.0f : 0.0f));
}

START_TEST(test_training) {
    make_set(in_folder(folder, "a.h5"), &small);
    rgm_dataset *set = open_set(in_folder(folder, "a.h5"), RGM_ACCESS_AUTO);
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    rgm_team *team = make_team(1);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    ck_assert_int_eq(rgm_batches_per_epoch(batches), 5);
    int dropped[2] = {0};
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        int seen[53] = {0};
        rgm_order order = rgm_order_make(3, epoch, 53, 1);
        for (int64_t step = 0; step < 5; step++) {
            fill(batches, team, epoch, step, &out);
            ck_assert_int_eq(rgm_batches_valid(batches), 10);
            for (int32_t n = 0; n < 10; n++) {
                int64_t index = (int64_t)rgm_order_at(&order, (uint64_t)(step * 10 + n));
                check_plain(&out, set, RGM_SPLIT_TRAIN, n, index);
                ck_assert_int_eq(seen[index]++, 0);
            }
        }
        for (int i = 0; i < 53; i++) dropped[epoch] = dropped[epoch] * 3 % 1000003 + !seen[i] * (i + 1);
    }
    ck_assert_int_ne(dropped[0], dropped[1]); /* other samples are dropped in the next epoch */
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_team_destroy(team);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_evaluation) {
    make_set(in_folder(folder, "a.h5"), &small);
    rgm_dataset *set = open_set(in_folder(folder, "a.h5"), RGM_ACCESS_AUTO);
    const int32_t sizes[] = {1, 4, 10, 11, 12, 40};
    rgm_team *team = make_team(2);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        rgm_batch_options options = basic(set, RGM_SPLIT_TEST);
        options.batch = sizes[k];
        options.workers = 2;
        rgm_batches *batches = make_batches(&options);
        struct out out = make_out(&options);
        int64_t steps = rgm_batches_per_epoch(batches), at = 0;
        ck_assert_int_eq(steps, (11 + sizes[k] - 1) / sizes[k]);
        for (int64_t step = 0; step < steps; step++) {
            fill(batches, team, 0, step, &out);
            int32_t valid = rgm_batches_valid(batches);
            for (int32_t n = 0; n < options.batch; n++)
                check_plain(&out, set, RGM_SPLIT_TEST, n, n < valid ? at + n : 0);
            at += valid;
        }
        ck_assert_int_eq(at, 11);
        rgm_error err = {0};
        ck_assert_int_eq(rgm_batches_prepare(batches, 0, steps, &(rgm_batch_out){out.x, NULL, NULL}, &err),
                         RGM_E_INTERNAL);
        free_out(&out);
        rgm_batches_destroy(batches);
    }
    rgm_team_destroy(team);
    rgm_dataset_close(set);
}
END_TEST

/* Inverts the image in a way that depends on all keys of the sample. */
static rgm_status shift_pixels(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                               int32_t worker, rgm_error *err) {
    (void)context, (void)worker, (void)err;
    if (sample->index % 5 == 0 && in->H == out->H && in->W == out->W) {
        *out = *in;
        return RGM_OK;
    }
    for (int32_t h = 0; h < out->H; h++)
        for (int32_t w = 0; w < out->W; w++)
            for (int32_t c = 0; c < out->C; c++)
                out->data[h * out->pitch + w * out->C + c] =
                    (uint8_t)(in->data[h % in->H * in->pitch + w % in->W * in->C + c] + sample->index +
                              3 * sample->position + 11 * sample->epoch);
    return RGM_OK;
}

/* Steps in an order with jumps: ahead, back, the same again. */
static const struct {
    uint32_t epoch;
    int64_t step;
} walk[] = {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 0}, {1, 1},
            {7, 3}, {7, 4}, {8, 0}, {0, 2}, {0, 2}, {0, 1}, {4, 4}};
enum { WALK = sizeof walk / sizeof *walk };

/* All batches of the walk over the set, which is closed, one after the other; [WALK][floats + targets] in one new
 * array.
 */
static float *record(rgm_dataset *set, int32_t threads, int32_t layout, int32_t block, int32_t side, size_t *floats) {
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    options.workers = threads;
    options.layout = layout;
    options.kernels = rgm_kernels_reference(block);
    options.augment = shift_pixels;
    options.H = side;
    rgm_team *team = make_team(threads);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    size_t targets = 10 * 4;
    *floats = (out.floats + targets) * WALK;
    float *all = malloc(*floats * 4), *to = all;
    for (int i = 0; i < WALK; i++) {
        fill(batches, team, walk[i].epoch, walk[i].step, &out);
        memcpy(to, out.x, out.floats * 4);
        memcpy(to + out.floats, out.targets, targets * 4);
        to += out.floats + targets;
    }
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_team_destroy(team);
    rgm_dataset_close(set);
    return all;
}

/* Kinds 0, 1: mapped, pread; 2, 3: chunked, compressed and unpacked; 4, 5: the same through HDF5. */
static rgm_dataset *open_kind(int kind) {
    const char *path = in_folder(folder, "r.h5");
    return kind >= 4 ? open_streamed(path) : open_set(path, kind == 1 ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO);
}

/* Of a set that is closed, and whose names are not needed. */
static rgm_test_memory copy_of(rgm_dataset *set) {
    rgm_test_memory copy;
    copy_to_memory(&copy, set);
    rgm_dataset_close(set);
    copy.memory.name = NULL;
    copy.memory.class_names = NULL;
    return copy;
}

/* The same bits from memory, and from mapped, pread, chunked and compressed files, on 1, 2 and 3 threads. */
START_TEST(test_same_bits) {
    int32_t layout = _i & 1 ? PLAIN : BLOCKED, block = _i & 2 ? 8 : 16, side = _i & 4 ? 7 : 0;
    size_t floats, others;
    make_set(in_folder(folder, "r.h5"), &small);
    float *first = record(open_kind(0), 1, layout, block, side, &floats);
    rgm_test_memory copy = copy_of(open_kind(0));
    rgm_dataset *set;
    ck_assert_int_eq(rgm_dataset_from_memory(&set, &copy.memory, NULL), RGM_OK);
    float *borrowed = record(set, 2, layout, block, side, &others);
    ck_assert(floats == others && memcmp(first, borrowed, floats * 4) == 0);
    free(borrowed);
    free_memory(&copy);
    for (int kind = 0; kind < 6; kind++) {
        rgm_test_set made = small;
        if (kind >= 2) made.chunk = 7;
        made.gzip = kind & 1;
        make_set(in_folder(folder, "r.h5"), &made);
        for (int32_t threads = 1; threads <= 3; threads++) {
            float *other = record(open_kind(kind), threads, layout, block, side, &others);
            ck_assert_uint_eq(floats, others);
            ck_assert_msg(memcmp(first, other, floats * 4) == 0, "kind %d, %d threads", kind, threads);
            free(other);
        }
    }
    for (size_t i = 0; i < floats; i++) ck_assert(!isnan(first[i]));
    free(first);
}
END_TEST

START_TEST(test_soft_targets) {
    rgm_test_set made = small;
    made.soft = 1;
    made.classes = 2;
    make_set(in_folder(folder, "s.h5"), &made);
    rgm_dataset *set = open_set(in_folder(folder, "s.h5"), RGM_ACCESS_AUTO);
    rgm_team *team = make_team(1);
    for (int one_logit = 0; one_logit < 2; one_logit++) {
        rgm_batch_options options = basic(set, RGM_SPLIT_TEST);
        options.one_logit = one_logit;
        rgm_batches *batches = make_batches(&options);
        struct out out = make_out(&options);
        fill(batches, team, 0, 0, &out);
        for (int32_t n = 0; n < 10; n++) {
            int32_t label = make_set_label(&made, RGM_SPLIT_TEST, n);
            ck_assert_int_eq(out.labels[n], label);
            if (one_logit)
                ck_assert(out.targets[n] == (label ? 0.75f : 0.25f));
            else
                ck_assert(out.targets[2 * n + label] == 0.75f && out.targets[2 * n + 1 - label] == 0.25f);
        }
        free_out(&out);
        rgm_batches_destroy(batches);
    }
    rgm_team_destroy(team);
    rgm_dataset_close(set);
}
END_TEST

/* The view's numbers for the set's classes, in labels and targets; the set stays as it is. */
START_TEST(test_mapped_classes) {
    rgm_class_map *map = malloc(sizeof *map + 4 * sizeof(int32_t));
    map->classes = 6;
    memcpy(map->to, (const int32_t[]){5, 0, 2, 0}, 4 * sizeof(int32_t));
    rgm_test_set made = small;
    made.soft = _i;
    make_set(in_folder(folder, "m.h5"), &made);
    rgm_dataset *set = open_set(in_folder(folder, "m.h5"), RGM_ACCESS_AUTO);
    rgm_batch_options options = basic(set, RGM_SPLIT_TEST);
    options.view.map = map;
    float x[10 * 5 * 4 * 3 + 16], targets[10 * 7];
    int32_t labels[10];
    rgm_error err = {0};
    rgm_batches *batches;
    rgm_team *team = make_team(1);
    ck_assert_int_eq(rgm_view_classes(&options.view), 6);
    for (int32_t width = 6; width <= 7; width++) {
        options.classes = width == 6 ? 0 : width;
        batches = make_batches(&options);
        struct out out = {.x = (float *)(((uintptr_t)x + 63) & ~(uintptr_t)63), .targets = targets, .labels = labels};
        memset(targets, 0xff, sizeof targets);
        fill(batches, team, 0, 0, &out);
        for (int32_t n = 0; n < 10; n++) {
            int32_t was = make_set_label(&made, RGM_SPLIT_TEST, n);
            float row[7] = {0};
            row[map->to[was]] += _i ? 0.75f : 1.0f;
            if (_i) row[map->to[(was + 1) % 4]] += 0.25f;
            ck_assert_int_eq(labels[n], map->to[was]);
            ck_assert(memcmp(targets + n * width, row, (size_t)width * sizeof *row) == 0);
            ck_assert_int_eq(rgm_dataset_labels(set, RGM_SPLIT_TEST)[n], was);
        }
        rgm_batches_destroy(batches);
    }
    options.classes = 5;
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, "6 classes, the network has 5"), "%s", err.text);
    rgm_team_destroy(team);
    rgm_dataset_close(set);
    free(map);
}
END_TEST

/* Classes turned round under a single logit; four that become two. */
START_TEST(test_mapped_logit) {
    static const int32_t to[2][4] = {{1, 0}, {1, 0, 0, 1}};
    rgm_test_set made = small;
    made.classes = 2 + 2 * _i;
    made.soft = 1;
    rgm_class_map *map = malloc(sizeof *map + 4 * sizeof(int32_t));
    map->classes = 2;
    memcpy(map->to, to[_i], sizeof to[_i]);
    make_set(in_folder(folder, "l.h5"), &made);
    rgm_dataset *set = open_set(in_folder(folder, "l.h5"), RGM_ACCESS_AUTO);
    rgm_batch_options options = basic(set, RGM_SPLIT_TEST);
    options.view.map = map;
    options.one_logit = 1;
    rgm_team *team = make_team(1);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    fill(batches, team, 0, 0, &out);
    for (int32_t n = 0; n < 10; n++) {
        int32_t was = make_set_label(&made, RGM_SPLIT_TEST, n), next = (was + 1) % made.classes;
        ck_assert_int_eq(out.labels[n], map->to[was]);
        ck_assert(out.targets[n] == 0.75f * (float)map->to[was] + 0.25f * (float)map->to[next]);
    }
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_team_destroy(team);
    rgm_dataset_close(set);
    free(map);
}
END_TEST

START_TEST(test_holdout_view) {
    make_set(in_folder(folder, "v.h5"), &small);
    rgm_dataset *set = open_set(in_folder(folder, "v.h5"), RGM_ACCESS_PREAD);
    rgm_holdout holdout;
    ck_assert_int_eq(rgm_holdout_create(&holdout, set, 0.2, 1, NULL), RGM_OK);
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    options.view = holdout.validation;
    options.train = 0;
    rgm_team *team = make_team(1);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    for (int round = 0; round < 2; round++) {
        fill(batches, team, 0, 1, &out);
        ck_assert_int_eq(rgm_batches_valid(batches), 1);
        check_plain(&out, set, RGM_SPLIT_TRAIN, 0, holdout.validation.indices[10]);
        check_plain(&out, set, RGM_SPLIT_TRAIN, 9, holdout.validation.indices[0]);
        fill(batches, team, 0, 0, &out);
        check_plain(&out, set, RGM_SPLIT_TRAIN, 9, holdout.validation.indices[9]);
    }
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_team_destroy(team);
    rgm_holdout_destroy(&holdout);
    rgm_dataset_close(set);
}
END_TEST

static rgm_status failing(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                          int32_t worker, rgm_error *err) {
    (void)context, (void)in, (void)worker;
    if (sample->position == 7) out->H++; /* a wrong size is caught */
    return sample->position == 9 ? rgm_fail(err, RGM_E_PLUGIN, "no") : RGM_OK;
}

START_TEST(test_wrong) {
    make_set(in_folder(folder, "w.h5"), &small);
    rgm_dataset *set = open_set(in_folder(folder, "w.h5"), RGM_ACCESS_AUTO);
    rgm_error err = {0};
    rgm_batches *batches;
    const rgm_batch_options good = basic(set, RGM_SPLIT_TRAIN);
    rgm_batch_options options = good;
    options.batch = 54;
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    options.batch = 0;
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    options = good, options.H = 6;
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    options = good, options.one_logit = 1;
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    options = good, options.view = rgm_view_all(set, RGM_SPLIT_VALIDATION);
    ck_assert_int_eq(rgm_batches_create(&batches, &options, &err), RGM_E_USAGE);
    options = good, options.augment = failing, options.workers = 2;
    batches = make_batches(&options);
    struct out out = make_out(&options);
    rgm_team *team = make_team(2);
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){out.x, out.targets, out.labels}, &err),
                     RGM_OK);
    rgm_phase phase = *rgm_batches_phase(batches);
    ck_assert_int_eq(rgm_team_run(team, &phase, 1, &err), RGM_E_INTERNAL);
    ck_assert(strstr(err.text, "expected 5 x 4 x 3") != NULL);
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_team_destroy(team);
    rgm_dataset_close(set);
}
END_TEST

/* The reading thread's failure comes out of prepare, each time it is asked. */
/* A mapped file that shrinks while it is open is an error of the next batch; reading on would end the process. */
START_TEST(test_truncated_map) {
    const char *path = in_folder(folder, "m.h5");
    make_set(path, &small);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->access[RGM_SPLIT_TRAIN], RGM_PIXELS_MAPPED);
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_OK);
    FILE *file = fopen(path, "w"); /* truncates */
    fclose(file);
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 1, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_E_IO);
    ck_assert(strstr(err.text, "truncated") != NULL);
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_reader_fails) {
    const char *path = in_folder(folder, "t.h5");
    make_set(path, &small);
    rgm_dataset *set = open_set(path, RGM_ACCESS_PREAD);
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_OK);
    FILE *file = fopen(path, "w"); /* truncates */
    fclose(file);
    ck_assert_int_eq(rgm_batches_prepare(batches, 5, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_E_IO);
    ck_assert(strstr(err.text, "truncated") != NULL);
    ck_assert_int_eq(rgm_batches_prepare(batches, 5, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_E_IO);
    ck_assert_int_eq(rgm_batches_prepare(batches, 9, 1, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_E_IO);
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_dataset_close(set);
}
END_TEST

static atomic_int released, waited;

/* A disk that does not answer, until it is released. */
static void hang(void *context) {
    (void)context;
    while (!released) usleep(1000);
}

static int opened;

static int32_t stop_once_opened(void *context) {
    (void)context;
    ck_assert(!opened);
    return 0;
}

static int32_t stop_once_waiting(void *context) {
    (void)context;
    return waited;
}

/* Whoever waits long for a batch is asked whether to stop; the batch may still be had afterwards. */
START_TEST(test_wait_asks_for_the_stop) {
    const char *path = in_folder(folder, "w.h5");
    make_set(path, &small);
    rgm_dataset *set;
    rgm_error err = {0};
    rgm_dataset_options how = {.access = RGM_ACCESS_PREAD, .stop = {stop_once_opened, NULL}};
    ck_assert_int_eq(rgm_dataset_open(&set, path, &how, &err), RGM_OK);
    opened = 1; /* who opened the set is not asked any more */
    rgm_batch_options options = basic(set, RGM_SPLIT_TRAIN);
    options.stop.asked = stop_once_waiting;
    rgm_batches *batches = make_batches(&options);
    struct out out = make_out(&options);
    failing_calls = (rgm_failing){.at = 1, .instead = hang};
    waited = 1;
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_E_INTERRUPTED);
    released = 1;
    waited = 0;
    ck_assert_int_eq(rgm_batches_prepare(batches, 0, 0, &(rgm_batch_out){out.x, NULL, NULL}, &err), RGM_OK);
    free_out(&out);
    rgm_batches_destroy(batches);
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("batch");
    TCase *batches = tcase_create("batches");
    tcase_add_checked_fixture(batches, setup, teardown);
    tcase_set_timeout(batches, 300);
    tcase_add_test(batches, test_training);
    tcase_add_test(batches, test_evaluation);
    tcase_add_loop_test(batches, test_same_bits, 0, 8);
    tcase_add_test(batches, test_soft_targets);
    tcase_add_loop_test(batches, test_mapped_classes, 0, 2);
    tcase_add_loop_test(batches, test_mapped_logit, 0, 2);
    tcase_add_test(batches, test_holdout_view);
    tcase_add_test(batches, test_wrong);
    tcase_add_test(batches, test_truncated_map);
    tcase_add_test(batches, test_reader_fails);
    tcase_add_test(batches, test_wait_asks_for_the_stop);
    suite_add_tcase(suite, batches);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
