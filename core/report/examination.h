/* What a model says of a split whose labels are known, gathered image by image: confusion, each class, calibration, the
 * worst mistakes. The caller has the images; memory does not grow with their number.
 *
 *     rgm_examination_begin(&examination, &options, &err);
 *     rgm_examination_add(&examination, &answer);              for each image, in order
 *     rgm_examination_end(&examination);
 *
 * The numbers do not depend on threads: images come in order.
 */
#ifndef RGM_REPORT_EXAMINATION_H
#define RGM_REPORT_EXAMINATION_H

#include <stddef.h>
#include "base/status.h"

enum {
    RGM_EXAMINED_BINS = 15,     /* of confidence, equally wide */
    RGM_EXAMINED_WORST = 24,    /* images kept */
    RGM_EXAMINED_MATRIX = 2048, /* classes up to which all pairs are counted */
    RGM_EXAMINED_SIDE = 96,     /* images up to this side are shown without loss */
    RGM_EXAMINED_FILTERS = 256  /* shown */
};

typedef struct rgm_examined_class {
    int64_t images, taken, hits; /* with that label; that the model takes for it; both */
} rgm_examined_class;

typedef struct rgm_examined_bin {
    int64_t images, hits;
    double confidence; /* sum of the greatest probabilities */
} rgm_examined_bin;

/* A picture as a file. */
typedef struct rgm_examined_picture {
    uint8_t *file; /* JPEG or PNG, owned; NULL: there is none */
    size_t size;
    int32_t H, W, png;
} rgm_examined_picture;

/* One of the images that the model finds least likely to have their label. */
typedef struct rgm_examined_image {
    int64_t index; /* in its split */
    int32_t label, taken;
    float likelihood, probability; /* of the label, of the class that it is taken for */
    char *name;                    /* of its file; NULL: it has none. Owned */
    rgm_examined_picture picture;
    int64_t nearest; /* the training image that is most like it, by its index; -1: not looked for */
    int32_t nearest_label;
    rgm_examined_picture nearest_picture;
} rgm_examined_image;

/* The first layer's weights. */
typedef struct rgm_examined_filters {
    int32_t count, C, H, W;
    const float *values; /* [count][C][H][W]; NULL: the model has none. Not owned */
} rgm_examined_filters;

typedef struct rgm_examination {
    const char *checkpoint, *split, *data; /* not owned, as names */
    const char *const *names;              /* [classes]; NULL: they are numbers */
    int32_t classes;
    int64_t images, hits, unreadable;
    double loss;              /* the sum of -log(likelihood), likelihoods below 1e-12 as that; in the end the mean */
    rgm_examined_class *each; /* [classes] */
    int64_t *pairs;           /* [label][taken]; NULL: too many classes */
    rgm_examined_bin bins[RGM_EXAMINED_BINS];
    rgm_examined_image worst[RGM_EXAMINED_WORST]; /* least likely first */
    int32_t worst_count;
    rgm_examined_filters filters;
} rgm_examination;

/* An image and what the model says of it. */
typedef struct rgm_examined {
    const float *probabilities; /* [classes] */
    int32_t label;
    int64_t index;
    const char *name; /* of its file; NULL: none */
} rgm_examined;

/* Takes memory; *examination is overwritten, its texts and names are set by the caller behind it. RGM_E_NOMEM. */
rgm_status rgm_examination_begin(rgm_examination *examination, int32_t classes, rgm_error *err);
rgm_status rgm_examination_add(rgm_examination *examination, const rgm_examined *image, rgm_error *err);

/* Keeps pixels [H][W][C], dense, as a file: grey of one or two channels, colour of the first three of more. Up to
 * RGM_EXAMINED_SIDE without loss. RGM_E_NOMEM. */
rgm_status rgm_examination_picture(rgm_examined_picture *picture, const uint8_t *pixels, const int32_t size[3],
                                   rgm_error *err);
void rgm_examination_end(rgm_examination *examination);
void rgm_examination_free(rgm_examination *examination); /* a zeroed one is fine */

/* The expected calibration error: the mean over images of |accuracy - confidence| of their bin. Source: C. Guo et al.,
 * "On calibration of modern neural networks", ICML 2017. */
typedef struct rgm_calibration {
    double error, low, high; /* the 95 % interval is a bootstrap of the bins, normal in each */
    double chance;           /* what 95 % of perfectly calibrated models stay below with these confidences */
    double above;            /* mean confidence - accuracy: above 0 the model is too sure */
} rgm_calibration;
rgm_calibration rgm_examination_calibration(const rgm_examination *examination);

/* Whether filters are noise: the mean square of differences between neighbouring weights over twice their variance.
 * Independent weights have 1, within 2 / sqrt(neighbours); smooth filters have less. Source: J. von Neumann,
 * "Distribution of the ratio of the mean square successive difference to the variance", 1941. */
typedef struct rgm_filter_noise {
    double ratio, margin; /* NaN: filters of one weight, or none */
    int32_t dead;         /* filters with a norm below a thousandth of the median */
} rgm_filter_noise;
rgm_filter_noise rgm_examination_noise(const rgm_examined_filters *filters);

/* All classes, those side by side that are taken for each other. Behind each comes the one that is most often confused
 * with it, of those that are not placed yet. order[classes]; needs `pairs`. RGM_E_NOMEM. */
rgm_status rgm_examination_order(const rgm_examination *examination, int32_t *order, rgm_error *err);

#endif
