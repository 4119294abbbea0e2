/* report: an HTML page of runs. What is on it is report/run_page.h's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/reporting.h"
#include "cli/result.h"
#include "report/summary.h"

enum { OUT };
static const rgm_cli_flag flags[] = {
    [OUT] = {"out", 'o', "FILE", "the page [RUN/report.html; of several runs report.html]"},
    {0},
};

static const rgm_cli_spec spec = {
    .name = "report",
    .arguments = "RUN...",
    .about =
        "Writes an HTML page of a run, or of several side by side: verdict, risks, curves and what was configured. "
        "It is one file that needs nothing else, no network and no script. A run may still be going on.",
    .examples = "  regimen report runs/resnet20-1\n"
                "  regimen report runs/resnet20-1 runs/resnet20-2 --out both.html\n"
                "  regimen report runs/resnet20-1 --json\n",
    .command = RGM_FOR_OTHER,
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
    char verdict[RGM_VERDICT_TEXT];
    for (int32_t i = 0; i < page->count; i++) {
        if (page->count > 1) printf("%s: ", page->runs[i]->name);
        printf("%s\n", rgm_run_verdict(page->runs[i], verdict));
        for (int32_t k = 0; k < page->risks[i]->count && k < 3; k++) printf("  %s\n", page->risks[i]->items[k].text);
    }
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
