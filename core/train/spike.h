/* Spikes of the loss: which step's loss is one, beside what is usual in the run. The watch warns of them
 * (watch_rules.h), and `watch.spikes` says what becomes of such a step (policy.h).
 *
 * A loss is usual as the mean over the last whole window of RGM_SPIKE_WINDOW steps that were made. Steps that were left
 * out are not in it. A spike is RGM_SPIKE_TIMES the usual loss, and RGM_SPIKE_ABOVE above it: near zero, several times
 * the loss is still little. No step of the first RGM_SPIKE_WINDOWS windows is one, for a start falls steeply. Nor is
 * one of fewer than RGM_SPIKE_BATCH images: a batch of 8 has such steps by chance (watch_rules.h). Nor is one where the
 * usual loss is below 0, as a plugin's may be: a multiple of it says nothing.
 */
#ifndef RGM_TRAIN_SPIKE_H
#define RGM_TRAIN_SPIKE_H

#include "train/progress.h"

enum { RGM_SPIKE_WINDOW = 20, RGM_SPIKE_WINDOWS = 2, RGM_SPIKE_TIMES = 3, RGM_SPIKE_ABOVE = 1, RGM_SPIKE_BATCH = 32 };

/* 1 if a batch's mean loss is a spike beside the usual one; never if `usual` is NaN. */
int32_t rgm_is_spike(double loss, double usual, int32_t batch);

/* The usual loss; NaN: it is too early to say. */
double rgm_level_usual(const rgm_level *usual);

/* Adds the mean loss of a step that was made. */
void rgm_level_add(rgm_level *usual, double loss);

#endif
