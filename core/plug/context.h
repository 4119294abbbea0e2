/* What a plugin's function gets besides its data: clock, draws, scratch, and room for what it says.
 *
 * One context serves many calls, one after the other. Workers have one each.
 */
#ifndef RGM_PLUG_CONTEXT_H
#define RGM_PLUG_CONTEXT_H

#include "base/rng.h"
#include "plug/instance.h"

/* The context of calls to one instance: lives on the caller's stack or in its arena. */
typedef struct rgm_plug_call {
    rgm_call call; /* first */
    const rgm_instance *instance;
    char text[320];
} rgm_plug_call;

/* Fills the context. `clock` stays the caller's and must outlive the calls. `key` gives the draws: seed, stream
 * (RGM_STREAM(purpose, instance)), epoch, sample; NULL: all 0. `scratch`: rgm_instance_scratch_bytes(), 64-byte
 * aligned; may be NULL if that is 0, and for calls tagged [main], which use the instance's own. To go to another
 * sample, set call.key.sample. [any] */
void rgm_plug_call_init(rgm_plug_call *context, const rgm_instance *instance, const rgm_clock *clock,
                        const rgm_rng *key, void *scratch);

#endif
