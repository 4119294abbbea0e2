#include "report/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/replace.h"
#include "base/text.h"

rgm_status rgm_metrics_open(rgm_metrics *metrics, const char *path, rgm_error *err) {
    memset(metrics, 0, sizeof *metrics);
    if (strlen(path) >= sizeof metrics->path) return rgm_fail(err, RGM_E_IO, "%.160s...: the path is too long", path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    rgm_sync_folder(path);
    metrics->fd = fd;
    metrics->open = 1;
    strcpy(metrics->path, path);
    return RGM_OK;
}

void rgm_metrics_close(rgm_metrics *metrics) {
    if (metrics->open) close(metrics->fd);
    memset(metrics, 0, sizeof *metrics);
}

/* --- an event ------------------------------------------------------------------------------------------------------
 */

__attribute__((format(printf, 2, 3))) static void put(rgm_metrics *m, const char *format, ...) {
    size_t room = sizeof m->line - m->used;
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(m->line + m->used, room, format, arguments);
    va_end(arguments);
    if (wanted < 0 || (size_t)wanted >= room)
        m->full = 1;
    else
        m->used += (size_t)wanted;
}

/* The text between quotes. jansson refuses what is not UTF-8, and so does every reader: such bytes become '?'. */
static void put_escaped(rgm_metrics *m, const char *text) {
    put(m, "\"");
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = rgm_text_utf8_length(s);
        if (n == 0)
            put(m, "?");
        else if (*s == '"' || *s == '\\')
            put(m, "\\%c", *s);
        else if (*s < 0x20)
            put(m, "\\u%04x", *s);
        else
            put(m, "%.*s", (int)n, (const char *)s);
        s += n ? n : 1;
    }
    put(m, "\"");
}

void rgm_metrics_begin(rgm_metrics *m, const char *event, int64_t step, int32_t epoch) {
    m->used = 0;
    m->full = 0;
    if (!m->open) return;
    put(m, "{\"event\": ");
    put_escaped(m, event);
    put(m, ", \"step\": %lld, \"epoch\": %d", (long long)step, epoch);
}

void rgm_metrics_real(rgm_metrics *m, const char *key, double value) {
    char text[RGM_TEXT_REAL];
    if (!m->open) return;
    put(m, ", \"%s\": %s", key, isfinite(value) ? rgm_text_shortest(text, value) : "null");
}

void rgm_metrics_int(rgm_metrics *m, const char *key, int64_t value) {
    if (m->open) put(m, ", \"%s\": %lld", key, (long long)value);
}

void rgm_metrics_text(rgm_metrics *m, const char *key, const char *value) {
    if (!m->open) return;
    put(m, ", \"%s\": ", key);
    put_escaped(m, value);
}

rgm_status rgm_metrics_end(rgm_metrics *m, rgm_error *err) {
    if (!m->open) return RGM_OK;
    put(m, "}\n");
    if (m->full)
        return rgm_fail(err, RGM_E_INTERNAL, "%.160s: an event is longer than %zu bytes", m->path, sizeof m->line);
    return rgm_write_all(m->fd, m->line, m->used, m->path, err);
}

rgm_status rgm_metrics_sync(rgm_metrics *m, rgm_error *err) {
    if (!m->open || rgm_sync_file(m->fd) == 0 || errno == EINVAL || errno == EROFS)
        return RGM_OK; /* no file that is kept */
    return rgm_fail(err, RGM_E_IO, "%.160s: %s", m->path, strerror(errno));
}

/* --- going back ----------------------------------------------------------------------------------------------------
 */

static int32_t is_text(const json_t *object, const char *key, const char *wanted) {
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, wanted) == 0;
}

/* How a line stands to a mark. */
enum { LATER = 0, EARLIER = 1, ITSELF = 2 };

static int32_t place_of(const char *line, size_t length, const rgm_metrics_mark *mark) {
    json_t *event = json_loadb(line, length, 0, NULL);
    json_t *at = json_object_get(event, "step");
    int64_t when = json_integer_value(at), epoch = json_integer_value(json_object_get(event, "epoch"));
    int32_t place = json_is_integer(at) && when <= mark->step && !is_text(event, "split", "test") ? EARLIER : LATER;
    if (when == mark->step && !is_text(event, "event", "step") && epoch > mark->epoch) place = LATER;
    if (place == EARLIER && when == mark->step && epoch == mark->epoch && is_text(event, "event", "checkpoint") &&
        json_integer_value(json_object_get(event, "best")) == mark->best)
        place = ITSELF;
    json_decref(event);
    return place;
}

static int32_t is_end(const char *line, size_t length, int64_t step, const char *reason) {
    json_t *object = json_loadb(line, length, 0, NULL);
    int32_t same = is_text(object, "event", "end") && is_text(object, "reason", reason) &&
                   json_integer_value(json_object_get(object, "step")) == step;
    json_decref(object);
    return same;
}

int32_t rgm_metrics_ended(const char *path, int64_t step, const char *reason) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    int32_t ended = 0;
    FILE *in = fopen(path, "re");
    while (in && !ended && (length = getline(&line, &capacity, in)) > 0)
        ended = strstr(line, "\"end\"") && is_end(line, (size_t)length, step, reason);
    free(line);
    if (in) fclose(in);
    return ended;
}

static void tell_warning(const char *line, size_t length, void (*told)(void *, const char *), void *context) {
    json_t *object = json_loadb(line, length, 0, NULL);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (kind && is_text(object, "event", "warning")) told(context, kind);
    json_decref(object);
}

void rgm_metrics_warned(const char *path, void (*told)(void *, const char *), void *context) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    FILE *in = fopen(path, "re");
    while (in && (length = getline(&line, &capacity, in)) > 0)
        if (strstr(line, "\"warning\"")) tell_warning(line, (size_t)length, told, context);
    free(line);
    if (in) fclose(in);
}

static rgm_status copy_events(FILE *in, rgm_replace *out, const rgm_metrics_mark *mark, int32_t *found,
                              rgm_error *err) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    rgm_status status = RGM_OK;
    errno = 0;
    while (mark && status == RGM_OK && !*found && (length = getline(&line, &capacity, in)) > 0) {
        int32_t place = line[length - 1] == '\n' ? place_of(line, (size_t)length, mark) : LATER;
        if (place != LATER) status = rgm_replace_write(out, line, (size_t)length, err);
        *found = place == ITSELF;
    }
    if (status == RGM_OK && ferror(in)) status = rgm_fail(err, RGM_E_IO, "%.160s: %s", out->path, strerror(errno));
    free(line);
    return status;
}

rgm_status rgm_metrics_rewind(const char *path, const rgm_metrics_mark *mark, int32_t *found, rgm_error *err) {
    rgm_replace out;
    *found = 0;
    FILE *in = fopen(path, "re");
    if (!in && errno == ENOENT) return RGM_OK;
    if (!in) return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    rgm_status status = rgm_replace_begin(&out, path, err);
    if (status >= 0) status = rgm_replace_end(&out, copy_events(in, &out, mark, found, err), err);
    fclose(in);
    return status;
}
