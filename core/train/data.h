/* The data of trainings:
 *     an opened set, its own or a shared one
 *     its splits, with what is held out for validation, and without what is left out
 *     the constants that its pixels are normalised with
 * A session has its own, and so has an evaluation (run/predictor.h). Any number of them may share a set, also at once.
 *
 * The struct is open for reading; nobody but data.c writes it.
 */
#ifndef RGM_TRAIN_DATA_H
#define RGM_TRAIN_DATA_H

#include "base/stop.h"
#include "data/exclude.h"
#include "data/split.h"
#include "train/config.h"
#include "train/constants.h"

typedef struct rgm_data {
    const rgm_dataset *set;           /* NULL: no data named, only a model is planned or predicts */
    rgm_dataset *own_set;             /* NULL: the caller's */
    rgm_constants constants;          /* mean, std and class names: the model's or the set's own */
    rgm_view train, validation, test; /* count 0: missing. Their labels are the model's */
    rgm_class_map *map;               /* of their labels; NULL: they are as in the set */
    rgm_holdout holdout;              /* what `validation` is part of; zeros: of the file, or missing */
    uint64_t excluded;                /* which images are left out of the views (rgm_exclude_hash); 0: none */
    int64_t excluded_count;
    uint32_t *kept[RGM_SPLIT_COUNT]; /* lists of the views without them; NULL: not needed */
} rgm_data;

typedef struct rgm_data_options {
    const rgm_dataset *set; /* ready, the caller's, open until the data is closed; NULL: data.file is opened */
    int32_t need_data;      /* 1: there must be a set */
    int32_t evaluation;     /* 1: labels are taken as the model's; only what `split` needs is held out */
    int32_t split;          /* of an evaluation: RGM_SPLIT_*. For validation, the run's own data is held out again */
    int32_t resumed;        /* 1: the configuration is an earlier run's: data that has moved is told how to name */
    const rgm_exclude *exclude; /* of `set`, left out; views may be empty then. NULL: data.exclude is read */
    const rgm_constants *model; /* of the checkpoint that is resumed or evaluated; NULL: a new model */
    rgm_stop stop;              /* asked while it is opened; later, each session's own is */
} rgm_data_options;

/* Takes the options' set, or opens data.file of the configuration. Without either `set` is NULL, and the constants are
 * the model's, as far as it knows them; with need_data it is RGM_E_USAGE. Validation is the set's own split, else
 * data.validation of its training split by the configuration's seed.
 *
 * Images of data.exclude are taken out of the views at last. So what is held out is chosen among all images, and none
 * moves between training and validation because of a list. Mean and deviation stay those of the whole set. A list that
 * leaves nothing of a split, or of a class for training, is RGM_E_USAGE. In an evaluation the list
 * may be the checkpoint's own (rgm_config_given) and of another set. Then nothing is left out, and a log line says so.
 *
 * RGM_E_USAGE for a set whose path is too long for a configuration. Errors of rgm_dataset_open, rgm_exclude_read,
 * rgm_holdout_create, rgm_constants_settle and, in an evaluation, rgm_constants_map and rgm_constants_own_data. [main]
 */
rgm_status rgm_data_open(rgm_data **data, const rgm_config *config, const rgm_data_options *options, rgm_error *err);
void rgm_data_close(rgm_data *data); /* after the session with it; NULL is fine */

#endif
