/* Components and specs as text. */
#include "plug/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "plug/params.h"
#include "plug/spec.h"

/* A text that grows like snprintf's: what does not fit is counted. */
typedef struct text {
    char *out;
    size_t size, length;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = t->length < t->size ? t->size - t->length : 0;
    int n = vsnprintf(room > 0 ? t->out + t->length : NULL, room, format, args);
    va_end(args);
    if (n > 0) t->length += (size_t)n;
}

rgm_parameter rgm_component_param(const rgm_component *component, uint32_t i) {
    return i < component->param_count ? component->params[i] : (rgm_parameter){.key = NULL};
}

static void put_param(text *t, const rgm_parameter *p) {
    char value[RGM_SPEC_VALUE], range[256];
    _Alignas(8) char memory[RGM_SPEC_VALUE] = {0};
    rgm_parameter alone = *p; /* the parameter as the only one of an instance */
    alone.offset = 0;
    rgm_component one = {.param_count = 1, .params = &alone};
    rgm_params_defaults(&one, memory);
    rgm_param_print(&alone, memory, value, sizeof value);
    rgm_param_range(p, range, sizeof range);
    put(t, "  %-14s %s%s%s%s\n", p->key, p->help, p->unit ? " [" : "", p->unit ? p->unit : "", p->unit ? "]" : "");
    put(t, "  %-14s default %s; %s\n", "", *value ? value : "\"\"", range);
}

size_t rgm_listed_describe(const rgm_listed *listed, char *out, size_t size) {
    static const char *const scopes[] = {[RGM_ELEMENT] = "element", [RGM_ROW] = "row", [RGM_TENSOR] = "tensor"};
    _Static_assert(sizeof scopes / sizeof *scopes == RGM_TENSOR + 1, "the last scope has a name");
    const rgm_component *c = listed->component;
    text t = {out, size, 0};
    if (size > 0) out[0] = '\0';
    put(&t, "%s (%s): %s\n", c->name, rgm_kind_name((int32_t)c->kind), c->summary);
    put(&t, "  from plugin %s %s (%s), %s\n", listed->plugin->id, listed->plugin->version, listed->plugin->licence,
        listed->path);
    put(&t, "  scope %s\n", scopes[c->scope <= RGM_TENSOR ? c->scope : 0]);
    if (c->kind == RGM_AUGMENTATION && ((const rgm_augmentation *)(const void *)c)->window)
        put(&t, "  takes a window of each picture, which the host decodes and resizes\n");
    put(&t, c->param_count > 0 ? "parameters:\n" : "no parameters\n");
    for (uint32_t i = 0; i < c->param_count; i++) put_param(&t, &c->params[i]);
    return t.length;
}
