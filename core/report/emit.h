/* JSON written as it comes, for results that may be too long to be put together in memory first.
 *
 *     rgm_emit_begin(&json, target, &err);
 *     rgm_emit_open(&json, "splits", '{');                  a value in an object has a key,
 *     rgm_emit_integer(&json, "images", 60000);
 *     rgm_emit_close(&json, '}');
 *     rgm_emit_text(&json, NULL, name);                     one in an array has none
 *     return rgm_emit_end(&json, status, &err);
 *
 * The whole is an object; each of its values begins a line. No call can fail half-way: rgm_emit_end() tells of a
 * failure. Nothing depends on the locale.
 */
#ifndef RGM_REPORT_EMIT_H
#define RGM_REPORT_EMIT_H

#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

typedef struct rgm_emit {
    const char *target;
    FILE *to;
    int32_t depth, fresh; /* fresh: nothing was put into the innermost object or array yet */
    int32_t failed;       /* no memory for a text */
} rgm_emit;

/* `target` as report/summary.h says of JSON. RGM_E_IO; then there is nothing to end. */
rgm_status rgm_emit_begin(rgm_emit *json, const char *target, rgm_error *err);
/* Returns `status` or RGM_E_IO, RGM_E_NOMEM. A file that failed is cut short, not removed. */
rgm_status rgm_emit_end(rgm_emit *json, rgm_status status, rgm_error *err);

/* `key` is a literal, NULL in an array. `open` is { or [, `close` what belongs to it. */
void rgm_emit_open(rgm_emit *json, const char *key, char open);
void rgm_emit_close(rgm_emit *json, char close);
void rgm_emit_line(rgm_emit *json); /* the next value of the array begins a line */

void rgm_emit_integer(rgm_emit *json, const char *key, int64_t value);
void rgm_emit_real(rgm_emit *json, const char *key, double value);      /* 9 digits; null if it is not finite */
void rgm_emit_text(rgm_emit *json, const char *key, const char *value); /* U+FFFD for bytes that are not UTF-8 */
void rgm_emit_null(rgm_emit *json, const char *key);
void rgm_emit_bool(rgm_emit *json, const char *key, int32_t value);

#endif
