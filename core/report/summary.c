#include "report/summary.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/bar.h"
#include "report/interval.h"

/* --- for people ----------------------------------------------------------------------------------------------------
 */

__attribute__((format(printf, 2, 3))) static void put(char *out, const char *format, ...) {
    size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, RGM_SUMMARY_TEXT - used, format, arguments);
    va_end(arguments);
}

static void put_accuracy(const rgm_summary *s, char *out) {
    double low, high, n = (double)s->images;
    const char *split = s->split ? s->split : "";
    rgm_interval_wilson(s->hits, s->images, &low, &high);
    put(out, "accuracy   %.2f %% (95 %% interval %.2f to %.2f; %lld %s%simages)\n", 100 * (double)s->hits / n,
        100 * low, 100 * high, (long long)s->images, split, *split ? " " : "");
    if (s->hits5 >= 0 && (s->classes == 0 || s->classes > 5)) /* of fewer classes it is always 100 % */
        put(out, "top 5      %.2f %%\n", 100 * (double)s->hits5 / n);
    put(out, "loss       %.4f\n", s->loss);
}

static void put_speed(const rgm_summary *s, char *out) {
    char time[32], figure[32];
    if (s->seconds > 0 && s->data_share > 0)
        put(out, "time       %s, %.0f %% of it to read images and make batches\n", rgm_bar_time(s->seconds, time),
            100 * s->data_share);
    else if (s->seconds > 0)
        put(out, "time       %s\n", rgm_bar_time(s->seconds, time));
    if (s->images_per_s > 0) put(out, "speed      %s images/s\n", rgm_bar_figure(s->images_per_s, figure));
    if (s->gflops > 0 && s->peak_gflops > 0)
        put(out, "effective  %s GFLOP/s, %.0f %% of the FMA peak (%.0f)\n", rgm_bar_figure(s->gflops, figure),
            100 * s->gflops / s->peak_gflops, s->peak_gflops);
    else if (s->gflops > 0)
        put(out, "effective  %s GFLOP/s\n", rgm_bar_figure(s->gflops, figure));
}

const char *rgm_summary_text(const rgm_summary *s, char out[RGM_SUMMARY_TEXT]) {
    out[0] = 0;
    if (s->model) put(out, "model      %.200s\n", s->model);
    if (s->data) put(out, "data       %.1000s\n", s->data);
    if (s->steps > 0)
        put(out, "trained    %d epoch%s, %lld step%s\n", s->epochs, s->epochs == 1 ? "" : "s", (long long)s->steps,
            s->steps == 1 ? "" : "s");
    if (s->stopped) put(out, "stopped    %.400s\n", s->stopped);
    if (s->images > 0) put_accuracy(s, out);
    put_speed(s, out);
    if (s->checkpoint) put(out, "checkpoint %.1000s\n", s->checkpoint);
    if (s->run) put(out, "run        %.1000s\n", s->run);
    return out;
}

/* --- for programs --------------------------------------------------------------------------------------------------
 */

json_t *rgm_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *rgm_json_text(const char *text) {
    char *copy = malloc(3 * strlen(text) + 1), *to = copy;
    if (!copy) return NULL;
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t length = *s < 0x80 ? 1 : rgm_text_utf8_length(s);
        if (length)
            memcpy(to, s, length), to += length, s += length;
        else
            memcpy(to, "\357\277\275", 3), to += 3, s++;
    }
    *to = 0;
    json_t *value = json_string(copy);
    free(copy);
    return value;
}

static void set_text(json_t *object, int *failed, const char *key, const char *text) {
    if (text) *failed |= json_object_set_new(object, key, rgm_json_text(text));
}

static void set_real(json_t *object, int *failed, const char *key, double value, int32_t wanted) {
    if (wanted) *failed |= json_object_set_new(object, key, rgm_json_real(value));
}

static void set_int(json_t *object, int *failed, const char *key, int64_t value, int32_t wanted) {
    if (wanted) *failed |= json_object_set_new(object, key, json_integer(value));
}

static void set_evaluation(const rgm_summary *s, json_t *object, int *failed) {
    double low, high, n = (double)s->images;
    rgm_interval_wilson(s->hits, s->images, &low, &high);
    set_real(object, failed, "accuracy", (double)s->hits / n, 1);
    set_real(object, failed, "accuracy_low", low, 1);
    set_real(object, failed, "accuracy_high", high, 1);
    set_real(object, failed, "accuracy5", (double)s->hits5 / n, s->hits5 >= 0);
    set_real(object, failed, "loss", s->loss, 1);
    set_int(object, failed, "images", s->images, 1);
}

json_t *rgm_summary_json(const rgm_summary *s) {
    json_t *object = json_object();
    if (!object) return NULL;
    int failed = 0;
    set_text(object, &failed, "model", s->model);
    set_text(object, &failed, "data", s->data);
    set_text(object, &failed, "split", s->split);
    if (s->images > 0) set_evaluation(s, object, &failed);
    set_int(object, &failed, "steps", s->steps, s->steps > 0);
    set_int(object, &failed, "epochs", s->epochs, s->steps > 0);
    set_real(object, &failed, "seconds", s->seconds, s->seconds > 0);
    set_real(object, &failed, "images_per_s", s->images_per_s, s->images_per_s > 0);
    set_real(object, &failed, "gflops", s->gflops, s->gflops > 0);
    set_real(object, &failed, "peak_share", s->peak_gflops > 0 ? s->gflops / s->peak_gflops : 0,
             s->gflops > 0 && s->peak_gflops > 0);
    set_real(object, &failed, "data_share", s->data_share, s->data_share > 0);
    set_text(object, &failed, "run", s->run);
    set_text(object, &failed, "checkpoint", s->checkpoint);
    set_text(object, &failed, "stopped", s->stopped);
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

int32_t rgm_json_leaves_text(const char *target) { return !target || strcmp(target, "-") != 0; }

rgm_status rgm_json_write(const json_t *json, const char *target, rgm_error *err) {
    int own = strcmp(target, "-") != 0;
    FILE *file = own ? fopen(target, "we") : stdout;
    const char *name = own ? target : "standard output";
    if (!file) return rgm_fail(err, RGM_E_IO, "%.160s: %s", name, strerror(errno));
    errno = 0;
    int failed = json_dumpf(json, file, JSON_INDENT(2)) != 0 || fputc('\n', file) == EOF || fflush(file) != 0;
    int code = errno;
    if (own && fclose(file) != 0 && !failed) {
        failed = 1;
        code = errno;
    }
    return failed ? rgm_fail(err, RGM_E_IO, "%.160s: %s", name, code ? strerror(code) : "cannot be written") : RGM_OK;
}
