/* How like its class each image is, and which are most and least like it.
 *
 *     rgm_typical_measure(&typical, &err);             fills likeness and distance of all measures
 *     rgm_typical_choose(&typical, &statistics, &err); fills statistics.examples
 *
 * Likeness is the correlation of an image's grey grid (measures.h) with the mean grid of the other images of its class.
 * An inverted image has a negative one.
 *
 * References of a class are up to RGM_TYPICAL_REFERENCES of its images that lie evenly in the set's order. Distance is
 * that from the third nearest reference, the root of the mean square, in levels. (S. Ramaswamy et al., Efficient
 * algorithms for mining outliers from large data sets, SIGMOD 2000.) So a class may have several kinds of images.
 * `alike` is the correlation with the third most alike reference, `opposite` that with the third most opposite one.
 * They are of grey values less their means, and of colours. A class of one image has none of these.
 */
#ifndef RGM_INSPECT_TYPICAL_H
#define RGM_INSPECT_TYPICAL_H

#include "base/team.h"
#include "inspect/measures.h"
#include "kernels/kernels.h"
#include "report/statistics.h"

enum { RGM_TYPICAL_REFERENCES = 512 };

/* The images by their classes: those of class k are order[first[k]] to order[first[k + 1] - 1], ascending. Only those
 * that were measured. */
typedef struct rgm_by_class {
    int32_t classes;
    int64_t *order; /* numbers */
    int64_t *first; /* [classes + 1] */
} rgm_by_class;

/* *by is to be freed whatever is returned. RGM_E_NOMEM. [main] */
rgm_status rgm_by_class_order(rgm_by_class *by, const rgm_images *images, const rgm_measures *measures, rgm_error *err);
void rgm_by_class_free(rgm_by_class *by);

typedef struct rgm_typical {
    const rgm_images *images;
    rgm_team *team;
    const rgm_kernels *kernels; /* not needed to choose */
    const rgm_by_class *by;
    rgm_measures *measures; /* [count] by number */
    const uint8_t *grids;   /* [count][bytes]; not needed to choose */
    int32_t bytes;          /* rgm_grid_bytes() */
    rgm_stop stop;
} rgm_typical;

/* RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_typical_measure(const rgm_typical *typical, rgm_error *err);
rgm_status rgm_typical_choose(const rgm_typical *typical, rgm_statistics *statistics, rgm_error *err);

#endif
