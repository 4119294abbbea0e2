/* The result of a training run or an evaluation, as text for people and as JSON for programs. */
#ifndef RGM_REPORT_SUMMARY_H
#define RGM_REPORT_SUMMARY_H

#include <jansson.h>
#include <stddef.h>
#include "base/status.h"

enum { RGM_SUMMARY_TEXT = 4096 };

/* Texts may be NULL and counts, times and rates 0: then they are left out. */
typedef struct rgm_summary {
    const char *model, *data, *split; /* "resnet20", "fashion.h5", "test" */
    const char *run, *checkpoint;     /* folder, file */
    const char *stopped;              /* why the run ended before its length: "early stopping: ..." */
    int64_t images, hits, hits5;      /* of the evaluation: labels right at the first place, among the first five;
                                         hits5 -1: not counted */
    int32_t classes;                  /* of the model; up to five, the text has no line of the first five */
    double loss;                      /* of the evaluation, mean */
    int64_t steps;
    int32_t epochs;
    double seconds;      /* of the training or the evaluation, without set-up */
    double images_per_s; /* in that time */
    double gflops;       /* effective: the arithmetic of direct convolution, a second, in units of 1e9 */
    double peak_gflops;  /* of the machine, all threads of the run */
    double data_share;   /* of the time of training steps: waiting for pixels, making batches; 0 or NaN: not known */
} rgm_summary;

/* "accuracy   92.14 % (95 % interval 91.60 to 92.65, 10000 test images)" and so on: a line a fact, each with its
 * newline. Returns out. */
const char *rgm_summary_text(const rgm_summary *summary, char out[RGM_SUMMARY_TEXT]);

/* {"model", "data", "split", "accuracy", "accuracy_low", "accuracy_high", "accuracy5", "loss", "images", "steps",
 * "epochs", "seconds", "images_per_s", "gflops", "peak_share", "data_share", "run", "checkpoint", "stopped"}: fractions
 * and seconds. NULL if memory is short. The caller owns the reference. */
json_t *rgm_summary_json(const rgm_summary *summary);

/* A number for JSON: null if it is not finite. */
json_t *rgm_json_real(double value);

/* A text for JSON, with U+FFFD for each byte that is not UTF-8. NULL without memory. */
json_t *rgm_json_text(const char *text);

/* Where --json sends a result: a file, "-" for standard output, NULL for nowhere. 1 if standard output is free for
 * text.
 */
int32_t rgm_json_leaves_text(const char *target);

/* Writes indented JSON and a newline to a file, replacing it, or to standard output (target "-"). RGM_E_IO. */
rgm_status rgm_json_write(const json_t *json, const char *target, rgm_error *err);

#endif
