#include "report/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "train/config.h"

rgm_status rgm_metrics_open(rgm_metrics *metrics, const char *path, rgm_error *err) {
    memset(metrics, 0, sizeof *metrics);
    if (strlen(path) >= sizeof metrics->path) return rgm_fail(err, RGM_E_IO, "%.160s...: the path is too long", path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    metrics->fd = fd;
    strcpy(metrics->path, path);
    return RGM_OK;
}

void rgm_metrics_close(rgm_metrics *metrics) {
    if (metrics->fd > 0) close(metrics->fd);
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
        size_t n = rgm_utf8_length(s);
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
    if (m->fd <= 0) return;
    put(m, "{\"event\": ");
    put_escaped(m, event);
    put(m, ", \"step\": %lld, \"epoch\": %d", (long long)step, epoch);
}

void rgm_metrics_real(rgm_metrics *m, const char *key, double value) {
    char text[RGM_REAL_TEXT];
    if (m->fd <= 0) return;
    put(m, ", \"%s\": %s", key, isfinite(value) ? rgm_real_print(text, value) : "null");
}

void rgm_metrics_int(rgm_metrics *m, const char *key, int64_t value) {
    if (m->fd > 0) put(m, ", \"%s\": %lld", key, (long long)value);
}

void rgm_metrics_text(rgm_metrics *m, const char *key, const char *value) {
    if (m->fd <= 0) return;
    put(m, ", \"%s\": ", key);
    put_escaped(m, value);
}

static rgm_status write_all(int fd, const char *bytes, size_t count, const char *path, rgm_error *err) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, written < 0 ? strerror(errno) : "nothing was written");
        bytes += written;
        count -= (size_t)written;
    }
    return RGM_OK;
}

rgm_status rgm_metrics_end(rgm_metrics *m, rgm_error *err) {
    if (m->fd <= 0) return RGM_OK;
    put(m, "}\n");
    if (m->full)
        return rgm_fail(err, RGM_E_INTERNAL, "%.160s: an event is longer than %zu bytes", m->path, sizeof m->line);
    return write_all(m->fd, m->line, m->used, m->path, err);
}

/* --- going back ----------------------------------------------------------------------------------------------------
 */

static int32_t is_text(const json_t *object, const char *key, const char *wanted) {
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, wanted) == 0;
}

/* 1 if the line is an event of what a checkpoint of that step and so many ended epochs has seen. */
static int32_t belongs(const char *line, size_t length, int64_t step, int32_t epoch) {
    json_t *event = json_loadb(line, length, 0, NULL);
    json_t *at = json_object_get(event, "step");
    int64_t when = json_integer_value(at);
    int32_t fine = json_is_integer(at) && when <= step && !is_text(event, "split", "test");
    if (when == step && !is_text(event, "event", "step"))
        fine &= json_integer_value(json_object_get(event, "epoch")) <= epoch;
    json_decref(event);
    return fine;
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

static rgm_status copy_events(FILE *in, int out, int64_t step, int32_t epoch, const char *path, rgm_error *err) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    rgm_status status = RGM_OK;
    errno = 0;
    while (status == RGM_OK && (length = getline(&line, &capacity, in)) > 0)
        if (line[length - 1] == '\n' && belongs(line, (size_t)length, step, epoch))
            status = write_all(out, line, (size_t)length, path, err);
    if (status == RGM_OK && ferror(in)) status = rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    free(line);
    return status;
}

rgm_status rgm_metrics_rewind(const char *path, int64_t step, int32_t epoch, rgm_error *err) {
    char copy[1100];
    if (strlen(path) > 1024) return rgm_fail(err, RGM_E_IO, "%.160s...: the path is too long", path);
    snprintf(copy, sizeof copy, "%s.tmp", path);
    FILE *in = fopen(path, "re");
    if (!in && errno == ENOENT) return RGM_OK;
    if (!in) return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    int out = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    rgm_status status = RGM_OK;
    if (out < 0) status = rgm_fail(err, RGM_E_IO, "%.160s: %s", copy, strerror(errno));
    if (status == RGM_OK) status = copy_events(in, out, step, epoch, path, err);
    if (out >= 0 && close(out) != 0 && status == RGM_OK)
        status = rgm_fail(err, RGM_E_IO, "%.160s: %s", copy, strerror(errno));
    if (status == RGM_OK && rename(copy, path) != 0)
        status = rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    if (status < 0 && out >= 0) unlink(copy);
    fclose(in);
    return status;
}
