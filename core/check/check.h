/* The checks of a training's set-up: the data, what enters the net, the net itself, its start, a step, short trainings.
 *
 *     rgm_check(&options, &verdicts, &err);
 *     rgm_verdicts_write_json(&verdicts, ...);       report/verdicts.h
 *     rgm_verdicts_free(&verdicts);
 *
 * Each check is a row of one table (check/checks.h): a name, a family, a function. docs/CHECKS.md has what each looks
 * at, its thresholds and where these come from. The verdicts depend on configuration, data, seed and machine alone.
 */
#ifndef RGM_CHECK_CHECK_H
#define RGM_CHECK_CHECK_H

#include "base/stop.h"
#include "report/verdicts.h"
#include "train/config.h"
#include "train/device.h"

typedef struct rgm_check_options {
    const rgm_config *config; /* as the user gave it: file, flags and --set */
    const char *command;      /* that checks again, without --only: "regimen check run.yaml --data d.h5" */
    const char *only;         /* names or families, with commas between; NULL: all */
    int32_t quick;            /* 1: only checks that take seconds */
    int32_t verify;           /* 1: of what fails or warns, the edit is applied to a copy and the check made again */
    const char *human;        /* answers of `label`; NULL: none */
    rgm_stop stop;
    void (*begin)(void *context, const char *name);          /* a check begins; NULL: not told */
    void (*told)(void *context, const rgm_verdict *verdict); /* it has ended; NULL: not told */
    void *context;
} rgm_check_options;

/* Makes the checks in the order of the table. *verdicts is to be freed whatever is returned. A check that fails for a
 * reason of its own (no memory, say) is NOT CHECKED with that reason, and the others go on. RGM_E_USAGE for a name that
 * is none, and for a configuration or data that no training could be made of; RGM_E_INTERRUPTED; RGM_E_NOMEM. [main] */
rgm_status rgm_check(const rgm_check_options *options, rgm_verdicts *verdicts, rgm_error *err);

/* The name, family and question of check `i`, and whether --quick has it; NULL behind the last. */
typedef struct rgm_check_about {
    const char *name, *family, *question;
    int32_t quick;
} rgm_check_about;
const rgm_check_about *rgm_check_list(int32_t i);

#endif
