/* Axes along which images differ the most, in units of how much copies of an image differ. This is linear discriminant
 * analysis (Fisher 1936; Rao 1948), where each image with its copies is a class.
 */
#ifndef RGM_INSPECT_WHITEN_H
#define RGM_INSPECT_WHITEN_H

#include <stdint.h>

/* within[n][n] and total[n][n]: second moments of the differences of copies, and of all; both are overwritten.
 * axes[n][n]: rows a with a' within a = 1, and value[n] = a' total a from the largest.  */
void rgm_whiten(double *within, double *total, int32_t n, double *axes, double *value);

#endif
