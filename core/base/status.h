/* Status codes and error text.
 *
 * Every function that can fail returns an rgm_status: 0 (RGM_OK) or negative. It writes one line into the caller's
 * rgm_error: what failed, on which file, key or layer, what was expected and what was found. Functions pass errors up.
 * Only main.c turns them into an exit code. Only log and report print them.
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

enum { RGM_ERROR_FILE = 164, RGM_ERROR_SUBJECT = 84, RGM_ERROR_TEXT = 508, RGM_ERROR_LINE = 800 };

/* The caller's buffer for one line of detail. Texts are always NUL-terminated; `text` is "" while nothing failed.
 * Zero-initialise with {0}. A later failure overwrites an earlier one.
 *
 * The place is where in a file the fault is, the subject what it is about: a key, a flag. Who knows them sets them, who
 * shows the error prints rgm_error_line(). Nobody searches the text for them. */
typedef struct rgm_error {
    rgm_status status;
    int32_t line, column;            /* of the place, from 1; 0: none */
    int32_t told;                    /* 1: the text names the place already */
    char file[RGM_ERROR_FILE];       /* of the place; "": not known */
    char subject[RGM_ERROR_SUBJECT]; /* "batch", "--batch"; "": none, or part of the text */
    char text[RGM_ERROR_TEXT];
} rgm_error;

/* Formats one line into *err (NULL is allowed: the text is dropped) and returns `status`, so that
 * `return rgm_fail(err, RGM_E_IO, "%s: %s", path, strerror(errno));` reads as one sentence.
 * Control characters in the result (from file names, say) are replaced by '?', so that the line stays one line. */
rgm_status rgm_fail(rgm_error *err, rgm_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same about a subject, which rgm_error_line() puts in front: "batch: expected ..." has the text "expected ...". */
rgm_status rgm_fail_about(rgm_error *err, rgm_status status, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prepends "context: " to the line of *err, which becomes the text, and returns err->status. The members of the place
 * stay. NULL is allowed: RGM_E_INTERNAL. [any thread, its own err] */
rgm_status rgm_fail_in(rgm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what an error is about; an earlier subject becomes part of the text. NULL is allowed: nothing is done. */
void rgm_error_about(rgm_error *err, const char *subject);

/* Says where the fault is: `line` and `column` count from 1 (column 0: not known), `file` is NULL if it is not known
 * here. NULL for *err is allowed: nothing is done. */
void rgm_error_at(rgm_error *err, const char *file, int32_t line, int32_t column);

/* The whole line for the user, without a newline: "FILE:LINE:COLUMN: SUBJECT: TEXT", or "line LINE, column COLUMN: ..."
 * where the file is not known. The name of the status if there is no text. Returns `line`. */
const char *rgm_error_line(const rgm_error *err, char line[RGM_ERROR_LINE]);

/* The code's name for logs ("input/output error"); "unknown status" for anything else. Never NULL. */
const char *rgm_status_text(rgm_status status);

/* The process exit code: 0, 1, 2, 3, 4, 5 or 130, as beside the codes above. */
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
