/* Data sets of encoded pictures for tests: by Regimen's writer, or by HDF5 calls alone, as h5py would write them. */
#ifndef RGM_TESTS_ENCODED_CASE_H
#define RGM_TESTS_ENCODED_CASE_H

#include <hdf5.h>
#include "data/dataset.h"
#include "make_picture.h"

typedef struct encoded_set {
    int32_t count[RGM_SPLIT_COUNT]; /* pictures; 0: no such split */
    int32_t C;                      /* 0: 3 */
    int32_t foreign;                /* 1: without Regimen's frame and checksums */
    int32_t bare;                   /* 1: of a foreign file: no sizes and no attributes */
    int32_t large;                  /* 1: 100 to 160 pixels a side, else 20 to 60 */
    int32_t constants;              /* 1: mean and std as of all pixels */
    const rgm_transform *transform; /* NULL: none */
} encoded_set;

enum { ENCODED_CLASSES = 3 };

/* Picture `index` of a split: JPEG, every fifth PNG, of various sizes. Its label is index % ENCODED_CLASSES. */
picture_spec encoded_spec(const encoded_set *set, int32_t split, int64_t index);

/* Its file; the caller frees. */
uint8_t *encoded_file(const encoded_set *set, int32_t split, int64_t index, size_t *size);

/* Writes the file, or fails the test. */
void make_encoded(const char *path, const encoded_set *set);

/* The tables of one split of a foreign set, as they are written. */
typedef struct encoded_tables {
    uint8_t *encoded;
    int64_t *offsets; /* [offsets_count] */
    int32_t (*sizes)[2];
    int64_t *labels;
    hsize_t bytes, offsets_count, sizes_count, labels_count;
} encoded_tables;
void make_tables(const encoded_set *set, int32_t split, encoded_tables *tables);
void free_tables(encoded_tables *tables);

/* Writes a split of them into an open HDF5 file; without sizes if there are none. `chunk` 0: contiguous. */
void put_tables(hid_t file, int32_t split, const encoded_tables *tables, hsize_t chunk);

/* One integer attribute of the root, of `count` values. */
void put_integers(hid_t file, const char *name, int32_t count, const int32_t *values);

/* A byte of a file becomes another one. */
void flip_byte(const char *path, int64_t offset);

/* Where picture `index` of a split lies in the file. */
int64_t encoded_offset(const char *path, int32_t split, int64_t index);

#endif
