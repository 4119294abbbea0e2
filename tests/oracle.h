/* A slow double-precision oracle of a whole network. It reads the same graph as the plan and evaluates every operation
 * from its definition, on plain [N][C][H][W] arrays, on one thread. Gradients are had from it by signed central
 * differences (oracle_slope). It stops the test when memory runs out. */
#ifndef RGM_TESTS_ORACLE_H
#define RGM_TESTS_ORACLE_H

#include "graph/graph.h"

typedef struct oracle {
    const rgm_graph *graph;
    int32_t N;
    double *param, *stat; /* canonical, at rgm_param.offset */
    double *next_stat;    /* running statistics after the last forward pass in training */
    double **value;       /* per tensor, [N][C][H][W]; value[0] is the input, to be filled */
    int32_t valid;        /* nodes whose values are those of the unchanged parameters */
    const float *weights; /* of the logits in the loss: sum weights[n][k] * logits[n][k] */
} oracle;

oracle *oracle_create(const rgm_graph *graph, int32_t N);
void oracle_destroy(oracle *o);

/* What the tests' plugin activation multiplies an image by. */
static inline double oracle_plugin_factor(int32_t index, int32_t image) { return 0.25 * (1 + (index + 3 * image) % 7); }

void oracle_forward(oracle *o, int32_t training);
const double *oracle_logits(const oracle *o); /* [N][outputs] */

/* d loss / d element of a parameter, by a central difference, after a forward pass in training. Evaluates from the
 * parameter's node onward, and leaves values behind that it must evaluate again: ask for the last parameter first. */
double oracle_slope(oracle *o, int32_t param, int64_t element);

#endif
