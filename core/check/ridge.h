/* Ridge regression onto classes, a cheap model. It also gives what each row would have got if it had been left out, so
 * that the rows themselves judge it.
 *
 *     rgm_ridge_fit(&ridge, &job, &err);        scores of the rows, each left out
 *     rgm_ridge_scores(ridge, ...);             of other rows
 *     rgm_ridge_free(ridge);
 *
 * Features get mean 0 and deviation 1. Targets are 1 for the class and 0 for others, less the class's share. With
 *     A = X'X + l n I,  h = x' inv(A) x + 1/n
 * the residual of a row that is left out is (y - yhat) / (1 - h). R. D. Cook, Influential observations in linear
 * regression, JASA 74, 1979. Of three l, the one with the least square of these is taken. The same bits on any number
 * of threads.
 */
#ifndef RGM_CHECK_RIDGE_H
#define RGM_CHECK_RIDGE_H

#include <stdint.h>
#include "base/stop.h"
#include "base/team.h"

typedef struct rgm_ridge_job {
    rgm_team *team;
    int64_t rows;          /* 2 or more */
    int32_t width;         /* features of a row */
    int32_t classes;       /* 2 or more */
    const float *x;        /* [rows][width] */
    const int32_t *labels; /* [rows], 0 to classes - 1 */
    rgm_stop stop;
} rgm_ridge_job;

typedef struct rgm_ridge {
    int32_t width, classes;
    float *mean, *scale; /* [width] of the features */
    float *factor;       /* [width][width], lower: A = L L' */
    float *weights;      /* [width][classes]: scores are (x L'^-1) weights */
    float *prior;        /* [classes] shares of the classes */
    float *left_out;     /* [rows][classes] scores of the rows, each left out */
    double lambda, gain; /* l; 1 - its square error left out over that of the shares alone */
} rgm_ridge;

/* *ridge is overwritten, and to be freed whatever is returned. RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_ridge_fit(rgm_ridge *ridge, const rgm_ridge_job *job, rgm_error *err);
void rgm_ridge_free(rgm_ridge *ridge); /* a zeroed one is fine */

/* scores[rows][classes] of other rows x[rows][width]. RGM_E_NOMEM. [main] */
rgm_status rgm_ridge_scores(const rgm_ridge *ridge, rgm_team *team, const float *x, int64_t rows, float *scores,
                            rgm_error *err);

#endif
