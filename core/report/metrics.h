/* metrics.jsonl: what happened in a run, one JSON object a line (docs/FILES.md lists the events).
 *
 *     rgm_metrics_begin(&metrics, "step", step, epoch);
 *     rgm_metrics_real(&metrics, "loss", loss);
 *     RGM_TRY(rgm_metrics_end(&metrics, &err));
 *
 * Each line is written and flushed whole, so that a reader may follow the file while the run goes on. NaN and infinity
 * become null (JSON has no word for them). Nothing is allocated between open and close.
 *
 * Each event once. Before a checkpoint is written, what led to it is synced; the event "checkpoint" is written behind
 * it. A resumed run first goes back to that event, so that what is left is what an undisturbed run had told until
 * there.
 */
#ifndef RGM_REPORT_METRICS_H
#define RGM_REPORT_METRICS_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_metrics {
    int32_t open; /* 0: closed, as a zeroed struct is */
    int fd;       /* any number, 0 too */
    size_t used;
    int32_t full; /* the event did not fit */
    char path[1024];
    char line[8192];
} rgm_metrics;

/* Opens for appending, creating the file. RGM_E_IO. [main] */
rgm_status rgm_metrics_open(rgm_metrics *metrics, const char *path, rgm_error *err);

/* The checkpoint that a run goes on from: `epoch` epochs had been ended, `best` as in its event. */
typedef struct rgm_metrics_mark {
    int64_t step;
    int32_t epoch, best;
} rgm_metrics_mark;

/* Before a resumed run appends: drops all that follows the mark's own event, and a last line cut short. The other lines
 * stay byte by byte. *found: 1 if the event is there; a process may have ended before it was written. Without it are
 * dropped:
 *     every event after the mark's step
 *     at that step, events other than "step" after the mark's epoch: a checkpoint may lie between an epoch's last step
 *         and its end
 *     the evaluation of the test split, which belongs to the run's end
 * With mark NULL, of a run that begins again: drops all. A missing file is fine. The file is whole at any moment.
 * RGM_E_IO. */
rgm_status rgm_metrics_rewind(const char *path, const rgm_metrics_mark *mark, int32_t *found, rgm_error *err);

/* Brings all events to the disk. RGM_E_IO. On a closed struct it does nothing. */
rgm_status rgm_metrics_sync(rgm_metrics *metrics, rgm_error *err);

/* 1 if the file has an event "end" of that step and reason; a file that cannot be read has none. */
int32_t rgm_metrics_ended(const char *path, int64_t step, const char *reason);

/* Calls told(context, kind) for each event "warning" of the file; a file that cannot be read has none. */
void rgm_metrics_warned(const char *path, void (*told)(void *context, const char *kind), void *context);

void rgm_metrics_close(rgm_metrics *metrics); /* a zeroed struct is fine */

/* An event: begin, values, end. Keys are literals of letters, digits and '_'. On a closed struct all of it does
 * nothing: a run without a folder writes no metrics. */
void rgm_metrics_begin(rgm_metrics *metrics, const char *event, int64_t step, int32_t epoch);
void rgm_metrics_real(rgm_metrics *metrics, const char *key, double value); /* the shortest digits that read back */
void rgm_metrics_int(rgm_metrics *metrics, const char *key, int64_t value);
void rgm_metrics_text(rgm_metrics *metrics, const char *key, const char *value); /* escaped; not UTF-8: '?' */
rgm_status rgm_metrics_end(rgm_metrics *metrics, rgm_error *err);                /* RGM_E_IO */

#endif
