#include "report/inspection_says.h"

#include <math.h>
#include <stdlib.h>
#include "picture/encode.h"

enum { CELLS = 25, PAIRS = 15, CLASSES = 100 }; /* most classes of a matrix in cells; rows of tables */

static void put_share(FILE *to, rgm_share s) {
    if (!s.n) {
        fputs("<span class=\"soft\">none</span>", to);
        return;
    }
    rgm_html_percent(to, (double)s.hits / (double)s.n, 2);
    fputs(" <span class=\"soft\">", to);
    rgm_html_fixed(to, 100 * s.low, 2);
    fputs(" to ", to);
    rgm_html_fixed(to, 100 * s.high, 2);
    fputs("</span>", to);
}

/* ---- figures ---- */

static void put_figures(const rgm_drawing *d, const rgm_judged *p) {
    static const char *const seen[] = {"not seen in training", "each by a model that has not seen it",
                                       "learnt in training: these figures flatter",
                                       "whether it has seen them is not known"};
    FILE *to = d->page->to;
    fprintf(to, "<h3>%s: ", rgm_split_name(p->split));
    rgm_html_count(to, p->images);
    fprintf(to, " images <span class=\"soft\">%s</span></h3>\n<dl class=\"facts\">\n<dt>Accuracy</dt><dd>",
            seen[p->seen]);
    put_share(to, p->hits);
    fputs("</dd>\n<dt>Loss</dt><dd>", to);
    rgm_html_real(to, p->loss, 4);
    fputs("</dd>\n<dt>Calibration error</dt><dd>", to);
    rgm_html_percent(to, p->ece, 2);
    fputs(" <span class=\"soft\">", to);
    rgm_html_fixed(to, 100 * p->ece_low, 2);
    fputs(" to ", to);
    rgm_html_fixed(to, 100 * p->ece_high, 2);
    fputs("</span></dd>\n", to);
    if (isfinite(p->errors) && p->errors > 0) {
        fputs("<dt>Label errors</dt><dd>about ", to);
        rgm_html_count(to, llround(p->errors) > 0 ? llround(p->errors) : 1);
        fputs(", estimated</dd>\n", to);
    }
    fputs("</dl>\n", to);
}

static void put_calibration(const rgm_drawing *d, const rgm_judged *p) {
    FILE *to = d->page->to;
    fputs("<section><h4>Reliability</h4><div class=\"wide\"><table class=\"rows\"><tr><th>says</th>"
          "<th class=\"n\">images</th><th class=\"r\">is right</th><th class=\"n\"></th></tr>\n",
          to);
    for (int32_t i = 0; i < RGM_SAYS_BINS; i++) {
        const rgm_calibration_bin *b = &p->bins[i];
        if (!b->hits.n) continue;
        fputs("<tr><td class=\"k\">", to);
        rgm_html_percent(to, b->confidence, 1);
        fputs("</td><td class=\"n\">", to);
        rgm_html_count(to, b->hits.n);
        fputs("</td><td class=\"r\">", to);
        rgm_html_bar(to, (double)b->hits.hits / (double)b->hits.n, 1);
        fputs("</td><td class=\"n\">", to);
        put_share(to, b->hits);
        fputs("</td></tr>\n", to);
    }
    fputs("</table></div></section>\n", to);
}

static void put_confused(const rgm_drawing *d, const rgm_judged *p) {
    FILE *to = d->page->to;
    if (!p->confused_count) return;
    fputs("<section><h4>Most often confused</h4><table class=\"rows\">\n", to);
    for (int32_t i = 0; i < p->confused_count && i < PAIRS; i++) {
        const rgm_confused *c = &p->confused[i];
        fputs("<tr><td>", to);
        rgm_drawing_class(d, c->given);
        fputs(" <span class=\"soft\">taken for</span> ", to);
        rgm_drawing_class(d, c->predicted);
        fputs("</td><td class=\"n\">", to);
        rgm_html_count(to, c->count);
        fputs(" <span class=\"soft\">of ", to);
        rgm_html_count(to, c->of);
        fputs("</span></td></tr>\n", to);
    }
    fputs("</table></section>\n", to);
}

/* ---- classes ---- */

static void put_classes(const rgm_drawing *d, const rgm_judged *p) {
    FILE *to = d->page->to;
    int32_t classes = d->in->model->classes;
    if (!p->recall || !p->precision) return;
    fputs("<section><h4>By class</h4><div class=\"wide\"><table class=\"rows\"><tr><th>class</th><th class=\"n\">found "
          "of its "
          "images</th><th class=\"n\">right where it is said</th></tr>\n",
          to);
    for (int32_t i = 0; i < classes && i < CLASSES; i++) {
        fputs("<tr><td class=\"k\">", to);
        rgm_drawing_class(d, i);
        fputs("</td><td class=\"n\">", to);
        put_share(to, p->recall[i]);
        fputs("</td><td class=\"n\">", to);
        put_share(to, p->precision[i]);
        fputs("</td></tr>\n", to);
    }
    fputs("</table></div>\n", to);
    rgm_html_more(to, classes - CLASSES);
    fputs("</section>\n", to);
}

