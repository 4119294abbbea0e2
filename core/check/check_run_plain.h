/* The plain short training of checks of a run: what other short trainings are compared with, and its evaluation. */
#ifndef RGM_CHECK_CHECK_RUN_PLAIN_H
#define RGM_CHECK_CHECK_RUN_PLAIN_H

#include "check/checks.h"
#include "check/checksums.h"

enum {
    RGM_RUN_STATE = RGM_PARAMETERS | RGM_STATISTICS | RGM_SLOTS | RGM_PLUGIN_STATES,
    RGM_RUN_EARLY = 4 /* steps after which seeds are compared: the first step differs already, unless its rate is 0 */
};

typedef struct rgm_run_plain {
    rgm_checksums early, end; /* of RGM_RUN_STATE behind RGM_RUN_EARLY steps and behind all of them */
    double first_loss;
    rgm_status status; /* of the evaluation, with `why`; the rest is of it */
    rgm_error why;
    rgm_view view;
    uint32_t *indices;
    rgm_tally told;        /* by the trainer */
    int64_t seen, right;   /* by the predictions */
    int64_t ties;          /* images whose likeliest class is not alone */
    double loss;           /* sum of -log p of the labels */
    int32_t state_differs; /* 1: the evaluation changed the state */
    char changed[96];      /* the first tensor of it */
} rgm_run_plain;

/* RGM_SHORT_STEPS steps, and behind them an evaluation, which cannot touch what was taken before. [main] */
rgm_status rgm_run_plain_train(rgm_checking *c, const rgm_run_plain **plain, rgm_error *err);

/* The same where the evaluation is asked for: its errors are returned. [main] */
rgm_status rgm_run_evaluation(rgm_checking *c, const rgm_run_plain **plain, rgm_error *err);

#endif
