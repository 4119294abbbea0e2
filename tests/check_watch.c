/* What a step of a training shows: signals of each layer. The other files have what is kept of a run, the rules, and
 * whole runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plan/norm.h"
#include "plan/probe.h"
#include "watch_case.h"

static void check_close(double a, double b, double tolerance, const char *what, const char *layer) {
    if (isnan(a) && isnan(b)) return;
    ck_assert_msg(fabs(a - b) <= tolerance * (1e-12 + fabs(a) + fabs(b)), "%s of %s: %.9g, expected %.9g", what, layer,
                  a, b);
}

/* ---- signals beside a plain recomputation ---- */

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

int main(void) {
    Suite *suite = suite_create("watch");
    TCase *c = watch_case("signals");
    add(c, weights_and_gradients, MODELS);
    tcase_add_test(c, gradients_are_each_layers_own);
    add(c, activations, MODELS);
    tcase_add_test(c, moments);
    tcase_add_test(c, dead_units_are_counted);
    add(c, input_as_the_network_sees_it, MODELS);
    add(c, any_number_of_threads, MODELS);
    add(c, training_is_the_same_unwatched, MODELS);
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, watch_kept());
    suite_add_tcase(suite, watch_rules());
    suite_add_tcase(suite, watch_runs());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
