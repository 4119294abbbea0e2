/* Inside of the data set: the object, and the reading and checking of an HDF5 file's content into it. Only what makes
 * up the object includes this: dataset.c, load.c, content.c, encoded.c, attribute.c, label.c, name.c, group.c,
 * unpack.c, fingerprint.c.
 */
#ifndef RGM_DATA_CONTENT_H
#define RGM_DATA_CONTENT_H

#include <pthread.h>
#include "data/dataset.h"
#include "data/file.h"
#include "data/input.h"

typedef struct rgm_split_store {
    hid_t images, file_space; /* -1 once the file is closed; file_space holds the selection */
    int32_t rank;             /* of images: 3 or 4 */
    hsize_t chunk[4];         /* what is best read at once: a chunk, or some images */
    int64_t offset;           /* of the first pixel in the file, if contiguous */
    const uint8_t *map;       /* the first pixel, if mapped or unpacked */
    uint8_t *unpacked;        /* all pixels in memory, or NULL */
    int32_t *labels;          /* [count] */
    float *soft;              /* [count][classes] or NULL */
    uint64_t pixel_hash;      /* XXH3-64 of all pixels, as the file says */
    int32_t has_pixel_hash;
    int64_t encoded;     /* bytes of all encoded pictures; 0: the split has images. `offset` and `map` are theirs */
    int64_t *places;     /* [count + 1] of encoded pictures, from `offset` on */
    int32_t *sizes;      /* [count][2], H and W */
    char *names;         /* of pictures, with a NUL each; NULL: there are none, or they were not asked for */
    size_t *name_at;     /* [count] where each begins */
    int32_t *groups;     /* [count], or NULL: rgm_dataset_groups() */
    uint64_t *checksums; /* [count] XXH3-64 of each file; NULL: there are none to rely on */
} rgm_split_store;

/* What changes while a set is open: the work on its pixels' hash, one thread's at a time. */
typedef struct rgm_hashing {
    struct rgm_pixel_hash *work; /* fingerprint.c's; NULL: not begun */
    pthread_mutex_t mutex;       /* recursive: a log line may begin a run */
} rgm_hashing;

struct rgm_dataset {
    rgm_dataset_info info;
    rgm_split_store splits[RGM_SPLIT_COUNT];
    rgm_input input; /* what is verified, parsed, mapped and read */
    hid_t file;
    int64_t room; /* bytes that may be taken for unpacked pixels, or for a chunk cache, or for names */
    void *map;
    char *path, *source, *licence, **names;
    int32_t names_count, has_mean, has_std;
    int32_t wants_names;
    rgm_error refused; /* why names were left out */
    int32_t lenient;   /* 1: broken pictures do not fail the opening */
    rgm_hashing *hashing;
};

/* Bytes of an image. */
static inline int64_t rgm_content_bytes(const rgm_dataset *set) {
    return (int64_t)set->info.H * set->info.W * set->info.C;
}

/* Reads and checks everything but pixels. Leaves the file open in set->file. Inside the HDF5 lock. */
rgm_status rgm_content_load(rgm_dataset *set, rgm_error *err);

/* Every element must have been written: a hostile or unfinished file claims what it does not hold. Texts of variable
 * length need not, unless they are chunked. RGM_E_FORMAT, or RGM_E_UNSUPPORTED for chunks that are too large. Inside
 * the HDF5 lock. */
rgm_status rgm_content_check_allocated(const rgm_h5_table *table, rgm_error *err);

/* Closes one split's images, whose chunk cache is freed; or all that HDF5 still has open. Inside the HDF5 lock. */
void rgm_content_close_split(rgm_dataset *set, int32_t split);
void rgm_content_close(rgm_dataset *set);

#endif
