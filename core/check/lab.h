/* The laboratory of the checks: small sets of pixels in memory, made of a data set by one change, and short trainings
 * on them.
 *
 * A check compares a net with its twin, which differs in one thing: other pixels, other labels, another setting. Both
 * see the same images in the same order. Trainings leave no files and share the machine of the command.
 */
#ifndef RGM_CHECK_LAB_H
#define RGM_CHECK_LAB_H

#include "base/stop.h"
#include "data/dataset.h"
#include "run/run.h"
#include "train/config.h"
#include "train/device.h"

/* ---- sets ---- */

/* A set of pixels in memory. */
typedef struct rgm_lab_set {
    rgm_dataset *set; /* what trainings take */
    int32_t H, W, C, classes;
    int64_t count[RGM_SPLIT_COUNT];
    uint8_t *images[RGM_SPLIT_COUNT]; /* [count][H][W][C] */
    int32_t *labels[RGM_SPLIT_COUNT]; /* [count] */
    int64_t *from[RGM_SPLIT_COUNT];   /* [count] their places in the split of the set that they are of */
} rgm_lab_set;

/* Changes images or labels of a set in memory before trainings see it. [main] */
typedef void (*rgm_lab_change_fn)(void *context, rgm_lab_set *set);

typedef struct rgm_lab_wish {
    int64_t train, validation; /* images, at most; the same classes' shares as in the split. Of the
                                  session's views: without what is left out, validation apart */
    int64_t test;              /* the same of the test split; 0: none of it is taken */
    uint64_t seed;             /* which */
    rgm_lab_change_fn change;  /* NULL: none */
    void *context;             /* of `change` */
} rgm_lab_wish;

/* Copies images of the session's training view and validation view; without the latter there is no validation split.
 * Of encoded pictures they become images of the model's size. There is a test split only if it is wished for. Free *lab
 * whatever is returned. RGM_E_NOMEM, RGM_E_IO, RGM_E_INTERRUPTED, RGM_E_USAGE for a set that has fewer than 2 images.
 * [main] */
rgm_status rgm_lab_set_make(rgm_lab_set *lab, const rgm_session *session, const rgm_lab_wish *wish, rgm_error *err);
void rgm_lab_set_free(rgm_lab_set *lab); /* a zeroed one is fine */

/* ---- trainings ---- */

/* Settings over the configuration: "key", "value", ..., NULL. */
typedef const char *const *rgm_lab_settings;

typedef struct rgm_lab_job {
    const rgm_config *config;  /* fitted to the whole set, so that its batch and rate hold for a small one, too */
    rgm_lab_settings settings; /* over it, in order; NULL: none */
    rgm_device *device;
    const rgm_dataset *set;
    int64_t steps; /* the run ends after so many; epochs are set so that the schedule has as many. 0: as configured */
    int32_t no_evaluations; /* 1: epochs are not evaluated, which takes time */
    rgm_run_events events;  /* beside what the lab itself hears; its context. May be zeros */
    rgm_stop stop;
} rgm_lab_job;

enum { RGM_LAB_STEPS = 4096 };

/* What a training gave. */
typedef struct rgm_lab_result {
    rgm_status status;             /* RGM_E_NUMERIC and other failures of the run itself are results, too */
    rgm_error why;                 /* of a failure */
    int64_t steps;                 /* made, of which the first RGM_LAB_STEPS are told below */
    float loss[RGM_LAB_STEPS];     /* mean of each step's batch, before its update */
    float accuracy[RGM_LAB_STEPS]; /* of it */
    float norm[RGM_LAB_STEPS];     /* of its gradient */
    double validation_loss, validation_accuracy; /* after the last step; NaN: not evaluated */
    int64_t validation_images;
} rgm_lab_result;

/* Trains. A failure of the run is told in the result. Returned are RGM_E_INTERRUPTED and RGM_E_NOMEM alone. [main] */
rgm_status rgm_lab_train(const rgm_lab_job *job, rgm_lab_result *result, rgm_error *err);

/* A training that nobody drives: its session and trainer at the start, for checks that make steps of their own. */
typedef struct rgm_lab_bench {
    rgm_config *config;
    rgm_session *session;
    rgm_trainer *trainer;
} rgm_lab_bench;

/* As the job says, but for its events. Close *bench whatever is returned. [main] */
rgm_status rgm_lab_open(rgm_lab_bench *bench, const rgm_lab_job *job, rgm_error *err);
void rgm_lab_close(rgm_lab_bench *bench); /* a zeroed one is fine */

/* Mean of a series from step `first` on, over `count` steps; NaN if it has fewer. */
double rgm_lab_mean(const float *series, int64_t steps, int64_t first, int64_t count);

#endif
