/* Reports of runs: folders of any content, rules that find what a run shows, pages that are whole, small, and the same
 * bytes each time. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "report/interval.h"
#include "report/run_answers.h"
#include "run_page_case.h"

static FILE *out;
static const rgm_stop never;

/* ---- reading ---- */

static void page_of_folder(void) {
    size_t size;
    rgm_history *h = read_run();
    free(write_page(h, NULL, NULL, &size));
    rgm_history_free(h);
}

static const char odd_lines[] =
    "\n{}\n[1]\nnull\n\"step\"\n{\"event\": 7, \"step\": 1}\n{\"event\": \"step\", \"step\": -1, \"loss\": 1}\n"
    "{\"event\": \"step\", \"step\": 1e300, \"loss\": 1}\n{\"event\": \"step\", \"step\": \"1\", \"loss\": 1}\n"
    "{\"event\": \"step\", \"step\": 1, \"loss\": {\"a\": [1, [2, [3]]]}, \"accuracy\": []}\n"
    "{\"event\": \"step\", \"step\": 2, \"epoch\": 1, \"loss\": null, \"accuracy\": 1e999, \"lr\": -1e308}\n"
    "{\"event\": \"step\", \"step\": 3, \"epoch\": 1, \"loss\": 1e308, \"accuracy\": -7, \"lr\": 1e-320}\n"
    "{\"event\": \"evaluation\", \"step\": 3, \"epoch\": 99999999999, \"split\": \"validation\", \"images\": -4}\n"
    "{\"event\": \"evaluation\", \"step\": 4, \"epoch\": -1, \"split\": \"<b>\", \"images\": 1e30, \"loss\": 1e308}\n"
    "{\"event\": \"evaluation\", \"step\": 5, \"split\": \"test\", \"accuracy\": 1e300, \"accuracy_low\": 2}\n"
    "{\"event\": \"checkpoint\", \"step\": 5, \"file\": \"/etc/passwd\", \"best\": \"yes\"}\n"
    "{\"event\": \"step\", \"step\": 4, \"loss\": 1}\n{\"event\": \"\", \"step\": 5}\n"
    "{\"event\": \"start\", \"step\": 5, \"model\": \"<script>alert(1)</script>\\u001b[31m\", \"isa\": \"&\", "
    "\"threads\": 1e9}\n"
    "{\"event\": \"end\", \"step\": 5, \"reason\": \"\\\"><img src=x>\", \"seconds\": -1, \"images_per_s\": 1e308}\n"
    "{\"event\": \"step\", \"step\": 6, \"lo";

START_TEST(metrics_of_anything) {
    write_config(10, 50);
    write_file(metrics, odd_lines, sizeof odd_lines - 1);
    rgm_history *h = read_run();
    ck_assert_int_eq(h->cut, 1);
    ck_assert_int_ge(h->damaged, 9);
    ck_assert_int_eq(h->steps, 5);
    ck_assert_int_eq(h->loss.total, 3);
    ck_assert_int_eq(h->not_finite, 2);
    size_t size;
    char *text = write_page(h, NULL, NULL, &size);
    ck_assert(strstr(text, "&#60;script&#62;alert(1)&#60;/script&#62;"));
    ck_assert(!strstr(text, "<img src=x>"));
    free(text);
    rgm_history_free(h);
    /* cut anywhere, with any byte in any place */
    for (size_t end = 0; end < sizeof odd_lines - 1; end += 13) {
        char copy[sizeof odd_lines];
        memcpy(copy, odd_lines, sizeof copy);
        copy[(end * 7) % (sizeof copy - 1)] = (char)(end * 31);
        write_file(metrics, copy, end);
        page_of_folder();
    }
}
END_TEST

/* The event behind such a line is read. */
START_TEST(lines_with_nul) {
    static const char lines[] =
        "{\"event\": \"st\0ep\", \"step\": 1}\n{\"event\": \"step\", \"step\": 2, \"loss\": 0.25}\n"
        "\0\0\n{\"event\": \"step\", \"step\": 3, \"loss\": 0.5}\n\0";
    write_file(metrics, lines, sizeof lines - 1);
    rgm_history *h = read_run();
    ck_assert_int_eq(h->damaged, 2);
    ck_assert_int_eq(h->loss.total, 2);
    ck_assert_int_eq(h->steps, 3);
    ck_assert_int_eq(h->cut, 1);
    rgm_history_free(h);
}
END_TEST

