#include "report/inspection_page.h"

#include <math.h>
#include <string.h>
#include "base/text.h"
#include "report/inspection_cards.h"
#include "report/inspection_classes.h"
#include "report/inspection_draw.h"
#include "report/inspection_says.h"

enum { MOST = 24, FEW_KINDS = 5, FEW = 12, CHANNELS = 16 }; /* of more kinds, fewer findings each */

/* ---- the head ---- */

static const char *last_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void put_title(const rgm_drawing *d) {
    FILE *to = d->page->to;
    int64_t total = rgm_inspection_total(d->in);
    rgm_html_text(to, last_of(rgm_dataset_describe(d->in->set)->path));
    fputs(": ", to);
    rgm_html_count(to, total);
    fputs(total == 1 ? " image" : " images", to);
}

static void put_splits(const rgm_drawing *d) {
    FILE *to = d->page->to;
    const rgm_dataset_info *info = rgm_dataset_describe(d->in->set);
    int32_t some = 0;
    fputs("<dt>Splits</dt><dd>", to);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!info->count[split]) continue;
        fprintf(to, "%s%s ", some++ ? ", " : "", rgm_split_name(split));
        rgm_html_count(to, info->count[split]);
    }
    fputs("</dd>\n", to);
}

static void put_facts(const rgm_drawing *d) {
    const rgm_dataset_info *info = rgm_dataset_describe(d->in->set);
    char shape[RGM_INSPECTION_TEXT];
    fputs("<dl class=\"facts\">\n", d->page->to);
    rgm_html_fact(d->page->to, "File", info->path);
    rgm_html_fact(d->page->to, "Holds", rgm_inspection_shape(d->in, shape));
    put_splits(d);
    rgm_html_fact(d->page->to, "Source", info->source);
    rgm_html_fact(d->page->to, "Licence", info->licence);
    rgm_html_fact(d->page->to, "Model", d->in->model ? d->in->model->title : NULL);
    fputs("</dl>\n", d->page->to);
}

static void put_links(const rgm_drawing *d) {
    FILE *to = d->page->to;
    fputs("<nav>", to);
    if (d->in->findings.count) fputs("<a href=\"#findings\">Found</a>", to);
    if (d->in->model) fputs("<a href=\"#model\">What a model says</a>", to);
    fputs("<a href=\"#classes\">Classes</a><a href=\"#examples\">Examples</a></nav>\n", to);
}

static void put_head(const rgm_drawing *d) {
    static const char *const classes[] = {"", "", " warn", " fail"};
    FILE *to = d->page->to;
    char text[RGM_INSPECTION_TEXT];
    rgm_html_begin(to, "inspect");
    put_title(d);
    rgm_html_body(to, rgm_drawing_style());
    fputs("<h1>", to);
    put_title(d);
    int32_t grave = rgm_inspection_judge(d->in, text);
    fprintf(to,
            "</h1>\n<p class=\"soft\">What is in a data set, and what is wrong with it.</p>\n<p class=\"verdict%s\">",
            classes[grave + 1]);
    rgm_html_text(to, text);
    fputs("</p>\n", to);
    put_facts(d);
    put_links(d);
}

/* ---- what was found ---- */

static void put_kind(const rgm_drawing *d, int32_t kind) {
    FILE *to = d->page->to;
    const rgm_dataset_info *info = rgm_dataset_describe(d->in->set);
    static const char *const classes[] = {"", "warn", "fail"};
    int64_t counts[RGM_SPLIT_COUNT];
    rgm_findings_count_splits(&d->in->findings, kind, counts);
    fprintf(to, "<tr><td class=\"t\"><a href=\"#%s\">%s</a></td>", rgm_finding_name(kind), rgm_finding_title(kind));
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!info->count[split]) continue;
        fprintf(to, "<td class=\"n %s\">", counts[split] ? classes[rgm_finding_grave(kind)] : "soft");
        rgm_html_count(to, counts[split]);
        fputs("</td>", to);
    }
    fprintf(to, "<td class=\"d\">%s</td><td class=\"d\">%s</td></tr>\n", rgm_finding_meaning(kind),
            rgm_finding_remedy(kind));
}

/* Where something is to be mended or decided. */
static void put_next(const rgm_drawing *d) {
    char verdict[RGM_INSPECTION_TEXT], data[4 * 4096];
    if (rgm_inspection_judge(d->in, verdict) < RGM_GRAVE_WARN) return;
    rgm_text_shell(rgm_dataset_describe(d->in->set)->path, data, sizeof data);
    fputs("<p class=\"soft\" style=\"margin-top:12px\">A list of the images that are better left out: <code "
          "style=\"white-space:pre-wrap;overflow-wrap:anywhere\">regimen inspect ",
          d->page->to);
    rgm_html_text(d->page->to, data);
    fputs(" --write-exclude list.txt</code></p>\n", d->page->to);
}

static void put_findings(const rgm_drawing *d) {
    FILE *to = d->page->to;
    const rgm_dataset_info *info = rgm_dataset_describe(d->in->set);
    if (!d->in->findings.count) return;
    fputs("<h2 id=\"findings\">Found</h2>\n<div class=\"wide\"><table class=\"rows found\"><tr><th></th>", to);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (info->count[split]) fprintf(to, "<th class=\"n\">%s</th>", rgm_split_name(split));
    fputs("<th class=\"d\">what it means</th><th class=\"d\">what to do</th></tr>\n", to);
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++)
        if (rgm_findings_count(&d->in->findings, kind)) put_kind(d, kind);
    fputs("</table></div>\n", to);
    put_next(d);
}

