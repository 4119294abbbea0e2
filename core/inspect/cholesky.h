/* Small dense systems of a positive definite matrix, by its Cholesky factor: double, row by row, in place. */
#ifndef RGM_INSPECT_CHOLESKY_H
#define RGM_INSPECT_CHOLESKY_H

#include <stdint.h>

/* A = L L' of a[n][n]: L takes the lower triangle, the upper one is not read. Pivots below `least` count as that. */
void rgm_cholesky(double *a, int32_t n, double least);

/* x <- L^-1 x, and x <- L'^-1 x, of x[n]; one after the other solves A x = b. */
void rgm_cholesky_forward(const double *l, int32_t n, double *x);
void rgm_cholesky_back(const double *l, int32_t n, double *x);

#endif
