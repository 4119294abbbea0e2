/* A look at the headers of all pictures of a list, before they are decoded. It tells whether there is colour, what
 * sizes there are, and which pictures take much memory. A header that cannot be read is passed over here: decoding says
 * why. */
#ifndef RGM_DATASETS_SURVEY_H
#define RGM_DATASETS_SURVEY_H

#include "base/team.h"
#include "import.h"

typedef struct rgm_survey {
    int64_t pictures;   /* whose header can be read */
    int32_t colour;     /* 1: some have colour */
    int32_t alpha;      /* 1: some have transparency */
    int32_t H, W;       /* of all of them; 0: they differ */
    int32_t median;     /* of their shorter sides */
    int32_t largest[2]; /* height and width, at most */
    uint8_t *millions;  /* [list->count] pixels in millions, rounded up; files that are large count as more */
} rgm_survey;

/* Fills *survey, to be freed in any case. RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_survey_make(rgm_survey *survey, const rgm_list *list, rgm_team *team, const rgm_import_options *options,
                           rgm_error *err);
void rgm_survey_free(rgm_survey *survey);

#endif
