/* What the suites of plan, conv and ops share: a plan with everything it needs to run, and inputs and parameters from
 * keyed draws. Every failure stops the test. To be used inside a test, never before Check forks. */
#ifndef RGM_TESTS_NETRUN_H
#define RGM_TESTS_NETRUN_H

#include <check.h>
#include "base/cpu.h"
#include "base/team.h"
#include "graph/family.h"
#include "plan/knobs.h"

typedef struct netrun {
    const rgm_graph *graph;
    const rgm_kernels *kernels;
    rgm_engine *engine;
    rgm_team *team;
    rgm_plan *plan;
    float *value, *grad, *stat;
    void *arena;
    int32_t N, threads, training;
    int32_t borrows; /* all but plan and arena belong to another */
} netrun;

/* How plans opened from now on compute convolutions, RGM_WAY_*; at first RGM_WAY_AUTO. */
extern int32_t netrun_conv;

/* RGM_MEMORY_* of plans opened from now on; at first RGM_MEMORY_NORMAL. */
extern int32_t netrun_memory;
extern int64_t netrun_cache;
/* The kernel table of networks opened from now on; at first NULL: the ISA level's. */
extern const rgm_kernels *netrun_kernels;

/* Knobs of plans opened from now on; at first all 0. */
extern rgm_plan_knobs netrun_knobs;

/* 1: plans of training opened from now on have their batch norms frozen, and give the gradient of the input. */
extern int32_t netrun_frozen;

/* Fails the test with the error's line. */
void netrun_fine(rgm_status status, const rgm_error *err, const char *what);

/* A model that can be built. */
rgm_graph *netrun_family(rgm_family_options options);

/* Says which levels this build or this machine has not, as cases that are skipped. */
void netrun_tell_sets(void);

/* 1 if this build and this machine have the ISA level. */
int32_t netrun_has(int32_t isa);

/* 1 if case `i` of a long loop is to run on the ISA level. Levels are those from `least` on that the machine has, or
 * the best one:
 *
 *     REGIMEN_TEST_TURNS    a case runs on
 *     not set               the best level, and one of the others, which take turns
 *     one                   one of all, which take turns
 *     all                   each of them: for a change of kernels
 *
 * A second compiler takes `one`. So do sanitizers: they are slow, and look at addresses, not at results. Kernels by
 * themselves are tested on every level by kerncheck. */
int32_t netrun_turn(int32_t isa, int32_t least, size_t i);

/* The arena is filled with NaNs, and so are the gradients. One ISA per process: the engine fixes it. */
void netrun_open(netrun *r, const rgm_graph *graph, int32_t isa, int32_t N, int32_t threads, int32_t training);
/* A second plan on the same parameters, statistics, engine and team. Close it before the first one. */
void netrun_open_beside(netrun *r, const netrun *first, int32_t training);
void netrun_close(netrun *r);
void netrun_poison(netrun *r, int32_t byte); /* fills the arena */

/* Parameters, statistics and input x[N][C][H][W], uniform draws by `seed`: weights of variance 1/fan_in, scales and
 * variances in [0.5, 1.5), the rest in [-0.5, 0.5). */
void netrun_draw(netrun *r, uint64_t seed);
void netrun_uniform(uint64_t seed, uint32_t instance, float low, float high, float *out, int64_t n);
/* Copies a batch [N][C][H][W] into the plan's input. */
void netrun_input(netrun *r, const float *x);
void netrun_forward(netrun *r);
/* dlogits [N][outputs]. Checks the plan's sum of the gradients' squares. */
void netrun_backward(netrun *r, const float *dlogits);
/* Logits without pitch, [N][outputs]. */
void netrun_logits(const netrun *r, float *out);

int32_t netrun_outputs(const netrun *r);

/* The parameter or statistic of that name; the test fails if there is none. */
const rgm_param *netrun_find(const rgm_graph *graph, const char *name);

#endif
