#include "report/risks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

enum { WORD = 32, FEW = 4 };

void rgm_risks_add(rgm_risks *risks, const rgm_risk *risk) {
    int32_t at = risks->count;
    while (at > 0 && risks->items[at - 1].weight < risk->weight) at--;
    if (at == RGM_RISKS) return;
    int32_t moved = (risks->count < RGM_RISKS ? risks->count : RGM_RISKS - 1) - at;
    memmove(&risks->items[at + 1], &risks->items[at], sizeof *risk * (size_t)moved);
    risks->items[at] = *risk;
    if (risks->count < RGM_RISKS) risks->count++;
}

/* ---- words ---- */

/* Numbers as text, a point whatever the locale; from a ring, so that several can be in one sentence. */
static const char *number(double value, int32_t digits) {
    static _Thread_local char ring[8][WORD];
    static _Thread_local int32_t at;
    return rgm_text_print_real(ring[at = (at + 1) % 8], WORD, digits, value);
}

/* Of a share, with one decimal from 1 to 100. */
static const char *percent(double share) {
    double rounded = round(1000 * share) / 10;
    return number(rounded, fabs(rounded) < 10 ? 2 : 3);
}

__attribute__((format(printf, 3, 4))) static void word(char *out, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out, size, format, arguments);
    va_end(arguments);
}
#define TEXT(...)    word(r.text, sizeof r.text, __VA_ARGS__)
#define ADVICE(...)  word(r.advice, sizeof r.advice, __VA_ARGS__)
#define COMMAND(...) word(r.command, sizeof r.command, __VA_ARGS__)

/* The folder, as a shell reads it. */
typedef struct named {
    char run[RGM_RUNFOLDER_PATH + 64], config[RGM_RUNFOLDER_PATH + 64];
} named;

static named name(const rgm_history *h) {
    named n;
    char path[RGM_RUNFOLDER_PATH + 16];
    snprintf(path, sizeof path, "%s/config.yaml", h->folder);
    rgm_text_shell(h->folder, n.run, sizeof n.run);
    rgm_text_shell(path, n.config, sizeof n.config);
    return n;
}

static double guess_loss(const rgm_history *h) { return h->classes > 1 ? log(h->classes) : NAN; }

/* "epoch 7", "step 300" */
static const char *moment(const rgm_history *h, const rgm_history_evaluation *v, char text[WORD]) {
    if (v->epoch > 0)
        snprintf(text, WORD, "epoch %d", v->epoch);
    else
        snprintf(text, WORD, "step %lld", (long long)v->step);
    (void)h;
    return text;
}

/* ---- whether it ended ---- */

static void ending(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "running", .weight = 75};
    int32_t failed = h->ended && !strcmp(h->reason, "failed"), stopped = h->ended && !strcmp(h->reason, "interrupted");
    if (h->ended && !failed && !stopped) return;
    TEXT(failed    ? "The run failed after step %lld; log.txt says why."
         : stopped ? "The run was interrupted after step %lld and can be continued."
                   : "The run has not ended: its last event is of step %lld.",
         (long long)h->steps);
    if (failed) r.weight = 95;
    if (h->config) COMMAND("regimen train --resume %s", name(h).run);
    rgm_risks_add(risks, &r);
}

static void empty(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "empty", .weight = 99};
    if (h->loss.total || h->last.images >= 0 || h->test.images >= 0) return;
    TEXT("Nothing is recorded yet: %s, and no evaluation.",
         h->steps > 0 ? "too few steps for a first loss" : "no steps");
    rgm_risks_add(risks, &r);
}

/* ---- whether it learned ---- */

static void lower_rate(rgm_risk *risk, const rgm_history *h) {
    double rate = 0;
    for (int32_t i = 0; i < h->rate.count; i++) rate = fmax(rate, h->rate.buckets[i].high);
    if (!(rate > 0) || !h->config) return;
    word(risk->advice, sizeof risk->advice, "A third of the peak rate, %s, may be stable.", number(rate / 3, 2));
    word(risk->command, sizeof risk->command, "regimen train %s --set optimizer.lr=%s --out %s-slow", name(h).config,
         number(rate / 3, 2), name(h).run);
}

