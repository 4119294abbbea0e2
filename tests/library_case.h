/* What the suites of the library share: pixels in memory, configurations, trainings that are listened to, and the bits
 * that come out. Only the public header is used. A test fails where something is refused that must not be. */
#ifndef RGM_TESTS_LIBRARY_CASE_H
#define RGM_TESTS_LIBRARY_CASE_H

#include <regimen/regimen.h>
#include <stddef.h>
#include <stdint.h>

/* ---- pixels ---- */

/* Random pixels that say something about their labels. */
typedef struct pixels {
    regimen_pixels given;
    uint8_t *images[REGIMEN_SPLITS];
    int32_t *labels[REGIMEN_SPLITS];
} pixels;

/* `side` x `side` x `channels`; class names NULL: none. */
void pixels_make(pixels *p, int32_t side, int32_t channels, int32_t classes, const int64_t count[REGIMEN_SPLITS]);
void pixels_free(pixels *p);

/* 60 images for training, 10 for the test of 8 x 8 x 3, in four classes: what most tests take. */
void pixels_usual(pixels *p);
size_t pixels_bytes(const pixels *p); /* of an image */
regimen_data *pixels_data(const pixels *p);
regimen_data *pixels_named(const pixels *p, const char *const *class_names); /* with class names, called "named" */

/* ---- small things ---- */

void write_text(const char *path, const char *text); /* a file of it */
int32_t always(void *context);                       /* a `cancel` that says so at once */

/* ---- configurations ---- */

/* "model.name=mlp; epochs=2" */
regimen_config *config_of(const char *settings);
void config_more(regimen_config *config, const char *settings);

/* Of the keys threads and so on; no configuration: one thread. */
regimen_machine *machine_of(int32_t threads);

/* ---- trainings ---- */

/* A letter an event: O opened, B begun, s step, e epoch, c saved, T trained, F finished, E ended. */
typedef struct listener {
    char story[512];
    char said[16384]; /* messages, a line each, behind the level's digit */
    char path[1024];  /* of the last checkpoint */
    regimen_progress begun, stepped, epoch;
    regimen_result finished, ended;
    int64_t cancel_at;   /* says to cancel once so many steps are done; 0: never; -1: always */
    int64_t asked;       /* how often it was asked */
    char fail_in;        /* 's', 'e' or 'F': that event fails ... */
    int64_t fail_at;     /* ... once so many steps are done ... */
    int32_t failure;     /* ... with this status ... */
    const char *failing; /* ... and text; NULL: none */
    int64_t steps;
    void (*within)(struct listener *l); /* called in each step's event */
    void *mine;
} listener;

regimen_events events_of(listener *l);

typedef struct outcome {
    int32_t status;
    char error[1024];
    regimen_result result;
    regimen_model *model;
} outcome;

/* What a training may have beside machine, data and configuration. */
typedef struct extra {
    listener *listener;
    const char *resume;
    int32_t no_files, no_model;
    int32_t reached; /* 1: the model of a training that was cancelled is wanted */
    double until;
} extra;

outcome train(regimen_machine *machine, const regimen_data *data, const regimen_config *config, const extra *more);

/* The same, which must succeed. */
outcome trained(regimen_machine *machine, const regimen_data *data, const regimen_config *config, const extra *more);

/* ---- models ---- */

/* These succeed, or the test fails. */
regimen_model *load(regimen_machine *machine, const char *path, const regimen_config *config);
regimen_result evaluated(regimen_model *model, const regimen_data *data, int32_t split);
void predict(regimen_model *model, const uint8_t *images, int64_t count, float *out);

void evaluation_refused(regimen_model *model, const regimen_data *data, int32_t split, int32_t status,
                        const char *word);

/* 1 if two evaluations saw and found the same. */
int same_result(const regimen_result *a, const regimen_result *b);

/* ---- bits ---- */

uint64_t hash_bytes(const void *data, size_t bytes, uint64_t seed);

/* Probabilities of images of a split, all at once. */
uint64_t hash_predictions(regimen_model *model, const pixels *p, int32_t split);

/* Every tensor of a checkpoint's model, by HDF5 alone. */
uint64_t hash_checkpoint(const char *path);

/* Parameters, statistics and predictions of a model, which is saved at `path`. */
uint64_t hash_model(regimen_model *model, const pixels *p, const char *path);

/* Calls `work` in a child process and returns its result. Before the first machine of this process. */
uint64_t in_child(uint64_t (*work)(void *), void *context);

/* ---- files ---- */

/* Names of all that is below a folder, sorted, a line each; in a static buffer. */
const char *listing(const char *folder);

/* Removes all below, and it. */
void remove_tree(const char *folder);

/* ---- judgements ---- */

void fine(int32_t status, const regimen_error *err);

/* The call failed with `status`, and one line that says `word`. */
void refused(int32_t got, int32_t status, const regimen_error *err, const char *word);

#endif
