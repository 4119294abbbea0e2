#include "report/run_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/predictions.h"
#include "report/run_answers.h"
#include "report/run_checks.h"
#include "report/run_curves.h"
#include "report/run_watched.h"
#include "report/summary.h"

enum { FIRST = 3, LINES_MOST = 400 };

static const char style[] =
    ".verdict{font-size:18px;margin:8px 0 16px}.verdict.fail{font-weight:600}"
    ".risks{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(260px,100%),1fr));gap:12px;margin:12px 0;"
    "padding:0;list-style:none}.risks li{background:var(--card);border:1px solid var(--line);border-left:4px solid "
    "var(--rest);border-radius:8px;padding:10px 14px;overflow-wrap:anywhere;break-inside:avoid}"
    ".risks li.grave{border-left-color:var(--bad)}.risks li.some{border-left-color:var(--warn)}"
    ".risks p{margin:0}.risks .soft{font-size:13px;margin-top:4px}"
    ".next{margin:12px 0}.next code,.risks code{display:block;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px 12px;font-size:13px;"
    "margin-top:4px}.risks code{background:none;border:0;padding:0;font-size:12px}"
    ".batch{display:grid;grid-template-columns:repeat(auto-fill,minmax(88px,1fr));gap:10px}"
    ".batch figure{padding:6px}.batch img{display:block;width:100%;height:auto;image-rendering:pixelated}"
    ".batch figcaption{font-size:12px;color:var(--soft);overflow-wrap:anywhere;margin-top:4px}"
    "nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:16px 0}"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;overflow-x:auto;"
    "font-size:12.5px;line-height:1.45;margin:8px 0;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".compared td,.compared th{text-align:left;padding:4px 18px 4px 0;border-top:1px solid var(--line);"
    "vertical-align:top}.compared th{font-weight:500;color:var(--soft);border:0}.compared td{overflow-wrap:normal;"
    "min-width:64px}@media print{nav{display:none}pre{font-size:9px}}";

/* ---- the verdict ---- */

static void add(char *text, size_t size, const char *more) { rgm_text_add(text, size, more); }

static void add_number(char *text, size_t size, double value, int32_t decimals) {
    char number[64];
    FILE *to = fmemopen(number, sizeof number, "w");
    if (!to) return;
    rgm_html_fixed(to, value, decimals);
    fclose(to);
    add(text, size, number);
}

static void add_count(char *text, size_t size, int64_t count) {
    char number[32] = "";
    FILE *to = fmemopen(number, sizeof number, "w");
    if (!to) return;
    rgm_html_count(to, count);
    fclose(to);
    add(text, size, number);
}

static void add_accuracy(char *text, size_t size, const rgm_history_evaluation *v, const char *split) {
    add(text, size, " is right on ");
    add_number(text, size, 100 * v->accuracy, 2);
    add(text, size, " % of ");
    if (v->images > 0) {
        add_count(text, size, v->images);
        add(text, size, " ");
    }
    add(text, size, split);
    add(text, size, v->images == 1 ? " image" : " images");
    if (!isfinite(v->low) || !isfinite(v->high)) return;
    add(text, size, " (95 % interval ");
    add_number(text, size, 100 * v->low, 2);
    add(text, size, " to ");
    add_number(text, size, 100 * v->high, 2);
    add(text, size, ")");
}

const char *rgm_run_verdict(const rgm_history *h, char out[RGM_VERDICT_TEXT]) {
    const char *split;
    const rgm_history_evaluation *v = rgm_history_result(h, &split);
    size_t size = RGM_VERDICT_TEXT;
    out[0] = 0;
    add(out, size, h->model[0] ? h->model : "The model");
    if (v && isfinite(v->accuracy))
        add_accuracy(out, size, v, split);
    else
        add(out, size, h->loss.total || h->steps > 0 ? " is not evaluated" : " has not begun");
    add(out, size, " after ");
    add_count(out, size, h->epochs > 0 ? h->epochs : h->steps);
    add(out, size, h->epochs > 0 ? " epoch" : " step");
    add(out, size, (h->epochs > 0 ? h->epochs : h->steps) == 1 ? "" : "s");
    if (h->ended && strcmp(h->reason, "complete") != 0) {
        add(out, size, "; it ended: ");
        add(out, size, h->reason);
    } else if (!h->ended) {
        add(out, size, "; it has not ended");
    }
    add(out, size, ".");
    return out;
}

/* ---- risks ---- */

static void put_risk(FILE *to, const rgm_risk *r) {
    fprintf(to, "<li%s><p>",
            r->weight >= RGM_RISK_GRAVE ? " class=\"grave\""
            : r->weight > 25            ? " class=\"some\""
                                        : "");
    rgm_html_text(to, r->text);
    fputs("</p>", to);
    if (r->advice[0]) {
        fputs("<p class=\"soft\">", to);
        rgm_html_text(to, r->advice);
        fputs("</p>", to);
    }
    if (r->command[0]) {
        fputs("<code>", to);
        rgm_html_text(to, r->command);
        fputs("</code>", to);
    }
    fputs("</li>\n", to);
}

static void put_risks(FILE *to, const rgm_risks *risks, int32_t from, int32_t most) {
    if (from >= risks->count) return;
    fputs("<ul class=\"risks\">\n", to);
    for (int32_t i = from; i < risks->count && i < from + most; i++) put_risk(to, &risks->items[i]);
    fputs("</ul>\n", to);
}

static void put_next(FILE *to, const rgm_run_page *p) {
    char command[RGM_RISK_COMMAND];
    if (!rgm_run_page_next(p, command)[0]) return;
    fputs("<p class=\"next\">Next:<code>", to);
    rgm_html_text(to, command);
    fputs("</code></p>\n", to);
}

/* ---- facts ---- */

static void put_time(FILE *to, double seconds) {
    if (!(seconds >= 0) || seconds > 1e9) return;
    long long s = llround(seconds);
    fprintf(to, "<dt>Time</dt><dd>%lld:%02lld:%02lld</dd>\n", s / 3600, s / 60 % 60, s % 60);
}

static void put_evaluation(FILE *to, const char *name, const rgm_history_evaluation *v) {
    if (v->images < 0) return;
    fprintf(to, "<dt>%s</dt><dd>", name);
    rgm_html_percent(to, v->accuracy, 2);
    if (isfinite(v->low) && isfinite(v->high)) {
        fputs(" (95 % interval ", to);
        rgm_html_fixed(to, 100 * v->low, 2);
        fputs(" to ", to);
        rgm_html_fixed(to, 100 * v->high, 2);
        fputs(")", to);
    }
    fputs(", loss ", to);
    if (isfinite(v->loss))
        rgm_html_fixed(to, v->loss, 4);
    else
        fputs("not finite", to);
    fprintf(to, ", step %lld", (long long)v->step);
    if (v->epoch) fprintf(to, ", epoch %d", v->epoch);
    if (v->images) {
        fputs(", ", to);
        rgm_html_count(to, v->images);
        fputs(" images", to);
    }
    fputs("</dd>\n", to);
}

static void put_number_fact(FILE *to, const char *name, int64_t value) {
    if (value <= 0) return;
    fprintf(to, "<dt>%s</dt><dd>", name);
    rgm_html_count(to, value);
    fputs("</dd>\n", to);
}

static void put_results(FILE *to, const rgm_history *h) {
    fputs("<dl class=\"facts\">\n", to);
    put_evaluation(to, "Test", &h->test);
    put_evaluation(to, "Validation, best", &h->best);
    put_evaluation(to, "Validation, last", &h->last);
    put_number_fact(to, "Steps", h->steps);
    put_time(to, h->seconds);
    if (h->config) rgm_html_fact(to, "Data", h->config->data.file);
    fputs("</dl>\n", to);
}

static void put_environment(FILE *to, const rgm_history *h) {
    fputs("<h2 id=\"environment\">Environment</h2>\n<dl class=\"facts\">\n", to);
    rgm_html_fact(to, "Run folder", h->folder);
    rgm_html_fact(to, "Model", h->model);
    put_number_fact(to, "Parameters", h->parameters);
    put_number_fact(to, "Threads", h->threads);
    rgm_html_fact(to, "Instruction set", h->isa);
    if (isfinite(h->images_per_s)) {
        fputs("<dt>Throughput</dt><dd>", to);
        rgm_html_fixed(to, h->images_per_s, 1);
        fputs(" images/s</dd>\n", to);
    }
    put_number_fact(to, "Resumed", h->resumes.total);
    put_number_fact(to, "Steps skipped", h->skips.total);
    put_number_fact(to, "Rewinds", h->rewinds.total);
    put_number_fact(to, "Checkpoints written", h->checkpoints.total);
    put_number_fact(to, "Events read", h->events);
    if (h->cut) rgm_html_fact(to, "Metrics", "the last line is not ended");
    fputs("</dl>\n", to);
}

static void put_config(FILE *to, const rgm_history *h) {
    fputs("<h2 id=\"configuration\">Configuration</h2>\n", to);
    if (h->config_fault[0]) {
        fputs("<p class=\"warn\">It cannot be read: ", to);
        rgm_html_text(to, h->config_fault);
        fputs("</p>\n", to);
    }
    if (!h->yaml) {
        fputs("<p class=\"soft\">There is no config.yaml.</p>\n", to);
        return;
    }
    fputs("<pre>", to);
    for (char *line = h->yaml, *end; *line; line = end) {
        char kept;
        end = line + strcspn(line, "\n");
        kept = *end;
        *end = 0;
        rgm_html_text(to, line);
        *end = kept;
        if (kept) putc('\n', to), end++;
    }
    fputs("</pre>\n", to);
}

/* ---- one run ---- */

static int32_t is_examined(const rgm_run_page *p) { return p->examination && p->examination->images > 0; }

static void put_links(FILE *to, const rgm_run_page *p) {
    fputs("<nav><a href=\"#curves\">Curves</a>", to);
    if (p->watched && p->watched->bins) fputs("<a href=\"#within\">From within</a>", to);
    if (is_examined(p)) fputs("<a href=\"#predictions\">Predictions</a><a href=\"#losses\">Top losses</a>", to);
    if (rgm_run_checks_are_there(p->runs[0]->folder)) fputs("<a href=\"#checks\">Checks</a>", to);
    fputs("<a href=\"#configuration\">Configuration</a><a href=\"#environment\">Environment</a></nav>\n", to);
}

static rgm_status put_answers(FILE *to, const rgm_run_page *p, rgm_error *err) {
    const rgm_history *h = p->runs[0];
    char folder[RGM_RUNFOLDER_PATH + 64];
    if (is_examined(p)) return rgm_run_answers_put(to, p->examination, err);
    if (!h->has_last && !h->has_best) return RGM_OK;
    fputs("<h2>Predictions</h2>\n<p class=\"soft\">The model was not asked for this page. Confusion, classes, "
          "reliability, top "
          "losses and filters are added by <code>regimen report ",
          to);
    rgm_html_text(to, rgm_text_shell(h->folder, folder, sizeof folder));
    fputs("</code>, where checkpoint and data are there.</p>\n", to);
    return RGM_OK;
}

/* Of the examination, if they suit the labels that were watched. */
static const char *const *class_names(const rgm_run_page *p) {
    const rgm_watched *w = p->watched;
    if (!is_examined(p) || !p->examination->names) return NULL;
    for (int32_t i = 0; i < w->shape.images; i++)
        if (w->label[i] >= p->examination->classes) return NULL;
    for (int32_t i = 0; i < w->shape.picture[0]; i++)
        if (w->picture_label[i] >= p->examination->classes) return NULL;
    return p->examination->names;
}

static rgm_status put_run(rgm_html_page *page, const rgm_run_page *p, rgm_error *err) {
    FILE *to = page->to;
    const rgm_history *h = p->runs[0];
    char verdict[RGM_VERDICT_TEXT];
    fputs("<h1>", to);
    rgm_html_text(to, h->name);
    fprintf(to, "</h1>\n<p class=\"verdict%s\">",
            p->risks[0]->count && p->risks[0]->items[0].weight >= RGM_RISK_GRAVE ? " fail" : "");
    rgm_html_text(to, rgm_run_verdict(h, verdict));
    fputs("</p>\n", to);
    put_risks(to, p->risks[0], 0, FIRST);
    put_next(to, p);
    put_results(to, h);
    put_links(to, p);
    fputs("<h2 id=\"curves\">Curves</h2>\n", to);
    RGM_TRY(rgm_run_curves_put(to, h, err));
    RGM_TRY(rgm_html_flush(page, err));
    if (p->watched) RGM_TRY(rgm_run_watched_put(to, p->watched, h, class_names(p), err));
    RGM_TRY(put_answers(to, p, err));
    if (p->risks[0]->count > FIRST) {
        fputs("<h2>Further findings</h2>\n", to);
        put_risks(to, p->risks[0], FIRST, RGM_RISKS);
    }
    rgm_run_checks_put(to, h->folder);
    put_config(to, h);
    put_environment(to, h);
    return RGM_OK;
}

/* ---- several runs ---- */

static void put_compared(FILE *to, const rgm_run_page *p) {
    static const char *const heads[] = {"Run",        "Model",  "Result", "95 % interval", "Loss",
                                        "Best epoch", "Epochs", "Steps",  "Seed",          "Time, s"};
    fputs("<div class=\"wide\"><table class=\"compared\">\n<tr>", to);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) fprintf(to, "<th>%s</th>", heads[i]);
    fputs("</tr>\n", to);
    for (int32_t i = 0; i < p->count; i++) {
        const rgm_history *h = p->runs[i];
        const char *split;
        const rgm_history_evaluation *v = rgm_history_result(h, &split);
        fprintf(to, "<tr><td><a href=\"#run-%d\">", i);
        rgm_html_text(to, h->name);
        fputs("</a></td><td>", to);
        rgm_html_text(to, h->model);
        fputs("</td><td>", to);
        if (v) {
            rgm_html_percent(to, v->accuracy, 2);
            fprintf(to, " of %lld %s</td><td>", (long long)v->images, split);
            rgm_html_fixed(to, 100 * v->low, 2);
            fputs(" to ", to);
            rgm_html_fixed(to, 100 * v->high, 2);
            fputs("</td><td>", to);
            rgm_html_fixed(to, v->loss, 4);
        } else {
            fputs("none</td><td></td><td>", to);
        }
        fprintf(to, "</td><td>%d</td><td>%d</td><td>%lld</td><td>%llu</td><td>", h->best.images < 0 ? 0 : h->best.epoch,
                h->epochs, (long long)h->steps, (unsigned long long)h->seed);
        if (isfinite(h->seconds)) rgm_html_fixed(to, h->seconds, 0);
        fputs("</td></tr>\n", to);
    }
    fputs("</table></div>\n", to);
}

