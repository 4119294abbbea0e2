/* A training or an evaluation on the terminal. Its messages go to the log, its steps to a progress bar, its result to
 * standard output. A signal stops it, and a crash tells what is saved.
 *
 *     rgm_watch watch = {.quiet = quiet, .json = json, .machine = machine};
 *     const regimen_events events = rgm_watch_events(&watch);
 */
#ifndef RGM_CLI_WATCH_H
#define RGM_CLI_WATCH_H

#include <regimen/regimen.h>
#include "report/bar.h"
#include "run/run.h"

typedef struct rgm_watch {
    int32_t quiet;                  /* 1: no bar */
    const char *json;               /* where the result goes, as cli/result.h says */
    const regimen_machine *machine; /* beside whose peak it stands; before it is finished */
    const rgm_run_events *more;     /* of a run: prepared, epoch and finished are handed on, with its context */
    int64_t steps, batch;           /* of a run: all of it; images of a step */
    int32_t epochs;
    rgm_bar bar;
} rgm_watch;

/* Events for the functions of the library. The watch is the caller's and outlives them. */
regimen_events rgm_watch_events(rgm_watch *watch);

/* Events for rgm_run_train(), of a run whose folder does not stay and whose result `more` tells. */
rgm_run_events rgm_watch_run_events(rgm_watch *watch);

#endif
