#include "report/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/html.h"

/* --q0 to --q9 is a scale from little to much, of one hue, so that order is seen without telling colours apart. */
static const char style[] =
    ":root{--q0:#f3f6fa;--q1:#dfe9f4;--q2:#c6d9ec;--q3:#a6c6e2;--q4:#80aed5;--q5:#5b95c7;--q6:#3d7bb5;--q7:#29629d;"
    "--q8:#1a4a80;--q9:#0d3263;--q-low:#1b1f24;--q-high:#fff}"
    "@media screen and (prefers-color-scheme:dark){:root{--q0:#1f252c;--q1:#23323f;--q2:#274154;--q3:#2b526d;"
    "--q4:#316688;--q5:#3b7ca3;--q6:#4d94bb;--q7:#6eaed0;--q8:#9ccae2;--q9:#d3e9f5;--q-low:#e6e9ed;--q-high:#14171a}}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px;margin:16px 0}"
    ".chart{padding:14px 14px 10px}.chart.all{grid-column:1/-1}"
    ".chart figcaption{margin-bottom:6px}.chart figcaption b{font-weight:650}"
    ".chart figcaption span{display:block;font-size:12.5px;color:var(--soft);overflow-wrap:anywhere}"
    ".chart svg{display:block;width:100%;height:auto;overflow:visible}"
    ".chart svg text{font:11.5px system-ui,-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif;"
    "fill:var(--soft)}.chart svg .ink{fill:var(--ink)}.chart svg .on{fill:var(--q-low)}.chart svg "
    ".over{fill:var(--q-high)}"
    ".chart .grid-line{stroke:var(--line);stroke-width:1;fill:none}.chart .axis{stroke:var(--soft);stroke-width:1}"
    ".chart .l{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
    ".chart .raw{stroke-width:1;opacity:.45}.chart .dash{stroke-dasharray:5 4}.chart .band{stroke:none;opacity:.18}"
    ".chart .m{stroke-width:1;stroke-dasharray:2 3;fill:none}.chart .tick{stroke:none}"
    ".c0{stroke:var(--soft);fill:var(--soft)}.c1{stroke:var(--s1);fill:var(--s1)}.c2{stroke:var(--s2);fill:var(--s2)}"
    ".c3{stroke:var(--s3);fill:var(--s3)}.c4{stroke:var(--s4);fill:var(--s4)}.c5{stroke:var(--s5);fill:var(--s5)}"
    ".c6{stroke:var(--s6);fill:var(--s6)}.c7{stroke:var(--s7);fill:var(--s7)}.c8{stroke:var(--s8);fill:var(--s8)}"
    ".chart .l.c0,.chart .l.c1,.chart .l.c2,.chart .l.c3,.chart .l.c4,.chart .l.c5,.chart .l.c6,.chart .l.c7,"
    ".chart .l.c8{fill:none}"
    ".q0{stroke:var(--q0)}.q1{stroke:var(--q1)}.q2{stroke:var(--q2)}.q3{stroke:var(--q3)}.q4{stroke:var(--q4)}"
    ".q5{stroke:var(--q5)}.q6{stroke:var(--q6)}.q7{stroke:var(--q7)}.q8{stroke:var(--q8)}.q9{stroke:var(--q9)}"
    ".legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;margin:0 0 4px}"
    ".legend span{display:inline-flex;align-items:center;gap:6px;max-width:100%;overflow-wrap:anywhere}"
    ".legend svg{width:22px;height:10px;flex:none;overflow:hidden}"
    ".chart details{margin-top:6px;font-size:12.5px}.chart summary{color:var(--soft);cursor:pointer}"
    ".chart .wide{max-height:320px;overflow:auto}"
    ".chart table{font-variant-numeric:tabular-nums;width:auto;min-width:50%}"
    ".chart th{text-align:right;font-weight:500;color:var(--soft);padding:3px 0 3px 18px;vertical-align:bottom}"
    ".chart td{text-align:right;padding:1px 0 1px 18px;border-top:1px solid var(--line)}"
    ".chart td:first-child,.chart th:first-child{padding-left:0;text-align:left}"
    ".tabs>input{position:absolute;opacity:0;pointer-events:none}"
    ".tabs>label{display:inline-block;font-size:12px;padding:1px 10px;margin:0 6px 6px 0;border:1px solid var(--line);"
    "border-radius:10px;color:var(--soft);cursor:pointer}"
    ".tabs>input:checked+label{color:var(--ink);border-color:var(--soft)}"
    ".tabs>input:focus-visible+label{outline:2px solid var(--bar)}"
    ".tabs>.tab{display:none}.tabs>input:nth-of-type(1):checked~.tab:nth-of-type(1),"
    ".tabs>input:nth-of-type(2):checked~.tab:nth-of-type(2){display:block}"
    "@media(max-width:560px){body{padding:20px 12px 40px}.chart{padding:10px}.chart svg text{font-size:15px}}"
    "@media print{.charts{grid-template-columns:1fr 1fr;gap:8px}.chart figcaption span,.legend{font-size:10px}"
    ".chart{break-inside:avoid}.chart details{display:none}"
    ".tabs>label{display:none}.tabs>.tab{display:block!important}}";

