#include "checkpoint_states.h"

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder[512];

char *in_folder(const char *name) {
    static char paths[8][800];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void make_folder(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/check_checkpoint.XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

int count_files(void) {
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    for (struct dirent *e; (e = readdir(dir));) count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

void remove_folder(void) {
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) remove(in_folder(e->d_name));
    if (dir) closedir(dir);
    rmdir(folder);
}

rgm_graph *resnet(const char *name, int32_t base) {
    rgm_graph *g;
    rgm_error err = {0};
    rgm_family_options o = {.name = name, .C = 1, .H = 16, .W = 16, .outputs = 3, .base = base};
    ck_assert_msg(rgm_family_build(&g, &o, &err) == RGM_OK, "%s", err.text);
    return g;
}

/* Any bits: NaNs with payloads, infinities and subnormal numbers among them. */
static void scramble(void *to, size_t bytes, uint32_t seed) {
    unsigned char *at = to;
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        at[i] = (unsigned char)(seed >> 24);
    }
}

test_checkpoint *new_state(const rgm_graph *g, uint32_t seed) {
    test_checkpoint *c = calloc(1, sizeof *c);
    size_t floats = (size_t)rgm_graph_param_floats(g), stats = (size_t)rgm_graph_stat_floats(g);
    c->state.graph = g;
    c->state.value = calloc(floats, sizeof(float));
    c->state.stat = calloc(stats, sizeof(float));
    c->state.slot_count = 2;
    c->state.slot_name[0] = "exp_avg";
    c->state.slot_name[1] = "exp_avg.sq";
    c->state.plugin_count = 2;
    for (int i = 0; i < 2; i++) {
        c->state.slot[i] = calloc(floats, sizeof(float));
        c->state.plugin[i].bytes = i ? 1000 : 1;
        c->state.plugin[i].data = calloc(1, 1000);
        snprintf(c->state.plugin[i].label, sizeof c->state.plugin[i].label, "scheduler %d plateau", i);
        if (seed) scramble(c->state.slot[i], floats * sizeof(float), seed + 10 + (uint32_t)i);
        if (seed) scramble(c->state.plugin[i].data, c->state.plugin[i].bytes, seed + 20 + (uint32_t)i);
    }
    if (seed) scramble(c->state.value, floats * sizeof(float), seed);
    if (seed) scramble(c->state.stat, stats * sizeof(float), seed + 1);
    for (int32_t i = 0; i < rgm_graph_stat_count(g); i++) { /* variances are none of any bits */
        const rgm_param *p = rgm_graph_stat(g, i);
        for (int64_t k = 0; strstr(p->name, "running_var") && k < p->count; k++)
            if (!(c->state.stat[p->offset + k] >= 0 && isfinite(c->state.stat[p->offset + k])))
                c->state.stat[p->offset + k] = FLT_MIN / 8;
    }
    c->about.progress = (rgm_progress){.step = (1LL << 40) + seed,
                                       .epoch = 7,
                                       .epoch_step = 123456789012,
                                       .tally = {0.1 + 0.2, 1, 2, 3},
                                       .best_metric = -1e-310,
                                       .best_epoch = 6,
                                       .evaluations_without_gain = 4,
                                       .seconds = 1.0 / 3};
    c->about.seed = UINT64_MAX - seed;
    c->about.fingerprint = 0x8000000000000001;
    c->about.fingerprint_pixels = 1;
    c->about.input = (rgm_model_input){.known = 1,
                                       .classes = 3,
                                       .image = {1, 16, 16},
                                       .transform = {1, 16, 16, RGM_FIT_CROP, 18, {1, 2, 255}},
                                       .mean = {0.1f + (float)seed},
                                       .std = {1.0f / 3}};
    c->about.config = "batch: 128\n";
    c->about.build = "regimen 0.1.0, oneDNN 2.6.3";
    c->about.plugins = "optimizer 0 adam: adam 1.0.0\n";
    c->about.classes = "T-shirt\nÄrmel\n";
    return c;
}

void forget_states(test_checkpoint *c) {
    for (int i = 0; i < RGM_CHECKPOINT_PLUGINS; i++) {
        free(c->state.plugin[i].data);
        c->state.plugin[i].data = NULL;
        c->state.plugin[i].bytes = 0;
    }
}

void free_state(test_checkpoint *c) {
    forget_states(c);
    for (int i = 0; i < 2; i++) free(c->state.slot[i]);
    free(c->state.value);
    free(c->state.stat);
    free(c);
}

void write_ok(const test_checkpoint *c, const char *path) {
    rgm_error err = {0};
    ck_assert_msg(rgm_checkpoint_write(&c->about, &c->state, path, &err) == RGM_OK, "%s", err.text);
}

rgm_status load(const char *path, test_checkpoint *into, int32_t whole, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, NULL, err));
    if (whole) forget_states(into);
    rgm_status status = rgm_checkpoint_read(reader, &into->state, whole, err);
    rgm_checkpoint_close(reader);
    return status;
}

void refused(const char *path, test_checkpoint *into, int32_t whole, rgm_status code, const char **parts) {
    rgm_error err = {0};
    rgm_status status = load(path, into, whole, &err);
    ck_assert_msg(status == code, "%d instead of %d: %s", status, code, err.text);
    for (; *parts; parts++) ck_assert_msg(strstr(err.text, *parts) != NULL, "no '%s' in: %s", *parts, err.text);
}

int same_tensors(const test_checkpoint *a, const test_checkpoint *b, int32_t whole) {
    const rgm_graph *g = a->state.graph;
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        size_t bytes = sizeof(float) * (size_t)p->count;
        if (memcmp(a->state.value + p->offset, b->state.value + p->offset, bytes) != 0) return 0;
        for (int32_t k = 0; whole && k < a->state.slot_count; k++)
            if (memcmp(a->state.slot[k] + p->offset, b->state.slot[k] + p->offset, bytes) != 0) return 0;
    }
    for (int32_t i = 0; i < rgm_graph_stat_count(g); i++) {
        const rgm_param *p = rgm_graph_stat(g, i);
        if (memcmp(a->state.stat + p->offset, b->state.stat + p->offset, sizeof(float) * (size_t)p->count) != 0)
            return 0;
    }
    for (int32_t i = 0; whole && i < a->state.plugin_count; i++) {
        size_t bytes = a->state.plugin[i].bytes;
        if (bytes != b->state.plugin[i].bytes) return 0;
        if (bytes && memcmp(a->state.plugin[i].data, b->state.plugin[i].data, bytes) != 0) return 0;
    }
    return 1;
}

unsigned char *slurp(const char *path, size_t *size) {
    FILE *in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    fseek(in, 0, SEEK_END);
    *size = (size_t)ftell(in);
    rewind(in);
    unsigned char *bytes = malloc(*size + 1);
    ck_assert_uint_eq(fread(bytes, 1, *size, in), *size);
    fclose(in);
    return bytes;
}

void spill(const char *path, const unsigned char *bytes, size_t size) {
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}
