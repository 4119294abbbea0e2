/* What the two files of our own matrix products share: how they come by the input's pixels. */
#ifndef RGM_CONV_DIRECT_PIXELS_H
#define RGM_CONV_DIRECT_PIXELS_H

#include "conv/side.h"
#include "conv/slice.h"

enum {
    RGM_DIRECT_TAPS = 9,   /* of a window, at most */
    RGM_DIRECT_CHUNKS = 64 /* for the cores of a large machine */
};

static inline int64_t rgm_divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Pixels of a span, `floats` each, that fit into their share of the second-level cache: whole register tiles, at least
 * one. */
int64_t rgm_direct_span(const rgm_kernels *kernels, int64_t floats);

/* 1 if the grid is the side's whole image, pixel by pixel. */
int32_t rgm_direct_is_whole(const rgm_grid *grid, const rgm_conv_side *side);

/* 1 if a grid's `pixels` are the side's own, one after the other, and nothing is pending on them: there is nothing to
 * gather. (A lattice may have a line more than there is to read.) */
int32_t rgm_direct_in_place(const rgm_grid *grid, int64_t pixels, const rgm_conv_side *side);

#endif