const char *rgm_chart_style(void) { return style; }

/* ---- figure ---- */

void rgm_chart_begin(FILE *to, const rgm_chart_frame *frame, const char *class) {
    fprintf(to, "<figure class=\"chart%s%s\" id=\"%s\">\n<figcaption><b>", class[0] ? " " : "", class, frame->id);
    rgm_html_text(to, frame->title);
    fputs("</b>", to);
    if (frame->about && frame->about[0]) {
        fputs("<span>", to);
        rgm_html_text(to, frame->about);
        fputs("</span>", to);
    }
    fputs("</figcaption>\n", to);
}

void rgm_chart_end(FILE *to) { fputs("</figure>\n", to); }

void rgm_chart_svg(FILE *to, const rgm_chart_frame *frame, int32_t part, const char *what, double W, double H) {
    fputs("<svg viewBox=\"0 0", to);
    rgm_chart_put(to, W, 1);
    rgm_chart_put(to, H, 1);
    fprintf(to, "\" role=\"img\" aria-labelledby=\"%s-t%d %s-d%d\"><title id=\"%s-t%d\">", frame->id, part, frame->id,
            part, frame->id, part);
    rgm_html_text(to, frame->title);
    fprintf(to, "</title><desc id=\"%s-d%d\">", frame->id, part);
    rgm_html_text(to, what);
    fputs("</desc>\n", to);
}

void rgm_chart_svg_end(FILE *to) { fputs("</svg>\n", to); }

/* ---- table ---- */

void rgm_chart_table(FILE *to, const char *const *heads, int32_t count) {
    fputs("<details><summary>Table</summary><div class=\"wide\"><table>\n<tr>", to);
    for (int32_t i = 0; i < count; i++) {
        fputs("<th>", to);
        rgm_html_text(to, heads[i]);
        fputs("</th>", to);
    }
    fputs("</tr>\n", to);
}

void rgm_chart_row_begin(FILE *to) { fputs("<tr>", to); }

void rgm_chart_cell(FILE *to, double value) {
    fputs("<td>", to);
    if (isfinite(value)) rgm_html_real(to, value, fabs(value) >= 1e6 && fabs(value) < 1e15 ? 15 : 6);
    fputs("</td>", to);
}

void rgm_chart_cell_text(FILE *to, const char *text) {
    fputs("<td>", to);
    rgm_html_text(to, text);
    fputs("</td>", to);
}

void rgm_chart_row_end(FILE *to) { fputs("</tr>\n", to); }

void rgm_chart_table_end(FILE *to) { fputs("</table></div></details>\n", to); }

/* ---- pieces of SVG ---- */

void rgm_chart_put(FILE *to, double value, int32_t apart) {
    double most = 1e6;
    long tenths = lround(10 * (isnan(value) ? 0 : fmax(-most, fmin(most, value))));
    long whole = labs(tenths);
    fprintf(to, "%s%s%ld", apart ? " " : "", tenths < 0 ? "-" : "", whole / 10);
    if (whole % 10) fprintf(to, ".%ld", whole % 10);
}

static void put_attribute(FILE *to, const char *name, double value) {
    fprintf(to, " %s=\"", name);
    rgm_chart_put(to, value, 0);
    fputs("\"", to);
}

static void put_turned(FILE *to, const rgm_chart_label *l) {
    fputs(" transform=\"translate(", to);
    rgm_chart_put(to, l->x, 0);
    rgm_chart_put(to, l->y, 1);
    fputs(") rotate(-90)\"", to);
}

void rgm_chart_text(FILE *to, const rgm_chart_label *l) {
    char cut[256];
    size_t length = strlen(l->text), within = l->columns ? rgm_text_within(l->text, l->columns) : length;
    int32_t is_cut = within < length;
    fputs("<text", to);
    if (l->upright) {
        put_turned(to, l);
    } else {
        put_attribute(to, "x", l->x);
        put_attribute(to, "y", l->y);
    }
    if (strcmp(l->anchor, "start") != 0) fprintf(to, " text-anchor=\"%s\"", l->anchor);
    if (l->class[0]) fprintf(to, " class=\"%s\"", l->class);
    fputs(">", to);
    if (is_cut) {
        fputs("<title>", to);
        rgm_html_text(to, l->text);
        fputs("</title>", to);
        within = rgm_text_within(l->text, l->columns - 1);
        if (within >= sizeof cut) within = sizeof cut - 1;
        memcpy(cut, l->text, within);
        cut[within] = 0;
    }
    rgm_html_text(to, is_cut ? cut : l->text);
    fputs(is_cut ? "\u2026</text>\n" : "</text>\n", to);
}
