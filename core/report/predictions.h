/* What a model says of pictures: lines for people, CSV, JSON, each written as it comes, and the sums of them all.
 *
 *     rgm_predictions_begin(&predictions, &options, &err);
 *     rgm_predictions_add(predictions, &prediction, &err);                    for each, in order
 *     rgm_predictions_unreadable(predictions, file, status, reason, &err);
 *     rgm_predictions_end(predictions, seconds, &err);                        closes what was begun, prints the sums
 *     rgm_predictions_destroy(predictions);
 *
 * docs/PREDICT.md describes the formats. Memory grows with what is unreadable and what is wrong, not with the rest.
 */
#ifndef RGM_REPORT_PREDICTIONS_H
#define RGM_REPORT_PREDICTIONS_H

#include <stddef.h>
#include "base/status.h"

/* What the files begin with. */
#define RGM_PREDICTIONS_CSV  "file,class,probability"
#define RGM_PREDICTIONS_JSON "{\n  \"model\": "

typedef struct rgm_ranked {
    int32_t number; /* of the class */
    float probability;
} rgm_ranked;

typedef struct rgm_prediction {
    const char *file;         /* NULL: an image of a data set */
    const char *data, *split; /* of such an image: the file, and where in it */
    int64_t index;
    const char *name;      /* of the picture in the data set; NULL: it has none */
    int32_t label;         /* its class as known; -1: not known */
    float likelihood;      /* what the model gives the label; nothing without one */
    const rgm_ranked *top; /* [count], likeliest first */
    int32_t count;
} rgm_prediction;

typedef struct rgm_predictions_options {
    const char *model, *checkpoint, *transform; /* live as long as the predictions; transform "": of images alone */
    const char *const *names;                   /* [classes]; NULL: they have numbers alone */
    int32_t classes, top;
    int32_t labels;         /* 1: labels of some are known: CSV has a column for them */
    int32_t named;          /* 1: images of some have names: CSV has a column for them */
    int32_t columns;        /* of the widest file, for the text */
    const char *csv, *json; /* where they go, as report/summary.h says of JSON; NULL: nowhere */
    int32_t quiet;          /* 1: no sums behind the lines */
} rgm_predictions_options;

typedef struct rgm_unreadable {
    char *file, *reason;
} rgm_unreadable;

/* A pair of classes that were taken for each other. */
typedef struct rgm_mistake {
    int32_t label, taken;
    int64_t count;
} rgm_mistake;

typedef struct rgm_predictions rgm_predictions;

/* The sums; arrays are the predictions'. */
typedef struct rgm_predictions_sums {
    int64_t pictures, labelled, hits;
    double loss;           /* mean over the labelled; NaN without any */
    const int64_t *counts; /* [classes] of pictures */
    const rgm_unreadable *unreadable;
    int64_t unreadable_count;
} rgm_predictions_sums;

/* Opens files and writes their heads. RGM_E_IO, RGM_E_NOMEM. The predictions are to be destroyed on failure, too. */
rgm_status rgm_predictions_begin(rgm_predictions **predictions, const rgm_predictions_options *options, rgm_error *err);
void rgm_predictions_destroy(rgm_predictions *predictions); /* NULL is fine */

/* RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_predictions_add(rgm_predictions *predictions, const rgm_prediction *prediction, rgm_error *err);

/* The log has a line of it. RGM_E_NOMEM. */
rgm_status rgm_predictions_unreadable(rgm_predictions *predictions, const char *file, const char *reason,
                                      rgm_error *err);

/* Makes what was added visible: standard output is flushed. RGM_E_IO. */
rgm_status rgm_predictions_flush(rgm_predictions *predictions, rgm_error *err);

/* Completes files and prints the sums, of what was added until now in `seconds`. RGM_E_IO. */
rgm_status rgm_predictions_end(rgm_predictions *predictions, double seconds, rgm_error *err);

void rgm_predictions_sum(const rgm_predictions *predictions, rgm_predictions_sums *sums);

/* The `most` most frequent mistakes, most frequent first. Returns how many kinds there are, which may be more or less.
 */
int64_t rgm_predictions_mistakes(rgm_predictions *predictions, rgm_mistake *mistakes, int32_t most);

/* The class with most pictures of counts[0..classes) behind `last` in that order, -1 before the first; -1: none is
 * left.
 */
int32_t rgm_class_behind(const int64_t *counts, int32_t classes, int32_t last);

/* 1 if the text is on standard output: neither CSV nor JSON is there. */
int32_t rgm_predictions_has_text(const rgm_predictions_options *options);

/* "photos/1.jpg", or of an image "pets.h5 test 17 cat/1.jpg", with its name if it has one; cut if there is no room.
 * Returns out. */
const char *rgm_prediction_title(const rgm_prediction *prediction, char *out, size_t size);

/* The name of a class, or its number as text in `room`. */
const char *rgm_class_title(const char *const *names, int32_t number, char room[16]);

#endif
