/* Winograd with few channels: all filters are transformed first. A chunk is a span of tiles, which are transformed,
 * multiplied and transformed back in a worker's scratch.
 */
#ifndef RGM_CONV_WINOGRAD_FEW_H
#define RGM_CONV_WINOGRAD_FEW_H

#include "conv/winograd_pass.h"

/* Sets the pass's sizes and appends its phases, of which the last is named `what`. RGM_E_NOMEM. */
rgm_status rgm_winograd_plan_few(const rgm_conv_site *site, rgm_wino_pass *pass, const char *what, rgm_source x,
                                 const rgm_store *store, rgm_error *err);

#endif
