/* Splits that an import makes: shares of its samples for test and validation, stratified and drawn by a seed. */
#ifndef RGM_DATASETS_SHARES_H
#define RGM_DATASETS_SHARES_H

#include "import.h"

typedef struct rgm_share_ask {
    const rgm_import_options *options; /* its test, validation and seed */
    const char *what;                  /* begins error lines: the folder, the list, the file */
    int32_t there[RGM_SPLIT_COUNT];    /* 1: the source has this split of its own */
    const int32_t *labels;             /* [count] of the samples that are for training so far */
    const int32_t *groups;             /* [count] groups of copies, below `count`, -1: alone; NULL: all are */
    int64_t count;
    int32_t classes;
} rgm_share_ask;

/* split[count] becomes RGM_SPLIT_*. Both shares are of `count`; test is drawn first, validation from the rest, each by
 * rgm_stratify(), which leaves groups whole. A class keeps a sample for training; what it cannot give is logged.
 * RGM_E_USAGE for a split that is there already, and for shares that leave a split empty. */
rgm_status rgm_shares_make(const rgm_share_ask *ask, uint8_t *split, rgm_error *err);

/* What rgm_shares_make() refuses of any samples, before they are there: only options, what, there and count are looked
 * at. `count` is of the files that may become samples. RGM_E_USAGE. */
rgm_status rgm_shares_check(const rgm_share_ask *ask, rgm_error *err);

#endif