static void not_finite(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "not finite", .weight = 98};
    if (!h->not_finite) return;
    TEXT("%lld recorded losses are not finite, the first at step %lld.", (long long)h->not_finite,
         (long long)h->not_finite_step);
    lower_rate(&r, h);
    rgm_risks_add(risks, &r);
}

/* What the policies of the watch did: the result is of fewer batches, or of a lower rate. */
static void left_out(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "left out", .weight = 34};
    int64_t total = h->skips.total + h->rewinds.total;
    if (!total) return;
    TEXT("%lld steps were skipped and the run went back %lld times, the first at step %lld: %lld for a spike of the "
         "loss, %lld for what was not finite.",
         (long long)h->skips.total, (long long)h->rewinds.total,
         (long long)(h->rewinds.total && (!h->skips.total || h->rewinds.steps[0] < h->skips.steps[0])
                         ? h->rewinds.steps[0]
                         : h->skips.steps[0]),
         (long long)h->spiked, (long long)(total - h->spiked));
    lower_rate(&r, h);
    rgm_risks_add(risks, &r);
}

static double least_loss(const rgm_history *h) {
    double least = NAN;
    for (int32_t i = 0; i < h->loss.count; i++) {
        const rgm_trace_bucket *b = &h->loss.buckets[i];
        if (b->finite) least = fmin(isnan(least) ? INFINITY : least, b->sum / (double)b->finite);
    }
    return least;
}

static void diverged(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "diverged", .weight = 92};
    double end = rgm_trace_mean(&h->loss, 0.9, 1), least = least_loss(h);
    if (h->loss.total < 2 * FEW || !(end > 1.5 * least) || !(end > guess_loss(h))) return;
    TEXT("The training loss ended at %s, after %s at its least: the run diverged.", number(end, 3), number(least, 3));
    lower_rate(&r, h);
    rgm_risks_add(risks, &r);
}

static void guessing(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "guessing", .weight = 94};
    const char *split;
    const rgm_history_evaluation *v = rgm_history_result(h, &split);
    double chance = h->classes > 1 ? 1.0 / h->classes : NAN;
    if (!v || !(v->low <= chance)) return;
    TEXT("The accuracy on %s images, %s %%, is not above guessing (1 of %d, %s %%).", split, percent(v->accuracy),
         h->classes, percent(chance));
    ADVICE("Look at the data, at labels, and at the rate: nothing was learned.");
    rgm_risks_add(risks, &r);
}

static void start(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "start", .weight = 34};
    const rgm_trace_bucket *first = &h->loss.buckets[0];
    if (!h->loss.count || !first->finite || !(first->sum / (double)first->finite > 1.5 * guess_loss(h))) return;
    TEXT("The first recorded loss is %s, while guessing has ln(%d) = %s.",
         number(first->sum / (double)first->finite, 3), h->classes, number(guess_loss(h), 3));
    ADVICE("Initialization or the first rates are too large.");
    rgm_risks_add(risks, &r);
}

/* ---- evaluations ---- */

static void unevaluated(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "unevaluated", .weight = 60};
    if (h->last.images >= 0 || h->test.images >= 0 || !h->loss.total) return;
    TEXT("There is no evaluation: what the model does on other images is not known.");
    if (h->has_last) COMMAND("regimen eval %s", name(h).run);
    rgm_risks_add(risks, &r);
}

/* Over an evaluation and its neighbours. */
static double mean_loss(const rgm_history *h, int32_t at) {
    double sum = 0;
    int32_t n = 0;
    for (int32_t i = at - 2; i <= at + 2; i++) {
        if (i < 0 || i >= h->evaluation_kept || !isfinite(h->evaluations[i].loss)) continue;
        sum += h->evaluations[i].loss;
        n++;
    }
    return n ? sum / n : NAN;
}

