/* Makes small HDF5 data sets for tests, by HDF5 calls alone: foreign files, as h5py would write them. */
#ifndef RGM_TESTS_MAKE_SET_H
#define RGM_TESTS_MAKE_SET_H

#include <hdf5.h>
#include <stdint.h>
#include "data/dataset.h"
#include "data/knobs.h"

typedef struct rgm_test_set {
    int64_t train, test;      /* samples; 0: no such split */
    int32_t H, W, C, classes; /* pixels are make_set_pixel(), labels make_set_label() */
    int32_t chunk;            /* 0: contiguous; else chunks of so many images */
    int32_t box[4];           /* if box[0]: chunks of this shape instead */
    int32_t userblock;        /* 1: an empty user block of 512 bytes, as h5py's userblock_size=512 makes it */
    int32_t latest;           /* 1: the newest format, as h5py's libver="latest" does */
    int32_t gzip;             /* with chunks: shuffle, deflate and fletcher32 */
    int32_t soft;             /* float labels [N][classes] */
    int32_t rank3;            /* images [N][H][W] (C = 1) */
    hid_t label_type;         /* 0: H5T_STD_I64LE */
    int32_t constants;        /* mean 0.25, std 0.5 for every channel */
    int32_t names;            /* class_names: 1 of variable length, 2 fixed */
} rgm_test_set;

uint8_t make_set_pixel(int32_t split, int64_t sample, int64_t byte);
int32_t make_set_label(const rgm_test_set *set, int32_t split, int64_t sample);

/* Writes the file; aborts the test program on failure. */
void make_set(const char *path, const rgm_test_set *set);

/* A folder for a test's files under $TMPDIR, and its removal with everything inside. */
char *make_folder(void);
void remove_folder(char *folder);

/* folder/name in a rotating static buffer. */
const char *in_folder(const char *folder, const char *name);

/* The bytes of a file with a NUL behind them, to be freed; a file of these bytes. Or fails the test. */
uint8_t *load_file(const char *path, size_t *size);
void store_file(const char *path, const void *bytes, size_t size);

/* What an open set holds, in memory: a set may be made of `memory` as long as this lives. */
typedef struct rgm_test_memory {
    rgm_dataset_memory memory;
    uint8_t *images[RGM_SPLIT_COUNT];
    int32_t *labels[RGM_SPLIT_COUNT];
} rgm_test_memory;
void copy_to_memory(rgm_test_memory *copy, const rgm_dataset *set);
void free_memory(rgm_test_memory *copy);

/* Opens, or fails the test. */
rgm_dataset *open_set(const char *path, int32_t access);

/* The same, with chunked splits read through HDF5, not unpacked. */
rgm_dataset *open_streamed(const char *path);

/* Fails the test unless opening gives `status` and one line with `word` and the path in it. */
void refuse(const char *path, rgm_status status, const char *word);

/* 1 if the open set holds what make_set() puts into a file. */
int holds(const rgm_dataset *set, const rgm_test_set *made);

#endif
