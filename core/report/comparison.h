/* What a comparison of two recipes finds, as plain data, and in words. recipe/compare.h fills it; comparison_print.h
 * and comparison_json.h tell it. A and B are its sides, each of one run or of several that differ in their seed.
 *
 * Differences are B less A. Intervals are of 95 %. NaN is told of nothing.
 */
#ifndef RGM_REPORT_COMPARISON_H
#define RGM_REPORT_COMPARISON_H

#include "data/dataset.h"

enum { RGM_SIDE_A = 0, RGM_SIDE_B = 1, RGM_SIDES = 2 };

enum { RGM_SEEDS_UNKNOWN = 0, RGM_SEEDS_NEVER = -1 };

/* One figure of both sides. */
typedef struct rgm_effect {
    double mean[RGM_SIDES];
    double low[RGM_SIDES], high[RGM_SIDES]; /* of each side by itself: over images and seeds */
    double spread[RGM_SIDES];               /* standard deviation over seeds; NaN of a single run */
    double difference;
    double sample_low, sample_high; /* paired, over images, the runs as they are */
    double seed_low, seed_high;     /* over seeds, the images as they are */
    double both_low, both_high;     /* over both: what decides */
    double p;                       /* of no difference, two-sided, over both */
    int32_t resolved;               /* 1: 0 is not in both_low to both_high */
    int64_t seeds_needed;           /* of each side, for a power of 80 % at this difference; RGM_SEEDS_UNKNOWN: there is
                                       no difference; RGM_SEEDS_NEVER: not with these images, however many */
} rgm_effect;

/* Images of a class. */
typedef struct rgm_class_change {
    int64_t images;
    double mean[RGM_SIDES]; /* accuracy on them */
    double difference, low, high;
    double p; /* of no difference, corrected for the number of classes (Holm); NaN: it has no images */
} rgm_class_change;

/* An image that most runs of one side have right and most of the other have wrong. */
typedef struct rgm_changed {
    int64_t index; /* in its split */
    int32_t label;
    int32_t predicted[RGM_SIDES];  /* by most runs of a side; -1: a class that the set does not have */
    int32_t right[RGM_SIDES];      /* runs of a side that have it right */
    double probability[RGM_SIDES]; /* of the label, mean of a side's runs */
} rgm_changed;

enum { RGM_CHANGED_MOST = 1000 };
typedef struct rgm_changes {
    int64_t total;
    int32_t kept;
    rgm_changed list[RGM_CHANGED_MOST]; /* the largest changes of probability first */
} rgm_changes;

/* An option that the sides have differently, as YAML. */
typedef struct rgm_tried {
    char *key, *value[RGM_SIDES];
} rgm_tried;

typedef struct rgm_compared_side {
    int32_t runs;
    char **names;     /* [runs], of folders or checkpoints, as they were given */
    char *hypothesis; /* of its first run that has one; NULL: none */
} rgm_compared_side;

typedef struct rgm_comparison {
    rgm_compared_side side[RGM_SIDES];
    const rgm_dataset *set; /* the caller's; NULL: not told */
    int32_t split;          /* RGM_SPLIT_* */
    int32_t held_out;       /* 1: the part of the training split that the runs held out for validation */
    int64_t images;
    int32_t same;       /* 1: both sides are the same runs */
    int32_t assumed;    /* 1: one run a side, so that the spread over seeds is assumed (recipe/compare.h) */
    int64_t losses_bad; /* answers whose loss is not finite */
    rgm_effect accuracy, loss;
    int64_t only[RGM_SIDES]; /* images that most runs of this side alone have right */
    double mcnemar_p;        /* of these */
    int32_t classes;
    rgm_class_change *class_changes; /* [classes] */
    rgm_changes gained, lost;        /* right in B, right in A */
    int32_t tried_count;
    rgm_tried *tried; /* [tried_count] */
} rgm_comparison;

void rgm_comparison_free(rgm_comparison *comparison); /* a zeroed one is fine */

enum { RGM_COMPARISON_TEXT = 2048 };

/* "B is better by 0.40 points (0.10 to 0.70), resolved with 5 seeds of each." Returns text. */
const char *rgm_comparison_words(const rgm_comparison *comparison, char text[RGM_COMPARISON_TEXT]);

/* "the accuracy rose by 0.40 points (0.10 to 0.70), resolved", or "none yet: ...". Returns text. */
const char *rgm_comparison_answer(const rgm_comparison *comparison, char text[RGM_COMPARISON_TEXT]);

/* 1 if what is seen answers a hypothesis. */
int32_t rgm_comparison_answered(const rgm_comparison *comparison);

#endif
