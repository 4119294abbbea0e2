#define _GNU_SOURCE
#include "report/run_answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/chart_lines.h"
#include "report/chart_map.h"
#include "report/chart_rows.h"
#include "report/filters.h"
#include "report/html.h"
#include "report/interval.h"
#include "report/predictions.h"

enum { ABOUT = 512, PAIRS = 20, MATRIX = 40, ROWS = 25, NAME = 16 };

/* What the charts are drawn with. */
typedef struct desk {
    const rgm_examination *x;
    char about[ABOUT];
    char (*numbers)[NAME];
    const char **names; /* [classes] */
    int32_t *order;     /* [classes] */
    const char **shown; /* [classes] names in some order */
    double *values;     /* [6][classes]: recall and precision, each with its interval */
    int64_t *images;    /* [classes] */
    double cells[MATRIX * MATRIX];
    int64_t counts[MATRIX * MATRIX];
} desk;

static void free_desk(desk *d) {
    if (!d) return;
    free(d->numbers);
    free(d->names);
    free(d->order);
    free(d->shown);
    free(d->values);
    free(d->images);
    free(d);
}

static desk *make_desk(const rgm_examination *x) {
    desk *d = calloc(1, sizeof *d);
    size_t n = (size_t)x->classes;
    if (!d) return NULL;
    d->x = x;
    d->numbers = calloc(n, sizeof *d->numbers);
    d->names = calloc(n, sizeof *d->names);
    d->order = calloc(n, sizeof *d->order);
    d->shown = calloc(n, sizeof *d->shown);
    d->values = calloc(6 * n, sizeof *d->values);
    d->images = calloc(n, sizeof *d->images);
    if (!d->numbers || !d->names || !d->order || !d->shown || !d->values || !d->images) {
        free_desk(d);
        return NULL;
    }
    for (int32_t c = 0; c < x->classes; c++) d->names[c] = rgm_class_title(x->names, c, d->numbers[c]);
    snprintf(d->about, ABOUT, "%lld %s images; checkpoint ", (long long)x->images, x->split);
    rgm_text_add(d->about, ABOUT, x->checkpoint);
    return d;
}

/* ---- confusion ---- */

static int64_t pair(const rgm_examination *x, int32_t label, int32_t taken) {
    return x->pairs[(int64_t)label * x->classes + taken];
}

static int64_t mistakes_with(const rgm_examination *x, int32_t c) {
    return x->each[c].images + x->each[c].taken - 2 * x->each[c].hits;
}

/* Of too many classes those with the most mistakes stay, in the order that they have. */
static int32_t choose(desk *d) {
    const rgm_examination *x = d->x;
    int32_t kept = 0;
    for (int32_t i = 0; i < x->classes; i++) {
        int32_t better = 0, c = d->order[i];
        for (int32_t k = 0; k < x->classes && x->classes > MATRIX; k++)
            better +=
                mistakes_with(x, k) > mistakes_with(x, c) || (mistakes_with(x, k) == mistakes_with(x, c) && k < c);
        if (better < MATRIX) d->order[kept++] = c;
    }
    return kept;
}

static void put_confusion(FILE *to, desk *d) {
    const rgm_examination *x = d->x;
    int32_t n = choose(d);
    for (int32_t r = 0; r < n; r++) {
        const rgm_examined_class *row = &x->each[d->order[r]];
        d->shown[r] = d->names[d->order[r]];
        for (int32_t c = 0; c < n; c++) {
            int64_t count = pair(x, d->order[r], d->order[c]);
            d->counts[r * n + c] = count;
            d->cells[r * n + c] = row->images ? (double)count / (double)row->images : NAN;
        }
    }
    char about[ABOUT + 128];
    snprintf(about, sizeof about, "%s; classes that are confused are neighbours%s", d->about,
             n < x->classes ? "; the 40 classes with the most mistakes" : "");
    rgm_chart_map_put(to, &(rgm_chart_map){.frame = {"confusion", "Confusion", about},
                                           .row_title = "label",
                                           .column_title = "taken for",
                                           .row_names = d->shown,
                                           .column_names = d->shown,
                                           .rows = n,
                                           .columns = n,
                                           .values = d->cells,
                                           .counts = d->counts,
                                           .scale = {.unit = RGM_SCALE_PERCENT, .low = 0, .high = 1},
                                           .unit = "of the label's images"});
}

