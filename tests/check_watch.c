/* What a training is watched for: signals of each layer and step, the rules over them, and what is kept of a run. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "make_set.h"
#include "plan/norm.h"
#include "plan/probe.h"
#include "run/run.h"
#include "run/watching.h"
#include "train/policy.h"
#include "train/resume.h"
#include "train/trainer_internal.h"
#include "train/watch_rules.h"
#include "train/watched_file.h"
#include "train_run.h"

static char *folder;
static char set_path[512];
static rgm_error err;

static void set_up(void) {
    folder = make_folder();
    snprintf(set_path, sizeof set_path, "%s", in_folder(folder, "set.h5"));
    run_set_write(set_path, &(run_set){.H = 10, .W = 9, .C = 3, .classes = 3, .train = 60, .test = 9});
}

static void tear_down(void) { remove_folder(folder); }

#define NEED(call) ck_assert_msg((call) >= 0, "%s", err.text)

/* A session with its trainer. */
typedef struct bench {
    rgm_config *config;
    rgm_session *session;
    rgm_trainer *trainer;
} bench;

static rgm_config *configure(const char *text, int32_t threads) {
    char yaml[2048];
    rgm_config *config = malloc(sizeof *config);
    NEED(rgm_config_init(config, &err));
    snprintf(yaml, sizeof yaml, "data: {file: '%s', validation: 0.2}\nthreads: %d\n%s", set_path, threads, text);
    NEED(rgm_config_parse(config, yaml, strlen(yaml), "test", &err));
    return config;
}

static bench begin_with(const char *text, int32_t threads, const rgm_trainer_knobs *knobs) {
    bench b = {.config = configure(text, threads)};
    const rgm_session_options options = {.need_data = 1};
    NEED(rgm_session_create(&b.session, b.config, &options, &err));
    NEED(rgm_trainer_create_with(&b.trainer, b.session, &(rgm_trainer_options){.training = 1}, knobs, &err));
    return b;
}

static bench begin(const char *text, int32_t threads) { return begin_with(text, threads, &(rgm_trainer_knobs){0}); }

static void end(bench *b) {
    rgm_trainer_destroy(b->trainer);
    rgm_session_destroy(b->session);
    free(b->config);
}

static const rgm_watch_step *step(bench *b, int64_t number) {
    rgm_step_result result;
    NEED(rgm_trainer_step(b->trainer, number, &result, &err));
    return rgm_trainer_watch(b->trainer);
}

static void check_close(double a, double b, double tolerance, const char *what, const char *layer) {
    if (isnan(a) && isnan(b)) return;
    ck_assert_msg(fabs(a - b) <= tolerance * (1e-12 + fabs(a) + fabs(b)), "%s of %s: %.9g, expected %.9g", what, layer,
                  a, b);
}

static const char *const models[] = {
    "model: {name: mlp, base: 20}\nbatch: 8\n",
    "model: {name: linear}\nbatch: 5\n",
    "model: {name: cnn, base: 5}\nbatch: 8\n",
    "model: {name: resnet20, stem: small, base: 5}\nbatch: 8\n",
    "model: {name: resnet20, stem: small, base: 20, zero_init: false}\nengine: {conv: onednn}\nbatch: 8\n",
    "model: {name: resnet50, stem: imagenet, base: 3}\nbatch: 4\nmemory: low\n",
};
enum { MODELS = sizeof models / sizeof *models };

/* ---- signals beside a plain recomputation ---- */

/* The parameters as they are. */
static float *copy_values(const bench *b) {
    static rgm_state state;
    size_t bytes = sizeof(float) * (size_t)rgm_graph_param_floats(b->session->model->graph);
    float *copy = malloc(bytes);
    rgm_trainer_state(b->trainer, &state);
    memcpy(copy, state.value, bytes);
    return copy;
}

static void check_updates(const bench *b, const rgm_watch_step *w, const float *before, const float *after) {
    const rgm_graph *g = b->session->model->graph;
    for (int32_t i = 0; i < w->layer_count; i++) {
        const rgm_node *node = rgm_graph_node(g, w->layers[i].node);
        if (node->weight == RGM_NO_TENSOR) {
            ck_assert(isnan(w->layers[i].weight_rms) && isnan(w->layers[i].update_rms));
            continue;
        }
        const rgm_param *p = rgm_graph_param(g, node->weight);
        double value = 0, change = 0;
        for (int64_t k = p->offset; k < p->offset + p->count; k++) {
            double d = (double)after[k] - (double)before[k];
            value += (double)after[k] * (double)after[k];
            change += d * d;
        }
        check_close(w->layers[i].weight_rms, sqrt(value / (double)p->count), 1e-5, "weights", p->name);
        check_close(w->layers[i].update_rms, sqrt(change / (double)p->count), 1e-4, "update", p->name);
    }
}

/* The parts of the norm add up to it. */
static void check_gradients(const bench *b, const rgm_watch_step *w) {
    const rgm_graph *g = b->session->model->graph;
    double squares = 0;
    for (int32_t i = 0; i < w->layer_count; i++) {
        double count = 0;
        for (int32_t k = 0; k < rgm_graph_param_count(g); k++)
            if (rgm_graph_param(g, k)->node == w->layers[i].node) count += (double)rgm_graph_param(g, k)->count;
        if (count > 0) squares += w->layers[i].gradient_rms * w->layers[i].gradient_rms * count;
    }
    check_close(sqrt(squares), w->gradient_norm, 1e-9, "norm", "all");
}

START_TEST(weights_and_gradients) {
    bench b = begin(models[_i], 2);
    for (int64_t i = 0; i < 3; i++) {
        float *before = copy_values(&b);
        const rgm_watch_step *w = step(&b, i);
        float *after = copy_values(&b);
        ck_assert_int_eq(w->step, i);
        ck_assert_int_gt(w->layer_count, 0);
        check_updates(&b, w, before, after);
        check_gradients(&b, w);
        ck_assert(w->waited >= 0 && w->batch_seconds > 0 && w->seconds >= w->waited + w->batch_seconds);
        free(before);
        free(after);
    }
    end(&b);
}
END_TEST

