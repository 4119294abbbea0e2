/* A model's own constants: what pixels and class numbers mean to it. A new run takes them from its data set. A resumed
 * run and an evaluation take them from the checkpoint, and say where the data set's differ.
 */
#ifndef RGM_TRAIN_CONSTANTS_H
#define RGM_TRAIN_CONSTANTS_H

#include "base/stop.h"
#include "data/split.h"
#include "train/checkpoint.h"
#include "train/config.h"

typedef struct rgm_constants {
    rgm_model_input input; /* known = 0: a checkpoint that does not say */
    char *classes;         /* names, a line each; "" if unknown. Owned */
    char *path;            /* the checkpoint; NULL: none, the data set's own. Owned */
    int32_t version;       /* of the checkpoint's format; 0: weights only */
    uint64_t fingerprint;  /* of the data that its run was trained on, and what is in it (checkpoint.h) */
    int32_t fingerprint_pixels;
    uint64_t seed;   /* of its run */
    double held_out; /* the fraction that its configuration holds out: filled by whoever reads that */
} rgm_constants;

/* Those of an open checkpoint; *constants is overwritten. RGM_E_NOMEM. */
rgm_status rgm_constants_take(rgm_constants *constants, const rgm_checkpoint_reader *reader, const char *path,
                              rgm_error *err);

/* The same of a file. [main] */
rgm_status rgm_constants_read(rgm_constants *constants, const char *path, const rgm_stop *stop, rgm_error *err);

/* A data set's class names, a line each ("": it has none), in new memory. NULL without memory. */
char *rgm_constants_names(const rgm_dataset_info *info);

/* A copy with texts of its own; *constants is overwritten. RGM_E_NOMEM. */
rgm_status rgm_constants_copy(rgm_constants *constants, const rgm_constants *from, rgm_error *err);

/* Class names, a line each in `text`, as a list in new memory: one allocation, to be freed. RGM_E_NOMEM. */
rgm_status rgm_constants_list(const char *text, char ***list, int32_t *count, rgm_error *err);

void rgm_constants_free(rgm_constants *constants); /* a zeroed one is fine */

/* What a session uses for `set`: the model's own constants as far as the checkpoint has them. What it lacks is the
 * set's, and a log line says so. Image and classes are left to the session. `model` NULL or without a path: the set's.
 * Other means and deviations of the set's are a log line. RGM_E_FORMAT if neither gives mean and std. [main] */
rgm_status rgm_constants_settle(rgm_constants *constants, const rgm_constants *model, const rgm_dataset *set,
                                rgm_error *err);

/* For an evaluation: *map gives the model's numbers to the classes of `set`; NULL: they are the same. By name where
 * both have names, else by number. RGM_E_USAGE names what the model does not know. A log line says what is not as it
 * was in training. `config`: the model's image and classes, which the set's must fit (RGM_E_USAGE). The caller frees
 * *map. [main] */
rgm_status rgm_constants_map(const rgm_constants *model, const rgm_config *config, const rgm_dataset *set,
                             rgm_class_map **map, rgm_error *err);

/* RGM_OK if `set` is the data that the checkpoint's run was trained on, and `config` holds the same images out of it.
 * `excluded` is the hash of what is left out (rgm_exclude_hash).
 * RGM_E_USAGE if not, or if nobody knows. Of version 1 a log line says what is not sure. All pixels are read, if need
 * be, unless `stop` is asked. [main] */
rgm_status rgm_constants_own_data(const rgm_constants *model, const rgm_config *config, const rgm_dataset *set,
                                  uint64_t excluded, const rgm_stop *stop, rgm_error *err);

/* Warns where weights for a new run come from a model with other constants: that of `path`. [main] */
void rgm_constants_compare(const rgm_constants *weights, const rgm_constants *run, const char *data);

#endif
