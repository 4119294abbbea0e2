/* Matrix products. */
#ifndef RGM_ENGINE_MATMUL_H
#define RGM_ENGINE_MATMUL_H

#include "base/status.h"

/* Sizes of a row-major matrix product C[m][n] = A*B, or C += A*B if `accumulate`. A is [m][k] with row pitch lda, or,
 * if trans_a, stored as [k][m]; B is [k][n] with pitch ldb, or, if trans_b, stored as [n][k]. Pitches in floats. */
typedef struct rgm_matmul_shape {
    int32_t trans_a, trans_b, accumulate;
    int64_t m, n, k, lda, ldb, ldc;
} rgm_matmul_shape;

/* A matrix product on the calling thread. The inner product's three directions are this with different transposes:
 *   y = x w^T (trans_b);   dx = dy w;   dw = dy^T x (trans_a).
 * RGM_E_INTERNAL for a negative size, or a pitch below the width. [worker] */
rgm_status rgm_matmul(const rgm_matmul_shape *shape, const float *a, const float *b, float *c, rgm_error *err);

#endif
