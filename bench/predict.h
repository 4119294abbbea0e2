/* bench predict: how long one image takes, and how many images a second there are. They come from memory, and from
 * files with all that belongs to that: reading, decoding, the transform. On the code path of predict. */
#ifndef RGM_BENCH_PREDICT_H
#define RGM_BENCH_PREDICT_H

#include <signal.h>
#include "run/predictor.h"

typedef struct rgm_bench_predict_options {
    int32_t singles;          /* images of which the latency is taken */
    int32_t batches;          /* batches from memory; passes over the files are a third of them, three at least */
    int32_t warmup;           /* images, and batches, before those */
    const char *const *files; /* [file_count] pictures */
    int64_t file_count;       /* 0: none */
    const volatile sig_atomic_t *stop; /* nonzero: RGM_E_INTERRUPTED */
    const char *json;                  /* of the command line; NULL: nowhere */
} rgm_bench_predict_options;

/* Completes a configuration for a model of random weights: image (1x28x28) and classes (10), where it has none; and
 * makes it. Errors of rgm_predictor_create(). [main] */
rgm_status rgm_bench_predict_random(rgm_predictor **predictor, rgm_config *config, rgm_device *device, rgm_error *err);

/* Measures and prints the result, as text or where `json` says. RGM_E_FORMAT for a file that is no picture. [main] */
rgm_status rgm_bench_predict(rgm_predictor *predictor, const rgm_device *device,
                             const rgm_bench_predict_options *options, rgm_error *err);

#endif
