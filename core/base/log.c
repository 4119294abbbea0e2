#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/text.h"

enum { LINE_BYTES = 2048 };

static struct {
    pthread_mutex_t lock;
    int32_t level;
    FILE *file;
    void (*hook)(void *context, int before);
    void *hook_context;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = RGM_LOG_INFO};

static const struct {
    const char *on_terminal, *in_file;
} prefixes[] = {
    [RGM_LOG_ERROR] = {"regimen: error: ", "error"},
    [RGM_LOG_WARN] = {"regimen: warning: ", "warning"},
    [RGM_LOG_INFO] = {"", "info"},
    [RGM_LOG_DEBUG] = {"debug: ", "debug"},
};

/* One line, fit for a terminal; ends in "..." if it did not fit. */
static void clean_line(char *line, int wanted) {
    rgm_text_clean(line);
    if (wanted >= LINE_BYTES) memcpy(line + LINE_BYTES - 4, "...", 4);
}

static void format_time(char *text, size_t bytes) {
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, bytes, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, bytes - used, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static void write_stderr(const char *prefix, const char *line) {
    if (sink.hook) sink.hook(sink.hook_context, 1);
    fprintf(stderr, "%s%s\n", prefix, line);
    fflush(stderr);
    if (sink.hook) sink.hook(sink.hook_context, 0);
}

/* A full disk must not stop a run: the file is given up, with one line that says so. */
static void write_file(const char *kind, const char *line) {
    char when[40];
    format_time(when, sizeof when);
    if (fprintf(sink.file, "%s %s: %s\n", when, kind, line) >= 0 && fflush(sink.file) == 0) return;
    char reason[160];
    snprintf(reason, sizeof reason, "the log file cannot be written and is closed: %s", strerror(errno));
    fclose(sink.file);
    sink.file = NULL;
    write_stderr(prefixes[RGM_LOG_WARN].on_terminal, reason);
}

void rgm_log_set_level(int32_t level) {
    pthread_mutex_lock(&sink.lock);
    sink.level = level;
    pthread_mutex_unlock(&sink.lock);
}

void rgm_log_set_hook(void (*hook)(void *context, int before), void *context) {
    pthread_mutex_lock(&sink.lock);
    sink.hook = hook;
    sink.hook_context = context;
    pthread_mutex_unlock(&sink.lock);
}

rgm_status rgm_log_open(const char *path, rgm_error *err) {
    FILE *file = NULL;
    if (path && !(file = fopen(path, "ae")))
        return rgm_fail(err, RGM_E_IO, "%s: cannot append to the log: %s", path, strerror(errno));
    pthread_mutex_lock(&sink.lock);
    FILE *old = sink.file;
    sink.file = file;
    pthread_mutex_unlock(&sink.lock);
    if (old) fclose(old);
    return RGM_OK;
}

void rgm_log(int32_t level, const char *format, ...) {
    char line[LINE_BYTES];
    if (level < RGM_LOG_ERROR) level = RGM_LOG_ERROR;
    if (level > RGM_LOG_DEBUG) level = RGM_LOG_DEBUG;
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    clean_line(line, wanted);
    pthread_mutex_lock(&sink.lock);
    if (level <= sink.level) write_stderr(prefixes[level].on_terminal, line);
    if (sink.file) write_file(prefixes[level].in_file, line);
    pthread_mutex_unlock(&sink.lock);
}
