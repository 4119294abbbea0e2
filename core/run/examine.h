/* A model on a split whose labels are known, image by image, for a report (report/examination.h). */
#ifndef RGM_RUN_EXAMINE_H
#define RGM_RUN_EXAMINE_H

#include "report/examination.h"
#include "run/predictor.h"

typedef struct rgm_examine_options {
    int32_t split; /* RGM_SPLIT_*; -1: test, else validation, as the data has it */
    rgm_stop stop;
    void (*progress)(void *context, int64_t done, int64_t total); /* NULL: none */
    void *context;
} rgm_examine_options;

/* Predicts the split of data.file of the predictor's configuration, and gathers what it says. Images are taken as
 * evaluations take them. Those that cannot be read are counted. *examination is overwritten; it is to be freed, on
 * failure, too. Its filters point into the predictor. Errors of rgm_data_open() and rgm_predictor_predict();
 * RGM_E_USAGE if there is no such split, or its images do not fit; RGM_E_INTERRUPTED. [main] */
rgm_status rgm_examine(rgm_predictor *predictor, const rgm_examine_options *options, rgm_examination *examination,
                       rgm_error *err);

#endif
