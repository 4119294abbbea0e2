/* The tensors of a run: parameters, running statistics, the optimizer's slots and what plugins keep. One walk over them
 * serves whatever is done to all: saving, loading, checking, copying, comparing.
 */
#ifndef RGM_TRAIN_STATE_H
#define RGM_TRAIN_STATE_H

#include <stddef.h>
#include "base/status.h"
#include "graph/graph.h"
#include "kernels/kernels.h"

enum { RGM_CHECKPOINT_SLOTS = 8, RGM_CHECKPOINT_PLUGINS = 64, RGM_CHECKPOINT_STATE = 64 << 20 };

/* Private state of one plugin instance, labelled by kind, position and name: "scheduler 0 plateau". At most
 * RGM_CHECKPOINT_STATE bytes. */
typedef struct rgm_plugin_state {
    char label[96];
    void *data;
    size_t bytes;
} rgm_plugin_state;

/* Where the tensors are. Pointers are the owner's. */
typedef struct rgm_state {
    const rgm_graph *graph;            /* names, shapes and offsets of what follows */
    float *value, *stat;               /* the flat arenas (plan/plan.h) */
    float *slot[RGM_CHECKPOINT_SLOTS]; /* the same size as value, each */
    const char *slot_name[RGM_CHECKPOINT_SLOTS];
    int32_t slot_count;
    rgm_plugin_state plugin[RGM_CHECKPOINT_PLUGINS];
    int32_t plugin_count;
} rgm_state;

/* Groups of tensors, a bit each. */
enum { RGM_PARAMETERS = 1, RGM_STATISTICS = 2, RGM_PLUGIN_STATES = 4, RGM_SLOTS = 0xff << 3 };
#define RGM_SLOT(k) (1u << (3 + (k))) /* those of slot k */

/* One tensor as it is visited; lives as long as the visit. */
typedef struct rgm_state_tensor {
    uint32_t group;   /* RGM_PARAMETERS, RGM_STATISTICS, RGM_SLOT(k) or RGM_PLUGIN_STATES */
    const char *in;   /* of a slot: its name; else "" */
    const char *name; /* torchvision's; of a plugin's state, the label */
    int32_t role;     /* RGM_ROLE_*; of a slot, its parameter's */
    int32_t ndim;     /* of a plugin's state 1, of bytes */
    int64_t dims[4];
    void *data; /* float32, plain OIHW; of a plugin's state, bytes */
    size_t bytes;
} rgm_state_tensor;

/* A failure ends the walk with it. */
typedef rgm_status (*rgm_state_fn)(void *context, const rgm_state_tensor *tensor, rgm_error *err);

/* Visits the tensors of `groups` in the order of checkpoints: the model's, then slot by slot, then plugins' states. The
 * model's come as torchvision lists them, node by node and parameters before statistics. */
rgm_status rgm_state_visit(const rgm_state *state, uint32_t groups, rgm_state_fn visit, void *context, rgm_error *err);

/* The first tensor with a value that is not finite, group by group in the order that is given; name NULL: all are.
 * [main] */
rgm_state_tensor rgm_state_first_bad(const rgm_state *state, const rgm_kernels *kernels, const uint32_t *groups,
                                     int32_t count);

#endif
