#include "report/chart_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/html.h"

/* The picture, in units of about a pixel; DENSE: points that still get a dot each. */
enum { WIDTH = 560, LEFT = 62, RIGHT = 14, TOP = 16, MAIN = 200, GAP = 18, LOWER = 44, FOOT = 40 };
enum { DENSE = 60, SAMPLES = 512, LABEL = 22 };

/* The limits of a plot, while it is drawn. */
typedef struct plot {
    FILE *to;
    rgm_scale x, y;
    double top, bottom;
    int32_t clipped; /* 1: some values are above the axis */
} plot;

/* ---- ranges ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The extent of what has a place on the axis; *high of nine in ten of a sample. */
typedef struct extent {
    double low, high, most;
    int64_t count;
} extent;

static void look_at(extent *e, double value, int32_t is_log) {
    if (!isfinite(value) || (is_log && value <= 0)) return;
    e->low = e->count ? fmin(e->low, value) : value;
    e->high = e->count ? fmax(e->high, value) : value;
    e->count++;
}

static extent extent_of(const rgm_chart_line *lines, int32_t count, int32_t is_log) {
    extent e = {0};
    double sample[SAMPLES];
    int64_t points = 0, seen = 0;
    size_t taken = 0;
    for (int32_t k = 0; k < count; k++) points += lines[k].count;
    int64_t each = 1 + points / SAMPLES;
    for (int32_t k = 0; k < count; k++) {
        for (int32_t i = 0; i < lines[k].count; i++) {
            const double y = lines[k].y[i];
            look_at(&e, y, is_log);
            if (lines[k].low) look_at(&e, lines[k].low[i], is_log);
            if (lines[k].high) look_at(&e, lines[k].high[i], is_log);
            if (seen++ % each == 0 && isfinite(y) && taken < SAMPLES) sample[taken++] = y;
        }
    }
    qsort(sample, taken, sizeof *sample, by_value);
    e.most = taken ? sample[(taken - 1) * 9 / 10] : e.high;
    return e;
}

static void add_marks(extent *e, const rgm_chart_lines *c, int32_t is_log) {
    for (int32_t i = 0; i < c->mark_count; i++)
        if (c->marks[i].kind == RGM_MARK_Y) look_at(e, c->marks[i].at, is_log);
}

/* A y axis. A linear one of values above 0 begins at 0 unless they are far from it. */
static void make_y(plot *p, const rgm_chart_axis *axis, extent e, int32_t wanted) {
    int32_t is_log = p->y.kind == RGM_SCALE_LOG;
    double low = isnan(axis->low) ? e.low : axis->low, high = isnan(axis->high) ? e.high : axis->high;
    if (!e.count && isnan(axis->low)) low = is_log ? 0.1 : 0;
    if (!e.count && isnan(axis->high)) high = 1;
    if (!is_log && isnan(axis->high) && e.most > 0 && e.high > 5 * e.most) high = 5 * e.most;
    if (!is_log && isnan(axis->low) && low > 0 && low < 0.6 * high) low = 0;
    p->clipped = !is_log && e.count && e.high > high;
    rgm_scale_make(&p->y, low, high, wanted, 1);
    p->y.from = p->bottom;
    p->y.to = p->top;
}

static void make_x(plot *p, const rgm_chart_lines *c) {
    double low = c->x.low, high = c->x.high;
    const rgm_chart_line *sets[] = {c->lines, c->lower};
    const int32_t counts[] = {c->line_count, c->lower_count};
    extent e = {0};
    for (int32_t s = 0; s < 2; s++)
        for (int32_t k = 0; k < counts[s]; k++)
            for (int32_t i = 0; i < sets[s][k].count; i++) look_at(&e, sets[s][k].x[i], 0);
    p->x.kind = RGM_SCALE_LINEAR;
    p->x.unit = c->x.unit;
    rgm_scale_make(&p->x, isnan(low) ? e.low : low, isnan(high) ? e.high : high, 6, 0);
    p->x.from = LEFT;
    p->x.to = WIDTH - RIGHT;
}

/* ---- axes ---- */

static void put_line(FILE *to, const char *class, const double from[2], const double end[2]) {
    fprintf(to, "<path class=\"%s\" d=\"M", class);
    rgm_chart_put(to, from[0], 0);
    rgm_chart_put(to, from[1], 1);
    fputs("L", to);
    rgm_chart_put(to, end[0], 0);
    rgm_chart_put(to, end[1], 1);
    fputs("\"/>\n", to);
}

