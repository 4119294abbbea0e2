/* A chart of lines over steps, epochs or whatever else: several series, bands around them, marks, and a narrow panel
 * below with the same x. */
#ifndef RGM_REPORT_CHART_LINES_H
#define RGM_REPORT_CHART_LINES_H

#include "report/chart.h"
#include "report/scale.h"

/* How a series is drawn. */
enum {
    RGM_LINE_PLAIN = 0,
    RGM_LINE_RAW = 1,    /* thin and pale: what a plain one is the smoothed form of */
    RGM_LINE_DOTS = 2,   /* with a dot at each point, unless there are many */
    RGM_LINE_DASHED = 3, /* what is only to be compared with */
    RGM_LINE_BARS = 4    /* a bar from 0 to each point */
};

typedef struct rgm_chart_line {
    const char *name;         /* any text */
    const double *x, *y;      /* [count]; x does not fall; y is not finite: a gap */
    const double *low, *high; /* [count] of a band around it; NULL: none */
    int32_t count;
    int32_t colour, look; /* 0 quiet, 1 to 8; RGM_LINE_* */
} rgm_chart_line;

enum { RGM_MARK_X = 0, RGM_MARK_Y = 1, RGM_MARK_TICK = 2 }; /* a line at an x, at a y; a small triangle at an x */

typedef struct rgm_chart_mark {
    int32_t kind, colour;
    double at;
    const char *name; /* of a line: any text, short; NULL: none */
} rgm_chart_mark;

typedef struct rgm_chart_axis {
    const char *title;  /* with its unit */
    int32_t kind, unit; /* RGM_SCALE_* */
    double low, high;   /* NaN: from the data */
} rgm_chart_axis;

typedef struct rgm_chart_lines {
    rgm_chart_frame frame;
    rgm_chart_axis x, y;
    const rgm_chart_line *lines;
    int32_t line_count;
    const rgm_chart_mark *marks;
    int32_t mark_count;
    const rgm_chart_line *lower; /* of the panel below; none without any */
    int32_t lower_count;
    rgm_chart_axis lower_y;
    int32_t both;      /* 1: a linear y axis and a logarithmic one, to choose between; on paper both */
    const char *class; /* of the figure: "", "all" for the whole width; NULL: none */
} rgm_chart_lines;

/* Draws it, with its table. RGM_CHART_LINES lines at most have a column there, raw ones none. Lines of more points than
 * can be seen are drawn by the extremes of each column of pixels. A linear axis ends at five times what nine in ten of
 * the values reach, and a line says that higher ones are cut. No points at all: a line that says so. RGM_CHART_ROWS
 * rows at most in the table: each has the last values since the row before. */
enum { RGM_CHART_ROWS = 250, RGM_CHART_LINES = 32 };
void rgm_chart_lines_put(FILE *to, const rgm_chart_lines *chart);

#endif
