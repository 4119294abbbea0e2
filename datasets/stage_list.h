/* The pictures of a list, decoded by a team and staged in the order of the list. */
#ifndef RGM_DATASETS_STAGE_LIST_H
#define RGM_DATASETS_STAGE_LIST_H

#include "stage.h"
#include "survey.h"

typedef struct rgm_staging {
    const rgm_list *list;
    const rgm_survey *survey;
    rgm_transform to; /* what pictures become; kept ones are checked with its C and background */
    rgm_team *team;
    rgm_stage *stage;
    int64_t done; /* of the list, from where it starts */
} rgm_staging;

/* Stages what is left of the list. What cannot be read is staged as such, with its reason. Windows of files are decoded
 * while the one before is written. Many large pictures at once would take much memory. So as many of them are decoded
 * at the same time as fit into a fixed number of pixels, one at least. RGM_E_INTERRUPTED, RGM_E_NOMEM, RGM_E_IO of the
 * staging. What is staged stays. [main] */
rgm_status rgm_stage_list(rgm_staging *staging, const rgm_import_options *options, rgm_error *err);

#endif
