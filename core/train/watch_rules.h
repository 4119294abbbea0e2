/* What a run shows of faults in its first steps and later: rules over the signals of watch.h. Each kind is said once in
 * a run, as one line with a figure and a remedy.
 *
 * Signals are averaged over windows of RGM_RULES_WINDOW steps, and a rule speaks at the end of one. A healthy run must
 * not be warned of. So the limits are wide, and there is a second condition where one figure alone would mislead. What
 * healthy runs show is in the last column. These were resnet20, cnn, mlp and linear on Fashion-MNIST, SGD and Adam,
 * with and without zero_init, in their first 140 to 1,100 steps (tests/trials/watch.sh).
 *
 *     kind        limit                                                              source; healthy runs
 *     start       the first loss is 0.7 above or 0.1 below its closed form,          He-normal weights in a classifier
 *                 and 4 standard errors of the batch                                 add 0.16 to 0.54
 *     symmetric   all units of a hidden layer begin with the same weights            exact
 *     input       the batch's mean beyond +-1, or its deviation beyond 1/3 and 3     normalised sets: about 0 and 1
 *     scale       a layer's output has an rms below 0.01 or above 100,               0.1 to 10 is sound; not for what a
 *                 in the first window of new weights                                 batch norm rescales
 *     dead        more than half of a layer's units behind a ReLU are dead           AutoTrainer: 70 %
 *     vanishing   a hidden layer's gradient below 1e-5 of the largest one's          TheDeepChecker: 1e-6
 *     exploding   a gradient's norm above 1000, and the loss not below `constant`    TheDeepChecker: 1e6 by layers
 *     frozen      a weight that no step of a window changes, at more than 1 % of     exact; a schedule's last steps
 *                 the optimizer's rate                                               change nothing
 *     rate        updates above 0.2 of the weights, and the loss not below           TheDeepChecker: 0.1; healthy runs
 *                 `constant`                                                         have 0.025 at most
 *     slow        updates, as they would be at the full rate, below 2e-5 of the      TheDeepChecker: 1e-4; healthy runs
 *                 weights, in a run of new weights, after a window                   have 8e-4 at least
 *     stalled     after 200 steps at the full rate, and 50 images of each class,     `constant` is that of guessing
 *                 the mean loss of 5 windows is not 1 % below `constant`
 *     rising      a window's loss is twice the least one's, and above `constant`     TheDeepChecker: twice
 *     spike       one step's loss is 3 times that of the window before, and 1 above  a batch of 8 has such steps
 *                 it; not with fewer than 32 images, nor in the first two windows
 *                 (spike.h); told if the step is made, as with watch.spikes: note
 *     data        more than 30 % of at least 10 seconds were spent waiting for       its own limit
 *                 pixels to be read
 *
 * One cause is one line. Where one of exploding, rate and rising has been said, the other two are not. After symmetric
 * none of scale, dead, vanishing and frozen is said; after slow, stalled is not.
 *
 * `constant` is the loss of guessing by class frequencies (baseline.h). Layers of a residual branch that starts with a
 * scale of zero get no gradient at first: rules on gradients and updates pass over them. "Updates" are the median over
 * hidden weights of update_rms / weight_rms.
 */
#ifndef RGM_TRAIN_WATCH_RULES_H
#define RGM_TRAIN_WATCH_RULES_H

#include "train/baseline.h"
#include "train/spike.h"

enum { RGM_RULES_WINDOW = RGM_SPIKE_WINDOW, RGM_RULES = 14, RGM_WARNING_TEXT = 400 };

typedef struct rgm_warning {
    const char *kind; /* a literal of the table */
    int64_t step;     /* steps made when it was seen */
    char layer[48];   /* "": of the whole */
    double figure;    /* what was measured */
    char text[RGM_WARNING_TEXT];
} rgm_warning;

typedef struct rgm_rules rgm_rules;

/* For a run of the trainer. fresh: 1 if it begins with initialized weights at step 0, so that its start is judged.
 * RGM_E_NOMEM. [main] */
rgm_status rgm_rules_create(rgm_rules **rules, const rgm_session *session, const rgm_trainer *trainer, int32_t fresh,
                            rgm_error *err);
void rgm_rules_destroy(rgm_rules *rules); /* NULL is fine */

/* The kind has been said, in an earlier part of the run. */
void rgm_rules_said(rgm_rules *rules, const char *kind);

/* Looks at a step that was made. Returns the number of warnings that are new; they are in out[]. Allocates nothing. */
int32_t rgm_rules_judge(rgm_rules *rules, const rgm_watch_step *step, rgm_warning out[RGM_RULES]);

/* The layer whose gradient has grown most in a step since the window before, and how many times; NULL: none. */
const char *rgm_rules_grown(const rgm_rules *rules, const rgm_watch_step *step, double *times);

/* The run went back to an earlier state: losses of before say nothing of those to come. */
void rgm_rules_went_back(rgm_rules *rules);

const rgm_baseline *rgm_rules_baseline(const rgm_rules *rules);

/* What they have seen so far, as numbers, to go on with in another process; *count of them. Numbers of another count
 * are of another run, and are not taken: returns 0. */
const double *rgm_rules_numbers(const rgm_rules *rules, int64_t *count);
int32_t rgm_rules_go_on(rgm_rules *rules, const double *numbers, int64_t count);

#endif
