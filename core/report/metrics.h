/* metrics.jsonl: what happened in a run, one JSON object a line (docs/FILES.md lists the events).
 *
 *     rgm_metrics_begin(&metrics, "step", step, epoch);
 *     rgm_metrics_real(&metrics, "loss", loss);
 *     RGM_TRY(rgm_metrics_end(&metrics, &err));
 *
 * Each line is written and flushed whole, so that a reader may follow the file while the run goes on. NaN and infinity
 * become null (JSON has no word for them). Nothing is allocated between open and close.
 */
#ifndef RGM_REPORT_METRICS_H
#define RGM_REPORT_METRICS_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_metrics {
    int fd; /* 0: closed (a zeroed struct) */
    size_t used;
    int32_t full; /* the event did not fit */
    char path[1024];
    char line[8192];
} rgm_metrics;

/* Opens for appending, creating the file. RGM_E_IO. [main] */
rgm_status rgm_metrics_open(rgm_metrics *metrics, const char *path, rgm_error *err);

/* Before a resumed run appends: drops what the run did after its checkpoint, and a last line cut short; the other lines
 * stay byte by byte. That is every event after `step`; at `step`, events other than "step" after `epoch`, the epochs
 * that had been ended (a checkpoint may lie between an epoch's last step and its end); and the evaluation of the test
 * split, which belongs to the run's end. A missing file is fine. RGM_E_IO. */
rgm_status rgm_metrics_rewind(const char *path, int64_t step, int32_t epoch, rgm_error *err);

/* 1 if the file has an event "end" of that step and reason; a file that cannot be read has none. */
int32_t rgm_metrics_ended(const char *path, int64_t step, const char *reason);

void rgm_metrics_close(rgm_metrics *metrics); /* a zeroed struct is fine */

/* An event: begin, values, end. Keys are literals of letters, digits and '_'. On a closed struct all of it does
 * nothing: a run without a folder writes no metrics. */
void rgm_metrics_begin(rgm_metrics *metrics, const char *event, int64_t step, int32_t epoch);
void rgm_metrics_real(rgm_metrics *metrics, const char *key, double value); /* the shortest digits that read back */
void rgm_metrics_int(rgm_metrics *metrics, const char *key, int64_t value);
void rgm_metrics_text(rgm_metrics *metrics, const char *key, const char *value); /* escaped; not UTF-8: '?' */
rgm_status rgm_metrics_end(rgm_metrics *metrics, rgm_error *err);                /* RGM_E_IO */

#endif
