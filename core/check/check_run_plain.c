#include "check/check_run_plain.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/short.h"
#include "run/answers.h"

static void drop(void *kept) {
    rgm_run_plain *e = kept;
    rgm_checksums_free(&e->early);
    rgm_checksums_free(&e->end);
    free(e->indices);
    free(e);
}

static rgm_status count_batch(void *context, const rgm_answers_batch *batch, rgm_error *err) {
    rgm_run_plain *e = context;
    (void)err;
    const int32_t *labels = rgm_dataset_labels(e->view.set, e->view.split);
    for (int32_t i = 0; i < batch->count; i++) {
        const float *p = batch->probabilities + (int64_t)i * batch->classes;
        int32_t label = labels[rgm_view_index(&e->view, batch->first + i)], above = 0, same = 0;
        for (int32_t k = 0; k < batch->classes; k++) {
            above += p[k] > p[label];
            same += k != label && p[k] >= p[label] && p[k] <= p[label];
        }
        e->right += above == 0 && same == 0;
        e->ties += above == 0 && same > 0;
        e->loss -= log(fmax((double)p[label], 1e-38));
        e->seen++;
    }
    return RGM_OK;
}

/* Images of the set in memory, so many that the last batch is not whole. */
static rgm_status choose_view(rgm_run_plain *e, const rgm_lab_set *small, int32_t batch, rgm_error *err) {
    const int32_t split = small->count[RGM_SPLIT_VALIDATION] ? RGM_SPLIT_VALIDATION : RGM_SPLIT_TRAIN;
    int64_t count = small->count[split], wanted = 16 * (int64_t)batch - (batch + 1) / 2;
    e->view = rgm_view_all(small->set, split);
    if (wanted > count) wanted = count;
    if (wanted > batch && wanted % batch == 0 && batch > 1) wanted--;
    e->indices = malloc((size_t)wanted * sizeof *e->indices);
    if (!e->indices) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for %" PRId64 " images", wanted);
    for (int64_t i = 0; i < wanted; i++) e->indices[i] = (uint32_t)(i * count / wanted);
    e->view.indices = e->indices;
    e->view.count = wanted;
    return RGM_OK;
}

static rgm_status evaluate(const rgm_lab_bench *bench, rgm_run_plain *e, const rgm_stop *stop, rgm_error *err) {
    const uint32_t all = RGM_RUN_STATE;
    const rgm_answer_walk walk = {.session = bench->session,
                                  .trainer = bench->trainer,
                                  .view = &e->view,
                                  .take = count_batch,
                                  .context = e,
                                  .stop = *stop};
    rgm_checksums before, after = {0};
    int32_t number;
    rgm_status status = rgm_checksums_take(&before, bench->trainer, all, err);
    if (status >= 0) status = rgm_trainer_evaluate(bench->trainer, &e->view, stop->asked, stop->context, &e->told, err);
    if (status >= 0) status = rgm_checksums_take(&after, bench->trainer, all, err);
    const rgm_checksum *first = rgm_checksums_difference(&before, &after, all, &number);
    e->state_differs = first != NULL;
    if (first) memcpy(e->changed, first->name, sizeof e->changed);
    rgm_checksums_free(&before);
    rgm_checksums_free(&after);
    return status < 0 ? status : rgm_answers_each(&walk, err);
}

static rgm_status train(rgm_checking *c, const rgm_lab_bench *bench, rgm_run_plain *e, rgm_error *err) {
    double loss;
    RGM_TRY(rgm_short_train(c, bench, 0, 1, &e->first_loss, err));
    RGM_TRY(rgm_short_train(c, bench, 1, RGM_RUN_EARLY - 1, &loss, err));
    RGM_TRY(rgm_checksums_take(&e->early, bench->trainer, RGM_RUN_STATE, err));
    RGM_TRY(rgm_short_train(c, bench, RGM_RUN_EARLY, RGM_SHORT_STEPS - RGM_RUN_EARLY, &loss, err));
    return rgm_checksums_take(&e->end, bench->trainer, RGM_RUN_STATE, err);
}

static rgm_status count(rgm_checking *c, const rgm_lab_bench *bench, rgm_run_plain *e, rgm_error *err) {
    const rgm_lab_set *small;
    RGM_TRY(rgm_checking_small(c, &small, err));
    RGM_TRY(choose_view(e, small, bench->config->batch, err));
    return evaluate(bench, e, &c->options->stop, err);
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    rgm_run_plain *e = kept;
    rgm_lab_bench bench;
    rgm_status status = rgm_short_open(c, &(rgm_short){0}, &bench, err);
    if (status >= 0) status = train(c, &bench, e, err);
    if (status >= 0) e->status = count(c, &bench, e, &e->why);
    rgm_lab_close(&bench);
    return status;
}

rgm_status rgm_run_plain_train(rgm_checking *c, const rgm_run_plain **plain, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_RUN, sizeof(rgm_run_plain), make, drop};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *plain = kept;
    return RGM_OK;
}

rgm_status rgm_run_evaluation(rgm_checking *c, const rgm_run_plain **plain, rgm_error *err) {
    RGM_TRY(rgm_run_plain_train(c, plain, err));
    if ((*plain)->status < 0) *err = (*plain)->why;
    return (*plain)->status;
}
