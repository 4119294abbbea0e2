#include "library_case.h"

#include <check.h>
#include <ftw.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- judgements ---- */

void fine(int32_t status, const regimen_error *err) {
    ck_assert_msg(status >= 0, "status %d: %s", status, err->text);
    ck_assert_msg(err->status == REGIMEN_OK && !err->text[0], "fine, but %d: %s", err->status, err->text);
}

void refused(int32_t got, int32_t status, const regimen_error *err, const char *word) {
    ck_assert_msg(got == status && err->status == status, "status %d, %d, expected %d: %s", got, err->status, status,
                  err->text);
    ck_assert_msg(strstr(err->text, word) != NULL, "expected '%s' in: %s", word, err->text);
    ck_assert_msg(!strchr(err->text, '\n'), "more than a line: %s", err->text);
}

/* ---- pixels ---- */

static uint32_t next(uint32_t *state) { return (*state = *state * 1664525u + 1013904223u) >> 8; }

static void fill_split(pixels *p, int32_t split, uint32_t *state) {
    size_t bytes = pixels_bytes(p), count = (size_t)p->given.count[split], classes = (size_t)p->given.classes;
    if (!count) return;
    p->images[split] = malloc(count * bytes);
    p->labels[split] = malloc(count * sizeof(int32_t));
    for (size_t i = 0; i < count; i++) {
        size_t label = (i * 7 + i / 5) % classes;
        p->labels[split][i] = (int32_t)label;
        for (size_t k = 0; k < bytes; k++)
            p->images[split][i * bytes + k] = (uint8_t)(next(state) % 200 + (k % classes == label ? 55 : 0));
    }
    p->given.images[split] = p->images[split];
    p->given.labels[split] = p->labels[split];
}

size_t pixels_bytes(const pixels *p) {
    return (size_t)p->given.height * (size_t)p->given.width * (size_t)p->given.channels;
}

void pixels_make(pixels *p, int32_t side, int32_t channels, int32_t classes, const int64_t count[REGIMEN_SPLITS]) {
    uint32_t state = 29;
    *p = (pixels){.given = {.size = sizeof p->given, .height = side, .width = side, .channels = channels}};
    p->given.classes = classes;
    memcpy(p->given.count, count, sizeof p->given.count);
    for (int32_t s = 0; s < REGIMEN_SPLITS; s++) fill_split(p, s, &state);
}

void pixels_free(pixels *p) {
    for (int32_t s = 0; s < REGIMEN_SPLITS; s++) {
        free(p->images[s]);
        free(p->labels[s]);
    }
}

void pixels_usual(pixels *p) { pixels_make(p, 8, 3, 4, (int64_t[]){60, 10, 0}); }

regimen_data *pixels_data(const pixels *p) {
    regimen_error err;
    regimen_data *data;
    fine(regimen_data_from_memory(&data, &p->given, NULL, &err), &err);
    return data;
}

regimen_data *pixels_named(const pixels *of, const char *const *class_names) {
    regimen_error err;
    regimen_data *d;
    regimen_pixels given = of->given;
    given.class_names = class_names;
    given.name = "named";
    fine(regimen_data_from_memory(&d, &given, NULL, &err), &err);
    return d;
}

/* ---- small things ---- */