START_TEST(lines_of_any_length) {
    size_t room = 1 << 20;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', room);
    strcpy(text + room - 64, "\n{\"event\": \"step\", \"step\": 9, \"loss\": 0.5}\n");
    write_file(metrics, text, strlen(text));
    rgm_history *h = read_run();
    ck_assert_int_eq(h->damaged, 1);
    ck_assert_int_eq(h->loss.total, 1);
    ck_assert(h->loss.buckets[0].sum == 0.5);
    rgm_history_free(h);
    free(text);
}
END_TEST

/* As they are written and as any JSON has them; numbers are those of strtod within an ulp. */
START_TEST(steps_in_two_ways) {
    static const char *const numbers[] = {"0",
                                          "2.3025850929940459",
                                          "0.00001234567890123456789",
                                          "1e-05",
                                          "17",
                                          "-0.25",
                                          "123456789012345680",
                                          "0.1",
                                          "4.9406564584124654e-324",
                                          "00.5",
                                          "9999999999999999999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"event\": \"step\", \"step\": 1, \"epoch\": 1, \"loss\": "
                 "%s}\n{\"event\":\"step\",\"step\":2,\"loss\":%s}\n",
                 numbers[i], i == 9 ? "0.5" : numbers[i]);
        write_file(metrics, text, strlen(text));
        rgm_history *h = read_run();
        double value = strtod(numbers[i], NULL);
        ck_assert_int_eq(h->loss.total, 2);
        for (int32_t k = 0; k < 2; k++)
            ck_assert_msg(fabs(h->loss.buckets[k].sum - value) <= 2.3e-16 * fabs(value), "%s: %.17g", numbers[i],
                          h->loss.buckets[k].sum);
        rgm_history_free(h);
    }
}
END_TEST

START_TEST(folders_that_are_none) {
    rgm_history *h;
    rgm_error err;
    char *text;
    size_t size;
    ck_assert_int_eq(rgm_history_read(&h, "/nonexistent", &never, &err), RGM_E_IO);
    ck_assert_int_eq(rgm_history_read(&h, "", &never, &err), RGM_E_USAGE);
    ck_assert_int_eq(rgm_history_read(&h, "/etc/passwd", &never, &err), RGM_E_USAGE);
    ck_assert_int_eq(rgm_history_read(&h, folder, &never, &err), RGM_E_USAGE);
    ck_assert_int_eq(mkfifo(metrics, 0600), 0); /* it is not waited for */
    ck_assert_int_eq(rgm_history_read(&h, folder, &never, &err), RGM_E_IO);
    unlink(metrics);
    write_file(config, "model: [\0 <b>\n", 14); /* told on the page */
    h = read_run();
    ck_assert_ptr_null(h->config);
    text = write_page(h, NULL, NULL, &size);
    ck_assert(strstr(text, "It cannot be read: ") && strstr(text, "model: [? &#60;b&#62;"));
    free(text);
    rgm_history_free(h);
}
END_TEST

static int32_t asked_once(void *context) { return ++*(int32_t *)context > 1; }

START_TEST(a_reading_is_stopped) {
    rgm_history *h;
    rgm_error err;
    int32_t asked = 0;
    out = fopen(metrics, "w");
    ck_assert_ptr_nonnull(out);
    for (int32_t i = 0; i < 20000; i++) fprintf(out, "{\"event\": \"step\", \"step\": %d, \"loss\": 1}\n", i);
    fclose(out);
    ck_assert_int_eq(rgm_history_read(&h, folder, &(rgm_stop){asked_once, &asked}, &err), RGM_E_INTERRUPTED);
    ck_assert_ptr_null(h);
}
END_TEST

/* ---- runs that show something ---- */

/* A run of 12 epochs, 100 steps each. */
typedef struct story {
    double from, to;           /* training loss, falling evenly in its logarithm */
    double above;              /* validation loss over training loss, at the end; it grows evenly from 1 */
    double accuracy, training; /* of validation and of training batches, at the end */
    double peak;               /* of validation in epoch 4, instead; 0: none */
    int64_t images;
    int32_t test, spike, ended, evaluated, grows, slows, skips;
    const char *reason;
} story;

