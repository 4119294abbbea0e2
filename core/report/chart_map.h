/* A heat map: a value for each row and column as the shade of a cell, from little to much. It shows confusion, layers
 * by steps, or samples by steps (a strip). Cells of one shade are one path, so tens of thousands of them stay small. */
#ifndef RGM_REPORT_CHART_MAP_H
#define RGM_REPORT_CHART_MAP_H

#include "report/chart.h"
#include "report/scale.h"

enum { RGM_MAP_SHADES = 10 };

typedef struct rgm_chart_map {
    rgm_chart_frame frame;
    const char *row_title, *column_title; /* what rows and columns are; NULL: not said */
    const char *const *row_names;         /* [rows], any text */
    const char *const *column_names;      /* [columns]; NULL: they are numbers */
    const double *column_at;              /* [columns], where there are no names: ascending */
    int32_t rows, columns;
    const double *values;  /* [rows][columns]; not finite: an empty cell */
    const int64_t *counts; /* [rows][columns], written into the cells where they have room; NULL: none */
    rgm_scale scale;       /* kind, unit; low and high of the shades, low == high: those of the values */
    const char *unit;      /* what a shade says: "share of the class" */
    double cell;           /* height of a row, in units of about a pixel; 0: as rows have room */
} rgm_chart_map;

/* Draws it with the scale of its shades and its table, of which RGM_CHART_MAP_CELLS cells at most are written: rows
 * beyond are counted. Without rows or columns: a line that says so. */
enum { RGM_CHART_MAP_CELLS = 20000 };
void rgm_chart_map_put(FILE *to, const rgm_chart_map *map);

#endif
