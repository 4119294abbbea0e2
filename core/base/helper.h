/* The helper program regimen-try (core/try): what may crash, hang or end a process is tried in a process of its own.
 *
 * It is started by posix_spawn, which a process with threads may do at any time; nothing is forked. It gets:
 *     arguments      a mode ("data", "plugin"), the numbers of two descriptors (channel, file), this process's id
 *     descriptors    these two; 0, 1 and 2 are /dev/null; whatever else is closed
 *     signals        all as by default, none blocked; a process group of its own, so that a terminal's signals reach
 *                    this process alone, and what the helper may have started ends with it
 * Through the channel, a pair of sockets:
 *     helper         rgm_helper_greeting(): of another version, it is told no more
 *     this process   RGM_HELPER_SIZE bytes: the size of the request (u64); the request
 *     helper         the verdict: an rgm_error
 * Both are of one version, so requests and verdicts are plain structs. */
#ifndef RGM_BASE_HELPER_H
#define RGM_BASE_HELPER_H

#include <stddef.h>
#include "base/status.h"
#include "base/stop.h"

enum { RGM_HELPER_GREETING = 64, RGM_HELPER_SIZE = 8, RGM_HELPER_MOST = 64 << 20 };
enum { RGM_HELPER_UNHEARD = 97 }; /* its exit code if the channel fails */

typedef struct rgm_helper_task {
    const char *mode;
    int fd;              /* the file; the helper's is the same open file */
    const void *request; /* [size], at most RGM_HELPER_MOST bytes */
    size_t size;
    rgm_stop stop;
    int32_t seconds; /* by the clock, then it is ended; 0: it has limits of its own */
} rgm_helper_task;

enum {
    RGM_HELPER_SAID,   /* `verdict` holds what it said */
    RGM_HELPER_ENDED,  /* without a word: `ended` tells how */
    RGM_HELPER_LATE,   /* it took longer than task.seconds */
    RGM_HELPER_STOPPED /* task.stop said yes */
};

typedef struct rgm_helper_result {
    int32_t how;
    int ended; /* as waitpid says; -1: unknown, for this process ignores SIGCHLD or has waited elsewhere */
    rgm_error verdict;
} rgm_helper_result;

/* Starts the helper, hands it the task, waits. It has ended on return, and so has its process group. Failures are those
 * of the helper itself, not of what it tries:
 *     RGM_E_IO       no process, descriptor or program can be had; it is of another version; it cannot begin
 *     RGM_E_NOMEM    the same, where memory is what it lacks
 * [any thread, many at once] */
rgm_status rgm_helper_run(const rgm_helper_task *task, rgm_helper_result *result, rgm_error *err);

/* What the helper of this version says first: "regimen-try 0.1.0 1", padded with zeros. */
void rgm_helper_greeting(char text[RGM_HELPER_GREETING]);

#endif
