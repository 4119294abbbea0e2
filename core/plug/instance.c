/* Instances: a component with its parameters, in memory of the host. */
#include "plug/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plug/border.h"
#include "plug/context.h"
#include "plug/instance_internal.h"
#include "plug/params.h"

static const char *file_of(const rgm_instance *it) { return rgm_listed_file(it->listed); }

static size_t memory_bytes(const rgm_component *component) { /* a multiple of 64, at least 64 */
    return ((size_t)component->instance_size / 64 + 1) * 64;
}

/* The fault is where the spec says that it stands; of which file, the caller knows. */
static rgm_status at_place(int32_t line, int32_t column, rgm_error *err) {
    if (line > 0) rgm_error_at(err, NULL, line, column);
    return RGM_E_USAGE;
}

/* With the plugin's version: an older or newer one may have the parameter. */
static rgm_status unknown_setting(const rgm_listed *listed, const rgm_setting *s, rgm_error *err) {
    const rgm_component *c = listed->component;
    const char *keys[RGM_SPEC_SETTINGS];
    for (uint32_t i = 0; i < c->param_count; i++) keys[i] = c->params[i].key;
    const char *nearest = rgm_text_nearest(s->key, keys, c->param_count);
    char hint[80] = "";
    if (nearest) snprintf(hint, sizeof hint, " (nearest: '%s')", nearest);
    if (c->param_count == 0) snprintf(hint, sizeof hint, " (it has none)");
    rgm_fail(err, RGM_E_USAGE, "%s %s: unknown parameter '%s'%s in %s, version %s", rgm_kind_name((int32_t)c->kind),
             c->name, s->key, hint, rgm_listed_file(listed), listed->plugin->version);
    return at_place(s->key_line, s->key_column, err);
}

/* Parameters are numbers and texts. A flat list reaches one as "a,b"; other lists and mappings are for none. */
static rgm_status set_parameter(const rgm_parameter *p, const rgm_spec *spec, const rgm_setting *s, void *memory,
                                rgm_error *err) {
    char joined[RGM_SPEC_VALUE], range[256];
    if (!s->tree) return rgm_param_set(p, s->value, memory, err);
    if (rgm_value_join(spec, s->tree, joined)) return rgm_param_set(p, joined, memory, err);
    rgm_param_range(p, range, sizeof range);
    return rgm_fail(err, RGM_E_USAGE, "expected %s, found a %s", range,
                    spec->values[s->tree].kind == RGM_VALUE_MAP ? "mapping" : "list");
}

static rgm_status apply_setting(const rgm_listed *listed, const rgm_spec *spec, const rgm_setting *s, void *memory,
                                rgm_error *err) {
    const rgm_component *c = listed->component;
    for (uint32_t i = 0; i < c->param_count; i++) {
        if (strcmp(c->params[i].key, s->key) != 0) continue;
        if (set_parameter(&c->params[i], spec, s, memory, err) == RGM_OK) return RGM_OK;
        rgm_fail_in(err, "%s %s: %s", rgm_kind_name((int32_t)c->kind), c->name, s->key);
        return at_place(s->line, s->column, err);
    }
    return unknown_setting(listed, s, err);
}

rgm_status rgm_instance_create(rgm_instance **instance, const rgm_registry *registry, int32_t kind,
                               const rgm_spec *spec, rgm_error *err) {
    rgm_status status = RGM_OK;
    *instance = NULL;
    rgm_instance *it = calloc(1, sizeof *it);
    if (!it) return rgm_fail(err, RGM_E_NOMEM, "no memory for %s %s", rgm_kind_name(kind), spec->name);
    status = rgm_registry_find(registry, kind, spec->name, &it->listed, err);
    if (status < 0) {
        at_place(spec->line, spec->column, err);
        goto fail;
    }
    const rgm_component *c = it->listed->component;
    it->host = rgm_registry_host(registry);
    it->kernels = rgm_registry_kernels(registry);
    it->memory = aligned_alloc(64, memory_bytes(c));
    it->pristine = aligned_alloc(64, memory_bytes(c));
    if (!it->memory || !it->pristine) {
        status = rgm_fail(err, RGM_E_NOMEM, "no memory for %s %s", rgm_kind_name(kind), spec->name);
        goto fail;
    }
    memset(it->pristine, 0, memory_bytes(c));
    rgm_params_defaults(c, it->pristine);
    for (int32_t i = 0; i < spec->count; i++)
        RGM_TRY_OR_FAIL(status, apply_setting(it->listed, spec, &spec->settings[i], it->pristine, err));
    memcpy(it->memory, it->pristine, memory_bytes(c));
    *instance = it;
    return RGM_OK;
fail:
    rgm_instance_destroy(it);
    return status;
}

