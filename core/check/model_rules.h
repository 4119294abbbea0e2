/* Rules over the graph of a net: what is read off it, without running it.
 *
 * Each returns how many places break the rule, and names the first of them.
 */
#ifndef RGM_CHECK_MODEL_RULES_H
#define RGM_CHECK_MODEL_RULES_H

#include "graph/graph.h"

typedef struct rgm_rule {
    int32_t count;      /* places that break it */
    const char *at;     /* the first one: a node's name; NULL: none */
    const char *behind; /* the layer in front of it, where there is one */
    int32_t of;         /* places that were looked at */
} rgm_rule;

/* A layer of weights reads another one's output with nothing between that bends: two maps that are one. */
rgm_rule rgm_rule_activations(const rgm_graph *graph);

/* A sigmoid or tanh between layers of weights; one on the logits is rgm_rule_logits()'. */
rgm_rule rgm_rule_saturating(const rgm_graph *graph);

/* A convolution without a batch norm behind it. */
rgm_rule rgm_rule_norms(const rgm_graph *graph);

/* A bias in front of a batch norm, which takes it away. */
rgm_rule rgm_rule_biases(const rgm_graph *graph);

/* A residual block ("layer1.0") without a sum. */
rgm_rule rgm_rule_sums(const rgm_graph *graph);

/* Something between the last layer of weights and the logits. */
rgm_rule rgm_rule_logits(const rgm_graph *graph);

/* A classifier without a bias. */
rgm_rule rgm_rule_head_bias(const rgm_graph *graph);

/* Layers of weights one behind another, at most, between input and logits. */
int32_t rgm_rule_depth(const rgm_graph *graph);

#endif
