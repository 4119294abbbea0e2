/* The levelled log: one line per message.
 *
 * A line goes to the receiver of the thread that logs it, if it has one. So a run (run/run.h) takes what is said on its
 * behalf in any room, from workers of its team, too. Else it goes to the process' sink. That is silent until the
 * program sets a level; then lines go to stderr. Only this file and core/report print. A progress line on a terminal is
 * cleared before a log line and drawn again after it through the hook.
 */
#ifndef RGM_BASE_LOG_H
#define RGM_BASE_LOG_H

#include <stdio.h>
#include "base/status.h"

enum { RGM_LOG_SILENT = -1, RGM_LOG_ERROR = 0, RGM_LOG_WARN = 1, RGM_LOG_INFO = 2, RGM_LOG_DEBUG = 3 };

/* One line, without a newline of its own; thread-safe. Control characters become '?'. */
void rgm_log(int32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the process' sink ---- */

/* Messages above `level` do not reach stderr. Default RGM_LOG_SILENT. */
void rgm_log_set_level(int32_t level);

/* Called just before (before = 1) and just after (before = 0) a line goes to stderr; NULL removes it. */
void rgm_log_set_hook(void (*hook)(void *context, int before), void *context);

/* ---- a thread's receiver ---- */

typedef struct rgm_log_receiver rgm_log_receiver;
struct rgm_log_receiver {
    void (*take)(void *context, int32_t level, const char *line);
    void *context;
    const rgm_log_receiver *outer; /* filled by rgm_log_receive() */
};

/* Until rgm_log_release(), lines that the calling thread logs go to the receiver alone. While take() runs, the one
 * before is in place: what take() logs goes there, or to the process' sink. Receivers nest. The struct is the caller's
 * and stays where it is until it is released. */
void rgm_log_receive(rgm_log_receiver *receiver);
void rgm_log_release(const rgm_log_receiver *receiver); /* by the same thread, innermost first */

/* For threads that work for another one: the calling thread's receiver, or NULL; and puts one in its place, NULL for
 * none. Returns what was there. */
const rgm_log_receiver *rgm_log_receiving(void);
const rgm_log_receiver *rgm_log_adopt(const rgm_log_receiver *receiver);

/* ---- a file of lines ---- */

/* "2024-05-01T12:00:00.000Z warning: line". A zeroed struct is closed. */
typedef struct rgm_log_file {
    FILE *file;
} rgm_log_file;

/* Appends to the file at `path`, creating it. RGM_E_IO. */
rgm_status rgm_log_file_open(rgm_log_file *file, const char *path, rgm_error *err);

/* Adds a line, flushed. RGM_E_IO if it cannot be written: then the file is closed, which the error says. On a closed
 * file it does nothing. */
rgm_status rgm_log_file_add(rgm_log_file *file, int32_t level, const char *line, rgm_error *err);

void rgm_log_file_close(rgm_log_file *file);

#endif
