/* Confidence intervals. */
#ifndef RGM_REPORT_INTERVAL_H
#define RGM_REPORT_INTERVAL_H

#include <stdint.h>

/* The 95 % interval of a proportion, `hits` of `n`, as fractions. It is Wilson's score interval, which stays inside
 * [0, 1] and holds its level near 0 and 1. Source: E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22, 1927. With n = 0: [0, 1]. */
void rgm_interval_wilson(int64_t hits, int64_t n, double *low, double *high);

#endif
