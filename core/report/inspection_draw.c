#include "report/inspection_draw.h"

rgm_status rgm_drawing_flush(rgm_drawing *d, rgm_error *err) {
    long size = ftell(d->page->to);
    if (size > 0) d->written += size;
    return rgm_html_flush(d->page, err);
}

int32_t rgm_drawing_room(const rgm_drawing *d) { return d->written < RGM_DRAWING_PICTURES; }

void rgm_drawing_class(const rgm_drawing *d, int32_t number) {
    char room[RGM_CLASS_ROOM];
    rgm_html_text(d->page->to, rgm_class_of(d->in->set, number, room));
}

void rgm_drawing_place(const rgm_drawing *d, int32_t split, int64_t index) {
    fprintf(d->page->to, "%s %lld", rgm_split_name(split), (long long)index);
}

const char *rgm_drawing_style(void) {
    return "h3{font-size:15px;margin:0 0 8px;font-weight:650;overflow-wrap:anywhere}h3 .soft{font-weight:400}"
           "th{text-align:left;font-weight:400;color:var(--soft);padding:3px 12px 3px 0;vertical-align:bottom}"
           "th.n,td.n{text-align:right;padding:3px 0 3px "
           "14px}td.t{min-width:150px}td.d,th.d{min-width:240px;padding-left:22px}"
           ".verdict{font-size:17px;margin:14px 0 18px;padding:12px 16px;background:var(--card);"
           "border:1px solid var(--line);border-left:4px solid var(--good);border-radius:6px}"
           ".verdict.warn{border-left-color:var(--warn);color:inherit}"
           ".verdict.fail{border-left-color:var(--bad);color:inherit}"
           ".classes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(1040px,100%),1fr));gap:14px;"
           "margin-top:14px}.classes.many{grid-template-columns:repeat(auto-fill,minmax(min(200px,100%),1fr))}"
           ".class{padding:12px;background:var(--card);border:1px solid var(--line);border-radius:8px;"
           "break-inside:avoid;min-width:0}"
           ".lists{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(240px,100%),1fr));gap:12px}"
           ".lists .soft{font-size:12px}"
           "img.sprite{display:block;max-width:100%;height:auto;image-rendering:pixelated;border-radius:3px}"
           ".pairs{grid-template-columns:repeat(auto-fill,minmax(min(264px,100%),1fr))}"
           ".pair{display:grid;grid-template-columns:1fr 1fr;gap:10px}.pair>div{min-width:0}.pair .see,.one "
           ".see{height:112px}"
           ".pair .see img,.one .see img{max-height:112px}"
           ".why{font-size:13px;overflow-wrap:anywhere}"
           "h4{font-size:14px;margin:18px 0 2px;font-weight:650}.says{grid-template-columns:"
           "repeat(auto-fit,minmax(min(460px,100%),1fr));margin-bottom:34px}"
           "td.k{min-width:92px}th.r,td.r{min-width:90px;padding-left:16px}td.r .bar{margin-top:9px}"
           ".heat{width:auto;font-size:12px;font-variant-numeric:tabular-nums}"
           ".heat td{padding:2px 5px;text-align:right;min-width:34px;border:1px solid var(--line)}"
           ".heat td.h{border:0;text-align:left;color:var(--soft);max-width:150px;overflow:hidden;"
           "text-overflow:ellipsis;white-space:nowrap;overflow-wrap:normal}.heat td.c{max-width:46px}"
           "nav{margin:18px 0 0}nav a{margin-right:18px}"
           "@media screen and (max-width:760px){.found .d{display:none}body{padding:20px 14px 40px}h1{font-size:23px}}"
           "@media "
           "print{nav{display:none}.classes.many{grid-template-columns:repeat(5,1fr)}.pairs{grid-template-columns:"
           "repeat(4,1fr)}"
           ".pair .see,.one .see{height:72px}.pair .see img,.one .see img{max-height:72px}.why{font-size:10px}"
           ".verdict{font-size:13px}}";
}
