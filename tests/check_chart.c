/* Charts: scales, series in memory of fixed size, and pictures that are whole whatever the data and the names. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "markup.h"
#include "report/chart_lines.h"
#include "report/chart_map.h"
#include "report/chart_rows.h"
#include "report/trace.h"

/* ---- scales ---- */

static const double odd[] = {0,      1,      -1,   NAN,   INFINITY, -INFINITY, 1e-320, 1e308,
                             -1e308, 5e-324, 1e-9, 1e300, 0.1,      3,         1e17,   1 + 1e-15};
enum { ODD = sizeof odd / sizeof *odd };

static int is_nice(double step) {
    double part = step / pow(10, floor(log10(step) + 1e-9));
    return fabs(part - 1) < 1e-6 || fabs(part - 2) < 1e-6 || fabs(part - 5) < 1e-6;
}

START_TEST(scales_of_anything) {
    for (int32_t i = 0; i < ODD * ODD * 4; i++) {
        rgm_scale s = {.kind = i % 2, .from = 400, .to = 20};
        int32_t ends = i / 2 % 2;
        rgm_scale_make(&s, odd[i / 4 / ODD], odd[i / 4 % ODD], 5, ends);
        ck_assert_msg(isfinite(s.low) && isfinite(s.high) && s.low < s.high, "%g %g", odd[i / 4 / ODD],
                      odd[i / 4 % ODD]);
        ck_assert(s.kind == RGM_SCALE_LINEAR || s.low > 0);
        ck_assert_int_ge(s.count, 1);
        ck_assert(s.kind == RGM_SCALE_LOG || is_nice(s.step));
        for (int32_t k = 0; k < s.count; k++) {
            char text[RGM_SCALE_TEXT];
            double place = rgm_scale_place(&s, s.ticks[k]);
            ck_assert_msg(place > 19 && place < 401, "%g of %g to %g at %g", s.ticks[k], s.low, s.high, place);
            ck_assert(k == 0 || s.ticks[k] > s.ticks[k - 1]);
            ck_assert_uint_lt(strlen(rgm_scale_text(&s, s.ticks[k], text)), RGM_SCALE_TEXT);
        }
        for (int32_t k = 0; k < ODD; k++) ck_assert(isfinite(rgm_scale_place(&s, odd[k])));
    }
}
END_TEST

static void expect_ticks(int32_t kind, double low, double high, int32_t wanted, const char *all) {
    rgm_scale s = {.kind = kind};
    char text[RGM_SCALE_TEXT], line[512] = "";
    rgm_scale_make(&s, low, high, wanted, 1);
    for (int32_t i = 0; i < s.count; i++) {
        strcat(line, i ? " " : "");
        strcat(line, rgm_scale_text(&s, s.ticks[i], text));
    }
    ck_assert_str_eq(line, all);
}

START_TEST(tick_marks) {
    expect_ticks(RGM_SCALE_LINEAR, 0, 2.3, 5, "0 0.5 1 1.5 2 2.5");
    expect_ticks(RGM_SCALE_LINEAR, 0, 97000, 5, "0 20,000 40,000 60,000 80,000 100,000");
    expect_ticks(RGM_SCALE_LINEAR, -0.3, 0.25, 5, "-0.4 -0.2 0 0.2 0.4");
    expect_ticks(RGM_SCALE_LINEAR, 0.9312, 0.9371, 5, "0.93 0.932 0.934 0.936 0.938");
    expect_ticks(RGM_SCALE_LINEAR, 0, 1000000, 6, "0 200,000 400,000 600,000 800,000 1,000,000");
    expect_ticks(RGM_SCALE_LOG, 0.0012, 3, 5, "0.001 0.01 0.1 1 10");
    expect_ticks(RGM_SCALE_LOG, 0.3, 2.4, 5, "0.5 1 2");
    expect_ticks(RGM_SCALE_LOG, 1e-30, 1, 5, "1e-30 1e-23 1e-16 1e-09 0.01");
}
END_TEST

/* ---- series ---- */

