#include "report/chart_rows.h"

#include <math.h>
#include "base/text.h"
#include "report/html.h"

enum { WIDTH = 560, LEFT = 130, RIGHT = 18, TOP = 8, ROW = 20, FOOT = 38, NAME = 17, HEAD = 64 };

typedef struct plot {
    FILE *to;
    const rgm_chart_rows *chart;
    rgm_scale x;
    double bottom;
} plot;

static void look_at(const double *values, int32_t count, double *low, double *high) {
    for (int32_t i = 0; values && i < count; i++) {
        if (!isfinite(values[i])) continue;
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

static void make_axis(plot *p) {
    const rgm_chart_rows *c = p->chart;
    double low = 0, high = 0;
    for (int32_t m = 0; m < c->measure_count; m++) {
        look_at(c->measures[m].values, c->shown, &low, &high);
        look_at(c->measures[m].low, c->shown, &low, &high);
        look_at(c->measures[m].high, c->shown, &low, &high);
    }
    p->x = (rgm_scale){.kind = RGM_SCALE_LINEAR, .unit = c->unit};
    rgm_scale_make(&p->x, isnan(c->low) ? low : c->low, isnan(c->high) ? high : c->high, 5, 1);
    p->x.from = LEFT;
    p->x.to = WIDTH - RIGHT;
}

static void put_stroke(plot *p, const char *class, const double from[2], const double end[2]) {
    fprintf(p->to, "<path class=\"%s\" d=\"M", class);
    rgm_chart_put(p->to, from[0], 0);
    rgm_chart_put(p->to, from[1], 1);
    fputs("L", p->to);
    rgm_chart_put(p->to, end[0], 0);
    rgm_chart_put(p->to, end[1], 1);
    fputs("\"/>\n", p->to);
}

static void put_axis(plot *p) {
    char text[RGM_SCALE_TEXT];
    for (int32_t i = 0; i < p->x.count; i++) {
        double x = rgm_scale_place(&p->x, p->x.ticks[i]);
        put_stroke(p, "grid-line", (double[]){x, TOP}, (double[]){x, p->bottom});
        rgm_chart_text(p->to, &(rgm_chart_label){x, p->bottom + 15, "middle", "",
                                                 rgm_scale_text(&p->x, p->x.ticks[i], text), 0, 0});
    }
    rgm_chart_text(
        p->to, &(rgm_chart_label){0.5 * (LEFT + WIDTH - RIGHT), p->bottom + 31, "middle", "", p->chart->title, 0, 0});
}

static void put_bar(plot *p, const rgm_chart_measure *m, int32_t row, double y) {
    double zero = rgm_scale_place(&p->x, fmax(0, p->x.low)), end = rgm_scale_place(&p->x, m->values[row]);
    fprintf(p->to, "<rect class=\"c%d\" style=\"stroke:none\" x=\"", m->colour);
    rgm_chart_put(p->to, fmin(zero, end), 0);
    fputs("\" y=\"", p->to);
    rgm_chart_put(p->to, y - 5, 0);
    fputs("\" width=\"", p->to);
    rgm_chart_put(p->to, fabs(end - zero), 0);
    fputs("\" height=\"10\"/>\n", p->to);
}

static void put_dot(plot *p, const rgm_chart_measure *m, int32_t row, double y) {
    char class[16];
    snprintf(class, sizeof class, "l c%d", m->colour);
    if (m->low && m->high && isfinite(m->low[row]) && isfinite(m->high[row]))
        put_stroke(p, class, (double[]){rgm_scale_place(&p->x, m->low[row]), y},
                   (double[]){rgm_scale_place(&p->x, m->high[row]), y});
    fprintf(p->to, "<circle class=\"c%d\" r=\"3.4\" cx=\"", m->colour);
    rgm_chart_put(p->to, rgm_scale_place(&p->x, m->values[row]), 0);
    fputs("\" cy=\"", p->to);
    rgm_chart_put(p->to, y, 0);
    fputs("\"/>\n", p->to);
}

static void put_row(plot *p, int32_t row) {
    const rgm_chart_rows *c = p->chart;
    double middle = TOP + (row + 0.5) * ROW;
    rgm_chart_text(p->to, &(rgm_chart_label){LEFT - 8, middle + 4, "end", "ink", c->names[row], NAME, 0});
    for (int32_t m = 0; m < c->measure_count; m++) {
        double y = middle + (m - 0.5 * (c->measure_count - 1)) * 6;
        if (!isfinite(c->measures[m].values[row])) continue;
        if (c->measures[m].bars)
            put_bar(p, &c->measures[m], row, y);
        else
            put_dot(p, &c->measures[m], row, y);
    }
}

static void put_legend(FILE *to, const rgm_chart_rows *c) {
    if (c->measure_count < 2) return;
    fputs("<div class=\"legend\">", to);
    for (int32_t m = 0; m < c->measure_count; m++) {
        fprintf(to,
                "<span><svg viewBox=\"0 0 22 10\" aria-hidden=\"true\"><path class=\"l c%d\" d=\"M1 5H21\"/><circle "
                "class=\"c%d\" cx=\"11\" cy=\"5\" r=\"3.4\"/></svg>",
                c->measures[m].colour, c->measures[m].colour);
        rgm_html_text(to, c->measures[m].name);
        fputs("</span>", to);
    }
    fputs("</div>\n", to);
}

static void put_heads(FILE *to, const rgm_chart_rows *c) {
    char room[2 * RGM_CHART_MEASURES][HEAD] = {{0}};
    const char *heads[3 * RGM_CHART_MEASURES + 2] = {""};
    int32_t n = 1;
    if (c->counts) heads[n++] = c->count_name;
    for (int32_t m = 0; m < c->measure_count; m++) {
        heads[n++] = c->measures[m].name;
        if (!c->measures[m].low || !c->measures[m].high) continue;
        rgm_text_add(room[2 * m], HEAD, c->measures[m].name);
        rgm_text_add(room[2 * m], HEAD, ", from");
        rgm_text_add(room[2 * m + 1], HEAD, "to");
        heads[n++] = room[2 * m];
        heads[n++] = room[2 * m + 1];
    }
    rgm_chart_table(to, heads, n);
}

static void put_table(FILE *to, const rgm_chart_rows *c) {
    put_heads(to, c);
    for (int32_t r = 0; r < c->rows; r++) {
        rgm_chart_row_begin(to);
        rgm_chart_cell_text(to, c->names[r]);
        if (c->counts) rgm_chart_cell(to, (double)c->counts[r]);
        for (int32_t m = 0; m < c->measure_count; m++) {
            rgm_chart_cell(to, c->measures[m].values[r]);
            if (!c->measures[m].low || !c->measures[m].high) continue;
            rgm_chart_cell(to, c->measures[m].low[r]);
            rgm_chart_cell(to, c->measures[m].high[r]);
        }
        rgm_chart_row_end(to);
    }
    rgm_chart_table_end(to);
}

void rgm_chart_rows_put(FILE *to, const rgm_chart_rows *c) {
    plot p = {.to = to, .chart = c, .bottom = TOP + c->shown * ROW};
    char what[128];
    rgm_chart_begin(to, &c->frame, "");
    if (c->shown < 1) {
        fputs("<p class=\"soft\">Nothing is recorded.</p>\n", to);
        rgm_chart_end(to);
        return;
    }
    make_axis(&p);
    put_legend(to, c);
    snprintf(what, sizeof what, "A chart of %d rows; the table has their values.", c->shown);
    rgm_chart_svg(to, &c->frame, 0, what, WIDTH, p.bottom + FOOT);
    put_axis(&p);
    for (int32_t r = 0; r < c->shown; r++) put_row(&p, r);
    rgm_chart_svg_end(to);
    put_table(to, c);
    rgm_chart_end(to);
}
