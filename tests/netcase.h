/* One small graph under test, built between netcase_begin() and netcase_check(). The latter runs it, for each way to
 * compute its convolutions, in training and in evaluation, and compares everything with the oracle. It also runs it in
 * low memory, which must give the same bits. */
#ifndef RGM_TESTS_NETCASE_H
#define RGM_TESTS_NETCASE_H

#include "netrun.h"
#include "oracle.h"

typedef struct netcase {
    rgm_graph *graph;
    int32_t isa, N;
    char name[96];
    int32_t samples;    /* elements of a parameter tensor whose gradients are compared, at most */
    int32_t zero_scale; /* 1: batch norms' scales start at zero */
    float stem_shift;   /* added to the stem's bias */
    double slack;       /* multiplies the tolerances: what the case's own conditioning costs */
} netcase;

netcase netcase_begin(int32_t isa, int32_t N, int32_t C, int32_t H, int32_t W, const char *name, ...)
    __attribute__((format(printf, 6, 7)));
/* The input through a 1x1 convolution with bias to C channels. */
int32_t netcase_stem(netcase *c, int32_t C);
/* Ends the graph behind x (flattened if an image, then a linear layer of 3 units), checks it and destroys it. */
void netcase_check(netcase *c, int32_t x);

#endif
