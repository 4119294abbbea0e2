/* The host table: what plugins may call. */
#ifndef RGM_PLUG_HOST_H
#define RGM_PLUG_HOST_H

#include <regimen/plugin.h>
#include "kernels/kernels.h"

/* Fills the table; tensor functions are those of `kernels`. */
void rgm_host_fill(rgm_host *host, const rgm_kernels *kernels);

/* The window becomes all of out; scratch as rgm_resize_scratch() says. [worker] */
void rgm_host_resize(const rgm_kernels *kernels, const rgm_image *in, const rgm_window *window, rgm_image *out,
                     void *scratch);

/* Is the window finite, inside of the sample, and at least a pixel high and wide? */
int32_t rgm_window_inside(const rgm_window *window, const rgm_image *sample);

#endif
