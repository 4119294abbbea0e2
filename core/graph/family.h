/* The model families, built with graph.h's interface and nothing else:
 *     baselines           linear, mlp, cnn
 *     ImageNet ResNets    18, 34, 50, 101, 152
 *     CIFAR ResNets       20, 32, 44, 56, 110
 *
 * He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016. As in torchvision are parameter
 * names, strides (on the 3x3 convolution of a bottleneck) and shortcuts (option B). The zero start of each block's last
 * scale is after Goyal et al. 2017.
 */
#ifndef RGM_GRAPH_FAMILY_H
#define RGM_GRAPH_FAMILY_H

#include "graph/graph.h"

typedef struct rgm_family_options {
    const char *name;        /* "resnet20", ... (rgm_family_names) */
    int32_t C, H, W;         /* images */
    int32_t outputs;         /* logits: the classes, or 1 for a one-logit head */
    int32_t imagenet_stem;   /* 1: 7x7 stride 2 and max pooling; 0: 3x3 */
    int32_t base;            /* channels of the first stage; 0: the family's own (16, or 64) */
    int32_t blocks[4];       /* of each stage of a ResNet, up to the first 0; all zeros: the family's own */
    double width;            /* multiplies every channel count, rounded, at least 1; 0 means 1 */
    int32_t shortcut_a;      /* 1: parameter-free shortcuts (basic blocks only) */
    int32_t zero_init;       /* 1: the last scale of each block starts at 0 */
    const char *head_plugin; /* a plugin activation before the classifier ("dropout"), or NULL */
} rgm_family_options;

/* Builds and finishes the graph. RGM_E_USAGE for an unknown name (the nearest is suggested) or an image too small. */
rgm_status rgm_family_build(rgm_graph **graph, const rgm_family_options *options, rgm_error *err);

/* All names, NULL-terminated. */
const char *const *rgm_family_names(void);

#endif
