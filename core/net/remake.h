/* What is made again in the backward pass: internal to core/net.
 *
 * An output that had to be written in the forward pass, is large, and can be made again by one pass over what is kept
 * anyway (rgm_op.remakes) is not kept for the backward pass: the first operation that reads it there finds it in a new
 * buffer, and so do the others.
 */
#ifndef RGM_NET_REMAKE_H
#define RGM_NET_REMAKE_H

#include "net/op.h"

/* Before a node's backward phases are planned: has its input made again, if that is to be. */
rgm_status rgm_remake_input(rgm_plan *plan, int32_t node, rgm_error *err);

#endif