static void put_y_axis(plot *p, const char *title) {
    char text[RGM_SCALE_TEXT];
    for (int32_t i = 0; i < p->y.count; i++) {
        double y = rgm_scale_place(&p->y, p->y.ticks[i]);
        put_line(p->to, "grid-line", (double[]){LEFT, y}, (double[]){WIDTH - RIGHT, y});
        rgm_chart_text(p->to, &(rgm_chart_label){.x = LEFT - 6,
                                                 .y = y + 4,
                                                 .anchor = "end",
                                                 .class = "",
                                                 .text = rgm_scale_text(&p->y, p->y.ticks[i], text)});
    }
    rgm_chart_text(
        p->to,
        &(rgm_chart_label){
            .x = 11, .y = 0.5 * (p->top + p->bottom), .anchor = "middle", .class = "", .text = title, .upright = 1});
}

static void put_x_axis(plot *p, const char *title) {
    char text[RGM_SCALE_TEXT];
    put_line(p->to, "axis", (double[]){LEFT, p->bottom}, (double[]){WIDTH - RIGHT, p->bottom});
    for (int32_t i = 0; i < p->x.count; i++) {
        double x = rgm_scale_place(&p->x, p->x.ticks[i]);
        put_line(p->to, "axis", (double[]){x, p->bottom}, (double[]){x, p->bottom + 4});
        rgm_chart_text(p->to, &(rgm_chart_label){.x = x,
                                                 .y = p->bottom + 17,
                                                 .anchor = "middle",
                                                 .class = "",
                                                 .text = rgm_scale_text(&p->x, p->x.ticks[i], text)});
    }
    rgm_chart_text(
        p->to,
        &(rgm_chart_label){
            .x = 0.5 * (LEFT + WIDTH - RIGHT), .y = p->bottom + 33, .anchor = "middle", .class = "", .text = title});
}

/* ---- series ---- */

/* A y within the plot, or just outside of it: the rest is cut by the plot's edge. */
static double place_y(const plot *p, double value) {
    double y = rgm_scale_place(&p->y, value);
    return fmax(p->top - 4, fmin(p->bottom + 4, y));
}

/* A path that goes on by lines. */
typedef struct stroke {
    FILE *to;
    int32_t down;
} stroke;

static void draw_to(stroke *pen, double x, double y) {
    fputs(pen->down ? "L" : "M", pen->to);
    rgm_chart_put(pen->to, x, 0);
    rgm_chart_put(pen->to, y, 1);
    pen->down = 1;
}

/* Of points in the same column of pixels the first, the extremes and the last. */
typedef struct column {
    double x, first, low, high, last;
    int32_t count;
} column;

static void draw_column(stroke *pen, const column *c) {
    if (!c->count) return;
    draw_to(pen, c->x, c->first);
    if (c->count > 1 && c->low != c->first) draw_to(pen, c->x, c->low);
    if (c->count > 1 && c->high != c->low) draw_to(pen, c->x, c->high);
    if (c->count > 1 && c->last != c->high) draw_to(pen, c->x, c->last);
}

static void draw_curve(plot *p, const rgm_chart_line *l, const double *values) {
    stroke pen = {p->to, 0};
    column c = {0};
    int32_t many = l->count > WIDTH;
    for (int32_t i = 0; i < l->count; i++) {
        if (!isfinite(values[i])) {
            draw_column(&pen, &c);
            c.count = pen.down = 0;
            continue;
        }
        double x = rgm_scale_place(&p->x, l->x[i]), y = place_y(p, values[i]);
        if (many) x = round(x);
        if (c.count && (!many || x != c.x)) {
            draw_column(&pen, &c);
            c.count = 0;
        }
        if (!c.count) c = (column){x, y, y, y, y, 0};
        c.low = fmin(c.low, y);
        c.high = fmax(c.high, y);
        c.last = y;
        c.count++;
    }
    draw_column(&pen, &c);
}