typedef struct confused {
    int32_t label, taken;
    int64_t count;
} confused;

static int32_t find_pairs(const rgm_examination *x, confused list[PAIRS]) {
    int32_t n = 0;
    for (int32_t l = 0; l < x->classes; l++) {
        for (int32_t t = 0; t < x->classes; t++) {
            const confused one = {l, t, pair(x, l, t)};
            int32_t at = n;
            if (l == t || !one.count) continue;
            while (at > 0 && list[at - 1].count < one.count) at--;
            if (at == PAIRS) continue;
            memmove(&list[at + 1], &list[at], sizeof one * (size_t)((n < PAIRS ? n : PAIRS - 1) - at));
            list[at] = one;
            n += n < PAIRS;
        }
    }
    return n;
}

static void put_pairs(FILE *to, const desk *d) {
    const rgm_examination *x = d->x;
    confused list[PAIRS];
    int32_t n = find_pairs(x, list);
    double low, high;
    char about[ABOUT + 64];
    snprintf(about, sizeof about, "%s; share of the label's images, with 95 %% intervals", d->about);
    rgm_chart_begin(to, &(rgm_chart_frame){"pairs", "Most frequent mistakes", about}, "");
    if (!n) fputs("<p class=\"soft\">There are none.</p>", to);
    fputs("<table class=\"rows\">\n", to);
    for (int32_t i = 0; i < n; i++) {
        const confused *p = &list[i];
        int64_t images = x->each[p->label].images;
        rgm_interval_wilson(p->count, images, &low, &high);
        fputs("<tr><td style=\"text-align:left\">", to);
        rgm_html_text(to, d->names[p->label]);
        fputs(" <span class=\"soft\" style=\"display:inline\">taken for</span> ", to);
        rgm_html_text(to, d->names[p->taken]);
        fprintf(to, "</td><td>%lld</td><td>", (long long)p->count);
        rgm_html_percent(to, (double)p->count / (double)images, 1);
        fputs("</td><td class=\"soft\">", to);
        rgm_html_fixed(to, 100 * low, 1);
        fputs(" to ", to);
        rgm_html_fixed(to, 100 * high, 1);
        fputs("</td></tr>\n", to);
    }
    fputs("</table>\n", to);
    rgm_chart_end(to);
}

/* ---- classes ---- */

static double recall(const rgm_examined_class *c) { return c->images ? (double)c->hits / (double)c->images : 2; }

static int by_recall(const void *a, const void *b, void *context) {
    const rgm_examined_class *each = context;
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    double of_x = recall(&each[x]), of_y = recall(&each[y]);
    return of_x != of_y ? (of_x > of_y) - (of_x < of_y) : (x > y) - (x < y);
}

static void put_share(double *to, int32_t n, int64_t hits, int64_t of) {
    to[0] = of ? (double)hits / (double)of : NAN;
    to[n] = to[2 * n] = NAN;
    if (of) rgm_interval_wilson(hits, of, &to[n], &to[2 * n]);
}

