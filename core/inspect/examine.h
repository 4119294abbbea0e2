/* A model on a split whose labels are known, image by image, for a report (report/examination.h). */
#ifndef RGM_INSPECT_EXAMINE_H
#define RGM_INSPECT_EXAMINE_H

#include "report/examination.h"
#include "run/predictor.h"

typedef struct rgm_examine_options {
    int32_t split; /* RGM_SPLIT_*; -1: test, else validation, as the data has it */
    rgm_device *device;
    rgm_stop stop;
    void (*begin)(void *context, const char *what, int64_t total); /* a part of the work; NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* images of it; NULL: not told */
    void *context;
} rgm_examine_options;

/* Evaluates the split of data.file of the predictor's configuration, and gathers what it says. The worst mistakes get
 * their pictures, and each the image of the training split that is most like it. Pictures that cannot be decoded are
 * counted, and left out. *examination is overwritten; it is to be freed, on failure, too. Its filters point into the
 * predictor. Errors of rgm_data_open(), rgm_predictor_each() and rgm_nearest_find(); RGM_E_USAGE if there is no such
 * split. [main]
 */
rgm_status rgm_examine(rgm_predictor *predictor, const rgm_examine_options *options, rgm_examination *examination,
                       rgm_error *err);

#endif
