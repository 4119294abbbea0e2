/* A data set of random images in a temporary file: what benches train on when they are given none. So packing from the
 * map is part of a step as it is in training. */
#ifndef RGM_BENCH_RANDOM_SET_H
#define RGM_BENCH_RANDOM_SET_H

#include "train/config.h"

/* Writes four batches into TMPDIR, for the configuration's image (1x28x28 if none is given) and classes (10). Completes
 * the configuration: data.file, model.image, model.classes, no validation split. The caller removes the file, as soon
 * as the session has opened it. On failure none is left. */
rgm_status rgm_random_set(rgm_config *config, rgm_error *err);

#endif
