/* What was watched of a run, from its first step to its last, in memory of fixed size whatever its length. It is the
 * content of a run's watch.h5 (watched_file.h).
 *
 *     time           RGM_WATCHED_BINS bins at most. Each holds the mean, least and largest of each signal over `span`
 *                    steps. When all are full, neighbours become one and the span doubles.
 *     predictions    of a fixed batch of at most RGM_WATCHED_IMAGES images, after evaluations: the class, its
 *                    probability, and how far it is above the next one's. RGM_WATCHED_EVALUATIONS at most.
 *                    When all are full, every second one is dropped, and of those to come one of so many is kept.
 *     filters        the weights of the first layer, at the start and now; at most RGM_WATCHED_FILTERS units
 *     pictures       the first RGM_WATCHED_PICTURES images of the first batch, as the network saw them
 *
 * No time is in it, so it is the same on any number of threads. The struct is open: pages read it.
 */
#ifndef RGM_TRAIN_WATCHED_H
#define RGM_TRAIN_WATCHED_H

#include "train/watch.h"

enum {
    RGM_WATCHED_BINS = 256,
    RGM_WATCHED_EVALUATIONS = 128,
    RGM_WATCHED_IMAGES = 64,
    RGM_WATCHED_FILTERS = 64,
    RGM_WATCHED_FILTER_VALUES = 1 << 18, /* of all filters */
    RGM_WATCHED_LAYERS = 1 << 14,
    RGM_WATCHED_NAME = 48,
    RGM_WATCHED_PICTURES = 16,
    RGM_WATCHED_SIDE = 96 /* of a picture */
};

/* Signals of a layer, as in rgm_watch_layer. */
enum {
    RGM_SIGNAL_ACTIVATION_MEAN,
    RGM_SIGNAL_ACTIVATION_RMS,
    RGM_SIGNAL_GRADIENT_RMS,
    RGM_SIGNAL_WEIGHT_RMS,
    RGM_SIGNAL_UPDATE_RMS,
    RGM_SIGNAL_DEAD,
    RGM_SIGNALS
};

/* Signals of a whole step, as in rgm_watch_step. */
enum {
    RGM_STEP_LOSS,
    RGM_STEP_GRADIENT_NORM,
    RGM_STEP_RATE,
    RGM_STEP_INPUT_MEAN,
    RGM_STEP_INPUT_RMS,
    RGM_STEP_INPUT_LEAST,
    RGM_STEP_INPUT_LARGEST,
    RGM_STEP_SIGNALS
};

/* Their names, with a blank between. */
extern const char rgm_watched_signals[], rgm_watched_step_signals[];

/* Values of bins, [RGM_WATCHED_BINS][series]. Only finite values count. */
typedef struct rgm_watched_table {
    int64_t series;
    double *sum;
    float *least, *largest; /* 0 where count is 0 */
    int32_t *count;         /* values that were finite, at most INT32_MAX */
} rgm_watched_table;

/* What is known before the first step. */
typedef struct rgm_watched_shape {
    int32_t layers;
    int32_t images;     /* of the fixed batch; 0: there are none */
    int32_t split;      /* whose images: RGM_SPLIT_* */
    int64_t filter[4];  /* units that are kept, then what one unit has: C, R, S; zeros: no filters */
    int32_t picture[4]; /* of the first batch: how many are kept, H, W, C (1 or 3); zeros: none */
    int64_t numbers;    /* that the rules keep (watch_rules.h) */
    uint64_t seed;      /* of the run */
} rgm_watched_shape;

typedef struct rgm_watched {
    rgm_watched_shape shape;
    char (*names)[RGM_WATCHED_NAME]; /* [layers] */
    char filter_name[64];            /* of the parameter */
    int64_t step;                    /* steps made */

    int64_t span; /* steps of a full bin */
    int32_t bins;
    int64_t *first, *last, *steps; /* of each bin: numbers of its first and last step, from 0; how many it holds */
    rgm_watched_table layer;       /* [bins][layers * RGM_SIGNALS] */
    rgm_watched_table whole;       /* [bins][RGM_STEP_SIGNALS] */

    int64_t seen, each; /* evaluations so far; one of so many is kept */
    int32_t evaluations;
    int64_t *evaluated;          /* [evaluations]: steps made before each */
    int32_t *predicted;          /* [evaluations][images] */
    float *probability, *margin; /* the same */
    int64_t *index;              /* [images], in their split */
    int32_t *label;              /* [images] */

    float *filters_start, *filters_now; /* [units][C][R][S] */

    uint8_t *pictures;      /* [pictures][H][W][C] of the first batch, as the network saw them */
    int32_t *picture_label; /* [pictures] */
    double *numbers;
} rgm_watched;

/* Empty, with room for everything; names and indices are to be filled in. RGM_E_NOMEM. RGM_E_FORMAT for a shape that
 * cannot be. */
rgm_status rgm_watched_create(rgm_watched **watched, const rgm_watched_shape *shape, rgm_error *err);
void rgm_watched_destroy(rgm_watched *watched); /* NULL is fine */

/* Adds a step. Steps of another number of layers are passed over. Allocates nothing. */
void rgm_watched_add(rgm_watched *watched, const rgm_watch_step *step);

/* Adds an evaluation after so many steps: logits [images][outputs] of the fixed batch. */
void rgm_watched_predict(rgm_watched *watched, int64_t step, const float *logits, int32_t outputs);

/* Drops what is of later steps than `step`: bins that reach beyond it, evaluations behind it. */
void rgm_watched_rewind(rgm_watched *watched, int64_t step);

/* 1 if both are of the same layers, images and filters. */
int32_t rgm_watched_alike(const rgm_watched *a, const rgm_watched *b);

/* The mean of a signal in a bin; NaN if none was finite. */
double rgm_watched_mean(const rgm_watched_table *table, int32_t bin, int64_t series);

#endif
