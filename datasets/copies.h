/* Copies among the samples of an import that makes splits: found before they are drawn, and written into the file. */
#ifndef RGM_DATASETS_COPIES_H
#define RGM_DATASETS_COPIES_H

#include "import.h"

/* 1 if the options ask for splits and say how copies are found. */
int rgm_copies_wanted(const rgm_import_options *options);

/* Finds the groups of a set of one split with the options' function, and counts them in the report. */
rgm_status rgm_copies_find(const rgm_import_options *options, const rgm_dataset *set, int32_t *groups, rgm_error *err);

/* Images of an array, all of them for training so far. */
typedef struct rgm_copies_array {
    const char *name;
    int64_t count;
    int32_t H, W, C, classes;
    const int32_t *labels;
    /* Reads all images into [count][H][W][C]. */
    rgm_status (*read)(void *context, uint8_t *images, rgm_error *err);
    void *context;
} rgm_copies_array;

/* The same of an array, which is read into memory: *groups is new, [count]. NULL where none are wanted, or where a
 * quarter of the memory does not suffice, which is logged. */
rgm_status rgm_copies_find_array(const rgm_import_options *options, const rgm_copies_array *array, int32_t **groups,
                                 rgm_error *err);

/* Groups by split, for a writer: of image i, if split[i] is a split. NULL for a split without groups. Their end frees
 * them. groups NULL: there are none. */
typedef struct rgm_copies_parts {
    int32_t *of[RGM_SPLIT_COUNT];
} rgm_copies_parts;
rgm_status rgm_copies_divide(rgm_copies_parts *parts, const int32_t *groups, const uint8_t *split, int64_t count,
                             rgm_error *err);
void rgm_copies_free(rgm_copies_parts *parts); /* a zeroed one is fine */

#endif
