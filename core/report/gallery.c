#define _GNU_SOURCE
#include "report/gallery.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report/html.h"
#include "report/interval.h"

enum { TITLE = 8192, CLASSES = 24 };

struct rgm_gallery {
    rgm_gallery_options o;
    rgm_html_page page;
    FILE *to; /* the page's */
};

static void put_class(const rgm_gallery *g, int32_t number) {
    char room[16];
    rgm_html_text(g->to, rgm_class_title(g->o.names, number, room));
}

/* ---- the head ---- */

static void put_heading(FILE *to, const rgm_predictions_sums *s) {
    rgm_html_count(to, s->pictures);
    fputs(s->pictures == 1 ? " picture" : " pictures", to);
    if (!s->labelled) return;
    fprintf(to, ", %.1f %% ", 100 * (double)s->hits / (double)s->labelled);
    if (s->labelled < s->pictures) {
        fputs("of ", to);
        rgm_html_count(to, s->labelled);
        fputs(" with a label ", to);
    }
    fputs("right", to);
}

static void put_accuracy(FILE *to, const rgm_predictions_sums *s) {
    double low, high, n = (double)s->labelled;
    if (!s->labelled) return;
    rgm_interval_wilson(s->hits, s->labelled, &low, &high);
    fprintf(to, "<dt>Accuracy</dt><dd>%.2f %%, 95 %% interval %.2f to %.2f (", 100 * (double)s->hits / n, 100 * low,
            100 * high);
    rgm_html_count(to, s->labelled);
    fprintf(to, " picture%s with a label)</dd>\n<dt>Loss</dt><dd>%.4f</dd>\n", s->labelled == 1 ? "" : "s", s->loss);
}

static void put_head(const rgm_gallery *g) {
    FILE *to = g->to;
    const rgm_predictions_sums *s = g->o.sums;
    rgm_html_begin(to, "predict");
    put_heading(to, s);
    rgm_html_body(to, NULL);
    fputs("<h1>", to);
    put_heading(to, s);
    fputs("</h1>\n<p class=\"soft\">What a model says of pictures.</p>\n<dl class=\"facts\">\n", to);
    rgm_html_fact(to, "Model", g->o.model);
    rgm_html_fact(to, "Checkpoint", g->o.checkpoint);
    rgm_html_fact(to, "Input", g->o.inputs);
    rgm_html_fact(to, "Transform", g->o.transform);
    put_accuracy(to, s);
    if (s->unreadable_count) {
        fputs("<dt>Unreadable</dt><dd><a href=\"#unreadable\">", to);
        rgm_html_count(to, s->unreadable_count);
        fputs("</a></dd>\n", to);
    }
    fputs("</dl>\n", to);
}

/* ---- sums ---- */

/* A count of a table, and its bar. */
static void end_row(FILE *to, int64_t count, int64_t most) {
    fputs("</td><td class=\"b\">", to);
    rgm_html_bar(to, (double)count / (double)most, 1);
    fputs("</td><td class=\"n\">", to);
    rgm_html_count(to, count);
    fputs("</td></tr>\n", to);
}

static void put_classes(const rgm_gallery *g) {
    FILE *to = g->to;
    const int64_t *counts = g->o.sums->counts;
    int32_t classes = g->o.classes, first = rgm_class_behind(counts, classes, -1), shown = 0, found = 0;
    fputs("<section><h2>Classes</h2><p class=\"soft\">How many pictures were taken for each.</p><table>\n", to);
    for (int32_t i = first; i >= 0 && shown < CLASSES; i = rgm_class_behind(counts, classes, i), shown++) {
        fputs("<tr><td>", to);
        put_class(g, i);
        end_row(to, counts[i], counts[first]);
    }
    fputs("</table>", to);
    for (int32_t i = 0; i < classes; i++) found += counts[i] > 0;
    rgm_html_more(to, found - shown);
    fputs("</section>\n", to);
}

static void put_mistakes(const rgm_gallery *g) {
    FILE *to = g->to;
    if (!g->o.mistake_kinds) return;
    fputs("<section><h2>Mistakes</h2><p class=\"soft\">The most frequent ones.</p><table>\n", to);
    for (int32_t i = 0; i < g->o.mistake_kinds && i < RGM_GALLERY_MISTAKES; i++) {
        const rgm_mistake *m = &g->o.mistakes[i];
        fputs("<tr><td>", to);
        put_class(g, m->label);
        fputs(" <span class=\"soft\">taken for</span> ", to);
        put_class(g, m->taken);
        end_row(to, m->count, g->o.mistakes[0].count);
    }
    fputs("</table>", to);
    rgm_html_more(to, g->o.mistake_kinds - RGM_GALLERY_MISTAKES);
    fputs("</section>\n", to);
}

static void put_order(const rgm_gallery *g) {
    FILE *to = g->to;
    const rgm_predictions_sums *s = g->o.sums;
    fputs("<h2>Pictures</h2>\n<p class=\"soft\">", to);
    if (s->labelled)
        fputs("Worst first: those whose label the model finds least likely", to);
    else
        fputs("Least sure first", to);
    if (s->labelled && s->labelled < s->pictures) fputs("; then those without a label, least sure first", to);
    if (g->o.shown < s->pictures) {
        int64_t out = s->pictures - g->o.shown;
        fputs(g->o.shown == 1 ? ". This is the first " : ". These are the first ", to);
        rgm_html_count(to, g->o.shown);
        fputs("; ", to);
        rgm_html_count(to, out);
        fprintf(to, " %s left out", out == 1 ? "is" : "are");
        fputs(" (<code>--page-most</code>)", to);
    }
    fputs(".</p>\n<div class=\"grid\">\n", to);
}

