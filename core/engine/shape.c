/* What follows from a convolution's shape alone: output size, checks, image groups. */
#include "engine/shape.h"

#include "engine/internal.h"

enum {
    GROUP_PIXELS = 256,   /* output pixels of a group that repay reading the weights once */
    PARTIAL_PIXELS = 512, /* ... that repay writing a partial gradient and reading it again */
    MIN_GROUPS = 4,       /* unless the batch is smaller */
    MAX_GROUPS = 64,
    MAX_PARTIALS = 32, /* of fewer than PARTIAL_IMAGES images */
    PARTIAL_IMAGES = 4,
    LARGE_IMAGES = 8,         /* in MAX_GROUPS groups each are worth it, whatever their pixels */
    PARTIAL_BYTES = 72 << 20, /* of all partial results of a layer */
    WINOGRAD_GROUPS = 2       /* the least for two threads: each transforms the filters again */
};

int32_t rgm_conv_out(int32_t in, int32_t window, int32_t stride, int32_t pad) {
    int64_t span = (int64_t)in + 2 * (int64_t)pad - window;
    return span < 0 || stride < 1 || span / stride >= INT32_MAX ? 0 : (int32_t)(span / stride + 1);
}

size_t rgm_image_floats(int32_t C, int32_t block, int32_t H, int32_t W) {
    return rgm_round_up((size_t)C, (size_t)block) * (size_t)H * (size_t)W;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Groups of equal size keep a team evenly busy: the largest divisor of N within a factor of two below `images`, if
 * there is one that `least_images` allows. */
static int64_t even_images(int64_t N, int64_t images, int64_t least_images) {
    for (int64_t d = images; d >= least_images && 2 * d >= images; d--)
        if (N % d == 0) return d;
    return images;
}

int32_t rgm_conv_winograd_images(const rgm_conv_shape *shape) { return (int32_t)divide_up(shape->N, WINOGRAD_GROUPS); }

int32_t rgm_conv_group_images(const rgm_conv_shape *shape, int32_t direction, int64_t pixels, size_t weights) {
    int64_t N = shape->N, worth = GROUP_PIXELS, limit = MAX_GROUPS;
    if (direction == RGM_CONV_BACKWARD_WEIGHTS) {
        int64_t fit = (int64_t)(PARTIAL_BYTES / rgm_round_up(weights * sizeof(float), RGM_ENGINE_ALIGN));
        limit = least(MAX_GROUPS, most(MIN_GROUPS, fit));
        worth = PARTIAL_PIXELS;
    }
    int64_t least_images = divide_up(N, limit);
    if (direction == RGM_CONV_BACKWARD_WEIGHTS)
        least_images = most(least_images, least(PARTIAL_IMAGES, divide_up(N, MAX_PARTIALS)));
    int64_t images = most(divide_up(worth, pixels), least_images);
    if (N >= LARGE_IMAGES * MAX_GROUPS) images = least_images;
    /* At most N/4 images leave four groups or more, even when the last one is ragged; only the limit on memory may be
     * exceeded by that, for batches not divisible by four. */
    images = least(images, most(1, N / MIN_GROUPS));
    return (int32_t)even_images(N, images, least(images, least_images));
}