void rgm_instance_destroy(rgm_instance *instance) {
    if (!instance) return;
    free(instance->scratch);
    free(instance->memory);
    free(instance->pristine);
    free(instance);
}

static rgm_status ask_scratch(rgm_instance *it, const rgm_life *life, rgm_error *err) {
    rgm_border border;
    if (!life->scratch) return RGM_OK;
    rgm_border_enter(&border, it, "scratch");
    uint64_t bytes = life->scratch(it->memory, it->model);
    rgm_border_leave(&border);
    if (bytes > (uint64_t)1 << 32)
        return rgm_fail(err, RGM_E_PLUGIN, "%s %s: asks for %llu bytes of scratch, expected at most 4 GiB",
                        rgm_kind_name(rgm_instance_kind(it)), rgm_instance_name(it), (unsigned long long)bytes);
    it->scratch_bytes = (size_t)bytes;
    return RGM_OK;
}

/* Does the component have a [main] function that gets a call, besides prepare, which comes before there is scratch? */
static int32_t called_from_main(const rgm_instance *it) {
    const rgm_any_component *any = rgm_instance_any(it);
    if (any->head.life && any->head.life->load) return 1;
    return any->head.kind == RGM_SCHEDULER ||
           (any->head.kind == RGM_AUGMENTATION && (any->augmentation.output || any->augmentation.evaluation));
}

/* The scratch of [main] calls; those of workers bring their own. */
static rgm_status take_scratch(rgm_instance *it, rgm_error *err) {
    if (it->scratch_bytes == 0 || !called_from_main(it)) return RGM_OK;
    it->scratch = aligned_alloc(64, (it->scratch_bytes + 63) / 64 * 64);
    if (it->scratch) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "%s %s: no memory for its %zu bytes of scratch",
                    rgm_kind_name(rgm_instance_kind(it)), rgm_instance_name(it), it->scratch_bytes);
}

static rgm_status call_prepare(rgm_instance *it, const rgm_clock *clock, rgm_error *err) {
    const rgm_component *c = it->listed->component;
    rgm_plug_call context;
    rgm_border border;
    if (!c->life->prepare) return RGM_OK;
    rgm_plug_call_init(&context, it, clock, NULL, NULL);
    rgm_border_enter(&border, it, "prepare");
    int32_t result = c->life->prepare(&context.call, it->memory, it->model);
    rgm_border_leave(&border);
    if (result == RGM_DONE) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s %s: %s", rgm_kind_name((int32_t)c->kind), c->name,
                    context.text[0] ? context.text : "refused its parameters");
}

/* How many slots an optimizer uses depends on its parameters. */
static rgm_status check_slots_used(const rgm_instance *it, rgm_error *err) {
    const rgm_optimizer *o = &rgm_instance_any(it)->optimizer;
    rgm_border border;
    if (rgm_instance_kind(it) != RGM_OPTIMIZER || !o->slots_used) return RGM_OK;
    rgm_border_enter(&border, it, "slots_used");
    uint32_t used = o->slots_used(it->memory);
    rgm_border_leave(&border);
    if (used <= o->slot_count) return RGM_OK;
    return rgm_fail(err, RGM_E_PLUGIN, "optimizer %s (%s): uses %u slots, but has %u", rgm_instance_name(it),
                    file_of(it), used, o->slot_count);
}

rgm_status rgm_instance_prepare(rgm_instance *instance, const rgm_model_info *model, const rgm_clock *clock,
                                rgm_error *err) {
    const rgm_component *c = instance->listed->component;
    free(instance->scratch);
    instance->scratch = NULL;
    instance->scratch_bytes = 0;
    instance->model = model;
    instance->clock = *clock;
    memcpy(instance->memory, instance->pristine, memory_bytes(c));
    if (c->life) {
        RGM_TRY(call_prepare(instance, clock, err));
        RGM_TRY(ask_scratch(instance, c->life, err));
        RGM_TRY(take_scratch(instance, err));
    }
    return check_slots_used(instance, err);
}

