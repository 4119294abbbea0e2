/* Writing a data set of encoded pictures (FORMAT.md), streamed: the files of pictures, one behind the other, with their
 * sizes, labels and checksums. Memory stays constant. The file appears under its name when it is complete
 * (data/file.h), and its space on the disk is reserved first. The same pictures in the same order give the same file.
 *
 *     rgm_encoded_writer_create(&writer, &options, &err);
 *     rgm_encoded_writer_add(writer, split, &picture, &err);     for each picture; splits may alternate
 *     rgm_encoded_writer_finish(writer, &sums, &err);
 *     rgm_encoded_writer_destroy(writer);
 */
#ifndef RGM_DATASETS_ENCODED_WRITER_H
#define RGM_DATASETS_ENCODED_WRITER_H

#include "data/stats.h"
#include "picture/transform.h"
#include "writer.h"

typedef struct rgm_encoded_options {
    const char *path;
    int32_t replace;                        /* 1: an existing file is replaced at the end */
    int32_t C, classes;                     /* C: what pictures are decoded to, 1 or 3 */
    int64_t count[RGM_SPLIT_COUNT];         /* pictures; train at least 1 */
    int64_t bytes[RGM_SPLIT_COUNT];         /* of all files of a split */
    int32_t names[RGM_SPLIT_COUNT];         /* as of rgm_writer_options */
    const int32_t *groups[RGM_SPLIT_COUNT]; /* [count] groups of copies, only read at creation; NULL: none */
    const char *const *class_names;         /* [classes] or NULL */
    const char *source, *licence;           /* NULL: not known */
    const rgm_transform *transform;         /* kept as the set's own; NULL: it has none */
    uint8_t background[3];                  /* behind transparency, RGB */
    rgm_import_progress_fn progress;        /* NULL: none; counts pictures */
    void *progress_context;
    rgm_stop stop; /* asked while the file is completed */
} rgm_encoded_options;

typedef struct rgm_encoded_picture {
    const void *bytes; /* the file */
    int64_t size;
    int32_t H, W; /* upright, as decoded */
    int32_t label;
} rgm_encoded_picture;

typedef struct rgm_encoded_writer rgm_encoded_writer;

/* The options' texts and transform are only read here. RGM_E_USAGE if the file exists and `replace` is 0. */
rgm_status rgm_encoded_writer_create(rgm_encoded_writer **writer, const rgm_encoded_options *options, rgm_error *err);

/* Appends a picture to a split. RGM_E_FORMAT for a label or a size that cannot be. */
rgm_status rgm_encoded_writer_add(rgm_encoded_writer *writer, int32_t split, const rgm_encoded_picture *picture,
                                  rgm_error *err);

/* As rgm_writer_names(). */
rgm_status rgm_encoded_writer_names(void *writer, int32_t split, int64_t first, const char *rows, int64_t n,
                                    rgm_error *err);

/* Completes the file. `sums`: of all pixels of the training pictures as they are decoded, for mean and std. NULL leaves
 * both out: they are computed at every opening. RGM_E_INTERNAL if pictures or bytes are missing. The writer is to be
 * destroyed in any case. */
rgm_status rgm_encoded_writer_finish(rgm_encoded_writer *writer, const rgm_channel_sums *sums, rgm_error *err);

/* An unfinished file is removed. NULL is fine. */
void rgm_encoded_writer_destroy(rgm_encoded_writer *writer);

#endif
