/* What all charts of a page share: the figure around them, their style sheet, lengths and texts of SVG.
 *
 * A chart is a <figure class="chart"> with a caption, a legend, an inline SVG, and its data as a table to open. It
 * takes the width it gets. Charts need no script. Colours are those of report/html.h, so they follow light, dark and
 * paper. Lines, dots and cells do not depend on the locale; the same data give the same bytes.
 */
#ifndef RGM_REPORT_CHART_H
#define RGM_REPORT_CHART_H

#include <stdint.h>
#include <stdio.h>

typedef struct rgm_chart_frame {
    const char *id;    /* letters, digits and '-', unique on the page */
    const char *title; /* any text */
    const char *about; /* what it is of: images, split, seed, interval; any text; NULL: nothing */
} rgm_chart_frame;

/* For rgm_html_body(). */
const char *rgm_chart_style(void);

/* <figure> and its caption; then </figure>. `class`: more classes, a literal: "wide-chart", "". */
void rgm_chart_begin(FILE *to, const rgm_chart_frame *frame, const char *class);
void rgm_chart_end(FILE *to);

/* <svg> of W x H units; then </svg>. It has the title, and `what` it shows as text, for people who do not see it.
 * `part` tells several SVGs of a figure apart. */
void rgm_chart_svg(FILE *to, const rgm_chart_frame *frame, int32_t part, const char *what, double W, double H);
void rgm_chart_svg_end(FILE *to);

/* <details> with the beginning of a table: its heads, [count], any texts. Rows are the caller's, as
 * rgm_chart_row_begin(), rgm_chart_cell() or rgm_chart_cell_text(), rgm_chart_row_end(). */
void rgm_chart_table(FILE *to, const char *const *heads, int32_t count);
void rgm_chart_row_begin(FILE *to);
void rgm_chart_cell(FILE *to, double value); /* six digits; empty if it is not finite */
void rgm_chart_cell_text(FILE *to, const char *text);
void rgm_chart_row_end(FILE *to);
void rgm_chart_table_end(FILE *to);

/* A length or a place, with one decimal at most; " 12.5" with a blank in front if `apart`. */
void rgm_chart_put(FILE *to, double value, int32_t apart);

/* <text> at a place. `anchor` is "start", "middle" or "end", `class` a literal, "" for none. Any text is fine. It is
 * cut to so many columns with "..."; then the whole is in a <title>. columns 0: it is never cut. */
typedef struct rgm_chart_label {
    double x, y;
    const char *anchor, *class, *text;
    int32_t columns;
    int32_t upright; /* 1: turned to read from below */
} rgm_chart_label;
void rgm_chart_text(FILE *to, const rgm_chart_label *label);

#endif
