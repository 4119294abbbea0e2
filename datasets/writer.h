/* Writing a data set of FORMAT.md, streamed. Images come in any number of pieces, and memory stays constant. The file
 * appears under its name when it is complete (data/file.h). The disk space is reserved first, so that a full disk is
 * reported before the work, not after it. Mean and standard deviation are computed on the way, from the training split,
 * by exact integer sums. */
#ifndef RGM_DATASETS_WRITER_H
#define RGM_DATASETS_WRITER_H

#include "base/stop.h"
#include "data/dataset.h"
#include "picture/transform.h"

/* After every piece: `done` of `total` images. A result other than 0 stops the work (RGM_E_INTERRUPTED). */
typedef int32_t (*rgm_import_progress_fn)(void *context, int64_t done, int64_t total);

typedef struct rgm_writer_options {
    const char *path;
    int32_t replace; /* 1: an existing file is replaced at the end */
    int32_t H, W, C, classes;
    int64_t count[RGM_SPLIT_COUNT];         /* images; train at least 1 */
    int32_t names[RGM_SPLIT_COUNT];         /* bytes of the longest name of a picture; 0: the split has no names */
    const int32_t *groups[RGM_SPLIT_COUNT]; /* [count] groups of copies, only read at creation; NULL: none */
    const char *const *class_names;         /* [classes] or NULL */
    const char *source, *licence;           /* NULL: not known */
    const rgm_transform *transform;         /* by which pictures became the images, kept as the set's own; NULL: none */
    rgm_import_progress_fn progress;        /* NULL: none */
    void *progress_context;
    rgm_stop stop; /* asked while the file is completed */
} rgm_writer_options;

typedef struct rgm_writer rgm_writer;

/* The options' texts are only read here. RGM_E_USAGE if the file exists and `replace` is 0. */
rgm_status rgm_writer_create(rgm_writer **writer, const rgm_writer_options *options, rgm_error *err);

/* Appends n images [n][H][W][C] and labels [n] to a split. */
rgm_status rgm_writer_add(rgm_writer *writer, int32_t split, const uint8_t *images, const int32_t *labels, int64_t n,
                          rgm_error *err);

/* The same of images that go to several splits: image i to split[i]. Neighbours of one split are written together. */
rgm_status rgm_writer_add_apart(rgm_writer *writer, const uint8_t *split, const uint8_t *images, const int32_t *labels,
                                int64_t n, rgm_error *err);

/* Its parts: the file, hashes and sums, progress. Two threads may write and sum at the same time, each of them every
 * piece of a split in the same order. */
rgm_status rgm_writer_put(rgm_writer *writer, int32_t split, const uint8_t *images, const int32_t *labels, int64_t n,
                          rgm_error *err);
void rgm_writer_sum(rgm_writer *writer, int32_t split, const uint8_t *images, int64_t n);
rgm_status rgm_writer_report(const rgm_writer *writer, rgm_error *err);

/* Puts n names in their place, from number `first` of a split on: rows of options.names[split] bytes, padded with NUL.
 * `writer` is an rgm_writer. */
rgm_status rgm_writer_names(void *writer, int32_t split, int64_t first, const char *rows, int64_t n, rgm_error *err);

/* Completes the file. RGM_E_INTERNAL if images are missing. The writer is to be destroyed in any case. */
rgm_status rgm_writer_finish(rgm_writer *writer, rgm_error *err);

/* An unfinished file is removed. NULL is fine. */
void rgm_writer_destroy(rgm_writer *writer);

#endif
