#include "watch_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *folder, set_path[512];
rgm_error err;

static void set_up(void) {
    folder = make_folder();
    snprintf(set_path, sizeof set_path, "%s", in_folder(folder, "set.h5"));
    run_set_write(set_path, &(run_set){.H = 10, .W = 9, .C = 3, .classes = 3, .train = 60, .test = 9});
}

static void tear_down(void) { remove_folder(folder); }

TCase *watch_case(const char *name) {
    TCase *c = tcase_create(name);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 120);
    return c;
}

void add(TCase *c, const TTest *test, int times) { tcase_add_loop_test(c, test, 0, times); }

rgm_config *configure(const char *text, int32_t threads) {
    char yaml[2048];
    rgm_config *config = malloc(sizeof *config);
    NEED(rgm_config_init(config, &err));
    snprintf(yaml, sizeof yaml, "data: {file: '%s', validation: 0.2}\nthreads: %d\n%s", set_path, threads, text);
    NEED(rgm_config_parse(config, yaml, strlen(yaml), "test", &err));
    return config;
}

bench begin_with(const char *text, int32_t threads, const rgm_trainer_knobs *knobs) {
    bench b = {.config = configure(text, threads)};
    const rgm_session_options options = {.need_data = 1};
    NEED(rgm_session_create(&b.session, b.config, &options, &err));
    NEED(rgm_trainer_create_with(&b.trainer, b.session, &(rgm_trainer_options){.training = 1}, knobs, &err));
    return b;
}

bench begin(const char *text, int32_t threads) { return begin_with(text, threads, &(rgm_trainer_knobs){0}); }

void end(bench *b) {
    rgm_trainer_destroy(b->trainer);
    rgm_session_destroy(b->session);
    free(b->config);
}

const rgm_watch_step *step(bench *b, int64_t number) {
    rgm_step_result result;
    NEED(rgm_trainer_step(b->trainer, number, &result, &err));
    return rgm_trainer_watch(b->trainer);
}

float *copy_values(const bench *b) {
    static rgm_state state;
    size_t bytes = sizeof(float) * (size_t)rgm_graph_param_floats(b->session->model->graph);
    float *copy = malloc(bytes);
    rgm_trainer_state(b->trainer, &state);
    memcpy(copy, state.value, bytes);
    return copy;
}

const char *const models[MODELS] = {
    "model: {name: mlp, base: 20}\nbatch: 8\n",
    "model: {name: linear}\nbatch: 5\n",
    "model: {name: cnn, base: 5}\nbatch: 8\n",
    "model: {name: resnet20, stem: small, base: 5}\nbatch: 8\n",
    "model: {name: resnet20, stem: small, base: 20, zero_init: false}\nengine: {conv: onednn}\nbatch: 8\n",
    "model: {name: resnet50, stem: imagenet, base: 3}\nbatch: 4\nmemory: low\n",
};
