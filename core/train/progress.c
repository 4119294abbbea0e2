#include "train/progress.h"

#include <math.h>

void rgm_tally_add(rgm_tally *sum, const rgm_tally *more) {
    sum->loss += more->loss;
    sum->top1 += more->top1;
    sum->top5 += more->top5;
    sum->seen += more->seen;
}

static double mean(double sum, int64_t n) { return n ? sum / (double)n : NAN; }

double rgm_tally_loss(const rgm_tally *t) { return mean(t->loss, t->seen); }

double rgm_tally_accuracy(const rgm_tally *t) { return mean((double)t->top1, t->seen); }

double rgm_tally_accuracy5(const rgm_tally *t) { return mean((double)t->top5, t->seen); }

rgm_progress rgm_progress_start(void) {
    return (rgm_progress){.best_epoch = -1, .best_metric = NAN, .gain_metric = NAN};
}
