/* Checks of a plugin's data, before any of its functions runs, and the completion of its structs to this host's size.
 */
#include "plug/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plug/names.h"
#include "plug/spec.h"

static int32_t name_valid(const char *name) {
    if (!name) return 0;
    size_t n = strnlen(name, RGM_SPEC_NAME);
    return n > 0 && n < RGM_SPEC_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* One line of text: not NULL, not empty, no control characters. */
static int32_t line_valid(const char *text) {
    if (!text || !*text) return 0;
    size_t n = 0;
    for (; text[n]; n++) {
        if (rgm_text_control(text + n) || n >= 512) return 0;
    }
    return 1;
}

/* ---- parameters ---- */

static int32_t whole(double x) { return fabs(x) <= 0x1p53 && x == floor(x); }

static rgm_status check_member(const rgm_parameter *p, uint32_t instance_size, rgm_error *err) {
    static const uint32_t bytes[] = {
        [RGM_TYPE_REAL] = 8, [RGM_TYPE_INTEGER] = 8, [RGM_TYPE_FLAG] = 4, [RGM_TYPE_CHOICE] = 4};
    if (p->type < RGM_TYPE_REAL || p->type > RGM_TYPE_TEXT)
        return rgm_fail(err, RGM_E_USAGE, "parameter %s has unknown type %d", p->key, p->type);
    if (p->flags != 0) return rgm_fail(err, RGM_E_USAGE, "parameter %s has unknown flags 0x%x", p->key, p->flags);
    if ((uint64_t)p->offset + p->bytes > instance_size)
        return rgm_fail(err, RGM_E_USAGE, "parameter %s lies outside the instance: bytes %u to %llu of %u", p->key,
                        p->offset, (unsigned long long)p->offset + p->bytes, instance_size);
    if (p->type == RGM_TYPE_TEXT) {
        if (p->bytes < 1 || p->bytes > RGM_SPEC_VALUE)
            return rgm_fail(err, RGM_E_USAGE,
                            "parameter %s has a text member of %u bytes, expected 1 to %d, as a configuration holds",
                            p->key, p->bytes, RGM_SPEC_VALUE);
    } else if (p->bytes != bytes[p->type] || p->offset % bytes[p->type] != 0) {
        return rgm_fail(err, RGM_E_USAGE, "parameter %s has a member of %u bytes at %u, expected %u, aligned", p->key,
                        p->bytes, p->offset, bytes[p->type]);
    }
    return RGM_OK;
}

static rgm_status check_choices(const rgm_parameter *p, rgm_error *err) {
    if (!p->choices) return rgm_fail(err, RGM_E_USAGE, "parameter %s has no choices", p->key);
    uint32_t n = 0;
    for (; n <= RGM_PLUG_CHOICES && p->choices[n]; n++) {
        if (!name_valid(p->choices[n]))
            return rgm_fail(err, RGM_E_USAGE, "parameter %s: choice %u is not a name of [a-z0-9_]", p->key, n);
        for (uint32_t i = 0; i < n; i++) {
            if (strcmp(p->choices[i], p->choices[n]) == 0)
                return rgm_fail(err, RGM_E_USAGE, "parameter %s: choice %s is there twice", p->key, p->choices[n]);
        }
    }
    if (n < 1 || n > RGM_PLUG_CHOICES || p->min != 0.0 || p->max != (double)n - 1.0)
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: %u choices do not fit the range %g to %g", p->key, n, p->min,
                        p->max);
    return RGM_OK;
}

static rgm_status check_text(const rgm_parameter *p, rgm_error *err) {
    if (!p->text || strnlen(p->text, p->bytes) >= p->bytes || (*p->text && !line_valid(p->text)))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: the default text is missing, too long or not one line",
                        p->key);
    return RGM_OK;
}

static rgm_status check_param(const rgm_parameter *p, uint32_t instance_size, rgm_error *err) {
    if (!line_valid(p->help)) return rgm_fail(err, RGM_E_USAGE, "parameter %s has no help", p->key);
    if (p->unit && *p->unit && !line_valid(p->unit))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: the unit is not one line", p->key);
    RGM_TRY(check_member(p, instance_size, err));
    if (p->type == RGM_TYPE_TEXT) return check_text(p, err);
    if (!isfinite(p->min) || !isfinite(p->max) || !isfinite(p->def))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: least, greatest or default value is not finite", p->key);
    if (!(p->min <= p->def && p->def <= p->max))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: default %g is outside %g to %g", p->key, p->def, p->min,
                        p->max);
    if (p->type != RGM_TYPE_REAL && !(whole(p->min) && whole(p->max) && whole(p->def)))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: least, greatest or default value is not a whole number",
                        p->key);
    if (p->type == RGM_TYPE_FLAG && (p->min != 0.0 || p->max != 1.0))
        return rgm_fail(err, RGM_E_USAGE, "parameter %s: a flag's range is 0 to 1", p->key);
    return p->type == RGM_TYPE_CHOICE ? check_choices(p, err) : RGM_OK;
}

