#define _GNU_SOURCE
#include "report/gallery.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/replace.h"
#include "base/text.h"
#include "report/interval.h"

enum { TITLE = 8192, CLASSES = 24 };

/* Text gathers in memory and goes to the file piece by piece. */
struct rgm_gallery {
    rgm_gallery_options o;
    rgm_replace file;
    FILE *to;
    char *text;
    size_t size;
};

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#5d6670;--line:#dfe3e8;--back:#f6f7f9;--card:#fff;"
    "--bar:#3b76c4;--rest:#b9c2cc;--bad:#c0362c;--good:#2f7d4f}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#98a2ad;--line:#2e343b;--back:#14171a;--card:#1d2125;"
    "--bar:#6ea3e8;--rest:#4b545e;--bad:#ef7b70;--good:#6cc08f}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1240px;padding:32px 24px 64px;background:var(--back);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif}"
    "h1{font-size:28px;line-height:1.25;margin:0 0 4px;font-weight:650}"
    "h2{font-size:18px;margin:40px 0 4px;font-weight:650}"
    "p{margin:0 0 12px}code{white-space:nowrap}.soft{color:var(--soft)}"
    ".facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:16px 0 0}"
    ".facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:0 48px}"
    "table{border-collapse:collapse;width:100%}td{padding:3px 12px 3px 0;vertical-align:top;overflow-wrap:anywhere}"
    "td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;width:1%}"
    "td.b{width:25%;padding-top:10px}.rows td{border-top:1px solid var(--line)}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(184px,1fr));gap:14px;margin-top:14px}"
    "figure{margin:0;padding:12px;background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "break-inside:avoid;min-width:0}"
    "figure.bad{border-color:var(--bad)}"
    ".see{height:160px;display:flex;align-items:center;justify-content:center;margin-bottom:10px}"
    ".see img{max-width:100%;max-height:160px;display:block}"
    ".see img.tiny{width:100%;height:100%;object-fit:contain;image-rendering:pixelated}"
    ".name{font-size:12px;color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".label{font-size:13px;margin-bottom:6px;overflow-wrap:anywhere}.bad .label{color:var(--bad)}.good "
    ".label{color:var(--good)}"
    ".top{display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:0 8px;font-size:13px;margin-top:4px}"
    ".top span{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".top b{font-weight:500;font-variant-numeric:tabular-nums}.top.first{font-weight:650}.top.first b{font-weight:650}"
    ".bar{height:5px;border-radius:3px;background:var(--line);overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--rest);border-radius:3px}.bar i.first{background:var(--bar)}"
    "@media "
    "print{body{max-width:none;padding:0;background:#fff;font-size:12px}h2{margin-top:24px}"
    ".grid{grid-template-columns:repeat(6,1fr);gap:8px}figure{padding:8px}.see{height:84px;margin-bottom:6px}"
    ".see img{max-height:84px}.label,.top{font-size:10px}.name{font-size:9px}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

/* ---- text ---- */

/* As text of the page: markup, control characters and bytes that are no UTF-8 stay what they look like. */
static void put_text(FILE *to, const char *text) {
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t length = *s < 0x80 ? 1 : rgm_text_utf8_length(s);
        if (rgm_text_command((const char *)s) || !length)
            fputs("&#xfffd;", to);
        else if (strchr("&<>\"'", *s))
            fprintf(to, "&#%d;", *s);
        else
            fwrite(s, 1, length, to);
        s += length ? length : 1;
    }
}

/* 1,234,567 */
static void put_count(FILE *to, int64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) putc(',', to);
        putc(digits[i], to);
    }
}

static void put_class(const rgm_gallery *g, int32_t number) {
    char room[16];
    put_text(g->to, rgm_class_title(g->o.names, number, room));
}

static void put_base64(FILE *to, const uint8_t *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t left = (uint32_t)(size - i < 3 ? size - i : 3);
        uint32_t v =
            (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        fwrite(four, 1, 4, to);
    }
}

static void put_bar(FILE *to, double share, int32_t first) {
    fprintf(to, "<div class=\"bar\"><i%s style=\"width:%.1f%%\"></i></div>", first ? " class=\"first\"" : "",
            100 * (share < 0   ? 0
                   : share > 1 ? 1
                               : share));
}

/* ---- the head ---- */

static void put_fact(FILE *to, const char *name, const char *text) {
    if (!text || !text[0]) return;
    fprintf(to, "<dt>%s</dt><dd>", name);
    put_text(to, text);
    fputs("</dd>\n", to);
}

