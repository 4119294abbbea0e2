#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

static const struct {
    const char *text;
    int exit_code;
} statuses[] = {
    [-RGM_OK] = {"success", 0},
    [-RGM_E_VERDICT] = {"a check failed", 1},
    [-RGM_E_USAGE] = {"wrong usage", 2},
    [-RGM_E_FORMAT] = {"malformed file", 2},
    [-RGM_E_UNSUPPORTED] = {"unsupported", 2},
    [-RGM_E_IO] = {"input/output error", 3},
    [-RGM_E_NOMEM] = {"out of memory", 3},
    [-RGM_E_NUMERIC] = {"numeric failure", 4},
    [-RGM_E_PLUGIN] = {"plugin failure", 5},
    [-RGM_E_INTERRUPTED] = {"interrupted", 130},
    [-RGM_E_INTERNAL] = {"internal error", 3},
};
_Static_assert(sizeof statuses / sizeof *statuses == RGM_STATUS_COUNT, "each status has a text");

static int known(rgm_status status) { return status <= 0 && status > -RGM_STATUS_COUNT; }

const char *rgm_status_text(rgm_status status) { return known(status) ? statuses[-status].text : "unknown status"; }

int rgm_status_exit_code(rgm_status status) { return known(status) ? statuses[-status].exit_code : 3; }

/* A new failure: what *err held is gone. */
static rgm_status begin(rgm_error *err, rgm_status status, const char *format, va_list arguments) {
    err->status = status;
    err->line = err->column = err->told = 0;
    err->file[0] = err->subject[0] = 0;
    vsnprintf(err->text, sizeof err->text, format, arguments);
    rgm_text_clean(err->text);
    return status;
}

rgm_status rgm_fail(rgm_error *err, rgm_status status, const char *format, ...) {
    if (!err) return status;
    va_list arguments;
    va_start(arguments, format);
    begin(err, status, format, arguments);
    va_end(arguments);
    return status;
}

rgm_status rgm_fail_about(rgm_error *err, rgm_status status, const char *subject, const char *format, ...) {
    if (!err) return status;
    va_list arguments;
    va_start(arguments, format);
    begin(err, status, format, arguments);
    va_end(arguments);
    rgm_error_about(err, subject);
    return status;
}

/* Puts "HEAD: " in front of the text, which is cut where there is no more room. */
static void prepend(rgm_error *err, const char *head) {
    char old[RGM_ERROR_TEXT];
    memcpy(old, err->text, sizeof old);
    size_t used = (size_t)snprintf(err->text, sizeof err->text, "%s: ", head);
    snprintf(err->text + used, sizeof err->text - used, "%.*s", (int)(sizeof err->text - used - 1), old);
    rgm_text_clean(err->text);
}

static void tell_subject(rgm_error *err) {
    if (err->subject[0]) prepend(err, err->subject);
    err->subject[0] = 0;
}

/* "FILE:LINE:COLUMN", "line LINE, column COLUMN", each without a column that is not known, or "" where there is no
 * place that the text does not name. */
enum { PLACE = RGM_ERROR_FILE + 32 };
static const char *place_of(const rgm_error *err, char place[PLACE]) {
    place[0] = 0;
    if (err->line <= 0 || err->told) return place;
    const int known = err->column > 0;
    if (err->file[0])
        snprintf(place, PLACE, known ? "%s:%d:%d" : "%s:%d", err->file, err->line, err->column);
    else
        snprintf(place, PLACE, known ? "line %d, column %d" : "line %d", err->line, err->column);
    return place;
}

static void tell_place(rgm_error *err) {
    char place[PLACE];
    if (place_of(err, place)[0]) prepend(err, place);
    err->told = err->line > 0;
}

rgm_status rgm_fail_in(rgm_error *err, const char *format, ...) {
    if (!err) return RGM_E_INTERNAL;
    char context[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    tell_subject(err);
    tell_place(err);
    prepend(err, context);
    return err->status;
}

void rgm_error_about(rgm_error *err, const char *subject) {
    if (!err) return;
    tell_subject(err);
    snprintf(err->subject, sizeof err->subject, "%.80s", subject);
    rgm_text_clean(err->subject);
}

void rgm_error_at(rgm_error *err, const char *file, int32_t line, int32_t column) {
    if (!err) return;
    snprintf(err->file, sizeof err->file, "%.160s", file ? file : "");
    rgm_text_clean(err->file);
    err->line = line;
    err->column = column;
    err->told = 0;
}

const char *rgm_error_line(const rgm_error *err, char line[RGM_ERROR_LINE]) {
    char place[PLACE];
    place_of(err, place);
    snprintf(line, RGM_ERROR_LINE, "%s%s%s%s%s", place, place[0] ? ": " : "", err->subject, err->subject[0] ? ": " : "",
             err->text[0] ? err->text : rgm_status_text(err->status));
    return line;
}
