#include "inspect/cholesky.h"

#include <math.h>

void rgm_cholesky(double *a, int32_t n, double least) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j <= i; j++) {
            double s = a[i * n + j];
            for (int32_t k = 0; k < j; k++) s -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(s > least ? s : least) : s / a[j * n + j];
        }
}

void rgm_cholesky_forward(const double *l, int32_t n, double *x) {
    for (int32_t i = 0; i < n; i++) {
        for (int32_t k = 0; k < i; k++) x[i] -= l[i * n + k] * x[k];
        x[i] /= l[i * n + i];
    }
}

void rgm_cholesky_back(const double *l, int32_t n, double *x) {
    for (int32_t i = n - 1; i >= 0; i--) {
        for (int32_t k = i + 1; k < n; k++) x[i] -= l[k * n + i] * x[k];
        x[i] /= l[i * n + i];
    }
}
