#include "inspect/whiten.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/cholesky.h"

enum { SWEEPS = 30 };

/* within = L L', in its lower triangle. What no copy changes gets a thousandth of the mean's variance: no axis is sure
 * of more than the sample shows. */
static void factor(double *a, int32_t n) {
    double trace = 0;
    for (int32_t i = 0; i < n; i++) trace += a[i * n + i];
    for (int32_t i = 0; i < n; i++) a[i * n + i] += trace / n * 1e-3 + 1e-12;
    rgm_cholesky(a, n, 1e-300);
}

/* Each row x of m[n][n]: x <- L^-1 x. */
static void solve_rows(const double *l, int32_t n, double *m) {
    for (int32_t r = 0; r < n; r++) rgm_cholesky_forward(l, n, m + (int64_t)r * n);
}

static void transpose(double *m, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < i; j++) {
            double t = m[i * n + j];
            m[i * n + j] = m[j * n + i];
            m[j * n + i] = t;
        }
}

static void rotate_rows(double *m, int32_t n, int32_t p, int32_t q, double c, double s) {
    for (int32_t k = 0; k < n; k++) {
        double x = m[p * n + k], y = m[q * n + k];
        m[p * n + k] = c * x - s * y;
        m[q * n + k] = s * x + c * y;
    }
}

static void rotate_columns(double *m, int32_t n, int32_t p, int32_t q, double c, double s) {
    for (int32_t k = 0; k < n; k++) {
        double x = m[k * n + p], y = m[k * n + q];
        m[k * n + p] = c * x - s * y;
        m[k * n + q] = s * x + c * y;
    }
}

/* Jacobi's method: a becomes diagonal, v's rows its eigenvectors. */
static void jacobi(double *a, int32_t n, double *v) {
    memset(v, 0, (size_t)n * (size_t)n * sizeof *v);
    for (int32_t i = 0; i < n; i++) v[i * n + i] = 1;
    for (int32_t sweep = 0; sweep < SWEEPS; sweep++) {
        int32_t turned = 0;
        for (int32_t p = 0; p < n; p++)
            for (int32_t q = p + 1; q < n; q++) {
                double off = a[p * n + q], limit = 1e-11 * sqrt(fabs(a[p * n + p] * a[q * n + q])) + 1e-300;
                if (fabs(off) <= limit) continue;
                double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
                double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
                double c = 1 / sqrt(t * t + 1);
                rotate_rows(a, n, p, q, c, t * c);
                rotate_columns(a, n, p, q, c, t * c);
                rotate_rows(v, n, p, q, c, t * c);
                turned = 1;
            }
        if (!turned) return;
    }
}

static void sort(double *v, double *value, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        int32_t most = i;
        for (int32_t j = i + 1; j < n; j++)
            if (value[j] > value[most]) most = j;
        if (most == i) continue;
        double t = value[i];
        value[i] = value[most];
        value[most] = t;
        for (int32_t k = 0; k < n; k++) {
            t = v[i * n + k];
            v[i * n + k] = v[most * n + k];
            v[most * n + k] = t;
        }
    }
}

void rgm_whiten(double *within, double *total, int32_t n, double *axes, double *value) {
    factor(within, n);
    solve_rows(within, n, total); /* total is symmetric: its rows are its columns */
    transpose(total, n);
    solve_rows(within, n, total);
    jacobi(total, n, axes);
    for (int32_t i = 0; i < n; i++) value[i] = total[i * n + i];
    sort(axes, value, n);
    for (int32_t i = 0; i < n; i++) rgm_cholesky_back(within, n, axes + (int64_t)i * n);
}