/* Forward along its upper edge, back along the lower one; each stretch without a gap by itself. */
static void draw_band(plot *p, const rgm_chart_line *l) {
    for (int32_t i = 0, end; i < l->count; i = end + 1) {
        stroke pen = {p->to, 0};
        for (end = i; end < l->count && isfinite(l->low[end]) && isfinite(l->high[end]); end++)
            draw_to(&pen, rgm_scale_place(&p->x, l->x[end]), place_y(p, l->high[end]));
        for (int32_t k = end - 1; k >= i; k--) draw_to(&pen, rgm_scale_place(&p->x, l->x[k]), place_y(p, l->low[k]));
        if (end > i) fputs("Z", p->to);
    }
}

static void draw_dots(plot *p, const rgm_chart_line *l, double radius) {
    for (int32_t i = 0; i < l->count; i++) {
        if (!isfinite(l->y[i])) continue;
        fprintf(p->to, "<circle class=\"c%d\" cx=\"", l->colour);
        rgm_chart_put(p->to, rgm_scale_place(&p->x, l->x[i]), 0);
        fputs("\" cy=\"", p->to);
        rgm_chart_put(p->to, place_y(p, l->y[i]), 0);
        fputs("\" r=\"", p->to);
        rgm_chart_put(p->to, radius, 0);
        fputs("\"/>\n", p->to);
    }
}

static void draw_bars(plot *p, const rgm_chart_line *l) {
    double width = l->count > 1 ? 0.8 * fabs(rgm_scale_place(&p->x, l->x[1]) - rgm_scale_place(&p->x, l->x[0])) : 20;
    fprintf(p->to, "<path class=\"c%d\" style=\"stroke:none\" d=\"", l->colour);
    for (int32_t i = 0; i < l->count; i++) {
        if (!isfinite(l->y[i])) continue;
        double x = rgm_scale_place(&p->x, l->x[i]);
        stroke pen = {p->to, 0};
        draw_to(&pen, x - 0.5 * width, p->bottom);
        draw_to(&pen, x - 0.5 * width, place_y(p, l->y[i]));
        draw_to(&pen, x + 0.5 * width, place_y(p, l->y[i]));
        draw_to(&pen, x + 0.5 * width, p->bottom);
        fputs("Z", p->to);
    }
    fputs("\"/>\n", p->to);
}

static int32_t finite_points(const rgm_chart_line *l) {
    int32_t n = 0;
    for (int32_t i = 0; i < l->count; i++) n += isfinite(l->y[i]);
    return n;
}

static void put_series(plot *p, const rgm_chart_line *l) {
    if (l->look == RGM_LINE_BARS) {
        draw_bars(p, l);
        return;
    }
    if (l->low && l->high) {
        fprintf(p->to, "<path class=\"band c%d\" d=\"", l->colour);
        draw_band(p, l);
        fputs("\"/>\n", p->to);
    }
    fprintf(p->to, "<path class=\"l%s c%d\" d=\"",
            l->look == RGM_LINE_RAW      ? " raw"
            : l->look == RGM_LINE_DASHED ? " dash"
                                         : "",
            l->colour);
    draw_curve(p, l, l->y);
    fputs("\"/>\n", p->to);
    int32_t points = finite_points(l);
    if (points == 1 || (l->look == RGM_LINE_DOTS && points <= DENSE)) draw_dots(p, l, points == 1 ? 3.2 : 2.4);
}

/* ---- marks ---- */

static void put_tick(plot *p, const rgm_chart_mark *m) {
    double x = rgm_scale_place(&p->x, m->at);
    stroke pen = {p->to, 0};
    fprintf(p->to, "<path class=\"tick c%d\" d=\"", m->colour);
    draw_to(&pen, x - 3, p->bottom);
    draw_to(&pen, x, p->bottom - 5);
    draw_to(&pen, x + 3, p->bottom);
    fputs("Z\"/>\n", p->to);
}

static void put_mark(plot *p, const rgm_chart_mark *m) {
    char class[16];
    snprintf(class, sizeof class, "m c%d", m->colour);
    if (m->kind == RGM_MARK_TICK) {
        put_tick(p, m);
    } else if (m->kind == RGM_MARK_Y) {
        double y = rgm_scale_place(&p->y, m->at);
        if (y < p->top - 0.5 || y > p->bottom + 0.5) return;
        put_line(p->to, class, (double[]){LEFT, y}, (double[]){WIDTH - RIGHT, y});
        if (m->name)
            rgm_chart_text(p->to, &(rgm_chart_label){WIDTH - RIGHT - 4, y - 4, "end", "", m->name, 2 * LABEL, 0});
    } else {
        double x = rgm_scale_place(&p->x, m->at);
        int32_t turned = x > 0.7 * WIDTH;
        put_line(p->to, class, (double[]){x, p->top}, (double[]){x, p->bottom});
        if (m->name)
            rgm_chart_text(p->to, &(rgm_chart_label){x + (turned ? -4 : 4), p->top - 4, turned ? "end" : "start", "",
                                                     m->name, LABEL, 0});
    }
}

