/* Short trainings: what only they show. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "check/check_training_batch.h"
#include "check/check_training_human.h"

/* ---- the loss falls ---- */

enum { FIRST = 5, LAST = 25 };

/* Mean and its standard error, of steps first to first + count - 1. */
static void average(const float *series, int64_t first, int64_t count, double *mean, double *error) {
    double squares = 0;
    *mean = rgm_lab_mean(series, first + count, first, count);
    for (int64_t i = first; i < first + count; i++) squares += pow((double)series[i] - *mean, 2);
    *error = sqrt(squares / (double)(count - 1) / (double)count);
}

static void blame_fall(rgm_verdict *v) {
    rgm_check_cause(v, "the learning rate is too high, or too low (rate, rate_range)");
    rgm_check_cause(v, "labels do not belong to their images");
    rgm_check_cause(v, "the net, its start or the loss (overfit_batch)");
    rgm_check_mend(v, "mend what other lines name first");
}

static rgm_status loss_falls(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_lab_result *r;
    double from, to, from_error, to_error;
    RGM_TRY(rgm_checking_reference(c, &r, err));
    if (r->status < 0 && r->status != RGM_E_NUMERIC) return rgm_check_not(v, "%.300s", r->why.text);
    if (r->status < 0) {
        rgm_check_fail(v, "the training ends: %.300s", r->why.text);
        blame_fall(v);
        return RGM_OK;
    }
    if (r->steps < FIRST + LAST) return rgm_check_not(v, "%" PRId64 " steps are too few", r->steps);
    average(r->loss, 0, FIRST, &from, &from_error);
    average(r->loss, r->steps - LAST, LAST, &to, &to_error);
    double error = sqrt(from_error * from_error + to_error * to_error);
    if (from - to > 2 * error && from - to > 0.01 * fabs(from))
        return rgm_check_pass(v, "loss %.3f, after %" PRId64 " steps %.3f +- %.3f", from, r->steps, to, to_error);
    if (c->config->checkpoint[0])
        return rgm_check_not(v, "from %.200s the loss is %.3f, after %" PRId64 " steps %.3f: it was trained before",
                             c->config->checkpoint, from, r->steps, to);
    if (to - from > 3 * error && to > 1.05 * from) {
        rgm_check_fail(v, "the loss rises from %.3f to %.3f +- %.3f in %" PRId64 " steps", from, to, to_error,
                       r->steps);
        blame_fall(v);
        return RGM_OK;
    }
    return rgm_check_not(v, "loss %.3f, after %" PRId64 " steps %.3f +- %.3f: more steps are needed to tell", from,
                         r->steps, to, to_error);
}

/* ---- more width ---- */

enum { WIDTH_STEPS = 60, COMPARED = 20 };

static rgm_status train_width(rgm_checking *c, double width, rgm_lab_result *result, rgm_error *err) {
    const rgm_lab_set *small;
    char text[32];
    const char *settings[] = {"model.width", text, "batch", "32", NULL};
    snprintf(text, sizeof text, "%.6g", width);
    if (c->config->batch < 32) settings[2] = NULL;
    RGM_TRY(rgm_checking_small(c, &small, err));
    return rgm_checking_train(c, small->set, settings, WIDTH_STEPS, result, err);
}

/* Both see the same batches: the differences of their losses step by step. */
static rgm_status judge_width(const rgm_lab_result *narrow, const rgm_lab_result *wide, const double width[2],
                              rgm_verdict *v) {
    float apart[COMPARED];
    double mean, error;
    int64_t first = WIDTH_STEPS - COMPARED;
    if (narrow->status < 0 || wide->status < 0)
        return rgm_check_not(v, "%.300s", narrow->status < 0 ? narrow->why.text : wide->why.text);
    if (narrow->steps < WIDTH_STEPS || wide->steps < WIDTH_STEPS) return rgm_check_not(v, "the run has too few steps");
    for (int32_t i = 0; i < COMPARED; i++) apart[i] = wide->loss[first + i] - narrow->loss[first + i];
    average(apart, 0, COMPARED, &mean, &error);
    double n = rgm_lab_mean(narrow->loss, WIDTH_STEPS, first, COMPARED);
    double w = rgm_lab_mean(wide->loss, WIDTH_STEPS, first, COMPARED);
    /* near a loss of 0 a difference says nothing */
    if (!(mean > 4 * error && w > 1.15 * n && w - n > 0.05 * (double)narrow->loss[0]))
        return rgm_check_pass(v, "after %d steps loss %.3f at width %.3g, %.3f at %.3g: %s", WIDTH_STEPS, n, width[0],
                              w, width[1], w < n ? "more is less loss" : "no difference that tells");
    rgm_check_warn(v, "after %d steps loss %.3f at width %.3g, %.3f at %.3g", WIDTH_STEPS, n, width[0], w, width[1]);
    rgm_check_cause(v, "the scale of the start depends on the width: the initializer is no He or Xavier");
    rgm_check_cause(v, "the learning rate is too high for a wider net");
    rgm_check_edit(v, "init", "he");
    return RGM_OK;
}

static rgm_status more_width(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_graph *g = c->session->model->graph;
    int32_t hidden = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) hidden += !rgm_graph_param(g, i)->head;
    if (!hidden) return rgm_check_not(v, "%s has one layer, and no width", c->config->model.name);
    if (c->config->checkpoint[0]) return rgm_check_not(v, "the weights of a checkpoint have one width");
    double own = c->config->model.width, width[2] = {own / 2, own};
    if (width[0] < 0.0625) {
        width[0] = own;
        width[1] = 2 * own;
    }
    rgm_lab_result *results = malloc(2 * sizeof *results);
    if (!results) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
    rgm_status status = train_width(c, width[0], &results[0], err);
    if (status >= 0) status = train_width(c, width[1], &results[1], err);
    if (status >= 0) status = judge_width(&results[0], &results[1], width, v);
    free(results);
    return status;
}

const rgm_check_row rgm_checks_training[] = {
    {{"overfit_batch", "M", "can the net learn one batch by heart?", 0}, 50, rgm_check_overfit},
    {{"loss_falls", "O", "does the loss fall?", 0}, 55, loss_falls},
    {{"more_width", "M", "does more width give less loss?", 0}, 57, more_width},
    {{"human", "D", "how often is a person right on the same images?", 1}, 70, rgm_check_human},
    {{0}, 0, NULL},
};
