/* Models of the library, for its other files and for the command line. */
#ifndef RGM_LIBRARY_MODEL_H
#define RGM_LIBRARY_MODEL_H

#include "library/inside.h"

/* A model over a predictor, which is the model's from here on; destroyed on failure. RGM_E_NOMEM. */
rgm_status rgm_public_model(regimen_model **model, regimen_machine *machine, rgm_predictor *predictor, rgm_error *err);

/* The checkpoint that `given` stands for: itself, or of a run folder best.h5, or last.h5 if no evaluation has chosen a
 * best. RGM_E_USAGE if the folder has neither, or the path is too long. */
rgm_status rgm_public_checkpoint(const char *given, char path[RGM_RUNFOLDER_PATH], rgm_error *err);

#endif
