/* The run: what epochs are evaluated on, and what an early stop restores.
 *
 * One run of four epochs shows both. Its set has splits of different sizes, so that an evaluation tells which one it
 * was of. In the second epoch the classifier is spoilt, so that the first one stays the best, and the run stops for
 * want of patience.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "check/check_run_end.h"
#include "check/checksums.h"

enum {
    TRAIN = 32,
    BATCH = 8,
    EPOCH = TRAIN / BATCH,
    JUDGED = 11,
    TESTED = 6,
    WEIGHTS = RGM_PARAMETERS | RGM_STATISTICS
};

typedef struct ended {
    const rgm_run_parts *parts;
    rgm_checksums first, end; /* behind the first epoch, and at the end of the run */
    int64_t judged;           /* images that the first epoch was evaluated on; -1: it was not evaluated */
    int32_t epochs;           /* evaluated */
    int32_t best;             /* epoch that was said to be the best, from 1 */
    int32_t early;            /* the run ended early */
} ended;

/* ---- the set ---- */

/* A split of the first `count` images for training, of which there may be fewer. */
static int32_t repeat_split(rgm_lab_set *set, int32_t split, int64_t count) {
    size_t bytes = (size_t)set->H * (size_t)set->W * (size_t)set->C;
    int64_t have = set->count[RGM_SPLIT_TRAIN];
    free(set->images[split]);
    free(set->labels[split]);
    set->images[split] = malloc((size_t)count * bytes);
    set->labels[split] = malloc((size_t)count * sizeof *set->labels[split]);
    set->count[split] = 0;
    if (!set->images[split] || !set->labels[split]) return 0;
    for (int64_t i = 0; i < count; i++) {
        memcpy(set->images[split] + (size_t)i * bytes, set->images[RGM_SPLIT_TRAIN] + (size_t)(i % have) * bytes,
               bytes);
        set->labels[split][i] = set->labels[RGM_SPLIT_TRAIN][i % have];
    }
    set->count[split] = count;
    return 1;
}

static void make_splits(void *context, rgm_lab_set *set) {
    int32_t *made = context;
    *made = repeat_split(set, RGM_SPLIT_VALIDATION, JUDGED) && repeat_split(set, RGM_SPLIT_TEST, TESTED);
}

/* ---- the run ---- */

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    ended *e = context;
    (void)p, (void)err;
    e->parts = parts;
    return RGM_OK;
}

static rgm_status spoil(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    const rgm_graph *g = ((const ended *)context)->parts->session->model->graph;
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        if (!p->head || strcmp(p->name, t->name) != 0) continue;
        for (size_t k = 0; k < t->bytes / sizeof(float); k++) ((float *)t->data)[k] *= -30;
    }
    return RGM_OK;
}

static rgm_status on_step(void *context, const rgm_step_event *event, rgm_error *err) {
    ended *e = context;
    const rgm_progress *p = event->progress;
    if (p->epoch != 1 || p->epoch_step != e->parts->session->steps_per_epoch) return RGM_OK;
    return rgm_trainer_visit(e->parts->trainer, RGM_PARAMETERS, spoil, e, err);
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *event, rgm_error *err) {
    ended *e = context;
    if (event->progress->epoch == 1) e->judged = event->evaluated ? event->validation.seen : -1;
    e->epochs += event->evaluated;
    if (event->best) e->best = event->progress->epoch;
    return event->progress->epoch == 1 ? rgm_checksums_take(&e->first, e->parts->trainer, WEIGHTS, err) : RGM_OK;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    ended *e = context;
    e->early = summary->ending == RGM_END_EARLY;
    return rgm_checksums_take(&e->end, parts->trainer, WEIGHTS, err);
}

