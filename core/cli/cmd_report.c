/* report: an HTML page of runs. What is on it is report/run_page.h's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/reporting.h"
#include "cli/result.h"
#include "report/summary.h"

enum { OUT, SPLIT, QUICK };
static const rgm_cli_flag flags[] = {
    [OUT] = {"out", 'o', "FILE", "the page [RUN/report.html; of several runs report.html]"},
    [SPLIT] = {"split", 0, "NAME",
               "what the model is asked about: test, validation or train [the first that is there]"},
    [QUICK] = {"quick", 0, NULL, "what was recorded alone: the model is not asked"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "report",
    .arguments = "RUN...",
    .about = "Writes an HTML page of a run, or of several side by side: verdict, risks, curves and what was "
             "configured. Of a "
             "single run with a checkpoint and data, its model is asked about a split, too: confusion, classes, "
             "reliability, "
             "top losses, filters. The page is one file that needs nothing else, no network and no script. A run may "
             "still be "
             "going on.",
    .examples = "  regimen report runs/resnet20-1\n"
                "  regimen report runs/resnet20-1 runs/resnet20-2 --out both.html\n"
                "  regimen report runs/resnet20-1 --split validation --json\n"
                "  regimen report runs/resnet20-1 --quick\n",
    .command = RGM_FOR_REPORT,
    .own = flags,
    .least = 1,
    .most = RGM_RUN_PAGE_RUNS,
};

static rgm_status write_json(const rgm_run_page *page, const char *target, rgm_error *err) {
    if (!target) return RGM_OK;
    json_t *json = rgm_run_page_json(page);
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    rgm_status status = rgm_json_write(json, target, err);
    json_decref(json);
    return status;
}

static void print_verdicts(const rgm_run_page *page) {
    char verdict[RGM_VERDICT_TEXT], next[RGM_RISK_COMMAND];
    for (int32_t i = 0; i < page->count; i++) {
        if (page->count > 1) printf("%s: ", page->runs[i]->name);
        printf("%s\n", rgm_run_verdict(page->runs[i], verdict));
        for (int32_t k = 0; k < page->risks[i]->count && k < 3; k++) printf("  %s\n", page->risks[i]->items[k].text);
    }
    rgm_run_page_next(page, next);
    rgm_text_clean(next);
    if (next[0]) printf("next: %s%s\n", rgm_program(), next + strlen("regimen"));
    fflush(stdout); /* before lines of the log, where both go into one file */
}

/* What hinders it is told, and the rest is written: unless it was asked for by name. */
static rgm_status examine(const rgm_cli_line *line, rgm_reporting *r, const rgm_stop *stop, rgm_error *err) {
    const char *splits[RGM_SPLIT_COUNT];
    char text[RGM_ERROR_LINE];
    rgm_error why = {0};
    int32_t split = -1, named = line->own[SPLIT] || rgm_cli_value(line, "data.file");
    const rgm_history *h = r->histories[0];
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) splits[i] = rgm_split_name(i);
    if (line->own[SPLIT]) RGM_TRY(rgm_cli_choice("split", line->own[SPLIT], splits, RGM_SPLIT_COUNT, &split, err));
    if (named && (line->argument_count > 1 || line->own[QUICK]))
        return rgm_fail(err, RGM_E_USAGE,
                        "report: the model of a single run is asked, and not with --quick: --%s does not fit",
                        line->own[SPLIT] ? "split" : "data");
    if (line->own[QUICK] || line->argument_count > 1 || (!h->has_best && !h->has_last && !named)) return RGM_OK;
    rgm_status status = rgm_reporting_examine(r, line, split, stop, &why);
    if (status >= 0) return status;
    if (named || status == RGM_E_INTERRUPTED || status == RGM_E_NOMEM) {
        *err = why;
        return status;
    }
    rgm_log(RGM_LOG_WARN, "the model is not asked: %s", rgm_client_line(&why, text));
    return RGM_OK;
}

static rgm_status report(const rgm_cli_line *line, rgm_reporting *r, rgm_error *err) {
    char path[RGM_RUNFOLDER_PATH];
    const rgm_stop stop = rgm_interrupt_stop();
    const char *out = line->own[OUT];
    if (out && !out[0]) return rgm_fail(err, RGM_E_USAGE, "--out: expected a file");
    if (!out && line->argument_count == 1 && strlen(line->argument[0]) < RGM_CONFIG_PATH)
        out = rgm_reporting_path(line->argument[0], path);
    if (!out) out = "report.html";
    RGM_TRY(rgm_result_begin(line, err));
    RGM_TRY(rgm_reporting_read(r, line->argument, line->argument_count, &stop, err));
    RGM_TRY(rgm_reporting_check(out, err));
    RGM_TRY(examine(line, r, &stop, err));
    RGM_TRY(rgm_run_page_write(&r->page, out, err));
    if (rgm_json_leaves_text(line->json) && !line->quiet) print_verdicts(&r->page);
    RGM_TRY(write_json(&r->page, line->json, err));
    rgm_log(RGM_LOG_INFO, "report: %s", out);
    return RGM_OK;
}

rgm_status rgm_cmd_report(int argc, char **argv, rgm_error *err) {
    static rgm_cli_line line;
    RGM_TRY(rgm_cli_parse(&line, &spec, argc, argv, err));
    if (line.helped) return RGM_OK;
    rgm_reporting *r = calloc(1, sizeof *r);
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    rgm_status status = report(&line, r, err);
    rgm_reporting_close(r);
    free(r);
    return status;
}
