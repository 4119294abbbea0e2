#include "data/stats.h"

#include <math.h>
#include "base/fpenv.h"

void rgm_channel_sums_add(rgm_channel_sums *sums, const uint8_t *image, int64_t pixels) {
    int32_t C = sums->C;
    for (int32_t c = 0; c < C; c++) {
        uint64_t sum = 0, square = 0; /* 2^28 * 255^2 < 2^44 */
        for (int64_t i = 0; i < pixels; i++) {
            uint32_t v = image[i * C + c];
            sum += v;
            square += v * v;
        }
        sums->sum[c] += sum;
        sums->square[c] += square;
    }
    sums->pixels += (uint64_t)pixels;
}

static void finish(const rgm_channel_sums *sums, double *mean, double *std) {
    double n = (double)sums->pixels;
    for (int32_t c = 0; c < sums->C; c++) {
        rgm_u128 sum = sums->sum[c];
        /* n^2 times the variance, still exact: below 2^55 * 2^71 */
        rgm_u128 spread = sums->square[c] * sums->pixels - sum * sum;
        mean[c] = (double)sums->sum[c] / n / 255.0;
        std[c] = spread ? sqrt((double)spread) / n / 255.0 : 1.0;
    }
}

void rgm_channel_sums_finish(const rgm_channel_sums *sums, double *mean, double *std) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    finish(sums, mean, std);
    rgm_fpenv_end(&callers);
}