static rgm_status train(rgm_checking *c, const rgm_dataset *set, ended *e, rgm_error *err) {
    char rate[RGM_TEXT_REAL];
    rgm_lab_result *result = malloc(sizeof *result);
    const char *settings[] = {"batch",
                              "8",
                              "epochs",
                              "4",
                              "augment",
                              "[]",
                              "early_stop.patience",
                              "1",
                              "early_stop.gain",
                              "1000",
                              "early_stop.metric",
                              "loss",
                              "evaluate.every",
                              "1",
                              "checkpoint",
                              "",
                              NULL,
                              NULL,
                              NULL};
    if (c->session->model->components.lr > 0) {
        settings[16] = "optimizer.lr";
        settings[17] = rgm_text_shortest(rate, 0.1 * c->session->model->components.lr);
    }
    const rgm_lab_job job = {
        .config = c->config,
        .settings = settings,
        .device = c->device,
        .set = set,
        .events = {.context = e, .begun = on_begun, .step = on_step, .epoch = on_epoch, .finished = on_finished},
        .stop = c->options->stop};
    if (!result) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
    rgm_status status = rgm_lab_train(&job, result, err);
    if (status >= 0 && result->status < 0) {
        *err = result->why;
        status = result->status;
    }
    free(result);
    return status;
}

static rgm_status run_to_end(rgm_checking *c, ended *e, rgm_error *err) {
    rgm_lab_set set;
    int32_t made = 0;
    const rgm_lab_wish wish = {.train = TRAIN, .seed = c->config->seed, .change = make_splits, .context = &made};
    *e = (ended){.judged = -1};
    rgm_status status = rgm_lab_set_make(&set, c->session, &wish, err);
    if (status >= 0 && !made) status = rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a set");
    if (status >= 0) status = train(c, set.set, e, err);
    rgm_lab_set_free(&set);
    return status;
}

static void drop_ended(void *kept) {
    ended *e = kept;
    rgm_checksums_free(&e->first);
    rgm_checksums_free(&e->end);
    free(e);
}

static rgm_status make_ended(rgm_checking *c, void *kept, rgm_error *err) { return run_to_end(c, kept, err); }

static rgm_status run(rgm_checking *c, const ended **e, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_ENDED, sizeof(ended), make_ended, drop_ended};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *e = kept;
    return RGM_OK;
}

/* ---- verdicts ---- */

/* A set-up in which nobody could choose otherwise: the file has no validation split, and none is held out. */
static int32_t lacks_validation(const rgm_checking *c, rgm_verdict *v) {
    const rgm_data *data = c->session->data;
    if (data->validation.count || !data->test.count) return 0;
    rgm_check_warn(v, "no validation split, %" PRId64 " test images: settings can only be compared on the test split",
                   data->test.count);
    rgm_check_cause(v, "nothing is held out of the training images");
    rgm_check_edit(v, "data.validation", "0.1");
    return 1;
}

rgm_status rgm_check_split_chosen(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const ended *e;
    if (lacks_validation(c, v)) return RGM_OK;
    RGM_TRY(run(c, &e, err));
    int64_t judged = e->judged;
    if (judged == JUDGED) return rgm_check_pass(v, "epochs are evaluated on the validation split");
    if (judged == TESTED) {
        rgm_check_fail(v, "epochs are evaluated on the test split");
        rgm_check_cause(v, "the best state is chosen on the test split, whose accuracy is then too good");
    } else {
        rgm_check_fail(v, "an epoch was evaluated on %" PRId64 " images, of %d for validation", judged, JUDGED);
        rgm_check_cause(v, "an evaluation drops images, or takes another split");
    }
    rgm_check_mend(v, "do not trust this build's accuracy: report it as a fault of the program");
    return RGM_OK;
}

static rgm_status judge_best(const ended *e, rgm_verdict *v) {
    int32_t number;
    if (e->best != 1 || !e->early)
        return rgm_check_not(
            v, "no run with a best epoch before its last one could be made: the first of %d epochs was %s", e->epochs,
            e->best == 1 ? "the best, but it went on" : "not the best");
    const rgm_checksum *first = rgm_checksums_difference(&e->first, &e->end, WEIGHTS, &number);
    if (!first) return rgm_check_pass(v, "stopped in epoch %d, and the state is that of epoch 1, the best", e->epochs);
    rgm_check_fail(v, "stopped in epoch %d: %d tensors are not those of epoch 1, the best; first %s", e->epochs, number,
                   first->name);
    rgm_check_cause(v, "an early stop ends with its last state, not with the best");
    rgm_check_mend(v, "measure best.h5 by 'regimen eval', and report it as a fault of the program");
    return RGM_OK;
}

rgm_status rgm_check_best_restored(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const ended *e;
    RGM_TRY(run(c, &e, err));
    return judge_best(e, v);
}
