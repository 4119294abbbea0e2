/* The first reader: a foreign file is read in the helper program (base/helper.h) before this process reads it. The
 * HDF5 library may crash or hang on a damaged one. It reads what this process is going to read, by the same functions,
 * from the same open file. */
#ifndef RGM_DATA_REHEARSAL_H
#define RGM_DATA_REHEARSAL_H

#include "data/input.h"

/* A tensor of weights that is going to be read. */
typedef struct rgm_wanted {
    const char *name; /* in the group "model" */
    int64_t count;    /* elements */
} rgm_wanted;

enum { RGM_REHEARSE_SET, RGM_REHEARSE_WEIGHTS };

typedef struct rgm_rehearsal {
    int32_t kind;             /* RGM_REHEARSE_* */
    int32_t access;           /* of a set: RGM_ACCESS_* */
    int32_t names;            /* of a set: 1: names of pictures are read, too */
    int64_t room;             /* of a set: bytes for unpacked pixels, or a chunk cache */
    const rgm_wanted *wanted; /* of weights: [wanted_count]; of none, the file is looked at as it is opened */
    int32_t wanted_count;
} rgm_rehearsal;

/* RGM_OK: this process may read it. Else the reader's own error, or how it ended:
 *      crashed                  RGM_E_FORMAT
 *      took too much CPU time   RGM_E_FORMAT; the limit is 2 s, and 1 s for every 10 MB of the file and of what
 *                               rgm_rehearsal_allow() was told
 *      took 15 times that by the clock            RGM_E_IO
 *      killed (SIGKILL)         RGM_E_NOMEM
 *      input->stop said yes     RGM_E_INTERRUPTED, and the reader is ended
 *      there is no reader       as rgm_helper_run() says
 * [any thread, outside the HDF5 lock] */
rgm_status rgm_file_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err);

/* What the helper program does with the file `fd`: limits itself, reads, and puts the verdict into *said. */
void rgm_rehearse_request(int fd, const void *request, size_t size, rgm_error *said);

/* The reading alone, without limits. */
rgm_status rgm_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err);

/* In the helper program: `bytes` are going to be unpacked, so that it may take longer. Elsewhere nothing. */
void rgm_rehearsal_allow(int64_t bytes);

#endif
