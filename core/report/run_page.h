/* The report of a run, or of several side by side: an HTML page that needs nothing else (report/html.h).
 *
 * It begins with the verdict, the three weightiest risks (report/risks.h) and the next command. Charts follow, each
 * with what it is of and its table. If the model was examined on a split, what it says comes next; then configuration
 * and environment. docs/REPORT.md describes the pictures. The same folders give the same bytes.
 */
#ifndef RGM_REPORT_RUN_PAGE_H
#define RGM_REPORT_RUN_PAGE_H

#include <jansson.h>
#include "report/examination.h"
#include "report/html.h"
#include "report/risks.h"
#include "train/watched.h"

/* What the page begins with. */
#define RGM_RUN_PAGE_HEAD RGM_HTML_HEAD("report")

enum { RGM_RUN_PAGE_RUNS = 32 };

typedef struct rgm_run_page {
    const rgm_history *runs[RGM_RUN_PAGE_RUNS];
    const rgm_risks *risks[RGM_RUN_PAGE_RUNS];
    int32_t count;                      /* 1 at least */
    const rgm_examination *examination; /* of the only run; NULL: its model was not asked */
    const rgm_watched *watched;         /* of the only run; NULL: nothing was */
} rgm_run_page;

/* Writes it, replacing a file of that name. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_run_page_write(const rgm_run_page *page, const char *path, rgm_error *err);

/* {"runs": [{"run", "verdict", "model", "test", "best", "last", "steps", "epochs", "seed", "reason", "seconds",
 * "images_per_s", "risks", "next"}]}, with "examination" if there is one; docs/REPORT.md describes it. NULL if memory
 * is short; the caller owns the reference. */
json_t *rgm_run_page_json(const rgm_run_page *page);

/* "resnet20 is right on 88.90 % of 2,000 test images (95 % interval 87.45 to 90.20) after 12 epochs." Returns out. */
enum { RGM_VERDICT_TEXT = 512 };
const char *rgm_run_verdict(const rgm_history *history, char out[RGM_VERDICT_TEXT]);

/* The command that comes next. Of one run it is what its risks suggest. Of several it compares the best two, if both
 * have a checkpoint and name the same data. It begins with "regimen "; "" if there is none. Returns out. */
const char *rgm_run_page_next(const rgm_run_page *page, char out[RGM_RISK_COMMAND]);

#endif
