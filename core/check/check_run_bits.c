/* The run: the same bits again, on other threads, behind a checkpoint. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check/check_run_bits.h"
#include "check/check_run_plain.h"
#include "check/short.h"
#include "train/resume.h"
#include "train/save.h"

enum { ALL = RGM_RUN_STATE, HALF = RGM_SHORT_STEPS / 2, EVALUATED = 128 };

/* ---- twice the same ---- */

typedef struct outcome {
    rgm_checksums end;
    double first_loss;
} outcome;

static rgm_status train(rgm_checking *c, const rgm_short *wish, int64_t steps, outcome *o, rgm_error *err) {
    rgm_lab_bench bench;
    double loss;
    *o = (outcome){0};
    rgm_status status = rgm_short_open(c, wish, &bench, err);
    if (status >= 0) status = rgm_short_train(c, &bench, 0, 1, &o->first_loss, err);
    if (status >= 0) status = rgm_short_train(c, &bench, 1, steps - 1, &loss, err);
    if (status >= 0) status = rgm_checksums_take(&o->end, bench.trainer, ALL, err);
    rgm_lab_close(&bench);
    return status;
}

static void blame_draws(const rgm_checking *c, rgm_verdict *v) {
    char foreign[RGM_SHORT_FOREIGN];
    if (rgm_short_foreign(c->session, foreign)[0]) {
        rgm_check_cause(v, "%s draws random numbers of its own, or keeps what it has seen", foreign);
        rgm_check_mend(v, "draw by the key of each call (include/regimen/plugin.h), and keep nothing between calls");
    }
    rgm_check_cause(v, "the seed is not asked where pixels, order or first values are drawn");
}

static int32_t same(double a, double b) { return a <= b && a >= b; }

static rgm_status judge_seed(const rgm_checking *c, const rgm_run_plain *a, const outcome *b, const outcome *other,
                             rgm_verdict *v) {
    int32_t number, unlike;
    const rgm_checksum *first = rgm_checksums_difference(&a->end, &b->end, ALL, &number);
    rgm_checksums_difference(&a->early, &other->end, ALL, &unlike);
    if (first) {
        rgm_check_fail(
            v, "two runs of %d steps with one seed differ in %d of %d tensors, first in %s; first loss %.9g and %.9g",
            RGM_SHORT_STEPS, number, a->end.count, first->name, a->first_loss, b->first_loss);
        if (same(a->first_loss, b->first_loss)) rgm_check_cause(v, "an update depends on the thread that makes it");
        blame_draws(c, v);
    } else if (!unlike) {
        rgm_check_fail(v, "seeds %" PRIu64 " and %" PRIu64 " give the same bits", c->config->seed, c->config->seed + 1);
        rgm_check_cause(v, "the seed is not asked: several seeds are one measurement");
    } else {
        return rgm_check_pass(v, "%d steps: one seed, the same bits twice; another seed, other bits", RGM_SHORT_STEPS);
    }
    if (!v->mend[0]) rgm_check_mend(v, "report it as a fault of the program");
    return RGM_OK;
}

rgm_status rgm_check_seed(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_run_plain *a;
    outcome b = {0}, other = {0};
    RGM_TRY(rgm_run_plain_train(c, &a, err));
    rgm_status status = train(c, &(rgm_short){0}, RGM_SHORT_STEPS, &b, err);
    if (status >= 0) status = train(c, &(rgm_short){.other_seed = 1}, RGM_RUN_EARLY, &other, err);
    if (status >= 0) status = judge_seed(c, a, &b, &other, v);
    rgm_checksums_free(&b.end);
    rgm_checksums_free(&other.end);
    return status;
}

