/* What is kept of a run that is watched: bins, predictions, and their file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "train/watched_file.h"
#include "watch_case.h"

/* ---- bins ---- */

enum { LAYERS = 2 };

static rgm_watched *make_watched(void) {
    rgm_watched *w;
    const rgm_watched_shape shape = {.layers = LAYERS, .images = 3, .filter = {2, 1, 2, 2}, .numbers = 4, .seed = 7};
    NEED(rgm_watched_create(&w, &shape, &err));
    for (int32_t i = 0; i < LAYERS; i++) snprintf(w->names[i], sizeof w->names[i], "layer%d", i);
    strcpy(w->filter_name, "conv1.weight");
    for (int32_t i = 0; i < 3; i++) w->index[i] = 10 + i;
    for (int32_t i = 0; i < 8; i++) w->filters_start[i] = (float)i;
    return w;
}

/* A signal that can be checked: of layer i at a step. */
static double signal(int64_t at, int32_t layer) { return (double)((at * 37 + layer * 11) % 101) - 50; }

static void add_step(rgm_watched *w, int64_t at) {
    rgm_watch_layer layers[LAYERS] = {0};
    for (int32_t i = 0; i < LAYERS; i++) {
        layers[i].activation_rms = signal(at, i);
        layers[i].dead = at % 3 ? NAN : 0.5;
    }
    const rgm_watch_step s = {.step = at, .layer_count = LAYERS, .layers = layers, .loss = (double)at};
    rgm_watched_add(w, &s);
}

static void check_bin(const rgm_watched *w, int32_t bin) {
    for (int32_t i = 0; i < LAYERS; i++) {
        double sum = 0, least = INFINITY, largest = -INFINITY;
        for (int64_t at = w->first[bin]; at <= w->last[bin]; at++) {
            sum += signal(at, i);
            least = fmin(least, signal(at, i));
            largest = fmax(largest, signal(at, i));
        }
        int64_t cell = bin * w->layer.series + (int64_t)i * RGM_SIGNALS + RGM_SIGNAL_ACTIVATION_RMS;
        ck_assert(w->layer.sum[cell] == sum && (double)w->layer.least[cell] == least &&
                  (double)w->layer.largest[cell] == largest);
        ck_assert_int_eq(w->layer.count[cell], w->steps[bin]);
    }
}