/* With plain gradient descent the update is the rate times the gradient, parameter by parameter. */
START_TEST(gradients_are_each_layers_own) {
    bench b = begin("model: {name: cnn, base: 6}\nbatch: 8\noptimizer: {sgd: {lr: 0.5, momentum: 0, nesterov: false}}\n"
                    "regularize: []\n",
                    1);
    const rgm_watch_step *w = step(&b, 0);
    int32_t seen = 0;
    for (int32_t i = 0; i < w->layer_count; i++)
        if (w->layers[i].op == RGM_OP_CONV) {
            seen++;
            check_close(w->layers[i].update_rms, w->rate * w->layers[i].gradient_rms, 1e-3, "update",
                        w->layers[i].name);
        }
    ck_assert_int_eq(seen, 3);
    end(&b);
}
END_TEST

typedef struct sums {
    double mean, rms, dead, input_mean, input_rms; /* input: of a batch norm, the whole batch */
} sums;

static double value_at(const rgm_probe *p, int32_t B, int64_t image, int32_t c, int64_t pixel) {
    const float *x = p->values + image * p->extent.floats;
    if (p->extent.layout == RGM_LAYOUT_PLAIN) return (double)x[c];
    return (double)x[(c / B * p->extent.pixels + pixel) * B + c % B];
}

/* All of what is watched of a node, value by value. `images`: of the sample. */
static sums look_plainly(const rgm_probe *p, int32_t B, int64_t images) {
    sums s = {0};
    for (int32_t c = 0; c < p->C; c++) {
        int32_t alive = 0;
        for (int64_t n = 0; n < images; n++)
            for (int64_t i = 0; i < p->extent.pixels; i++) {
                double v = value_at(p, B, n, c, i);
                if (p->scale) v = (double)p->scale[c] * v + (double)p->shift[c];
                if (p->relu && v < 0) v = 0;
                s.mean += v;
                s.rms += v * v;
                alive |= v > 0;
            }
        s.dead += !alive;
    }
    double count = (double)images * (double)p->extent.pixels * p->C;
    s.mean /= count;
    s.rms = sqrt(s.rms / count);
    s.dead /= p->C;
    return s;
}

static int32_t layer_called(const rgm_watch_step *w, const char *name) {
    for (int32_t i = 0; i < w->layer_count; i++)
        if (strcmp(w->layers[i].name, name) == 0) return i;
    return -1;
}

static int64_t sample_of(const rgm_probe *p, int32_t batch) {
    int64_t images = RGM_WATCH_SAMPLE / (p->extent.pixels * p->C);
    if (images < 2) images = 2;
    return images < batch ? images : batch;
}

/* A step with a rate that changes nothing, then its forward phases once more, one by one: behind each that looks, what
 * it has seen is still there. */
START_TEST(activations) {
    char text[512];
    snprintf(text, sizeof text, "%sclip_norm: 1e-30\nregularize: []\noptimizer: {sgd: {lr: 1e-30}}\n", models[_i]);
    bench b = begin(text, 2);
    const rgm_watch_step *w = step(&b, 0);
    int32_t count, looks = 0, B = b.session->device->kernels->block;
    const rgm_phase *phases = rgm_trainer_phases(b.trainer, &count);
    const rgm_graph *g = b.session->model->graph;
    for (int32_t i = 0; i < count && strcmp(phases[i].name, "loss") != 0; i++) {
        rgm_phase copy = phases[i];
        NEED(rgm_team_run(b.session->device->team, &copy, 1, &err));
        int32_t at = strncmp(copy.name, "watch ", 6) == 0 ? layer_called(w, copy.name + 6) : -1;
        if (at < 0) continue;
        const rgm_watch_layer *l = &w->layers[at];
        rgm_probe p;
        rgm_plan_probe(rgm_trainer_plan(b.trainer), l->node, &p);
        sums s = look_plainly(&p, B, sample_of(&p, b.config->batch));
        check_close(l->activation_rms, s.rms, 1e-4, "rms", l->name);
        ck_assert_msg(fabs(l->activation_mean - s.mean) <= 1e-4 * s.rms, "mean of %s: %g, expected %g", l->name,
                      l->activation_mean, s.mean);
        const rgm_node *node = rgm_graph_node(g, l->node);
        int32_t relu = node->op == RGM_OP_BATCHNORM ? node->flags & RGM_BN_RELU : node->op == RGM_OP_ACTIVATION;
        if (relu) ck_assert_msg(l->dead == s.dead, "dead of %s: %g, expected %g", l->name, l->dead, s.dead);
        ck_assert(relu || isnan(l->dead));
        looks++;
    }
    ck_assert_int_gt(looks, 0);
    end(&b);
}
END_TEST

/* Exact moments of convolutions: beside the whole batch's values, where these are in memory. */
START_TEST(moments) {
    bench b = begin("model: {name: cnn, base: 5}\nbatch: 8\nclip_norm: 1e-30\nregularize: []\n"
                    "optimizer: {sgd: {lr: 1e-30}}\n",
                    2);
    const rgm_watch_step *w = step(&b, 0);
    int32_t count, at = layer_called(w, "conv2"), B = b.session->device->kernels->block;
    const rgm_phase *phases = rgm_trainer_phases(b.trainer, &count);
    rgm_probe p;
    rgm_plan_probe(rgm_trainer_plan(b.trainer), w->layers[at].node, &p);
    ck_assert_ptr_nonnull(p.values);
    for (int32_t i = 0; i < count && strcmp(phases[i].name, "bn2 combine statistics") != 0; i++) {
        rgm_phase copy = phases[i];
        NEED(rgm_team_run(b.session->device->team, &copy, 1, &err));
    }
    sums s = look_plainly(&p, B, b.config->batch);
    check_close(w->layers[at].activation_rms, s.rms, 1e-4, "rms", "conv2");
    ck_assert(fabs(w->layers[at].activation_mean - s.mean) <= 1e-4 * s.rms);
    end(&b);
}
END_TEST

