#define _GNU_SOURCE
#include "report/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* Series by Okabe and Ito's colours that the colour-blind tell apart ("Color Universal Design", 2008), darkened for
 * white and lightened for black so that thin lines have contrast. */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#5d6670;--line:#dfe3e8;--back:#f6f7f9;--card:#fff;"
    "--bar:#3b76c4;--rest:#b9c2cc;--bad:#c0362c;--good:#2f7d4f;--warn:#9a6200;"
    "--s1:#0072b2;--s2:#d55e00;--s3:#00825b;--s4:#b2528c;--s5:#8a6d00;--s6:#2f97c9;--s7:#6b4fa0;--s8:#5d6670}"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#98a2ad;--line:#2e343b;--back:#14171a;"
    "--card:#1d2125;--bar:#6ea3e8;--rest:#4b545e;--bad:#ef7b70;--good:#6cc08f;--warn:#e2a93b;"
    "--s1:#5aa9e6;--s2:#f08a4b;--s3:#3fc79a;--s4:#e08cc0;--s5:#e0c341;--s6:#8fd0f0;--s7:#b39ae8;--s8:#98a2ad}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1240px;padding:32px 24px 64px;background:var(--back);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif}"
    "h1{font-size:28px;line-height:1.25;margin:0 0 4px;font-weight:650;overflow-wrap:anywhere}"
    "h2{font-size:18px;margin:40px 0 4px;font-weight:650}"
    "p{margin:0 0 12px}code{white-space:nowrap}a{color:var(--bar)}.soft{color:var(--soft)}"
    ".pass{color:var(--good)}.warn{color:var(--warn)}.fail{color:var(--bad)}"
    ".facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:16px 0 0}"
    ".facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:0 48px}"
    ".two>*{min-width:0}.wide{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}td{padding:3px 12px 3px 0;vertical-align:top;overflow-wrap:anywhere}"
    "td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;width:1%}"
    "td.b{width:25%;padding-top:10px}.rows td{border-top:1px solid var(--line)}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(184px,1fr));gap:14px;margin-top:14px}"
    "figure{margin:0;padding:12px;background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "break-inside:avoid;min-width:0}"
    "figure.bad{border-color:var(--bad)}"
    ".see{height:160px;display:flex;gap:8px;align-items:center;justify-content:center;margin-bottom:10px}"
    ".see img{max-width:100%;max-height:160px;min-width:0;display:block}"
    ".see img.tiny{width:100%;height:100%;object-fit:contain;image-rendering:pixelated}"
    ".sheet{display:flex;flex-wrap:wrap;gap:4px}.sheet img{display:block;image-rendering:pixelated}"
    ".name{font-size:12px;color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".label{font-size:13px;margin-bottom:6px;overflow-wrap:anywhere}.bad .label{color:var(--bad)}.good "
    ".label{color:var(--good)}"
    ".top{display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:0 8px;font-size:13px;margin-top:4px}"
    ".top span{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".top b{font-weight:500;font-variant-numeric:tabular-nums}.top.first{font-weight:650}.top.first b{font-weight:650}"
    ".bar{height:5px;border-radius:3px;background:var(--line);overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--rest);border-radius:3px}.bar i.first{background:var(--bar)}"
    "@media "
    "print{body{max-width:none;padding:0;background:#fff;font-size:12px}h2{margin-top:24px;break-after:avoid}"
    "tr{break-inside:avoid}"
    ".grid{grid-template-columns:repeat(6,1fr);gap:8px}figure{padding:8px}.see{height:84px;margin-bottom:6px}"
    ".see img{max-height:84px}.label,.top{font-size:10px}.name{font-size:9px}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

/* ---- the file ---- */

rgm_status rgm_html_open(rgm_html_page *page, const char *path, rgm_error *err) {
    memset(page, 0, sizeof *page);
    page->to = open_memstream(&page->text, &page->size);
    if (!page->to) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    rgm_status status = rgm_replace_begin(&page->file, path, err);
    if (status < 0) {
        fclose(page->to);
        free(page->text);
    }
    return status;
}

