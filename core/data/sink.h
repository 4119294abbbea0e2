/* An HDF5 file driver for writing that keeps the first error to itself.
 *
 * HDF5 1.10 cannot be rid of a file whose closing fails: the id stays, and the library crashes at exit. This driver
 * never fails a write. It remembers the first error, swallows everything after it, and the file closes in good order;
 * whoever owns the sink looks at `error` then. */
#ifndef RGM_DATA_SINK_H
#define RGM_DATA_SINK_H

#include <hdf5.h>

typedef struct rgm_sink {
    int fd;    /* open for reading and writing; the driver does not close it */
    int error; /* 0, or the errno of the first failed write or read; setting it makes the driver write nothing more */
} rgm_sink;

/* Makes a file-access list write into `sink`, which must outlive the file. Negative on failure. Inside the lock. */
herr_t rgm_sink_use(hid_t fapl, rgm_sink *sink);

#endif
