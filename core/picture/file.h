/* The files of pictures: which ones look like pictures, and their bytes, read into a buffer that grows. */
#ifndef RGM_PICTURE_FILE_H
#define RGM_PICTURE_FILE_H

#include "picture/picture.h"

/* 1 if the name ends like a picture's. It does with .jpg, .jpeg, .jpe, .jfif, .png, .webp, .bmp, .dib, .pnm, .pbm,
 * .pgm and .ppm, in letters of any size. */
int32_t rgm_picture_looks(const char *path);

/* RGM_PICTURE_* by the file's first bytes; NONE for all else, and if it cannot be read. */
int32_t rgm_picture_file_kind(const char *path);

/* A file's bytes; a plain value, zero it before. For one thread at a time. */
typedef struct rgm_picture_file {
    uint8_t *bytes;
    size_t size, room;
} rgm_picture_file;

/* What of a file is read. */
typedef struct rgm_picture_part {
    size_t first;    /* so many bytes at most; 0: all of it */
    int64_t largest; /* where all is read: larger files are refused */
} rgm_picture_part;

/* Reads a regular file; what the buffer held is gone. It may grow or shrink meanwhile. Error lines are without the
 * path: RGM_E_IO with the system's reason, RGM_E_UNSUPPORTED for one that is too large, RGM_E_NOMEM. [any thread] */
rgm_status rgm_picture_file_read(rgm_picture_file *file, const char *path, const rgm_picture_part *part,
                                 rgm_error *err);

/* Makes room for so many bytes; what is there stays. RGM_E_NOMEM. */
rgm_status rgm_picture_file_reserve(rgm_picture_file *file, size_t bytes, rgm_error *err);

void rgm_picture_file_free(rgm_picture_file *file); /* a zeroed one is fine; it can be used again */

#endif
