#include "data/stats.h"

#include <math.h>
#include "base/fpenv.h"

enum { LANES = 16, BLOCK = 3 * LANES, BLOCKS = 1 << 16 }; /* most blocks whose squares fit 32 bits */

/* LANES bytes of each block, of which `first` is the first lane. */
static void add_lanes(rgm_channel_sums *sums, const uint8_t *at, int64_t blocks, int32_t first) {
    uint32_t sum[LANES] = {0}, square[LANES] = {0}; /* in registers */
    for (at += first; blocks > 0; blocks--, at += BLOCK)
        for (int32_t i = 0; i < LANES; i++) {
            sum[i] += at[i];
            square[i] += (uint16_t)(at[i] * at[i]);
        }
    for (int32_t i = 0; i < LANES; i++) {
        sums->sum[(first + i) % sums->C] += sum[i];
        sums->square[(first + i) % sums->C] += square[i];
    }
}

/* The whole blocks at the beginning, if a block has whole pixels: a lane has one channel then. Returns their bytes. */
static int64_t add_blocks(rgm_channel_sums *sums, const uint8_t *image, int64_t bytes) {
    const int64_t whole = BLOCK % sums->C ? 0 : bytes / BLOCK;
    for (int64_t at = 0; at < whole; at += BLOCKS)
        for (int32_t first = 0; first < BLOCK; first += LANES)
            add_lanes(sums, image + at * BLOCK, whole - at < BLOCKS ? whole - at : BLOCKS, first);
    return whole * BLOCK;
}

void rgm_channel_sums_add(rgm_channel_sums *sums, const uint8_t *image, int64_t pixels) {
    const int32_t C = sums->C;
    const int64_t bytes = pixels * C, added = add_blocks(sums, image, bytes);
    for (int32_t c = 0; c < C; c++) {
        uint64_t sum = 0, square = 0; /* 2^28 * 255^2 < 2^44 */
        for (int64_t i = added + c; i < bytes; i += C) {
            uint32_t v = image[i];
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
