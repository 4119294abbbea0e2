#include "inspect/distort.h"

#include <math.h>
#include "base/rng.h"

enum { MOVED, MOVED_BLACK, SCALED, DISTURBED, DARKENED };

int32_t rgm_distort_reach(int32_t side) { return side < 21 ? 1 : (2 * side + 14) / 28; }

static int32_t within(int32_t i, int32_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static float clip(float v) { return v < 0 ? 0 : v > 255 ? 255 : v; }

static void move(const float *from, const int32_t size[2], const int32_t by[2], int32_t black, float *to) {
    for (int32_t y = 0; y < size[0]; y++)
        for (int32_t x = 0; x < size[1]; x++) {
            int32_t v = y - by[0], u = x - by[1], inside = v >= 0 && v < size[0] && u >= 0 && u < size[1];
            const float *row = from + (int64_t)within(v, size[0]) * size[1];
            to[(int64_t)y * size[1] + x] = inside || !black ? row[within(u, size[1])] : 0;
        }
}

/* About the centre, between the four pixels around. */
static void scale(const float *from, int32_t H, int32_t W, float by, float *to) {
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) {
            float v = ((float)y + 0.5f - (float)H / 2) / by + (float)H / 2 - 0.5f;
            float u = ((float)x + 0.5f - (float)W / 2) / by + (float)W / 2 - 0.5f;
            int32_t i = (int32_t)floorf(v), j = (int32_t)floorf(u);
            float a = v - (float)i, b = u - (float)j;
            const float *upper = from + (int64_t)within(i, H) * W, *lower = from + (int64_t)within(i + 1, H) * W;
            int32_t left = within(j, W), right = within(j + 1, W);
            to[(int64_t)y * W + x] =
                (1 - a) * ((1 - b) * upper[left] + b * upper[right]) + a * ((1 - b) * lower[left] + b * lower[right]);
        }
}

void rgm_distort(int32_t kind, uint64_t seed, const float *from, int32_t H, int32_t W, float *to) {
    const rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 17), .epoch = (uint32_t)kind};
    const int32_t size[2] = {H, W}, reach[2] = {rgm_distort_reach(H), rgm_distort_reach(W)};
    const int32_t by[2] = {(int32_t)rgm_rng_below(&rng, 0, (uint64_t)(2 * reach[0] + 1)) - reach[0],
                           (int32_t)rgm_rng_below(&rng, 1, (uint64_t)(2 * reach[1] + 1)) - reach[1]};
    const int64_t pixels = (int64_t)H * W;
    if (kind == MOVED || kind == MOVED_BLACK)
        move(from, size, by, kind == MOVED_BLACK, to);
    else if (kind == SCALED)
        scale(from, H, W, seed % 2 ? 0.98f : 1.02f, to);
    else if (kind == DISTURBED)
        for (int64_t i = 0; i < pixels; i++) {
            float noise;
            rgm_rng_uniform(&rng, (uint64_t)(8 + i), &noise, 1);
            to[i] = clip(1.08f * from[i] + 10 * noise - 5);
        }
    else
        for (int64_t i = 0; i < pixels; i++) to[i] = clip(0.95f * from[i] - 20);
}
