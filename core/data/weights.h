/* Weights in a foreign HDF5 file: floats in a group "model", which train/checkpoint reads. */
#ifndef RGM_DATA_WEIGHTS_H
#define RGM_DATA_WEIGHTS_H

#include "data/rehearsal.h"

enum { RGM_WEIGHTS_CHUNK = 1 << 26 }; /* elements of a chunk; larger ones are not read */

/* What an HDF5 file must not make the library fall over: every call that the reading of these tensors makes. If there
 * are none: every call on an opened file and its group. RGM_OK also for what the reading refuses: it says so in its own
 * words. Inside the HDF5 lock. */
rgm_status rgm_weights_rehearse(const rgm_input *input, const rgm_wanted *wanted, int32_t count, rgm_error *err);

#endif
