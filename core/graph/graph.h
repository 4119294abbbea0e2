/* The graph: a network as nodes and tensors, independent of batch size, ISA and memory.
 *
 * Building one is calling one function per layer; the model families in family.c use nothing else:
 *
 *     rgm_graph *g;
 *     rgm_graph_create(&g, 3, 32, 32, err);
 *     int32_t x = rgm_graph_input(g);
 *     x = rgm_graph_conv(g, x, "conv1", &(rgm_conv_spec){.filters = 16, .window = 3, .stride = 1, .pad = 1});
 *     x = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
 *     x = rgm_graph_global_pool(g, x);
 *     x = rgm_graph_linear(g, x, "fc", 10, RGM_LINEAR_HEAD);
 *     rgm_graph_finish(g, x, err);
 *
 * A builder function returns the new tensor. The first mistake is remembered: a window larger than its image, or shapes
 * that do not match. Later calls do nothing, and rgm_graph_finish() reports it. So a builder needs no checks of its
 * own.
 *
 * Parameters get torchvision's names: "<node>.weight", "<node>.bias", and for batch norm also "<node>.running_mean" and
 * "<node>.running_var". They lie in flat arenas, canonical (OIHW, unpadded), each starting on a 64-byte boundary.
 */
#ifndef RGM_GRAPH_GRAPH_H
#define RGM_GRAPH_GRAPH_H

#include "base/status.h"

#define RGM_NO_TENSOR (-1)

typedef struct rgm_graph rgm_graph;

enum { RGM_F32 = 0 }; /* data types of tensors; bf16 may follow */

/* A tensor's logical shape per image: an image [C][H][W], or features (H = W = 1, image = 0). */
typedef struct rgm_tensor {
    int32_t C, H, W;
    int32_t image;     /* 1: laid out as an image; 0: a feature vector of C values */
    int32_t dtype;     /* RGM_F32 */
    int32_t producer;  /* node index; RGM_NO_TENSOR for the network's input */
    int32_t consumers; /* number of nodes that read it */
    int32_t trains;    /* a gradient with respect to it is needed */
} rgm_tensor;

/* Roles of parameters; the plugin contract uses the same numbers. */
enum {
    RGM_ROLE_WEIGHT = 0,   /* convolution [K][C/groups][R][S], linear [K][C] */
    RGM_ROLE_BIAS = 1,     /* [K] */
    RGM_ROLE_SCALE = 2,    /* batch norm's weight [C] */
    RGM_ROLE_SHIFT = 3,    /* batch norm's bias [C] */
    RGM_ROLE_MEAN = 4,     /* running mean [C]: a statistic, not trained */
    RGM_ROLE_VARIANCE = 5, /* running variance [C], unbiased */
};

typedef struct rgm_param {
    char name[64];
    int32_t role;
    int32_t node;
    int32_t head; /* 1: belongs to the classifier */
    int32_t ndim;
    int64_t dims[4];
    int64_t count;          /* elements */
    int64_t offset;         /* floats, into the arena of its kind; a multiple of 16 */
    double fan_in, fan_out; /* weights: C/groups*R*S and K/groups*R*S (linear: C and K); else 0 */
    float initial;          /* the constant it starts from when no initializer draws it: 0 or 1 */
} rgm_param;

enum {
    RGM_OP_CONV,
    RGM_OP_BATCHNORM,
    RGM_OP_ACTIVATION,
    RGM_OP_ADD,
    RGM_OP_MAXPOOL,
    RGM_OP_AVGPOOL,
    RGM_OP_GLOBAL_POOL,
    RGM_OP_FLATTEN,
    RGM_OP_LINEAR,
    RGM_OP_SHORTCUT,
    RGM_OP_PLUGIN,
    RGM_OP_COUNT
};

enum { RGM_RELU, RGM_LEAKY_RELU, RGM_SIGMOID, RGM_TANH, RGM_ACTIVATION_COUNT };

typedef struct rgm_conv_spec {
    int32_t filters; /* K */
    int32_t window;  /* R = S, at most 255 */
    int32_t stride, pad;
    int32_t groups; /* 0 means 1 */
    int32_t bias;   /* 1: with bias */
} rgm_conv_spec;

enum { RGM_BN_RELU = 1, RGM_BN_ZERO_SCALE = 2 /* the block's last scale starts at 0 */ };
enum { RGM_LINEAR_NO_BIAS = 1, RGM_LINEAR_HEAD = 2 };

