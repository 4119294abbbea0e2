/* Configurations of the library, for the command line. */
#ifndef RGM_LIBRARY_CONFIGURATION_H
#define RGM_LIBRARY_CONFIGURATION_H

#include "library/inside.h"

/* As regimen_config_read() of a checkpoint, whatever the file looks like: what is none is told as such. */
rgm_status rgm_public_read_checkpoint(regimen_config *config, const char *path, const rgm_stop *stop, rgm_error *err);

#endif
