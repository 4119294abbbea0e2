/* Names of pictures in a data set: their paths as the list has them, below its root. */
#ifndef RGM_DATASETS_PICTURE_NAMES_H
#define RGM_DATASETS_PICTURE_NAMES_H

#include "list.h"

/* Which pictures of a list are in the set, and how long the names of each split are. */
typedef struct rgm_picture_names {
    const rgm_list *list;
    const uint8_t *split;           /* [list->count] RGM_SPLIT_*, or RGM_SPLIT_COUNT: no part of the set */
    int32_t bytes[RGM_SPLIT_COUNT]; /* of the longest */
} rgm_picture_names;

/* The name of entry i: its path as UTF-8, without control characters (rgm_list_show). Of a long one the end stays,
 * behind "...". Returns out. */
const char *rgm_picture_name(const rgm_list *list, int64_t i, char out[RGM_DATA_PICTURE_NAME + 1]);

/* Fills in `bytes`. */
void rgm_picture_names_measure(rgm_picture_names *names);

/* Hands the names of each split to `put`, in the order of the list: n rows from `first` on. A row has
 * names->bytes[split] bytes, padded with NUL. RGM_E_NOMEM, or what `put` returns. */
typedef rgm_status (*rgm_picture_names_fn)(void *writer, int32_t split, int64_t first, const char *rows, int64_t n,
                                           rgm_error *err);
rgm_status rgm_picture_names_write(const rgm_picture_names *names, rgm_picture_names_fn put, void *writer,
                                   rgm_error *err);

#endif