static void put_each(FILE *to, desk *d) {
    const rgm_examination *x = d->x;
    int32_t n = x->classes;
    double least = 0.9;
    for (int32_t c = 0; c < n; c++) d->order[c] = c;
    qsort_r(d->order, (size_t)n, sizeof *d->order, by_recall, x->each);
    for (int32_t i = 0; i < n; i++) {
        const rgm_examined_class *c = &x->each[d->order[i]];
        d->shown[i] = d->names[d->order[i]];
        d->images[i] = c->images;
        put_share(d->values + i, n, c->hits, c->images);
        put_share(d->values + 3 * n + i, n, c->hits, c->taken);
        if (i < ROWS) least = fmin(least, fmin(d->values[n + i], d->values[4 * n + i])); /* a NaN is passed over */
    }
    const rgm_chart_measure measures[] = {
        {.name = "recall", .values = d->values, .low = d->values + n, .high = d->values + 2 * n, .colour = 1},
        {.name = "precision",
         .values = d->values + 3 * n,
         .low = d->values + 4 * n,
         .high = d->values + 5 * n,
         .colour = 2}};
    char about[ABOUT + 128];
    snprintf(about, sizeof about, "%s; 95 %% intervals; least recall first%s", d->about,
             n > ROWS ? ", the first 25 of all in the table" : "");
    rgm_chart_rows_put(to, &(rgm_chart_rows){.frame = {"classes", "Classes", about},
                                             .names = d->shown,
                                             .rows = n,
                                             .shown = n < ROWS ? n : ROWS,
                                             .measures = measures,
                                             .measure_count = 2,
                                             .title = "share of its images",
                                             .unit = RGM_SCALE_PERCENT,
                                             .low = floor(10 * least) / 10,
                                             .high = 1,
                                             .counts = d->images,
                                             .count_name = "images"});
}

/* ---- reliability ---- */

static void add_percent(char *text, const char *before, double share) {
    char number[RGM_TEXT_REAL];
    rgm_text_add(text, ABOUT, before);
    rgm_text_add(text, ABOUT, rgm_text_print_real(number, sizeof number, 3, 100 * share));
}

static const char *calibration_text(const rgm_examination *x, char text[ABOUT]) {
    rgm_calibration c = rgm_examination_calibration(x);
    snprintf(text, ABOUT, "%lld %s images; 95 %% intervals", (long long)x->images, x->split);
    if (!isfinite(c.error)) return text;
    add_percent(text, "; expected calibration error ", c.error);
    add_percent(text, " points (", c.low);
    add_percent(text, " to ", c.high);
    add_percent(text, "), by chance up to ", c.chance);
    add_percent(text, c.above > 0 ? "; too sure by " : "; not sure enough by ", fabs(c.above));
    rgm_text_add(text, ABOUT, " points");
    return text;
}

static void put_reliability(FILE *to, desk *d) {
    enum { N = RGM_EXAMINED_BINS };
    double at[N], accuracy[N], low[N], high[N], share[N];
    const rgm_examination *x = d->x;
    char about[ABOUT];
    for (int32_t b = 0; b < N; b++) {
        const rgm_examined_bin *bin = &x->bins[b];
        at[b] = (b + 0.5) / N;
        accuracy[b] = low[b] = high[b] = share[b] = NAN;
        if (!bin->images) continue;
        at[b] = bin->confidence / (double)bin->images;
        accuracy[b] = (double)bin->hits / (double)bin->images;
        share[b] = (double)bin->images / (double)x->images;
        rgm_interval_wilson(bin->hits, bin->images, &low[b], &high[b]);
    }
    static const double ends[] = {0, 1};
    const rgm_chart_line lines[] = {
        {.name = "accuracy",
         .x = at,
         .y = accuracy,
         .low = low,
         .high = high,
         .count = N,
         .colour = 1,
         .look = RGM_LINE_DOTS},
        {.name = "as sure as right", .x = ends, .y = ends, .count = 2, .colour = 0, .look = RGM_LINE_DASHED}};
    double middle[N];
    for (int32_t b = 0; b < N; b++) middle[b] = (b + 0.5) / N;
    const rgm_chart_line lower = {
        .name = "share of images", .x = middle, .y = share, .count = N, .colour = 6, .look = RGM_LINE_BARS};
    rgm_chart_lines_put(
        to, &(rgm_chart_lines){.frame = {"reliability", "Reliability", calibration_text(x, about)},
                               .x = {.title = "confidence", .unit = RGM_SCALE_PERCENT, .low = 0, .high = 1},
                               .y = {.title = "accuracy", .unit = RGM_SCALE_PERCENT, .low = 0, .high = 1},
                               .lines = lines,
                               .line_count = 2,
                               .lower = &lower,
                               .lower_count = 1,
                               .lower_y = {.title = "images", .unit = RGM_SCALE_PERCENT, .low = 0, .high = NAN}});
}

