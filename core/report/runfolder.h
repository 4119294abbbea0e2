/* The run folder:
 *
 *     config.yaml       the effective configuration
 *     metrics.jsonl     events (metrics.h)
 *     log.txt           the log with time stamps
 *     watch.h5          what was watched (train/watched_file.h)
 *     checkpoints/      last.h5, best.h5; back.h5 with watch.policy rewind
 *
 * An open run folder is locked (flock on the folder), so that two processes never write into one. On a file system
 * without locks there is a warning instead. The file config.yaml comes first and is whole from its first moment. A
 * folder with it is a run that can be resumed: with a checkpoint or, before the first one, from the beginning.
 */
#ifndef RGM_REPORT_RUNFOLDER_H
#define RGM_REPORT_RUNFOLDER_H

#include "base/log.h"
#include "train/config.h"

enum { RGM_RUNFOLDER_PATH = RGM_CONFIG_PATH + 32 };

typedef struct rgm_runfolder {
    char path[RGM_CONFIG_PATH];
    char config[RGM_RUNFOLDER_PATH], metrics[RGM_RUNFOLDER_PATH], log[RGM_RUNFOLDER_PATH], watch[RGM_RUNFOLDER_PATH];
    char checkpoints[RGM_RUNFOLDER_PATH], last[RGM_RUNFOLDER_PATH], best[RGM_RUNFOLDER_PATH];
    char back[RGM_RUNFOLDER_PATH];
    rgm_log_file said;          /* log.txt */
    int32_t has_last, has_best; /* which checkpoints there were when it was opened */
    int32_t has_run;            /* 1: rgm_runfolder_create() was refused because of a run that can be continued */
    int32_t open;               /* 1: fd is the folder, locked */
    int fd;                     /* any number: 0 where a program has closed its standard input */
} rgm_runfolder;

/* Makes a new run's folder and those above it: config->out. If that is "", it becomes runs/MODEL-N with the first free
 * N. Writes config.yaml, makes checkpoints/, opens log.txt. A folder that is there may hold anything but a run:
 * RGM_E_USAGE. RGM_E_IO. [main] */
rgm_status rgm_runfolder_create(rgm_runfolder *folder, rgm_config *config, rgm_error *err);

/* Where a run to be resumed has its configuration. RGM_E_IO if there is no such folder, or what is in it cannot be
 * seen. RGM_E_USAGE if no run is in it: config.yaml must be there. */
rgm_status rgm_runfolder_find(const char *path, char config[RGM_RUNFOLDER_PATH], rgm_error *err);

/* The checkpoint of a run, if there is one: best.h5 or last.h5, `best` saying which comes first. Returns 1 and its
 * path, or 0. */
int32_t rgm_runfolder_checkpoint(const char *path, int32_t best, char checkpoint[RGM_RUNFOLDER_PATH]);

/* Opens the folder of a run that was found; no other process may be in it (RGM_E_USAGE). Removes what a writer that was
 * killed left, makes checkpoints/ if it never came to that, and opens log.txt. [main] */
rgm_status rgm_runfolder_open(rgm_runfolder *folder, const char *path, rgm_error *err);

/* Writes config.yaml again if `config` is another one than it holds: a run goes on as it went on last. RGM_E_IO. */
rgm_status rgm_runfolder_keep(const rgm_runfolder *folder, const rgm_config *config, rgm_error *err);

/* Unlocks and closes log.txt. A zeroed or closed struct is fine. */
void rgm_runfolder_close(rgm_runfolder *folder);

#endif
