/* The runs that an argument of `compare` stands for.
 *
 *     a run folder                 the checkpoint that its result is of: the last one, after an early stop the best one
 *     a checkpoint                 itself
 *     a folder of run folders      its sub-folders with a config.yaml, in the order of their names
 *     several of these             with commas between; a file or folder of the whole name comes first
 *
 * The best checkpoint of a run that went to its end is chosen by its validation split. On a small one that is a choice
 * by chance, which spreads several times as much from seed to seed as the last checkpoints do. So it is not taken.
 */
#ifndef RGM_RECIPE_CONTESTANTS_H
#define RGM_RECIPE_CONTESTANTS_H

#include "base/stop.h"
#include "report/runfolder.h"

enum { RGM_CONTESTANTS_MOST = 1024 };

typedef struct rgm_contestant {
    char *name;       /* as it was given, or folder/sub-folder */
    char *checkpoint; /* its file */
    int32_t folder;   /* 1: name is a run folder */
} rgm_contestant;

typedef struct rgm_contestants {
    int32_t count;
    rgm_contestant *list; /* [count] */
} rgm_contestants;

/* Finds them. Of a folder of runs, one without a checkpoint is left out with a warning. A run that is not through is
 * warned of. RGM_E_USAGE for what is no run, for a run that is named twice, RGM_E_IO, RGM_E_NOMEM,
 * RGM_E_INTERRUPTED. They are to be freed, on failure, too. */
rgm_status rgm_contestants_find(rgm_contestants *runs, const char *argument, const rgm_stop *stop, rgm_error *err);
void rgm_contestants_free(rgm_contestants *runs); /* a zeroed one is fine */

/* 1 if both are of one file. */
int32_t rgm_contestants_same(const rgm_contestant *a, const rgm_contestant *b);

#endif
