/* A chart of rows: for each a name and one or two values with intervals, on a common axis; or bars. */
#ifndef RGM_REPORT_CHART_ROWS_H
#define RGM_REPORT_CHART_ROWS_H

#include "report/chart.h"
#include "report/scale.h"

/* A kind of values, for all rows. */
typedef struct rgm_chart_measure {
    const char *name;         /* "recall" */
    const double *values;     /* [rows]; not finite: none */
    const double *low, *high; /* [rows] of the interval; NULL: none */
    int32_t colour, bars;     /* 1 to 8; 1: a bar from 0, else a dot with its interval */
} rgm_chart_measure;

enum { RGM_CHART_MEASURES = 4 };

typedef struct rgm_chart_rows {
    rgm_chart_frame frame;
    const char *const *names; /* [rows], any text */
    int32_t rows;
    int32_t shown; /* rows in the picture, the first ones; all have a row in the table */
    const rgm_chart_measure *measures;
    int32_t measure_count; /* at most RGM_CHART_MEASURES */
    const char *title;     /* of the axis, with its unit */
    int32_t unit;          /* RGM_SCALE_* */
    double low, high;      /* NaN: from the values, and 0 */
    const int64_t *counts; /* [rows], a column of the table; NULL: none */
    const char *count_name;
} rgm_chart_rows;

void rgm_chart_rows_put(FILE *to, const rgm_chart_rows *chart);

#endif