/* ---- what is said beside the picture ---- */

static void say(char *text, size_t size, const char *before, double value) {
    char number[RGM_TEXT_REAL];
    rgm_text_add(text, size, before);
    rgm_text_add(text, size, rgm_text_print_real(number, sizeof number, 4, value));
}

/* "train: 2.3 at 0, 0.21 at 1400, least 0.2, greatest 2.3" */
static void describe(const rgm_chart_line *l, char *text, size_t size) {
    int32_t first = -1, last = -1, least = -1, most = -1;
    for (int32_t i = 0; i < l->count; i++) {
        if (!isfinite(l->y[i])) continue;
        if (first < 0) first = least = most = i;
        last = i;
        if (l->y[i] < l->y[least]) least = i;
        if (l->y[i] > l->y[most]) most = i;
    }
    if (first < 0) return;
    rgm_text_add(text, size, l->name);
    say(text, size, ": ", l->y[first]);
    say(text, size, " at ", l->x[first]);
    say(text, size, ", ", l->y[last]);
    say(text, size, " at ", l->x[last]);
    say(text, size, ", least ", l->y[least]);
    say(text, size, ", greatest ", l->y[most]);
    rgm_text_add(text, size, ". ");
}

static void put_legend(FILE *to, const rgm_chart_line *lines, int32_t count) {
    static const char *const look[] = {"l", "l raw", "l", "l dash", "l"};
    if (count < 2) return;
    fputs("<div class=\"legend\">", to);
    for (int32_t k = 0; k < count; k++) {
        fprintf(to,
                "<span><svg viewBox=\"0 0 22 10\" aria-hidden=\"true\"><path class=\"%s c%d\" d=\"M1 5H21\"/></svg>",
                look[lines[k].look], lines[k].colour);
        rgm_html_text(to, lines[k].name);
        fputs("</span>", to);
    }
    fputs("</div>\n", to);
}

/* ---- the table ---- */

/* Rows at the x of all lines together. */
typedef struct walk {
    const rgm_chart_line *lines[RGM_CHART_LINES];
    int32_t at[RGM_CHART_LINES], count;
} walk;

static walk walk_of(const rgm_chart_lines *c) {
    walk w = {.count = 0};
    const rgm_chart_line *sets[] = {c->lines, c->lower};
    const int32_t counts[] = {c->line_count, c->lower_count};
    for (int32_t s = 0; s < 2; s++)
        for (int32_t k = 0; k < counts[s] && w.count < RGM_CHART_LINES; k++)
            if (sets[s][k].look != RGM_LINE_RAW) w.lines[w.count++] = &sets[s][k];
    return w;
}

/* The next x; takes all points that have it, and leaves the last values in `row`. 0: there is none. */
static int32_t next_row(walk *w, double *x, double *row) {
    *x = INFINITY;
    for (int32_t k = 0; k < w->count; k++)
        if (w->at[k] < w->lines[k]->count) *x = fmin(*x, w->lines[k]->x[w->at[k]]);
    if (!isfinite(*x)) return 0;
    for (int32_t k = 0; k < w->count; k++)
        for (; w->at[k] < w->lines[k]->count && w->lines[k]->x[w->at[k]] <= *x; w->at[k]++)
            if (isfinite(w->lines[k]->y[w->at[k]])) row[k] = w->lines[k]->y[w->at[k]];
    return 1;
}

static void put_rows(FILE *to, walk w, int32_t each) {
    double x, row[RGM_CHART_LINES];
    for (int32_t k = 0; k < RGM_CHART_LINES; k++) row[k] = NAN;
    for (int32_t n = 1, more = next_row(&w, &x, row); more; n++) {
        double at = x;
        int32_t is_shown = n % each == 0;
        double kept[RGM_CHART_LINES];
        memcpy(kept, row, sizeof kept);
        if (is_shown)
            for (int32_t k = 0; k < RGM_CHART_LINES; k++) row[k] = NAN;
        more = next_row(&w, &x, row);
        if (!is_shown && more) continue;
        rgm_chart_row_begin(to);
        rgm_chart_cell(to, at);
        for (int32_t k = 0; k < w.count; k++) rgm_chart_cell(to, kept[k]);
        rgm_chart_row_end(to);
    }
}

