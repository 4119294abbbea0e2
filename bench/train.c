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

static rgm_status on_prepared(void *context, const rgm_run_parts *parts, rgm_error *err) {
    rgm_bench_train *b = context;
    b->parts = *parts;
    if (!parts->judged->count)
        return rgm_fail(err, RGM_E_USAGE,
                        "%.300s: no test split to measure accuracy on, and nothing held out (--validation)",
                        parts->session->config->data.file);
    b->started = b->mark = rgm_seconds();
    return RGM_OK;
}

/* *seconds: of a step, on average, like those of the run; behind its last step come its first. */
static rgm_status time_steps(const rgm_bench_train *b, int64_t first, double *seconds, rgm_error *err) {
    double start = 0;
    for (int32_t i = 0; i < b->warmup + b->steps; i++) {
        rgm_step_result result;
        if (i == b->warmup) start = rgm_seconds();
        RGM_TRY(rgm_trainer_step(b->parts.trainer, (first + i) % b->parts.session->steps_total, &result, err));
        RGM_TRY(rgm_bench_go_on(b->stop, err));
    }
    *seconds = (rgm_seconds() - start) / b->steps;
    return RGM_OK;
}

static rgm_status step_alone(const rgm_bench_train *b, int64_t first, double *seconds, rgm_error *err) {
    rgm_snapshot *before;
    RGM_TRY(rgm_snapshot_take(&before, b->parts.trainer, err));
    rgm_status status = time_steps(b, first, seconds, err);
    rgm_snapshot_restore(before);
    rgm_snapshot_destroy(before);
    return status;
}

/* Adds the epoch that ends before `step`, of whose time `evaluating` seconds do not count. */
static rgm_status add_epoch(rgm_bench_train *b, rgm_bench_epoch epoch, int64_t step, double evaluating,
                            rgm_error *err) {
    double now = rgm_seconds();
    rgm_bench_epoch *more = realloc(b->epochs, sizeof *more * ((size_t)b->count + 1));
    if (!more) return rgm_fail(err, RGM_E_NOMEM, "bench train: out of memory");
    b->epochs = more;
    epoch.run = (now - b->mark - evaluating) / (double)(step - b->mark_step);
    RGM_TRY(step_alone(b, step, &epoch.alone, err));
    b->epochs[b->count++] = epoch;
    b->mark = rgm_seconds();
    b->mark_step = step;
    b->alone += b->mark - now;
    return RGM_OK;
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    rgm_bench_train *b = context;
    if (!e->evaluated) return RGM_OK;
    b->evaluating += e->seconds;
    rgm_bench_epoch epoch = {
        .epoch = e->progress->epoch, .accuracy = rgm_tally_accuracy(&e->validation), .seconds = e->progress->seconds};
    return add_epoch(b, epoch, e->progress->step, e->seconds, err);
}

/* ---- telling ---- */

typedef struct result {
    const rgm_run_summary *run;
    double accuracy; /* of the last epoch; NaN: none was evaluated */
    int32_t reached;
    double whole;               /* seconds of the run: steps, evaluations, checkpoints, metrics */
    rgm_spread training, alone; /* images a second of the run's epochs, and of their steps alone */
    rgm_spread share;           /* of the second that the first is */
} result;

static void print_accuracy(const rgm_bench_train *b, const result *r) {
    int32_t epoch = r->run->epoch, epochs = b->parts.session->config->epochs;
    if (isnan(r->accuracy)) {
        printf("accuracy     not measured after %d of %d epochs\n", epoch, epochs);
        return;
    }
    printf("accuracy     %.2f %% of %" PRId64 " %s images after %d of %d epochs: %s %.2f %%\n", 100 * r->accuracy,
           b->parts.judged->count, rgm_split_name(b->parts.split), epoch, epochs, r->reached ? "at least" : "below",
           100 * b->until);
}

static void print_curve(const rgm_bench_train *b) {
    printf("epochs      ");
    for (int32_t i = 0; i < b->count; i++) printf(" %.2f", 100 * b->epochs[i].accuracy);
    printf(" %%\n");
}

static void print_text(const rgm_bench_train *b, const result *r) {
    rgm_bench_print_session(b->parts.session);
    printf("; %s\n", b->parts.session->config->data.file);
    print_accuracy(b, r);
    printf("time         %.1f s of training; %.1f s with evaluations, %.1f s with checkpoints and metrics too\n",
           r->run->seconds, r->run->seconds + b->evaluating, r->whole);
    printf("speed        %.1f images/s (%" PRId64 " steps), with checkpoints and metrics; its steps alone %.1f: ",
           r->training.median, r->run->step, r->alone.median);
    printf("training is at %.1f %% (quartiles %.1f to %.1f)\n", 100 * r->share.median, 100 * r->share.low,
           100 * r->share.high);
    if (!isnan(r->accuracy)) print_curve(b);
}

