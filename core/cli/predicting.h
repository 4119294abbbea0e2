/* Predictions of many pictures, window by window: read and transformed by all threads, predicted in batches, told in
 * order. Memory is that of a window, whatever the number of pictures. */
#ifndef RGM_CLI_PREDICTING_H
#define RGM_CLI_PREDICTING_H

#include "cli/inputs.h"
#include "data/dataset.h"
#include "report/bar.h"
#include "report/predictions.h"
#include "run/predictor.h"

enum { RGM_LABELS_AUTO = 0, RGM_LABELS_FOLDER = 1, RGM_LABELS_NONE = 2 };

/* A data set among the inputs. */
typedef struct rgm_predicted_set {
    rgm_dataset *set; /* NULL: it cannot be read */
    int32_t split;
    int32_t
        *labels; /* the model's numbers of its classes; -1: the model does not know it. NULL: labels are not wanted */
    char reason[RGM_ERROR_LINE];
} rgm_predicted_set;

/* One image, as it is told. */
typedef struct rgm_predicted {
    rgm_prediction prediction; /* its top and texts are good until the next call */
    int64_t item;              /* of the inputs */
    int32_t set;               /* of the sets; -1: a file */
} rgm_predicted;

typedef struct rgm_predicting {
    rgm_predictor *predictor;
    const rgm_inputs *inputs;
    const char *const *names;  /* of classes; NULL: none */
    int32_t classes, top, how; /* how: RGM_LABELS_* */
    int32_t split;             /* of data sets; -1: test, else validation, else train */
    rgm_predictions *out;
    rgm_stop stop;
    int32_t bar_quiet;

    /* told of each prediction besides */
    rgm_status (*also)(void *context, const rgm_predicted *predicted, rgm_error *err);
    void *context;

    /* its own; zeros at first */
    rgm_transform transform; /* of other than 1 or 3 channels: the size alone, for images of such */
    rgm_predicted_set *sets; /* [inputs->sets], in their order */
    int32_t set_count;
    int64_t total, done; /* images, in all and looked at */
    double seconds;
    rgm_bar bar;
    struct rgm_answers *window;
} rgm_predicting;

/* Opens the data sets. One that cannot be read is told later. RGM_E_USAGE for one that lacks the split, or whose
 * images have other channels than the model's; RGM_E_NOMEM, RGM_E_INTERRUPTED. */
rgm_status rgm_predicting_open(rgm_predicting *predicting, rgm_error *err);

/* Fills in what is known of the inputs: whether some have labels or names, and the columns of the widest title. */
void rgm_predicting_look(const rgm_predicting *predicting, rgm_predictions_options *options);

/* Predicts all. RGM_E_INTERRUPTED within a second or so, between two pictures or batches, errors of
 * rgm_predictor_predict(), RGM_E_IO of results. What cannot be read is told, and is no failure. */
rgm_status rgm_predicting_run(rgm_predicting *predicting, rgm_error *err);

/* Frees what is its own. */
void rgm_predicting_close(rgm_predicting *predicting);

#endif