static rgm_status check_pair(const rgm_parameter *a, const rgm_parameter *b, rgm_error *err) {
    if (strcmp(a->key, b->key) == 0) return rgm_fail(err, RGM_E_USAGE, "parameter %s is there twice", a->key);
    if (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes)
        return rgm_fail(err, RGM_E_USAGE, "parameters %s and %s fill the same member", a->key, b->key);
    return RGM_OK;
}

static rgm_status check_params(const rgm_component *c, rgm_error *err) {
    for (uint32_t i = 0; i < c->param_count; i++) {
        const rgm_parameter *p = &c->params[i];
        if (!name_valid(p->key))
            return rgm_fail(err, RGM_E_USAGE, "the key of parameter %u is not a name of [a-z0-9_]", i);
        RGM_TRY(check_param(p, c->instance_size, err));
        for (uint32_t j = 0; j < i; j++) RGM_TRY(check_pair(p, &c->params[j], err));
    }
    return RGM_OK;
}

/* ---- kinds ---- */

/* What a kind is here: its struct, the least of it that a plugin must have, and the flags that mean something. */
typedef struct kind_rule {
    uint32_t size, least;
    uint32_t flags;
    uint32_t widest; /* scope */
} kind_rule;

#define LEAST(type, field) sizeof(type), offsetof(type, field) + sizeof(((type *)0)->field)
static const kind_rule rules[] = {
    [RGM_AUGMENTATION] = {LEAST(rgm_augmentation, apply), RGM_IN_PLACE, RGM_TENSOR},
    [RGM_INITIALIZER] = {LEAST(rgm_initializer, fill), 0, RGM_TENSOR},
    [RGM_SCHEDULER] = {LEAST(rgm_scheduler, factor), 0, RGM_ELEMENT},
    [RGM_OPTIMIZER] = {LEAST(rgm_optimizer, slot_count), 0, RGM_TENSOR},
    [RGM_REGULARIZER] = {LEAST(rgm_regularizer, updated), 0, RGM_TENSOR},
    [RGM_ACTIVATION] = {LEAST(rgm_activation, backward), RGM_TRAINING_ONLY | RGM_NEEDS_INPUT | RGM_NEEDS_OUTPUT,
                        RGM_ROW},
    [RGM_LOSS] = {LEAST(rgm_loss, rows), 0, RGM_ROW},
};
#undef LEAST
enum { KINDS = sizeof rules / sizeof *rules };

static rgm_status missing(const char *slot, rgm_error *err) {
    return rgm_fail(err, RGM_E_USAGE, "the function %s is missing", slot);
}

static rgm_status check_optimizer(const rgm_optimizer *o, rgm_error *err) {
    if (!o->update) return missing("update", err);
    if (o->slot_count > RGM_PLUG_SLOTS || (o->slot_count > 0 && !o->slots))
        return rgm_fail(err, RGM_E_USAGE, "%u slots without names, or more than %d", o->slot_count, RGM_PLUG_SLOTS);
    for (uint32_t i = 0; i < o->slot_count; i++) {
        if (!name_valid(o->slots[i]))
            return rgm_fail(err, RGM_E_USAGE, "the name of slot %u is not a name of [a-z0-9_]", i);
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(o->slots[i], o->slots[j]) == 0)
                return rgm_fail(err, RGM_E_USAGE, "slot %s is there twice", o->slots[i]);
        }
    }
    for (uint32_t i = 0; i < o->component.param_count; i++) {
        const rgm_parameter *p = &o->component.params[i];
        if (strcmp(p->key, "lr") == 0 && p->type == RGM_TYPE_REAL && p->min >= 0.0) return RGM_OK;
    }
    return rgm_fail(err, RGM_E_USAGE, "an optimizer needs a real parameter lr that is not negative");
}

static rgm_status check_scheduler(const rgm_scheduler *s, rgm_error *err) {
    if (!s->factor) return missing("factor", err);
    if (s->observe && !(s->component.life && s->component.life->save))
        return rgm_fail(err, RGM_E_USAGE, "observe needs save and load");
    return RGM_OK;
}

