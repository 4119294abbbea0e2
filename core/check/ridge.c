#include "check/ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "engine/matmul.h"

enum { ROWS = 256, BLOCK = 64, LAMBDAS = 3 };
static const double lambdas[LAMBDAS] = {0.1, 0.3, 1};

/* A fit under way. */
typedef struct fit {
    const rgm_ridge_job *job;
    rgm_ridge *ridge;
    float *x;       /* [rows][width] standardised */
    float *y;       /* [rows][classes] less the shares */
    float *gram;    /* [width][width] */
    float *z;       /* [rows][width]: x L'^-1 */
    float *scores;  /* [rows][classes] left out, of this lambda */
    double *square; /* [chunks] sums of left-out residuals */
    double lambda;
    int32_t column; /* of the factor's block under way */
} fit;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int32_t chunks_of(int64_t rows) { return (int32_t)((rows + ROWS - 1) / ROWS); }

/* ---- features and targets ---- */

static void standardise(fit *f) {
    const rgm_ridge_job *j = f->job;
    int64_t D = j->width;
    double largest = 0;
    for (int64_t d = 0; d < D; d++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < j->rows; i++) sum += (double)j->x[i * D + d];
        double mean = sum / (double)j->rows;
        for (int64_t i = 0; i < j->rows; i++) {
            double apart = (double)j->x[i * D + d] - mean;
            square += apart * apart;
        }
        f->ridge->mean[d] = (float)mean;
        f->ridge->scale[d] = (float)sqrt(square / (double)j->rows);
        if ((double)f->ridge->scale[d] > largest) largest = (double)f->ridge->scale[d];
    }
    /* what hardly varies is not blown up */
    for (int64_t d = 0; d < D; d++) f->ridge->scale[d] = 1 / (f->ridge->scale[d] + (float)(1e-3 * largest) + 1e-20f);
}

static void normalise(const rgm_ridge *r, const float *x, int64_t rows, float *to) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t d = 0; d < r->width; d++) to[i * r->width + d] = (x[i * r->width + d] - r->mean[d]) * r->scale[d];
}

static void make_targets(fit *f) {
    const rgm_ridge_job *j = f->job;
    int64_t K = j->classes;
    for (int64_t i = 0; i < j->rows; i++) f->ridge->prior[j->labels[i]] += 1;
    for (int64_t k = 0; k < K; k++) f->ridge->prior[k] /= (float)j->rows;
    for (int64_t i = 0; i < j->rows; i++)
        for (int64_t k = 0; k < K; k++) f->y[i * K + k] = (float)(k == j->labels[i]) - f->ridge->prior[k];
}

/* ---- the factor ---- */

static rgm_status gram_rows(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, first = (int64_t)chunk * BLOCK, count = least(BLOCK, D - first);
    (void)worker;
    const rgm_matmul_shape shape = {
        .trans_a = 1, .m = count, .n = first + count, .k = f->job->rows, .lda = D, .ldb = D, .ldc = D};
    return rgm_matmul(&shape, f->x + first, f->x, f->gram + first * D, err);
}

/* The diagonal block of the factor, in place. */
static void factor_block(float *a, int64_t pitch, int64_t count) {
    for (int64_t j = 0; j < count; j++) {
        double d = (double)a[j * pitch + j];
        for (int64_t k = 0; k < j; k++) d -= (double)a[j * pitch + k] * (double)a[j * pitch + k];
        d = sqrt(d > 1e-12 ? d : 1e-12);
        a[j * pitch + j] = (float)d;
        for (int64_t i = j + 1; i < count; i++) {
            double s = (double)a[i * pitch + j];
            for (int64_t k = 0; k < j; k++) s -= (double)a[i * pitch + k] * (double)a[j * pitch + k];
            a[i * pitch + j] = (float)(s / d);
        }
    }
}

