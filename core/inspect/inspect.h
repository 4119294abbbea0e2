/* The inspection of a data set: what is in it, and what is wrong with it.
 *
 *     rgm_inspect(&options, &inspection, &err);
 *     rgm_inspection_print(&inspection, 10);          report/inspection.h
 *     rgm_inspection_free(&inspection);
 *
 * One walk over all images takes what each has of itself: a hash, a sketch, measures. What follows compares these:
 *     exact.h      the same pixels
 *     near.h       nearly the same
 *     typical.h    likeness to the class, distance from it
 *     outliers.h   what stands apart from the set
 *     model_says.h what a model says of the images, if one is asked
 * The result depends on set and options alone, not on threads.
 *
 * Memory beside the data is below 300 bytes an image, and 16 a class, channel and split. With g = 64 bytes of grid, 96
 * in colour, the parts take
 *     the walk     194 + g   key, measures, sketch
 *     exact        202 + g   the order of keys
 *     outliers     186 + g   the order of classes; then without the grid
 *     near         190       candidates beside the sketch
 * Findings take 72 bytes each.
 */
#ifndef RGM_INSPECT_INSPECT_H
#define RGM_INSPECT_INSPECT_H

#include "base/stop.h"
#include "report/inspection.h"
#include "train/config.h"
#include "train/device.h"

typedef struct rgm_inspect_options {
    const rgm_dataset *set; /* open until the inspection is freed */
    rgm_device *device;
    const char *checkpoint;   /* a model that is asked: a file, or a run folder. NULL: none */
    int32_t folds;            /* instead, networks are trained and asked: folds.h. 0: none */
    int32_t repeats;          /* of these: so many times, each with other folds. 0: once */
    const rgm_config *config; /* of these, as rgm_folds_config() makes it */
    int64_t near_most; /* near duplicates are sought among so many images, evenly spread: pairs grow with the square of
                          them. 0: among all. Exact ones are always found */
    rgm_stop stop;
    void (*begin)(void *context, const char *what, int64_t total); /* of a part of the work; NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* in it; NULL: not told */
    void *context;                                                 /* of both */
} rgm_inspect_options;

/* Fills *inspection, which is to be freed whatever is returned. RGM_E_NOMEM, RGM_E_IO, RGM_E_INTERRUPTED, and errors
 * of rgm_model_says(). [main] */
rgm_status rgm_inspect(const rgm_inspect_options *options, rgm_inspection *inspection, rgm_error *err);

#endif