static rgm_status check_augmentation(const rgm_augmentation *a, rgm_error *err) {
    const char *other = a->output ? "an output size of its own" : a->window ? "windows" : NULL;
    if ((a->component.flags & RGM_IN_PLACE) && other)
        return rgm_fail(err, RGM_E_USAGE, "works in place and has %s: expected one of the two", other);
    return a->apply || a->window ? RGM_OK : missing("apply", err);
}

/* Every promised slot of a completed component. */
static rgm_status check_slots(const rgm_any_component *any, rgm_error *err) {
    const rgm_life *life = any->head.life;
    if (life && !life->save != !life->load) return missing(life->save ? "load" : "save", err);
    switch (any->head.kind) {
    case RGM_AUGMENTATION:
        return check_augmentation(&any->augmentation, err);
    case RGM_INITIALIZER:
        return any->initializer.fill ? RGM_OK : missing("fill", err);
    case RGM_SCHEDULER:
        return check_scheduler(&any->scheduler, err);
    case RGM_OPTIMIZER:
        return check_optimizer(&any->optimizer, err);
    case RGM_REGULARIZER:
        return any->regularizer.gradient || any->regularizer.updated ? RGM_OK : missing("gradient or updated", err);
    case RGM_ACTIVATION:
        if (!any->activation.forward) return missing("forward", err);
        return any->activation.backward ? RGM_OK : missing("backward", err);
    default:
        return any->loss.rows ? RGM_OK : missing("rows", err);
    }
}

/* What the header names for the future: asked for, it would not be given. */
static rgm_status check_reserved(const rgm_component *c, rgm_error *err) {
    if (c->kind == RGM_BATCH_AUGMENTATION)
        return rgm_fail(err, RGM_E_USAGE, "the kind batch augmentation is reserved: this host does not run any");
    if (c->scope == RGM_ALL)
        return rgm_fail(err, RGM_E_USAGE, "the scope of all tensors at once is reserved: this host does not give it");
    return RGM_OK;
}

static rgm_status check_head(const rgm_component *c, rgm_error *err) {
    RGM_TRY(check_reserved(c, err));
    if (c->kind >= KINDS || rules[c->kind].size == 0)
        return rgm_fail(err, RGM_E_USAGE, "kind %u is unknown to this host", c->kind);
    const kind_rule *rule = &rules[c->kind];
    if (c->kind_version != RGM_KIND_VERSION)
        return rgm_fail(err, RGM_E_USAGE, "version %u of its kind, expected %u", c->kind_version, RGM_KIND_VERSION);
    if (c->size < rule->least)
        return rgm_fail(err, RGM_E_USAGE, "struct of %u bytes, expected at least %u", c->size, rule->least);
    if (!line_valid(c->summary)) return rgm_fail(err, RGM_E_USAGE, "the summary is missing or not one line");
    if (c->scope > rule->widest) return rgm_fail(err, RGM_E_USAGE, "scope %u is unknown to this host", c->scope);
    if (c->flags & ~rule->flags)
        return rgm_fail(err, RGM_E_USAGE, "flags 0x%x are unknown to this host", c->flags & ~rule->flags);
    if (c->instance_size > RGM_PLUG_INSTANCE)
        return rgm_fail(err, RGM_E_USAGE, "instance of %u bytes, expected at most %d", c->instance_size,
                        RGM_PLUG_INSTANCE);
    if (c->param_count > RGM_SPEC_SETTINGS)
        return rgm_fail(err, RGM_E_USAGE, "%u parameters, expected at most %d", c->param_count, RGM_SPEC_SETTINGS);
    if (c->param_count > 0 && (!c->params || c->param_size < offsetof(rgm_parameter, unit)))
        return rgm_fail(err, RGM_E_USAGE, "parameter table missing, or of %u bytes an element", c->param_size);
    if (c->reserved[0] | c->reserved[1] | c->reserved[2] | c->reserved[3])
        return rgm_fail(err, RGM_E_USAGE, "reserved words are not 0");
    if (c->life && c->life->size < offsetof(rgm_life, reserved_tail))
        return rgm_fail(err, RGM_E_USAGE, "life of %u bytes, expected at least %zu", c->life->size,
                        offsetof(rgm_life, reserved_tail));
    return RGM_OK;
}

/* ---- completion ---- */

static void complete(void *to, size_t to_size, const void *from, size_t from_size) {
    memset(to, 0, to_size);
    memcpy(to, from, from_size < to_size ? from_size : to_size);
}

static void complete_component(const rgm_component *from, rgm_any_component *to, rgm_parameter *params,
                               rgm_life *life) {
    complete(to, rules[from->kind].size, from, from->size);
    for (uint32_t i = 0; i < from->param_count; i++)
        complete(&params[i], sizeof params[i], RGM_AT(rgm_parameter, from->params, from->param_size, i),
                 from->param_size);
    to->head.params = params;
    to->head.param_size = sizeof *params;
    if (!from->life) return;
    complete(life, sizeof *life, from->life, from->life->size);
    to->head.life = life;
}