rgm_status rgm_html_flush(rgm_html_page *page, rgm_error *err) {
    if (fflush(page->to) != 0 || ferror(page->to)) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    RGM_TRY(rgm_replace_write(&page->file, page->text, page->size, err));
    return fseek(page->to, 0, SEEK_SET) == 0 ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
}

rgm_status rgm_html_close(rgm_html_page *page, rgm_status status, rgm_error *err) {
    fputs("</body>\n</html>\n", page->to);
    if (status >= 0) status = rgm_html_flush(page, err);
    status = rgm_replace_end(&page->file, status, err);
    fclose(page->to);
    free(page->text);
    memset(page, 0, sizeof *page);
    return status;
}

void rgm_html_begin(FILE *to, const char *command) {
    fprintf(to, RGM_HTML_HEAD("%s"), command);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", to);
}

void rgm_html_body(FILE *to, const char *more) {
    fprintf(to, "</title>\n<style>%s%s</style>\n</head>\n<body>\n", style, more ? more : "");
}

/* ---- text and numbers ---- */

void rgm_html_text(FILE *to, const char *text) {
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

void rgm_html_count(FILE *to, int64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count), sign = digits[0] == '-';
    for (int i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0) putc(',', to);
        putc(digits[i], to);
    }
}

void rgm_html_real(FILE *to, double value, int32_t digits) {
    char text[64];
    fputs(rgm_text_print_real(text, sizeof text, digits, value), to);
}

/* By digits of a real, for which base/text.h has the locale put aside: 17 of them are enough for all that is shown. */
void rgm_html_fixed(FILE *to, double value, int32_t decimals) {
    double scale = pow(10, decimals), scaled = round(fabs(value) * scale);
    if (!(scaled < 1e17)) {
        rgm_html_real(to, value, 6);
        return;
    }
    long long all = (long long)scaled, unit = (long long)scale;
    fprintf(to, "%s%lld", value < 0 && all > 0 ? "-" : "", all / unit);
    if (decimals > 0) fprintf(to, ".%0*lld", decimals, all % unit);
}

void rgm_html_percent(FILE *to, double share, int32_t decimals) {
    rgm_html_fixed(to, 100 * share, decimals);
    fputs(" %", to);
}

void rgm_html_base64(FILE *to, const void *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t left = (uint32_t)(size - i < 3 ? size - i : 3);
        uint32_t v =
            (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        fwrite(four, 1, 4, to);
    }
}

/* ---- pieces ---- */

void rgm_html_fact(FILE *to, const char *name, const char *text) {
    if (!text || !text[0]) return;
    fprintf(to, "<dt>%s</dt><dd>", name);
    rgm_html_text(to, text);
    fputs("</dd>\n", to);
}

void rgm_html_bar(FILE *to, double share, int32_t strong) {
    fprintf(to, "<div class=\"bar\"><i%s style=\"width:", strong ? " class=\"first\"" : "");
    rgm_html_fixed(to, share > 1 ? 100 : share > 0 ? 100 * share : 0, 1);
    fputs("%\"></i></div>", to);
}

void rgm_html_more(FILE *to, int64_t count) {
    if (count <= 0) return;
    fputs("<p class=\"soft\">And ", to);
    rgm_html_count(to, count);
    fputs(" more.</p>", to);
}

void rgm_html_img(FILE *to, const rgm_html_image *image) {
    fputs("<img", to);
    if (image->class) fprintf(to, " class=\"%s\"", image->class);
    if (image->H > 0 && image->W > 0) fprintf(to, " width=\"%d\" height=\"%d\"", image->W, image->H);
    fputs(" alt=\"", to);
    rgm_html_text(to, image->alt);
    fprintf(to, "\" src=\"data:image/%s;base64,", image->type);
    rgm_html_base64(to, image->bytes, image->size);
    fputs("\">", to);
}