static const story healthy = {.from = 2.3,
                              .to = 0.2,
                              .above = 1.05,
                              .accuracy = 0.9,
                              .training = 0.92,
                              .images = 10000,
                              .test = 1,
                              .ended = 1,
                              .evaluated = 1,
                              .reason = "complete"};

static void tell_evaluation(const char *split, int32_t epoch, int64_t images, double loss, double accuracy) {
    double low, high;
    rgm_interval_wilson((int64_t)(accuracy * (double)images + 0.5), images, &low, &high);
    fprintf(out,
            "{\"event\": \"evaluation\", \"step\": %d, \"epoch\": %d, \"split\": \"%s\", \"loss\": %.17g, "
            "\"accuracy\": %.17g, "
            "\"accuracy_low\": %.17g, \"accuracy_high\": %.17g, \"images\": %lld}\n",
            100 * epoch, epoch, split, loss, accuracy, low, high, (long long)images);
}

static void tell_step(const story *s, int32_t step) {
    double share = step / 1200.0, loss = s->from * pow(s->to / s->from, share) * (1 + 0.1 * sin(step * 1.7));
    if (s->spike && step == 900) loss = 7;
    if (isnan(s->to) && step > 600) loss = NAN;
    char text[40] = "null";
    if (isfinite(loss)) snprintf(text, sizeof text, "%.17g", loss);
    fprintf(out,
            "{\"event\": \"step\", \"step\": %d, \"epoch\": %d, \"loss\": %s, \"accuracy\": %.17g, \"lr\": 0.1, "
            "\"grad_norm\": "
            "%.17g, \"images_per_s\": %.17g}\n",
            step, 1 + (step - 1) / 100, text, s->training * (0.3 + 0.7 * sqrt(share)), s->grows ? exp(4 * share) : 1,
            s->slows && step > 900 ? 100.0 : 400.0);
}

static void tell(const story *s) {
    write_config(10, 10);
    ck_assert_ptr_nonnull(out = fopen(metrics, "w"));
    fprintf(out, "{\"event\": \"start\", \"step\": 0, \"epoch\": 0, \"model\": \"resnet20\", \"parameters\": 272474, "
                 "\"threads\": "
                 "2, \"isa\": \"avx2\", \"resumed\": 0}\n");
    for (int32_t i = 0; i < s->skips; i++)
        fprintf(out, "{\"event\": \"%s\", \"step\": %d, \"epoch\": 0, \"cause\": \"%s\", \"text\": \"why\"}\n",
                i % 3 == 2 ? "rewind" : "skip", 4 + i, i ? "spike" : "not finite");
    for (int32_t epoch = 1; epoch <= 12; epoch++) {
        double share = epoch / 12.0, loss = s->from * pow(s->to / s->from, share);
        for (int32_t step = 100 * epoch - 90; step <= 100 * epoch; step += 10) tell_step(s, step);
        double accuracy = s->peak > 0 && epoch == 4 ? s->peak : s->accuracy * (0.5 + 0.5 * sqrt(share));
        if (s->evaluated)
            tell_evaluation("validation", epoch, s->images, loss * (1 + (s->above - 1) * share * share), accuracy);
    }
    if (s->test) tell_evaluation("test", 12, s->images, s->to, s->accuracy);
    if (s->ended)
        fprintf(out, "{\"event\": \"end\", \"step\": 1200, \"epoch\": 12, \"reason\": \"%s\", \"seconds\": 60}\n",
                s->reason);
    fclose(out);
}

static const rgm_risk *find(const rgm_risks *risks, const char *kind) {
    for (int32_t i = 0; i < risks->count; i++)
        if (!strcmp(risks->items[i].kind, kind)) return &risks->items[i];
    return NULL;
}

static void expect_risk(const story *s, const char *kind, const char *words) {
    static rgm_risks risks;
    size_t size;
    tell(s);
    rgm_history *h = read_run();
    rgm_risks_find(&risks, h);
    const rgm_risk *found = find(&risks, kind);
    ck_assert_msg(found, "no '%s'; first is '%s'", kind, risks.count ? risks.items[0].text : "");
    ck_assert_msg(strstr(found->text, words), "%s: %s", kind, found->text);
    for (int32_t i = 1; i < risks.count; i++) ck_assert(risks.items[i - 1].weight >= risks.items[i].weight);
    free(write_page(h, NULL, NULL, &size));
    rgm_history_free(h);
}

