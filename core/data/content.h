/* Inside of the data set: the object, and the reading and checking of an HDF5 file's content into it. Only dataset.c
 * and content.c include this. */
#ifndef RGM_DATA_CONTENT_H
#define RGM_DATA_CONTENT_H

#include <sys/types.h>
#include "data/dataset.h"
#include "data/file.h"

typedef struct rgm_split_store {
    hid_t images, file_space, image_space; /* -1 once the file is closed; file_space holds the selection */
    int32_t rank;                          /* of images: 3 or 4 */
    off_t offset;                          /* of the first pixel in the file, if contiguous */
    const uint8_t *map;                    /* the first pixel, if mapped */
    int32_t *labels;                       /* [count] */
    float *soft;                           /* [count][classes] or NULL */
} rgm_split_store;

struct rgm_dataset {
    rgm_dataset_info info;
    rgm_split_store splits[RGM_SPLIT_COUNT];
    hid_t file;
    int fd; /* the file that HDF5 parsed, held open for mapping, pread and rgm_dataset_check() */
    off_t file_size;
    void *map;
    char *path, *source, *licence, **names;
    int32_t names_count, has_mean, has_std;
};

/* Reads and checks everything but pixels. Leaves the file open in set->file. Inside the HDF5 lock. */
rgm_status rgm_content_load(rgm_dataset *set, rgm_error *err);

/* Reads one sample through HDF5. Inside the HDF5 lock. */
rgm_status rgm_content_read(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *out, rgm_error *err);

/* Closes what HDF5 still has open. Inside the HDF5 lock. */
void rgm_content_close(rgm_dataset *set);

#endif