/* The inverse of a lower diagonal block. A product with it is many times as fast as a substitution in each row. */
static void invert_block(const float *l, int64_t pitch, int64_t count, float *inverse) {
    memset(inverse, 0, sizeof *inverse * BLOCK * BLOCK);
    for (int64_t j = 0; j < count; j++) {
        double column[BLOCK];
        for (int64_t i = j; i < count; i++) {
            double s = i == j;
            for (int64_t k = j; k < i; k++) s -= (double)l[i * pitch + k] * column[k];
            column[i] = s / (double)l[i * pitch + i];
            inverse[i * BLOCK + j] = (float)column[i];
        }
    }
}

/* Columns of the factor, those of its diagonal block at `at`, of rows as wide as the factor. */
typedef struct columns {
    int64_t at, count;
    float *rows; /* [n][width], from column `at` on */
    int64_t n;
} columns;

static columns columns_at(const rgm_ridge *r, int64_t at, float *rows, int64_t n) {
    return (columns){at, least(BLOCK, r->width - at), rows + at, n};
}

/* Times the inverse of the transposed diagonal block, in place; `room` has [n][BLOCK]. */
static rgm_status solve_columns(const rgm_ridge *r, const columns *c, float *room, rgm_error *err) {
    float inverse[BLOCK * BLOCK];
    int64_t D = r->width;
    invert_block(r->factor + c->at * D + c->at, D, c->count, inverse);
    const rgm_matmul_shape shape = {
        .trans_b = 1, .m = c->n, .n = c->count, .k = c->count, .lda = D, .ldb = BLOCK, .ldc = BLOCK};
    RGM_TRY(rgm_matmul(&shape, c->rows, inverse, room, err));
    for (int64_t i = 0; i < c->n; i++) memcpy(c->rows + i * D, room + i * BLOCK, sizeof *room * (size_t)c->count);
    return RGM_OK;
}

/* Of the block column under way: what stands left of it is taken off, in rows of blocks. */
static rgm_status factor_rows(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, at = f->column, row = at + (int64_t)chunk * BLOCK;
    int64_t count = least(BLOCK, D - at), rows = least(BLOCK, D - row);
    float *l = f->ridge->factor, left[BLOCK * BLOCK];
    (void)worker;
    if (!at) return RGM_OK;
    const rgm_matmul_shape shape = {.trans_b = 1, .m = rows, .n = count, .k = at, .lda = D, .ldb = D, .ldc = BLOCK};
    RGM_TRY(rgm_matmul(&shape, l + row * D, l + at * D, left, err));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < count; j++) l[(row + i) * D + at + j] -= left[i * BLOCK + j];
    return RGM_OK;
}

static rgm_status solve_rows(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, row = f->column + (int64_t)(chunk + 1) * BLOCK;
    float room[BLOCK * BLOCK];
    const columns c = columns_at(f->ridge, f->column, f->ridge->factor + row * D, least(BLOCK, D - row));
    (void)worker;
    return solve_columns(f->ridge, &c, room, err);
}

static rgm_status factorise(fit *f, rgm_error *err) {
    int64_t D = f->job->width;
    float *l = f->ridge->factor;
    memcpy(l, f->gram, sizeof *l * (size_t)(D * D));
    for (int64_t d = 0; d < D; d++) l[d * D + d] += (float)(f->lambda * (double)f->job->rows);
    for (int64_t at = 0; at < D; at += BLOCK) {
        int32_t blocks = (int32_t)((D - at + BLOCK - 1) / BLOCK);
        f->column = (int32_t)at;
        RGM_TRY(rgm_team_for(f->job->team, factor_rows, f, blocks, err));
        factor_block(l + at * D + at, D, least(BLOCK, D - at));
        RGM_TRY(rgm_team_for(f->job->team, solve_rows, f, blocks - 1, err));
    }
    return RGM_OK;
}

/* ---- scores ---- */

