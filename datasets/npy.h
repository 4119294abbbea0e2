/* Arrays of NumPy, read in order: files .npy (format 1, 2 and 3), and the members of archives .npz.
 *
 *     rgm_npy_open(&array, "x.npy", NULL, &err);            or a member of an archive: "x_train.npy"
 *     rgm_npy_read(&array, bytes, size, &err);              its elements, in the order of the file
 *     rgm_npy_end(&array, &err);                            nothing is left, and an archive's checksum matches
 *     rgm_npy_close(&array);
 */
#ifndef RGM_DATASETS_NPY_H
#define RGM_DATASETS_NPY_H

#include <stddef.h>
#include "base/status.h"

enum { RGM_NPY_RANK = 8, RGM_NPY_HEADER = 1 << 16, RGM_NPY_TEXT = 96, RGM_NPY_NAME = 400 };

/* What the header says. */
typedef struct rgm_npy_head {
    char kind;       /* as in NumPy's type codes: 'u', 'i', 'f', 'b', ... */
    int32_t bytes;   /* of an element */
    int32_t big;     /* 1: big-endian */
    int32_t fortran; /* 1: the first index runs fastest */
    int32_t rank;    /* 0 to RGM_NPY_RANK */
    int64_t shape[RGM_NPY_RANK];
    int64_t elements;  /* their product */
    size_t head_bytes; /* up to the first element */
} rgm_npy_head;

/* Reads a header of `size` bytes, all of it or less. *need: bytes that it takes; if they are more than size, nothing
 * else is filled in and the call is to be made again. `what` begins error lines. RGM_E_FORMAT, RGM_E_UNSUPPORTED for
 * types that are no plain numbers. */
rgm_status rgm_npy_parse(rgm_npy_head *head, const void *bytes, size_t size, size_t *need, const char *what,
                         rgm_error *err);

/* "uint8", "float32", "int64, big-endian"; "[60000, 28, 28]". Return text. */
const char *rgm_npy_type(const rgm_npy_head *head, char text[RGM_NPY_TEXT]);
const char *rgm_npy_shape(const rgm_npy_head *head, char text[RGM_NPY_TEXT]);

/* An open array; zero it before. */
typedef struct rgm_npy {
    rgm_npy_head head;
    char name[RGM_NPY_NAME]; /* "x.npy", or "set.npz: x_train": begins error lines */
    int fd;
    struct zip *archive; /* NULL: a file of its own */
    struct zip_file *member;
    int64_t left; /* bytes of elements that are not read yet */
} rgm_npy;

/* Opens, and reads the header. Fewer bytes than it promises are RGM_E_FORMAT already here. */
rgm_status rgm_npy_open(rgm_npy *array, const char *path, const char *member, rgm_error *err);
rgm_status rgm_npy_read(rgm_npy *array, void *to, size_t size, rgm_error *err);
rgm_status rgm_npy_end(rgm_npy *array, rgm_error *err);
void rgm_npy_close(rgm_npy *array); /* a zeroed one is fine */

/* The names of an archive's members, with a NULL behind them, in one allocation. RGM_E_FORMAT, RGM_E_IO. */
rgm_status rgm_npy_members(const char *path, char ***names, rgm_error *err);

#endif