/* 1 if the text has this whole line. */
static int32_t has_line(const char *text, const char *line, size_t length) {
    for (const char *s = text; *s; s += s[strcspn(s, "\n")] ? strcspn(s, "\n") + 1 : strcspn(s, "\n"))
        if (strcspn(s, "\n") == length && !strncmp(s, line, length)) return 1;
    return 0;
}

/* The lines of a configuration that the first run's does not have. */
static void put_difference(FILE *to, const char *yaml, const char *first) {
    int32_t shown = 0;
    char line[512];
    for (const char *s = yaml; *s && shown < LINES_MOST;) {
        size_t length = strcspn(s, "\n");
        if (!has_line(first, s, length)) {
            if (!shown++) fputs("<pre>", to);
            snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), s);
            rgm_html_text(to, line);
            putc('\n', to);
        }
        s += length + (s[length] != 0);
    }
    fputs(shown ? "</pre>\n" : "<p class=\"soft\">Its configuration is that of the first run.</p>\n", to);
}

static void put_each(FILE *to, const rgm_run_page *p, int32_t i) {
    const rgm_history *h = p->runs[i];
    char verdict[RGM_VERDICT_TEXT];
    fprintf(to, "<section><h2 id=\"run-%d\">", i);
    rgm_html_text(to, h->name);
    fputs("</h2>\n<p>", to);
    rgm_html_text(to, rgm_run_verdict(h, verdict));
    fputs("</p>\n", to);
    put_risks(to, p->risks[i], 0, FIRST);
    put_results(to, h);
    if (i && h->yaml && p->runs[0]->yaml) {
        fputs("<p class=\"soft\">Its configuration, where it differs from that of the first run:</p>\n", to);
        put_difference(to, h->yaml, p->runs[0]->yaml);
    }
    fputs("</section>\n", to);
}

