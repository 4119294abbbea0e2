/* What a model says of a data set, as plain data: inspect/says.h fills it, report/ tells it.
 *
 * Images are judged in parts, each by a model that saw them in training or did not: that decides what its figures are
 * worth. The parts are numbered as splits are. What a run held out of the training split is a part of its own.
 */
#ifndef RGM_REPORT_INSPECTION_MODEL_H
#define RGM_REPORT_INSPECTION_MODEL_H

#include "data/dataset.h"
#include "report/interval.h"

enum {
    RGM_SAYS_BINS = 15,    /* of a calibration, of equal width in confidence */
    RGM_SAYS_MATRIX = 512, /* most classes of a whole confusion matrix */
    RGM_SAYS_PAIRS = 30,   /* most confused pairs that are kept */
    RGM_SAYS_LOSSES = 50   /* largest losses that are kept */
};

/* Whether the model was trained on the images that it judges. */
enum {
    RGM_SEEN_NOT = 0, /* another split, or what its run held out */
    RGM_SEEN_FOLDS,   /* no: each was judged by a model trained without its fold */
    RGM_SEEN_TRAINED, /* yes: it has learnt their labels, so that errors hide and figures flatter */
    RGM_SEEN_UNKNOWN  /* the checkpoint does not say what it was trained on, or was trained on another set */
};

/* "hits of n", as a fraction with its 95 % interval (interval.h); n 0: nothing to tell. */
typedef struct rgm_share {
    int64_t hits, n;
    double low, high;
} rgm_share;

rgm_share rgm_share_of(int64_t hits, int64_t n);

/* So many images of class `given` that the model takes for `predicted`. */
typedef struct rgm_confused {
    int32_t given, predicted;
    int64_t count, of; /* of so many that are given as that class */
} rgm_confused;

/* Images whose probability of the predicted class is in (i, i + 1] / RGM_SAYS_BINS. */
typedef struct rgm_calibration_bin {
    double confidence; /* mean of that probability; NaN without any */
    rgm_share hits;
} rgm_calibration_bin;

/* A part of the images. */
typedef struct rgm_judged {
    int32_t split;  /* whose images they are: that of a held-out part is RGM_SPLIT_TRAIN */
    int32_t seen;   /* RGM_SEEN_* */
    int64_t images; /* 0: there is no such part */
    rgm_share hits; /* accuracy */
    double loss;    /* mean cross entropy, in nats */

    int64_t *confusion;            /* [classes][classes], [given][predicted]; NULL above RGM_SAYS_MATRIX classes */
    rgm_share *recall, *precision; /* [classes]; precision: n is how many are predicted as the class */
    rgm_confused *confused;        /* [confused_count], most frequent first; mistakes alone */
    int32_t confused_count;

    rgm_calibration_bin bins[RGM_SAYS_BINS];
    double ece, ece_low, ece_high; /* expected calibration error, with its 95 % interval */

    double errors;    /* label errors that the part is estimated to have */
    int64_t reported; /* findings of them */
} rgm_judged;

/* An image that the model gives its label least, and the most similar training image. */
typedef struct rgm_top_loss {
    int32_t split, label, predicted;
    float given, probability; /* what the label gets, and what the predicted class gets */
    double loss;              /* -log of what the label gets */
    int64_t index;
    int64_t nearest; /* index in the training split, another image than this; -1: none */
    double distance; /* of pixels as 0 to 1, made small: root of the mean square */
} rgm_top_loss;

typedef struct rgm_inspection_model {
    char *title;      /* "runs/a/checkpoints/best.h5", "2 times 3 folds, cnn, 6 epochs"; for people */
    int32_t folds;    /* 0: of a checkpoint */
    int32_t repeats;  /* of the folds, 1 or more; 0: of a checkpoint */
    int32_t classes;  /* of the set */
    int32_t own_data; /* 1: the set is what the checkpoint was trained on, by its fingerprint */
    rgm_judged parts[RGM_SPLIT_COUNT];
    rgm_top_loss losses[RGM_SAYS_LOSSES]; /* largest first, of all parts */
    int32_t losses_count;
    int64_t unjudged; /* images without an answer: excluded, or unreadable */
    double seconds;
} rgm_inspection_model;

void rgm_inspection_model_free(rgm_inspection_model *model); /* and itself; NULL is fine */

#endif
