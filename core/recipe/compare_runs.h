/* Runs that are asked about the same images, and then compared (recipe/compare.h).
 *
 * All runs are asked about the same images of one data set. Of each answer 16 bytes are kept. Images that a run left
 * out of its data (data.exclude) are asked about, too.
 */
#ifndef RGM_RECIPE_COMPARE_RUNS_H
#define RGM_RECIPE_COMPARE_RUNS_H

#include "recipe/compare.h"
#include "recipe/contestants.h"
#include "run/predictor.h"

typedef struct rgm_compare_ask {
    const rgm_contestants *sides[RGM_SIDES];
    rgm_device *device;
    int32_t split; /* RGM_SPLIT_*; -1: test, or else validation */
    int32_t moved; /* 1: `adapt` says where the data is, whatever the runs were trained on */
    rgm_status (*adapt)(void *context, rgm_config *config, rgm_error *err); /* changes a run's configuration before it
                                                                               is used; NULL: nothing */
    void (*begin)(void *context, int64_t total); /* images that are asked about, runs times */
    void (*progress)(void *context, int64_t done);
    void (*taken)(void *context, const rgm_replies *replies); /* all answers are there; NULL: not told */
    void *context;                                            /* of all */
    rgm_stop stop;
} rgm_compare_ask;

/* Compares; *set is the data set, the caller's to close, on failure, too. The comparison is to be freed before, on
 * failure, too. RGM_E_USAGE with the way on for runs of other data, other classes, or other images held out.
 * The same for a run on both sides, unless the sides are the same. And for two runs of a side with one seed and the
 * same answers. Errors of rgm_predictor_each() and of loading a model. [main] */
rgm_status rgm_compare_runs(const rgm_compare_ask *ask, rgm_comparison *comparison, rgm_dataset **set, rgm_error *err);

#endif