static const rgm_history_evaluation *result_of(const rgm_run_page *p, int32_t i) {
    const char *split;
    return rgm_history_result(p->runs[i], &split);
}

/* The runs with the best result and the second best; -1: there is none. */
static void find_best(const rgm_run_page *p, int32_t *best, int32_t *second) {
    *best = *second = -1;
    for (int32_t i = 0; i < p->count; i++) {
        const rgm_history_evaluation *v = result_of(p, i);
        if (!v || !isfinite(v->accuracy)) continue;
        if (*best < 0 || v->accuracy > result_of(p, *best)->accuracy) {
            *second = *best;
            *best = i;
        } else if (*second < 0 || v->accuracy > result_of(p, *second)->accuracy) {
            *second = i;
        }
    }
}

static int32_t can_be_asked(const rgm_history *h) {
    return h->config && h->config->data.file[0] && (h->has_best || h->has_last);
}

const char *rgm_run_page_next(const rgm_run_page *p, char out[RGM_RISK_COMMAND]) {
    int32_t best, second;
    char a[RGM_RISK_COMMAND / 2 - 16], b[RGM_RISK_COMMAND / 2 - 16];
    if (p->count == 1) return rgm_risks_next(p->risks[0], p->runs[0], out);
    out[0] = 0;
    find_best(p, &best, &second);
    if (second < 0 || !can_be_asked(p->runs[best]) || !can_be_asked(p->runs[second])) return out;
    if (strcmp(p->runs[best]->config->data.file, p->runs[second]->config->data.file)) return out;
    rgm_text_shell(p->runs[second]->folder, a, sizeof a);
    rgm_text_shell(p->runs[best]->folder, b, sizeof b);
    if (!strcmp(a, b) || strlen(a) + 1 == sizeof a || strlen(b) + 1 == sizeof b) return out; /* one run; cut */
    snprintf(out, RGM_RISK_COMMAND, "regimen compare %s %s", a, b);
    return out;
}

