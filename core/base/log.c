#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include "base/text.h"

enum { LINE_BYTES = 2048 };

static struct {
    pthread_mutex_t lock;
    int32_t level;
    void (*hook)(void *context, int before);
    void *hook_context;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = RGM_LOG_SILENT};

static _Thread_local const rgm_log_receiver *receiver;

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

/* ---- the process' sink ---- */

static void write_stderr(const char *prefix, const char *line) {
    if (sink.hook) sink.hook(sink.hook_context, 1);
    fprintf(stderr, "%s%s\n", prefix, line);
    fflush(stderr);
    if (sink.hook) sink.hook(sink.hook_context, 0);
}

static void tell_process(int32_t level, const char *line) {
    pthread_mutex_lock(&sink.lock);
    if (level <= sink.level) write_stderr(prefixes[level].on_terminal, line);
    pthread_mutex_unlock(&sink.lock);
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

/* ---- receivers ---- */

void rgm_log_receive(rgm_log_receiver *r) {
    r->outer = receiver;
    receiver = r;
}

void rgm_log_release(const rgm_log_receiver *r) { receiver = r->outer; }

const rgm_log_receiver *rgm_log_receiving(void) { return receiver; }

const rgm_log_receiver *rgm_log_adopt(const rgm_log_receiver *r) {
    const rgm_log_receiver *before = receiver;
    receiver = r;
    return before;
}

static void tell_receiver(const rgm_log_receiver *r, int32_t level, const char *line) {
    receiver = r->outer;
    r->take(r->context, level, line);
    receiver = r;
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
    if (receiver)
        tell_receiver(receiver, level, line);
    else
        tell_process(level, line);
}

/* ---- files ---- */

static void format_time(char *text, size_t bytes) {
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, bytes, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, bytes - used, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

rgm_status rgm_log_file_open(rgm_log_file *f, const char *path, rgm_error *err) {
    f->file = fopen(path, "ae");
    return f->file ? RGM_OK : rgm_fail(err, RGM_E_IO, "%s: cannot append to the log: %s", path, strerror(errno));
}

rgm_status rgm_log_file_add(rgm_log_file *f, int32_t level, const char *line, rgm_error *err) {
    char when[40];
    if (!f->file) return RGM_OK;
    format_time(when, sizeof when);
    if (fprintf(f->file, "%s %s: %s\n", when, prefixes[level].in_file, line) >= 0 && fflush(f->file) == 0)
        return RGM_OK;
    int code = errno;
    rgm_log_file_close(f);
    return rgm_fail(err, RGM_E_IO, "the log file cannot be written and is closed: %s", strerror(code));
}

void rgm_log_file_close(rgm_log_file *f) {
    if (f->file) fclose(f->file);
    f->file = NULL;
}