static void overfit(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "overfit", .weight = 58};
    double least = INFINITY;
    int32_t at = 0;
    for (int32_t i = 0; i < h->evaluation_kept; i++) {
        if (!(h->evaluations[i].loss < least)) continue;
        least = h->evaluations[i].loss;
        at = i;
    }
    double middle = h->steps > 0 ? (double)h->evaluations[at].step / (double)h->steps : 1;
    double then = rgm_trace_mean(&h->loss, middle * 0.95, middle), end = rgm_trace_mean(&h->loss, 0.95, 1);
    char text[WORD];
    if (h->evaluation_kept < FEW || !(h->last.loss > 1.1 * least) || !(end < then)) return;
    if (!(mean_loss(h, h->evaluation_kept - 1) > 1.1 * mean_loss(h, at))) return; /* it was the luck of one */
    TEXT("The validation loss rose from %s at %s to %s, while the training loss fell to %s: overfitting.",
         number(least, 3), moment(h, &h->evaluations[at], text), number(h->last.loss, 3), number(end, 3));
    ADVICE("More augmentation, more data, or early_stop.metric=loss with a patience.");
    rgm_risks_add(risks, &r);
}

static void gap(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "gap", .weight = 40};
    double train = rgm_trace_mean(&h->accuracy, 0.95, 1), gap_ = train - h->last.accuracy;
    double half = 0.5 * (h->last.high - h->last.low);
    if (h->last.images < 0 || !(gap_ > 0.05) || !(gap_ > 2 * half)) return;
    r.weight += fmin(30, 100 * (gap_ - 0.05));
    TEXT("Training batches are at %s %%, validation images at %s %%: a gap of %s points.", percent(train),
         percent(h->last.accuracy), percent(gap_));
    ADVICE("Augmentation, weight decay or more data narrow it.");
    rgm_risks_add(risks, &r);
}

static void past_best(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "past best", .weight = 46};
    char text[WORD];
    if (h->evaluation_count < FEW || !((double)h->best.step < 0.6 * (double)h->last.step)) return;
    if (!(h->last.accuracy < h->best.low)) return;
    TEXT("The best evaluation is that of %s, %s %%; the last one has %s %%, below its interval.",
         moment(h, &h->best, text), percent(h->best.accuracy), percent(h->last.accuracy));
    ADVICE("Use best.h5, or a schedule that ends there.");
    if (h->has_best) COMMAND("regimen eval %s", name(h).run);
    rgm_risks_add(risks, &r);
}

/* The loss of the evaluation nearest to three quarters of the run. */
static double loss_before(const rgm_history *h) {
    for (int32_t i = h->evaluation_kept - 1; i >= 0; i--)
        if ((double)h->evaluations[i].step <= 0.75 * (double)h->last.step) return h->evaluations[i].loss;
    return NAN;
}

static void unfinished(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "unfinished", .weight = 36};
    double before = loss_before(h), fell = 1 - h->last.loss / before, least = INFINITY;
    for (int32_t i = 0; i < h->evaluation_kept; i++) least = fmin(least, h->evaluations[i].loss);
    if (h->evaluation_kept < FEW - 1 || !(fell > 0.03) || h->last.loss > least) return;
    TEXT("The validation loss still fell by %s %% in the last quarter, to %s: more epochs may gain.", percent(fell),
         number(h->last.loss, 3));
    if (h->config && h->config->epochs < INT32_MAX / 2)
        COMMAND("regimen train %s --epochs %d --out %s-longer", name(h).config, 2 * h->config->epochs, name(h).run);
    rgm_risks_add(risks, &r);
}

static void interval(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "interval", .weight = 30};
    const char *split;
    const rgm_history_evaluation *v = rgm_history_result(h, &split);
    if (!v || !(v->high - v->low > 0.04)) return;
    r.weight += fmin(20, 100 * (v->high - v->low - 0.04));
    TEXT("The accuracy is that of %lld %s images: its 95 %% interval is %s points wide.", (long long)v->images, split,
         percent(v->high - v->low));
    ADVICE("A smaller difference from another run may be chance: 'regimen compare' judges it on the same images.");
    rgm_risks_add(risks, &r);
}

static void no_test(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "no test", .weight = 26};
    if (h->test.images >= 0 || h->last.images < 0) return;
    TEXT("The accuracy is of the validation split, which also chose best.h5: it may be too good.");
    if (h->ended && h->has_last) COMMAND("regimen eval %s --split test", name(h).run);
    rgm_risks_add(risks, &r);
}

