/* The configuration of an earlier run: of its folder, to go on with it, or of its checkpoint, to evaluate or predict.
 */
#ifndef RGM_RUN_EARLIER_H
#define RGM_RUN_EARLIER_H

#include "train/config.h"
#include "train/constants.h"

/* The configuration of a run that is to go on: of its folder, which becomes config->out. The caller may change what
 * does not decide its bits. RGM_E_IO, RGM_E_USAGE if no run is there. */
rgm_status rgm_run_config_of_folder(const char *folder, rgm_config *config, rgm_error *err);

/* The configuration of the run that wrote a checkpoint, which becomes config->checkpoint, and the model's constants, to
 * be freed by rgm_constants_free(). Plugins of files are left out: a file that came from elsewhere does not choose what
 * code is loaded. */
rgm_status rgm_run_config_of_checkpoint(const char *path, const rgm_stop *stop, rgm_config *config,
                                        rgm_constants *model, rgm_error *err);

#endif
