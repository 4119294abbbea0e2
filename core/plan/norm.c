#include <config.h>

#include "plan/norm.h"

#include <math.h>

void rgm_norm_affine(double scale, double shift, double mean, double variance, double *a, double *b) {
    double rstd = 1.0 / sqrt(variance + RGM_BN_EPSILON);
    *a = scale * rstd;
    *b = shift - mean * *a;
}
