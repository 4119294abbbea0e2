/* A run on the terminal: its messages go to the log, its steps to a progress bar; a crash tells what is saved.
 *
 *     rgm_watch watch = {.config = &config, .quiet = quiet, .kept = 1};
 *     options.events = rgm_watch_events(&watch);
 */
#ifndef RGM_CLI_WATCH_H
#define RGM_CLI_WATCH_H

#include "report/bar.h"
#include "run/run.h"

typedef struct rgm_watch {
    const rgm_config *config; /* the run's */
    int32_t quiet;            /* 1: no bar */
    int32_t kept;             /* 1: the folder stays, so that ways on from it are told */
    rgm_run_events more;      /* prepared, epoch and finished are handed on, with its context */
    rgm_bar bar;
} rgm_watch;

/* Events for rgm_run_train() and rgm_run_evaluate(). The watch is the caller's and outlives the run. */
rgm_run_events rgm_watch_events(rgm_watch *watch);

#endif
