#include "report/interval.h"

#include <math.h>

void rgm_interval_wilson(int64_t hits, int64_t n, double *low, double *high) {
    *low = 0;
    *high = 1;
    if (n <= 0) return;
    const double z = 1.959963984540054; /* the normal distribution's 97.5 % quantile */
    double count = (double)n, p = (double)hits / count;
    double centre = p + z * z / (2 * count);
    double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count));
    double scale = 1 + z * z / count;
    if (hits > 0) *low = (centre - half) / scale; /* exactly 0 and 1 at the ends, where rounding would miss them */
    if (hits < n) *high = (centre + half) / scale;
}
