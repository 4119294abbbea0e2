/* Status codes and error text.
 *
 * Every function that can fail returns an rgm_status, 0 (RGM_OK) or negative, and writes one line into the caller's
 * rgm_error: what failed, on which file, key or layer, what was expected and what was found. Functions pass errors up;
 * only main.c turns them into an exit code, and only log and report print them.
 *
 * A constructor has one `fail:` label and calls the normal destructor there.
 */
#ifndef RGM_BASE_STATUS_H
#define RGM_BASE_STATUS_H

#include <stdint.h>

typedef int32_t rgm_status;

enum {
    RGM_OK = 0,
    RGM_E_VERDICT = -1,     /* a check's verdict is "fail"                        exit 1   */
    RGM_E_USAGE = -2,       /* option, configuration or argument refused          exit 2   */
    RGM_E_FORMAT = -3,      /* a file's content is not what it must be            exit 2   */
    RGM_E_UNSUPPORTED = -4, /* well-formed, but this build or machine cannot      exit 2   */
    RGM_E_IO = -5,          /* the system refused a file operation                exit 3   */
    RGM_E_NOMEM = -6,       /* memory could not be had                            exit 3   */
    RGM_E_NUMERIC = -7,     /* NaN, infinity or divergence                        exit 4   */
    RGM_E_PLUGIN = -8,      /* a plugin failed in a run                           exit 5   */
    RGM_E_INTERRUPTED = -9, /* stopped on request, after saving                   exit 130 */
    RGM_E_INTERNAL = -10,   /* a broken invariant: a bug in Regimen               exit 3   */
    RGM_STATUS_COUNT = 11   /* number of codes above, for the table's test */
};

/* The caller's buffer for one line of detail. `text` is always NUL-terminated; "" while nothing failed.
 * Zero-initialise with {0}. A later failure overwrites an earlier one. */
typedef struct rgm_error {
    rgm_status status;
    char text[508];
} rgm_error;

/* Formats one line into *err (NULL is allowed: the text is dropped) and returns `status`, so that
 * `return rgm_fail(err, RGM_E_IO, "%s: %s", path, strerror(errno));` reads as one sentence.
 * Control characters in the result (from file names, say) are replaced by '?', so that the line stays one line. */
rgm_status rgm_fail(rgm_error *err, rgm_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prepends "context: " to the line in *err and returns err->status. [any thread, its own err] */
rgm_status rgm_fail_in(rgm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The code's name for logs ("input/output error"); "unknown status" for anything else. Never NULL. */
const char *rgm_status_text(rgm_status status);

/* The process exit code of DESIGN: 0, 1, 2, 3, 4, 5 or 130. */
int rgm_status_exit_code(rgm_status status);

/* Passes a failure up at once. */
#define RGM_TRY(call)                                                                                                  \
    do {                                                                                                               \
        rgm_status try_status_ = (call);                                                                               \
        if (try_status_ < 0) return try_status_;                                                                       \
    } while (0)

/* The same inside a constructor: sets `status` and jumps to its `fail:` label. */
#define RGM_TRY_OR_FAIL(status, call)                                                                                  \
    do {                                                                                                               \
        (status) = (call);                                                                                             \
        if ((status) < 0) goto fail;                                                                                   \
    } while (0)

#endif
