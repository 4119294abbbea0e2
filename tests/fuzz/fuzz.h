/* What the fuzz targets share: files in a folder of their own, input taken in pieces, and what must hold of every
 * error.
 *
 * A target is LLVMFuzzerTestOneInput() in a file of its own. A finding is a sanitizer's report, a leak, a timeout, too
 * much memory, or NEED() that does not hold. */
#ifndef RGM_TESTS_FUZZ_H
#define RGM_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The input that is left. A piece that is not there any more reads as zeros. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;

uint8_t fuzz_byte(fuzz_input *in);
uint32_t fuzz_word(fuzz_input *in);                                 /* four bytes, little-endian */
const uint8_t *fuzz_take(fuzz_input *in, size_t most, size_t *got); /* at most so many bytes, where they lie */

/* The rest up to and without `separator`, as a new NUL-terminated text, and moves behind it; NULL at the end. */
char *fuzz_text(fuzz_input *in, char separator);

/* FOLDER/name in a rotating static buffer; the folder is under $TMPDIR and removed at the end, with the files in it. */
const char *fuzz_path(const char *name);
void fuzz_spill(const char *path, const void *data, size_t size);
uint8_t *fuzz_slurp(const char *path, size_t *size); /* to be freed; NUL behind it */

/* A failure has a known code, which is no broken invariant, and one line without control characters. */
void fuzz_judge(rgm_status status, const rgm_error *err);

/* Limits what a lying size can make a file grow to, so that the disk of the machine is not what ends the test. */
void fuzz_limit_files(size_t bytes);

#endif
