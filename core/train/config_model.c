/* Defaults that suit the model. Those of the table are made for the ResNets. */
#include "train/config_internal.h"

#include <string.h>

/* docs/CONFIG.md says how they were found. */
static const rgm_model_default defaults[] = {
    {"linear", "augment", "[]"},
    {"linear", "optimizer", "{sgd: {lr: 0.03, momentum: 0.9, nesterov: true}}"},
    {"linear", "clip_norm", "1"},
    {"mlp", "augment", "[]"},
    {"mlp", "optimizer", "{sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}"},
    {"mlp", "clip_norm", "1"},
};
enum { DEFAULTS = sizeof defaults / sizeof defaults[0] };

const rgm_model_default *rgm_model_defaults(size_t *count) {
    *count = DEFAULTS;
    return defaults;
}

void rgm_spec_mark_usual(rgm_spec *spec) {
    for (int32_t i = 0; i < spec->count; i++) spec->settings[i].usual = 1;
}

/* Options that nobody has given, as `name` has them; another model's defaults may be there. */
static rgm_status suit(rgm_config *config, const char *name, rgm_error *err) {
    const uint64_t given = config->given;
    for (size_t i = 0; i < DEFAULTS; i++) {
        const char *key = defaults[i].key;
        if (!rgm_config_given(config, key)) RGM_TRY(rgm_config_set(config, key, rgm_config_option(key)->fallback, err));
        config->given = given;
    }
    for (size_t i = 0; i < DEFAULTS; i++)
        if (strcmp(defaults[i].model, name) == 0 && !rgm_config_given(config, defaults[i].key))
            RGM_TRY(rgm_config_set(config, defaults[i].key, defaults[i].value, err));
    config->given = given;
    if (!rgm_config_given(config, "optimizer")) rgm_spec_mark_usual(&config->optimizer);
    return RGM_OK;
}

rgm_status rgm_config_suit(rgm_config *config, const char *name, rgm_error *err) {
    uint64_t given = config->given;
    RGM_TRY(suit(config, name, err));
    config->given = given;
    return RGM_OK;
}