/* ---- pictures ---- */

static void put_picture(const rgm_gallery *g, const rgm_gallery_entry *e, const char *title) {
    FILE *to = g->to;
    int32_t tiny = e->H < RGM_GALLERY_SIDE / 2 && e->W < RGM_GALLERY_SIDE / 2;
    fputs("<div class=\"see\">", to);
    if (e->jpeg) {
        rgm_html_img(
            to,
            &(rgm_html_image){
                .type = "jpeg", .bytes = e->jpeg, .size = e->jpeg_size, .alt = title, .class = tiny ? "tiny" : NULL});
    } else {
        fputs("<span class=\"soft\">can no longer be read</span>", to);
    }
    fputs("</div>\n", to);
}

/* What tells pictures apart comes first: a card is too narrow for whole names. */
static void put_name(FILE *to, const rgm_gallery_entry *e, const char *title) {
    const rgm_prediction *p = e->prediction;
    const char *path = p->file ? p->file : p->data, *slash = strrchr(path, '/');
    const char *last = p->name ? strrchr(p->name, '/') : NULL;
    fputs("<figcaption>\n<div class=\"name\" title=\"", to);
    rgm_html_text(to, title);
    if (e->H > 0) fprintf(to, ", %d x %d", e->W, e->H);
    fputs("\">", to);
    if (p->name) {
        rgm_html_text(to, last && last[1] ? last + 1 : p->name);
        fputs(", ", to);
    }
    if (!p->file) fprintf(to, "%s %lld of ", p->split, (long long)p->index);
    rgm_html_text(to, slash && slash[1] ? slash + 1 : path);
    fputs("</div>\n", to);
}

static void put_label(const rgm_gallery *g, const rgm_prediction *p) {
    if (p->label < 0) return;
    fputs("<div class=\"label\">", g->to);
    if (p->label == p->top[0].number) {
        fputs("right", g->to);
    } else {
        fputs("is ", g->to);
        put_class(g, p->label);
        fprintf(g->to, " (%.1f %%)", 100 * (double)p->likelihood);
    }
    fputs("</div>\n", g->to);
}

static void put_places(const rgm_gallery *g, const rgm_prediction *p) {
    for (int32_t i = 0; i < p->count && i < RGM_GALLERY_TOP; i++) {
        fprintf(g->to, "<div class=\"top%s\"><span title=\"", i ? "" : " first");
        put_class(g, p->top[i].number);
        fputs("\">", g->to);
        put_class(g, p->top[i].number);
        fprintf(g->to, "</span><b>%.1f %%</b></div>", 100 * (double)p->top[i].probability);
        rgm_html_bar(g->to, (double)p->top[i].probability, i == 0);
        putc('\n', g->to);
    }
}

rgm_status rgm_gallery_add(rgm_gallery *g, const rgm_gallery_entry *e, rgm_error *err) {
    const rgm_prediction *p = e->prediction;
    char title[TITLE];
    rgm_prediction_title(p, title, sizeof title);
    fprintf(g->to, "<figure%s>\n",
            p->label < 0                   ? ""
            : p->label == p->top[0].number ? " class=\"good\""
                                           : " class=\"bad\"");
    put_picture(g, e, title);
    put_name(g->to, e, title);
    put_label(g, p);
    put_places(g, p);
    fputs("</figcaption>\n</figure>\n", g->to);
    return rgm_html_flush(&g->page, err);
}

/* ---- the page ---- */

static void put_unreadable(const rgm_gallery *g) {
    const rgm_predictions_sums *s = g->o.sums;
    if (!s->unreadable_count) return;
    fputs("<h2 id=\"unreadable\">Unreadable</h2>\n<table class=\"rows\">\n", g->to);
    for (int64_t i = 0; i < s->unreadable_count; i++) {
        fputs("<tr><td>", g->to);
        rgm_html_text(g->to, s->unreadable[i].file);
        fputs("</td><td class=\"soft\">", g->to);
        rgm_html_text(g->to, s->unreadable[i].reason);
        fputs("</td></tr>\n", g->to);
    }
    fputs("</table>\n", g->to);
}

static void put_beginning(const rgm_gallery *g) {
    put_head(g);
    if (!g->o.sums->pictures) {
        fputs("<div class=\"grid\">\n", g->to);
        return;
    }
    fputs("<div class=\"two\">\n", g->to);
    put_classes(g);
    put_mistakes(g);
    fputs("</div>\n", g->to);
    put_order(g);
}

rgm_status rgm_gallery_begin(rgm_gallery **gallery, const char *path, const rgm_gallery_options *options,
                             rgm_error *err) {
    rgm_gallery *g = calloc(1, sizeof *g);
    *gallery = NULL;
    if (!g) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    g->o = *options;
    rgm_status status = rgm_html_open(&g->page, path, err);
    if (status < 0) {
        free(g);
        return status;
    }
    g->to = g->page.to;
    put_beginning(g);
    *gallery = g;
    return RGM_OK;
}

rgm_status rgm_gallery_end(rgm_gallery *g, rgm_status status, rgm_error *err) {
    if (!g) return status;
    fputs("</div>\n", g->to);
    put_unreadable(g);
    status = rgm_html_close(&g->page, status, err);
    free(g);
    return status;
}
