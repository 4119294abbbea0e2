#include "bench/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "bench/measure.h"
#include "report/summary.h"

typedef struct line {
    const char *name, *unit;
    rgm_spread before, after;
    double ratio; /* times as fast, or small */
    int32_t apart, slower;
} line;

typedef struct document {
    const char *path;
    json_t *json, *named; /* all of it; its results by name */
} document;

typedef struct comparison {
    const rgm_bench_compare_options *options;
    document before, after;
    json_t *json;
    int32_t text;
    int32_t count, slower;      /* results that both have measured; of them beyond the limit */
    int32_t lonely, unmeasured; /* that only one of the files has; that both have, but not both with figures */
    double logs;
    rgm_column columns[6];
} comparison;

enum { MOST_NAME = 64, MOST_TEXT = 256 };

/* ---- reading ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_t *results_of(const document *d) { return json_object_get(d->json, "results"); }

static const json_t *find(const document *d, const char *name) { return json_object_get(d->named, name); }

/* Positive numbers in order, or nulls: what could not be measured. */
static int is_spread(const json_t *result) {
    const json_t *low = json_object_get(result, "low"), *median = json_object_get(result, "median"),
                 *high = json_object_get(result, "high");
    if (json_is_null(low) || json_is_null(median) || json_is_null(high)) return 1;
    if (!json_is_number(low) || !json_is_number(median) || !json_is_number(high)) return 0;
    return json_number_value(low) > 0 && json_number_value(low) <= json_number_value(median) &&
           json_number_value(median) <= json_number_value(high);
}

static rgm_status add_name(document *d, json_t *result, size_t index, rgm_error *err) {
    const char *name = text_of(result, "name");
    if (!name[0] || !text_of(result, "unit")[0])
        return rgm_fail(err, RGM_E_FORMAT, "%s: result %zu: expected \"name\" and \"unit\"", d->path, index + 1);
    if (!is_spread(result))
        return rgm_fail(err, RGM_E_FORMAT, "%s: '%.80s': expected 0 < low <= median <= high", d->path, name);
    if (find(d, name)) return rgm_fail(err, RGM_E_FORMAT, "%s: '%.80s' is there twice", d->path, name);
    if (json_object_set(d->named, name, result) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "no memory for %s", d->path);
}

static rgm_status load(document *d, const char *path, rgm_error *err) {
    json_error_t error;
    *d = (document){path, json_load_file(path, JSON_REJECT_DUPLICATES, &error), json_object()};
    if (!d->json && json_error_code(&error) == json_error_cannot_open_file)
        return rgm_fail(err, RGM_E_IO, "%s: cannot be opened", path);
    if (!d->json) return rgm_fail(err, RGM_E_FORMAT, "%s:%d:%d: %s", path, error.line, error.column, error.text);
    if (!text_of(d->json, "bench")[0] || !json_is_array(results_of(d)))
        return rgm_fail(err, RGM_E_FORMAT, "%s: not a result of regimen bench (expected \"bench\" and \"results\")",
                        path);
    size_t i;
    json_t *result;
    json_array_foreach(results_of(d), i, result) RGM_TRY(add_name(d, result, i, err));
    return RGM_OK;
}

static void release(document *d) {
    json_decref(d->json);
    json_decref(d->named);
}

static rgm_status check_kinds(const comparison *c, rgm_error *err) {
    const char *a = text_of(c->before.json, "bench"), *b = text_of(c->after.json, "bench");
    if (strcmp(a, b) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s is a result of bench %.40s, %s of bench %.40s: nothing to compare",
                    c->before.path, a, c->after.path, b);
}

/* ---- comparing ---- */

static rgm_spread spread_of(const json_t *result) {
    return (rgm_spread){json_number_value(json_object_get(result, "low")),
                        json_number_value(json_object_get(result, "median")),
                        json_number_value(json_object_get(result, "high"))};
}

/* null reads as 0 */
static int is_measured(rgm_spread s) { return s.low > 0 && s.median > 0 && s.high > 0; }

static int is_rate(const char *unit) {
    size_t length = strlen(unit);
    return length > 2 && strcmp(unit + length - 2, "/s") == 0;
}

/* Of two that were measured, in the same unit. */
static rgm_status compare(const comparison *c, line *l, rgm_error *err) {
    double a = l->before.median, b = l->after.median;
    l->ratio = is_rate(l->unit) ? b / a : a / b;
    if (!isnormal(l->ratio))
        return rgm_fail(err, RGM_E_FORMAT, "'%.80s': %g in %s, %g in %s: their ratio is out of range", l->name, a,
                        c->before.path, b, c->after.path);
    l->apart = l->before.high < l->after.low || l->after.high < l->before.low;
    l->slower = l->apart && l->ratio * (1 + c->options->limit / 100) < 1;
    return RGM_OK;
}

/* ---- telling ---- */

/* What a file says, as a terminal may have it. */
static const char *plain(char out[MOST_TEXT], const char *text) {
    snprintf(out, MOST_TEXT, "%s", text);
    rgm_text_clean(out);
    return out;
}

/* Members of the documents, numbers with a fraction apart, that are not the same. */
static void print_differences(const comparison *c) {
    const char *key;
    json_t *a;
    char name[MOST_TEXT], x[MOST_TEXT], y[MOST_TEXT];
    json_object_foreach(c->before.json, key, a) {
        const json_t *b = json_object_get(c->after.json, key);
        if (!b || strcmp(key, "results") == 0 || json_is_real(a) || json_equal(a, (json_t *)b)) continue;
        char *from = json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT), *to = json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT);
        printf("not the same %s: %s, %s\n", plain(name, key), plain(x, from ? from : "?"), plain(y, to ? to : "?"));
        free(from);
        free(to);
    }
}

