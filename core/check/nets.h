/* The nets that checks of a net and its start share: the configured one, and its twin, whose weights start as they do
 * by default. Both see the same images. */
#ifndef RGM_CHECK_NETS_H
#define RGM_CHECK_NETS_H

#include "check/checks.h"
#include "check/specimen.h"

/* Images of a batch: as many as take RGM_NET_FLOPS in a training step, in these bounds. */
enum { RGM_NET_LEAST = 4, RGM_NET_MOST = 32 };
#define RGM_NET_FLOPS 1.5e10

/* At its first values, with the first batch. What was changed in it before is put back. The twin has no dropout. [main]
 */
rgm_status rgm_checking_net(rgm_checking *c, rgm_specimen **own, rgm_error *err);
rgm_status rgm_checking_twin(rgm_checking *c, rgm_specimen **twin, rgm_error *err);

/* The default of `init`, the caller's to free. */
rgm_status rgm_default_init(char **text, rgm_error *err);

#endif
