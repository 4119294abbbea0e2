/* Near duplicates: images that are others moved, mirrored, scaled, made brighter or darker, or compressed again; within
 * splits and across them.
 *
 *     rgm_near_create(&near, images, &options, &err);     learns from a sample (sketch.h)
 *     rgm_near_look(near, look, worker);                  of each image, in a walk
 *     rgm_near_find(near, of, &findings, &err);           all pairs (pairs.h), then pixels (align.h)
 *     rgm_near_destroy(near);
 *
 * Of what an image is compared to, some are kept for the splits before its own. So a series in one split hides no leak.
 *
 * Memory is 129 bytes an image, and 44 more while they are compared.
 */
#ifndef RGM_INSPECT_NEAR_H
#define RGM_INSPECT_NEAR_H

#include "inspect/images.h"
#include "report/findings.h"

typedef struct rgm_near rgm_near;

typedef struct rgm_near_options {
    const rgm_device *device;
    rgm_stop stop;
    void (*begin)(void *context, const char *what, int64_t total); /* [main]; NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* [main]; NULL: not told */
    void *context;
} rgm_near_options;

/* `images` outlives it. RGM_E_NOMEM, errors of rgm_images_each(). [main] */
rgm_status rgm_near_create(rgm_near **near, rgm_images *images, const rgm_near_options *options, rgm_error *err);
void rgm_near_destroy(rgm_near *near); /* NULL is fine */

/* Takes an image's sketch. [worker] */
void rgm_near_look(rgm_near *near, const rgm_look *look, int32_t worker);

/* Adds a finding for each image that is nearly one before it. It is a near leak if that one is of another split, else a
 * near duplicate. A conflict stands beside it if the labels differ. of[i]: the first image with the same pixels as i
 * (exact.h), or -1 to leave it out: only first ones are compared. Each finding names an image to which it was compared
 * by pixels: its group's first wherever that is near enough. Errors of rgm_images_get(), RGM_E_NOMEM,
 * RGM_E_INTERRUPTED. [main] */
rgm_status rgm_near_find(rgm_near *near, const int64_t *of, rgm_findings *findings, rgm_error *err);

#endif
