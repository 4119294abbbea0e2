/* Phases that follow one another image by image.
 *
 * In evaluation, phases with as many chunks of whole images each become one phase of several steps. A worker takes its
 * images through all of them, and finds in its cache what it has just stored. As one phase, so that none of its buffers
 * makes room for another (values.h has what may share a buffer there).
 */
#ifndef RGM_PLAN_IMAGES_H
#define RGM_PLAN_IMAGES_H

#include "plan/build.h"

/* Like rgm_plan_phase(), of phases whose chunk i reads and writes, of everything that has images, those of
 * rgm_range_part(batch, chunks, i) only. In evaluation, one that follows another with as many chunks becomes a step of
 * that phase. */
rgm_status rgm_plan_phase_images(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, rgm_error *err);

/* The forward phase that most operations have: like rgm_plan_phase_images(), the first input in (*x_slot), the output
 * out (*y_slot). */
rgm_status rgm_plan_forward_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, void *x_slot, void *y_slot,
                                  rgm_error *err);

#endif
