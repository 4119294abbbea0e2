/* HDF5 files for the fuzz targets:
 *     edits that leave a well-formed file with another content
 *     Regimen's frame around any bytes
 *     a child process for bytes on which the HDF5 library itself may fall over */
#ifndef RGM_TESTS_FUZZ_H5_H
#define RGM_TESTS_FUZZ_H5_H

#include "fuzz.h"

/* Applies the edits that the input describes to objects and attributes. The objects are `places` (paths of groups and
 * data sets). The attributes are `names` of `holder`. Each list ends with NULL. */
typedef struct fuzz_h5_plan {
    const char *const *places, *const *names;
    const char *holder;
} fuzz_h5_plan;

void fuzz_h5_edit(const char *path, const fuzz_h5_plan *plan, fuzz_input *in);

/* Fills the first 512 bytes with a frame that is right for what follows. */
void fuzz_h5_frame(uint8_t *bytes, size_t size);

/* Writes `good` with the input's edits to `path`, behind Regimen's frame or, foreign, 512 zeros. */
void fuzz_h5_put(const char *path, const uint8_t *good, size_t size, const fuzz_h5_plan *plan, fuzz_input *in,
                 int framed);

/* All that was opened must have been closed again. */
void fuzz_h5_need_closed(void);

/* 1 if `look` comes through in a child process. 0 if HDF5 crashed or hung in it; Regimen must not. */
int fuzz_h5_survives(void (*look)(void *context), void *context);

#endif
