/* Intervals, progress lines, metrics.jsonl, run folders, summaries. */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "report/bar.h"
#include "report/interval.h"
#include "report/metrics.h"
#include "report/runfolder.h"
#include "report/summary.h"
#include "skip.h"

/* --- intervals -------------------------------------------------------------------------------------------------------
 */

/* R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table
 * I; the last one is 0 of 29 mirrored. */
static const struct {
    int64_t hits, n;
    double low, high;
} wilson[] = {
    {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0, 0.1611},
    {1, 29, 0.0061, 0.1718},   {29, 29, 0.8830, 1.0},
};

START_TEST(test_wilson_has_the_published_values) {
    double low, high;
    rgm_interval_wilson(wilson[_i].hits, wilson[_i].n, &low, &high);
    ck_assert_double_eq_tol(low, wilson[_i].low, 5e-5);
    ck_assert_double_eq_tol(high, wilson[_i].high, 5e-5);
}
END_TEST

/* The ends solve (p - q)^2 = z^2 q (1 - q) / n, Wilson's equation. */
START_TEST(test_wilson_solves_its_equation) {
    static const int64_t cases[][2] = {{1, 1}, {0, 1}, {1, 2}, {9213, 10000}, {1, 1000000}, {999999, 1000000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double n = (double)cases[i][1], p = (double)cases[i][0] / n, ends[2];
        rgm_interval_wilson(cases[i][0], cases[i][1], &ends[0], &ends[1]);
        for (int e = 0; e < 2; e++) {
            double q = ends[e], z2 = 1.959963984540054 * 1.959963984540054;
            ck_assert_double_eq_tol((p - q) * (p - q), z2 * q * (1 - q) / n, 1e-12);
        }
        ck_assert(0 <= ends[0] && ends[0] <= p && p <= ends[1] && ends[1] <= 1);
    }
    double low, high;
    rgm_interval_wilson(0, 0, &low, &high);
    ck_assert(low == 0 && high == 1);
}
END_TEST

/* --- progress --------------------------------------------------------------------------------------------------------
 */

START_TEST(test_times) {
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{0, "0:00"},          {7.4, "0:07"},     {59.6, "1:00"},      {754, "12:34"},
                 {3599.9, "1:00:00"},  {3723, "1:02:03"}, {86399, "23:59:59"}, {86400, "1d 00:00"},
                 {273900, "3d 04:05"}, {-5, "0:00"},      {NAN, "0:00"},       {INFINITY, "11574d 01:46"}};
    char out[32];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        ck_assert_str_eq(rgm_bar_time(times[i].seconds, out), times[i].text);
}
END_TEST

static const rgm_bar_view view = {.label = "epoch 2/6",
                                  .unit = "images",
                                  .done = 43,
                                  .total = 100,
                                  .loss = 0.43214,
                                  .accuracy = 0.842,
                                  .rate = 1234.4,
                                  .eta = 312};

START_TEST(test_wide_line) {
    char out[RGM_BAR_LINE];
    ck_assert_str_eq(rgm_bar_format(&view, 121, out),
                     "epoch 2/6  [############................]   43 %  loss 0.4321  accuracy 84.2 %  1234 images/s"
                     "  ETA 5:12");
    ck_assert_str_eq(rgm_bar_format(&view, 0, out),
                     "epoch 2/6: 43 %, loss 0.4321, accuracy 84.2 %, 1234 images/s, ETA 5:12");
}
END_TEST

/* Never wider than the terminal less one column; the important parts go last. */
START_TEST(test_every_width_fits) {
    char out[RGM_BAR_LINE];
    for (int32_t width = 1; width < 300; width++) {
        rgm_bar_format(&view, width, out);
        ck_assert_msg(strlen(out) <= (size_t)(width - 1), "%d: <%s>", width, out);
        if (width > 17) ck_assert_msg(strstr(out, "43 %") && strstr(out, "ETA 5:12"), "%d: <%s>", width, out);
    }
    ck_assert_str_eq(rgm_bar_format(&view, 20, out), " 43 %  ETA 5:12");
    ck_assert_str_eq(rgm_bar_format(&view, 45, out), "epoch 2/6   43 %  loss 0.4321  ETA 5:12");
}
END_TEST

