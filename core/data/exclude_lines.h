/* Exclude lists: text files that name images to be left out of a data set. docs/INSPECT.md describes them.
 *
 * A list begins with RGM_EXCLUDE_HEAD and a line with the fingerprint of its set, so that a list of another set is
 * refused. An image is a line of its own:
 *     train 9230 "coat/9230.png"  # dark: mean brightness 4.9
 * A name stands in quotes, in which \" and \\ are these characters and \xNN is a byte. It is for people and importers:
 * split and index say which image it is. What follows '#' is for people. Blank lines and lines of '#' are passed over.
 */
#ifndef RGM_DATA_EXCLUDE_LINES_H
#define RGM_DATA_EXCLUDE_LINES_H

#include <stddef.h>
#include "base/status.h"

#define RGM_EXCLUDE_HEAD        "# regimen exclude list 1"
#define RGM_EXCLUDE_FINGERPRINT "# fingerprint "

/* A line of a list. */
typedef struct rgm_exclude_line {
    int64_t line;     /* its number in the file, from 1 */
    int32_t split;    /* -1: a list of names alone */
    int64_t index;    /* of a list of names alone -1 */
    const char *name; /* NULL: none stands there. Valid during the call */
} rgm_exclude_line;

typedef struct rgm_exclude_lines {
    const uint64_t *fingerprint; /* that the list has to have; NULL: any */
    const char *of;              /* the set that this is of, for messages */
    int32_t names;               /* 1: a file without the head is a list of names, one a line; 0: it is refused */
    rgm_status (*take)(void *context, const rgm_exclude_line *line, rgm_error *err);
    void *context;
} rgm_exclude_lines;

/* Hands over each line of the list at `path`. Errors of rgm_exclude_read() (exclude.h), and of `take`, with file and
 * line in front.
 */
rgm_status rgm_exclude_lines_read(const char *path, const rgm_exclude_lines *lines, rgm_error *err);

/* `name` in quotes, as lists have it. 4 * strlen(name) + 3 bytes hold all; what does not fit is cut. Returns out. */
const char *rgm_exclude_quote(const char *name, char *out, size_t size);

#endif
