#include "plug/context.h"

#include "plug/instance_internal.h"

void rgm_plug_call_init(rgm_plug_call *context, const rgm_instance *instance, const rgm_clock *clock,
                        const rgm_rng *key, void *scratch) {
    context->instance = instance;
    context->text[0] = '\0';
    context->call = (rgm_call){.size = sizeof context->call,
                               .host = instance->host,
                               .clock = clock,
                               .scratch = scratch,
                               .scratch_bytes = scratch ? instance->scratch_bytes : 0,
                               .error = context->text,
                               .error_bytes = sizeof context->text,
                               .host_data = context,
                               .model = instance->model};
    if (key)
        context->call.key =
            (rgm_key){.seed = key->seed, .stream = key->stream, .epoch = key->epoch, .sample = key->sample};
}
