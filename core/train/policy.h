/* What becomes of a step whose loss or gradient is not finite: `watch.policy`. And of one whose loss is a spike
 * (spike.h): `watch.spikes`.
 *
 *     stop      the run ends with RGM_E_NUMERIC
 *     skip      the step is left out: no update, running statistics as before. `watch.most` in a row at most
 *     rewind    parameters, slots, statistics and plugins' states go back to the end of the last epoch, or to the
 * start. The rate is halved from there on. `watch.most` times in a run at most
 *     note      of spikes only: the step is made, and the watch warns of the first (watch_rules.h)
 *
 * They are two options, for the two differ. A step that is not finite spoils a model, and must not be made. A run may
 * recover from a spike, and leaving it out changes bits. Both count in the same two limits, so that a run whose every
 * step is one or the other ends.
 *
 * A spike is known before the update, behind the backward pass. Its step is left out as one that is not finite.
 *
 * The clock goes on in both: the next step has the next batch. What is beyond `watch.most` ends the run as `stop` does.
 * A state that is found not finite at an epoch's end, or where it is to be saved, is rewound, too; skipping cannot mend
 * it. Saved amid an epoch, it goes back one step earlier than without, so other bits follow. After a rewind the usual
 * loss is found anew: beside that of a better state each step of the earlier one could be a spike.
 *
 * A run that is resumed goes on with the same bits: a checkpoint has the numbers of progress.h. The state to go back to
 * lies in a checkpoint of its own, which a stop between epochs does not replace. If that file is missing or of another
 * epoch, the state that the run is resumed with takes its place.
 */
#ifndef RGM_TRAIN_POLICY_H
#define RGM_TRAIN_POLICY_H

#include "train/snapshot.h"

typedef struct rgm_policy {
    const rgm_session *session;
    rgm_trainer *trainer;
    const char *back;   /* the checkpoint to go back to; NULL: it is kept in memory */
    rgm_snapshot *kept; /* the same in memory; NULL: none, or it is in the file */
    rgm_states *states; /* and what plugins keep; NULL with `kept` */
    int32_t known;      /* 1: there is a state to go back to */
} rgm_policy;

/* 1 if the run may go back, so that a state is to be kept for it. */
int32_t rgm_policy_rewinds(const rgm_config *config);

/* Of a run that stands at *progress. Sets the trainer's rate. [main] */
void rgm_policy_begin(rgm_policy *policy, const rgm_progress *progress);
void rgm_policy_end(rgm_policy *policy);

/* Keeps the state as it is, to go back to; nothing unless a policy is `rewind`. The state is finite. `again` 0: only
 * if there is none yet. RGM_E_IO, RGM_E_NOMEM. [main] */
rgm_status rgm_policy_keep(rgm_policy *policy, const rgm_progress *progress, int32_t again, rgm_error *err);

/* A failure that the policy may turn into RGM_OK, with *action what it did: "skip" or "rewind". *progress has its
 * numbers then, but not the step that was left out. in_step: 1 if a step failed, 0 at an epoch's end. Any other status
 * than RGM_E_NUMERIC comes back as it is. [main] */
rgm_status rgm_policy_catch(rgm_policy *policy, rgm_progress *progress, int32_t in_step, const char **action,
                            rgm_status failure, rgm_error *err);

/* A step was made. */
void rgm_policy_made(rgm_progress *progress);

#endif