/* Another number of threads than the command's: one, or two if it has one. */
rgm_status rgm_check_threads(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const int32_t here = rgm_team_size(c->device->team), there = here == 1 ? 2 : 1;
    rgm_device *device = NULL;
    const rgm_run_plain *a;
    outcome b = {0};
    int32_t number;
    RGM_TRY(rgm_run_plain_train(c, &a, err));
    rgm_config *config = malloc(sizeof *config);
    if (!config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *config = *c->config;
    config->threads = there;
    rgm_status status = rgm_device_configure(&device, config, 0, err);
    free(config);
    RGM_TRY(status);
    status = train(c, &(rgm_short){.device = device}, RGM_SHORT_STEPS, &b, err);
    const rgm_checksum *first = status >= 0 ? rgm_checksums_difference(&a->end, &b.end, ALL, &number) : NULL;
    if (first) {
        rgm_check_fail(v, "%d and %d threads differ in %d of %d tensors after %d steps, first in %s", here, there,
                       number, a->end.count, RGM_SHORT_STEPS, first->name);
        rgm_check_cause(v, "a result depends on which thread makes it, or on the order of sums");
        blame_draws(c, v);
        if (!v->mend[0]) rgm_check_mend(v, "report it as a fault of the program");
    } else if (status >= 0) {
        rgm_check_pass(v, "%d and %d threads: the same bits after %d steps", here, there, RGM_SHORT_STEPS);
    }
    rgm_checksums_free(&b.end);
    rgm_device_destroy(device);
    return status;
}

/* ---- a checkpoint in the middle ---- */

typedef struct middle {
    char folder[RGM_CONFIG_PATH], path[RGM_CONFIG_PATH + 16];
    rgm_checksums saved, loaded, resumed_end; /* at the middle, and at the end */
    double saved_loss, loaded_loss;           /* of an evaluation */
} middle;

static rgm_status make_folder(middle *m, rgm_error *err) {
    const char *parent = getenv("TMPDIR");
    int length =
        snprintf(m->folder, sizeof m->folder, "%s/regimen-check-XXXXXX", parent && parent[0] ? parent : "/tmp");
    rgm_status status = RGM_OK;
    if (length >= RGM_CONFIG_PATH)
        status = rgm_fail(err, RGM_E_USAGE, "TMPDIR is too long");
    else if (!mkdtemp(m->folder))
        status = rgm_fail(err, RGM_E_IO, "%.300s: no temporary folder can be made: %s", m->folder, strerror(errno));
    if (status < 0) m->folder[0] = 0;
    snprintf(m->path, sizeof m->path, "%s/middle.h5", m->folder);
    return status;
}

static void drop_folder(middle *m) {
    if (!m->folder[0]) return;
    unlink(m->path);
    rmdir(m->folder);
    m->folder[0] = 0;
}

static void drop_middle(void *kept) {
    middle *m = kept;
    drop_folder(m);
    rgm_checksums_free(&m->saved);
    rgm_checksums_free(&m->loaded);
    rgm_checksums_free(&m->resumed_end);
    free(m);
}

static rgm_status evaluate(const rgm_checking *c, const rgm_lab_bench *bench, double *loss, rgm_error *err) {
    const int32_t judged = bench->session->data->validation.count > 0;
    rgm_view view = judged ? bench->session->data->validation : bench->session->data->train;
    rgm_tally tally;
    if (view.count > EVALUATED) view.count = EVALUATED;
    RGM_TRY(rgm_trainer_evaluate(bench->trainer, &view, c->options->stop.asked, c->options->stop.context, &tally, err));
    *loss = rgm_tally_loss(&tally);
    return RGM_OK;
}

/* Half of a run, which is saved. */
static rgm_status train_half(rgm_checking *c, middle *m, rgm_error *err) {
    rgm_lab_bench bench;
    double loss;
    rgm_progress progress = rgm_progress_start();
    rgm_status status = rgm_short_open(c, &(rgm_short){0}, &bench, err);
    if (status >= 0) status = rgm_short_train(c, &bench, 0, HALF, &loss, err);
    if (status >= 0) {
        progress.step = HALF;
        progress.epoch = (int32_t)(HALF / bench.session->steps_per_epoch);
        progress.epoch_step = HALF % bench.session->steps_per_epoch;
        status = rgm_save(bench.session, bench.trainer, &progress, m->path, err);
    }
    if (status >= 0) status = rgm_checksums_take(&m->saved, bench.trainer, ALL, err);
    if (status >= 0) status = evaluate(c, &bench, &m->saved_loss, err);
    rgm_lab_close(&bench);
    return status;
}

/* Its other half, without an evaluation as the plain run; that of what is loaded comes last. */
static rgm_status train_resumed(rgm_checking *c, middle *m, rgm_error *err) {
    rgm_lab_bench bench;
    rgm_resumed resumed;
    double loss;
    rgm_status status = rgm_short_open(c, &(rgm_short){0}, &bench, err);
    if (status >= 0) status = rgm_resume(bench.session, bench.trainer, m->path, &resumed, err);
    if (status >= 0) status = rgm_checksums_take(&m->loaded, bench.trainer, ALL, err);
    if (status >= 0) status = rgm_short_train(c, &bench, HALF, RGM_SHORT_STEPS - HALF, &loss, err);
    if (status >= 0) status = rgm_checksums_take(&m->resumed_end, bench.trainer, ALL, err);
    if (status >= 0) status = rgm_resume(bench.session, bench.trainer, m->path, &resumed, err);
    if (status >= 0) status = evaluate(c, &bench, &m->loaded_loss, err);
    rgm_lab_close(&bench);
    return status;
}

static rgm_status make_middle(rgm_checking *c, void *kept, rgm_error *err) {
    middle *m = kept;
    RGM_TRY(make_folder(m, err));
    rgm_status status = train_half(c, m, err);
    if (status >= 0) status = train_resumed(c, m, err);
    drop_folder(m);
    return status;
}

static rgm_status go_through(rgm_checking *c, const middle **m, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_MIDDLE, sizeof(middle), make_middle, drop_middle};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *m = kept;
    return RGM_OK;
}