START_TEST(bins_merge) {
    rgm_watched *w = make_watched();
    int64_t steps = (int64_t[]){1, 255, 256, 257, 5000, 70001}[_i], next = 0;
    for (int64_t i = 0; i < steps; i++) add_step(w, i);
    ck_assert_int_le(w->bins, RGM_WATCHED_BINS);
    ck_assert_int_ge(w->bins, steps < 128 ? (int32_t)steps : 128);
    for (int32_t i = 0; i < w->bins; i++) {
        ck_assert_int_eq(w->first[i], next);
        ck_assert_int_eq(w->steps[i], w->last[i] - w->first[i] + 1);
        next = w->last[i] + 1;
        check_bin(w, i);
    }
    ck_assert_int_eq(next, steps);
    ck_assert_int_eq(w->step, steps);
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(what_is_not_finite_does_not_count) {
    rgm_watched *w = make_watched();
    for (int64_t i = 0; i < 512; i++) add_step(w, i);
    int64_t cell = 5 * w->layer.series + RGM_SIGNAL_DEAD;
    ck_assert_int_eq(w->steps[5], 2);
    ck_assert_int_le(w->layer.count[cell], 1);
    ck_assert(w->layer.count[cell] ? rgm_watched_mean(&w->layer, 5, RGM_SIGNAL_DEAD) == 0.5
                                   : isnan(rgm_watched_mean(&w->layer, 5, RGM_SIGNAL_DEAD)));
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(predictions_are_thinned) {
    rgm_watched *w = make_watched();
    const float z[9] = {0, 1, 2, 5, 0, 0, 1, 1, 0};
    for (int64_t i = 0; i < 1000; i++) rgm_watched_predict(w, i * 10, z, 3);
    ck_assert_int_le(w->evaluations, RGM_WATCHED_EVALUATIONS);
    ck_assert_int_ge(w->evaluations, RGM_WATCHED_EVALUATIONS / 2);
    for (int32_t i = 0; i < w->evaluations; i++) ck_assert_int_eq(w->evaluated[i], i * w->each * 10);
    ck_assert_int_eq(w->predicted[0], 2);
    ck_assert_int_eq(w->predicted[1], 0);
    ck_assert(fabs((double)w->probability[0] - exp(2) / (1 + exp(1) + exp(2))) < 1e-6);
    ck_assert(fabs((double)w->margin[0] - (exp(2) - exp(1)) / (1 + exp(1) + exp(2))) < 1e-6);
    ck_assert(w->margin[2] == 0);
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(one_logit_is_two_classes) {
    rgm_watched *w = make_watched();
    rgm_watched_predict(w, 1, (const float[]){2, -3, 0}, 1);
    ck_assert(w->predicted[0] == 1 && w->predicted[1] == 0 && w->predicted[2] == 0);
    ck_assert(fabs((double)w->probability[1] - 1 / (1 + exp(-3))) < 1e-6);
    ck_assert(w->margin[2] == 0);
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(rewinding_drops_what_is_later) {
    rgm_watched *w = make_watched();
    for (int64_t i = 0; i < 300; i++) add_step(w, i);
    for (int64_t i = 0; i < 5; i++) rgm_watched_predict(w, i * 60, (const float[9]){0}, 3);
    rgm_watched_rewind(w, 150);
    ck_assert_int_eq(w->last[w->bins - 1], 149);
    ck_assert_int_eq(w->evaluations, 3);
    ck_assert_int_eq(w->step, 150);
    add_step(w, 150);
    ck_assert_int_eq(w->first[w->bins - 1], 150);
    rgm_watched_rewind(w, 0);
    ck_assert_int_eq(w->bins, 0);
    rgm_watched_destroy(w);
}
END_TEST

/* ---- the file ---- */

static const char *written(int64_t steps) {
    static char path[512];
    rgm_watched *w = make_watched();
    snprintf(path, sizeof path, "%s", in_folder(folder, "watch.h5"));
    for (int64_t i = 0; i < steps; i++) add_step(w, i);
    rgm_watched_predict(w, steps, (const float[9]){1, 2, 3, 4, 5, 6, 7, 8, 9}, 3);
    NEED(rgm_watched_write(w, path, &err));
    rgm_watched_destroy(w);
    return path;
}

START_TEST(file_round_trip) {
    int64_t steps = (int64_t[]){0, 1, 700}[_i];
    const char *path = written(steps), *again = in_folder(folder, "again.h5");
    rgm_watched *w, *other = make_watched();
    NEED(rgm_watched_read(&w, path, NULL, &err));
    ck_assert_int_eq(w->step, steps);
    ck_assert(rgm_watched_alike(w, other));
    ck_assert_int_eq(w->evaluations, 1);
    for (int32_t i = 0; i < w->bins; i++) check_bin(w, i);
    ck_assert(memcmp(w->filters_start, other->filters_start, 8 * sizeof(float)) == 0);
    NEED(rgm_watched_write(w, again, &err));
    ck_assert(same_files(path, again));
    other->shape.seed = 8;
    ck_assert(!rgm_watched_alike(w, other));
    rgm_watched_destroy(w);
    rgm_watched_destroy(other);
}
END_TEST

static void refused(const char *path, rgm_status status) {
    rgm_watched *w = (rgm_watched *)&err;
    memset(&err, 0, sizeof err);
    rgm_status found = rgm_watched_read(&w, path, NULL, &err);
    ck_assert_msg(found == status, "%d instead of %d: %s", found, status, err.text);
    ck_assert_ptr_null(w);
    ck_assert_msg(strstr(err.text, path), "%s", err.text);
}

START_TEST(damaged_files_are_refused) {
    size_t size;
    const char *path = written(300);
    uint8_t *bytes = load_file(path, &size);
    static char other[512];
    snprintf(other, sizeof other, "%s", in_folder(folder, "other.h5"));
    refused(other, RGM_E_IO);
    for (size_t at = 0; at < size; at += size / 37) {
        bytes[at] ^= 1;
        store_file(other, bytes, size);
        rgm_watched *w;
        ck_assert_int_lt(rgm_watched_read(&w, other, NULL, &err), 0);
        bytes[at] ^= 1;
    }
    store_file(other, bytes, size / 2);
    refused(other, RGM_E_FORMAT);
    store_file(other, bytes, 0);
    refused(other, RGM_E_FORMAT);
    refused(set_path, RGM_E_FORMAT);
    free(bytes);
}
END_TEST

/* Frames that are right around content that cannot be. */
START_TEST(impossible_content_is_refused) {
    rgm_watched *w = make_watched();
    static char path[512];
    snprintf(path, sizeof path, "%s", in_folder(folder, "watch.h5"));
    for (int64_t i = 0; i < 10; i++) add_step(w, i);
    rgm_watched_predict(w, 5, (const float[9]){0}, 3);
    switch (_i) {
    case 0:
        w->steps[3] = 0;
        break;
    case 1:
        w->first[4] = w->first[3];
        break;
    case 2:
        memset(w->names[1], 'x', RGM_WATCHED_NAME);
        break;
    case 3:
        w->predicted[1] = -1;
        break;
    case 4:
        w->layer.count[2] = -5;
        break;
    case 5:
        w->layer.sum[2] = NAN;
        break;
    case 6:
        w->each = 0;
        break;
    case 7:
        w->each = INT64_MAX / 8; /* rewinding multiplies it */
        break;
    case 8:
        w->span = INT64_MAX / 8;
        break;
    case 9:
        w->seen = INT64_MAX / 8;
        break;
    default:
        w->last[9] = INT64_MAX;
    }
    NEED(rgm_watched_write(w, path, &err));
    refused(path, RGM_E_FORMAT);
    rgm_watched_destroy(w);
}
END_TEST

START_TEST(impossible_shapes_are_refused) {
    rgm_watched *w;
    const rgm_watched_shape shapes[] = {{.layers = -1},
                                        {.layers = RGM_WATCHED_LAYERS + 1},
                                        {.images = 65},
                                        {.filter = {65, 1, 1, 1}},
                                        {.filter = {64, 1 << 18, 2, 1}},
                                        {.filter = {1, -1, 1, 1}},
                                        {.numbers = INT64_MAX}};
    ck_assert_int_eq(rgm_watched_create(&w, &shapes[_i], &err), RGM_E_FORMAT);
    ck_assert_ptr_null(w);
}
END_TEST

TCase *watch_kept(void) {
    TCase *c = watch_case("kept");
    add(c, bins_merge, 6);
    tcase_add_test(c, what_is_not_finite_does_not_count);
    tcase_add_test(c, predictions_are_thinned);
    tcase_add_test(c, one_logit_is_two_classes);
    tcase_add_test(c, rewinding_drops_what_is_later);
    add(c, file_round_trip, 3);
    tcase_add_test(c, damaged_files_are_refused);
    add(c, impossible_content_is_refused, 11);
    add(c, impossible_shapes_are_refused, 7);
    return c;
}
