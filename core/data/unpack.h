/* Reading pixels through HDF5, so that no chunk is unpacked more often than need be. */
#ifndef RGM_DATA_UNPACK_H
#define RGM_DATA_UNPACK_H

#include "data/content.h"

/* Reads `n` samples from `first` on through HDF5: [n][H][W][C]. Inside the HDF5 lock. */
rgm_status rgm_content_read(const rgm_dataset *set, int32_t split, int64_t first, int64_t n, uint8_t *out,
                            rgm_error *err);

/* The same where they do not lie in memory, through HDF5 (the lock is taken for it) or with pread. [any thread] */
rgm_status rgm_content_samples(const rgm_dataset *set, int32_t split, int64_t first, int64_t n, uint8_t *out,
                               rgm_error *err);

/* Reads a split through HDF5 chunk by chunk, each once. It ends when the split is all there or `most` bytes have been
 * read. `to` takes [count][H][W][C], or is NULL. Asks for the stop. Inside the HDF5 lock. */
rgm_status rgm_content_unpack(const rgm_dataset *set, int32_t split, uint8_t *to, int64_t most, rgm_error *err);

/* Opens a data set of `group` with a chunk cache in which reading row by row never unpacks a chunk twice. That holds as
 * far as *cache bytes go (RGM_DATA_CACHE at least). On return *cache is its size. Inside the HDF5 lock. */
rgm_status rgm_content_open(hid_t group, const char *name, const char *path, int64_t *cache, hid_t *dataset,
                            rgm_error *err);

#endif
