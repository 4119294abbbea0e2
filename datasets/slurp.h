/* Reading the files of pictures, one after another, into a buffer that grows. */
#ifndef RGM_DATASETS_SLURP_H
#define RGM_DATASETS_SLURP_H

#include "list.h"

#define RGM_SLURP_MOST (1 << 28) /* largest file of a picture, bytes */

/* A file's bytes; a plain value, zero it before. For one thread at a time. */
typedef struct rgm_slurp {
    uint8_t *bytes;
    size_t size, room;
} rgm_slurp;

/* Reads entry i of the list, at most `most` bytes of it. RGM_E_IO, with the system's reason and without the path, for
 * what cannot be read; RGM_E_UNSUPPORTED for files above RGM_SLURP_MOST; RGM_E_NOMEM. [worker] */
rgm_status rgm_slurp_read(rgm_slurp *slurp, const rgm_list *list, int64_t i, size_t most, rgm_error *err);

void rgm_slurp_free(rgm_slurp *slurp);

#endif
