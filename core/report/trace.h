/* A series of any length in memory of fixed size: neighbours gather in buckets, whose number of points doubles when
 * there are too many. Each bucket keeps the least, the greatest and the mean, so a spike of one step is still seen in a
 * million. */
#ifndef RGM_REPORT_TRACE_H
#define RGM_REPORT_TRACE_H

#include <stdint.h>

enum { RGM_TRACE_BUCKETS = 1024 };

typedef struct rgm_trace_bucket {
    double first, last;    /* x */
    double low, high, sum; /* of the finite values; nothing if there are none */
    int64_t count, finite; /* points; those whose value is finite */
} rgm_trace_bucket;

typedef struct rgm_trace {
    int64_t span;  /* points in a bucket; 0: nothing was added yet */
    int64_t total; /* points in all */
    int32_t count; /* buckets */
    rgm_trace_bucket buckets[RGM_TRACE_BUCKETS];
} rgm_trace;

/* A zeroed trace is empty. x does not fall. Values may be anything. */
void rgm_trace_add(rgm_trace *trace, double x, double value);

/* The points of a line through all extremes, [2 * RGM_TRACE_BUCKETS] each; NaN where nothing is finite. Returns their
 * number. */
int32_t rgm_trace_extremes(const rgm_trace *trace, double *x, double *y);

/* The means over a window of so many buckets around each, [RGM_TRACE_BUCKETS], weighted by their points; NaN where
 * nothing is finite. x is a bucket's middle. Returns their number. */
int32_t rgm_trace_smooth(const rgm_trace *trace, int32_t window, double *x, double *y);

/* The mean of the finite values from a share of the points on to another, 0 to 1; whole buckets, at least one. NaN
 * without any. */
double rgm_trace_mean(const rgm_trace *trace, double from, double to);

#endif