START_TEST(a_healthy_run_has_no_risks) {
    static rgm_risks risks;
    story s = healthy;
    for (int32_t i = 0; i < 8; i++) {
        s.from = i % 2 ? 2.3 : 2.45;
        s.to = (double[]){0.02, 0.2, 0.7, 1.2}[i / 2];
        s.accuracy = (double[]){0.97, 0.9, 0.8, 0.62}[i / 2];
        s.training = s.accuracy + (i % 2 ? 0.03 : -0.03);
        tell(&s);
        rgm_history *h = read_run();
        rgm_risks_find(&risks, h);
        for (int32_t k = 0; k < risks.count; k++)
            ck_assert_msg(risks.items[k].weight < 25 || !strcmp(risks.items[k].kind, "unfinished"), "%s",
                          risks.items[k].text);
        rgm_history_free(h);
    }
}
END_TEST

START_TEST(rules_find_what_a_run_shows) {
    story s = healthy;
    s.to = NAN;
    expect_risk(&s, "not finite", "the first at step 10");
    s = healthy, s.to = 9;
    expect_risk(&s, "diverged", "at its least: the run diverged");
    s = healthy, s.accuracy = 0.1, s.from = s.to = 2.3;
    expect_risk(&s, "guessing", "not above guessing (1 of 10, 10 %)");
    s = healthy, s.from = 9;
    expect_risk(&s, "start", "ln(10) = 2.3");
    s = healthy, s.evaluated = s.test = 0;
    expect_risk(&s, "unevaluated", "There is no evaluation");
    s = healthy, s.above = 20;
    expect_risk(&s, "overfit", "overfitting");
    s = healthy, s.training = 0.99;
    expect_risk(&s, "gap", "a gap of ");
    s = healthy, s.peak = 0.95;
    expect_risk(&s, "past best", "The best evaluation is that of epoch 4, 95 %");
    s = healthy;
    expect_risk(&s, "unfinished", "more epochs may gain");
    s = healthy, s.spike = 1;
    expect_risk(&s, "spikes", "1 of them; the highest is 7 near step 900");
    s = healthy, s.skips = 4;
    expect_risk(&s, "left out",
                "3 steps were skipped and the run went back 1 times, the first at step 4: 3 for a spike of the loss, "
                "1 for what was not finite");
    s = healthy, s.grows = 1;
    expect_risk(&s, "norm", "norm of the gradient grew");
    s = healthy, s.images = 300;
    expect_risk(&s, "interval", "300 test images");
    s = healthy, s.test = 0;
    expect_risk(&s, "no test", "it may be too good");
    s = healthy, s.slows = 1;
    expect_risk(&s, "slower", "fell from 400 to 100 images/s");
    s = healthy;
    expect_risk(&s, "one seed", "seed 7");
    s = healthy, s.ended = 0;
    expect_risk(&s, "running", "its last event is of step 1200");
    s = healthy, s.reason = "failed";
    expect_risk(&s, "running", "failed after step 1200");
    s = healthy, s.reason = "interrupted";
    expect_risk(&s, "running", "can be continued");
}
END_TEST

START_TEST(nothing_is_there_yet) {
    static rgm_risks risks;
    size_t size;
    write_config(10, 50);
    rgm_history *h = read_run();
    rgm_risks_find(&risks, h);
    ck_assert(find(&risks, "empty"));
    char *text = write_page(h, NULL, NULL, &size), verdict[RGM_VERDICT_TEXT];
    ck_assert(strstr(text, "nothing is recorded"));
    ck_assert_str_eq(rgm_run_verdict(h, verdict), "resnet20 has not begun after 0 steps; it has not ended.");
    free(text);
    rgm_history_free(h);
}
END_TEST