/* A bias of -1e4 kills a hidden unit: all of them are dead, or as many as have it. */
START_TEST(dead_units_are_counted) {
    static rgm_state state;
    bench b = begin("model: {name: mlp, base: 20}\nbatch: 8\n", 1);
    const rgm_graph *g = b.session->model->graph;
    rgm_trainer_state(b.trainer, &state);
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        if (strcmp(p->name, "fc2.bias") != 0) continue;
        for (int64_t k = 0; k < 15; k++) state.value[p->offset + k] = -1e4f;
    }
    const rgm_watch_step *w = step(&b, 0);
    int32_t fc2 = layer_called(w, "fc2");
    ck_assert(w->layers[fc2 + 1].dead >= 0.75);
    ck_assert(w->layers[fc2 - 1].dead < 0.5);
    end(&b);
}
END_TEST

START_TEST(input_as_the_network_sees_it) {
    bench b = begin(models[_i], 1);
    const rgm_watch_step *w = step(&b, 0);
    ck_assert(fabs(w->input_mean) < 0.5 && w->input_rms > 0.5 && w->input_rms < 2);
    ck_assert(w->input_least < -1 && w->input_largest > 1 && w->input_largest < 5);
    end(&b);
}
END_TEST

/* ---- the same bits ---- */

static rgm_watch_layer *copy_layers(const rgm_watch_step *w) {
    rgm_watch_layer *copy = malloc(sizeof *copy * (size_t)w->layer_count);
    memcpy(copy, w->layers, sizeof *copy * (size_t)w->layer_count);
    for (int32_t i = 0; i < w->layer_count; i++) copy[i].name = "";
    return copy;
}

START_TEST(any_number_of_threads) {
    static const int32_t threads[] = {1, 2, 3, 4, 7};
    rgm_watch_layer *first = NULL;
    rgm_watch_step whole = {0};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        bench b = begin(models[_i], threads[i]);
        step(&b, 0);
        const rgm_watch_step *w = step(&b, 1);
        rgm_watch_layer *layers = copy_layers(w);
        if (!first) {
            first = layers;
            whole = *w;
        } else {
            ck_assert_msg(memcmp(first, layers, sizeof *first * (size_t)w->layer_count) == 0, "other bits with %d",
                          threads[i]);
            ck_assert(memcmp(&whole.input_mean, &w->input_mean, sizeof(double) * 4) == 0);
            free(layers);
        }
        end(&b);
    }
    free(first);
}
END_TEST

/* Looking changes nothing. */
START_TEST(training_is_the_same_unwatched) {
    bench watched = begin(models[_i], 2);
    bench plain = begin_with(models[_i], 2, &(rgm_trainer_knobs){.unwatched = 1});
    for (int64_t i = 0; i < 4; i++) {
        rgm_step_result r;
        const rgm_watch_step *w = step(&watched, i);
        NEED(rgm_trainer_step(plain.trainer, i, &r, &err));
        ck_assert(memcmp(&w->gradient_norm, &r.gradient_norm, sizeof r.gradient_norm) == 0);
    }
    ck_assert_int_eq(rgm_trainer_watch(plain.trainer)->layer_count, 0);
    float *a = copy_values(&watched), *c = copy_values(&plain);
    size_t bytes = sizeof(float) * (size_t)rgm_graph_param_floats(watched.session->model->graph);
    ck_assert_msg(memcmp(a, c, bytes) == 0, "other parameters");
    free(a);
    free(c);
    end(&watched);
    end(&plain);
}
END_TEST

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

/* ---- baselines ---- */