/* ---- the worst ---- */

static void put_class_line(FILE *to, const char *class, const char *name, double share) {
    fprintf(to, "<div class=\"%s\"><span>", class);
    rgm_html_text(to, name);
    fputs("</span><b>", to);
    rgm_html_percent(to, share, share < 0.001 ? 3 : 1);
    fputs("</b></div>\n", to);
}

static void put_picture(FILE *to, const rgm_examined_picture *p, const char *alt) {
    rgm_html_img(to, &(rgm_html_image){.type = p->png ? "png" : "jpeg",
                                       .bytes = p->file,
                                       .size = p->size,
                                       .alt = alt,
                                       .class = p->H < 80 && p->W < 80 ? "tiny" : NULL});
}

static void put_nearest(FILE *to, const rgm_examined_image *w, const char *label) {
    fprintf(to, "<div class=\"name\">training %lld: ", (long long)w->nearest);
    rgm_html_text(to, label);
    fputs("</div>\n", to);
}

static int32_t has_nearest(const rgm_examination *x) {
    for (int32_t i = 0; i < x->worst_count; i++)
        if (x->worst[i].nearest_picture.file) return 1;
    return 0;
}

static void put_worst(FILE *to, const desk *d) {
    const rgm_examination *x = d->x;
    fputs("<h2 id=\"losses\">Top losses</h2>\n<p class=\"soft\">Images whose label the model finds least likely, of ",
          to);
    rgm_html_text(to, d->about);
    fputs(". Below each: its label and what it is taken for, with their probabilities. A label may be wrong.", to);
    if (has_nearest(x)) fputs(" Right of it: the image of the train split that is most like it, and its label.", to);
    fputs("</p>\n<div class=\"grid\">\n", to);
    for (int32_t i = 0; i < x->worst_count; i++) {
        const rgm_examined_image *w = &x->worst[i];
        char alt[64];
        snprintf(alt, sizeof alt, "%s image %lld", x->split, (long long)w->index);
        fprintf(to, "<figure class=\"%s\">\n<div class=\"see\">", w->label == w->taken ? "good" : "bad");
        put_picture(to, &w->picture, alt);
        snprintf(alt, sizeof alt, "training image %lld", (long long)w->nearest);
        if (w->nearest_picture.file) put_picture(to, &w->nearest_picture, alt);
        fputs("</div>\n<figcaption><div class=\"name\">", to);
        rgm_html_text(to, x->split);
        fprintf(to, " %lld", (long long)w->index);
        if (w->name) {
            fputs(", ", to);
            rgm_html_text(to, w->name);
        }
        fputs("</div>\n", to);
        put_class_line(to, "top", d->names[w->label], (double)w->likelihood);
        put_class_line(to, "top first", d->names[w->taken], (double)w->probability);
        if (w->nearest_picture.file) put_nearest(to, w, d->names[w->nearest_label]);
        fputs("</figcaption></figure>\n", to);
    }
    fputs("</div>\n", to);
}

/* ---- filters ---- */

static rgm_status put_filters(FILE *to, const desk *d, rgm_error *err) {
    const rgm_examined_filters *f = &d->x->filters;
    if (!f->values || f->count < 1 || f->W > RGM_FILTERS_SIDE || f->H > RGM_FILTERS_SIDE) return RGM_OK;
    fprintf(
        to,
        "<h2 id=\"filters\">Filters of the first layer</h2>\n<p class=\"soft\">%d filters of %d x %d, %d channel%s%s, "
        "on a common scale around 0; checkpoint ",
        f->count, f->H, f->W, f->C, f->C == 1 ? "" : "s", f->C == 1 || f->C == 3 ? "" : ", the first one");
    rgm_html_text(to, d->x->checkpoint);
    fputs(".</p>\n", to);
    return rgm_filters_put(to, f, err);
}

/* ---- all ---- */

