/* What the forward pass and backward data by Winograd are made of: transforms of filters and tiles, their products, and
 * the way back. winograd_few.c and winograd_many.c call these in two orders; winograd.c chooses between them.
 */
#ifndef RGM_CONV_WINOGRAD_PASS_H
#define RGM_CONV_WINOGRAD_PASS_H

#include "conv/winograd_tile.h"
#include "plan/store.h"

/* One direction of one convolution. Output blocks are multiplied in pairs; the last may be single. */
typedef struct rgm_wino_pass {
    rgm_plan *plan;
    const rgm_kernels *k;
    rgm_conv_side in, out;
    rgm_wino_shape in_shape, out_shape;
    rgm_wino_tile tile;
    int32_t images, per_image, tiles; /* of the batch; tiles of an image, and of the batch */
    int32_t span;                     /* tiles multiplied at a time */
    int32_t filter_blocks;            /* many channels: input blocks whose filters are transformed at a time */
    int32_t parts;                    /* many channels: of a stage's tiles */
    int32_t flip, pairs;              /* backward data: filters are turned; pairs of output blocks */
    int64_t lane, depth;              /* of the weights: floats between output channels, and between input channels */
    int64_t u_point, v_point, m_point;
    const float *w, *bias;
    const float *affine, *residual; /* how y is finished (plan/finish.h), or NULL */
    int32_t relu;
    float *y, *u, *v;
    double *moments; /* of y, [chunk][RGM_MOMENTS][channels], or NULL */
} rgm_wino_pass;

/* Filters of a pair for input blocks [from, to), transformed: u[filter][input channel][pair's channels]. `u` has those
 * of block `from` in front. */
typedef struct rgm_wino_u {
    int32_t pair, from, to;
    float *u;
} rgm_wino_u;

/* Transformed tiles, of which the first is tile `first` of the batch. They lie in stacks, as high as a register tile at
 * most: v[point][stack][input block][height][B]. So what a product reads is one range of memory. */
typedef struct rgm_wino_v {
    int64_t first;
    int32_t height;
    float *v;
} rgm_wino_v;

/* Blocks of a pair: 2, or 1. */
int32_t rgm_wino_pair_width(const rgm_wino_pass *pass, int32_t pair);
/* Floats of a pair's transformed filters. */
int64_t rgm_wino_u_floats(const rgm_wino_pass *pass);
/* The height of stacks that keeps the last of `count` tiles' from being low. */
int32_t rgm_wino_stack_height(const rgm_wino_pass *pass, int32_t count);
/* Tiles of a span whose `floats` values for each tile and point fit into their share of the second-level cache. */
int32_t rgm_wino_span(const rgm_wino_pass *pass, int64_t floats);

/* The steps of a chunk. [worker] */
void rgm_wino_transform_filters(const rgm_wino_pass *pass, const rgm_wino_u *filters);
/* Tiles `range`, counted from tiles->first, of an input block: whole stacks but for the last one. */
void rgm_wino_transform_inputs(const rgm_wino_pass *pass, const rgm_wino_v *tiles, int32_t block, rgm_range range);
/* m (+)= the tiles of `range`, which begins a stack, times the filters; adds to what is there unless filters->from is
 * 0. m[point][pair's blocks][tile][B]. */
void rgm_wino_multiply(const rgm_wino_pass *pass, const rgm_wino_v *tiles, const rgm_wino_u *filters, rgm_range range,
                       float *m);
/* Transforms the products of a pair with the batch's tiles `range` back, to y. Moments go to chunk `chunk`; fresh: they
 * begin. */
void rgm_wino_store(const rgm_wino_pass *pass, int32_t pair, rgm_range range, const float *m, int32_t chunk,
                    int32_t fresh);

/* ---- planning ---- */

/* Moments of y in so many chunks; none in backward data, and none if nobody wants them. */
rgm_moments rgm_wino_plan_moments(const rgm_conv_site *site, const rgm_wino_pass *pass, int32_t chunks);
/* The phase appended last stores y that way. */
void rgm_wino_use_output(const rgm_conv_site *site, rgm_wino_pass *pass, const rgm_store *store,
                         const rgm_moments *moments);

#endif