/* Which is best, and whether its interval tells it from the second. */
static void put_best(FILE *to, const rgm_run_page *p) {
    int32_t best, second;
    char verdict[RGM_VERDICT_TEXT];
    find_best(p, &best, &second);
    fputs("<p class=\"verdict\">", to);
    if (best < 0) {
        fputs("No run is evaluated.", to);
    } else {
        fputs("Best: ", to);
        rgm_html_text(to, p->runs[best]->name);
        fputs(". ", to);
        rgm_html_text(to, rgm_run_verdict(p->runs[best], verdict));
    }
    if (second >= 0) {
        int32_t apart = result_of(p, best)->low > result_of(p, second)->high;
        fputs(apart ? " Its interval is above that of the second, " : " Its interval overlaps that of the second, ",
              to);
        rgm_html_text(to, p->runs[second]->name);
        fputs(apart ? "." : ": the intervals alone do not tell them apart.", to);
    }
    fputs("</p>\n", to);
}

static rgm_status put_runs(rgm_html_page *page, const rgm_run_page *p, rgm_error *err) {
    FILE *to = page->to;
    fprintf(to, "<h1>%d runs</h1>\n", p->count);
    put_best(to, p);
    put_next(to, p);
    put_compared(to, p);
    fputs("<h2 id=\"curves\">Curves</h2>\n", to);
    RGM_TRY(rgm_runs_curves_put(to, p->runs, p->count, err));
    for (int32_t i = 0; i < p->count; i++) {
        put_each(to, p, i);
        RGM_TRY(rgm_html_flush(page, err));
    }
    put_config(to, p->runs[0]);
    return RGM_OK;
}