static rgm_status put_all(FILE *to, desk *d, rgm_error *err) {
    double low, high;
    rgm_interval_wilson(d->x->hits, d->x->images, &low, &high);
    fputs("<h2 id=\"predictions\">Predictions</h2>\n<p class=\"soft\">", to);
    rgm_html_text(to, d->x->checkpoint);
    fputs(" is right on ", to);
    rgm_html_percent(to, (double)d->x->hits / (double)d->x->images, 2);
    fprintf(to, " of %lld %s images (95 %% interval ", (long long)d->x->images, d->x->split);
    rgm_html_fixed(to, 100 * low, 2);
    fputs(" to ", to);
    rgm_html_fixed(to, 100 * high, 2);
    fputs("), loss ", to);
    rgm_html_fixed(to, d->x->loss, 4);
    if (d->x->unreadable) fprintf(to, "; %lld more cannot be read", (long long)d->x->unreadable);
    fputs(".</p>\n<div class=\"charts\">\n", to);
    if (d->x->pairs) {
        RGM_TRY(rgm_examination_order(d->x, d->order, err));
        put_confusion(to, d);
        put_pairs(to, d);
    }
    put_each(to, d);
    put_reliability(to, d);
    fputs("</div>\n", to);
    put_worst(to, d);
    return put_filters(to, d, err);
}

rgm_status rgm_run_answers_put(FILE *to, const rgm_examination *x, rgm_error *err) {
    if (!x->images) return RGM_OK;
    desk *d = make_desk(x);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    rgm_status status = put_all(to, d, err);
    free_desk(d);
    return status;
}

/* ---- risks ---- */

static void calibration_risk(const rgm_examination *x, rgm_risks *risks) {
    rgm_risk r = {.kind = "calibration", .weight = 33};
    rgm_calibration c = rgm_examination_calibration(x);
    if (!(c.error > 0.03) || !(c.low > c.chance)) return;
    rgm_text_add(r.text, sizeof r.text, "Probabilities are off");
    add_percent(r.text, ": expected calibration error ", c.error);
    add_percent(r.text, " points (95 % interval ", c.low);
    add_percent(r.text, " to ", c.high);
    rgm_text_add(r.text, sizeof r.text, c.above > 0 ? "), the model is too sure." : "), the model is not sure enough.");
    rgm_text_add(r.advice, sizeof r.advice, "Label smoothing, or a temperature fitted on the validation split.");
    rgm_risks_add(risks, &r);
}

static void class_risk(const rgm_examination *x, rgm_risks *risks) {
    rgm_risk r = {.kind = "class", .weight = 38};
    char room[NAME];
    int32_t worst = -1;
    double mean = (double)x->hits / (double)x->images;
    for (int32_t c = 0; c < x->classes; c++)
        if (x->each[c].images >= 10 && (worst < 0 || recall(&x->each[c]) < recall(&x->each[worst]))) worst = c;
    if (worst < 0 || !(recall(&x->each[worst]) < 0.5 * mean)) return;
    rgm_text_add(r.text, sizeof r.text, "Of class ");
    rgm_text_add(r.text, 120, rgm_class_title(x->names, worst, room));
    add_percent(r.text, " only ", recall(&x->each[worst]));
    rgm_text_add(r.text, sizeof r.text, " % are found, less than half of the accuracy.");
    rgm_text_add(r.advice, sizeof r.advice, "Look at its images and labels, and at what they are taken for.");
    rgm_risks_add(risks, &r);
}

static void filter_risk(const rgm_examination *x, rgm_risks *risks) {
    rgm_risk r = {.kind = "filters", .weight = 31};
    rgm_filter_noise noise = rgm_examination_noise(&x->filters);
    if (!(noise.dead > 0.1 * x->filters.count)) return;
    snprintf(r.text, sizeof r.text, "%d of the first layer's %d filters are dead: near 0 beside the others.",
             noise.dead, x->filters.count);
    rgm_risks_add(risks, &r);
}

void rgm_run_answers_risks(const rgm_examination *x, rgm_risks *risks) {
    if (!x->images) return;
    calibration_risk(x, risks);
    class_risk(x, risks);
    filter_risk(x, risks);
}