static void put_heading(FILE *to, const rgm_predictions_sums *s) {
    put_count(to, s->pictures);
    fputs(s->pictures == 1 ? " picture" : " pictures", to);
    if (!s->labelled) return;
    fprintf(to, ", %.1f %% ", 100 * (double)s->hits / (double)s->labelled);
    if (s->labelled < s->pictures) {
        fputs("of ", to);
        put_count(to, s->labelled);
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
    put_count(to, s->labelled);
    fprintf(to, " picture%s with a label)</dd>\n<dt>Loss</dt><dd>%.4f</dd>\n", s->labelled == 1 ? "" : "s", s->loss);
}

static void put_head(const rgm_gallery *g) {
    FILE *to = g->to;
    const rgm_predictions_sums *s = g->o.sums;
    fputs(RGM_GALLERY_HEAD "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", to);
    put_heading(to, s);
    fprintf(to, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    put_heading(to, s);
    fputs("</h1>\n<p class=\"soft\">What a model says of pictures.</p>\n<dl class=\"facts\">\n", to);
    put_fact(to, "Model", g->o.model);
    put_fact(to, "Checkpoint", g->o.checkpoint);
    put_fact(to, "Input", g->o.inputs);
    put_fact(to, "Transform", g->o.transform);
    put_accuracy(to, s);
    if (s->unreadable_count) {
        fputs("<dt>Unreadable</dt><dd><a href=\"#unreadable\">", to);
        put_count(to, s->unreadable_count);
        fputs("</a></dd>\n", to);
    }
    fputs("</dl>\n", to);
}

/* ---- sums ---- */

/* A count of a table, and its bar. */
static void end_row(FILE *to, int64_t count, int64_t most) {
    fputs("</td><td class=\"b\">", to);
    put_bar(to, (double)count / (double)most, 1);
    fputs("</td><td class=\"n\">", to);
    put_count(to, count);
    fputs("</td></tr>\n", to);
}

/* What a table has no row for. */
static void put_more(FILE *to, int64_t count) {
    if (count <= 0) return;
    fputs("<p class=\"soft\">And ", to);
    put_count(to, count);
    fputs(" more.</p>", to);
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
    put_more(to, found - shown);
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
    put_more(to, g->o.mistake_kinds - RGM_GALLERY_MISTAKES);
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
        put_count(to, g->o.shown);
        fputs("; ", to);
        put_count(to, out);
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
        fprintf(to, "<img%s alt=\"", tiny ? " class=\"tiny\"" : "");
        put_text(to, title);
        fputs("\" src=\"data:image/jpeg;base64,", to);
        put_base64(to, e->jpeg, e->jpeg_size);
        fputs("\">", to);
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
    put_text(to, title);
    if (e->H > 0) fprintf(to, ", %d x %d", e->W, e->H);
    fputs("\">", to);
    if (p->name) {
        put_text(to, last && last[1] ? last + 1 : p->name);
        fputs(", ", to);
    }
    if (!p->file) fprintf(to, "%s %lld of ", p->split, (long long)p->index);
    put_text(to, slash && slash[1] ? slash + 1 : path);
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
        put_bar(g->to, (double)p->top[i].probability, i == 0);
        putc('\n', g->to);
    }
}

static rgm_status flush(rgm_gallery *g, rgm_error *err) {
    if (fflush(g->to) != 0) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    RGM_TRY(rgm_replace_write(&g->file, g->text, g->size, err));
    return fseek(g->to, 0, SEEK_SET) == 0 ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
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
    return flush(g, err);
}

/* ---- the page ---- */

static void put_unreadable(const rgm_gallery *g) {
    const rgm_predictions_sums *s = g->o.sums;
    if (!s->unreadable_count) return;
    fputs("<h2 id=\"unreadable\">Unreadable</h2>\n<table class=\"rows\">\n", g->to);
    for (int64_t i = 0; i < s->unreadable_count; i++) {
        fputs("<tr><td>", g->to);
        put_text(g->to, s->unreadable[i].file);
        fputs("</td><td class=\"soft\">", g->to);
        put_text(g->to, s->unreadable[i].reason);
        fputs("</td></tr>\n", g->to);
    }
    fputs("</table>\n", g->to);
}

static void release(rgm_gallery *g) {
    if (g->to) fclose(g->to);
    free(g->text);
    free(g);
}

static rgm_status begin(rgm_gallery *g, const char *path, rgm_error *err) {
    g->to = open_memstream(&g->text, &g->size);
    if (!g->to) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    put_head(g);
    if (g->o.sums->pictures) {
        fputs("<div class=\"two\">\n", g->to);
        put_classes(g);
        put_mistakes(g);
        fputs("</div>\n", g->to);
        put_order(g);
    } else {
        fputs("<div class=\"grid\">\n", g->to);
    }
    return rgm_replace_begin(&g->file, path, err);
}

rgm_status rgm_gallery_begin(rgm_gallery **gallery, const char *path, const rgm_gallery_options *options,
                             rgm_error *err) {
    rgm_gallery *g = calloc(1, sizeof *g);
    *gallery = NULL;
    if (!g) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    g->o = *options;
    rgm_status status = begin(g, path, err);
    if (status < 0)
        release(g);
    else
        *gallery = g;
    return status;
}

rgm_status rgm_gallery_end(rgm_gallery *g, rgm_status status, rgm_error *err) {
    if (!g) return status;
    fputs("</div>\n", g->to);
    put_unreadable(g);
    fputs("</body>\n</html>\n", g->to);
    if (status >= 0) status = flush(g, err);
    status = rgm_replace_end(&g->file, status, err);
    release(g);
    return status;
}
