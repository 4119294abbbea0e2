/* Means and deviations by split, class and channel, from exact sums of integers: the same on any number of threads.
 *
 *     rgm_class_sums_create(&tally, set, &err);
 *     rgm_class_sums_add(tally, look, &sums);              of each image, in any order
 *     rgm_class_sums_finish(tally, &statistics, &err);
 *     rgm_class_sums_destroy(tally);
 *
 * The workers add to one table, so memory is 16 bytes for each split, class and channel.
 */
#ifndef RGM_INSPECT_STATISTICS_H
#define RGM_INSPECT_STATISTICS_H

#include "data/stats.h"
#include "inspect/images.h"
#include "report/statistics.h"

typedef struct rgm_class_sums rgm_class_sums;

/* The set outlives it. RGM_E_NOMEM. [main] */
rgm_status rgm_class_sums_create(rgm_class_sums **tally, const rgm_dataset *set, rgm_error *err);
void rgm_class_sums_destroy(rgm_class_sums *tally); /* NULL is fine */

/* Adds an image, and gives the image's own sums. [worker] */
void rgm_class_sums_add(rgm_class_sums *tally, const rgm_look *look, rgm_channel_sums *sums);

/* Fills classes, C and split of zeroed statistics, which are to be freed whatever is returned. The errors of a shift
 * are those of the difference of two means of independent images: sqrt(s1^2 / n1 + s2^2 / n2). RGM_E_NOMEM. [main] */
rgm_status rgm_class_sums_finish(const rgm_class_sums *tally, rgm_statistics *statistics, rgm_error *err);

#endif
