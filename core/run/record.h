/* What a run writes into metrics.jsonl; docs/FILES.md lists the events. Without a folder all of it does nothing. */
#ifndef RGM_RUN_RECORD_H
#define RGM_RUN_RECORD_H

#include "report/metrics.h"
#include "run/board.h"
#include "train/loop.h"
#include "train/watch_rules.h"

typedef struct rgm_record {
    rgm_metrics metrics;
    rgm_board board; /* the same for TensorBoard, where it is asked for */
    const rgm_config *config;
    double window_seconds;               /* since the last step event of this process */
    double window_waited, window_making; /* of them: waiting for pixels, making batches */
    int64_t window_images;
    double seconds, data_seconds; /* of this process' steps; for waiting and making */
    double saving_since;          /* seconds, monotonic */
    int32_t ended;                /* 1: its end has been told */
} rgm_record;

rgm_status rgm_record_start(rgm_record *record, const rgm_session *session, const rgm_progress *progress,
                            int32_t resumed, rgm_error *err);

/* Counts the step, and tells it if it is the turn of metrics.every. */
rgm_status rgm_record_step(rgm_record *record, const rgm_step_event *event, rgm_error *err);

typedef struct rgm_record_evaluation {
    int32_t split; /* RGM_SPLIT_* */
    const rgm_tally *tally;
    double seconds;
} rgm_record_evaluation;

rgm_status rgm_record_evaluated(rgm_record *record, const rgm_progress *progress,
                                const rgm_record_evaluation *evaluation, rgm_error *err);

rgm_status rgm_record_warning(rgm_record *record, const rgm_progress *progress, const rgm_warning *warning,
                              rgm_error *err);

/* What the policy did (train/policy.h): the event is called by its action. */
rgm_status rgm_record_caught(rgm_record *record, const rgm_progress *progress, const rgm_caught *caught,
                             rgm_error *err);

/* A checkpoint is about to be written: what was told before is brought to the disk. */
rgm_status rgm_record_saving(rgm_record *record, rgm_error *err);

/* It is written; `seconds` is NaN where nobody knows any more. */
typedef struct rgm_record_checkpoint {
    const char *path;
    int32_t best;
    double seconds;
} rgm_record_checkpoint;

rgm_status rgm_record_saved(rgm_record *record, const rgm_progress *progress, const rgm_record_checkpoint *checkpoint,
                            rgm_error *err);

/* The share of the time of this process' steps that went to waiting for pixels and making batches; NaN: none was made.
 */
double rgm_record_data_share(const rgm_record *record);

/* The end, once: later calls do nothing. */
rgm_status rgm_record_end(rgm_record *record, const rgm_progress *progress, const char *reason, rgm_error *err);

#endif