START_TEST(the_page_says_what_it_is_of) {
    size_t size;
    char verdict[RGM_VERDICT_TEXT];
    tell(&healthy);
    rgm_history *h = read_run();
    ck_assert_str_eq(
        rgm_run_verdict(h, verdict),
        "resnet20 is right on 90.00 % of 10,000 test images (95 % interval 89.40 to 90.57) after 12 epochs.");
    ck_assert(h->epoch_steps == 100 && rgm_history_x(h, 250) == 2.5);
    ck_assert(h->best.epoch == 12 && h->last.epoch == 12);
    char *text = write_page(h, NULL, NULL, &size);
    ck_assert(strstr(
        text, "64 images a training batch, each point of 10 steps; validation: 10000 images; test: 10000 images; "
              "seed 7"));
    ck_assert(strstr(text, "guessing: ln(10) = 2.303") && strstr(text, "best: epoch 12"));
    ck_assert(strstr(text, "a &#60;b&#62;.h5"));
    ck_assert_int_eq(markup_count(text, "<svg viewBox=\"0 0 560"), 6); /* loss twice, linear and logarithmic */
    ck_assert_int_eq(markup_count(text, "<summary>Table"), 5);
    free(text);
    rgm_history_free(h);
}
END_TEST

START_TEST(a_page_with_predictions) {
    static const char *const names[] = {"a</td>", "<script>", "", "\xff"};
    static float w[16 * 3 * 3 * 3];
    rgm_examination x;
    size_t size;
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = i % 7 ? (float)i : NAN;
    tell(&healthy);
    rgm_history *h = read_run();
    for (int32_t i = 0; i < 2; i++) {
        examine(&x, 0.85);
        x.names = i ? names : NULL;
        x.filters = (rgm_examined_filters){16, 3, 3, 3, w};
        char *text = write_page(h, &x, NULL, &size);
        ck_assert(strstr(text, "run/&#60;best&#62;.h5"));
        ck_assert_int_eq(markup_count(text, "src=\"data:image/png"), 2 * RGM_EXAMINED_WORST + 1);
        ck_assert(strstr(text, "&#60;odd&#62;.jpg"));
        ck_assert(strstr(text, "expected calibration error 8.75 points"));
        json_t *json;
        static rgm_risks risks;
        rgm_risks_find(&risks, h);
        const rgm_run_page p = {.runs = {h}, .risks = {&risks}, .count = 1, .examination = &x};
        ck_assert_ptr_nonnull(json = rgm_run_page_json(&p));
        json_t *of = json_object_get(json, "examination");
        ck_assert_int_eq(json_integer_value(json_object_get(of, "images")), IMAGES);
        ck_assert_uint_eq(json_array_size(json_object_get(of, "classes")), CLASSES);
        json_decref(json);
        free(text);
        rgm_examination_free(&x);
    }
    rgm_history_free(h);
}
END_TEST

/* ---- sizes ---- */

static void examine_many(rgm_examination *x, int32_t classes) {
    static uint8_t pixels[64 * 64 * 3];
    static const int32_t size[3] = {64, 64, 3};
    float *p = malloc(sizeof *p * (size_t)classes);
    rgm_error err;
    ck_assert_ptr_nonnull(p);
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)((state = state * 6364136223846793005u + 1) >> 56);
    ck_assert(rgm_examination_begin(x, classes, &err) == RGM_OK);
    for (int32_t i = 0; i < 20 * classes; i++) {
        for (int32_t c = 0; c < classes; c++) p[c] = 0.1f / (float)classes;
        p[(i * 7 + i / 5) % classes] += 0.9f;
        const rgm_examined one = {p, i % classes, i, NULL};
        ck_assert(rgm_examination_add(x, &one, &err) == RGM_OK);
    }
    draw_worst(x, pixels, size);
    rgm_examination_end(x);
    x->split = "test";
    x->checkpoint = "best.h5";
    free(p);
}

static void tell_long(int32_t steps, int32_t epochs) {
    write_config(10, 1);
    ck_assert_ptr_nonnull(out = fopen(metrics, "w"));
    for (int32_t step = 1; step <= steps; step++) {
        fprintf(out,
                "{\"event\": \"step\", \"step\": %d, \"epoch\": 1, \"loss\": %.6g, \"accuracy\": %.4g, \"lr\": %.6g, "
                "\"grad_norm\": "
                "%.4g, \"images_per_s\": %.5g}\n",
                step, 2 + sin(step * 0.7), 0.5 + 0.4 * sin(step * 0.3), 1.0 / step, 1 + sin(step * 1.1),
                300 + step % 17 * 1.7);
        if (step % (steps / epochs) == 0)
            fprintf(
                out,
                "{\"event\": \"evaluation\", \"step\": %d, \"epoch\": %d, \"split\": \"validation\", \"loss\": %.17g, "
                "\"accuracy\": %.17g, \"accuracy_low\": 0.1, \"accuracy_high\": 0.9, \"images\": 50000}\n"
                "{\"event\": \"checkpoint\", \"step\": %d, \"epoch\": %d, \"best\": 0}\n",
                step, step / (steps / epochs), 1 + sin(step), 0.5 + 0.4 * cos(step), step, step / (steps / epochs));
    }
    fclose(out);
}