const char *rgm_instance_name(const rgm_instance *instance) { return instance->listed->component->name; }

int32_t rgm_instance_kind(const rgm_instance *instance) { return (int32_t)instance->listed->component->kind; }

const rgm_listed *rgm_instance_listed(const rgm_instance *instance) { return instance->listed; }

int32_t rgm_instance_scope(const rgm_instance *instance) { return (int32_t)instance->listed->component->scope; }

uint32_t rgm_instance_flags(const rgm_instance *instance) { return instance->listed->component->flags; }

size_t rgm_instance_scratch_bytes(const rgm_instance *instance) { return instance->scratch_bytes; }

void rgm_instance_spec(const rgm_instance *instance, rgm_spec *out) {
    const rgm_component *c = instance->listed->component;
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", c->name);
    for (uint32_t i = 0; i < c->param_count; i++) {
        rgm_setting *s = &out->settings[out->count++];
        snprintf(s->key, sizeof s->key, "%s", c->params[i].key);
        rgm_param_print(&c->params[i], instance->pristine, s->value, sizeof s->value);
    }
}

/* ---- private state ---- */

static uint64_t save(const rgm_instance *instance, void *out, size_t bytes) {
    const rgm_life *life = instance->listed->component->life;
    rgm_border border;
    if (!life || !life->save) return 0;
    rgm_border_enter(&border, instance, "save");
    uint64_t saved = life->save(instance->memory, out, bytes);
    rgm_border_leave(&border);
    return saved;
}

size_t rgm_instance_state_bytes(const rgm_instance *instance) {
    uint64_t bytes = save(instance, NULL, 0);
    return bytes <= RGM_INSTANCE_STATE ? (size_t)bytes : (size_t)RGM_INSTANCE_STATE + 1;
}

rgm_status rgm_instance_save(const rgm_instance *instance, void *out, size_t bytes, rgm_error *err) {
    const char *kind = rgm_kind_name(rgm_instance_kind(instance)), *name = rgm_instance_name(instance);
    uint64_t saved = save(instance, out, bytes);
    if (saved > RGM_INSTANCE_STATE)
        return rgm_fail(err, RGM_E_PLUGIN, "%s %s (%s): its state has %llu bytes, expected at most %d", kind, name,
                        file_of(instance), (unsigned long long)saved, RGM_INSTANCE_STATE);
    if (saved == bytes) return RGM_OK;
    return rgm_fail(err, RGM_E_PLUGIN, "%s %s (%s): save has %llu bytes of state, expected the %zu that it said", kind,
                    name, file_of(instance), (unsigned long long)saved, bytes);
}

static int32_t call_load(rgm_plug_call *context, rgm_instance *instance, const void *in, size_t bytes) {
    rgm_border border;
    rgm_plug_call_init(context, instance, &instance->clock, NULL, instance->scratch);
    rgm_border_enter(&border, instance, "load");
    int32_t result = instance->listed->component->life->load(&context->call, instance->memory, in, bytes);
    rgm_border_leave(&border);
    return result;
}

rgm_status rgm_instance_load(rgm_instance *instance, const void *in, size_t bytes, rgm_error *err) {
    const rgm_component *c = instance->listed->component;
    const char *kind = rgm_kind_name((int32_t)c->kind), *version = instance->listed->plugin->version;
    if (bytes == 0) return RGM_OK;
    if (!c->life || !c->life->load)
        return rgm_fail(err, RGM_E_FORMAT, "%s %s (%s, version %s): has no state, found one of %zu bytes", kind,
                        c->name, file_of(instance), version, bytes);
    rgm_plug_call context;
    if (call_load(&context, instance, in, bytes) == RGM_DONE) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s %s (%s, version %s): does not take its saved state of %zu bytes: %s", kind,
                    c->name, file_of(instance), version, bytes, context.text[0] ? context.text : "it did not say why");
}
