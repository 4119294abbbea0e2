/* bench pipeline: how fast images become batches, each part of it alone, all of it together, and as a share of a step.
 *
 *     read       the images of a batch, in the order of an epoch, copied out of the mapped file
 *     crop, ...  each augmentation of the chain, on images in memory
 *     pack       images in memory, normalised into the network's input layout
 *     together   the phase of data/batch.h, as training runs it
 *     step       whole training steps; the profile says how long their own batch phase takes
 *
 * A set that is not mapped has no part "read": a thread of its own reads it ahead.
 */
#ifndef RGM_BENCH_PIPELINE_H
#define RGM_BENCH_PIPELINE_H

#include "bench/measure.h"
#include "train/session.h"

/* Measures with the session's data, chain and batch and prints the result, as text or as JSON (rgm_json_leaves_text).
 * [main] */
rgm_status rgm_bench_pipeline(const rgm_session *session, const rgm_effort *effort, const char *json, rgm_error *err);

#endif