START_TEST(a_series_of_any_length) {
    static rgm_trace t;
    static double x[2 * RGM_TRACE_BUCKETS], y[2 * RGM_TRACE_BUCKETS];
    enum { POINTS = 1000003, SPIKE = 700001 };
    double sum = 0, high = -INFINITY, low = INFINITY;
    for (int64_t i = 0; i < POINTS; i++) {
        double value = i == SPIKE ? 99 : i == SPIKE + 5 ? -7 : i % 1000 == 3 ? NAN : 1.0 / (double)(1 + i % 7);
        rgm_trace_add(&t, (double)i, value);
        if (isfinite(value)) sum += value;
    }
    ck_assert_int_eq(t.total, POINTS);
    int64_t points = 0;
    double all = 0;
    for (int32_t i = 0; i < t.count; i++) points += t.buckets[i].count, all += t.buckets[i].sum;
    ck_assert_int_eq(points, POINTS);
    ck_assert_double_eq_tol(all, sum, 1e-6 * sum);
    int32_t n = rgm_trace_extremes(&t, x, y);
    ck_assert_int_le(n, 2 * RGM_TRACE_BUCKETS);
    for (int32_t i = 0; i < n; i++) {
        ck_assert(i == 0 || x[i] >= x[i - 1]);
        high = fmax(high, y[i]);
        low = fmin(low, y[i]);
    }
    ck_assert(high == 99 && low == -7);
    ck_assert(x[0] == 0 && x[n - 1] == POINTS - 1);
    n = rgm_trace_smooth(&t, 31, x, y);
    ck_assert_int_eq(n, t.count);
    for (int32_t i = 0; i < n; i++) ck_assert(y[i] > 0.3 && y[i] < 0.5);
    ck_assert_double_eq_tol(rgm_trace_mean(&t, 0, 1), sum / (POINTS - 1001), 1e-6);
}
END_TEST

START_TEST(short_series) {
    static rgm_trace t;
    static double x[2 * RGM_TRACE_BUCKETS], y[2 * RGM_TRACE_BUCKETS];
    ck_assert_int_eq(rgm_trace_extremes(&t, x, y), 0);
    ck_assert_int_eq(rgm_trace_smooth(&t, 5, x, y), 0);
    ck_assert(isnan(rgm_trace_mean(&t, 0, 1)));
    rgm_trace_add(&t, 3, NAN);
    ck_assert_int_eq(rgm_trace_extremes(&t, x, y), 1);
    ck_assert(x[0] == 3 && isnan(y[0]) && isnan(rgm_trace_mean(&t, 0.75, 1)));
    rgm_trace_add(&t, 5, 2);
    ck_assert_int_eq(rgm_trace_smooth(&t, 99, x, y), 2);
    ck_assert(x[1] == 5 && y[1] == 2 && rgm_trace_mean(&t, 0.75, 1) == 2);
}
END_TEST

/* A line's slope is not bent at its ends. */
START_TEST(smoothing_keeps_a_line) {
    static rgm_trace t;
    static double x[RGM_TRACE_BUCKETS], y[RGM_TRACE_BUCKETS];
    for (int32_t i = 0; i < 500; i++) rgm_trace_add(&t, i, 2.0 * i);
    for (int32_t i = rgm_trace_smooth(&t, 40, x, y) - 1; i >= 0; i--) ck_assert_double_eq_tol(y[i], 2 * x[i], 1e-9);
}
END_TEST

/* ---- pictures ---- */

static const char hostile[] = "a<b>&\"'</svg><script>alert(1)</script>\x1b[2J\xff";

static char *drawn(void (*draw)(FILE *to, const void *chart), const void *chart, size_t *size) {
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    ck_assert_ptr_nonnull(to);
    draw(to, chart);
    fclose(to);
    return text;
}

static void draw_lines(FILE *to, const void *chart) { rgm_chart_lines_put(to, chart); }
static void draw_map(FILE *to, const void *chart) { rgm_chart_map_put(to, chart); }
static void draw_rows(FILE *to, const void *chart) { rgm_chart_rows_put(to, chart); }

/* It is whole, and the same bytes twice. The caller frees it. */
static char *whole(void (*draw)(FILE *to, const void *chart), const void *chart) {
    size_t size[2];
    char *text = drawn(draw, chart, &size[0]), *again = drawn(draw, chart, &size[1]);
    ck_assert_uint_eq(size[0], size[1]);
    ck_assert_mem_eq(text, again, size[0]);
    ck_assert_msg(!markup_fault(text), "%s", markup_fault(text));
    ck_assert_uint_eq(strlen(text), size[0]);
    free(again);
    return text;
}

static rgm_chart_lines lines_of(const rgm_chart_line *lines, int32_t count) {
    return (rgm_chart_lines){.frame = {"chart", hostile, hostile},
                             .x = {.title = hostile, .low = NAN, .high = NAN},
                             .y = {.title = hostile, .low = NAN, .high = NAN},
                             .lines = lines,
                             .line_count = count,
                             .both = 1};
}

