/* A run that is watched: signals of each step go to the rules (train/watch_rules.h), whose warnings are told, and into
 * watch.h5 (train/watched.h). Nothing of it is a reason to end a run. What fails is told once, and the run goes on.
 */
#ifndef RGM_RUN_WATCHING_H
#define RGM_RUN_WATCHING_H

#include "run/record.h"
#include "train/watch_rules.h"
#include "train/watched.h"

typedef struct rgm_watching rgm_watching;

typedef struct rgm_watching_options {
    const rgm_session *session;
    rgm_trainer *trainer;
    const rgm_view *judged; /* what epochs are evaluated on; the fixed batch is of it, or of the training split */
    const char *path;       /* watch.h5; "": no file is written */
    const char *metrics;    /* metrics.jsonl, as it is when the run goes on: what has been said is not said again */
    int32_t fresh;          /* 1: initialized weights, at step 0 */
    int32_t resumed;        /* 1: the file is there to go on with */
    int64_t step;           /* steps made */
    rgm_stop stop;
} rgm_watching_options;

/* NULL if there is no memory for it; that is told. A file that is missing, damaged or of another run is begun anew, and
 * told. One that cannot be read for another reason stays as it is, and is told: a stop, memory, the disk. [main] */
rgm_watching *rgm_watching_begin(const rgm_watching_options *options);
void rgm_watching_end(rgm_watching *watching); /* NULL is fine, here and below */

/* After a step: new warnings go to the log and to metrics.jsonl. RGM_E_IO if they cannot be written there. [main] */
rgm_status rgm_watching_step(rgm_watching *watching, rgm_record *record, const rgm_progress *progress, rgm_error *err);

/* A step's loss is a spike: adds to what is said of it the layer whose gradient has grown most. [main] */
void rgm_watching_spiked(const rgm_watching *watching, rgm_error *said);

/* A step was left out; `back`: the run has gone back to an earlier state. [main] */
void rgm_watching_caught(rgm_watching *watching, const rgm_progress *progress, int32_t back);

/* After an evaluation, or an epoch without: the fixed batch's predictions. [main] */
void rgm_watching_predict(rgm_watching *watching, int64_t step);

/* Writes watch.h5, if there is anything new. A file that cannot be written is told once. [main] */
void rgm_watching_save(rgm_watching *watching);

#endif