static rgm_status judge_checkpoint(const middle *m, rgm_verdict *v) {
    int32_t parameters, statistics;
    const rgm_checksum *p = rgm_checksums_difference(&m->saved, &m->loaded, RGM_PARAMETERS, &parameters);
    const rgm_checksum *s = rgm_checksums_difference(&m->saved, &m->loaded, RGM_STATISTICS, &statistics);
    if (!p && !s && same(m->saved_loss, m->loaded_loss))
        return rgm_check_pass(v, "%d tensors the same bits, and the same loss, %.6g", m->saved.count, m->loaded_loss);
    if (p)
        rgm_check_fail(v, "%d parameters come back as others, first %s; loss %.6g instead of %.6g", parameters, p->name,
                       m->loaded_loss, m->saved_loss);
    else if (s)
        rgm_check_fail(v, "%d running statistics come back as others, first %s; loss %.6g instead of %.6g", statistics,
                       s->name, m->loaded_loss, m->saved_loss);
    else
        rgm_check_fail(v, "loss %.9g before it is saved, %.9g behind", m->saved_loss, m->loaded_loss);
    rgm_check_cause(v, "%s",
                    p   ? "a checkpoint does not hold, or is not read into, every parameter"
                    : s ? "the running statistics of batch norm are not restored"
                        : "an evaluation depends on more than the state");
    rgm_check_mend(v, "do not trust this build's checkpoints: report it as a fault of the program");
    return RGM_OK;
}

rgm_status rgm_check_checkpoint(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const middle *m;
    RGM_TRY(go_through(c, &m, err));
    return judge_checkpoint(m, v);
}

static rgm_status judge_resume(const rgm_checking *c, const rgm_run_plain *whole, const middle *m, rgm_verdict *v) {
    char foreign[RGM_SHORT_FOREIGN];
    const uint32_t kept = RGM_SLOTS | RGM_PLUGIN_STATES;
    int32_t lost, other;
    const rgm_checksum *slot = rgm_checksums_difference(&m->saved, &m->loaded, kept, &lost);
    const rgm_checksum *end = rgm_checksums_difference(&whole->end, &m->resumed_end, kept | RGM_PARAMETERS, &other);
    if (!slot && !end)
        return rgm_check_pass(v, "%d steps, a checkpoint, %d steps: the bits of %d steps", HALF, RGM_SHORT_STEPS - HALF,
                              RGM_SHORT_STEPS);
    if (slot)
        rgm_check_fail(v, "%d of what optimizer and plugins keep come back as others, first %s of %s", lost,
                       slot->group & RGM_PLUGIN_STATES ? "the state" : "a slot", slot->name);
    else
        rgm_check_fail(v, "%d tensors differ from those of %d steps without a stop, first %s", other, RGM_SHORT_STEPS,
                       end->name);
    if (rgm_short_foreign(c->session, foreign)[0]) {
        rgm_check_cause(v, "%s keeps what its save and load do not hold", foreign);
        rgm_check_mend(v, "save and load all that the plugin keeps between calls (include/regimen/plugin.h)");
    }
    rgm_check_cause(v, "a resumed run begins with another momentum or another place in its schedule");
    if (!v->mend[0]) rgm_check_mend(v, "train without a stop, and report it as a fault of the program");
    return RGM_OK;
}

rgm_status rgm_check_resume(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_run_plain *whole;
    const middle *m;
    RGM_TRY(rgm_run_plain_train(c, &whole, err));
    RGM_TRY(go_through(c, &m, err));
    return judge_resume(c, whole, m, v);
}
