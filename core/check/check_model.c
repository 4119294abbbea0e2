/* The net: rules over its graph, and how it behaves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_model_dropout.h"
#include "check/check_model_runs.h"
#include "check/model_rules.h"
#include "check/nets.h"

/* A stack of so many convolutions trains badly without batch norm (He et al. 2016 need it from 20 on; VGG's 11 were
 * trained without, from weights of shallower ones). */
enum { DEEP = 6 };

static const rgm_graph *graph_of(const rgm_checking *c) { return c->session->model->graph; }

/* ---- rules ---- */

static rgm_status net_activations(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    (void)err;
    const rgm_rule r = rgm_rule_activations(graph_of(c)), bounded = rgm_rule_saturating(graph_of(c));
    if (r.count) {
        rgm_check_fail(v, "%d of %d layers read another one's output with no activation between: %s behind %s", r.count,
                       r.of, r.at, r.behind);
        rgm_check_cause(v, "the activation behind %s is missing: it and %s are one linear map", r.behind, r.at);
        rgm_check_mend(v, "put a ReLU between %s and %s", r.behind, r.at);
        return RGM_OK;
    }
    if (bounded.count) {
        rgm_check_warn(v, "%d of %d activations saturate (sigmoid or tanh), %s first, in a net of %d layers",
                       bounded.count, bounded.of, bounded.at, rgm_rule_depth(graph_of(c)));
        rgm_check_cause(v, "a sigmoid or tanh in depth: gradients shrink with every layer on the way back");
        rgm_check_mend(v, "take ReLU in the place of %s and its like", bounded.at);
        return RGM_OK;
    }
    return rgm_check_pass(v, "%d layers of weights, an activation between any two", r.of);
}

static rgm_status net_norms(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    (void)err;
    const rgm_rule r = rgm_rule_norms(graph_of(c)), bias = rgm_rule_biases(graph_of(c));
    if (r.count) {
        if (r.count < r.of || r.of >= DEEP)
            rgm_check_fail(v, "%d of %d convolutions have no batch norm behind them, %s first", r.count, r.of, r.at);
        else
            rgm_check_warn(v, "none of %d convolutions has a batch norm behind it", r.of);
        rgm_check_cause(v, "batch norm is missing behind %s", r.at);
        rgm_check_mend(v, "put a batch norm behind %s%s", r.at, r.count > 1 ? " and the others" : "");
        return RGM_OK;
    }
    if (bias.count) {
        rgm_check_warn(v, "%d of %d layers have a bias in front of a batch norm, %s first", bias.count, bias.of,
                       bias.at);
        rgm_check_cause(v, "a bias before batch norm: it is subtracted with the mean, and learns nothing");
        rgm_check_mend(v, "build %s without a bias", bias.at);
        return RGM_OK;
    }
    return r.of ? rgm_check_pass(v, "%d convolutions, each without a bias and with a batch norm behind it", r.of)
                : rgm_check_pass(v, "no convolutions");
}

static rgm_status net_blocks(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    (void)err;
    const rgm_rule r = rgm_rule_sums(graph_of(c));
    if (!r.count) return rgm_check_pass(v, r.of ? "%d residual blocks, each with its sum" : "no residual blocks", r.of);
    rgm_check_fail(v, "%d of %d residual blocks have no sum, that of %s first", r.count, r.of, r.at);
    rgm_check_cause(v, "the residual sum is missing: what enters the block of %s is not added to what leaves it", r.at);
    rgm_check_mend(v, "add the block's input to its last batch norm's output");
    return RGM_OK;
}

static rgm_status net_head(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    (void)err;
    int32_t outputs = c->session->model->outputs, classes = rgm_view_classes(&c->session->data->train);
    const rgm_rule bent = rgm_rule_logits(graph_of(c)), bare = rgm_rule_head_bias(graph_of(c));
    if (bent.count) {
        rgm_check_fail(v, "%s stands between the last layer and the logits", bent.at);
        rgm_check_cause(v, "an activation on the logits: the loss makes probabilities of them itself");
        rgm_check_mend(v, "take %s out", bent.at);
        return RGM_OK;
    }
    if (outputs != classes && !(outputs == 1 && classes == 2)) {
        rgm_check_warn(v, "%d outputs for %d classes", outputs, classes);
        rgm_check_cause(v, "the outputs are not the classes of the data");
        rgm_check_edit(v, "model.classes", "0");
        return RGM_OK;
    }
    if (bare.count) {
        rgm_check_warn(v, "%s, which gives the logits, has no bias", bare.at);
        rgm_check_cause(v, "the classifier has no bias: class frequencies have to be learned through features");
        rgm_check_mend(v, "build %s with a bias", bare.at);
        return RGM_OK;
    }
    return rgm_check_pass(v, "%d output%s for %d classes, a bias, nothing behind", outputs, outputs == 1 ? "" : "s",
                          classes);
}

const rgm_check_row rgm_checks_model[] = {
    {{"net_activations", "M", "is there an activation between any two layers of weights?", 1}, 10, net_activations},
    {{"net_norms", "M", "is there a batch norm behind each convolution, and no bias in front?", 1}, 10, net_norms},
    {{"net_blocks", "M", "does each residual block sum?", 1}, 10, net_blocks},
    {{"net_head", "M", "are the outputs logits, one for each class?", 1}, 10, net_head},
    {{"logits_free", "M", "are the logits free of an activation?", 1}, 20, rgm_check_logits_free},
    {{"samples_apart", "M", "does each image's answer depend on that image alone?", 1}, 19, rgm_check_samples_apart},
    {{"gradients_apart", "M", "is the gradient of an image's loss 0 by every other image's pixels?", 1},
     19,
     rgm_check_gradients_apart},
    {{"norm_modes", "M", "do training form and evaluation form of batch norm agree?", 1}, 20, rgm_check_norm_modes},
    {{"dropout", "M", "does dropout keep the mean, and its mask on the way back?", 1}, 20, rgm_check_dropout},
    {{0}, 0, NULL},
};