void write_text(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

int32_t always(void *context) {
    (void)context;
    return 1;
}

/* ---- configurations ---- */

void config_more(regimen_config *config, const char *settings) {
    regimen_error err;
    char text[2048], *rest = text;
    snprintf(text, sizeof text, "%s", settings);
    for (char *one; (one = strsep(&rest, ";"));) {
        char *value = strchr(one, '=');
        if (!value) continue;
        *value++ = 0;
        while (*one == ' ') one++;
        fine(regimen_config_set(config, one, value, &err), &err);
    }
}

regimen_config *config_of(const char *settings) {
    regimen_error err;
    regimen_config *config;
    fine(regimen_config_create(&config, &err), &err);
    config_more(config, settings);
    return config;
}

regimen_machine *machine_of(int32_t threads) {
    regimen_error err;
    regimen_machine *machine;
    char text[32];
    snprintf(text, sizeof text, "threads=%d", threads);
    regimen_config *config = config_of(text);
    fine(regimen_machine_open(&machine, config, NULL, &err), &err);
    regimen_config_destroy(config);
    return machine;
}

/* ---- events ---- */

static void note(listener *l, char letter) {
    size_t used = strlen(l->story);
    if (used + 1 < sizeof l->story) l->story[used] = letter;
}

static int32_t judge(const listener *l, char event, regimen_error *err) {
    if (l->fail_in != event || l->steps < l->fail_at) return REGIMEN_OK;
    if (l->failing) snprintf(err->text, sizeof err->text, "%s", l->failing);
    return l->failure;
}

static int32_t on_cancel(void *context) {
    listener *l = context;
    l->asked++;
    return l->cancel_at < 0 || (l->cancel_at && l->steps >= l->cancel_at);
}

static void on_message(void *context, int32_t level, const char *line) {
    listener *l = context;
    size_t used = strlen(l->said);
    ck_assert_msg(!strchr(line, '\n'), "a newline in: %s", line);
    snprintf(l->said + used, sizeof l->said - used, "%d %s\n", level, line);
}

static void on_opened(void *context, const char *folder) {
    listener *l = context;
    note(l, 'O');
    snprintf(l->path, sizeof l->path, "%s", folder);
}

static void on_begun(void *context, const regimen_progress *p) {
    listener *l = context;
    note(l, 'B');
    l->begun = *p;
}

static int32_t on_step(void *context, const regimen_progress *p, regimen_error *err) {
    listener *l = context;
    note(l, 's');
    l->steps++;
    l->stepped = *p;
    if (l->within) l->within(l);
    return judge(l, 's', err);
}

static int32_t on_epoch(void *context, const regimen_progress *p, regimen_error *err) {
    listener *l = context;
    note(l, 'e');
    l->epoch = *p;
    return judge(l, 'e', err);
}

static void on_saved(void *context, const char *path) {
    listener *l = context;
    note(l, 'c');
    snprintf(l->path, sizeof l->path, "%s", path);
}

static void on_trained(void *context) { note(context, 'T'); }

static int32_t on_finished(void *context, const regimen_result *result, regimen_error *err) {
    listener *l = context;
    note(l, 'F');
    l->finished = *result;
    return judge(l, 'F', err);
}

static void on_ended(void *context, const regimen_result *result) {
    listener *l = context;
    note(l, 'E');
    l->ended = *result;
}

regimen_events events_of(listener *l) {
    return (regimen_events){.size = sizeof(regimen_events),
                            .context = l,
                            .cancel = on_cancel,
                            .message = on_message,
                            .opened = on_opened,
                            .begun = on_begun,
                            .step = on_step,
                            .epoch = on_epoch,
                            .saved = on_saved,
                            .trained = on_trained,
                            .finished = on_finished,
                            .ended = on_ended};
}

/* ---- trainings ---- */

outcome train(regimen_machine *machine, const regimen_data *data, const regimen_config *config, const extra *more) {
    static const extra nothing;
    regimen_error err;
    outcome o = {.result.size = sizeof o.result};
    const extra *x = more ? more : &nothing;
    regimen_events events = {.size = sizeof events};
    if (x->listener) events = events_of(x->listener);
    regimen_training training = {.size = sizeof training,
                                 .events = &events,
                                 .resume = x->resume,
                                 .no_files = x->no_files,
                                 .until = x->until,
                                 .model = x->no_model ? NULL : &o.model};
    o.status = regimen_train(machine, data, config, &training, &o.result, &err);
    memcpy(o.error, err.text, sizeof err.text);
    ck_assert_int_eq(err.status, o.status < 0 ? o.status : 0);
    ck_assert_int_eq(o.result.status, o.status);
    ck_assert_msg((o.status < 0) == (o.error[0] != 0) && !strchr(o.error, '\n'), "%d: %s", o.status, o.error);
    if (o.status < 0 && o.status != REGIMEN_INTERRUPTED) ck_assert_ptr_null(o.model);
    if (o.status == REGIMEN_INTERRUPTED && !x->reached) {
        regimen_model_close(o.model);
        o.model = NULL;
    }
    return o;
}

outcome trained(regimen_machine *machine, const regimen_data *data, const regimen_config *config, const extra *more) {
    outcome o = train(machine, data, config, more);
    ck_assert_msg(o.status == REGIMEN_OK, "status %d: %s", o.status, o.error);
    ck_assert(!more || more->no_model || o.model);
    return o;
}

/* ---- models ---- */

regimen_model *load(regimen_machine *machine, const char *path, const regimen_config *config) {
    regimen_error err;
    regimen_model *model;
    fine(regimen_model_load(&model, machine, path, config, NULL, &err), &err);
    return model;
}

regimen_result evaluated(regimen_model *model, const regimen_data *d, int32_t split) {
    regimen_error err;
    regimen_result result = {.size = sizeof result};
    fine(regimen_evaluate(model, d, split, NULL, &result, &err), &err);
    ck_assert_int_eq(result.status, REGIMEN_OK);
    return result;
}

void evaluation_refused(regimen_model *model, const regimen_data *d, int32_t split, int32_t status, const char *word) {
    regimen_error err;
    regimen_result result = {.size = sizeof result};
    refused(regimen_evaluate(model, d, split, NULL, &result, &err), status, &err, word);
    ck_assert_int_eq(result.status, status);
    ck_assert_int_eq(regimen_evaluate(model, d, split, NULL, NULL, NULL), status);
}

void predict(regimen_model *model, const uint8_t *images, int64_t count, float *out) {
    regimen_error err;
    fine(regimen_predict(model, images, count, out, &err), &err);
}

int same_result(const regimen_result *a, const regimen_result *b) {
    return a->split == b->split && a->images == b->images && a->correct == b->correct && a->correct5 == b->correct5 &&
           a->accuracy == b->accuracy && a->loss == b->loss && a->accuracy_low == b->accuracy_low;
}

/* ---- bits ---- */

uint64_t hash_bytes(const void *data, size_t bytes, uint64_t seed) {
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++) seed = (seed ^ at[i]) * 0x100000001b3u;
    return seed;
}

