#include "report/run_watched.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/chart_lines.h"
#include "report/chart_map.h"
#include "report/filters.h"
#include "report/html.h"
#include "report/thumbs.h"

enum { COLUMNS = 64, ABOUT = 320, ROWS_MOST = 400, ROW = 13 };

/* What the maps are made of. */
typedef struct desk {
    const rgm_watched *w;
    const rgm_history *h;
    const char *const *names;
    const char **rows; /* [layers] of those that a map has */
    double *values;    /* [layers][COLUMNS], or [images][evaluations] */
    double at[COLUMNS];
    int32_t columns, each; /* each: bins of a column */
} desk;

/* ---- time ---- */

/* Columns are of as many bins as make COLUMNS of them at most. */
static void lay_columns(desk *d) {
    const rgm_watched *w = d->w;
    d->each = (w->bins + COLUMNS - 1) / COLUMNS;
    d->columns = w->bins ? (w->bins + d->each - 1) / d->each : 0;
    for (int32_t c = 0; c < d->columns; c++) d->at[c] = rgm_history_x(d->h, (double)w->first[c * d->each]);
}

/* The mean of a signal over the bins of a column. */
static double column_mean(const desk *d, int32_t column, int64_t series) {
    const rgm_watched_table *t = &d->w->layer;
    double sum = 0, count = 0;
    for (int32_t b = column * d->each; b < (column + 1) * d->each && b < d->w->bins; b++) {
        sum += t->count[b * t->series + series] ? t->sum[b * t->series + series] : 0;
        count += t->count[b * t->series + series];
    }
    return count > 0 ? sum / count : NAN;
}

/* ---- maps of layers ---- */

/* A map: which signal, over which other one. */
typedef struct signal_map {
    const char *id, *title, *unit, *about;
    int32_t signal, over; /* RGM_SIGNAL_*; over -1: nothing */
    int32_t log;          /* 1: shades are logarithmic */
} signal_map;

static double value_of(const desk *d, const signal_map *m, int32_t layer, int32_t column) {
    double v = column_mean(d, column, (int64_t)layer * RGM_SIGNALS + m->signal);
    if (m->over >= 0) v /= column_mean(d, column, (int64_t)layer * RGM_SIGNALS + m->over);
    return m->log && !(v > 0) ? NAN : v;
}

/* The layers that have the signal; returns how many. */
static int32_t fill(desk *d, const signal_map *m) {
    int32_t rows = 0;
    for (int32_t i = 0; i < d->w->shape.layers && rows < ROWS_MOST; i++) {
        int32_t any = 0;
        for (int32_t c = 0; c < d->columns; c++) {
            double v = d->values[(int64_t)rows * d->columns + c] = value_of(d, m, i, c);
            any |= isfinite(v) != 0;
        }
        if (any) d->rows[rows++] = d->w->names[i];
    }
    return rows;
}

static void put_map(FILE *to, desk *d, const signal_map *m) {
    char about[ABOUT];
    int32_t rows = fill(d, m);
    if (!rows) return;
    snprintf(about, sizeof about, "%s; %lld steps, each column of %lld; training batches; seed %llu", m->about,
             (long long)d->w->step, (long long)(d->w->span * d->each), (unsigned long long)d->w->shape.seed);
    const rgm_chart_map map = {.frame = {.id = m->id, .title = m->title, .about = about},
                               .row_title = "layer",
                               .column_title = isfinite(d->h->epoch_steps) ? "epoch" : "step",
                               .row_names = d->rows,
                               .column_at = d->at,
                               .rows = rows,
                               .columns = d->columns,
                               .values = d->values,
                               .scale = {.kind = m->log ? RGM_SCALE_LOG : RGM_SCALE_LINEAR,
                                         .unit = m->log ? RGM_SCALE_PLAIN : RGM_SCALE_PERCENT,
                                         .low = 0,
                                         .high = m->log ? 0 : 1},
                               .unit = m->unit,
                               .cell = ROW};
    rgm_chart_map_put(to, &map);
}

static const signal_map maps[] = {
    {"activations", "Activations", "root of the mean square", "Layer by layer they should stay within a factor of ten",
     RGM_SIGNAL_ACTIVATION_RMS, -1, 1},
    {"gradients", "Gradients of the weights", "root of the mean square",
     "A row that is pale from the start learns nothing", RGM_SIGNAL_GRADIENT_RMS, -1, 1},
    {"updates", "Update beside weight", "ratio of root mean squares",
     "About a thousandth is usual; a hundred times more or less is not", RGM_SIGNAL_UPDATE_RMS, RGM_SIGNAL_WEIGHT_RMS,
     1},
    {"dead", "Dead units", "share of the units", "Units behind a ReLU that answer to no image of a sample",
     RGM_SIGNAL_DEAD, -1, 0},
};

/* ---- the fixed batch ---- */

