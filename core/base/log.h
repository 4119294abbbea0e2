/* The levelled log: one sink, one line per message, never from inside the step loop's workers.
 *
 * Only this file and core/report print. Lines go to stderr and, once rgm_log_open() has been called, to the run
 * folder's log.txt with a time stamp. A progress line on a terminal is cleared before a log line and drawn again after
 * it through the hook.
 */
#ifndef RGM_BASE_LOG_H
#define RGM_BASE_LOG_H

#include "base/status.h"

enum { RGM_LOG_ERROR = 0, RGM_LOG_WARN = 1, RGM_LOG_INFO = 2, RGM_LOG_DEBUG = 3 };

/* Messages above `level` do not reach stderr (the file gets everything up to DEBUG). Default RGM_LOG_INFO. */
void rgm_log_set_level(int32_t level);

/* Also appends to the file at `path`; NULL closes it. RGM_E_IO if it cannot be opened. */
rgm_status rgm_log_open(const char *path, rgm_error *err);

/* Called just before (before = 1) and just after (before = 0) a line goes to stderr; NULL removes it. */
void rgm_log_set_hook(void (*hook)(void *context, int before), void *context);

/* One line, without a newline of its own; thread-safe. */
void rgm_log(int32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