/* ---- the page ---- */

rgm_status rgm_run_page_write(const rgm_run_page *p, const char *path, rgm_error *err) {
    rgm_html_page page;
    size_t size = sizeof style + strlen(rgm_chart_style());
    char *sheet = malloc(size);
    if (!sheet) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    snprintf(sheet, size, "%s%s", rgm_chart_style(), style);
    rgm_status status = rgm_html_open(&page, path, err);
    if (status >= 0) {
        rgm_html_begin(page.to, "report");
        rgm_html_text(page.to, p->runs[0]->name);
        if (p->count > 1) fprintf(page.to, " and %d more", p->count - 1);
        rgm_html_body(page.to, sheet);
        status = p->count > 1 ? put_runs(&page, p, err) : put_run(&page, p, err);
        status = rgm_html_close(&page, status, err);
    }
    free(sheet);
    return status;
}

/* ---- JSON ---- */

static void set_evaluation(json_t *to, const char *key, const rgm_history_evaluation *v) {
    if (v->images < 0) return;
    json_t *o = json_object();
    json_object_set_new(o, "accuracy", rgm_json_real(v->accuracy));
    json_object_set_new(o, "accuracy_low", rgm_json_real(v->low));
    json_object_set_new(o, "accuracy_high", rgm_json_real(v->high));
    json_object_set_new(o, "loss", rgm_json_real(v->loss));
    json_object_set_new(o, "images", json_integer(v->images));
    json_object_set_new(o, "step", json_integer(v->step));
    json_object_set_new(o, "epoch", json_integer(v->epoch));
    json_object_set_new(to, key, o);
}

