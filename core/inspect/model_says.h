/* What a model says of a whole set: a checkpoint's (run/predictor.h), or out-of-fold networks' (folds.h). */
#ifndef RGM_INSPECT_MODEL_SAYS_H
#define RGM_INSPECT_MODEL_SAYS_H

#include "inspect/images.h"
#include "report/findings.h"
#include "report/inspection_model.h"
#include "train/config.h"

typedef struct rgm_model_ask {
    rgm_images *images; /* of the set */
    rgm_device *device;
    const uint8_t *broken;    /* [images], by number, 1: a picture that cannot be decoded */
    const int64_t *group;     /* as in folds.h */
    const char *checkpoint;   /* a file or a run folder, of which the best is taken; NULL: folds */
    int32_t folds, repeats;   /* as in folds.h; no repeats: one */
    const rgm_config *config; /* of the folds */
    void (*begin)(void *context, const char *what, int64_t total); /* NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* NULL: not told */
    void *context;                                                 /* of both */
    rgm_stop stop;
} rgm_model_ask;

/* Makes *model, to be freed whatever is returned (NULL if there is none), and adds findings of label errors. A log line
 * says it if the model has learnt the labels that it judges. Errors of rgm_folds_say(), rgm_predictor_create(),
 * rgm_predictor_each() and rgm_data_open(). RGM_E_IO, RGM_E_FORMAT for a checkpoint that cannot be read. [main] */
rgm_status rgm_model_says(const rgm_model_ask *ask, rgm_inspection_model **model, rgm_findings *findings,
                          rgm_error *err);

#endif
