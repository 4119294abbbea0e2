/* What an inspection measures of a data set as a whole, as plain data: inspect/statistics.h, outliers.h and typical.h
 * fill it, report/ tells it. Arrays are its own. NaN is told of nothing.
 *
 * Pixels are 0 to 255. Encoded pictures count with the pixels that they have when they are looked at
 * (inspect/images.h). So a large picture counts as a small one does.
 */
#ifndef RGM_REPORT_STATISTICS_H
#define RGM_REPORT_STATISTICS_H

#include "data/dataset.h"

/* Quantiles of what each image has one of: 0, 0.05, 0.5, 0.95, 1. */
enum { RGM_QUANTILES = 5, RGM_MEDIAN = 2 };

typedef struct rgm_split_statistics {
    int64_t images;            /* that could be looked at; 0: there is none, and nothing else is set */
    double *mean, *std;        /* [C] */
    int64_t *class_images;     /* [classes], that could be looked at */
    double *class_mean;        /* [classes][C]; NaN: the class has no image here */
    double *class_std;         /* the same */
    int32_t present, missing;  /* classes with images here; classes with images in some other split only */
    int32_t largest, smallest; /* of the classes present: the first with the most images, with the fewest */
    double imbalance;          /* images of the largest : images of the smallest */
    double entropy;            /* of the classes' shares, bits */
    double balanced;           /* the most that it can be: log2(present) */
    double *shift;             /* [C] mean less that of the first split that there is; 0 for this one */
    double *shift_deviations;  /* [C] the same in standard errors of the two splits' image means; 0 for this one */
    double *stretch;           /* [C] std over that of the first split; 1 for this one; NaN: that one does not vary */
} rgm_split_statistics;

/* Of each image, in the order in which they are told. */
enum {
    RGM_MEASURE_BRIGHTNESS = 0, /* mean of all pixels and channels, 0 to 255 */
    RGM_MEASURE_CONTRAST,       /* standard deviation of the grey image, 0 to 255 */
    RGM_MEASURE_SOFTNESS,       /* width of edges, in pixels; NaN: it has none */
    RGM_MEASURE_NOISE,          /* standard deviation of noise, 0 to 255; NaN: too small to tell */
    RGM_MEASURE_INFORMATION,    /* bits a pixel, 0 to 8 */
    RGM_MEASURE_LIKENESS,       /* correlation with the mean of its class, -1 to 1; NaN: one of the two is flat */
    RGM_MEASURE_DISTANCE,       /* from the nearest of its class, 0 to 255 */
    RGM_MEASURE_COUNT
};

/* An image of a list. */
typedef struct rgm_ranked_image {
    int32_t split; /* RGM_SPLIT_* */
    int32_t label;
    int64_t index; /* in its split */
    double value;  /* what it is ranked by, of its measure */
    double score;  /* 1 and more: it stands apart from the set, and is a finding */
} rgm_ranked_image;

/* The images of the set that have most of a kind, findings or not; the first has most. An image that is a finding of
 * another kind which fits it better is not in the list. */
enum { RGM_RANKED_MOST = 100 };
typedef struct rgm_ranking {
    int32_t kind;    /* RGM_FIND_* */
    int32_t measure; /* RGM_MEASURE_* */
    int32_t count;
    rgm_ranked_image list[RGM_RANKED_MOST];
} rgm_ranking;

/* Those of a class that are most like it, and least: the first is the most typical, the oddest. */
enum { RGM_TYPICAL_MOST = 8, RGM_RANKINGS = 8 };
typedef struct rgm_class_examples {
    int32_t typicals, odds;                     /* how many there are */
    rgm_ranked_image typical[RGM_TYPICAL_MOST]; /* value: RGM_MEASURE_LIKENESS */
    rgm_ranked_image odd[RGM_TYPICAL_MOST];     /* value: RGM_MEASURE_DISTANCE */
} rgm_class_examples;

typedef struct rgm_statistics {
    int32_t classes, C;
    rgm_split_statistics split[RGM_SPLIT_COUNT];
    int32_t sizes; /* different heights and widths among the images */
    double height[RGM_QUANTILES], width[RGM_QUANTILES], aspect[RGM_QUANTILES]; /* of all; aspect: width / height */
    double measure[RGM_MEASURE_COUNT][RGM_QUANTILES];                          /* of all images */
    rgm_ranking ranking[RGM_RANKINGS]; /* constant, dark, ...: the order of RGM_FIND_CONSTANT and on */
    rgm_class_examples *examples;      /* [classes] */
} rgm_statistics;

/* "brightness". */
const char *rgm_measure_name(int32_t measure);

/* A zeroed one is fine. */
void rgm_statistics_free(rgm_statistics *statistics);

#endif