typedef struct rgm_node {
    int32_t op;
    char name[48];
    int32_t in[2]; /* the second: batch norm's residual, add's other term; else RGM_NO_TENSOR */
    int32_t out;
    rgm_conv_spec conv; /* convolution; pooling uses window, stride, pad */
    int32_t kind;       /* activation: RGM_RELU, ...; plugin: its position among plugin activations */
    float slope;        /* leaky ReLU */
    int32_t flags;
    int32_t weight, bias; /* indices into the trained parameters, or RGM_NO_TENSOR: (weight, bias) or (scale, shift) */
    int32_t mean;         /* batch norm: index of the running mean among the statistics; the variance follows it */
} rgm_node;

/* An empty graph for images of C x H x W. */
rgm_status rgm_graph_create(rgm_graph **graph, int32_t C, int32_t H, int32_t W, rgm_error *err);
void rgm_graph_destroy(rgm_graph *graph);

/* The network's input. */
int32_t rgm_graph_input(rgm_graph *graph);
/* Convolution, square window: [C][H][W] -> [filters][(H + 2*pad - window) / stride + 1][...]. */
int32_t rgm_graph_conv(rgm_graph *graph, int32_t x, const char *name, const rgm_conv_spec *spec);
/* Batch norm, plus `residual` unless RGM_NO_TENSOR, then ReLU with RGM_BN_RELU: y = relu(bn(x) + residual). */
int32_t rgm_graph_batchnorm(rgm_graph *graph, int32_t x, int32_t residual, const char *name, int32_t flags);
/* Element-wise activation RGM_RELU ... RGM_TANH; slope >= 0 for leaky ReLU. */
int32_t rgm_graph_activation(rgm_graph *graph, int32_t x, int32_t kind, float slope);
/* Element by element, of tensors of one shape. No family has it, whose batch norms add residuals. */
int32_t rgm_graph_add(rgm_graph *graph, int32_t a, int32_t b);
/* The largest, and the mean, of square windows, at most 15. No family has the mean. */
int32_t rgm_graph_maxpool(rgm_graph *graph, int32_t x, int32_t window, int32_t stride, int32_t pad);
int32_t rgm_graph_avgpool(rgm_graph *graph, int32_t x, int32_t window, int32_t stride, int32_t pad);
/* Mean over H and W: an image -> C features. */
int32_t rgm_graph_global_pool(rgm_graph *graph, int32_t x);
/* An image -> C*H*W features, in torch's order (c, h, w). */
int32_t rgm_graph_flatten(rgm_graph *graph, int32_t x);
/* Features -> units; flags RGM_LINEAR_*. The network's input image may be given directly (it is flattened). */
int32_t rgm_graph_linear(rgm_graph *graph, int32_t x, const char *name, int32_t units, int32_t flags);
/* Parameter-free shortcut of the CIFAR ResNets (option A of He et al. 2016): every stride-th pixel, zero channels
 * appended up to `channels`. */
int32_t rgm_graph_shortcut(rgm_graph *graph, int32_t x, int32_t channels, int32_t stride);
/* An activation that comes from a plugin (dropout and the like), run by the hook of the plan's options. */
int32_t rgm_graph_plugin(rgm_graph *graph, int32_t x, const char *name);

/* Declares `logits` the output and ends building; reports the first mistake. */
rgm_status rgm_graph_finish(rgm_graph *graph, int32_t logits, rgm_error *err);

/* Reading a finished graph. Pointers live as long as the graph. */
int32_t rgm_graph_node_count(const rgm_graph *graph);
const rgm_node *rgm_graph_node(const rgm_graph *graph, int32_t node);
int32_t rgm_graph_tensor_count(const rgm_graph *graph);
const rgm_tensor *rgm_graph_tensor(const rgm_graph *graph, int32_t tensor);
int32_t rgm_graph_output(const rgm_graph *graph);

/* Trained parameters in order of creation (node order), and running statistics likewise. `*_floats`: arena sizes. */
int32_t rgm_graph_param_count(const rgm_graph *graph);
const rgm_param *rgm_graph_param(const rgm_graph *graph, int32_t param);
int64_t rgm_graph_param_floats(const rgm_graph *graph);
int64_t rgm_graph_param_elements(const rgm_graph *graph); /* without alignment gaps: what papers call parameters */
int32_t rgm_graph_stat_count(const rgm_graph *graph);
const rgm_param *rgm_graph_stat(const rgm_graph *graph, int32_t stat);
int64_t rgm_graph_stat_floats(const rgm_graph *graph);

/* Floating-point operations, 2 per multiply-add, of convolutions and linear layers; others have 0. rgm_node_flops:
 * of one image's forward pass through a node. rgm_graph_train_flops: of one image's training step: forward,
 * backward weights, and backward data where needed. */
double rgm_node_flops(const rgm_graph *graph, int32_t node);
double rgm_graph_train_flops(const rgm_graph *graph);
double rgm_graph_forward_flops(const rgm_graph *graph); /* one image's forward pass through all nodes */

#endif
