#include "report/chart_map.h"

#include <math.h>
#include <string.h>
#include "report/html.h"

/* In units of about a pixel. WRITTEN: columns up to which cells are wide enough for their counts; FEW: each is
 * labelled. */
enum { WIDTH = 560, LEFT = 112, RIGHT = 14, NAME = 14, WRITTEN = 16, FEW = 6, LINE_HEIGHT = 13, KEY = 30 };

/* Where the cells are. */
typedef struct frame {
    FILE *to;
    const rgm_chart_map *map;
    rgm_scale shades;
    double top, wide, high; /* of a cell */
} frame;

static rgm_scale shades_of(const rgm_chart_map *m) {
    rgm_scale s = m->scale;
    double low = NAN, high = NAN;
    for (int64_t i = 0; i < (int64_t)m->rows * m->columns; i++) {
        double v = m->values[i];
        if (!isfinite(v) || (s.kind == RGM_SCALE_LOG && v <= 0)) continue;
        low = isnan(low) ? v : fmin(low, v);
        high = isnan(high) ? v : fmax(high, v);
    }
    if (s.low < s.high) low = s.low, high = s.high;
    rgm_scale_make(&s, isnan(low) ? 0 : low, isnan(high) ? 1 : high, 4, 0);
    s.from = 0;
    s.to = 1;
    return s;
}

/* -1: an empty cell. */
static int32_t shade(const frame *f, int32_t row, int32_t column) {
    double value = f->map->values[(int64_t)row * f->map->columns + column];
    if (!isfinite(value)) return -1;
    int32_t s = (int32_t)floor(rgm_scale_place(&f->shades, value) * RGM_MAP_SHADES);
    return s < 0 ? 0 : s >= RGM_MAP_SHADES ? RGM_MAP_SHADES - 1 : s;
}

/* Runs of a shade are strokes of a row's thickness, in a system where a cell is 1 x 1. */
static void put_cells(const frame *f) {
    const rgm_chart_map *m = f->map;
    fprintf(f->to, "<g transform=\"translate(%d", LEFT);
    rgm_chart_put(f->to, f->top, 1);
    fputs(") scale(", f->to);
    rgm_html_fixed(f->to, f->wide, 4);
    fputs(" ", f->to);
    rgm_html_fixed(f->to, f->high, 4);
    fputs(") translate(0 .5)\" fill=\"none\" stroke-width=\"1\" shape-rendering=\"crispEdges\">\n", f->to);
    for (int32_t s = 0; s < RGM_MAP_SHADES; s++) {
        int32_t begun = 0;
        for (int32_t r = 0; r < m->rows; r++) {
            for (int32_t c = 0, end; c < m->columns; c = end) {
                for (end = c + 1; end < m->columns && shade(f, r, end) == shade(f, r, c);) end++;
                if (shade(f, r, c) != s) continue;
                if (!begun++) fprintf(f->to, "<path class=\"q%d\" d=\"", s);
                fprintf(f->to, "M%d %dh%d", c, r, end - c);
            }
        }
        if (begun) fputs("\"/>\n", f->to);
    }
    fputs("</g>\n", f->to);
}

static void put_counts(const frame *f) {
    const rgm_chart_map *m = f->map;
    char text[24];
    if (!m->counts || m->columns > WRITTEN) return;
    for (int32_t r = 0; r < m->rows; r++) {
        for (int32_t c = 0; c < m->columns; c++) {
            int64_t count = m->counts[(int64_t)r * m->columns + c];
            if (!count) continue;
            snprintf(text, sizeof text, "%lld", (long long)count);
            rgm_chart_text(f->to,
                           &(rgm_chart_label){LEFT + (c + 0.5) * f->wide, f->top + (r + 0.5) * f->high + 4, "middle",
                                              shade(f, r, c) < RGM_MAP_SHADES / 2 ? "on" : "over", text, 0, 0});
        }
    }
}

static void put_rows(const frame *f) {
    const rgm_chart_map *m = f->map;
    int32_t each = 1 + (int32_t)((LINE_HEIGHT - 0.01) / f->high);
    for (int32_t r = 0; r < m->rows; r += each)
        rgm_chart_text(f->to, &(rgm_chart_label){LEFT - 6, f->top + (r + 0.5) * f->high + 4, "end", "ink",
                                                 m->row_names[r], NAME, 0});
    if (m->row_title) rgm_chart_text(f->to, &(rgm_chart_label){LEFT - 6, f->top - 6, "end", "", m->row_title, 20, 0});
}