/* rows[n][width] become rows L'^-1, from the first block column to the last. */
static rgm_status whiten_rows(const rgm_ridge *r, float *rows, int64_t n, rgm_error *err) {
    int64_t D = r->width;
    float *left = malloc(sizeof *left * (size_t)(n * BLOCK));
    rgm_status status = left ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a regression");
    for (int64_t at = 0; status >= 0 && at < D; at += BLOCK) {
        const columns c = columns_at(r, at, rows, n);
        const rgm_matmul_shape shape = {.trans_b = 1, .m = n, .n = c.count, .k = at, .lda = D, .ldb = D, .ldc = BLOCK};
        if (at) status = rgm_matmul(&shape, rows, r->factor + at * D, left, err);
        for (int64_t i = 0; at && i < n; i++)
            for (int64_t j = 0; j < c.count; j++) c.rows[i * D + j] -= left[i * BLOCK + j];
        if (status >= 0) status = solve_columns(r, &c, left, err);
    }
    free(left);
    return status;
}

static rgm_status whiten(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, first = (int64_t)chunk * ROWS, n = least(ROWS, f->job->rows - first);
    (void)worker;
    memcpy(f->z + first * D, f->x + first * D, sizeof *f->z * (size_t)(n * D));
    return whiten_rows(f->ridge, f->z + first * D, n, err);
}

static rgm_status weigh(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, K = f->job->classes, first = (int64_t)chunk * BLOCK;
    (void)worker;
    const rgm_matmul_shape shape = {
        .trans_a = 1, .m = least(BLOCK, D - first), .n = K, .k = f->job->rows, .lda = D, .ldb = K, .ldc = K};
    return rgm_matmul(&shape, f->z + first, f->y, f->ridge->weights + first * K, err);
}

/* Scores of a chunk's rows, each left out. */
static rgm_status leave_out(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fit *f = context;
    int64_t D = f->job->width, K = f->job->classes, first = (int64_t)chunk * ROWS,
            n = least(ROWS, f->job->rows - first);
    float *scores = f->scores + first * K;
    double sum = 0;
    (void)worker;
    const rgm_matmul_shape shape = {.m = n, .n = K, .k = D, .lda = D, .ldb = K, .ldc = K};
    RGM_TRY(rgm_matmul(&shape, f->z + first * D, f->ridge->weights, scores, err));
    for (int64_t i = 0; i < n; i++) {
        const float *z = f->z + (first + i) * D, *y = f->y + (first + i) * K;
        double h = 1 / (double)f->job->rows;
        for (int64_t d = 0; d < D; d++) h += (double)z[d] * (double)z[d];
        double rest = 1 / (1 - (h < 0.999 ? h : 0.999));
        for (int64_t k = 0; k < K; k++) {
            double residual = ((double)y[k] - (double)scores[i * K + k]) * rest;
            sum += residual * residual;
            scores[i * K + k] = (float)((double)y[k] - residual) + f->ridge->prior[k];
        }
    }
    f->square[chunk] = sum;
    return RGM_OK;
}

