/* Verdicts of a check (report/verdicts.h) on the page of a run. */
#ifndef RGM_REPORT_RUN_CHECKS_H
#define RGM_REPORT_RUN_CHECKS_H

#include <stdint.h>
#include <stdio.h>

/* The file in a run folder that 'regimen check --json=FILE' was told to write. Nothing else puts it there. */
#define RGM_RUN_CHECKS_FILE "check.json"

/* 1 if the folder has it. */
int32_t rgm_run_checks_are_there(const char *folder);

/* A table of verdict, line, figure, cause and edit, in the order of the file: the worst first. What passed is folded.
 * A file that holds no verdicts is said to, and nothing is written without one. */
void rgm_run_checks_put(FILE *to, const char *folder);

#endif