static void put_notes(const rgm_drawing *d) {
    FILE *to = d->page->to;
    char text[RGM_INSPECTION_TEXT], *line = text, *end;
    if (!rgm_inspection_notes(d->in, text)[0]) return;
    fputs("<h2 id=\"notes\">Notes</h2>\n<ul>", to);
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = 0;
        fputs("<li>", to);
        rgm_html_text(to, line);
        fputs("</li>", to);
    }
    fputs("</ul>\n", to);
}

/* ---- pixels ---- */

static void put_channel(FILE *to, const rgm_split_statistics *s, int32_t c) {
    const double values[] = {s->mean[c], s->std[c], s->shift ? s->shift[c] : NAN, s->stretch ? s->stretch[c] : NAN};
    for (int32_t i = 0; i < 4; i++) {
        fputs("<td class=\"n\">", to);
        if (isfinite(values[i])) rgm_html_fixed(to, values[i], i == 3 ? 3 : 2);
        fputs("</td>", to);
    }
    fputs("</tr>\n", to);
}

static void put_pixels(const rgm_drawing *d) {
    FILE *to = d->page->to;
    const rgm_statistics *s = &d->in->statistics;
    fputs(
        "<section><h2 id=\"pixels\">Pixels</h2>\n<p class=\"soft\">By split and channel, 0 to 255; shift and stretch "
        "are "
        "beside the first split.</p>\n<div class=\"wide\"><table class=\"rows\"><tr><th></th><th "
        "class=\"n\">channel</th><th class=\"n\">mean</th><th class=\"n\">deviation</th><th class=\"n\">shift</th><th "
        "class=\"n\">stretch</th></tr>\n",
        to);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        for (int32_t c = 0; s->split[split].mean && c < s->C && c < CHANNELS; c++) {
            fprintf(to, "<tr><td>%s</td><td class=\"n\">%d</td>", rgm_split_name(split), c);
            put_channel(to, &s->split[split], c);
        }
    fputs("</table></div></section>\n", to);
}

static void put_quantiles(FILE *to, const char *name, const double *values, int32_t decimals) {
    int32_t any = 0;
    for (int32_t i = 0; i < RGM_QUANTILES; i++) any |= isfinite(values[i]) && values[i] != 0;
    if (!any) return;
    fprintf(to, "<tr><td>%s</td>", name);
    for (int32_t i = 0; i < RGM_QUANTILES; i++) {
        fputs("<td class=\"n\">", to);
        if (isfinite(values[i])) rgm_html_fixed(to, values[i], decimals);
        fputs("</td>", to);
    }
    fputs("</tr>\n", to);
}

static void put_measures(const rgm_drawing *d) {
    FILE *to = d->page->to;
    const rgm_statistics *s = &d->in->statistics;
    fputs("<section><h2 id=\"measures\">Images</h2>\n<p class=\"soft\">What each image has one of: the least, the "
          "most, and "
          "what 5, 50 and 95 % stay below.</p>\n<div class=\"wide\"><table class=\"rows\"><tr><th></th><th "
          "class=\"n\">least</th><th class=\"n\">5 %</th><th class=\"n\">half</th><th class=\"n\">95 %</th><th "
          "class=\"n\">most</th></tr>\n",
          to);
    if (s->sizes > 1) {
        put_quantiles(to, "height", s->height, 0);
        put_quantiles(to, "width", s->width, 0);
        put_quantiles(to, "width / height", s->aspect, 2);
    }
    for (int32_t i = 0; i < RGM_MEASURE_COUNT; i++)
        put_quantiles(to, rgm_measure_name(i), s->measure[i], i == RGM_MEASURE_LIKENESS ? 2 : 1);
    fputs("</table></div></section>\n", to);
}

static void put_statistics(const rgm_drawing *d) {
    int32_t any = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) any |= d->in->statistics.split[split].mean != NULL;
    if (!any) return;
    fputs("<div class=\"two\">\n", d->page->to);
    put_pixels(d);
    put_measures(d);
    fputs("</div>\n", d->page->to);
}

/* ---- the page ---- */

static rgm_status draw(rgm_drawing *d, rgm_error *err) {
    put_head(d);
    put_findings(d);
    put_notes(d);
    RGM_TRY(rgm_drawing_flush(d, err));
    RGM_TRY(rgm_cards_findings(d, err));
    RGM_TRY(rgm_says_draw(d, err));
    RGM_TRY(rgm_cards_losses(d, err));
    RGM_TRY(rgm_classes_table(d, err));
    put_statistics(d);
    return rgm_classes_sheets(d, err);
}

rgm_status rgm_inspection_page(const rgm_inspection *in, const rgm_inspection_page_options *o, rgm_error *err) {
    rgm_html_page page;
    rgm_drawing d = {.in = in, .thumbs = &o->thumbs, .page = &page, .most = o->most};
    int32_t kinds = 0;
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) kinds += rgm_findings_count(&in->findings, kind) > 0;
    if (!d.most) d.most = kinds > FEW_KINDS ? FEW : MOST;
    RGM_TRY(rgm_html_open(&page, o->path, err));
    return rgm_html_close(&page, draw(&d, err), err);
}
