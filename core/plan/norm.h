/* A batch norm as its neighbours see it: a scale and a shift of each channel, in vectors of the padded channel count.
 */
#ifndef RGM_PLAN_NORM_H
#define RGM_PLAN_NORM_H

enum { RGM_NORM_SCALE = 0, RGM_NORM_SHIFT = 1, RGM_NORM_MEAN = 2, RGM_NORM_RSTD = 3 };

#define RGM_BN_EPSILON 1e-5

/* Of a channel: y = *a * x + *b is scale * (x - mean) / sqrt(variance + RGM_BN_EPSILON) + shift. */
void rgm_norm_affine(double scale, double shift, double mean, double variance, double *a, double *b);

#endif