static rgm_status check_root(const rgm_plugin *p, rgm_error *err) {
    if (p->magic != RGM_MAGIC)
        return rgm_fail(err, RGM_E_USAGE, "not a Regimen plugin: magic 0x%08x, expected 0x%08x", p->magic, RGM_MAGIC);
    if (p->abi_version != RGM_ABI_VERSION)
        return rgm_fail(err, RGM_E_USAGE, "made for version %u of the plugin contract, expected %u", p->abi_version,
                        RGM_ABI_VERSION);
    if (p->size < offsetof(rgm_plugin, page))
        return rgm_fail(err, RGM_E_USAGE, "entry of %u bytes, expected at least %zu", p->size,
                        offsetof(rgm_plugin, page));
    if (!line_valid(p->id) || !line_valid(p->version) || !line_valid(p->licence))
        return rgm_fail(err, RGM_E_USAGE, "id, version or licence is missing or not one line");
    if (p->component_count < 1 || p->component_count > RGM_PLUG_COMPONENTS || !p->components)
        return rgm_fail(err, RGM_E_USAGE, "%u components, expected 1 to %d", p->component_count, RGM_PLUG_COMPONENTS);
    return RGM_OK;
}

static rgm_status adopt_component(const rgm_adopted *a, uint32_t i, rgm_parameter *params, rgm_error *err) {
    const rgm_component *from = a->origin->components[i];
    rgm_any_component *to = &a->components[i];
    complete_component(from, to, params, &a->lives[i]);
    rgm_status status = check_params(&to->head, err);
    if (status == RGM_OK) status = check_slots(to, err);
    if (status < 0) return rgm_fail_in(err, "%s %s", rgm_kind_name((int32_t)from->kind), from->name);
    for (uint32_t j = 0; j < i; j++) {
        const rgm_component *other = &a->components[j].head;
        if (other->kind == from->kind && strcmp(other->name, from->name) == 0)
            return rgm_fail(err, RGM_E_USAGE, "%s %s is there twice", rgm_kind_name((int32_t)from->kind), from->name);
    }
    return RGM_OK;
}

static rgm_status check_heads(const rgm_plugin *origin, size_t *params, rgm_error *err) {
    *params = 0;
    for (uint32_t i = 0; i < origin->component_count; i++) {
        const rgm_component *c = origin->components[i];
        if (!c) return rgm_fail(err, RGM_E_USAGE, "component %u is NULL", i);
        if (c->size < sizeof(rgm_component))
            return rgm_fail(err, RGM_E_USAGE, "component %u has %u bytes, expected at least %zu", i, c->size,
                            sizeof(rgm_component));
        if (!name_valid(c->name))
            return rgm_fail(err, RGM_E_USAGE, "the name of component %u is not a name of [a-z0-9_]", i);
        if (check_head(c, err) < 0) return rgm_fail_in(err, "%s %s", rgm_kind_name((int32_t)c->kind), c->name);
        *params += c->param_count;
    }
    return RGM_OK;
}

rgm_status rgm_plugin_adopt(const rgm_plugin *origin, rgm_adopted *out, rgm_error *err) {
    memset(out, 0, sizeof *out);
    size_t total = 0;
    RGM_TRY(check_root(origin, err));
    RGM_TRY(check_heads(origin, &total, err));
    out->origin = origin;
    complete(&out->plugin, sizeof out->plugin, origin, origin->size);
    rgm_status status = RGM_OK;
    out->components = calloc(origin->component_count, sizeof *out->components);
    out->lives = calloc(origin->component_count, sizeof *out->lives);
    out->params = calloc(total + 1, sizeof *out->params);
    if (!out->components || !out->lives || !out->params) {
        status = rgm_fail(err, RGM_E_NOMEM, "no memory for a plugin of %u components", origin->component_count);
        goto fail;
    }
    rgm_parameter *params = out->params;
    for (uint32_t i = 0; i < origin->component_count; i++) {
        RGM_TRY_OR_FAIL(status, adopt_component(out, i, params, err));
        params += origin->components[i]->param_count;
    }
    return RGM_OK;
fail:
    rgm_adopted_release(out);
    return status;
}

void rgm_adopted_release(rgm_adopted *adopted) {
    free(adopted->components);
    free(adopted->params);
    free(adopted->lives);
    memset(adopted, 0, sizeof *adopted);
}
