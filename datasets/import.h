/* Importers: other formats -> one HDF5 file of FORMAT.md, contiguous, with Regimen's frame.
 *
 * Pictures are decoded by a team, in windows of files, and staged (stage.h). An import that was stopped or killed goes
 * on where it was when it is called again. The file depends on the sources and the options alone, not on threads, stops
 * or the order in which a folder is read.
 *
 * Which file of this room does what:
 *     import_idx, import_cifar, import_npy    arrays; source reads plain and gzipped files, npy those of NumPy
 *     import_folder, import_csv               pictures; tree walks a folder, csv reads a text file, both fill a list
 *     leave_out                               takes out of it what an exclude list names
 *     import_pictures                         what those two share: survey, stage_list and assemble, one after another
 *     survey                                  a look at the headers of all pictures
 *     stage_list                              decodes them into the staging; keeper checks those that are kept as files
 *     stage                                   the files of the staging
 *     assemble                                staged pictures -> the data set; shares makes splits, quarantine a list
 *     copies                                  near duplicates among samples, which shares keep together
 *     writer, encoded_writer, structure       the HDF5 file with images, that with encoded pictures, what both do alike
 *     names                                   class names
 */
#ifndef RGM_DATASETS_IMPORT_H
#define RGM_DATASETS_IMPORT_H

#include "kernels/kernels.h"
#include "list.h"
#include "picture/transform.h"
#include "writer.h"

/* What pictures become. Zeroed, it is the default except for the background, which is black then. */
typedef struct rgm_import_pictures {
    int32_t H, W;          /* of the images; 0: chosen from the pictures' own sizes */
    int32_t fit;           /* RGM_FIT_* */
    int32_t gray;          /* 1: one channel, 0: as many as the pictures need */
    uint8_t background[3]; /* behind transparency and around padded pictures, RGB */
    int32_t keep;          /* 1: the encoded files are kept, in their own sizes */
    int32_t max_side;      /* of kept pictures: larger ones are made smaller; 0: none are */
    int32_t threads;       /* 0: all that the process may use */
    const rgm_kernels *kernels;
    const char *exclude;    /* a list of pictures that are left out (leave_out.h); NULL: none */
    const char *root;       /* of the paths in a list; NULL: the list's folder */
    const char *quarantine; /* the file that lists what cannot be read; NULL: OUT without .h5, and .quarantine.csv */
} rgm_import_pictures;

/* What an import tells its caller, filled as it goes. */
typedef struct rgm_import_report {
    int64_t files;                    /* that were looked at */
    int64_t passed[RGM_PASSED_COUNT]; /* files that are no part of it, by reason */
    int64_t quarantined;
    int64_t profiles;      /* pictures whose colour profile was ignored */
    int64_t warnings;      /* pictures with oddities that were passed over */
    int64_t resized;       /* kept pictures that were made smaller */
    int64_t copies;        /* of the samples: exact and near duplicates that stay together, with their firsts */
    int64_t copy_groups;   /* of such */
    int64_t gone_on;       /* pictures of an earlier, unfinished call */
    char quarantine[4096]; /* the file that lists them; "": none */
    /* each of the quarantined, in the order of the list; NULL: not told */
    void (*take)(void *context, const char *file, const char *reason);
    void *context;
} rgm_import_report;

typedef struct rgm_import_options {
    const char *const *sources; /* one folder, or files */
    int32_t count;              /* of sources */
    const char *out;            /* the HDF5 file */
    int32_t overwrite;          /* 1: an existing file is replaced, at the end */
    const char *names; /* "fashion-mnist", "mnist", or the classes' own names separated by commas; NULL: those of a set
                        * that is recognised, else none */
    const char *source, *licence;    /* attributes of the file; NULL: those of a set that is recognised, else none */
    rgm_import_progress_fn progress; /* NULL: none */
    void (*begin)(void *context, const char *what, int64_t done, int64_t total); /* of a part of the work, or NULL */
    void *progress_context;                                                      /* of both */
    rgm_stop stop;           /* asked while sources are read and the file is completed */
    double test, validation; /* shares of the samples that become these splits, stratified; 0: none are made */
    uint64_t seed;           /* of the shares */
    /* Finds copies of one another, as rgm_groups_find() does: shares do not divide them. NULL: they are not looked for
     */
    rgm_status (*find_copies)(void *context, const rgm_dataset *set, int32_t *groups, rgm_error *err);
    void *copies_context;
    rgm_import_pictures pictures;
    rgm_import_report *report; /* NULL: not wanted */
} rgm_import_options;

/* IDX, the format of MNIST: unsigned bytes, images [N][H][W] (magic 0803) and labels [N] (0801), plain or gzipped. File
 * names tell which is which: "images" or "labels", "train" or else "t10k" or "test". A test pair may be missing.
 * RGM_E_USAGE for sources that are not such files, RGM_E_FORMAT for damaged ones, RGM_E_IO for the system's errors. */
rgm_status rgm_import_idx(const rgm_import_options *options, rgm_error *err);

/* CIFAR-10's and CIFAR-100's binary versions: data_batch_*.bin, test_batch.bin, batches.meta.txt; or train.bin,
 * test.bin, fine_label_names.txt (fine labels are taken). Without a list of names the classes are called 0, 1, 2, ...
 * Images become [32][32][3]. Errors as above. */
rgm_status rgm_import_cifar(const rgm_import_options *options, rgm_error *err);

/* A folder of pictures, with a folder for each class (tree.h). What cannot be read is listed in the quarantine file and
 * stops nothing. RGM_E_FORMAT if no picture can be read, or if a class has none for training. */
rgm_status rgm_import_folder(const rgm_import_options *options, rgm_error *err);

/* Pictures that a text file lists with their classes (csv.h). Errors as of a folder; RGM_E_FORMAT with its line for
 * what is wrong in the list. */
rgm_status rgm_import_csv(const rgm_import_options *options, rgm_error *err);

/* Arrays of NumPy: uint8 images [N][H][W], [N][H][W][C] or [N][C][H][W] with 1 or 3 channels, and integer labels [N] or
 * [N][1]. Sources are images and labels, and those for test behind them, or one archive .npz. Its keys tell which is
 * which:
 *     x_train, y_train, x_test, y_test, x_val, ...      Keras and its relatives; also X_train
 *     train_images, train_labels, val_images, ...       MedMNIST
 *     images, labels; x, y; arr_0, arr_1                for training
 * RGM_E_USAGE for sources that are not such, RGM_E_FORMAT for what cannot be taken, with a remedy. */
rgm_status rgm_import_npy(const rgm_import_options *options, rgm_error *err);

#endif