/* 60 training images, a fifth of each class held out. */
START_TEST(losses_in_closed_form) {
    static const int32_t labels[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 2};
    run_set_write(
        set_path,
        &(run_set){
            .H = 4, .W = 4, .C = 1, .classes = 3, .train = 1000, .test = 3, .labels = labels, .label_count = 10});
    rgm_baseline l;
    double p[] = {0.6, 0.3, 0.1}, entropy = 0, smooth = 0, cross = 0;
    for (int32_t i = 0; i < 3; i++) {
        double q = 0.9 * p[i] + 0.1 / 3;
        entropy -= p[i] * log(p[i]);
        smooth -= q * log(q);
        cross -= q * log(p[i]);
    }
    bench b = begin("model: {name: mlp, base: 8}\nbatch: 50\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(l.known && fabs(l.start - entropy) < 1e-6 && fabs(l.constant - entropy) < 1e-6);
    end(&b);
    b = begin("model: {name: mlp, base: 8}\nbatch: 50\nprior_bias: false\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(fabs(l.start - log(3)) < 1e-6 && fabs(l.constant - entropy) < 1e-6 && l.spread < 1e-6);
    end(&b);
    b = begin("model: {name: mlp, base: 8}\nbatch: 50\nloss: {cross_entropy: {label_smoothing: 0.1}}\n", 1);
    NEED(rgm_baseline_find(&l, b.session, b.trainer, &err));
    ck_assert(fabs(l.start - cross) < 1e-6 && fabs(l.constant - smooth) < 1e-6);
    ck_assert(fabs(step(&b, 0)->loss - l.start) < 0.1 + 4 * l.spread / sqrt(50));
    end(&b);
}
END_TEST

/* ---- rules ---- */

/* Rules over steps that are made up from a real one. */
typedef struct court {
    bench b;
    rgm_rules *rules;
    rgm_watch_layer *layers;
    rgm_watch_step step;
    rgm_warning said[RGM_RULES];
    int32_t count;
} court;

static court convene_at(const char *text, int32_t fresh) {
    court c = {.b = begin(text, 1)};
    NEED(rgm_rules_create(&c.rules, c.b.session, c.b.trainer, fresh, &err));
    const rgm_watch_step *w = step(&c.b, 0);
    c.step = *w;
    c.step.rate = c.b.session->model->components.lr;
    c.layers = malloc(sizeof *c.layers * (size_t)w->layer_count);
    memcpy(c.layers, w->layers, sizeof *c.layers * (size_t)w->layer_count);
    c.step.layers = c.layers;
    return c;
}

static court convene(const char *text) { return convene_at(text, 1); }

static void adjourn(court *c) {
    rgm_rules_destroy(c->rules);
    free(c->layers);
    end(&c->b);
}

/* `steps` steps like this one. */
static void hear(court *c, int32_t steps) {
    rgm_warning out[RGM_RULES];
    for (int32_t i = 0; i < steps; i++, c->step.step++) {
        int32_t n = rgm_rules_judge(c->rules, &c->step, out);
        for (int32_t k = 0; k < n; k++) {
            ck_assert_int_lt(c->count, RGM_RULES);
            ck_assert(out[k].text[0] && !strchr(out[k].text, '\n') && strlen(out[k].text) + 1 < RGM_WARNING_TEXT);
            ck_assert_int_eq(out[k].step, c->step.step + 1);
            c->said[c->count++] = out[k];
        }
    }
}

static int32_t was_said(const court *c, const char *kind) {
    int32_t times = 0;
    for (int32_t i = 0; i < c->count; i++) times += strcmp(c->said[i].kind, kind) == 0;
    return times;
}

static const char mlp[] = "model: {name: mlp, base: 30}\nbatch: 8\noptimizer: {sgd: {lr: 0.05}}\n";

START_TEST(healthy_steps_are_passed_over) {
    court c = convene(models[_i]);
    hear(&c, 1);
    c.step.loss = 0.9 * rgm_rules_baseline(c.rules)->constant;
    hear(&c, 450);
    ck_assert_msg(c.count == 0, "%s: %s", c.said[0].kind, c.said[0].text);
    adjourn(&c);
}
END_TEST

/* What is wrong, and the kind that says so. */
static void spoil(court *c, int32_t how) {
    rgm_watch_layer *fc1 = &c->layers[0], *relu = &c->layers[1], *fc2 = &c->layers[2];
    switch (how) {
    case 0:
        c->step.loss = 4;
        break;
    case 1:
        c->step.input_mean = 3;
        break;
    case 2:
        c->step.input_rms = 0.05;
        c->step.input_mean = 0;
        break;
    case 3:
        relu->dead = 0.8;
        break;
    case 4:
        fc1->gradient_rms = 1e-9;
        break;
    case 5:
        c->step.gradient_norm = 1e5;
        c->step.loss = 3;
        break;
    case 6:
        fc2->update_rms = 0;
        break;
    case 7:
        fc1->update_rms = fc1->weight_rms;
        fc2->update_rms = fc2->weight_rms;
        c->step.loss = 3;
        break;
    case 8:
        fc1->update_rms = 1e-7 * fc1->weight_rms;
        fc2->update_rms = 1e-7 * fc2->weight_rms;
        break;
    case 9:
        c->step.loss = 2;
        c->step.step = 100; /* at first: the loss at the start is another rule's */
        break;
    case 10:
        c->step.waited = 0.9;
        c->step.seconds = 1;
        break;
    default:
        relu->activation_rms = 1e4;
    }
}

static const char *const spoilt[] = {"start",  "input", "input", "dead",    "vanishing", "exploding",
                                     "frozen", "rate",  "slow",  "stalled", "data",      "scale"};
enum { SPOILT = sizeof spoilt / sizeof *spoilt };

START_TEST(faults_are_named_once) {
    court c = convene(mlp);
    spoil(&c, _i);
    hear(&c, 300);
    ck_assert_msg(was_said(&c, spoilt[_i]) == 1, "%s was said %d times; first is %s", spoilt[_i],
                  was_said(&c, spoilt[_i]), c.count ? c.said[0].text : "nothing");
    adjourn(&c);
}
END_TEST

/* The end of a schedule: the rate is next to nothing, and no weight moves. */
START_TEST(no_rate_freezes_nothing) {
    court c = convene(mlp);
    spoil(&c, 6);
    c.step.rate *= 0.005;
    hear(&c, 40);
    ck_assert_int_eq(was_said(&c, "frozen"), 0);
    c.step.rate *= 4;
    hear(&c, 20);
    ck_assert_int_eq(was_said(&c, "frozen"), 1);
    adjourn(&c);
}
END_TEST

START_TEST(a_rising_loss) {
    court c = convene(mlp);
    hear(&c, 40);
    c.step.loss = 5;
    hear(&c, 20);
    ck_assert_int_eq(was_said(&c, "rising"), 1);
    adjourn(&c);
}
END_TEST

/* One step of a large loss: the layer and the images are named. */
START_TEST(a_spike) {
    court c = convene("model: {name: mlp, base: 30}\nbatch: 32\noptimizer: {sgd: {lr: 0.05}}\n");
    c.step.loss = 0.8;
    hear(&c, 60);
    ck_assert_int_eq(was_said(&c, "spike"), 0);
    c.step.loss = 2.6;
    c.layers[2].gradient_rms *= 50;
    hear(&c, 1);
    ck_assert_int_eq(was_said(&c, "spike"), 1);
    const rgm_warning *w = &c.said[c.count - 1];
    char image[32];
    snprintf(image, sizeof image, "images %lld,", (long long)c.step.worst[0]);
    ck_assert_str_eq(w->layer, "fc2");
    ck_assert_msg(strstr(w->text, image) && strstr(w->text, "50 times"), "%s", w->text);
    hear(&c, 10);
    ck_assert_int_eq(was_said(&c, "spike"), 1);
    adjourn(&c);
}
END_TEST

START_TEST(worst_images) {
    bench b = begin("model: {name: mlp, base: 30}\nbatch: 32\n", 2);
    const rgm_watch_step *w = step(&b, 0);
    for (int32_t i = 0; i < RGM_WATCH_WORST; i++) {
        ck_assert(w->worst[i] >= 0 && w->worst[i] < 60);
        ck_assert(isfinite(w->worst_loss[i]) && (i == 0 || w->worst_loss[i] <= w->worst_loss[i - 1]));
        ck_assert(w->worst_loss[i] >= w->loss);
    }
    ck_assert(w->worst[0] != w->worst[1] && w->worst[1] != w->worst[2]);
    end(&b);
    b = begin("model: {name: mlp, base: 30}\nbatch: 2\n", 2);
    ck_assert_int_eq(step(&b, 0)->worst[2], -1);
    end(&b);
}
END_TEST

START_TEST(units_that_begin_alike) {
    court c = convene("model: {name: mlp, base: 30}\nbatch: 8\ninit: {constant: {value: 0.1}}\n");
    c.step.step = 0;
    hear(&c, 1);
    ck_assert_int_eq(was_said(&c, "symmetric"), 1);
    ck_assert_str_eq(c.said[0].layer, "fc1");
    adjourn(&c);
}
END_TEST

/* Another process goes on with the numbers, and says nothing twice. */
START_TEST(rules_go_on) {
    court c = convene(mlp), d = convene(mlp);
    int64_t count;
    spoil(&c, 3);
    spoil(&d, 3);
    hear(&c, 13);
    const double *numbers = rgm_rules_numbers(c.rules, &count);
    ck_assert(rgm_rules_go_on(d.rules, numbers, count));
    ck_assert(!rgm_rules_go_on(d.rules, numbers, count - 1));
    d.step.step = 13;
    hear(&d, 7);
    ck_assert_int_eq(was_said(&d, "dead"), 1);
    adjourn(&c);
    c = convene(mlp);
    spoil(&c, 3);
    rgm_rules_said(c.rules, "dead");
    rgm_rules_said(c.rules, "no such kind");
    hear(&c, 40);
    ck_assert_int_eq(c.count, 0);
    adjourn(&c);
    adjourn(&d);
}
END_TEST

/* The scale of first weights is judged in the first window only, whichever processes make it. */
START_TEST(trained_weights_have_no_first_scale) {
    court c = convene(mlp), d = convene_at(mlp, 0);
    int64_t count;
    spoil(&c, 11);
    spoil(&d, 11);
    d.step.step = 100; /* resumed, and what was watched is lost */
    hear(&d, 40);
    ck_assert_int_eq(was_said(&d, "scale"), 0);
    adjourn(&d);
    d = convene_at(mlp, 0); /* resumed amid the first window */
    spoil(&d, 11);
    c.step.step = 0;
    hear(&c, 13);
    const double *numbers = rgm_rules_numbers(c.rules, &count);
    ck_assert(rgm_rules_go_on(d.rules, numbers, count));
    d.step.step = 13;
    hear(&d, 7);
    ck_assert_int_eq(was_said(&d, "scale"), 1);
    adjourn(&d);
    d = convene_at("checkpoint: 'trained.h5'\nmodel: {name: mlp, base: 30}\nbatch: 8\n", 0); /* weights of others */
    spoil(&d, 11);
    d.step.step = 0;
    hear(&d, 40);
    ck_assert_int_eq(was_said(&d, "scale"), 0);
    adjourn(&d);
    adjourn(&c);
}
END_TEST

/* A zero-initialized branch has no gradient at first: nothing is said of it. */
START_TEST(branches_that_start_at_zero) {
    bench b = begin("model: {name: resnet20, stem: small, base: 8}\nbatch: 16\nepochs: 10\n", 2);
    rgm_rules *rules;
    rgm_warning out[RGM_RULES];
    NEED(rgm_rules_create(&rules, b.session, b.trainer, 1, &err));
    for (int64_t i = 0; i < 25; i++) {
        int32_t n = rgm_rules_judge(rules, step(&b, i), out);
        ck_assert_msg(n == 0, "%s", out[0].text);
    }
    rgm_rules_destroy(rules);
    end(&b);
}
END_TEST

/* ---- runs ---- */

#define OF_RUNS "model: {name: cnn, base: 4}\nbatch: 8\nepochs: 6\nmetrics: {every: 4}\n"
#define FAILING OF_RUNS "plugins: ['" RGM_FIXTURES "/train/fails.so']\nloss: fails\nregularize: [fails]\n"

static const char *of_runs = OF_RUNS;
static rgm_run_summary summary; /* of the last run */
static int64_t stop_at;
static rgm_status stop_with = RGM_E_INTERRUPTED;
static int32_t warnings, steps_made;
static float *result; /* the parameters at the end */
static size_t result_bytes;

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *error) {
    (void)context;
    steps_made++;
    if (stop_at && e->progress->step == stop_at) return rgm_fail(error, stop_with, "enough");
    return RGM_OK;
}

static void on_message(void *context, int32_t level, const char *line) {
    (void)context, (void)line;
    warnings += level == RGM_LOG_WARN;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *s, rgm_error *error) {
    (void)context, (void)s, (void)error;
    const bench b = {.session = (rgm_session *)parts->session, .trainer = parts->trainer};
    free(result);
    result = copy_values(&b);
    result_bytes = sizeof(float) * (size_t)rgm_graph_param_floats(parts->session->model->graph);
    return RGM_OK;
}

/* Runs in a folder ("": without files), to its end or up to a step; resumes if it is there. */
static rgm_status run_in(const char *path, int32_t threads, int64_t stop, int32_t resume) {
    rgm_config *config = configure(of_runs, threads);
    snprintf(config->out, sizeof config->out, "%s", path);
    stop_at = stop;
    warnings = steps_made = 0;
    const rgm_run_options options = {.config = config,
                                     .files = path[0] ? RGM_RUN_FOLDER : RGM_RUN_NO_FILES,
                                     .resume = resume ? path : NULL,
                                     .events = {.step = on_step, .message = on_message, .finished = on_finished}};
    rgm_status status = rgm_run_train(&options, &summary, &err);
    free(config);
    return status;
}

/* The parameters that a run ended with; the caller's. */
static float *take_result(void) {
    float *taken = result;
    ck_assert_ptr_nonnull(taken);
    result = NULL;
    return taken;
}

static const char *inside(const char *name) {
    static char paths[4][700];
    static int32_t turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

START_TEST(resumed_runs_have_the_same_file) {
    NEED(run_in(inside("whole"), 2, 0, 0));
    int64_t at = (int64_t[]){3, 6, 20}[_i];
    ck_assert_int_lt(run_in(inside("parts"), 1, at, 0), 0);
    NEED(run_in(inside("parts"), 3, 0, 1));
    ck_assert_msg(same_files(inside("whole/watch.h5"), inside("parts/watch.h5")), "after a stop at %d", (int)at);
    rgm_watched *w;
    NEED(rgm_watched_read(&w, inside("whole/watch.h5"), NULL, &err));
    ck_assert_int_eq(w->step, 36);
    ck_assert_int_eq(w->evaluations, 6);
    ck_assert_int_eq(w->shape.images, 12);
    ck_assert_int_eq(w->shape.filter[0], 4);
    ck_assert(memcmp(w->filters_start, w->filters_now, sizeof(float) * 4 * 27) != 0);
    rgm_watched_destroy(w);
}
END_TEST

/* The share of time that data took is of all steps, or is not known. */
START_TEST(resumed_runs_know_no_share) {
    ck_assert_int_lt(run_in(inside("run"), 1, 20, 0), 0);
    ck_assert(summary.data_share > 0 && summary.data_share <= 1);
    NEED(run_in(inside("run"), 1, 0, 1));
    ck_assert(isnan(summary.data_share) && summary.seconds > 0);
}
END_TEST

/* A file that is gone or damaged costs a warning, and nothing else. */
START_TEST(lost_files_are_begun_anew) {
    ck_assert_int_lt(run_in(inside("parts"), 2, 20, 0), 0);
    size_t size;
    uint8_t *bytes = load_file(inside("parts/watch.h5"), &size);
    bytes[size / 2] ^= 1;
    store_file(inside("parts/watch.h5"), bytes, size);
    free(bytes);
    if (_i) unlink(inside("parts/watch.h5"));
    NEED(run_in(inside("parts"), 2, 0, 1));
    ck_assert_int_eq(warnings, 1);
    rgm_watched *w;
    NEED(rgm_watched_read(&w, inside("parts/watch.h5"), NULL, &err));
    ck_assert_int_eq(w->first[0], 20);
    ck_assert_int_eq(w->step, 36);
    rgm_watched_destroy(w);
}
END_TEST

static int32_t stops_now(void *context) {
    (void)context;
    return 1;
}

/* What could not be read for another reason than its content is not written over. */
START_TEST(files_that_were_not_read_stay) {
    bench b = begin(OF_RUNS, 1);
    const rgm_view *judged = &b.session->data->validation;
    rgm_watching_options options = {.session = b.session,
                                    .trainer = b.trainer,
                                    .judged = judged,
                                    .path = inside("watch.h5"),
                                    .metrics = inside("metrics.jsonl"),
                                    .fresh = 1};
    rgm_watching *w = rgm_watching_begin(&options);
    ck_assert_ptr_nonnull(w);
    rgm_watching_predict(w, 1);
    rgm_watching_save(w);
    rgm_watching_end(w);
    const char *copy = inside("copy.h5");
    copy_file(options.path, copy);
    options.fresh = 0;
    options.resumed = 1;
    options.stop = (rgm_stop){.asked = stops_now};
    for (int32_t stopped = 1; stopped >= 0; stopped--) {
        w = rgm_watching_begin(&options);
        ck_assert_ptr_nonnull(w);
        rgm_watching_save(w);
        rgm_watching_end(w);
        ck_assert_int_eq(same_files(options.path, copy), stopped);
        options.stop = (rgm_stop){0}; /* read, it goes back to step 0: no prediction is left */
    }
    end(&b);
}
END_TEST

/* ---- steps that are not finite ---- */

static int32_t count_events(const char *file, const char *event) {
    size_t size;
    int32_t count = 0;
    char *text = (char *)load_file(file, &size), wanted[64];
    snprintf(wanted, sizeof wanted, "{\"event\": \"%s\"", event);
    for (const char *at = text; (at = strstr(at, wanted)); at++) count++;
    free(text);
    return count;
}

/* Six steps an epoch, six epochs. */
static const struct {
    const char *fail, *policy, *event;
    rgm_status status;
    int32_t steps, events; /* told */
} cases[] = {
    {"nan_loss 8", "stop", "skip", RGM_E_NUMERIC, 8, 0},
    {"nan_loss 8", "skip", "skip", RGM_OK, 35, 1},
    {"nan_loss 0", "skip", "skip", RGM_OK, 35, 1},
    {"nan_since 8", "skip", "skip", RGM_E_NUMERIC, 8, 2},
    {"nan_loss 8", "rewind", "rewind", RGM_OK, 35, 1},
    {"nan_loss 3", "rewind", "rewind", RGM_OK, 35, 1}, /* to the start */
    {"param 8", "rewind", "rewind", RGM_OK, 35, 1},
    {"param 11", "rewind", "rewind", RGM_OK, 36, 1}, /* found at the epoch's end */
    {"param 8", "skip", "skip", RGM_E_NUMERIC, 9, 2},
    {"nan_since 8", "rewind", "rewind", RGM_E_NUMERIC, 8, 2},
};
enum { CASES = sizeof cases / sizeof *cases };

static void ask_to_fail(int32_t i) {
    static char text[1024];
    setenv("RGM_FAIL", cases[i].fail, 1);
    snprintf(text, sizeof text, FAILING "watch: {policy: %s, most: 2}\n", cases[i].policy);
    of_runs = text;
}

START_TEST(policies) {
    ask_to_fail(_i);
    rgm_status status = run_in(inside("run"), 2, 0, 0);
    ck_assert_msg(status == cases[_i].status, "%d: %s", status, err.text);
    ck_assert_int_eq(steps_made, cases[_i].steps);
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), cases[_i].event), cases[_i].events);
    if (status < 0) return;
    for (size_t i = 0; i < result_bytes / sizeof *result; i++) ck_assert(isfinite(result[i]));
    float *files = take_result();
    NEED(run_in("", 3, 0, 0)); /* the same from memory, on other threads */
    ck_assert(memcmp(files, result, result_bytes) == 0);
    setenv("RGM_FAIL", "none 0", 1);
    NEED(run_in("", 2, 0, 0));
    ck_assert_msg(memcmp(files, result, result_bytes) != 0, "nothing has happened");
    free(files);
}
END_TEST

