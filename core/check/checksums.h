/* Checksums of a trainer's tensors, to see which of them two moments or two trainings have in common. */
#ifndef RGM_CHECK_CHECKSUMS_H
#define RGM_CHECK_CHECKSUMS_H

#include "train/trainer.h"

typedef struct rgm_checksum {
    uint32_t group; /* RGM_PARAMETERS, ...: train/state.h */
    char name[96];
    uint64_t hash; /* XXH3-64 of its bytes */
} rgm_checksum;

typedef struct rgm_checksums {
    rgm_checksum *list; /* in the order of checkpoints */
    int32_t count, room;
} rgm_checksums;

/* Of the groups that are asked for. Free *sums whatever is returned. RGM_E_NOMEM, RGM_E_PLUGIN. [main] */
rgm_status rgm_checksums_take(rgm_checksums *sums, rgm_trainer *trainer, uint32_t groups, rgm_error *err);
void rgm_checksums_free(rgm_checksums *sums); /* a zeroed one is fine */

/* The first tensor of `groups` that differs, or that only `a` has; NULL: none does. *number of them. */
const rgm_checksum *rgm_checksums_difference(const rgm_checksums *a, const rgm_checksums *b, uint32_t groups,
                                             int32_t *number);

#endif