START_TEST(lines_of_anything) {
    for (int32_t shift = 0; shift <= ODD; shift++) {
        double x[ODD], y[ODD];
        for (int32_t i = 0; i < ODD; i++) x[i] = i, y[i] = odd[(i + shift) % ODD];
        int32_t count = shift == ODD ? 0 : ODD - shift;
        const rgm_chart_line lines[] = {
            {.name = hostile, .x = x, .y = y, .low = y, .high = y, .count = count, .colour = 1},
            {.name = "bars", .x = x, .y = y, .count = count, .colour = 2, .look = RGM_LINE_BARS},
            {.name = "dots", .x = x, .y = y, .count = count, .colour = 3, .look = RGM_LINE_DOTS}};
        const rgm_chart_mark marks[] = {{RGM_MARK_X, 1, odd[shift % ODD], hostile},
                                        {RGM_MARK_Y, 1, odd[shift % ODD], hostile},
                                        {RGM_MARK_TICK, 1, odd[shift % ODD], NULL}};
        rgm_chart_lines c = lines_of(lines, 3);
        c.marks = marks;
        c.mark_count = 3;
        c.lower = lines;
        c.lower_count = 1;
        c.lower_y = c.y;
        char *text = whole(draw_lines, &c);
        ck_assert(!strstr(text, "nan") && !strstr(text, "inf"));
        ck_assert_int_eq(markup_count(text, "<svg viewBox=\"0 0 560"), 2);
        free(text);
    }
    const rgm_chart_lines none = lines_of(NULL, 0);
    char *text = whole(draw_lines, &none);
    ck_assert(strstr(text, "nothing is recorded"));
    free(text);
}
END_TEST

/* A million points, one of them a spike, are a few thousand bytes, and the spike is at the top of the picture. */
START_TEST(many_points_are_few_bytes) {
    enum { POINTS = 1000000 };
    double *x = malloc(2 * POINTS * sizeof *x), *y = x + POINTS;
    ck_assert_ptr_nonnull(x);
    for (int32_t i = 0; i < POINTS; i++) x[i] = i, y[i] = i == 123456 ? 4 : 1 + sin(i * 0.7);
    const rgm_chart_line line = {.name = "many", .x = x, .y = y, .count = POINTS, .colour = 1};
    rgm_chart_lines c = lines_of(&line, 1);
    c.both = 0;
    char *text = whole(draw_lines, &c);
    ck_assert_uint_lt(strlen(text), 80000);
    ck_assert_msg(strstr(text, " 16L") || strstr(text, " 16\""), "no spike");
    free(text);
    free(x);
}
END_TEST

START_TEST(tables_have_the_values) {
    double x[] = {1, 2, 3}, y[] = {0.5, NAN, 0.25}, z[] = {7, 8};
    const rgm_chart_line lines[] = {{.name = "first", .x = x, .y = y, .count = 3, .colour = 1},
                                    {.name = "second", .x = x + 1, .y = z, .count = 2, .colour = 2}};
    rgm_chart_lines c = lines_of(lines, 2);
    char *text = whole(draw_lines, &c);
    ck_assert(strstr(text, "<tr><td>1</td><td>0.5</td><td></td></tr>\n<tr><td>2</td><td></td><td>7</td></tr>\n"
                           "<tr><td>3</td><td>0.25</td><td>8</td></tr>"));
    free(text);
}
END_TEST

/* Of a long table each row has the last values since the row before, and the last row is the end. */
START_TEST(long_tables_are_cut_evenly) {
    double x[1001], y[1001], few[] = {500}, one[] = {42};
    for (int32_t i = 0; i <= 1000; i++) x[i] = i, y[i] = 2 * i;
    const rgm_chart_line lines[] = {{.name = "many", .x = x, .y = y, .count = 1001, .colour = 1},
                                    {.name = "few", .x = few, .y = one, .count = 1, .colour = 2}};
    rgm_chart_lines c = lines_of(lines, 2);
    char *text = whole(draw_lines, &c);
    ck_assert_int_le(markup_count(text, "<tr><td>"), RGM_CHART_ROWS);
    ck_assert_int_ge(markup_count(text, "<tr><td>"), RGM_CHART_ROWS / 2);
    ck_assert(strstr(text, "<tr><td>1000</td><td>2000</td><td></td></tr>\n</table>"));
    ck_assert_int_eq(markup_count(text, "<td>42</td>"), 1);
    free(text);
}
END_TEST