/* Stopped and resumed before, at, and behind what happens. */
START_TEST(policies_after_a_stop) {
    static const int32_t which[] = {1, 4, 6};
    static const int32_t stops[] = {2, 7, 11, 13};
    ask_to_fail(which[_i]);
    NEED(run_in(inside("whole"), 2, 0, 0));
    float *whole = take_result();
    for (int32_t i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "parts%d", i);
        ck_assert_int_lt(run_in(inside(name), 1, stops[i], 0), 0);
        NEED(run_in(inside(name), 3, 0, 1));
        ck_assert_msg(memcmp(whole, result, result_bytes) == 0, "other bits after a stop at %d", stops[i]);
    }
    free(whole);
}
END_TEST

/* A state that is not finite where it is to be saved, at a stop or by the clock, is mended. */
START_TEST(bad_states_are_mended_to_be_saved) {
    static const char *const more[] = {"", "save: {minutes: 1e-9}\n"};
    char text[1024];
    snprintf(text, sizeof text, FAILING "watch: {policy: rewind}\n%s", more[_i]);
    of_runs = text;
    setenv("RGM_FAIL", "param 8", 1); /* the state behind step 9 */
    ck_assert_int_eq(run_in(inside("run"), 2, _i ? 0 : 9, 0), _i ? RGM_OK : RGM_E_INTERRUPTED);
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), "rewind"), 1);
    if (_i) return;
    NEED(run_in(inside("run"), 2, 0, 1));
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), "rewind"), 1);
}
END_TEST