/* One lambda. The square error of rows left out. */
static rgm_status try_lambda(fit *f, double *square, rgm_error *err) {
    const rgm_ridge_job *j = f->job;
    if (rgm_stop_asked(&j->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
    RGM_TRY(factorise(f, err));
    RGM_TRY(rgm_team_for(j->team, whiten, f, chunks_of(j->rows), err));
    RGM_TRY(rgm_team_for(j->team, weigh, f, (j->width + BLOCK - 1) / BLOCK, err));
    RGM_TRY(rgm_team_for(j->team, leave_out, f, chunks_of(j->rows), err));
    *square = 0;
    for (int32_t c = 0; c < chunks_of(j->rows); c++) *square += f->square[c];
    return RGM_OK;
}

/* ---- all of it ---- */

static int take(rgm_ridge *r, fit *f) {
    size_t n = (size_t)f->job->rows, D = (size_t)f->job->width, K = (size_t)f->job->classes;
    r->mean = calloc(D, sizeof *r->mean);
    r->scale = calloc(D, sizeof *r->scale);
    r->factor = calloc(D * D, sizeof *r->factor);
    r->weights = calloc(D * K, sizeof *r->weights);
    r->prior = calloc(K, sizeof *r->prior);
    r->left_out = calloc(n * K, sizeof *r->left_out);
    f->x = malloc(n * D * sizeof *f->x);
    f->y = malloc(n * K * sizeof *f->y);
    f->z = malloc(n * D * sizeof *f->z);
    f->gram = calloc(D * D, sizeof *f->gram);
    f->square = calloc((size_t)chunks_of(f->job->rows), sizeof *f->square);
    return r->mean && r->scale && r->factor && r->weights && r->prior && r->left_out && f->x && f->y && f->z &&
           f->gram && f->square;
}

/* From the largest lambda on, as long as a smaller one is better. */
static rgm_status choose(fit *f, rgm_error *err) {
    rgm_ridge *r = f->ridge;
    double best = -1, all = 0, square;
    int32_t chosen = LAMBDAS - 1;
    for (int64_t i = 0; i < f->job->rows * f->job->classes; i++) all += (double)f->y[i] * (double)f->y[i];
    f->scores = r->left_out;
    for (int32_t l = LAMBDAS - 1; l >= 0; l--) {
        f->lambda = lambdas[l];
        RGM_TRY(try_lambda(f, &square, err));
        if (best >= 0 && square >= best) break;
        best = square;
        chosen = l;
    }
    if (f->lambda < lambdas[chosen]) {
        f->lambda = lambdas[chosen];
        RGM_TRY(try_lambda(f, &square, err));
    }
    r->lambda = lambdas[chosen];
    r->gain = all > 0 ? 1 - best / all : 0;
    return RGM_OK;
}

rgm_status rgm_ridge_fit(rgm_ridge *r, const rgm_ridge_job *job, rgm_error *err) {
    fit f = {.job = job, .ridge = r};
    *r = (rgm_ridge){.width = job->width, .classes = job->classes};
    rgm_status status = take(r, &f) ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a regression");
    if (status >= 0) {
        standardise(&f);
        normalise(r, job->x, job->rows, f.x);
        make_targets(&f);
        status = rgm_team_for(job->team, gram_rows, &f, (job->width + BLOCK - 1) / BLOCK, err);
    }
    if (status >= 0) status = choose(&f, err);
    free(f.x);
    free(f.y);
    free(f.z);
    free(f.gram);
    free(f.square);
    return status;
}

void rgm_ridge_free(rgm_ridge *r) {
    free(r->mean);
    free(r->scale);
    free(r->factor);
    free(r->weights);
    free(r->prior);
    free(r->left_out);
    *r = (rgm_ridge){0};
}

typedef struct scoring {
    const rgm_ridge *ridge;
    const float *x;
    int64_t rows;
    float *scores;
} scoring;

static rgm_status score(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const scoring *s = context;
    const rgm_ridge *r = s->ridge;
    int64_t D = r->width, K = r->classes, first = (int64_t)chunk * ROWS, n = least(ROWS, s->rows - first);
    float *x = malloc(sizeof *x * (size_t)(n * D)), *scores = s->scores + first * K;
    (void)worker;
    if (!x) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a regression");
    normalise(r, s->x + first * D, n, x);
    rgm_status status = whiten_rows(r, x, n, err);
    const rgm_matmul_shape shape = {.m = n, .n = K, .k = D, .lda = D, .ldb = K, .ldc = K};
    if (status >= 0) status = rgm_matmul(&shape, x, r->weights, scores, err);
    for (int64_t i = 0; i < n * K && status >= 0; i++) scores[i] += r->prior[i % K];
    free(x);
    return status;
}

rgm_status rgm_ridge_scores(const rgm_ridge *r, rgm_team *team, const float *x, int64_t rows, float *scores,
                            rgm_error *err) {
    scoring s = {.ridge = r, .x = x, .rows = rows, .scores = scores};
    return rgm_team_for(team, score, &s, chunks_of(rows), err);
}