/* ---- the matrix ---- */

static int64_t sum_of(const int64_t *row, int32_t classes) {
    int64_t sum = 0;
    for (int32_t i = 0; i < classes; i++) sum += row[i];
    return sum;
}

static void put_cell(FILE *to, int64_t count, int64_t of, int32_t right) {
    double share = of ? (double)count / (double)of : 0;
    if (!count) {
        fputs("<td></td>", to);
        return;
    }
    fprintf(to, "<td style=\"background:rgb(%s/", right ? "59 118 196" : "213 94 0");
    rgm_html_fixed(to, right ? 0.5 * share : share > 0.25 ? 0.8 : 0.1 + 2.8 * share, 2);
    fputs(")\">", to);
    rgm_html_count(to, count);
    fputs("</td>", to);
}

static void put_cells(const rgm_drawing *d, const rgm_judged *p) {
    FILE *to = d->page->to;
    int32_t classes = d->in->model->classes;
    fputs("<div class=\"wide\"><table class=\"heat\"><tr><td class=\"h\"></td>", to);
    for (int32_t i = 0; i < classes; i++) {
        fputs("<td class=\"h c\">", to);
        rgm_drawing_class(d, i);
        fputs("</td>", to);
    }
    for (int32_t i = 0; i < classes; i++) {
        const int64_t *row = p->confusion + (int64_t)i * classes;
        int64_t of = sum_of(row, classes);
        fputs("</tr>\n<tr><td class=\"h\">", to);
        rgm_drawing_class(d, i);
        fputs("</td>", to);
        for (int32_t j = 0; j < classes; j++) put_cell(to, row[j], of, i == j);
    }
    fputs("</tr>\n</table></div>\n", to);
}

/* A pixel or more each: the darker, the larger the share of the row. */
static rgm_status put_map(const rgm_drawing *d, const rgm_judged *p, rgm_error *err) {
    int32_t n = d->in->model->classes;
    uint8_t *file, *pixels = malloc((size_t)n * (size_t)n);
    size_t size;
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    for (int32_t i = 0; i < n; i++) {
        const int64_t *row = p->confusion + (int64_t)i * n;
        int64_t of = sum_of(row, n);
        for (int32_t j = 0; j < n; j++)
            pixels[(int64_t)i * n + j] =
                (uint8_t)(255 - (of ? (int32_t)lrint(255 * sqrt((double)row[j] / (double)of)) : 0));
    }
    rgm_status status = rgm_encode_png(&(rgm_encode_source){pixels, n, n, 1}, &file, &size, err);
    free(pixels);
    if (status < 0) return status;
    int32_t times = 600 / n > 1 ? 600 / n : 1;
    rgm_html_img(d->page->to, &(rgm_html_image){.type = "png",
                                                .bytes = file,
                                                .size = size,
                                                .class = "sprite",
                                                .alt = "a row for each class, a column for what it is taken for",
                                                .H = times * n,
                                                .W = times * n});
    free(file);
    return RGM_OK;
}

static rgm_status put_matrix(const rgm_drawing *d, const rgm_judged *p, rgm_error *err) {
    if (!p->confusion) return RGM_OK;
    fputs("<section><h4>Taken for</h4><p class=\"soft\">A row for each class, a column for what its images are taken "
          "for.</p>\n",
          d->page->to);
    if (d->in->model->classes > CELLS)
        RGM_TRY(put_map(d, p, err));
    else
        put_cells(d, p);
    fputs("</section>\n", d->page->to);
    return RGM_OK;
}

rgm_status rgm_says_draw(rgm_drawing *d, rgm_error *err) {
    const rgm_inspection_model *m = d->in->model;
    if (!m) return RGM_OK;
    FILE *to = d->page->to;
    fputs("<h2 id=\"model\">What a model says</h2>\n<p class=\"soft\">", to);
    rgm_html_text(to, m->title ? m->title : "");
    fputs("</p>\n", to);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) {
        const rgm_judged *p = &m->parts[i];
        if (!p->images) continue;
        put_figures(d, p);
        fputs("<div class=\"two says\">\n", to);
        RGM_TRY(put_matrix(d, p, err));
        put_calibration(d, p);
        put_classes(d, p);
        put_confused(d, p);
        fputs("</div>\n", to);
    }
    return rgm_drawing_flush(d, err);
}
