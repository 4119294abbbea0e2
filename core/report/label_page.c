#include "report/label_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include "report/label_script.h"

struct rgm_label_page {
    rgm_label_page_options options;
    rgm_html_page html;
    int64_t *place; /* [count] of a picture among those that are on the page; -1: it is not */
    int64_t added;
    uint64_t pictures; /* a hash of theirs: answers that a browser kept are of these pictures alone */
};

/* ---- the head, and what a person works with ---- */

static void put_head(FILE *to, const rgm_label_page_options *o) {
    rgm_html_begin(to, "label");
    fputs("Label pictures of ", to);
    rgm_html_text(to, o->set);
    rgm_html_body(to, rgm_label_style());
    fputs("<div class=\"line\"><h1>What is in the picture?</h1><b id=\"count\"></b></div>\n"
          "<div class=\"bar\"><i class=\"first\" id=\"bar\" style=\"width:0\"></i></div>\n"
          "<noscript><p class=\"fail\">This page needs its script: allow it, then load the page again.</p></noscript>\n"
          "<div id=\"pictures\">\n",
          to);
}

static void put_class(FILE *to, const rgm_label_page_options *o, int32_t c) {
    static const char keys[] = "1234567890abcdefghijklmnopqrstuvwxyz";
    fputs("<button type=\"button\">", to);
    if (o->classes <= RGM_LABEL_PAGE_KEYS) fprintf(to, "<kbd>%c</kbd>", keys[c]);
    fputs("<span>", to);
    if (o->names && o->names[c][0])
        rgm_html_text(to, o->names[c]);
    else
        fprintf(to, "class %d", (int)c);
    fputs("</span></button>\n", to);
}

static void put_classes(FILE *to, const rgm_label_page_options *o) {
    int32_t many = o->classes > RGM_LABEL_PAGE_KEYS;
    fputs("<div id=\"ask\">\n", to);
    if (many)
        fputs("<input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" aria-label=\"search\" "
              "placeholder=\"Part of a class's name, then Enter; arrows choose\">\n",
              to);
    fprintf(to, "<div id=\"classes\"%s>\n", many ? " class=\"many\"" : "");
    for (int32_t c = 0; c < o->classes; c++) put_class(to, o, c);
    fputs("</div>\n</div>\n", to);
}

static void put_end(FILE *to, const rgm_label_page_options *o) {
    fputs("<div id=\"end\">\n<p id=\"result\"></p>\n<p>Save the answers. Then this says how often they are right:</p>\n"
          "<pre>",
          to);
    rgm_html_text(to, o->next);
    fputs("</pre>\n<details><summary>The answers as text</summary><pre id=\"text\"></pre></details>\n</div>\n", to);
}

static void put_foot(FILE *to, const rgm_label_page_options *o) {
    put_classes(to, o);
    put_end(to, o);
    fputs("<div class=\"foot\"><button type=\"button\" id=\"undo\">Undo <kbd>&#9003;</kbd></button>"
          "<button type=\"button\" id=\"save\" class=\"first\">Save answers.json</button>"
          "<button type=\"button\" id=\"anew\">Start anew</button><span class=\"soft\" id=\"last\"></span></div>\n"
          "<p class=\"soft\"><span id=\"how\">Press the key of a class, or click on it. If you cannot tell, take the "
          "likeliest. Some "
          "pictures come twice, to see how far you agree with yourself. </span><span id=\"kept\"></span></p>\n",
          to);
}

/* ---- what the script works on ---- */

static void put_job(const rgm_label_page *p) {
    FILE *to = p->html.to;
    const rgm_label_page_options *o = &p->options;
    const char *apart = "";
    fputs("<div id=\"job\" hidden data-set=\"", to);
    rgm_html_text(to, o->set);
    fprintf(to, "\" data-pictures=\"%016" PRIx64, p->pictures);
    fprintf(to, "\" data-fingerprint=\"%016" PRIx64 "\" data-split=\"%s\" data-seed=\"%" PRIu64 "\" data-order=\"",
            o->fingerprint, o->split, o->seed);
    for (int64_t i = 0; i < o->shows; i++) {
        if (p->place[o->order[i]] < 0) continue;
        fprintf(to, "%s%" PRId64, apart, p->place[o->order[i]]);
        apart = " ";
    }
    fputs("\"></div>\n<script>\n", to);
    fputs(rgm_label_script(), to);
    fputs("</script>\n", to);
}

/* ---- calls ---- */

rgm_status rgm_label_page_begin(rgm_label_page **page, const rgm_label_page_options *options, rgm_error *err) {
    rgm_label_page *p = calloc(1, sizeof *p);
    *page = NULL;
    if (p) p->place = malloc((size_t)options->count * sizeof *p->place);
    if (!p || !p->place) {
        free(p);
        return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    }
    p->options = *options;
    for (int64_t i = 0; i < options->count; i++) p->place[i] = -1;
    rgm_status status = rgm_html_open(&p->html, options->path, err);
    if (status < 0) {
        free(p->place);
        free(p);
        return status;
    }
    put_head(p->html.to, options);
    *page = p;
    return RGM_OK;
}

rgm_status rgm_label_page_add(rgm_label_page *p, const rgm_label_picture *picture, rgm_error *err) {
    FILE *to = p->html.to;
    p->place[picture->number] = p->added++;
    p->pictures = (p->pictures ^ picture->hash) * 0x9e3779b97f4a7c15u;
    fprintf(to, "<figure hidden data-index=\"%" PRId64 "\" data-image=\"%016" PRIx64 "\">", picture->index,
            picture->hash);
    rgm_html_img(to, &picture->image);
    fputs("</figure>\n", to);
    return rgm_html_flush(&p->html, err);
}

rgm_status rgm_label_page_end(rgm_label_page *p, rgm_status status, rgm_error *err) {
    if (!p) return status;
    if (status >= 0 && !p->added)
        status = rgm_fail(err, RGM_E_FORMAT, "%.300s: none of the pictures chosen can be read", p->options.set);
    fputs("</div>\n", p->html.to);
    put_foot(p->html.to, &p->options);
    put_job(p);
    status = rgm_html_close(&p->html, status, err);
    free(p->place);
    free(p);
    return status;
}
