/* Importers: other formats -> one HDF5 file of FORMAT.md, contiguous, with Regimen's frame. */
#ifndef RGM_DATASETS_IMPORT_H
#define RGM_DATASETS_IMPORT_H

#include "writer.h"

typedef struct rgm_import_options {
    const char *const *sources; /* one folder, or files */
    int32_t count;              /* of sources */
    const char *out;            /* the HDF5 file */
    int32_t overwrite;          /* 1: an existing file is replaced, at the end */
    const char *names; /* "fashion-mnist", "mnist", or the classes' own names separated by commas; NULL: those of a set
                        * that is recognised, else none */
    const char *source, *licence;    /* attributes of the file; NULL: those of a set that is recognised, else none */
    rgm_import_progress_fn progress; /* NULL: none */
    void *progress_context;
    rgm_stop stop; /* asked while sources are read and the file is completed */
} rgm_import_options;

/* IDX, the format of MNIST: unsigned bytes, images [N][H][W] (magic 0803) and labels [N] (0801), plain or gzipped. File
 * names tell which is which: "images" or "labels", "train" or else "t10k" or "test". A test pair may be missing.
 * RGM_E_USAGE for sources that are not such files, RGM_E_FORMAT for damaged ones, RGM_E_IO for the system's errors. */
rgm_status rgm_import_idx(const rgm_import_options *options, rgm_error *err);

/* CIFAR-10's and CIFAR-100's binary versions: data_batch_*.bin, test_batch.bin, batches.meta.txt; or train.bin,
 * test.bin, fine_label_names.txt (fine labels are taken). Without a list of names the classes are called 0, 1, 2, ...
 * Images become [32][32][3]. Errors as above. */
rgm_status rgm_import_cifar(const rgm_import_options *options, rgm_error *err);

#endif