uint64_t hash_predictions(regimen_model *model, const pixels *p, int32_t split) {
    regimen_error err;
    size_t count = (size_t)p->given.count[split], bytes = count * (size_t)p->given.classes * sizeof(float);
    float *out = malloc(bytes);
    fine(regimen_predict(model, p->images[split], (int64_t)count, out, &err), &err);
    uint64_t found = hash_bytes(out, bytes, 17);
    free(out);
    return found;
}

static herr_t hash_link(hid_t file, const char *name, const H5L_info_t *info, void *context) {
    (void)info;
    uint64_t *found = context;
    if (strncmp(name, "model/", 6) != 0) return 0;
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    if (H5Iget_type(object) == H5I_DATASET) {
        hid_t type = H5Dget_type(object), space = H5Dget_space(object);
        size_t bytes = H5Tget_size(type) * (size_t)H5Sget_simple_extent_npoints(space);
        void *data = malloc(bytes + 1);
        ck_assert_int_ge(H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), 0);
        *found = hash_bytes(data, bytes, hash_bytes(name, strlen(name), *found));
        free(data);
        H5Tclose(type);
        H5Sclose(space);
    }
    H5Oclose(object);
    return 0;
}

uint64_t hash_checkpoint(const char *path) {
    uint64_t found = 17;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    ck_assert_msg(file >= 0, "%s: cannot be read", path);
    ck_assert_int_ge(H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, hash_link, &found), 0);
    H5Fclose(file);
    ck_assert_uint_ne(found, 17);
    return found;
}

uint64_t hash_model(regimen_model *model, const pixels *p, const char *path) {
    regimen_error err;
    fine(regimen_model_save(model, path, &err), &err);
    uint64_t both[] = {hash_checkpoint(path), hash_predictions(model, p, REGIMEN_TRAIN)};
    return hash_bytes(both, sizeof both, 17);
}

uint64_t in_child(uint64_t (*work)(void *), void *context) {
    int ends[2], how = 0;
    uint64_t found = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        found = work(context);
        _exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &found, sizeof found), sizeof found);
    close(ends[0]);
    waitpid(pid, &how, 0);
    ck_assert_int_eq(how, 0);
    return found;
}

/* ---- files ---- */

static char *names[256];
static int name_count;

static int on_name(const char *path, const struct stat *status, int flag, struct FTW *at) {
    (void)status, (void)flag, (void)at;
    if (name_count < 256) names[name_count++] = strdup(path);
    return 0;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

const char *listing(const char *folder) {
    static char text[16384];
    size_t used = 0;
    name_count = 0;
    text[0] = 0;
    nftw(folder, on_name, 8, FTW_PHYS);
    qsort(names, (size_t)name_count, sizeof *names, by_text);
    for (int i = 0; i < name_count; i++) {
        if (used < sizeof text) used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", names[i]);
        free(names[i]);
    }
    return text;
}

static int on_removal(const char *path, const struct stat *status, int flag, struct FTW *at) {
    (void)status, (void)flag, (void)at;
    return remove(path);
}

void remove_tree(const char *folder) { nftw(folder, on_removal, 8, FTW_DEPTH | FTW_PHYS); }