static json_t *risks_json(const rgm_risks *risks) {
    json_t *list = json_array();
    for (int32_t i = 0; i < risks->count; i++) {
        const rgm_risk *r = &risks->items[i];
        json_t *o = json_object();
        json_object_set_new(o, "kind", rgm_json_text(r->kind));
        json_object_set_new(o, "weight", rgm_json_real(r->weight));
        json_object_set_new(o, "text", rgm_json_text(r->text));
        json_object_set_new(o, "advice", r->advice[0] ? rgm_json_text(r->advice) : json_null());
        json_object_set_new(o, "command", r->command[0] ? rgm_json_text(r->command) : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *run_json(const rgm_history *h, const rgm_risks *risks) {
    char text[RGM_RISK_COMMAND], verdict[RGM_VERDICT_TEXT];
    json_t *o = json_object();
    json_object_set_new(o, "run", rgm_json_text(h->folder));
    json_object_set_new(o, "verdict", rgm_json_text(rgm_run_verdict(h, verdict)));
    json_object_set_new(o, "model", rgm_json_text(h->model));
    set_evaluation(o, "test", &h->test);
    set_evaluation(o, "best", &h->best);
    set_evaluation(o, "last", &h->last);
    json_object_set_new(o, "steps", json_integer(h->steps));
    json_object_set_new(o, "epochs", json_integer(h->epochs));
    json_object_set_new(o, "seed", h->config ? json_integer((json_int_t)h->seed) : json_null());
    json_object_set_new(o, "reason", h->ended ? rgm_json_text(h->reason) : json_null());
    json_object_set_new(o, "seconds", rgm_json_real(h->seconds));
    json_object_set_new(o, "images_per_s", rgm_json_real(h->images_per_s));
    json_object_set_new(o, "risks", risks_json(risks));
    json_object_set_new(o, "next", rgm_json_text(rgm_risks_next(risks, h, text)));
    return o;
}

static json_t *classes_json(const rgm_examination *x) {
    json_t *list = json_array();
    char room[16];
    for (int32_t c = 0; c < x->classes; c++) {
        json_t *o = json_object();
        json_object_set_new(o, "class", rgm_json_text(rgm_class_title(x->names, c, room)));
        json_object_set_new(o, "images", json_integer(x->each[c].images));
        json_object_set_new(o, "taken", json_integer(x->each[c].taken));
        json_object_set_new(o, "hits", json_integer(x->each[c].hits));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *examination_json(const rgm_examination *x) {
    const rgm_calibration c = rgm_examination_calibration(x);
    const rgm_filter_noise noise = rgm_examination_noise(&x->filters);
    json_t *o = json_object();
    json_object_set_new(o, "split", rgm_json_text(x->split));
    json_object_set_new(o, "checkpoint", rgm_json_text(x->checkpoint));
    json_object_set_new(o, "images", json_integer(x->images));
    json_object_set_new(o, "unreadable", json_integer(x->unreadable));
    json_object_set_new(o, "hits", json_integer(x->hits));
    json_object_set_new(o, "loss", rgm_json_real(x->loss));
    json_object_set_new(o, "calibration_error", rgm_json_real(c.error));
    json_object_set_new(o, "calibration_error_low", rgm_json_real(c.low));
    json_object_set_new(o, "calibration_error_high", rgm_json_real(c.high));
    json_object_set_new(o, "calibration_error_by_chance", rgm_json_real(c.chance));
    json_object_set_new(o, "filter_noise", rgm_json_real(noise.ratio));
    json_object_set_new(o, "classes", classes_json(x));
    return o;
}

json_t *rgm_run_page_json(const rgm_run_page *p) {
    json_t *list = json_array();
    for (int32_t i = 0; i < p->count; i++) json_array_append_new(list, run_json(p->runs[i], p->risks[i]));
    json_t *o = json_object();
    if (!o) return NULL;
    json_object_set_new(o, "runs", list);
    if (is_examined(p)) json_object_set_new(o, "examination", examination_json(p->examination));
    return o;
}
