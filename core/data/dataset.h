/* The data set: an HDF5 file of uint8 images, or of encoded pictures, and labels (datasets/FORMAT.md). It is opened
 * read-only and validated whole. Or it is pixels that lie in the caller's memory. Once opened it does not change, so
 * any number of threads may use one set.
 *
 * Splits `train`, `test` and `validation` (any of them may be missing, one must be there) share one image size. Labels
 * are read into memory and checked. Pixels are not, if they can be mapped:
 *      contiguous, uncompressed     mapped: a sample is a pointer (or read with pread, on request)
 *      chunked or compressed        unpacked into memory as it is opened, each chunk once, if a quarter of the memory
 *                                   suffices: a sample is a pointer, too
 *      such, but larger             read sample by sample through HDF5, which is slow (batch.h does it in a thread of
 *                                   its own); the chunk cache is sized so that reading in order unpacks each chunk once
 *
 * Encoded pictures are the bytes of JPEG, PNG, ... files, each of a size of its own. Their places and sizes are read
 * and checked at opening, and the bytes of each when it is asked for. They are mapped, or read with pread.
 *
 * The file is opened once, and what is verified is what is read (input.h). Files with Regimen's frame (file.h) have
 * their checksum verified first. Any other file is foreign: the helper program reads it first (rehearsal.h). So a file
 * on which the HDF5 library crashes or hangs becomes an error line.
 *
 * A file must not be truncated or rewritten while it is in use; replacing it by rename is safe. Between batches its
 * size and the time of its last change are compared with those at its opening (rgm_dataset_check). A mapped file that
 * shrinks between two such looks raises SIGBUS. Where that cannot be ruled out (a network file system, a shared
 * folder), RGM_ACCESS_PREAD reads contiguous splits with pread, which turns it into an error.
 */
#ifndef RGM_DATA_DATASET_H
#define RGM_DATA_DATASET_H

#include <stddef.h>
#include "base/status.h"
#include "base/stop.h"
#include "picture/transform.h"

#define RGM_DATA_CHANNELS    64          /* most channels of an image */
#define RGM_DATA_SIDE        16384       /* largest height and width  */
#define RGM_DATA_CLASSES     65536       /* most classes              */
#define RGM_DATA_CACHE       (64 << 20)  /* least bytes of chunk cache of a split read through HDF5 */
#define RGM_DATA_IMAGE_BYTES (1 << 28)   /* largest image, H * W * C */
#define RGM_DATA_NAME_BYTES  255         /* longest name of a class */
#define RGM_DATA_PIXEL_HASH  "xxh3_64"   /* attribute of images: XXH3-64 of the split's pixels in order */
#define RGM_DATA_TRANSFORM   "transform" /* attribute of the root: rgm_transform as text */

/* Names of pictures: table of a split, and the longest that importers write. */
#define RGM_DATA_NAMES "names"
enum { RGM_DATA_PICTURE_NAME = 511 };

/* Groups of copies: table of a split. */
#define RGM_DATA_GROUPS "groups"

/* Encoded pictures (FORMAT.md): tables of a split, attributes of the root. */
#define RGM_DATA_ENCODED       "encoded"
#define RGM_DATA_OFFSETS       "offsets"
#define RGM_DATA_SIZES         "sizes"
#define RGM_DATA_CHECKSUMS     "checksums"
#define RGM_DATA_CHANNEL_COUNT "channels"
#define RGM_DATA_BACKGROUND    "background"

enum { RGM_SPLIT_TRAIN = 0, RGM_SPLIT_TEST = 1, RGM_SPLIT_VALIDATION = 2, RGM_SPLIT_COUNT = 3 };
enum { RGM_ACCESS_AUTO = 0, RGM_ACCESS_PREAD = 1 }; /* AUTO maps what can be mapped */
/* how a split's pixels are read; MEMORY: they were unpacked, or are the caller's */
enum { RGM_PIXELS_MAPPED = 0, RGM_PIXELS_PREAD = 1, RGM_PIXELS_HDF5 = 2, RGM_PIXELS_MEMORY = 3 };

typedef struct rgm_dataset rgm_dataset;

/* What encoded pictures of a set are like; zeros in a set of images. */
typedef struct rgm_dataset_pictures {
    int64_t pixels;        /* of the largest */
    int32_t H, W;          /* of the highest, of the widest */
    int32_t shorter;       /* the median of the shorter sides, of the first split that there is */
    int64_t bytes;         /* of the largest file */
    uint8_t background[3]; /* behind transparency */
} rgm_dataset_pictures;

typedef struct rgm_dataset_info {
    const char *path; /* of the file, or the name of pixels in memory */
    int32_t H, W, C;  /* of every image; H = W = 0 where they are encoded */
    int32_t encoded;  /* 1: pictures, which rgm_dataset_encoded() gives; 0: images */
    rgm_dataset_pictures pictures;
    rgm_transform transform; /* how pictures become images of this set, as the file says; C 0: it does not */
    int32_t classes;         /* at least 2 */
    int32_t framed;          /* 1: Regimen's own file, checksum verified; 0: foreign, or no file */
    int32_t slow;            /* 1: some split is read through HDF5: worth telling the user */
    int32_t unlocked;        /* 1: its file system has no locks, so another program may write it: worth telling */
    int32_t computed;        /* 1: there were no mean or std; they were computed from the training split */
    int64_t count[RGM_SPLIT_COUNT];  /* samples; 0: the split is missing */
    int32_t access[RGM_SPLIT_COUNT]; /* RGM_PIXELS_* */
    int64_t cache[RGM_SPLIT_COUNT];  /* bytes of chunk cache, where it is read through HDF5 */
    int64_t unpacked;                /* bytes of pixels unpacked into memory */
    int32_t constants;               /* 0: neither the file nor a training split gives mean and std */
    float mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS]; /* [C], of the training split, pixels as 0..1; std > 0 */
    const char *const *class_names;                        /* [classes], or NULL */
    const char *source, *licence;                          /* "" if the file does not say */
} rgm_dataset_info;