/* ---- how it went ---- */

/* The mean of the buckets around one, without it. */
static double around(const rgm_trace *t, int32_t i) {
    double sum = 0;
    int64_t finite_ = 0;
    for (int32_t k = i - FEW; k <= i + FEW; k++) {
        if (k < 0 || k >= t->count || k == i) continue;
        sum += t->buckets[k].sum;
        finite_ += t->buckets[k].finite;
    }
    return finite_ ? sum / (double)finite_ : NAN;
}

static void spikes(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "spikes", .weight = 28};
    int32_t found = 0, worst = -1;
    for (int32_t i = h->loss.count / 10; i < h->loss.count; i++) {
        const rgm_trace_bucket *b = &h->loss.buckets[i];
        if (!b->finite || !(b->high > fmax(3 * around(&h->loss, i), around(&h->loss, i) + 0.5))) continue;
        found++;
        if (worst < 0 || b->high > h->loss.buckets[worst].high) worst = i;
    }
    if (!found || h->loss.count < 5 * FEW) return;
    TEXT("The training loss has spikes, %d of them; the highest is %s near step %s.", found,
         number(h->loss.buckets[worst].high, 3), number(h->loss.buckets[worst].first, 9));
    ADVICE("clip_norm, or a lower rate.");
    rgm_risks_add(risks, &r);
}

static void norm(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "norm", .weight = 27};
    double begin = rgm_trace_mean(&h->norm, 0.1, 0.2), end = rgm_trace_mean(&h->norm, 0.9, 1);
    if (h->norm.count < 5 * FEW || !(end > 10 * begin)) return;
    TEXT("The norm of the gradient grew from %s to %s.", number(begin, 3), number(end, 3));
    ADVICE("A lower rate, or clip_norm.");
    rgm_risks_add(risks, &r);
}

static void slower(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "slower", .weight = 14};
    double begin = rgm_trace_mean(&h->pace, 0, 0.25), end = rgm_trace_mean(&h->pace, 0.75, 1);
    if (h->pace.count < 2 * FEW || !(end < 0.7 * begin)) return;
    TEXT("Throughput fell from %s to %s images/s: other work may have run beside it.", number(begin, 3),
         number(end, 3));
    rgm_risks_add(risks, &r);
}

static void damaged(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "damaged", .weight = 32};
    if (!h->damaged) return;
    TEXT("%lld lines of metrics.jsonl are no events, or of an earlier step than those before: they are left out.",
         (long long)h->damaged);
    rgm_risks_add(risks, &r);
}

static void one_seed(rgm_risks *risks, const rgm_history *h) {
    rgm_risk r = {.kind = "one seed", .weight = 10};
    if (!h->config || !h->ended) return;
    TEXT("It is one run with seed %llu: how much another seed would differ is not known.", (unsigned long long)h->seed);
    COMMAND("regimen train %s --seed %llu --out %s-seed%llu", name(h).config, (unsigned long long)h->seed + 1,
            name(h).run, (unsigned long long)h->seed + 1);
    rgm_risks_add(risks, &r);
}

void rgm_risks_find(rgm_risks *risks, const rgm_history *history) {
    static void (*const rules[])(rgm_risks * risks, const rgm_history *h) = {
        ending,     empty,    not_finite, diverged, guessing, start,  unevaluated, overfit,  gap,     past_best,
        unfinished, interval, no_test,    spikes,   norm,     slower, damaged,     one_seed, left_out};
    risks->count = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) rules[i](risks, history);
}

const char *rgm_risks_next(const rgm_risks *risks, const rgm_history *h, char out[RGM_RISK_COMMAND]) {
    out[0] = 0;
    for (int32_t i = 0; i < risks->count && risks->items[i].weight > 20; i++)
        if (risks->items[i].command[0]) return strcpy(out, risks->items[i].command);
    if (h->config && h->config->data.file[0] && (h->has_last || h->has_best)) {
        char data[RGM_CONFIG_PATH + 64];
        word(out, RGM_RISK_COMMAND, "regimen predict %s %s --page mistakes.html", name(h).run,
             rgm_text_shell(h->config->data.file, data, sizeof data));
    }
    return out;
}