static rgm_spread exactly(double value) { return (rgm_spread){value, value, value}; }

static int32_t add_results(json_t *json, const rgm_bench_train *b, const result *r) {
    double seconds = r->run->seconds;
    int32_t made = rgm_bench_json_add(json, "training", "images/s", r->training) &&
                   rgm_bench_json_add(json, "steps alone", "images/s", r->alone);
    if (r->reached)
        made = made && rgm_bench_json_add(json, "time to accuracy", "s", exactly(seconds)) &&
               rgm_bench_json_add(json, "with evaluations", "s", exactly(seconds + b->evaluating));
    return made;
}

/* NULL: out of memory. */
static json_t *curve_json(const rgm_bench_train *b) {
    double batch = b->parts.session->config->batch;
    json_t *curve = json_array();
    for (int32_t i = 0; curve && i < b->count; i++) {
        const rgm_bench_epoch *e = &b->epochs[i];
        if (isnan(e->accuracy)) continue;
        json_t *point = json_pack("{s:i, s:f, s:f, s:f, s:f}", "epoch", e->epoch, "accuracy", e->accuracy, "seconds",
                                  e->seconds, "images_per_s", batch / e->run, "step_images_per_s", batch / e->alone);
        if (json_array_append_new(curve, point) < 0) {
            json_decref(curve);
            curve = NULL;
        }
    }
    return curve;
}

static rgm_status write_json(const rgm_bench_train *b, const result *r, rgm_error *err) {
    json_t *json = rgm_bench_json_session("train", b->parts.session);
    json_t *more = json_pack(
        "{s:f, s:b, s:s, s:o, s:o, s:i, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "until", b->until, "reached", r->reached,
        "split", rgm_split_name(b->parts.split), "accuracy", rgm_json_real(r->accuracy), "curve", curve_json(b),
        "epochs", r->run->epoch, "steps", (json_int_t)r->run->step, "seconds", r->run->seconds,
        "seconds_with_evaluation", r->run->seconds + b->evaluating, "seconds_in_all", r->whole, "images_per_s",
        r->training.median, "step_images_per_s", r->alone.median, "share_of_step", r->share.median);
    if (!rgm_bench_json_more(json, more) || !add_results(json, b, r)) {
        json_decref(json);
        json = NULL;
    }
    return rgm_bench_json_write(json, b->json, err);
}

static rgm_status verdict(const rgm_bench_train *b, const result *r, rgm_error *err) {
    if (r->reached) return RGM_OK;
    if (isnan(r->accuracy))
        return rgm_fail(err, RGM_E_VERDICT, "bench train: no epoch was evaluated in %" PRId64 " steps", r->run->step);
    return rgm_fail(err, RGM_E_VERDICT, "bench train: accuracy %.2f %% after %d epochs, expected at least %.2f %%",
                    100 * r->accuracy, r->run->epoch, 100 * b->until);
}

static rgm_status compare_paces(const rgm_bench_train *b, result *r, rgm_error *err) {
    size_t count = (size_t)b->count;
    double batch = b->parts.session->config->batch, *training = malloc(sizeof *training * 3 * count);
    if (!training) return rgm_fail(err, RGM_E_NOMEM, "bench train: out of memory");
    double *alone = training + count, *share = alone + count;
    for (size_t i = 0; i < count; i++) {
        training[i] = batch / b->epochs[i].run;
        alone[i] = batch / b->epochs[i].alone;
        share[i] = training[i] / alone[i];
    }
    r->training = rgm_spread_of(training, b->count);
    r->alone = rgm_spread_of(alone, b->count);
    r->share = rgm_spread_of(share, b->count);
    free(training);
    return RGM_OK;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *run, rgm_error *err) {
    rgm_bench_train *b = context;
    double whole = rgm_seconds() - b->started - b->alone;
    (void)parts;
    if (!b->count) RGM_TRY(add_epoch(b, (rgm_bench_epoch){.accuracy = NAN}, run->step, 0, err));
    result r = {.run = run, .accuracy = b->epochs[b->count - 1].accuracy, .whole = whole};
    r.reached = r.accuracy >= b->until;
    RGM_TRY(compare_paces(b, &r, err));
    if (rgm_json_leaves_text(b->json)) print_text(b, &r);
    if (b->json) RGM_TRY(write_json(b, &r, err));
    return verdict(b, &r, err);
}

rgm_run_events rgm_bench_train_events(rgm_bench_train *bench) {
    return (rgm_run_events){.context = bench, .prepared = on_prepared, .epoch = on_epoch, .finished = on_finished};
}

void rgm_bench_train_end(rgm_bench_train *b) {
    free(b->epochs);
    b->epochs = NULL;
    b->count = 0;
}
