/* HDF5 files: Regimen's frame around them, and the rules for reading any.
 *
 * The frame. Files that Regimen writes start with a 512-byte HDF5 user block (all numbers little-endian):
 *      0  magic     89 'R' 'G' 'M' 0d 0a 1a 0a
 *      8  u32       format version, 1
 *     12  u32       512, the block's size
 *     16  u64       bytes after the block
 *     24  u64       XXH3-64 of those bytes
 *     32            a line of text for whoever opens the file in an editor, zeros
 *    504  u64       XXH3-64 of bytes 0..503
 * They are written to a temporary file in the same folder, closed, checksummed, synced and renamed, so a file of that
 * name is whole or is the previous one. Reading verifies the frame before the HDF5 library sees a byte: with the magic,
 * a wrong length or checksum is an error; without it, the file is foreign and may still be read.
 *
 * The lock. HDF5 is not safe to use from two threads; every call to it, here and elsewhere, is made between
 * rgm_h5_enter() and rgm_h5_leave(). Functions of this header that take or return an hid_t are called inside, the
 * others take the lock themselves where they need it.
 */
#ifndef RGM_DATA_FILE_H
#define RGM_DATA_FILE_H

#include <hdf5.h>
#include "base/status.h"

#define RGM_FILE_BLOCK 512

/* Enters the lock (not recursive) and switches HDF5's printing and plugin loading off for this thread. */
void rgm_h5_enter(void);
void rgm_h5_leave(void);

/* "PATH: what: HDF5's innermost reason". Clears HDF5's error stack. */
rgm_status rgm_h5_fail(rgm_error *err, rgm_status status, const char *path, const char *what);

/* A file being written. Plain value; zero it before. */
typedef struct rgm_file_writer {
    hid_t file; /* open for writing through HDF5; use it inside the lock */
    int fd;     /* the same file; to write in other ways after rgm_file_close() */
    char *path, *temp;
    struct rgm_sink *sink;
    int32_t replace, open;
} rgm_file_writer;

/* Starts writing what will be `path`. replace = 0: an existing file is an error, here and when it is done. */
rgm_status rgm_file_create(rgm_file_writer *writer, const char *path, int32_t replace, rgm_error *err);

/* Closes HDF5's side, to write inside the file by other means (through writer->fd) before the commit. A full disk shows
 * here and in the commit, not in HDF5's own calls (sink.h). */
rgm_status rgm_file_close(rgm_file_writer *writer, rgm_error *err);

/* Closes, frames, syncs and renames. On failure the temporary file is gone and an older `path` untouched. */
rgm_status rgm_file_commit(rgm_file_writer *writer, rgm_error *err);

/* Gives up: removes the temporary file. Fine after commit and on a zeroed writer. */
void rgm_file_abandon(rgm_file_writer *writer);

/* Checks the frame of `path`: *framed = 1 if it is there and right, 0 for a foreign file. RGM_E_IO if it cannot be read
 * (or is no regular file), RGM_E_FORMAT if it is damaged or truncated, RGM_E_UNSUPPORTED for a newer version. */
rgm_status rgm_file_verify(const char *path, int32_t *framed, rgm_error *err);

/* Runs `look`, which reads the file and reports, in a child process: a crash, or more than 2 s of CPU time and 1 s for
 * every 10 MB, or twice 15 times as long by the clock, comes back as RGM_E_FORMAT. For foreign files, before this
 * process reads them. Takes the lock; `look` runs inside it, twice if need be. */
rgm_status rgm_file_rehearse(const char *path, rgm_status (*look)(void *context, rgm_error *err), void *context,
                             rgm_error *err);

/* Opens for reading. Verify first. */
rgm_status rgm_h5_open(const char *path, hid_t *file, rgm_error *err);

/* Is there a link `name` in `group`? 1 or 0. */
int rgm_h5_exists(hid_t group, const char *name);

/* Opens a group or data set, or refuses: soft and external links, other kinds of object, for data sets also external
 * storage, virtual data sets, and filters other than deflate, shuffle and fletcher32. `path` is for the error line. */
rgm_status rgm_h5_open_group(hid_t parent, const char *name, const char *path, hid_t *group, rgm_error *err);
rgm_status rgm_h5_open_dataset(hid_t parent, const char *name, const char *path, hid_t access, hid_t *dataset,
                               rgm_error *err);

/* The extents of a data set: rank 1..max_rank into dims[], each at least 1, their product times the element's size
 * below 2^62. */
rgm_status rgm_h5_extents(hid_t dataset, const char *name, const char *path, int32_t max_rank, hsize_t *dims,
                          int32_t *rank, rgm_error *err);

#endif
