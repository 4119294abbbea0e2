#include "run_page_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report/run_answers.h"

char folder[64], metrics[PATH], config[PATH], page[PATH];

void setup(void) {
    strcpy(folder, "/tmp/check_run_page_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(metrics, PATH, "%s/metrics.jsonl", folder);
    snprintf(config, PATH, "%s/config.yaml", folder);
    snprintf(page, PATH, "%s/report.html", folder);
}

void teardown(void) {
    unlink(metrics);
    unlink(config);
    unlink(page);
    ck_assert_int_eq(rmdir(folder), 0);
}

void write_file(const char *path, const char *text, size_t size) {
    FILE *to = fopen(path, "wb");
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(text, 1, size, to), size);
    ck_assert_int_eq(fclose(to), 0);
}

void write_config(int32_t classes, int32_t every) {
    char text[512];
    snprintf(text, sizeof text,
             "data: {file: 'a <b>.h5'}\nmodel: {name: resnet20, classes: %d}\nbatch: 64\nepochs: 12\nseed: 7\n"
             "metrics: {every: %d}\noptimizer: {sgd: {lr: 0.2}}\n",
             classes, every);
    write_file(config, text, strlen(text));
}

static const rgm_stop never;

rgm_history *read_run(void) {
    rgm_history *h;
    rgm_error err;
    rgm_status status = rgm_history_read(&h, folder, &never, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return h;
}

char *write_page(const rgm_history *h, const rgm_examination *x, const rgm_watched *watched, size_t *size) {
    static rgm_risks risks;
    rgm_error err;
    rgm_risks_find(&risks, h);
    if (x) rgm_run_answers_risks(x, &risks);
    const rgm_run_page p = {.runs = {h}, .risks = {&risks}, .count = 1, .examination = x, .watched = watched};
    char *text[2];
    for (int32_t i = 0; i < 2; i++) {
        ck_assert_msg(rgm_run_page_write(&p, page, &err) == RGM_OK, "%s", err.text);
        ck_assert_ptr_nonnull(text[i] = markup_read(page, size));
    }
    ck_assert_str_eq(text[0], text[1]);
    ck_assert_uint_eq(strlen(text[0]), *size);
    ck_assert_msg(!markup_fault(text[0]), "%s", markup_fault(text[0]));
    ck_assert_int_eq(rgm_file_begins(page, RGM_RUN_PAGE_HEAD), RGM_BEGINS_SO);
    free(text[1]);
    return text[0];
}

void draw_worst(rgm_examination *x, const uint8_t *pixels, const int32_t size[3]) {
    rgm_error err;
    for (int32_t i = 0; i < x->worst_count; i++) {
        ck_assert(rgm_examination_picture(&x->worst[i].picture, pixels, size, &err) == RGM_OK);
        ck_assert(rgm_examination_picture(&x->worst[i].nearest_picture, pixels, size, &err) == RGM_OK);
        x->worst[i].nearest = i;
    }
}

void examine(rgm_examination *x, double confidence) {
    rgm_error err;
    static const uint8_t pixels[3 * 5] = {0, 50, 100, 150, 200, 255};
    static const int32_t size[3] = {3, 5, 1};
    ck_assert(rgm_examination_begin(x, CLASSES, &err) == RGM_OK);
    for (int32_t i = 0; i < IMAGES; i++) {
        int32_t label = i % CLASSES, taken = label == 0 && i % 16 == 0 ? 3 : label;
        float p[CLASSES];
        for (int32_t c = 0; c < CLASSES; c++) p[c] = (float)((1 - confidence) / (CLASSES - 1));
        p[taken] = (float)(confidence + (i == 160 ? 1e-3 : 0));
        if (i == 160) p[0] = 1e-6f;
        const rgm_examined one = {p, label, i, i == 160 ? "<odd>.jpg" : NULL};
        ck_assert(rgm_examination_add(x, &one, &err) == RGM_OK);
    }
    draw_worst(x, pixels, size);
    rgm_examination_end(x);
    x->split = "test";
    x->checkpoint = "run/<best>.h5";
}

rgm_watched *watch_run(int32_t layers, int64_t steps) {
    const rgm_watched_shape shape = {.layers = layers,
                                     .images = 5,
                                     .split = RGM_SPLIT_VALIDATION,
                                     .filter = {2, 1, 3, 3},
                                     .picture = {2, 4, 6, 3},
                                     .seed = 7};
    rgm_watch_layer *of = calloc((size_t)layers, sizeof *of);
    rgm_watched *w;
    rgm_error err;
    ck_assert_ptr_nonnull(of);
    ck_assert_msg(rgm_watched_create(&w, &shape, &err) == RGM_OK, "%s", err.text);
    for (int32_t i = 0; i < layers; i++) snprintf(w->names[i], sizeof w->names[i], "<b>&layer%d", i);
    for (int64_t at = 0; at < steps; at++) {
        for (int32_t i = 0; i < layers; i++)
            of[i] = (rgm_watch_layer){.activation_rms = 1 + i,
                                      .gradient_rms = i == 1 ? 0 : 1e-3,
                                      .weight_rms = 0.1,
                                      .update_rms = 1e-4,
                                      .dead = i < 2 ? NAN : 0.25};
        const rgm_watch_step step = {.step = at, .layer_count = layers, .layers = of, .loss = 1};
        rgm_watched_add(w, &step);
    }
    for (int32_t i = 0; i < 5; i++) {
        w->index[i] = 100 + i;
        w->label[i] = i % 3;
    }
    free(of);
    return w;
}