/* A state that was put back in part is no step's. */
START_TEST(half_a_state_is_not_whole) {
    static char path[700];
    NEED(run_in(inside("run"), 2, 0, 0));
    snprintf(path, sizeof path, "%s", inside("run/checkpoints/last.h5"));
    bench b = begin("model: {name: cnn, base: 5}\nbatch: 8\n", 1);
    ck_assert(rgm_trainer_whole(b.trainer));
    ck_assert_int_lt(rgm_resume_state(b.session, b.trainer, inside("none.h5"), &err), 0);
    ck_assert(rgm_trainer_whole(b.trainer));
    ck_assert_int_eq(rgm_resume_state(b.session, b.trainer, path, &err), RGM_E_FORMAT);
    ck_assert(!rgm_trainer_whole(b.trainer));
    end(&b);
    b = begin(OF_RUNS, 1);
    b.session->stop = (rgm_stop){.asked = stops_now}; /* it is not stopped in between */
    rgm_trainer_restoring(b.trainer);
    ck_assert(!rgm_trainer_whole(b.trainer));
    NEED(rgm_resume_state(b.session, b.trainer, path, &err));
    ck_assert(rgm_trainer_whole(b.trainer));
    end(&b);
}
END_TEST

/* What plugins have seen since goes back, too, in memory and in a file; the state may have been empty. */
START_TEST(plugins_go_back) {
    bench b = begin(OF_RUNS "plugins: ['" RGM_FIXTURES "/train/keeper.so']\nscheduler: keeper\n"
                            "watch: {policy: rewind}\n",
                    1);
    const rgm_components *c = &b.session->model->components;
    rgm_policy policy = {.session = b.session, .trainer = b.trainer, .back = _i ? inside("back.h5") : NULL};
    rgm_progress at = rgm_progress_start();
    const char *action = "";
    for (size_t seen = 0; seen < 3; seen++) {
        size_t size = rgm_instance_state_bytes(c->schedule[0]);
        ck_assert_int_eq(size == 0, seen == 0);
        rgm_policy_begin(&policy, &at);
        NEED(rgm_policy_keep(&policy, &at, 1, &err));
        rgm_clock clock = rgm_session_clock(b.session, 0);
        NEED(rgm_plug_observe(c->schedule, (size_t)c->schedules, &clock, "validation_loss", 1, &err));
        ck_assert_int_ne(rgm_instance_state_bytes(c->schedule[0]), size);
        NEED(rgm_policy_catch(&policy, &at, 1, &action, RGM_E_NUMERIC, &err));
        ck_assert_str_eq(action, "rewind");
        ck_assert_int_eq(rgm_instance_state_bytes(c->schedule[0]), size);
        rgm_policy_end(&policy);
        NEED(rgm_plug_observe(c->schedule, (size_t)c->schedules, &clock, "validation_loss", 1, &err));
    }
    end(&b);
}
END_TEST

