#include "check/model_rules.h"

#include <stddef.h>
#include <string.h>

static int32_t has_weights(const rgm_node *n) { return n->op == RGM_OP_CONV || n->op == RGM_OP_LINEAR; }

/* 1 if the node bends its input. The largest of a window does, too, but nobody has it in an activation's place. */
static int32_t bends(const rgm_node *n) {
    if (n->op == RGM_OP_ACTIVATION) return !(n->kind == RGM_LEAKY_RELU && n->slope == 1);
    return n->op == RGM_OP_BATCHNORM && n->flags & RGM_BN_RELU;
}

static const rgm_node *producer(const rgm_graph *g, int32_t tensor) {
    int32_t node = rgm_graph_tensor(g, tensor)->producer;
    return node == RGM_NO_TENSOR ? NULL : rgm_graph_node(g, node);
}

static void hit(rgm_rule *r, const rgm_node *at, const rgm_node *behind) {
    if (r->count++) return;
    r->at = at->name;
    r->behind = behind ? behind->name : NULL;
}

/* The layer of weights that a tensor comes from with nothing bending between; NULL: none. Along the second inputs only
 * where the first ones come from such a layer: an input that is carried past a block has been bent before. */
static const rgm_node *straight_from(const rgm_graph *g, int32_t tensor) {
    for (const rgm_node *n = producer(g, tensor); n && !bends(n); n = producer(g, n->in[0]))
        if (has_weights(n)) return n;
    return NULL;
}

rgm_rule rgm_rule_activations(const rgm_graph *g) {
    rgm_rule r = {0};
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        if (!has_weights(n)) continue;
        const rgm_node *before = straight_from(g, n->in[0]);
        r.of++;
        if (before) hit(&r, n, before);
    }
    return r;
}

/* 1 if the tensor leads to the logits without a layer of weights. */
static int32_t is_behind_head(const rgm_graph *g, int32_t tensor) {
    for (const rgm_node *n = producer(g, rgm_graph_output(g)); n && !has_weights(n); n = producer(g, n->in[0]))
        if (n->out == tensor) return 1;
    return 0;
}

rgm_rule rgm_rule_saturating(const rgm_graph *g) {
    rgm_rule r = {0};
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        if (n->op != RGM_OP_ACTIVATION || is_behind_head(g, n->out)) continue;
        r.of++;
        if (n->kind == RGM_SIGMOID || n->kind == RGM_TANH) hit(&r, n, NULL);
    }
    return r;
}

static int32_t is_normed(const rgm_graph *g, int32_t tensor) {
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        if (n->op == RGM_OP_BATCHNORM && n->in[0] == tensor) return 1;
    }
    return 0;
}

rgm_rule rgm_rule_norms(const rgm_graph *g) {
    rgm_rule r = {0};
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        if (n->op != RGM_OP_CONV) continue;
        r.of++;
        if (!is_normed(g, n->out)) hit(&r, n, NULL);
    }
    return r;
}

rgm_rule rgm_rule_biases(const rgm_graph *g) {
    rgm_rule r = {0};
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        if (!has_weights(n)) continue;
        r.of++;
        if (n->bias != RGM_NO_TENSOR && is_normed(g, n->out)) hit(&r, n, NULL);
    }
    return r;
}

/* ---- blocks ---- */

/* The name of a node's block, "layer1.0", as a length; 0: it is in none. */
static size_t block_of(const rgm_node *n) {
    if (strncmp(n->name, "layer", 5) != 0) return 0;
    size_t stage = 5 + strspn(n->name + 5, "0123456789");
    if (n->name[stage] != '.') return 0;
    size_t end = stage + 1 + strspn(n->name + stage + 1, "0123456789");
    return n->name[end] == '.' ? end : 0;
}

static int32_t same_block(const rgm_node *a, const rgm_node *b) {
    size_t n = block_of(a);
    return n && n == block_of(b) && memcmp(a->name, b->name, n) == 0;
}

/* 1 if the node sums for the block. A sum of its own has no block's name; it is that of the branch, which is the one of
 * its inputs that was made last. */
static int32_t sums_for(const rgm_graph *g, const rgm_node *n, const rgm_node *block) {
    if (n->op == RGM_OP_BATCHNORM && n->in[1] != RGM_NO_TENSOR) return same_block(n, block);
    if (n->op != RGM_OP_ADD) return 0;
    const rgm_node *from = producer(g, n->in[0] > n->in[1] ? n->in[0] : n->in[1]);
    return from && same_block(from, block);
}

rgm_rule rgm_rule_sums(const rgm_graph *g) {
    rgm_rule r = {0};
    const rgm_node *last = NULL;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *n = rgm_graph_node(g, i);
        int32_t found = 0;
        if (!block_of(n) || (last && same_block(last, n))) continue;
        last = n;
        r.of++;
        for (int32_t k = 0; k < rgm_graph_node_count(g) && !found; k++) found = sums_for(g, rgm_graph_node(g, k), n);
        if (!found) hit(&r, n, NULL);
    }
    return r;
}

/* ---- the head ---- */

rgm_rule rgm_rule_logits(const rgm_graph *g) {
    rgm_rule r = {.of = 1};
    for (const rgm_node *n = producer(g, rgm_graph_output(g)); n && !has_weights(n); n = producer(g, n->in[0]))
        hit(&r, n, NULL);
    return r;
}

rgm_rule rgm_rule_head_bias(const rgm_graph *g) {
    rgm_rule r = {.of = 1};
    const rgm_node *n = producer(g, rgm_graph_output(g));
    while (n && !has_weights(n)) n = producer(g, n->in[0]);
    if (n && n->bias == RGM_NO_TENSOR) hit(&r, n, NULL);
    return r;
}

int32_t rgm_rule_depth(const rgm_graph *g) {
    int32_t depth = 0;
    for (const rgm_node *n = producer(g, rgm_graph_output(g)); n; n = producer(g, n->in[0])) depth += has_weights(n);
    return depth;
}
