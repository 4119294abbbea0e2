/* The host table: what plugins may call. */
#ifndef RGM_PLUG_HOST_H
#define RGM_PLUG_HOST_H

#include <regimen/plugin.h>
#include "kernels/kernels.h"

/* Fills the table; tensor functions are those of `kernels`. */
void rgm_host_fill(rgm_host *host, const rgm_kernels *kernels);

#endif