/* A file of another epoch is not gone back to: of the future, of the past, or of another run. */
START_TEST(other_states_to_go_back_to) {
    of_runs = FAILING "seed: 5\nwatch: {policy: rewind}\n";
    setenv("RGM_FAIL", "none 0", 1);
    ck_assert_int_lt(run_in(inside("seed"), 2, 14, 0), 0);
    of_runs = FAILING "watch: {policy: rewind}\n";
    NEED(run_in(inside("future"), 2, 0, 0));
    ck_assert_int_lt(run_in(inside("past"), 2, 8, 0), 0);
    const char *const others[] = {"future", "past", "seed"};
    float *missing = NULL;
    for (int32_t i = -1; i < 3; i++) {
        char run[32], back[64], other[64];
        snprintf(run, sizeof run, "run%d", i + 1);
        snprintf(back, sizeof back, "%s/checkpoints/back.h5", run);
        setenv("RGM_FAIL", "none 0", 1);
        ck_assert_int_lt(run_in(inside(run), 2, 14, 0), 0);
        ck_assert_int_eq(unlink(inside(back)), 0);
        if (i >= 0) {
            snprintf(other, sizeof other, "%s/checkpoints/back.h5", others[i]);
            copy_file(inside(other), inside(back));
        }
        setenv("RGM_FAIL", "nan_loss 16", 1);
        NEED(run_in(inside(run), 2, 0, 1));
        if (missing)
            ck_assert_msg(memcmp(missing, result, result_bytes) == 0, "back to the state of '%s'", others[i]);
        else
            missing = take_result();
    }
    free(missing);
}
END_TEST

