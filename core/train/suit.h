/* Batch, epochs and rate that suit a training set, where nobody has given them. docs/CONFIG.md has the rule and what
 * was measured. A set of RGM_SUIT_FULL images or more has the defaults of the table and of the model. A smaller one has
 * smaller batches and more epochs, so that the number of steps falls slowly. The rate goes with the batch.
 */
#ifndef RGM_TRAIN_SUIT_H
#define RGM_TRAIN_SUIT_H

#include <stdint.h>
#include "train/config.h"

/* Training images from which on the defaults are not changed: nine tenths of 60,000. */
#define RGM_SUIT_FULL 54000

/* A longer run than that of the table's epochs computes at most so many pixels: images x epochs x height x width. */
#define RGM_SUIT_PIXELS 4e9

/* The batch for so many training images (at least 1): the power of two nearest to most * sqrt(images / RGM_SUIT_FULL),
 * from 16 to `most`. It never falls as images grow. rgm_config_fit() makes it leave out few images. */
int32_t rgm_suit_batch(int64_t images, int32_t most);

/* Passes over so many training images of so many pixels (both at least 1): least * (RGM_SUIT_FULL / images)^(3/8),
 * within RGM_SUIT_PIXELS, but never fewer than `least`. It never rises as images or pixels grow. */
int32_t rgm_suit_epochs(int64_t images, int64_t pixels, int32_t least);

/* The rate for a batch, when `rate` is that for `usual` images: it goes with the square root of the batch, in two
 * digits. `rate` itself for `usual` images or more. */
double rgm_suit_rate(double rate, int32_t batch, int32_t usual);

/* Puts the rule's epochs and batch where neither a file, a flag, --set nor the program has another than the table's;
 * config->suited notes which. The image of the configuration must be known. */
void rgm_suit_begin(rgm_config *config, int64_t images);

/* Puts the rate that goes with the batch, which is final now, where the optimizer and its `lr` are still a default.
 * RGM_E_USAGE if it does not fit. */
rgm_status rgm_suit_end(rgm_config *config, rgm_error *err);

/* What the rule chose, such as "batch 16, 102 epochs, rate 0.11". Returns text, "" if it chose nothing. */
enum { RGM_SUIT_TEXT = 96 };
const char *rgm_suit_describe(const rgm_config *config, char text[RGM_SUIT_TEXT]);

#endif
