/* Winograd with many channels: a stage of tiles is transformed first. A chunk is a pair of output blocks, whose filters
 * are made in scratch, multiplied with the stage's tiles, and transformed back.
 */
#ifndef RGM_CONV_WINOGRAD_MANY_H
#define RGM_CONV_WINOGRAD_MANY_H

#include "conv/winograd_pass.h"

/* Sets the pass's sizes and appends its phases, of which the last is named `what`. RGM_E_NOMEM. */
rgm_status rgm_winograd_plan_many(const rgm_conv_site *site, rgm_wino_pass *pass, const char *what, rgm_source x,
                                  const rgm_store *store, rgm_error *err);

#endif
