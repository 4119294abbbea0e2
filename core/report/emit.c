#include "report/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "base/text.h"
#include "report/summary.h"

enum { DIGITS = 9 };

rgm_status rgm_emit_begin(rgm_emit *j, const char *target, rgm_error *err) {
    int own = strcmp(target, "-") != 0;
    *j = (rgm_emit){.target = own ? target : "standard output", .to = own ? fopen(target, "we") : stdout, .fresh = 1};
    if (!j->to) return rgm_fail(err, RGM_E_IO, "%.160s: %s", target, strerror(errno));
    putc('{', j->to);
    j->depth = 1;
    return RGM_OK;
}

rgm_status rgm_emit_end(rgm_emit *j, rgm_status status, rgm_error *err) {
    errno = 0;
    int bad = fputs("\n}\n", j->to) == EOF || fflush(j->to) != 0 || ferror(j->to);
    int code = errno;
    if (j->to != stdout && fclose(j->to) != 0 && !bad) {
        bad = 1;
        code = errno;
    }
    if (status < 0) return status;
    if (bad) return rgm_fail(err, RGM_E_IO, "%.160s: %s", j->target, code ? strerror(code) : "cannot be written");
    return j->failed ? rgm_fail(err, RGM_E_NOMEM, "%.160s: out of memory", j->target) : RGM_OK;
}

/* Before a value: what separates it from the one before, and its key. */
static void begin_value(rgm_emit *j, const char *key) {
    if (!j->fresh) putc(',', j->to);
    if (j->depth == 1)
        fputs("\n  ", j->to);
    else if (!j->fresh)
        putc(' ', j->to);
    j->fresh = 0;
    if (key) fprintf(j->to, "\"%s\": ", key);
}

void rgm_emit_open(rgm_emit *j, const char *key, char open) {
    begin_value(j, key);
    putc(open, j->to);
    j->depth++;
    j->fresh = 1;
}

void rgm_emit_close(rgm_emit *j, char close) {
    putc(close, j->to);
    j->depth--;
    j->fresh = 0;
}

void rgm_emit_line(rgm_emit *j) {
    fputs(j->fresh ? "\n    " : ",\n    ", j->to);
    j->fresh = 1;
}

void rgm_emit_integer(rgm_emit *j, const char *key, int64_t value) {
    begin_value(j, key);
    fprintf(j->to, "%" PRId64, value);
}

void rgm_emit_real(rgm_emit *j, const char *key, double value) {
    char text[RGM_TEXT_REAL];
    begin_value(j, key);
    fputs(isfinite(value) ? rgm_text_print_real(text, sizeof text, DIGITS, value) : "null", j->to);
}

void rgm_emit_text(rgm_emit *j, const char *key, const char *value) {
    json_t *text = rgm_json_text(value);
    begin_value(j, key);
    if (!text || json_dumpf(text, j->to, JSON_ENCODE_ANY) != 0) j->failed = 1;
    json_decref(text);
}

void rgm_emit_null(rgm_emit *j, const char *key) {
    begin_value(j, key);
    fputs("null", j->to);
}

void rgm_emit_bool(rgm_emit *j, const char *key, int32_t value) {
    begin_value(j, key);
    fputs(value ? "true" : "false", j->to);
}
