/* Progress on standard error: one line that is drawn again and again on a terminal, a plain log line now and then
 * elsewhere.
 *
 *     rgm_bar_start(&bar, &(rgm_bar_options){.unit = "images", .total = n});
 *     rgm_bar_update(&bar, done, loss, accuracy);      as often as you like
 *     rgm_bar_finish(&bar);
 *
 * On a terminal the line is drawn at most ten times a second, fits the terminal's width, and makes way for log lines
 * (through rgm_log_set_hook). Elsewhere, or with TERM=dumb, a line goes through rgm_log() every ten seconds.
 * Nothing is allocated. One progress at a time.
 */
#ifndef RGM_REPORT_BAR_H
#define RGM_REPORT_BAR_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { RGM_BAR_LABEL = 48, RGM_BAR_LINE = 512 };

/* What a line shows. Numbers that are NaN, or a rate or eta below 0, are left out. */
typedef struct rgm_bar_view {
    const char *label;     /* "epoch 2/6" */
    const char *unit;      /* "images" */
    int64_t done, total;   /* total 0: unknown */
    double loss, accuracy; /* accuracy as a fraction */
    double rate;           /* units a second */
    double eta;            /* seconds */
} rgm_bar_view;

/* The line for a terminal of `width` columns, at most width - 1 characters: a full last column would wrap. Parts are
 * left out, the least important first, until it fits. Width 0: no limit and no bar. Returns out. */
const char *rgm_bar_format(const rgm_bar_view *view, int32_t width, char out[RGM_BAR_LINE]);

/* "0:07", "12:34", "1:02:03", "3d 04:05". Returns out. */
const char *rgm_bar_time(double seconds, char out[32]);

/* A rate or another figure, never rounded to nothing: "4321", "43.2", "4.32", "0.43", "0.0432". Returns out. */
const char *rgm_bar_figure(double value, char out[32]);

typedef struct rgm_bar_options {
    const char *label, *unit; /* the unit must outlive the progress */
    int64_t done, total;      /* done: where a resumed run begins */
    int32_t quiet;            /* 1: show nothing */
} rgm_bar_options;

typedef struct rgm_bar {
    pthread_mutex_t lock; /* the log's hook comes from any thread */
    char label[RGM_BAR_LABEL];
    rgm_bar_view view;
    int32_t mode;    /* nothing, plain lines, terminal */
    int32_t visible; /* the line is on the terminal now */
    double drawn;    /* seconds, monotonic clock: last drawing or line */
    double window_start, smooth_rate;
    int64_t window_done;
} rgm_bar;

/* Takes the log's hook on a terminal. [main] */
void rgm_bar_start(rgm_bar *bar, const rgm_bar_options *options);

/* Where the work is. `loss` and `accuracy` may be NaN. [main] */
void rgm_bar_update(rgm_bar *bar, int64_t done, double loss, double accuracy);

/* A new label, at most RGM_BAR_LABEL - 1 bytes of ASCII: the next epoch, say. [main] */
void rgm_bar_label(rgm_bar *bar, const char *label);

/* Time that was no work of this kind (an evaluation, a checkpoint) between two updates: keeps it out of the rate. Call
 * it after the pause. [main] */
void rgm_bar_skip(rgm_bar *bar);

/* Takes the line off the terminal until the next update: other text follows, which does not go through the log. [main]
 */
void rgm_bar_hide(rgm_bar *bar);

/* Removes the line and the hook; harmless when called twice or on a zeroed struct. [main] */
void rgm_bar_finish(rgm_bar *bar);

#endif
