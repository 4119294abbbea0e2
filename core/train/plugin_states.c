#include "train/plugin_states.h"

#include <stdlib.h>
#include "plug/validate.h"

_Static_assert(sizeof((rgm_plugin_state *)0)->label == RGM_COMPONENT_LABEL, "a state's label is its component's");
_Static_assert((int)RGM_CHECKPOINT_STATE == (int)RGM_INSTANCE_STATE, "checkpoints take what instances save");
_Static_assert((int)RGM_CHECKPOINT_SLOTS >= (int)RGM_PLUG_SLOTS, "checkpoints take the slots of any optimizer");
_Static_assert((int)RGM_CHECKPOINT_PLUGINS >= (int)RGM_COMPONENTS, "checkpoints take a state of each component");

void rgm_plugin_states_label(const rgm_components *c, rgm_state *state) {
    for (int32_t i = 0; i < RGM_COMPONENTS; i++)
        if (c->all[i] && rgm_component_has_state(c->all[i]))
            rgm_component_label(c, i, state->plugin[state->plugin_count++].label);
}

static rgm_status save(const rgm_instance *instance, rgm_plugin_state *state, rgm_error *err) {
    state->bytes = rgm_instance_state_bytes(instance);
    if (state->bytes > RGM_CHECKPOINT_STATE)
        return rgm_fail(err, RGM_E_PLUGIN, "%s: its state is larger than %d bytes, which is not kept", state->label,
                        RGM_CHECKPOINT_STATE);
    state->data = malloc(state->bytes ? state->bytes : 1);
    if (!state->data) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    return state->bytes ? rgm_instance_save(instance, state->data, state->bytes, err) : RGM_OK;
}

rgm_status rgm_plugin_states_save(const rgm_components *c, rgm_state *state, rgm_error *err) {
    rgm_plugin_states_label(c, state);
    for (int32_t i = 0; i < state->plugin_count; i++)
        RGM_TRY(save(rgm_component_labelled(c, state->plugin[i].label), &state->plugin[i], err));
    return RGM_OK;
}

rgm_status rgm_plugin_states_load(const rgm_components *c, const rgm_state *state, rgm_error *err) {
    for (int32_t i = 0; i < state->plugin_count; i++) {
        const rgm_plugin_state *p = &state->plugin[i];
        if (p->bytes) RGM_TRY(rgm_instance_load(rgm_component_labelled(c, p->label), p->data, p->bytes, err));
    }
    return RGM_OK;
}

rgm_status rgm_plugin_states_restore(const rgm_session *session, const rgm_state *state, rgm_error *err) {
    const rgm_model *model = session->model;
    rgm_clock clock = rgm_session_clock(session, 0);
    for (int32_t i = 0; i < state->plugin_count; i++) {
        rgm_instance *instance = rgm_component_labelled(&model->components, state->plugin[i].label);
        if (!state->plugin[i].bytes) RGM_TRY(rgm_instance_prepare(instance, &model->info, &clock, err));
    }
    return rgm_plugin_states_load(&model->components, state, err);
}

void rgm_plugin_states_free(rgm_state *state) {
    for (int32_t i = 0; i < state->plugin_count; i++) free(state->plugin[i].data);
    state->plugin_count = 0;
}
