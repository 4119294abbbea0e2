/* Lists of layers in text: what `bench ops` measures.
 *
 *     # the 3x3 layers of a ResNet-18 for images of 32x32
 *     conv 64 64 3 pad 1 image 32x32 batch 64 times 4
 *     conv 64 128 3 stride 2 pad 1 image 32x32 batch 64
 *     conv 3 64 7 stride 2 pad 3 image 224x224 batch 16 input
 *
 * A line is a layer: "conv", input channels, output channels, window (square); then, in any order, each at most once,
 *     image HxW    of the layer's input (required)
 *     batch N      images (required)
 *     stride N     [1]
 *     pad N        zeros around the image, fewer than the window has [0]
 *     times N      how often the network has it, for sums [1]
 *     input        it reads the network's input: there is no backward data
 * Words are separated by blanks; # begins a comment.
 */
#ifndef RGM_BENCH_SHAPES_H
#define RGM_BENCH_SHAPES_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_layer {
    int32_t C, K, window, stride, pad, H, W, N;
    int32_t times, input;
} rgm_layer;

typedef struct rgm_layers {
    rgm_layer *list;
    int32_t count;
} rgm_layers;

enum { RGM_LAYER_NAME = 80 };

/* "64->128 3x3/2 pad 1, 32x32 n64", and ", input" where it is; equal only for layers that are equal but for `times`. */
const char *rgm_layer_name(const rgm_layer *layer, char out[RGM_LAYER_NAME]);

/* Appends the layers of a text; one that is there already only adds to its `times`. RGM_E_FORMAT with
 * "NAME:LINE:COLUMN: " in front of what is wrong; a text without a layer is wrong too. RGM_E_NOMEM. */
rgm_status rgm_layers_parse(rgm_layers *layers, const char *text, size_t size, const char *name, rgm_error *err);

/* The same of a file, or of a list that is built in (a name without a slash or a dot). RGM_E_USAGE for an unknown name,
 * RGM_E_IO. */
rgm_status rgm_layers_load(rgm_layers *layers, const char *name, rgm_error *err);

/* Gives all layers `images` images, or at most so many; layers that this makes equal become one. */
void rgm_layers_set_images(rgm_layers *layers, int32_t images, int32_t at_most);

void rgm_layers_free(rgm_layers *layers);

#endif