static void make_columns(comparison *c) {
    int32_t width = 10;
    size_t i;
    const json_t *result;
    json_array_foreach(results_of(&c->before), i, result) {
        int32_t length = (int32_t)strlen(text_of(result, "name"));
        if (length > width) width = length < MOST_NAME ? length : MOST_NAME;
    }
    c->columns[0] = (rgm_column){"", width, 0};
    c->columns[1] = (rgm_column){"before", 10, 3};
    c->columns[2] = (rgm_column){"after", 10, 3};
    c->columns[3] = (rgm_column){"x", 6, 3};
    c->columns[4] = (rgm_column){"unit", 8, 0};
}

static void print_line(const comparison *c, const line *l) {
    char text[MOST_TEXT];
    rgm_table_row(c->columns, 4, plain(text, l->name), (double[]){l->before.median, l->after.median, l->ratio});
    printf(" %*s  %s\n", c->columns[4].width, plain(text, l->unit),
           l->slower      ? "SLOWER"
           : !l->apart    ? "quartiles overlap"
           : l->ratio < 1 ? "slower, within the limit"
                          : "faster");
}

static rgm_status add_json(const comparison *c, const line *l, rgm_error *err) {
    json_t *entry =
        json_pack("{s:s, s:s, s:f, s:f, s:f, s:b, s:b}", "name", l->name, "unit", l->unit, "before", l->before.median,
                  "after", l->after.median, "ratio", l->ratio, "overlap", !l->apart, "slower", l->slower);
    if (entry && json_array_append_new(json_object_get(c->json, "lines"), entry) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
}

static rgm_status take(comparison *c, const json_t *a, const json_t *b, rgm_error *err) {
    line l = {.name = text_of(a, "name"), .unit = text_of(a, "unit"), .before = spread_of(a), .after = spread_of(b)};
    if (strcmp(l.unit, text_of(b, "unit")) != 0)
        return rgm_fail(err, RGM_E_USAGE, "'%.80s': %.20s in %s, %.20s in %s", l.name, l.unit, c->before.path,
                        text_of(b, "unit"), c->after.path);
    if (!is_measured(l.before) || !is_measured(l.after)) {
        c->unmeasured++;
        return RGM_OK;
    }
    RGM_TRY(compare(c, &l, err));
    c->count++;
    c->slower += l.slower;
    c->logs += log(l.ratio);
    if (c->text) print_line(c, &l);
    return add_json(c, &l, err);
}

static rgm_status walk(comparison *c, rgm_error *err) {
    size_t i;
    json_t *a;
    json_array_foreach(results_of(&c->before), i, a) {
        const json_t *b = find(&c->after, text_of(a, "name"));
        if (b)
            RGM_TRY(take(c, a, b, err));
        else
            c->lonely++;
    }
    json_array_foreach(results_of(&c->after), i, a) c->lonely += !find(&c->before, text_of(a, "name"));
    return RGM_OK;
}

static void print_rest(int32_t count, const char *what) {
    if (count) printf("%d %s %s\n", count, count == 1 ? "result is" : "results are", what);
}

static rgm_status finish(comparison *c, rgm_error *err) {
    if (!c->count)
        return rgm_fail(err, RGM_E_USAGE, "%s and %s have no result in common%s", c->before.path, c->after.path,
                        c->unmeasured ? " that was measured for both" : "");
    double mean = exp(c->logs / c->count);
    if (c->text) {
        printf("\nafter is %.3f times as fast as before, geometric mean of %d\n", mean, c->count);
        print_rest(c->unmeasured, "in both of the files, but not measured in both");
        print_rest(c->lonely, "only in one of the files");
    }
    json_object_set_new(c->json, "geometric_mean", json_real(mean));
    json_object_set_new(c->json, "slower", json_integer(c->slower));
    json_object_set_new(c->json, "not_measured", json_integer(c->unmeasured));
    json_object_set_new(c->json, "only_in_one", json_integer(c->lonely));
    RGM_TRY(rgm_bench_json_write(json_incref(c->json), c->options->json, err));
    if (!c->slower) return RGM_OK;
    return rgm_fail(err, RGM_E_VERDICT, "%d of %d %s slower by more than %g %%, quartiles apart", c->slower, c->count,
                    c->slower == 1 ? "is" : "are", c->options->limit);
}

static rgm_status run(comparison *c, rgm_error *err) {
    RGM_TRY(load(&c->before, c->options->before, err));
    RGM_TRY(load(&c->after, c->options->after, err));
    RGM_TRY(check_kinds(c, err));
    c->json = json_pack("{s:s, s:s, s:f, s:[]}", "bench", "compare", "of", text_of(c->before.json, "bench"), "limit",
                        c->options->limit, "lines");
    if (!c->json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    if (c->text) {
        print_differences(c);
        make_columns(c);
        rgm_table_head(c->columns, 5);
    }
    RGM_TRY(walk(c, err));
    return finish(c, err);
}

rgm_status rgm_bench_compare(const rgm_bench_compare_options *options, rgm_error *err) {
    comparison c = {.options = options, .text = rgm_json_leaves_text(options->json)};
    rgm_status status = run(&c, err);
    release(&c.before);
    release(&c.after);
    json_decref(c.json);
    return status;
}
