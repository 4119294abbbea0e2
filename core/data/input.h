/* A file being read. It is opened once: verifying, HDF5, mapping and pread all use this one descriptor. So what was
 * verified is what is read, whatever is renamed over its name meanwhile.
 *
 * While it is open it carries a shared lock, as HDF5 sets one. A program that writes the file through HDF5 is told so.
 * One that already writes it makes the opening fail. The file is read without a lock on file systems that have none,
 * and with HDF5_USE_FILE_LOCKING=FALSE in the environment.
 *
 * HDF5 reads it through a driver of ours, which remembers the error of a read that failed. HDF5's own answers after
 * such a read may be anything ("no such attribute"): rgm_h5_judge() puts the error in their place. */
#ifndef RGM_DATA_INPUT_H
#define RGM_DATA_INPUT_H

#include <hdf5.h>
#include <time.h>
#include "base/status.h"
#include "base/stop.h"

/* Bytes of a file that its frame's checksum leaves out, because others vouch for them. */
enum { RGM_INPUT_APART = 3 };
typedef struct rgm_apart {
    int64_t offset, bytes;
} rgm_apart;

typedef struct rgm_input {
    const char *path; /* the caller's, for error lines */
    int fd;           /* -1: closed */
    int32_t framed;   /* 1: Regimen's frame is there and right; after rgm_input_verify() (file.h) */
    int32_t unlocked; /* 1: its file system has no locks: another program may be writing it */
    int32_t parts;    /* number of ranges in `apart`, which are in order; after rgm_input_verify() */
    rgm_apart apart[RGM_INPUT_APART];
    int64_t size;
    struct timespec changed; /* when its content last changed, as it was opened */
    rgm_stop stop;           /* asked while it is verified */
} rgm_input;

/* Opens for reading. RGM_E_IO if that fails, for anything but a regular file, and if another program writes it;
 * RGM_E_FORMAT for an empty file. `stop` may be NULL. */
rgm_status rgm_input_open(rgm_input *input, const char *path, const rgm_stop *stop, rgm_error *err);
void rgm_input_close(rgm_input *input); /* twice is fine */

/* RGM_E_IO if the file's size or the time of its last change is another than when it was opened. */
rgm_status rgm_input_unchanged(const rgm_input *input, rgm_error *err);

/* Reads exactly `size` bytes at `offset`; a shorter file is RGM_E_IO: it was longer when it was opened. */
rgm_status rgm_input_read(const rgm_input *input, void *to, size_t size, int64_t offset, rgm_error *err);

/* RGM_E_INTERRUPTED if it is to stop. */
rgm_status rgm_input_asked(const rgm_input *input, rgm_error *err);

/* Makes a file-access list read from `input`, which must outlive the file. Negative on failure. Inside the lock. */
herr_t rgm_input_use(hid_t fapl, const rgm_input *input);

/* The errno of the first read that failed since it was last cleared, RGM_INPUT_SHORT if the file had become shorter, or
 * 0. Inside the lock. */
enum { RGM_INPUT_SHORT = -1 };
int rgm_input_error(void);
void rgm_input_clear_error(void);

#endif
