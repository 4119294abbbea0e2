/* Regimen's frame around its HDF5 files.
 *
 * The frame. Files that Regimen writes start with a 512-byte HDF5 user block (all numbers little-endian):
 *      0  magic     89 'R' 'G' 'M' 0d 0a 1a 0a
 *      8  u32       format version: 1, or 2 with ranges left out
 *     12  u32       512, the block's size
 *     16  u64       bytes after the block
 *     24  u64       XXH3-64 of those bytes, without the ranges
 *     32            a line of text for whoever opens the file in an editor, zeros
 *    448  u64, u64  version 2: offset in the file and bytes of a range, up to three, in order; zeros
 *    504  u64       XXH3-64 of bytes 0..503
 * Version 2 is for large content that has checksums of its own, such as pictures: opening the file does not read it.
 * They are written to a temporary file in the same folder, closed, checksummed, synced and renamed. So a file of that
 * name is whole or is the previous one. A symbolic link of that name stays, and its target is replaced. Reading
 * verifies the frame before the HDF5 library sees a byte. With the magic, a wrong length or checksum is an error.
 * Without it, the file is foreign and may still be read. A block that was ours, or content that had a frame, is
 * damaged, not foreign.
 */
#ifndef RGM_DATA_FILE_H
#define RGM_DATA_FILE_H

#include <hdf5.h>
#include <sys/types.h>
#include "base/status.h"
#include "data/h5.h"
#include "data/input.h"

#define RGM_FILE_BLOCK 512

/* A file being written. Plain value; zero it before. */
typedef struct rgm_file_writer {
    hid_t file;                 /* open for writing through HDF5; use it inside the lock */
    int fd;                     /* the same file; to write in other ways after rgm_file_close() */
    char *path, *target, *temp; /* target: where the links of path lead to */
    struct rgm_sink *sink;
    rgm_stop stop; /* asked while the commit computes the checksum; to be set after rgm_file_create() */
    int32_t replace, open;
    int32_t parts; /* of `apart` */
    rgm_apart apart[RGM_INPUT_APART];
} rgm_file_writer;

/* Starts writing what will be `path`. replace = 0: an existing file is an error, here and when it is done. */
rgm_status rgm_file_create(rgm_file_writer *writer, const char *path, int32_t replace, rgm_error *err);

/* Closes HDF5's side, to write inside the file by other means (through writer->fd) before the commit. A full disk shows
 * here and in the commit, not in HDF5's own calls (sink.h). */
rgm_status rgm_file_close(rgm_file_writer *writer, rgm_error *err);

/* All of `bytes` at `offset`, beside HDF5, after rgm_file_close() or where HDF5 has reserved the room. RGM_E_IO. */
rgm_status rgm_file_put(const rgm_file_writer *writer, const void *bytes, size_t size, off_t offset, rgm_error *err);

/* Leaves a range of the file out of the frame's checksum, RGM_INPUT_APART at most. */
void rgm_file_leave_out(rgm_file_writer *writer, int64_t offset, int64_t bytes);

/* Closes, frames, syncs and renames. On failure the temporary file is gone and an older `path` untouched. */
rgm_status rgm_file_commit(rgm_file_writer *writer, rgm_error *err);

/* Gives up: removes the temporary file. Fine after commit and on a zeroed writer. */
void rgm_file_abandon(rgm_file_writer *writer);

/* Checks the frame and sets input->framed, and the ranges that it leaves out. RGM_E_FORMAT if it is damaged or
 * truncated, RGM_E_UNSUPPORTED for a newer version. */
rgm_status rgm_input_verify(rgm_input *input, rgm_error *err);

/* What a file is told that had a frame and lost it. */
#define RGM_FILE_LOST                                                                                                  \
    "its first block was overwritten, so that its checksum cannot be verified (h5unjam takes the block off)"

#endif