START_TEST(maps_of_anything) {
    static double values[40 * 300], at[300];
    static int64_t counts[40 * 300];
    static const char *names[300];
    for (int32_t i = 0; i < 40 * 300; i++) values[i] = odd[i % ODD], counts[i] = i % 5 ? 0 : INT64_MAX - i;
    for (int32_t i = 0; i < 300; i++) names[i] = hostile, at[i] = 50 * i;
    static const int32_t sizes[][2] = {{0, 0}, {1, 1}, {10, 10}, {40, 300}, {3, 1}, {1, 300}};
    for (int32_t i = 0; i < 24; i++) {
        const rgm_chart_map m = {.frame = {"map", hostile, NULL},
                                 .row_title = hostile,
                                 .column_title = hostile,
                                 .row_names = names,
                                 .column_names = i % 2 ? names : NULL,
                                 .column_at = at,
                                 .rows = sizes[i / 4][0],
                                 .columns = sizes[i / 4][1],
                                 .values = values,
                                 .counts = i % 4 / 2 ? counts : NULL,
                                 .unit = hostile,
                                 .scale = {.kind = i % 4 / 2}};
        free(whole(draw_map, &m));
    }
}
END_TEST

/* Each cell is drawn once, with its shade. */
START_TEST(maps_have_their_cells) {
    static const double values[] = {0, 0, 1, NAN, 0.5, 0.5};
    static const char *const names[] = {"a", "b", "c"};
    const rgm_chart_map m = {.frame = {"map", "Map", NULL},
                             .row_names = names,
                             .column_names = names,
                             .rows = 2,
                             .columns = 3,
                             .values = values,
                             .scale = {.low = 0, .high = 1}};
    char *text = whole(draw_map, &m);
    ck_assert(strstr(text, "<path class=\"q0\" d=\"M0 0h2\"/>"));
    ck_assert(strstr(text, "<path class=\"q9\" d=\"M2 0h1\"/>"));
    ck_assert(strstr(text, "<path class=\"q5\" d=\"M1 1h2\"/>"));
    ck_assert(strstr(text, "<tr><td>b</td><td></td><td>0.5</td><td>0.5</td></tr>"));
    free(text);
}
END_TEST

START_TEST(rows_of_anything) {
    static double low[1000], high[1000], values[1000];
    static int64_t counts[1000];
    static const char *names[1000];
    for (int32_t i = 0; i < 1000; i++) {
        names[i] = hostile;
        values[i] = odd[i % ODD];
        low[i] = odd[(i + 1) % ODD];
        high[i] = odd[(i + 2) % ODD];
    }
    static const int32_t counted[][2] = {{0, 0}, {1, 1}, {1000, 30}, {16, 16}};
    for (int32_t i = 0; i < 8; i++) {
        const rgm_chart_measure measures[] = {
            {.name = hostile, .values = values, .low = low, .high = high, .colour = 1},
            {.name = "bars", .values = values, .colour = 2, .bars = 1}};
        const rgm_chart_rows c = {.frame = {"rows", hostile, hostile},
                                  .names = names,
                                  .rows = counted[i / 2][0],
                                  .shown = counted[i / 2][1],
                                  .measures = measures,
                                  .measure_count = 1 + i % 2,
                                  .title = hostile,
                                  .low = i % 2 ? 0 : NAN,
                                  .high = i % 2 ? 1 : NAN,
                                  .counts = counts,
                                  .count_name = hostile};
        free(whole(draw_rows, &c));
    }
}
END_TEST

START_TEST(faults_are_found) { /* of the pages that the tests look at */
    static const char *const bad[] = {"<b>",
                                      "<b></i>",
                                      "</b>",
                                      "<b",
                                      "<p a=\"x></p>",
                                      "<i id=\"a\"></i><i id=\"a\"></i>",
                                      "<a href=\"#b\"></a>",
                                      "<script></script>",
                                      "<img src=\"x.png\">"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(markup_fault(bad[i]) != NULL, "%s", bad[i]);
    ck_assert_ptr_null(markup_fault("<p>a<br><i id=\"a\">b</i><path d=\"M\"/><a href=\"#a\">c</a></p>"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("chart");
    TCase *tests = tcase_create("chart");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, scales_of_anything);
    tcase_add_test(tests, tick_marks);
    tcase_add_test(tests, a_series_of_any_length);
    tcase_add_test(tests, short_series);
    tcase_add_test(tests, smoothing_keeps_a_line);
    tcase_add_test(tests, lines_of_anything);
    tcase_add_test(tests, many_points_are_few_bytes);
    tcase_add_test(tests, tables_have_the_values);
    tcase_add_test(tests, long_tables_are_cut_evenly);
    tcase_add_test(tests, maps_of_anything);
    tcase_add_test(tests, maps_have_their_cells);
    tcase_add_test(tests, rows_of_anything);
    tcase_add_test(tests, faults_are_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