START_TEST(test_unknown_numbers_are_left_out) {
    char out[RGM_BAR_LINE];
    rgm_bar_view bare = {.unit = "files", .done = 12, .loss = NAN, .accuracy = NAN, .rate = -1, .eta = -1};
    ck_assert_str_eq(rgm_bar_format(&bare, 80, out), "12 files");
    ck_assert_str_eq(rgm_bar_format(&bare, 0, out), "12 files");
    bare.total = 1000000000;
    bare.done = 999999999;
    ck_assert_str_eq(rgm_bar_format(&bare, 0, out), "99 %");
    bare.done = 1000000001;
    ck_assert_str_eq(rgm_bar_format(&bare, 0, out), "100 %");
    bare.loss = 1e30;
    bare.accuracy = INFINITY;
    bare.rate = 0.123;
    ck_assert_str_eq(rgm_bar_format(&bare, 0, out), "100 %, loss 1e+30, 0.12 files/s");
}
END_TEST

/* Runs `body` with standard error going to a file; returns what it held. */
static char *captured(void (*body)(void)) {
    static char text[65536];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    int old = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    body();
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void run_progress(int32_t quiet) {
    rgm_bar bar;
    rgm_bar_start(&bar, &(rgm_bar_options){.label = "epoch 1/2", .unit = "images", .total = 2000, .quiet = quiet});
    for (int64_t i = 1; i <= 2000; i++) {
        if (i == 1001) rgm_bar_label(&bar, "epoch 2/2");
        rgm_bar_update(&bar, i, 1.5, 0.25);
    }
    rgm_bar_skip(&bar);
    rgm_bar_finish(&bar);
    rgm_bar_finish(&bar);
    rgm_bar_update(&bar, 1, 1, 1);
}

static void run_plain(void) { run_progress(0); }
static void run_quiet(void) { run_progress(1); }

START_TEST(test_plain_progress_is_sparse) {
    char *text = captured(run_plain);
    ck_assert_str_eq(text, ""); /* a line every ten seconds; what an epoch came to is told by who ends it */
    ck_assert_str_eq(captured(run_quiet), "");
}
END_TEST

/* Drawn on a pseudo-terminal of 40 columns: one line, erased before a log line and drawn again after it. */
START_TEST(test_terminal_progress_makes_way) {
    static char seen[8192];
    struct winsize size = {.ws_row = 24, .ws_col = 40};
    int master, slave, old = dup(STDERR_FILENO);
    rgm_bar bar;
    rgm_log_set_level(RGM_LOG_INFO);
    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
    ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
    dup2(slave, STDERR_FILENO);
    rgm_bar_start(&bar, &(rgm_bar_options){.label = "epoch 1/2", .unit = "images", .total = 200});
    rgm_bar_update(&bar, 100, 2.5, 0.5);
    rgm_log(RGM_LOG_INFO, "a line");
    rgm_bar_finish(&bar);
    rgm_log(RGM_LOG_INFO, "the end");
    dup2(old, STDERR_FILENO);
    close(slave);
    size_t used = 0;
    for (ssize_t n; used < sizeof seen - 1 && (n = read(master, seen + used, sizeof seen - 1 - used)) > 0;)
        used += (size_t)n;
    close(master);
    ck_assert_str_eq(seen, "\repoch 1/2   50 %  loss 2.5000\033[K"
                           "\r\033[Ka line\r\n"
                           "\repoch 1/2   50 %  loss 2.5000\033[K"
                           "\r\033[Kthe end\r\n");
}
END_TEST

/* --- metrics ---------------------------------------------------------------------------------------------------------
 */

static char folder[64], path[128], text[1 << 16];

static void make_folder(void) {
    strcpy(folder, "/tmp/check_report_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *file_text(const char *name) {
    FILE *file = fopen(name, "r");
    ck_assert_msg(file != NULL, "%s", name);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void write_text(const char *name, const char *content) {
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
}

START_TEST(test_metrics_parse) {
    rgm_error err = {0};
    rgm_metrics metrics;
    ck_assert_int_eq(rgm_metrics_open(&metrics, path, &err), RGM_OK);
    rgm_metrics_begin(&metrics, "step", 1234567890123, 3);
    rgm_metrics_real(&metrics, "loss", 0.1);
    rgm_metrics_real(&metrics, "nan", NAN);
    rgm_metrics_real(&metrics, "inf", -INFINITY);
    rgm_metrics_real(&metrics, "tiny", 5e-324);
    rgm_metrics_int(&metrics, "images", -7);
    rgm_metrics_text(&metrics, "note", "a\"b\\c\nd\x01\xc3\xa4\xff\xed\xa0\x80z");
    ck_assert_int_eq(rgm_metrics_end(&metrics, &err), RGM_OK);
    rgm_metrics_close(&metrics);
    json_error_t why;
    json_t *event = json_loads(file_text(path), 0, &why);
    ck_assert_msg(event != NULL, "%s: %s", text, why.text);
    ck_assert_str_eq(json_string_value(json_object_get(event, "event")), "step");
    ck_assert(json_integer_value(json_object_get(event, "step")) == 1234567890123);
    ck_assert_int_eq((int)json_integer_value(json_object_get(event, "epoch")), 3);
    ck_assert(json_real_value(json_object_get(event, "loss")) == 0.1);
    ck_assert(json_is_null(json_object_get(event, "nan")));
    ck_assert(json_is_null(json_object_get(event, "inf")));
    ck_assert(json_real_value(json_object_get(event, "tiny")) == 5e-324);
    ck_assert_int_eq((int)json_integer_value(json_object_get(event, "images")), -7);
    ck_assert_str_eq(json_string_value(json_object_get(event, "note")), "a\"b\\c\nd\x01\xc3\xa4????z");
    json_decref(event);
}
END_TEST

START_TEST(test_metrics_are_flushed_and_appended) {
    rgm_error err = {0};
    rgm_metrics metrics;
    for (int64_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(rgm_metrics_open(&metrics, path, &err), RGM_OK);
        rgm_metrics_begin(&metrics, "e", i, 0);
        ck_assert_int_eq(rgm_metrics_end(&metrics, &err), RGM_OK);
        ck_assert_uint_eq(strlen(file_text(path)),
                          (size_t)i * strlen("{\"event\": \"e\", \"step\": 1, \"epoch\": 0}\n"));
        rgm_metrics_close(&metrics);
    }
}
END_TEST

START_TEST(test_metrics_fail_in_words) {
    rgm_error err = {0};
    static rgm_metrics metrics; /* closed: does nothing */
    rgm_metrics_begin(&metrics, "e", 1, 1);
    rgm_metrics_real(&metrics, "x", 1);
    ck_assert_int_eq(rgm_metrics_end(&metrics, &err), RGM_OK);
    rgm_metrics_close(&metrics);
    ck_assert_int_eq(rgm_metrics_open(&metrics, "/nonexistent/m", &err), RGM_E_IO);
    ck_assert_str_eq(err.text, "/nonexistent/m: No such file or directory");
    ck_assert_int_eq(rgm_metrics_open(&metrics, path, &err), RGM_OK);
    rgm_metrics_begin(&metrics, "e", 1, 1);
    for (int i = 0; i < 10000; i++) rgm_metrics_int(&metrics, "a_key_of_some_length", i);
    ck_assert_int_eq(rgm_metrics_end(&metrics, &err), RGM_E_INTERNAL);
    ck_assert_str_eq(file_text(path), "");
    rgm_metrics_close(&metrics);
    if (access("/dev/full", W_OK) != 0) SKIP("no /dev/full");
    ck_assert_int_eq(rgm_metrics_open(&metrics, "/dev/full", &err), RGM_OK);
    rgm_metrics_begin(&metrics, "e", 1, 1);
    ck_assert_int_eq(rgm_metrics_end(&metrics, &err), RGM_E_IO);
    ck_assert_str_eq(err.text, "/dev/full: No space left on device");
    rgm_metrics_close(&metrics);
}
END_TEST

START_TEST(test_rewind_drops_what_is_later_or_damaged) {
    rgm_error err = {0};
    int32_t found;
    static const rgm_metrics_mark mark = {.step = 5, .epoch = 1}, none = {.step = -1};
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    write_text(path,
               "{\"event\": \"a\", \"step\": 1}\n{\"event\":\"b\",  \"step\": 5}\n{\"event\": \"c\", \"step\": 6}\n"
               "not json\n{\"event\": \"d\"}\n\n[1]\n{\"event\": \"e\", \"step\": 2}\n{\"event\": \"f\", \"step\": 3");
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    ck_assert_int_eq(found, 0);
    ck_assert_str_eq(file_text(path), "{\"event\": \"a\", \"step\": 1}\n{\"event\":\"b\",  \"step\": 5}\n"
                                      "{\"event\": \"e\", \"step\": 2}\n");
    ck_assert_int_eq(rgm_metrics_rewind(path, &none, &found, &err), RGM_OK);
    ck_assert_str_eq(file_text(path), "");
    write_text(path, "{\"event\": \"start\", \"step\": 0, \"epoch\": 0}\n");
    ck_assert_int_eq(rgm_metrics_rewind(path, NULL, &found, &err), RGM_OK); /* a run that begins again */
    ck_assert_str_eq(file_text(path), "");
    ck_assert_int_eq(rgm_metrics_rewind(folder, &mark, &found, &err), RGM_E_IO);
}
END_TEST

/* A run may die between an epoch's last step, after which a checkpoint was written, and the next one: it is resumed
 * before the evaluation. So with its end: the test split is evaluated again. */
START_TEST(test_rewind_to_before_an_evaluation) {
    static const char step[] = "{\"event\": \"step\", \"step\": 20, \"epoch\": 2}\n",
                      saved[] = "{\"event\": \"checkpoint\", \"step\": 20, \"epoch\": 1}\n",
                      ended[] = "{\"event\": \"evaluation\", \"step\": 20, \"epoch\": 2, \"split\": \"validation\"}\n"
                                "{\"event\": \"checkpoint\", \"step\": 20, \"epoch\": 2}\n",
                      best[] = "{\"event\": \"checkpoint\", \"step\": 20, \"epoch\": 2, \"best\": 1}\n",
                      test[] = "{\"event\": \"evaluation\", \"step\": 20, \"epoch\": 2, \"split\": \"validation\"}\n"
                               "{\"event\": \"end\", \"step\": 20, \"epoch\": 2}\n";
    char all[1024], wanted[1024];
    rgm_error err = {0};
    int32_t found;
    rgm_metrics_mark mark = {.step = 20, .epoch = 2};
    snprintf(all, sizeof all, "%s%s%s%s%s", step, saved, best, ended, test);
    write_text(path, all);
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    ck_assert_int_eq(found, 1);
    snprintf(wanted, sizeof wanted, "%s%s%s%s", step, saved, best, ended);
    ck_assert_str_eq(file_text(path), wanted);
    mark.best = 1;
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    ck_assert_int_eq(found, 1);
    snprintf(wanted, sizeof wanted, "%s%s%s", step, saved, best);
    ck_assert_str_eq(file_text(path), wanted);
    mark.best = 0; /* its event was never written: what belongs to it stays */
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    ck_assert_int_eq(found, 0);
    ck_assert_str_eq(file_text(path), wanted);
    mark.epoch = 1;
    ck_assert_int_eq(rgm_metrics_rewind(path, &mark, &found, &err), RGM_OK);
    ck_assert_int_eq(found, 1);
    snprintf(wanted, sizeof wanted, "%s%s", step, saved);
    ck_assert_str_eq(file_text(path), wanted);
}
END_TEST

START_TEST(test_ended_finds_the_end) {
    write_text(path, "{\"event\": \"end\", \"step\": 5, \"reason\": \"interrupted\"}\nno json, but \"end\"\n"
                     "{\"event\": \"step\", \"step\": 6, \"reason\": \"complete\", \"x\": \"end\"}\n"
                     "{\"event\": \"end\", \"step\": 7}\n{\"event\": \"end\", \"step\": 8, \"reason\": \"complete\"}\n"
                     "{\"event\": \"end\", \"step\": 9, \"reason\": \"comp");
    ck_assert_int_eq(rgm_metrics_ended(path, 8, "complete"), 1);
    ck_assert_int_eq(rgm_metrics_ended(path, 5, "interrupted"), 1);
    ck_assert_int_eq(rgm_metrics_ended(path, 5, "complete"), 0);
    for (int64_t step = 6; step < 10; step++)
        if (step != 8) ck_assert_int_eq(rgm_metrics_ended(path, step, "complete"), 0);
    ck_assert_int_eq(rgm_metrics_ended("/nonexistent/m", 8, "complete"), 0);
    ck_assert_int_eq(rgm_metrics_ended(folder, 8, "complete"), 0);
}
END_TEST

/* --- run folders -----------------------------------------------------------------------------------------------------
 */

static rgm_config config, again;

static void make_config(const char *out) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_set(&config, "out", out, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_set(&config, "model.name", "mlp", &err), RGM_OK);
}

START_TEST(test_run_folder_is_made_and_resumed) {
    rgm_error err = {0};
    static rgm_runfolder run, other;
    char out[128];
    snprintf(out, sizeof out, "%s/a/b/run/", folder);
    make_config(out);
    ck_assert_msg(rgm_runfolder_create(&run, &config, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(access(run.checkpoints, W_OK), 0);
    ck_assert_int_eq(access(run.log, W_OK), 0);
    ck_assert_int_eq(rgm_config_init(&again, &err), RGM_OK);
    ck_assert_int_eq(rgm_config_read(&again, run.config, &err), RGM_OK);
    ck_assert_ptr_null(rgm_config_difference(&config, &again, NULL));

    /* Open: nobody else may write it. Closed: only --resume may, whether there is a checkpoint or not. */
    ck_assert_int_eq(rgm_runfolder_open(&other, run.path, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "another process is writing this run"));
    rgm_runfolder_close(&run);
    rgm_runfolder_close(&run);
    ck_assert_int_eq(rgm_runfolder_create(&other, &config, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "there is a run in this folder"));
    ck_assert_int_eq(other.has_run, 1);
    ck_assert_str_eq(other.path, run.path);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(rgm_runfolder_open(&other, run.path, &err), RGM_OK);
        ck_assert_str_eq(other.last, run.last);
        ck_assert_int_eq(other.has_last, i);
        rgm_runfolder_close(&other);
        write_text(run.last, "x");
    }
}
END_TEST

/* A program without standard streams gets 0 for the first file that it opens. */
START_TEST(test_descriptor_zero_is_one_like_others) {
    rgm_error err = {0};
    static rgm_runfolder run, other;
    rgm_metrics metrics;
    char out[128], name[160], line[256] = "";
    snprintf(out, sizeof out, "%s/zero", folder);
    snprintf(name, sizeof name, "%s/zero.jsonl", folder);
    make_config(out);
    close(STDIN_FILENO);
    ck_assert_msg(rgm_runfolder_create(&run, &config, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(run.fd, 0);
    ck_assert_int_eq(rgm_runfolder_open(&other, run.path, &err), RGM_E_USAGE);
    rgm_runfolder_close(&run);
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);
    ck_assert_msg(rgm_runfolder_open(&other, run.path, &err) == RGM_OK, "%s", err.text);
    rgm_runfolder_close(&other);

    ck_assert_msg(rgm_metrics_open(&metrics, name, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(metrics.fd, 0);
    rgm_metrics_begin(&metrics, "step", 1, 0);
    rgm_metrics_int(&metrics, "seen", 5);
    ck_assert_msg(rgm_metrics_end(&metrics, &err) == RGM_OK, "%s", err.text);
    rgm_metrics_close(&metrics);
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);
    FILE *in = fopen(name, "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
    ck_assert_str_eq(line, "{\"event\": \"step\", \"step\": 1, \"epoch\": 0, \"seen\": 5}\n");
    fclose(in);
    ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
}
END_TEST

START_TEST(test_runs_are_numbered) {
    rgm_error err = {0};
    static rgm_runfolder runs[3];
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(mkdir("runs", 0777), 0);
    ck_assert_int_eq(mkdir("runs/mlp-2", 0777), 0);
    for (int i = 0; i < 2; i++) {
        make_config("");
        ck_assert_int_eq(rgm_runfolder_create(&runs[i], &config, &err), RGM_OK);
        ck_assert_str_eq(runs[i].path, i == 0 ? "runs/mlp-1" : "runs/mlp-3");
        ck_assert_str_eq(config.out, runs[i].path);
        rgm_runfolder_close(&runs[i]);
    }
}
END_TEST

START_TEST(test_run_folders_that_cannot_be) {
    rgm_error err = {0};
    static rgm_runfolder run;
    char name[256];
    static char longest[RGM_CONFIG_PATH];
    ck_assert_int_eq(rgm_runfolder_open(&run, "/nonexistent", &err), RGM_E_IO);
    ck_assert_int_eq(rgm_runfolder_open(&run, folder, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "no config.yaml"));
    snprintf(name, sizeof name, "%s/config.yaml", folder);
    write_text(name, "");
    make_config(name);
    ck_assert_int_eq(rgm_runfolder_create(&run, &config, &err), RGM_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "there is a file of this name"));
    strcat(name, "/x");
    make_config(name);
    ck_assert_int_eq(rgm_runfolder_create(&run, &config, &err), RGM_E_USAGE);
    memset(longest, 'a', sizeof longest - 1);
    make_config(longest);
    ck_assert_int_eq(rgm_runfolder_create(&run, &config, &err), RGM_E_USAGE);
}
END_TEST

/* --- summaries -------------------------------------------------------------------------------------------------------
 */

static const rgm_summary whole = {.model = "resnet20",
                                  .data = "fashion.h5",
                                  .split = "test",
                                  .run = "runs/resnet20-1",
                                  .images = 10000,
                                  .hits = 9213,
                                  .hits5 = 9990,
                                  .loss = 0.2345,
                                  .steps = 2532,
                                  .epochs = 6,
                                  .seconds = 512,
                                  .images_per_s = 632.8,
                                  .gflops = 120.2,
                                  .peak_gflops = 196};

START_TEST(test_summary_text) {
    char out[RGM_SUMMARY_TEXT];
    ck_assert_str_eq(rgm_summary_text(&whole, out),
                     "model      resnet20\n"
                     "data       fashion.h5\n"
                     "trained    6 epochs, 2532 steps\n"
                     "accuracy   92.13 % (95 % interval 91.59 to 92.64; 10000 test images)\n"
                     "top 5      99.90 %\n"
                     "loss       0.2345\n"
                     "time       8:32\n"
                     "speed      633 images/s\n"
                     "effective  120 GFLOP/s, 61 % of the FMA peak (196)\n"
                     "run        runs/resnet20-1\n");
    for (rgm_summary few = whole; few.classes < 8; few.classes++) /* 0: not known */
        ck_assert_int_eq(strstr(rgm_summary_text(&few, out), "top 5 ") != NULL, !few.classes || few.classes > 5);
    rgm_summary empty = {0};
    ck_assert_str_eq(rgm_summary_text(&empty, out), "");
    rgm_summary slow = {.images_per_s = 0.04321, .gflops = 0.3};
    ck_assert_str_eq(rgm_summary_text(&slow, out), "speed      0.0432 images/s\neffective  0.30 GFLOP/s\n");
}
END_TEST

START_TEST(test_figures_are_never_lost) {
    static const struct {
        double value;
        const char *text;
    } t[] = {{632.8, "633"}, {100, "100"},  {43.21, "43.2"},      {4.321, "4.32"},       {0.49, "0.49"},
             {0, "0.00"},    {0.4, "0.40"}, {0.00123, "0.00123"}, {1.234e-7, "1.23e-07"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char out[32], line[RGM_BAR_LINE], part[64];
        ck_assert_str_eq(rgm_bar_figure(t[i].value, out), t[i].text);
        rgm_bar_view slow = {.unit = "images", .done = 1, .total = 9, .loss = NAN, .accuracy = NAN, .rate = t[i].value};
        snprintf(part, sizeof part, "%s images/s", t[i].text);
        ck_assert_ptr_nonnull(strstr(rgm_bar_format(&slow, 0, line), part));
    }
}
END_TEST

START_TEST(test_summary_json) {
    rgm_error err = {0};
    json_t *json = rgm_summary_json(&whole);
    ck_assert_int_eq(rgm_json_write(json, path, &err), RGM_OK);
    json_decref(json);
    json = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_double_eq_tol(json_real_value(json_object_get(json, "accuracy")), 0.9213, 1e-15);
    ck_assert_double_eq_tol(json_real_value(json_object_get(json, "accuracy_low")), 0.91585, 1e-4);
    ck_assert_double_eq_tol(json_real_value(json_object_get(json, "peak_share")), 120.2 / 196, 1e-15);
    ck_assert_int_eq((int)json_integer_value(json_object_get(json, "images")), 10000);
    ck_assert_ptr_null(json_object_get(json, "checkpoint"));
    ck_assert_int_eq(rgm_json_write(json, "/nonexistent/x", &err), RGM_E_IO);
    if (access("/dev/full", W_OK) == 0) ck_assert_int_eq(rgm_json_write(json, "/dev/full", &err), RGM_E_IO);
    json_decref(json);
    rgm_summary bad = {.images = 1, .hits5 = -1, .loss = NAN, .data = "caf\xe9 \xc3\xa9\xff"};
    json = rgm_summary_json(&bad);
    ck_assert(json_is_null(json_object_get(json, "loss")));
    ck_assert_str_eq(json_string_value(json_object_get(json, "data")), "caf\xef\xbf\xbd \xc3\xa9\xef\xbf\xbd");
    ck_assert_ptr_null(json_object_get(json, "accuracy5"));
    json_decref(json);
}
END_TEST

static Suite *report_suite(void) {
    Suite *suite = suite_create("report");
    TCase *tcase = tcase_create("values");
    tcase_add_loop_test(tcase, test_wilson_has_the_published_values, 0, (int)(sizeof wilson / sizeof wilson[0]));
    tcase_add_test(tcase, test_wilson_solves_its_equation);
    tcase_add_test(tcase, test_times);
    tcase_add_test(tcase, test_wide_line);
    tcase_add_test(tcase, test_every_width_fits);
    tcase_add_test(tcase, test_unknown_numbers_are_left_out);
    tcase_add_test(tcase, test_plain_progress_is_sparse);
    tcase_add_test(tcase, test_terminal_progress_makes_way);
    tcase_add_test(tcase, test_summary_text);
    tcase_add_test(tcase, test_figures_are_never_lost);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, test_metrics_parse);
    tcase_add_test(tcase, test_metrics_are_flushed_and_appended);
    tcase_add_test(tcase, test_metrics_fail_in_words);
    tcase_add_test(tcase, test_ended_finds_the_end);
    tcase_add_test(tcase, test_rewind_drops_what_is_later_or_damaged);
    tcase_add_test(tcase, test_rewind_to_before_an_evaluation);
    tcase_add_test(tcase, test_run_folder_is_made_and_resumed);
    tcase_add_test(tcase, test_descriptor_zero_is_one_like_others);
    tcase_add_test(tcase, test_runs_are_numbered);
    tcase_add_test(tcase, test_run_folders_that_cannot_be);
    tcase_add_test(tcase, test_summary_json);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void) {
    SRunner *runner = srunner_create(report_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
