/* What the suites of importers share: a folder for sources and files, options, what was logged and reported. */
#ifndef RGM_TESTS_IMPORT_CASE_H
#define RGM_TESTS_IMPORT_CASE_H

#include "base/log.h"
#include "datasets/import.h"
#include "make_picture.h"

typedef rgm_status (*import_fn)(const rgm_import_options *options, rgm_error *err);

enum { CASE_QUARANTINED = 64 };

typedef struct import_case {
    char *folder; /* of its own; the source is in "in", the file is "out.h5" */
    char in[4500], out[4500];
    const char *sources[4];
    rgm_import_options options; /* of the folder "in", small images, two threads */
    rgm_import_report report;
    char said[1 << 16]; /* lines that were logged by the last import */
    struct {
        char file[1024], reason[256];
    } quarantined[CASE_QUARANTINED];
    int32_t quarantined_count;
    rgm_error err; /* of the last import */
} import_case;

/* One at a time; fixtures of a test. */
import_case *import_begin(void);
void import_end(void);

/* in/NAME, its folders made on the way. Returns a rotating static buffer. */
const char *import_path(const char *name);
void import_put(const char *name, const void *bytes, size_t size);

/* A picture of H x W with C channels (2 and 4: alpha) of a kind, from a seed. */
void import_picture(const char *name, int32_t kind, int32_t H, int32_t W, int32_t C);

/* Imports and expects this status, and `said` in its error line or, if it is RGM_OK, in what was logged; NULL: not
 * looked at. */
void import_expect(import_fn import, rgm_status status, const char *said);

/* Fails the test unless some quarantined file ends with `file` and its reason holds `reason`. */
void import_quarantined(const char *file, const char *reason);

/* Keeps the bytes of out.h5 and removes it; import_same() fails the test unless it is the same again. */
void import_keep_bytes(void);
void import_same(void);

/* So many PNGs cat/000.png and JPEGs dog/000.jpg, of several sizes. */
void import_two_classes(int32_t each);

/* A made picture with a change: cut to a share of its bytes, or a byte in the middle changed. */
void import_damaged(const char *name, int32_t kind, double share, int flip);

#endif