typedef struct rgm_dataset_options {
    int32_t access;                        /* RGM_ACCESS_* */
    rgm_stop stop;                         /* asked while it is opened, and not later */
    int32_t names;                         /* 1: names of pictures are read, for rgm_dataset_name() */
    int32_t lenient;                       /* 1: encoded pictures that are broken are met when they are asked for */
    const struct rgm_dataset_knobs *knobs; /* of tests (knobs.h); NULL: none */
} rgm_dataset_options;

/* Opens and validates; options NULL: zeros.
 *     RGM_E_IO             the file cannot be read, another program writes it, or a read failed
 *     RGM_E_FORMAT         a damaged file, or content that does not follow the format
 *     RGM_E_UNSUPPORTED    what this build cannot read
 *     RGM_E_INTERRUPTED    it was to stop
 * [any thread, many at once] */
rgm_status rgm_dataset_open(rgm_dataset **set, const char *path, const rgm_dataset_options *options, rgm_error *err);

/* Pixels that lie in memory, with their labels. */
typedef struct rgm_dataset_memory {
    const char *name; /* in the place of a path; NULL: "memory" */
    int32_t H, W, C;
    int32_t classes;                        /* at least 2 */
    int64_t count[RGM_SPLIT_COUNT];         /* images; 0: there is no such split */
    const uint8_t *images[RGM_SPLIT_COUNT]; /* [count][H][W][C], dense */
    const int32_t *labels[RGM_SPLIT_COUNT]; /* [count], 0 to classes - 1 */
    const char *const *class_names;         /* [classes]; NULL: none */
    const float *mean, *std;                /* [C], as the set's own attributes would say; NULL: they are computed */
    rgm_stop stop;                          /* asked while mean and std are computed */
} rgm_dataset_memory;

/* A set of these pixels, which stay the caller's and must stay as they are until it is closed; all else is copied. Mean
 * and std are computed from the training split, unless they are given. Limits are those of files. RGM_E_USAGE for what
 * is outside of them, RGM_E_INTERRUPTED if it was to stop. [any thread] */
rgm_status rgm_dataset_from_memory(rgm_dataset **set, const rgm_dataset_memory *memory, rgm_error *err);

/* Closes; NULL is fine. Views and pointers into the set end here. */
void rgm_dataset_close(rgm_dataset *set);

/* What the set is; lives as long as the set. */
const rgm_dataset_info *rgm_dataset_describe(const rgm_dataset *set);

/* "train", "test", "validation". */
const char *rgm_split_name(int32_t split);

/* Labels of a split: [count] class indices (of soft labels, the first largest entry); NULL if the split is missing. */
const int32_t *rgm_dataset_labels(const rgm_dataset *set, int32_t split);

/* Soft labels of a split: [count][classes], each row summing to 1 within 1e-3; NULL if its labels are integers. */
const float *rgm_dataset_soft(const rgm_dataset *set, int32_t split);

/* Groups of a split's copies, [count], from 0 on. Images with the same number are copies of one another, and stay
 * together when the split is divided. Each number is at least two images'; -1: an image without copies. NULL if the
 * split is missing, or if no image has one. */
const int32_t *rgm_dataset_groups(const rgm_dataset *set, int32_t split);

/* The name of the file that an image was made of, UTF-8, as the set has it: it may hold anything else. NULL if there is
 * none, or if names were not asked for. */
const char *rgm_dataset_name(const rgm_dataset *set, int32_t split, int64_t index);

/* The pixels [H][W][C] of one sample where they lie, mapped or unpacked; NULL if they do not, or are encoded. [any
 * thread] */
const uint8_t *rgm_dataset_pixels(const rgm_dataset *set, int32_t split, int64_t index);

/* Most bytes of a name that error lines begin with. */
enum { RGM_DATA_PLACE = 320 };

/* An encoded picture of a set; not to be copied. Zero it before. */
typedef struct rgm_encoded {
    int32_t nameless; /* in: 1: the lines of what is wrong with the picture, here and of `bytes`, do not begin with
                         `name` */
    rgm_bytes bytes;  /* its file, valid as long as the set, or as `room` */
    int32_t H, W;     /* upright, as the set says */
    char name[RGM_DATA_PLACE];
} rgm_encoded;

/* Gives an encoded picture: where its bytes are mapped, or read into `room`, which takes info.pictures.bytes. `room`
 * may be NULL where the split is mapped. In files with Regimen's frame its checksum is compared, and in any file its
 * size with what its header says. RGM_E_FORMAT      it is damaged, or no picture; the line begins with split and number
 *     RGM_E_IO          it cannot be read
 * [any thread] */
rgm_status rgm_dataset_encoded(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room,
                               rgm_encoded *encoded, rgm_error *err);

/* Copies the pixels of one sample, [H][W][C], on any path. Not of encoded pictures. [any thread; HDF5 splits one at a
 * time] */
rgm_status rgm_dataset_read(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *out, rgm_error *err);

/* Asks the system to read a mapped sample, or an encoded picture, soon; nothing on the other paths. [any thread] */
void rgm_dataset_will_need(const rgm_dataset *set, int32_t split, int64_t index);

/* RGM_E_IO if the open file has been truncated or written to since it was opened, unless nothing is read from it any
 * more. Cheap: one system call. [any thread] */
rgm_status rgm_dataset_check(const rgm_dataset *set, rgm_error *err);

#endif
