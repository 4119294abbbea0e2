/* One convolution in a network of its own, so that it runs on the code path of training. core/graph makes it, it is
 * planned, and the team runs its phases. Activations from "plugins" stand before and behind it. They hand it its input
 * and the gradient of its output. They take its output and the gradient of its input, if wanted.
 *
 *     input -> 1x1 convolution -> [gives x, takes dx] -> the convolution -> [takes y, gives dy] -> mean -> one unit
 *
 * A layer that reads the network's input has nothing in front of it.
 */
#ifndef RGM_BENCH_LAYER_NET_H
#define RGM_BENCH_LAYER_NET_H

#include "base/arena.h"
#include "bench/shapes.h"
#include "plan/rows.h"

/* With what everything is computed. */
typedef struct rgm_layer_means {
    rgm_team *team;
    rgm_engine *engine;
    const rgm_kernels *kernels;
} rgm_layer_means;

/* The convolution's tensors for the whole batch, blocked as the network has them (x as rgm_plan_input_layout() says if
 * the layer reads the input). */
typedef struct rgm_layer_data {
    rgm_arena arena;
    int64_t x_floats, y_floats; /* of an image */
    int32_t x_block;            /* channels in a block of x; 1: plain */
    float *x, *dy, *w;          /* given: ReLUs of normal numbers, normal numbers, He's weights */
    float *y, *dx, *dw;         /* taken, by networks that are told to */
} rgm_layer_data;

typedef struct rgm_layer_net {
    const rgm_layer *layer;
    const rgm_layer_means *means;
    const rgm_layer_data *data;
    int32_t takes; /* 1: y, dx and dw are taken */
    rgm_graph *graph;
    rgm_plan *plan;
    rgm_arena arena;
    rgm_memory memory;
    rgm_phase *phases; /* of a step: forward, backward */
    int32_t *owner;    /* of each: RGM_CONV_* of the direction that it belongs to, or -1: not the convolution's */
    int32_t count;
    int32_t conv;                     /* the convolution's node */
    int32_t way[RGM_CONV_DIRECTIONS]; /* how its directions are computed (rgm_plan_row) */
} rgm_layer_net;

/* Draws x, dy and w; `taken`: with room for y, dx and dw. If it fails there is nothing to free: RGM_E_NOMEM, and what
 * rgm_layer_net_make() says. */
rgm_status rgm_layer_data_make(rgm_layer_data *data, const rgm_layer *layer, const rgm_layer_means *means,
                               int32_t taken, rgm_error *err);
void rgm_layer_data_free(rgm_layer_data *data);

/* What a network is made for. */
typedef struct rgm_layer_use {
    const rgm_layer_data *data; /* NULL: the network can only be asked how it is computed */
    int32_t takes;              /* 1: y, dx and dw are taken */
    int32_t way;                /* RGM_WAY_AUTO, ... */
} rgm_layer_use;

/* Makes the network and its plan.
 * Borrows layer, means and data, and must not be moved. If it fails there is nothing to free: RGM_E_NOMEM, and what
 * rgm_graph_finish() and rgm_plan_create() say, behind the layer's name. */
rgm_status rgm_layer_net_make(rgm_layer_net *net, const rgm_layer *layer, const rgm_layer_means *means,
                              rgm_layer_use use, rgm_error *err);
void rgm_layer_net_free(rgm_layer_net *net); /* a zeroed one is fine */

/* A whole step; `data` is needed. Fails as rgm_team_run() does. */
rgm_status rgm_layer_net_run(rgm_layer_net *net, rgm_error *err);

/* Pixels of the output along an axis of `size`: H or W. */
int32_t rgm_layer_out(const rgm_layer *layer, int32_t size);

/* Operations of a direction on the whole batch, 2 a multiply-add of direct summation. */
double rgm_layer_flops(const rgm_layer *layer);

#endif