static void put_columns(const frame *f) {
    const rgm_chart_map *m = f->map;
    double bottom = f->top + m->rows * f->high, middle = LEFT + 0.5 * m->columns * f->wide;
    char text[RGM_SCALE_TEXT];
    if (m->column_names) {
        int32_t each = 1 + (int32_t)((LINE_HEIGHT - 0.01) / f->wide);
        for (int32_t c = 0; c < m->columns; c += each)
            rgm_chart_text(f->to, &(rgm_chart_label){LEFT + (c + 0.5) * f->wide + 4, f->top - 6, "start", "ink",
                                                     m->column_names[c], NAME, 1});
    } else if (m->column_at) {
        rgm_scale plain = {.kind = RGM_SCALE_LINEAR};
        int32_t few = m->columns <= FEW, last = -1;
        rgm_scale_make(&plain, m->column_at[0], m->column_at[m->columns - 1], 6, 0);
        for (int32_t i = 0; i < (few ? m->columns : plain.count); i++) { /* of a few columns each has its own value */
            int32_t c = few ? i : 0;
            double at = few ? m->column_at[i] : plain.ticks[i];
            while (c + 1 < m->columns && m->column_at[c] < at) c++;
            if (c != last)
                rgm_chart_text(f->to, &(rgm_chart_label){LEFT + (c + 0.5) * f->wide, bottom + 15, "middle", "",
                                                         rgm_scale_text(&plain, at, text), 0, 0});
            last = c;
        }
    }
    if (m->column_title)
        rgm_chart_text(f->to, &(rgm_chart_label){middle, bottom + (m->column_names ? 16 : 31), "middle", "",
                                                 m->column_title, 0, 0});
}

/* The shades and what they stand for. */
static void put_key(const frame *f, double y) {
    char text[RGM_SCALE_TEXT];
    double width = 14, left = LEFT + 60;
    fputs("<g fill=\"none\" stroke-width=\"10\">\n", f->to);
    for (int32_t s = 0; s < RGM_MAP_SHADES; s++) {
        fprintf(f->to, "<path class=\"q%d\" d=\"M", s);
        rgm_chart_put(f->to, left + s * width, 0);
        rgm_chart_put(f->to, y, 1);
        fprintf(f->to, "h%d\"/>\n", (int)width);
    }
    fputs("</g>\n", f->to);
    rgm_chart_text(
        f->to, &(rgm_chart_label){left - 6, y + 4, "end", "", rgm_scale_text(&f->shades, f->shades.low, text), 0, 0});
    rgm_chart_text(f->to, &(rgm_chart_label){left + RGM_MAP_SHADES * width + 6, y + 4, "start", "",
                                             rgm_scale_text(&f->shades, f->shades.high, text), 0, 0});
    if (f->map->unit)
        rgm_chart_text(f->to,
                       &(rgm_chart_label){left + RGM_MAP_SHADES * width + 66, y + 4, "start", "", f->map->unit, 48, 0});
}

static void put_head(FILE *to, const rgm_chart_map *m) {
    char text[RGM_SCALE_TEXT];
    rgm_scale plain = {.kind = RGM_SCALE_LINEAR};
    fputs("<details><summary>Table</summary><div class=\"wide\"><table>\n<tr><th></th>", to);
    for (int32_t c = 0; c < m->columns; c++) {
        fputs("<th>", to);
        rgm_html_text(to, m->column_names ? m->column_names[c] : rgm_scale_text(&plain, m->column_at[c], text));
        fputs("</th>", to);
    }
    fputs("</tr>\n", to);
}

static void put_table(FILE *to, const rgm_chart_map *m) {
    int32_t rows = RGM_CHART_MAP_CELLS / m->columns, shown = m->rows < rows ? m->rows : rows > 0 ? rows : 1;
    put_head(to, m);
    for (int32_t r = 0; r < shown; r++) {
        rgm_chart_row_begin(to);
        rgm_chart_cell_text(to, m->row_names[r]);
        for (int32_t c = 0; c < m->columns; c++) {
            int64_t i = (int64_t)r * m->columns + c;
            rgm_chart_cell(to, m->counts ? (double)m->counts[i] : m->values[i]);
        }
        rgm_chart_row_end(to);
    }
    fputs("</table></div>", to);
    rgm_html_more(to, m->rows - shown);
    fputs("</details>\n", to);
}

void rgm_chart_map_put(FILE *to, const rgm_chart_map *m) {
    frame f = {.to = to, .map = m};
    char what[160];
    rgm_chart_begin(to, &m->frame, "");
    if (m->rows < 1 || m->columns < 1) {
        fputs("<p class=\"soft\">Nothing is recorded.</p>\n", to);
        rgm_chart_end(to);
        return;
    }
    f.shades = shades_of(m);
    f.wide = (double)(WIDTH - LEFT - RIGHT) / m->columns;
    f.high = m->cell > 0 ? m->cell : m->rows <= WRITTEN ? fmin(30, fmax(18, f.wide)) : fmax(3, 400.0 / m->rows);
    f.top = m->column_names ? 96 : 22;
    double bottom = f.top + m->rows * f.high;
    snprintf(what, sizeof what, "A heat map of %d rows and %d columns; the table has its values.", m->rows, m->columns);
    rgm_chart_svg(to, &m->frame, 0, what, WIDTH, bottom + 36 + KEY);
    put_cells(&f);
    put_counts(&f);
    put_rows(&f);
    put_columns(&f);
    put_key(&f, bottom + 36 + 0.5 * KEY);
    rgm_chart_svg_end(to);
    put_table(to, m);
    rgm_chart_end(to);
}
