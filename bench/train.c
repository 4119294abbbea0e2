#include "bench/train.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "bench/measure.h"
#include "report/summary.h"

/* ---- the run ---- */

rgm_status rgm_bench_train_begin(rgm_bench_train *b, const rgm_session *s, rgm_error *err) {
    b->view = s->test.count ? &s->test : &s->validation;
    b->split = s->test.count ? "test" : "validation";
    if (!b->view->count)
        return rgm_fail(err, RGM_E_USAGE,
                        "%.300s: no test split to measure accuracy on, and nothing held out (--validation)",
                        s->config->data.file);
    b->accuracy = NAN;
    b->curve = json_array();
    if (!b->curve) return rgm_fail(err, RGM_E_NOMEM, "bench train: out of memory");
    b->started = b->mark = rgm_seconds();
    return RGM_OK;
}

/* ---- the steps alone ---- */

/* *seconds: of a step, on average, like those of the run. */
static rgm_status time_steps(const rgm_bench_train *b, rgm_trainer *t, int64_t first, double *seconds, rgm_error *err) {
    double start = 0;
    for (int32_t i = 0; i < b->warmup + b->steps; i++) {
        rgm_step_result result;
        if (i == b->warmup) start = rgm_seconds();
        RGM_TRY(rgm_trainer_step(t, first + i, &result, err));
        RGM_TRY(rgm_bench_go_on(b->stop, err));
    }
    *seconds = (rgm_seconds() - start) / b->steps;
    return RGM_OK;
}

static rgm_status step_alone(const rgm_bench_train *b, const rgm_session *s, rgm_trainer *t, int64_t first,
                             double *seconds, rgm_error *err) {
    rgm_snapshot *before;
    RGM_TRY(rgm_snapshot_take(&before, s, t, err));
    rgm_status status = time_steps(b, t, first, seconds, err), restored = rgm_snapshot_restore(before, err);
    rgm_snapshot_destroy(before);
    return status < 0 ? status : restored;
}

/* Seconds of a step since the mark, with what lies between steps, but without `evaluating`; and of a step alone. */
typedef struct pace {
    double run, alone;
} pace;

static rgm_status take_pace(rgm_bench_train *b, const rgm_session *s, rgm_trainer *t, int64_t step, double evaluating,
                            pace *out, rgm_error *err) {
    double now = rgm_seconds();
    out->run = (now - b->mark - evaluating) / (double)(step - b->mark_step);
    RGM_TRY(step_alone(b, s, t, step, &out->alone, err));
    b->mark = rgm_seconds();
    b->mark_step = step;
    b->alone += b->mark - now;
    return RGM_OK;
}

rgm_status rgm_bench_train_epoch(rgm_bench_train *b, const rgm_session *s, rgm_trainer *t, const rgm_epoch_event *e,
                                 rgm_error *err) {
    pace of = {0};
    double batch = s->config->batch;
    b->evaluating += e->seconds;
    b->accuracy = (double)e->validation.top1 / (double)e->validation.seen;
    RGM_TRY(take_pace(b, s, t, e->progress->step, e->seconds, &of, err));
    json_t *point =
        json_pack("{s:i, s:f, s:f, s:f, s:f}", "epoch", e->progress->epoch, "accuracy", b->accuracy, "seconds",
                  e->progress->seconds, "images_per_s", batch / of.run, "step_images_per_s", batch / of.alone);
    if (!point || json_array_append_new(b->curve, point) < 0)
        return rgm_fail(err, RGM_E_NOMEM, "bench train: out of memory");
    return RGM_OK;
}

/* ---- telling ---- */

typedef struct result {
    const rgm_session *session;
    const rgm_progress *progress;
    int32_t reached;
    double whole;               /* seconds of the run: steps, evaluations, checkpoints, metrics */
    rgm_spread training, alone; /* images a second of the run's epochs, and of their steps alone */
    rgm_spread share;           /* of the second that the first is */
} result;

static void print_accuracy(const rgm_bench_train *b, const result *r) {
    int32_t epoch = r->progress->epoch, epochs = r->session->config->epochs;
    if (isnan(b->accuracy))
        printf("accuracy     not measured after %d of %d epochs\n", epoch, epochs);
    else
        printf("accuracy     %.2f %% of %" PRId64 " %s images after %d of %d epochs: %s %.2f %%\n", 100 * b->accuracy,
               b->view->count, b->split, epoch, epochs, r->reached ? "at least" : "below", 100 * b->until);
}

static void print_curve(const rgm_bench_train *b) {
    size_t i;
    json_t *point;
    if (isnan(b->accuracy)) return;
    printf("epochs      ");
    json_array_foreach(b->curve, i, point) printf(" %.2f", 100 * json_real_value(json_object_get(point, "accuracy")));
    printf(" %%\n");
}