START_TEST(pages_are_small) {
    rgm_examination x;
    size_t size;
    tell_long(40000, 200);
    rgm_history *h = read_run();
    examine_many(&x, 10);
    rgm_watched *w = watch_run(65, 40000); /* as many layers as ResNet-20 has */
    free(write_page(h, &x, w, &size));
    rgm_watched_destroy(w);
    ck_assert_msg(size <= 2 << 20, "%zu", size);
    rgm_examination_free(&x);
    examine_many(&x, 1000);
    free(write_page(h, &x, NULL, &size));
    ck_assert_msg(size <= 5 << 20, "%zu", size);
    rgm_examination_free(&x);
    rgm_history_free(h);
}
END_TEST

/* More evaluations, checkpoints and points than there is room for: what is kept is spread over the whole run. */
START_TEST(memory_is_of_fixed_size) {
    tell_long(90000, 9000);
    rgm_history *h = read_run();
    ck_assert(h->evaluation_count == 9000 && h->evaluation_kept <= RGM_HISTORY_EVALUATIONS);
    ck_assert(h->evaluation_kept >= RGM_HISTORY_EVALUATIONS / 2 && h->evaluations[0].epoch == 1);
    ck_assert(h->evaluations[h->evaluation_kept - 1].epoch > 8900 && h->last.epoch == 9000);
    ck_assert(h->checkpoints.total == 9000 && h->checkpoints.count >= RGM_HISTORY_MARKS / 2);
    ck_assert(h->loss.total == 90000 && h->loss.count <= RGM_TRACE_BUCKETS);
    for (int32_t i = 0; i < h->evaluation_kept; i++) ck_assert(!(h->evaluations[i].accuracy > h->best.accuracy));
    rgm_history_free(h);
}
END_TEST

START_TEST(twenty_runs) {
    enum { RUNS = 20 };
    static rgm_risks risks;
    rgm_run_page p = {.count = RUNS};
    rgm_history *list[RUNS];
    rgm_error err;
    size_t size;
    tell_long(20000, 100);
    for (int32_t i = 0; i < RUNS; i++) {
        list[i] = read_run();
        p.runs[i] = list[i];
        p.risks[i] = &risks;
    }
    rgm_risks_find(&risks, list[0]);
    rgm_history_distinguish(list, RUNS);
    ck_assert_str_eq(list[3]->name, folder);
    ck_assert(rgm_run_page_write(&p, page, &err) == RGM_OK);
    char *text = markup_read(page, &size);
    ck_assert_msg(!markup_fault(text), "%s", markup_fault(text));
    ck_assert_msg(size <= 5 << 20, "%zu", size);
    ck_assert(strstr(text, "<h1>20 runs</h1>"));
    free(text);
    for (int32_t i = 0; i < RUNS; i++) rgm_history_free(list[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("run page");
    TCase *tests = tcase_create("run page");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, metrics_of_anything);
    tcase_add_test(tests, lines_of_any_length);
    tcase_add_test(tests, lines_with_nul);
    tcase_add_test(tests, steps_in_two_ways);
    tcase_add_test(tests, folders_that_are_none);
    tcase_add_test(tests, a_reading_is_stopped);
    tcase_add_test(tests, a_healthy_run_has_no_risks);
    tcase_add_test(tests, rules_find_what_a_run_shows);
    tcase_add_test(tests, nothing_is_there_yet);
    tcase_add_test(tests, the_page_says_what_it_is_of);
    tcase_add_test(tests, a_page_with_predictions);
    tcase_add_test(tests, pages_are_small);
    tcase_add_test(tests, memory_is_of_fixed_size);
    tcase_add_test(tests, twenty_runs);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, run_page_answers());
    suite_add_tcase(suite, run_page_watched());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
