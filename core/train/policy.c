#include "train/policy.h"

#include <math.h>
#include <unistd.h>
#include "base/log.h"
#include "train/resume.h"
#include "train/save.h"

int32_t rgm_policy_rewinds(const rgm_config *c) {
    return c->watch.policy == RGM_POLICY_REWIND || c->watch.spikes == RGM_SPIKES_REWIND;
}

/* RGM_POLICY_* of what has failed. */
static int32_t wanted(const rgm_config *c, int32_t spiked) {
    if (!spiked) return c->watch.policy;
    return c->watch.spikes == RGM_SPIKES_REWIND ? RGM_POLICY_REWIND
           : c->watch.spikes == RGM_SPIKES_SKIP ? RGM_POLICY_SKIP
                                                : RGM_POLICY_STOP;
}

static void set_rate(const rgm_policy *p, const rgm_progress *at) {
    rgm_trainer_slow(p->trainer, ldexp(1, -at->rewinds));
}

/* 1 if the file has a state of the epoch under way: of its start, or of where a run that had none was resumed. Another
 * one was left by an earlier policy, or by a process that died; of the future, if it got further than `last`. */
static int32_t is_of_epoch(const char *path, uint64_t seed, const rgm_progress *at) {
    rgm_checkpoint_reader *reader;
    rgm_error why = {0};
    if (rgm_checkpoint_open(&reader, path, NULL, &why) < 0) {
        rgm_log(RGM_LOG_WARN, "%s: from here on the run goes back to the state as it is now", why.text);
        return 0;
    }
    const rgm_checkpoint *c = rgm_checkpoint_header(reader);
    int64_t step = c->progress.step;
    int32_t fits =
        !rgm_checkpoint_foreign(reader) && c->seed == seed && step >= at->step - at->epoch_step && step <= at->step;
    rgm_checkpoint_close(reader);
    return fits;
}

void rgm_policy_begin(rgm_policy *p, const rgm_progress *at) {
    const rgm_config *c = p->session->config;
    p->known = rgm_policy_rewinds(c) && at->step > 0 && p->back && access(p->back, F_OK) == 0 &&
               is_of_epoch(p->back, c->seed, at);
    set_rate(p, at);
}

void rgm_policy_end(rgm_policy *p) {
    rgm_snapshot_destroy(p->kept);
    rgm_states_destroy(p->states);
    p->kept = NULL;
    p->states = NULL;
}

rgm_status rgm_policy_keep(rgm_policy *p, const rgm_progress *at, int32_t again, rgm_error *err) {
    if (!rgm_policy_rewinds(p->session->config) || (p->known && !again)) return RGM_OK;
    if (p->back) {
        RGM_TRY(rgm_save(p->session, p->trainer, at, p->back, err));
    } else {
        rgm_policy_end(p);
        RGM_TRY(rgm_states_take(&p->states, p->session, err));
        RGM_TRY(rgm_snapshot_take(&p->kept, p->trainer, err));
    }
    p->known = 1;
    return RGM_OK;
}

static rgm_status go_back(const rgm_policy *p, rgm_error *err) {
    if (p->kept) {
        rgm_snapshot_restore(p->kept);
        rgm_trainer_restoring(p->trainer);
        RGM_TRY(rgm_states_restore(p->states, err));
        rgm_trainer_restored(p->trainer);
        return RGM_OK;
    }
    return rgm_resume_state(p->session, p->trainer, p->back, err);
}

rgm_status rgm_policy_catch(rgm_policy *p, rgm_progress *at, int32_t in_step, const char **action, rgm_status failure,
                            rgm_error *err) {
    const rgm_config *c = p->session->config;
    rgm_error why = {0};
    if (failure != RGM_E_NUMERIC) return failure;
    int32_t policy = wanted(c, in_step && rgm_trainer_spiked(p->trainer));
    if (policy == RGM_POLICY_SKIP && in_step && at->skipped < c->watch.most && rgm_trainer_whole(p->trainer)) {
        at->skipped++;
        *action = "skip";
        return RGM_OK;
    }
    if (policy != RGM_POLICY_REWIND || at->rewinds >= c->watch.most || !p->known) return failure;
    rgm_status status = go_back(p, &why);
    if (status < 0) return rgm_fail(err, status, "going back: %s", why.text);
    at->rewinds++;
    at->usual = (rgm_level){0}; /* of the state that is left behind */
    set_rate(p, at);
    *action = "rewind";
    return RGM_OK;
}

void rgm_policy_made(rgm_progress *p) { p->skipped = 0; }