/* The probability of the label: of what is taken for something else, below 0. */
static void put_predictions(FILE *to, desk *d) {
    const rgm_watched *w = d->w;
    char about[ABOUT];
    char(*names)[RGM_WATCHED_NAME] = calloc((size_t)w->shape.images + 1, sizeof *names);
    const char **rows = calloc((size_t)w->shape.images + 1, sizeof *rows);
    double *at = calloc((size_t)w->evaluations + 1, sizeof *at);
    double *values = calloc((size_t)w->shape.images * (size_t)w->evaluations + 1, sizeof *values);
    for (int32_t i = 0; names && rows && i < w->shape.images; i++) {
        snprintf(names[i], sizeof names[i], "%lld: %.30s", (long long)w->index[i],
                 d->names ? d->names[w->label[i]] : "");
        if (!d->names) snprintf(names[i], sizeof names[i], "%lld: class %d", (long long)w->index[i], w->label[i]);
        rows[i] = names[i];
    }
    for (int32_t e = 0; at && values && e < w->evaluations; e++) {
        at[e] = rgm_history_x(d->h, (double)w->evaluated[e]);
        for (int32_t i = 0; i < w->shape.images; i++) {
            int64_t from = (int64_t)e * w->shape.images + i;
            double p = (double)w->probability[from];
            values[(int64_t)i * w->evaluations + e] = w->predicted[from] == w->label[i] ? p : -p;
        }
    }
    snprintf(about, sizeof about,
             "%d fixed images, by their numbers in the %s split, after each of %d evaluations: the probability of the "
             "class that each is taken "
             "for, below 0 where that is not its label; seed %llu",
             w->shape.images, rgm_split_name(w->shape.split), w->evaluations, (unsigned long long)w->shape.seed);
    const rgm_chart_map map = {.frame = {.id = "dynamics", .title = "Prediction dynamics", .about = about},
                               .row_title = "image",
                               .column_title = isfinite(d->h->epoch_steps) ? "epoch" : "step",
                               .row_names = rows,
                               .column_at = at,
                               .rows = w->shape.images,
                               .columns = w->evaluations,
                               .values = values,
                               .scale = {.kind = RGM_SCALE_LINEAR, .unit = RGM_SCALE_PERCENT, .low = -1, .high = 1},
                               .unit = "probability, below 0: wrong",
                               .cell = ROW};
    if (names && rows && at && values) rgm_chart_map_put(to, &map);
    free(names);
    free(rows);
    free(at);
    free(values);
}

/* ---- filters ---- */

static rgm_status put_filters(FILE *to, const rgm_watched *w, rgm_error *err) {
    const int64_t *shape = w->shape.filter;
    if (!shape[0] || shape[1] < 1 || shape[2] * shape[3] < 2 || shape[2] > RGM_FILTERS_SIDE ||
        shape[3] > RGM_FILTERS_SIDE)
        return RGM_OK;
    rgm_examined_filters f = {
        .count = (int32_t)shape[0], .C = (int32_t)shape[1], .H = (int32_t)shape[2], .W = (int32_t)shape[3]};
    fputs("<h3>Filters of the first layer at the start</h3>\n", to);
    f.values = w->filters_start;
    RGM_TRY(rgm_filters_put(to, &f, err));
    fprintf(to, "<h3>The same after %lld steps</h3>\n", (long long)w->step);
    f.values = w->filters_now;
    return rgm_filters_put(to, &f, err);
}

/* ---- the first batch ---- */

static rgm_status put_pictures(FILE *to, const desk *d, rgm_error *err) {
    const rgm_watched *w = d->w;
    const int32_t *p = w->shape.picture;
    size_t each = (size_t)p[1] * (size_t)p[2] * (size_t)p[3];
    if (!p[0] || !each) return RGM_OK;
    fprintf(to,
            "<h3>The first batch as the network sees it</h3>\n<p class=\"soft\">%d of its images with their labels: "
            "augmented, the normalisation undone; seed %llu.</p>\n<div class=\"batch\">\n",
            p[0], (unsigned long long)w->shape.seed);
    for (int32_t i = 0; i < p[0]; i++) {
        const rgm_thumb thumb = {w->pictures + each * (size_t)i, p[1], p[2], p[3]};
        char label[64];
        snprintf(label, sizeof label, "class %d", w->picture_label[i]);
        const char *name = d->names ? d->names[w->picture_label[i]] : label;
        fputs("<figure>", to);
        RGM_TRY(rgm_thumbs_put(to, &thumb, name, err));
        fputs("<figcaption>", to);
        rgm_html_text(to, name);
        fputs("</figcaption></figure>\n", to);
    }
    fputs("</div>\n", to);
    return RGM_OK;
}

/* ---- all ---- */

static rgm_status put_all(FILE *to, desk *d, rgm_error *err) {
    lay_columns(d);
    fputs("<h2 id=\"within\">The network from within</h2>\n<p class=\"soft\">Watched in every step of the training "
          "(watch.h5).</p>\n<div class=\"charts\">\n",
          to);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) put_map(to, d, &maps[i]);
    if (d->w->evaluations && d->w->shape.images) put_predictions(to, d);
    fputs("</div>\n", to);
    RGM_TRY(put_pictures(to, d, err));
    return put_filters(to, d->w, err);
}

rgm_status rgm_run_watched_put(FILE *to, const rgm_watched *w, const rgm_history *h, const char *const *names,
                               rgm_error *err) {
    size_t layers = (size_t)w->shape.layers < ROWS_MOST ? (size_t)w->shape.layers : ROWS_MOST;
    desk *d = calloc(1, sizeof *d);
    if (!w->bins) {
        free(d);
        return RGM_OK;
    }
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    *d = (desk){.w = w, .h = h, .names = names};
    d->rows = calloc(layers + 1, sizeof *d->rows);
    d->values = calloc((layers + 1) * COLUMNS, sizeof *d->values);
    rgm_status status =
        d->rows && d->values ? put_all(to, d, err) : rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    free(d->rows);
    free(d->values);
    free(d);
    return status;
}
