/* Reports of runs: which page is written for which folders. Of the command report, and of train at its end. */
#ifndef RGM_CLI_REPORTING_H
#define RGM_CLI_REPORTING_H

#include "base/stop.h"
#include "cli/options.h"
#include "library/inside.h"
#include "report/bar.h"
#include "report/run_page.h"

typedef struct rgm_reporting {
    rgm_run_page page;
    rgm_history *histories[RGM_RUN_PAGE_RUNS];
    rgm_risks risks[RGM_RUN_PAGE_RUNS];

    /* of an examination */
    rgm_examination examination;
    char checkpoint[RGM_RUNFOLDER_PATH];
    regimen_config *config;
    regimen_machine *machine;
    regimen_model *model;
    rgm_bar bar;
    int32_t quiet;
    rgm_watched *watched; /* of the only run; NULL: none */
} rgm_reporting;

/* Reads the runs' folders, [count], RGM_RUN_PAGE_RUNS at most; *reporting is overwritten. It is to be closed, on
 * failure, too. Errors of rgm_history_read(). */
rgm_status rgm_reporting_read(rgm_reporting *reporting, const char *const *folders, int32_t count, const rgm_stop *stop,
                              rgm_error *err);
/* Asks the only run's model about a split: RGM_SPLIT_*, -1: test, else validation. The configuration is the
 * checkpoint's own; the line may change it. Errors of rgm_examine() and of loading a model. The run's risks grow. */
rgm_status rgm_reporting_examine(rgm_reporting *reporting, const rgm_cli_line *line, int32_t split,
                                 const rgm_stop *stop, rgm_error *err);
void rgm_reporting_close(rgm_reporting *reporting); /* a zeroed one is fine */

/* Refuses a file that could not be written (RGM_E_IO), and one that is there and is no report (RGM_E_USAGE). */
rgm_status rgm_reporting_check(const char *path, rgm_error *err);

/* Where a run's own report is: RUN/report.html. Returns path. */
const char *rgm_reporting_path(const char *folder, char path[RGM_RUNFOLDER_PATH]);

/* Writes the run's own report and says where; what hinders it is a warning. Of a training that has ended. [main] */
void rgm_reporting_ended(const char *folder);

#endif