static void print_text(const rgm_bench_train *b, const result *r) {
    rgm_bench_print_session(r->session);
    printf("; %s\n", r->session->config->data.file);
    print_accuracy(b, r);
    printf("time         %.1f s of training; %.1f s with evaluations, %.1f s with checkpoints and metrics too\n",
           r->progress->seconds, r->progress->seconds + b->evaluating, r->whole);
    printf("speed        %.1f images/s (%" PRId64
           " steps), with checkpoints and metrics; its steps alone %.1f: training is "
           "at %.1f %% (quartiles %.1f to %.1f)\n",
           r->training.median, r->progress->step, r->alone.median, 100 * r->share.median, 100 * r->share.low,
           100 * r->share.high);
    print_curve(b);
}

static rgm_spread exactly(double value) { return (rgm_spread){value, value, value}; }

static int32_t add_results(json_t *json, const rgm_bench_train *b, const result *r) {
    double seconds = r->progress->seconds;
    int32_t made = rgm_bench_json_add(json, "training", "images/s", r->training) &&
                   rgm_bench_json_add(json, "steps alone", "images/s", r->alone);
    if (r->reached)
        made = made && rgm_bench_json_add(json, "time to accuracy", "s", exactly(seconds)) &&
               rgm_bench_json_add(json, "with evaluations", "s", exactly(seconds + b->evaluating));
    return made;
}

static rgm_status write_json(const rgm_bench_train *b, const result *r, rgm_error *err) {
    json_t *json = rgm_bench_json_session("train", r->session);
    json_t *more = json_pack("{s:f, s:b, s:s, s:o, s:O, s:i, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "until", b->until,
                             "reached", r->reached, "split", b->split, "accuracy", rgm_json_real(b->accuracy), "curve",
                             b->curve, "epochs", r->progress->epoch, "steps", (json_int_t)r->progress->step, "seconds",
                             r->progress->seconds, "seconds_with_evaluation", r->progress->seconds + b->evaluating,
                             "seconds_in_all", r->whole, "images_per_s", r->training.median, "step_images_per_s",
                             r->alone.median, "share_of_step", r->share.median);
    if (!rgm_bench_json_more(json, more) || !add_results(json, b, r)) json_decref(json), json = NULL;
    return rgm_bench_json_write(json, r->session->config->json, err);
}

static rgm_status verdict(const rgm_bench_train *b, const result *r, rgm_error *err) {
    if (r->reached) return RGM_OK;
    if (isnan(b->accuracy))
        return rgm_fail(err, RGM_E_VERDICT, "bench train: no epoch was evaluated in %" PRId64 " steps",
                        r->progress->step);
    return rgm_fail(err, RGM_E_VERDICT, "bench train: accuracy %.2f %% after %d epochs, expected at least %.2f %%",
                    100 * b->accuracy, r->progress->epoch, 100 * b->until);
}

/* Of the epochs; of what there was, if no epoch ended. */
static rgm_status compare_paces(rgm_bench_train *b, rgm_trainer *t, result *r, rgm_error *err) {
    size_t epochs = json_array_size(b->curve), count = epochs ? epochs : 1;
    double batch = r->session->config->batch, *values = malloc(sizeof *values * 3 * count);
    double *training = values, *alone = values + count, *share = alone + count;
    if (!values) return rgm_fail(err, RGM_E_NOMEM, "bench train: out of memory");
    pace of = {0};
    rgm_status status = epochs ? RGM_OK : take_pace(b, r->session, t, r->progress->step, 0, &of, err);
    for (size_t i = 0; i < count; i++) {
        const json_t *point = json_array_get(b->curve, i);
        training[i] = epochs ? json_real_value(json_object_get(point, "images_per_s")) : batch / of.run;
        alone[i] = epochs ? json_real_value(json_object_get(point, "step_images_per_s")) : batch / of.alone;
        share[i] = training[i] / alone[i];
    }
    r->training = rgm_spread_of(training, (int32_t)count);
    r->alone = rgm_spread_of(alone, (int32_t)count);
    r->share = rgm_spread_of(share, (int32_t)count);
    free(values);
    return status;
}

rgm_status rgm_bench_train_finish(rgm_bench_train *b, const rgm_session *s, rgm_trainer *t, const rgm_progress *p,
                                  rgm_error *err) {
    result r = {.session = s,
                .progress = p,
                .reached = b->accuracy >= b->until,
                .whole = rgm_seconds() - b->started - b->alone};
    rgm_status status = compare_paces(b, t, &r, err);
    if (status >= 0 && strcmp(s->config->json, "-") != 0) print_text(b, &r);
    if (status >= 0 && s->config->json[0]) status = write_json(b, &r, err);
    RGM_TRY(status);
    return verdict(b, &r, err);
}

void rgm_bench_train_end(rgm_bench_train *b) {
    json_decref(b->curve);
    b->curve = NULL;
}