static void put_table(FILE *to, const rgm_chart_lines *c) {
    walk w = walk_of(c), counting = w;
    const char *heads[RGM_CHART_LINES + 1] = {c->x.title};
    double x, row[RGM_CHART_LINES];
    int32_t rows = 0;
    while (next_row(&counting, &x, row)) rows++;
    for (int32_t k = 0; k < w.count; k++) heads[k + 1] = w.lines[k]->name;
    rgm_chart_table(to, heads, w.count + 1);
    put_rows(to, w, 1 + (rows - 1) / RGM_CHART_ROWS);
    rgm_chart_table_end(to);
}

/* ---- the whole ---- */

static void put_lower(plot *p, const rgm_chart_lines *c) {
    plot below = *p;
    below.top = p->bottom + GAP;
    below.bottom = below.top + LOWER;
    below.y.kind = c->lower_y.kind;
    below.y.unit = c->lower_y.unit;
    make_y(&below, &c->lower_y, extent_of(c->lower, c->lower_count, below.y.kind), 2);
    put_y_axis(&below, c->lower_y.title);
    for (int32_t k = 0; k < c->lower_count; k++) put_series(&below, &c->lower[k]);
    put_x_axis(&below, c->x.title);
}

static void put_picture(FILE *to, const rgm_chart_lines *c, int32_t part, int32_t kind) {
    plot p = {.to = to, .top = TOP, .bottom = TOP + MAIN};
    char what[2048] = "";
    double height = TOP + MAIN + FOOT + (c->lower_count ? GAP + LOWER : 0);
    for (int32_t k = 0; k < c->line_count; k++) describe(&c->lines[k], what, sizeof what);
    extent e = extent_of(c->lines, c->line_count, kind);
    int64_t points = e.count;
    add_marks(&e, c, kind);
    p.y.kind = kind;
    p.y.unit = c->y.unit;
    make_x(&p, c);
    make_y(&p, &c->y, e, 5);
    rgm_chart_svg(to, &c->frame, part, what[0] ? what : "Nothing is recorded yet.", WIDTH, height);
    put_y_axis(&p, c->y.title);
    for (int32_t k = 0; k < c->line_count; k++) put_series(&p, &c->lines[k]);
    for (int32_t i = 0; i < c->mark_count; i++) put_mark(&p, &c->marks[i]);
    if (!c->lower_count) put_x_axis(&p, c->x.title);
    if (p.clipped)
        rgm_chart_text(to, &(rgm_chart_label){LEFT + 4, TOP + 10, "start", "", "higher values are cut off", 0, 0});
    if (!points)
        rgm_chart_text(to, &(rgm_chart_label){0.5 * WIDTH, TOP + MAIN / 2, "middle", "", "nothing is recorded", 0, 0});
    if (c->lower_count) put_lower(&p, c);
    rgm_chart_svg_end(to);
}

void rgm_chart_lines_put(FILE *to, const rgm_chart_lines *c) {
    static const char *const names[] = {"linear", "logarithmic"};
    rgm_chart_begin(to, &c->frame, c->class ? c->class : "");
    put_legend(to, c->lines, c->line_count);
    if (c->both) {
        fputs("<div class=\"tabs\">", to);
        for (int32_t i = 0; i < 2; i++)
            fprintf(to, "<input type=\"radio\" name=\"%s-y\" id=\"%s-y%d\"%s><label for=\"%s-y%d\">%s</label>",
                    c->frame.id, c->frame.id, i, i ? "" : " checked", c->frame.id, i, names[i]);
        fputs("\n", to);
        for (int32_t i = 0; i < 2; i++) {
            fputs("<div class=\"tab\">", to);
            put_picture(to, c, i, i);
            fputs("</div>\n", to);
        }
        fputs("</div>\n", to);
    } else {
        put_picture(to, c, 0, c->y.kind);
    }
    put_table(to, c);
    rgm_chart_end(to);
}
