/* Instances: a component with its parameters, in memory of the host. */
#include "plug/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plug/fpstate.h"

static size_t memory_bytes(const rgm_component *component) { /* a multiple of 64, at least 64 */
    return ((size_t)component->instance_size / 64 + 1) * 64;
}

/* "line 3, column 5: " in front, if the spec says where it stands. */
static rgm_status at_place(int32_t line, int32_t column, rgm_error *err) {
    if (line > 0) rgm_fail_in(err, "line %d, column %d", line, column);
    return RGM_E_USAGE;
}

static rgm_status unknown_setting(const rgm_component *c, const rgm_setting *s, rgm_error *err) {
    const char *keys[RGM_SPEC_SETTINGS];
    for (uint32_t i = 0; i < c->param_count; i++) keys[i] = c->params[i].key;
    const char *nearest = rgm_text_nearest(s->key, keys, c->param_count);
    const char *kind = rgm_kind_name((int32_t)c->kind);
    if (nearest)
        rgm_fail(err, RGM_E_USAGE, "%s %s: unknown parameter '%s' (nearest: '%s')", kind, c->name, s->key, nearest);
    else if (c->param_count == 0)
        rgm_fail(err, RGM_E_USAGE, "%s %s: unknown parameter '%s' (it has none)", kind, c->name, s->key);
    else
        rgm_fail(err, RGM_E_USAGE, "%s %s: unknown parameter '%s'", kind, c->name, s->key);
    return at_place(s->key_line, s->key_column, err);
}

static rgm_status apply_setting(const rgm_component *c, const rgm_setting *s, void *memory, rgm_error *err) {
    for (uint32_t i = 0; i < c->param_count; i++) {
        if (strcmp(c->params[i].key, s->key) != 0) continue;
        if (rgm_param_set(&c->params[i], s->value, memory, err) == RGM_OK) return RGM_OK;
        rgm_fail_in(err, "%s %s: %s", rgm_kind_name((int32_t)c->kind), c->name, s->key);
        return at_place(s->line, s->column, err);
    }
    return unknown_setting(c, s, err);
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
    it->memory = aligned_alloc(64, memory_bytes(c));
    it->pristine = aligned_alloc(64, memory_bytes(c));
    if (!it->memory || !it->pristine) {
        status = rgm_fail(err, RGM_E_NOMEM, "no memory for %s %s", rgm_kind_name(kind), spec->name);
        goto fail;
    }
    memset(it->pristine, 0, memory_bytes(c));
    rgm_params_defaults(c, it->pristine);
    for (int32_t i = 0; i < spec->count; i++)
        RGM_TRY_OR_FAIL(status, apply_setting(c, &spec->settings[i], it->pristine, err));
    memcpy(it->memory, it->pristine, memory_bytes(c));
    *instance = it;
    return RGM_OK;
fail:
    rgm_instance_destroy(it);
    return status;
}

void rgm_instance_destroy(rgm_instance *instance) {
    if (!instance) return;
    free(instance->memory);
    free(instance->pristine);
    free(instance);
}

static rgm_status ask_scratch(rgm_instance *it, const rgm_life *life, rgm_error *err) {
    uint32_t fp = rgm_fp_get();
    uint64_t bytes = life->scratch ? life->scratch(it->memory, it->model) : 0;
    rgm_fp_restore(fp);
    if (bytes > (uint64_t)1 << 32)
        return rgm_fail(err, RGM_E_PLUGIN, "%s %s: asks for %llu bytes of scratch, expected at most 4 GiB",
                        rgm_kind_name(rgm_instance_kind(it)), rgm_instance_name(it), (unsigned long long)bytes);
    it->scratch_bytes = (size_t)bytes;
    return RGM_OK;
}

rgm_status rgm_instance_prepare(rgm_instance *instance, const rgm_model_info *model, const rgm_clock *clock,
                                rgm_error *err) {
    const rgm_component *c = instance->listed->component;
    instance->model = model;
    memcpy(instance->memory, instance->pristine, memory_bytes(c));
    if (!c->life) return RGM_OK;
    if (c->life->prepare) {
        rgm_plug_call context;
        rgm_plug_call_init(&context, instance, clock, NULL, NULL);
        uint32_t fp = rgm_fp_get();
        int32_t result = c->life->prepare(&context.call, instance->memory, model);
        rgm_fp_restore(fp);
        if (result < 0)
            return rgm_fail(err, RGM_E_USAGE, "%s %s: %s", rgm_kind_name((int32_t)c->kind), c->name,
                            context.text[0] ? context.text : "refused its parameters");
    }
    return ask_scratch(instance, c->life, err);
}

const char *rgm_instance_name(const rgm_instance *instance) { return instance->listed->component->name; }

int32_t rgm_instance_kind(const rgm_instance *instance) { return (int32_t)instance->listed->component->kind; }

const rgm_listed *rgm_instance_listed(const rgm_instance *instance) { return instance->listed; }

int32_t rgm_instance_scope(const rgm_instance *instance) { return (int32_t)instance->listed->component->scope; }

uint32_t rgm_instance_flags(const rgm_instance *instance) { return instance->listed->component->flags; }

size_t rgm_instance_scratch_bytes(const rgm_instance *instance) { return instance->scratch_bytes; }

/* The head is the first member of every kind's struct, and of the union. */
const rgm_any_component *rgm_instance_any(const rgm_instance *instance) {
    return (const rgm_any_component *)(const void *)instance->listed->component;
}

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
    if (!life || !life->save) return 0;
    uint32_t fp = rgm_fp_get();
    uint64_t saved = life->save(instance->memory, out, bytes);
    rgm_fp_restore(fp);
    return saved;
}

size_t rgm_instance_state_bytes(const rgm_instance *instance) { return (size_t)save(instance, NULL, 0); }

rgm_status rgm_instance_save(const rgm_instance *instance, void *out, size_t bytes, rgm_error *err) {
    if (save(instance, out, bytes) != bytes)
        return rgm_fail(err, RGM_E_PLUGIN, "%s %s: its state is not of the %zu bytes that it said",
                        rgm_kind_name(rgm_instance_kind(instance)), rgm_instance_name(instance), bytes);
    return RGM_OK;
}

rgm_status rgm_instance_load(rgm_instance *instance, const void *in, size_t bytes, rgm_error *err) {
    const rgm_component *c = instance->listed->component;
    if (!c->life || !c->life->load) {
        if (bytes == 0) return RGM_OK;
        return rgm_fail(err, RGM_E_FORMAT, "%s %s: has no state, found %zu bytes", rgm_kind_name((int32_t)c->kind),
                        c->name, bytes);
    }
    static const rgm_clock start = {
        .size = sizeof start, .epochs = 1, .batch = 1, .steps_per_epoch = 1, .steps_total = 1};
    rgm_plug_call context;
    rgm_plug_call_init(&context, instance, &start, NULL, NULL);
    uint32_t fp = rgm_fp_get();
    int32_t result = c->life->load(&context.call, instance->memory, in, bytes);
    rgm_fp_restore(fp);
    if (result < 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s %s: %s", rgm_kind_name((int32_t)c->kind), c->name,
                        context.text[0] ? context.text : "refused its saved state");
    return RGM_OK;
}
