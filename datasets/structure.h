/* What the writers of data sets do alike inside HDF5 and on the disk: places for rows, attributes of the root. */
#ifndef RGM_DATASETS_STRUCTURE_H
#define RGM_DATASETS_STRUCTURE_H

#include "data/file.h"
#include "data/stats.h"
#include "picture/transform.h"

/* A table whose rows are written beside HDF5, by rgm_file_put(). */
typedef struct rgm_table_place {
    const char *name; /* in its group */
    hid_t type;
    int rank;
    hsize_t dims[4];
} rgm_table_place;

/* Makes a group, open; negative on failure, as below. Neither it nor what is made in it holds a time: the same content
 * is the same file. Inside the lock. */
hid_t rgm_structure_group(hid_t parent, const char *name);

/* Makes a contiguous data set whose place in the file is settled at once and which HDF5 itself never writes. *offset:
 * of its first byte. 0 on failure, with HDF5's reason kept for rgm_h5_fail(). Inside the lock. */
int rgm_structure_place(hid_t group, const rgm_table_place *table, off_t *offset);

/* The same for names of pictures: `count` texts of `bytes` each, UTF-8, padded with NUL. Inside the lock. */
int rgm_structure_names(hid_t group, int64_t count, int32_t bytes, off_t *offset);

/* The same for groups of copies: `count` integers. Inside the lock. And their content, at its offset. RGM_E_IO. */
int rgm_structure_groups(hid_t group, int64_t count, off_t *offset);
rgm_status rgm_structure_put_groups(const rgm_file_writer *file, off_t offset, const int32_t *groups, int64_t count,
                                    rgm_error *err);

/* Attributes of `object`: 0 on failure, as above. Texts are of variable length and UTF-8, as h5py writes and shows
 * them; count 0: a single one. Values: `count` of them of the type `stored`, `memory` in memory; count 0: a scalar.
 * Inside the lock. */
int rgm_structure_texts(hid_t object, const char *name, const char *const *texts, int32_t count);
typedef struct rgm_structure_value {
    hid_t stored, memory;
    int32_t count;
    const void *at;
} rgm_structure_value;
int rgm_structure_values(hid_t object, const char *name, const rgm_structure_value *value);

/* What sets of both kinds say in words, as attributes of the root; NULL: nothing. As above. */
typedef struct rgm_structure_words {
    const char *const *class_names; /* [classes] */
    int32_t classes;
    const char *source, *licence;
    const rgm_transform *transform;
} rgm_structure_words;
int rgm_structure_root(hid_t file, const rgm_structure_words *words);

/* Attributes of the root: mean and std. As above. */
int rgm_structure_constants(hid_t file, const rgm_channel_sums *sums);

/* Reserves the disk's space for bytes of a split; file->path begins the error line. RGM_E_IO; RGM_E_INTERRUPTED once
 * file->stop is asked. */
rgm_status rgm_structure_reserve(const rgm_file_writer *file, int32_t split, off_t offset, off_t bytes, rgm_error *err);

#endif