static int64_t step_in(const char *checkpoint) {
    rgm_checkpoint_reader *reader;
    NEED(rgm_checkpoint_open(&reader, checkpoint, NULL, &err));
    int64_t at = rgm_checkpoint_header(reader)->progress.step;
    rgm_checkpoint_close(reader);
    return at;
}

/* However seldom `last` is saved, what the policy goes back to is not newer: here when the disk fails in an epoch. */
START_TEST(last_is_saved_with_back) {
    of_runs = FAILING "watch: {policy: rewind}\nsave: {every: 5}\n";
    setenv("RGM_FAIL", "none 0", 1);
    stop_with = RGM_E_IO;
    ck_assert_int_eq(run_in(inside("run"), 2, 14, 0), RGM_E_IO);
    ck_assert_int_eq(step_in(inside("run/checkpoints/last.h5")), 12);
    ck_assert_int_eq(step_in(inside("run/checkpoints/back.h5")), 12);
}
END_TEST

/* What failed is named: the layer, and the images if not all are bad. */
START_TEST(blame_names_images) {
    static rgm_state state;
    rgm_step_result r;
    bench b = begin("model: {name: linear}\nbatch: 8\n", 2);
    rgm_trainer_state(b.trainer, &state);
    state.value[0] = NAN;
    ck_assert_int_eq(rgm_trainer_step(b.trainer, 0, &r, &err), RGM_E_NUMERIC);
    ck_assert_msg(strstr(err.text, "bad output is fc; with all 8 images of the batch"), "%s", err.text);
    end(&b);
}
END_TEST

static void add(TCase *c, const TTest *test, int times) { tcase_add_loop_test(c, test, 0, times); }

int main(void) {
    Suite *suite = suite_create("watch");
    TCase *c = tcase_create("signals");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 120);
    add(c, weights_and_gradients, MODELS);
    tcase_add_test(c, gradients_are_each_layers_own);
    add(c, activations, MODELS);
    tcase_add_test(c, moments);
    tcase_add_test(c, dead_units_are_counted);
    add(c, input_as_the_network_sees_it, MODELS);
    add(c, any_number_of_threads, MODELS);
    add(c, training_is_the_same_unwatched, MODELS);
    suite_add_tcase(suite, c);

    c = tcase_create("kept");
    tcase_add_checked_fixture(c, set_up, tear_down);
    add(c, bins_merge, 6);
    tcase_add_test(c, what_is_not_finite_does_not_count);
    tcase_add_test(c, predictions_are_thinned);
    tcase_add_test(c, one_logit_is_two_classes);
    tcase_add_test(c, rewinding_drops_what_is_later);
    add(c, file_round_trip, 3);
    tcase_add_test(c, damaged_files_are_refused);
    add(c, impossible_content_is_refused, 11);
    add(c, impossible_shapes_are_refused, 7);
    suite_add_tcase(suite, c);

    c = tcase_create("rules");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, losses_in_closed_form);
    add(c, healthy_steps_are_passed_over, MODELS);
    add(c, faults_are_named_once, SPOILT);
    tcase_add_test(c, no_rate_freezes_nothing);
    tcase_add_test(c, a_rising_loss);
    tcase_add_test(c, a_spike);
    tcase_add_test(c, worst_images);
    tcase_add_test(c, units_that_begin_alike);
    tcase_add_test(c, rules_go_on);
    tcase_add_test(c, trained_weights_have_no_first_scale);
    tcase_add_test(c, branches_that_start_at_zero);
    suite_add_tcase(suite, c);

    c = tcase_create("runs");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 120);
    add(c, resumed_runs_have_the_same_file, 3);
    tcase_add_test(c, resumed_runs_know_no_share);
    add(c, lost_files_are_begun_anew, 2);
    tcase_add_test(c, files_that_were_not_read_stay);
    add(c, policies, CASES);
    add(c, policies_after_a_stop, 3);
    tcase_add_test(c, other_states_to_go_back_to);
    tcase_add_test(c, last_is_saved_with_back);
    add(c, bad_states_are_mended_to_be_saved, 2);
    tcase_add_test(c, half_a_state_is_not_whole);
    add(c, plugins_go_back, 2);
    tcase_add_test(c, blame_names_images);
    suite_add_tcase(suite, c);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
