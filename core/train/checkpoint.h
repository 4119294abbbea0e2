/* Checkpoints: HDF5 files with everything a run needs to go on with the same bits (docs/CHECKPOINT.md).
 *
 *     /model/NAME            parameters and running statistics under torchvision's names, plain OIHW, float32
 *     /optimizer/SLOT/NAME   the optimizer's slots
 *     /plugins/NN            private state of plugins that keep one (uint8); attribute `label`
 *     /text/NAME             config (YAML), build, plugins, classes
 *     /input (attributes)    how pixels become the model's input: transform, image, mean, std, classes
 *     / (attributes)         progress, seed, data fingerprint, format
 *
 * That is format version 2. Version 1 has no /input and another fingerprint, and leaves out empty states; it is read,
 * too. A newer version is refused, and a version 2 with an /input that this build cannot do.
 *
 * A file of that name is whole or is the previous one (data/file.h). The same state written twice gives the same bytes.
 *
 * Foreign files are HDF5 files that Regimen has not written. They may bring weights in: a group /model with every
 * tensor, float32 or float64, of the same names and shapes. Tensors "*.num_batches_tracked" in it are passed over.
 */
#ifndef RGM_TRAIN_CHECKPOINT_H
#define RGM_TRAIN_CHECKPOINT_H

#include <stddef.h>
#include "base/status.h"
#include "data/dataset.h"
#include "picture/transform.h"
#include "train/progress.h"
#include "train/state.h"

enum { RGM_CHECKPOINT_VERSION = 2 }; /* of the format, as it is written */

/* How pictures and pixels become the model's input. */
typedef struct rgm_model_input {
    int32_t known;                                         /* 0: the file does not say (version 1, or weights only) */
    int32_t classes;                                       /* of the model */
    int32_t image[3];                                      /* C, H, W */
    rgm_transform transform;                               /* of pictures of any size; C 0: not known */
    float mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS]; /* [C], of pixels as 0 to 1 */
} rgm_model_input;

/* What is written beside the tensors. Texts are NUL-terminated, and the caller's. */
typedef struct rgm_checkpoint {
    rgm_progress progress;
    uint64_t seed, fingerprint; /* of the run, of the data set (data/fingerprint.h) */
    int32_t fingerprint_pixels; /* 1: all pixels are in it; 0: the run stopped before they were hashed */
    int32_t version;            /* of the format, as read; writing writes the newest */
    rgm_model_input input;
    const char *config;  /* the effective configuration as YAML */
    const char *build;   /* "regimen 0.1.0, oneDNN 2.6.3, avx512, AMD EPYC ...": a difference is warned about */
    const char *plugins; /* components in use, a line each: "LABEL: ID VERSION" of their plugins */
    const char *classes; /* class names, a line each; "" if unknown */
} rgm_checkpoint;

/* Writes `path`, replacing it at once; on failure an older file is untouched. RGM_E_IO with what the system said. A
 * text may be NULL ("" is written) and has at most 16 MiB. Takes HDF5's lock (data/file.h). [main] */
rgm_status rgm_checkpoint_write(const rgm_checkpoint *checkpoint, const rgm_state *state, const char *path,
                                rgm_error *err);

typedef struct rgm_checkpoint_reader rgm_checkpoint_reader;

/* Opens and checks a checkpoint; reads everything but tensors. RGM_E_FORMAT for what is none, or damaged;
 * RGM_E_INTERRUPTED if `stop` is asked (NULL: never), here or while tensors are read. [main] */
rgm_status rgm_checkpoint_open(rgm_checkpoint_reader **reader, const char *path, const rgm_stop *stop, rgm_error *err);
void rgm_checkpoint_close(rgm_checkpoint_reader *reader); /* NULL is fine */

/* Lives as long as the reader. Of a foreign file: zeros, best_epoch -1, and empty texts. */
const rgm_checkpoint *rgm_checkpoint_header(const rgm_checkpoint_reader *reader);

/* 1: a foreign file, which has weights only. */
int32_t rgm_checkpoint_foreign(const rgm_checkpoint_reader *reader);

/* Reads the model's tensors to where `into` has them, and, if `whole`, slots and plugin states. States go by label, in
 * any order. Each gets new memory in `data`, the caller's to free even on failure, and its size in `bytes`. A label
 * that the file lacks is refused, and so is one that `into` lacks. Version 1 may lack any; its `data` is NULL then. The
 * tensors must be exactly the graph's, names and shapes (RGM_E_FORMAT). The error names the first that is not, expected
 * and found. What was read before it stays in the arrays. Values are not judged: a NaN is read like any other. `whole`
 * is refused for a foreign file; the helper program reads such a file first (data/rehearsal.h). [main] */
rgm_status rgm_checkpoint_read(rgm_checkpoint_reader *reader, rgm_state *into, int32_t whole, rgm_error *err);

#endif
