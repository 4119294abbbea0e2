#include "plug/spec.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"

rgm_status rgm_text_acceptable(const char *text, size_t size, rgm_error *err) {
    size_t length = strlen(text);
    if (length >= size) return rgm_fail(err, RGM_E_USAGE, "expected at most %zu bytes, found %zu", size - 1, length);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = rgm_text_utf8_length(s);
        if (n == 0) return rgm_fail(err, RGM_E_USAGE, "expected UTF-8, found byte 0x%02x", s[0]);
        /* C0 and C1 controls: YAML cannot write them plainly and a terminal would obey them. */
        if (s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0))
            return rgm_fail(err, RGM_E_USAGE, "expected no control characters, found byte 0x%02x", s[0]);
        s += n;
    }
    return RGM_OK;
}

/* ---- settings ---- */

int32_t rgm_spec_is_name(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length < RGM_SPEC_NAME &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length;
}

const rgm_setting *rgm_spec_find(const rgm_spec *spec, const char *key) {
    for (int32_t i = 0; i < spec->count; i++)
        if (strcmp(spec->settings[i].key, key) == 0) return &spec->settings[i];
    return NULL;
}

const char *rgm_spec_get(const rgm_spec *spec, const char *key) {
    const rgm_setting *setting = rgm_spec_find(spec, key);
    return setting && !setting->tree ? setting->value : NULL;
}

rgm_status rgm_spec_put(rgm_spec *spec, const char *key, const char *value, rgm_error *err) {
    if (!rgm_spec_is_name(key))
        return rgm_fail(err, RGM_E_USAGE, "expected the name of a setting of '%s', found '%.80s'", spec->name, key);
    if (rgm_text_acceptable(value, RGM_SPEC_VALUE, err) < 0) {
        rgm_error_about(err, key);
        return RGM_E_USAGE;
    }
    const rgm_setting *found = rgm_spec_find(spec, key);
    if (!found && spec->count == RGM_SPEC_SETTINGS)
        return rgm_fail(err, RGM_E_USAGE, "'%s' has more than %d settings", spec->name, RGM_SPEC_SETTINGS);
    rgm_setting *setting = &spec->settings[found ? found - spec->settings : spec->count++];
    int32_t had_tree = setting->tree;
    memset(setting, 0, sizeof *setting);
    strcpy(setting->key, key);
    strcpy(setting->value, value);
    if (had_tree) rgm_spec_pack(spec);
    return RGM_OK;
}

/* ---- comparing ---- */

static int32_t trees_equal(const rgm_spec *a, int32_t i, const rgm_spec *b, int32_t j) {
    const rgm_value *x = &a->values[i], *y = &b->values[j];
    if (x->kind != y->kind || strcmp(rgm_value_text(a, i), rgm_value_text(b, j)) != 0) return 0;
    int32_t k = x->first, l = y->first;
    for (; k && l; k = a->values[k].next, l = b->values[l].next)
        if (strcmp(rgm_value_key(a, k), rgm_value_key(b, l)) != 0 || !trees_equal(a, k, b, l)) return 0;
    return k == l; /* both at their end */
}

static int32_t settings_equal(const rgm_spec *a, const rgm_setting *x, const rgm_spec *b, const rgm_setting *y) {
    if (strcmp(x->key, y->key) != 0 || !x->tree != !y->tree) return 0;
    return x->tree ? trees_equal(a, x->tree, b, y->tree) : strcmp(x->value, y->value) == 0;
}

int32_t rgm_spec_equal(const rgm_spec *a, const rgm_spec *b) {
    if (strcmp(a->name, b->name) != 0 || a->count != b->count) return 0;
    for (int32_t i = 0; i < a->count; i++)
        if (!settings_equal(a, &a->settings[i], b, &b->settings[i])) return 0;
    return 1;
}

/* ---- trees ---- */

const char *rgm_value_key(const rgm_spec *spec, int32_t node) { return spec->texts + spec->values[node].key; }

const char *rgm_value_text(const rgm_spec *spec, int32_t node) { return spec->texts + spec->values[node].text; }

int32_t rgm_value_member(const rgm_spec *spec, int32_t node, const char *key) {
    int32_t child = spec->values[node].kind == RGM_VALUE_MAP ? spec->values[node].first : 0;
    while (child && strcmp(rgm_value_key(spec, child), key) != 0) child = spec->values[child].next;
    return child;
}

int32_t rgm_value_child(const rgm_spec *spec, int32_t node, int32_t number) {
    int32_t child = spec->values[node].first;
    while (child && number-- > 0) child = spec->values[child].next;
    return child;
}

/* Where a copy of `text` begins in the spec's texts; 0 for "", and if there is no more room. */
static uint16_t keep(rgm_spec *spec, const char *text) {
    size_t bytes = strlen(text) + 1, at = 1 + (size_t)spec->bytes;
    if (bytes == 1 || at + bytes > RGM_SPEC_TEXTS) return 0;
    memcpy(spec->texts + at, text, bytes);
    spec->bytes += (int32_t)bytes;
    return (uint16_t)at;
}

static rgm_status full(const rgm_spec *spec, rgm_error *err) {
    return rgm_fail(err, RGM_E_USAGE, "the lists and mappings of '%s' have more than %d bytes of text", spec->name,
                    RGM_SPEC_TEXTS - 1);
}

/* Makes `node` the last child. */
static void append(rgm_spec *spec, int32_t parent, int32_t node) {
    int32_t last = spec->values[parent].first;
    while (last && spec->values[last].next) last = spec->values[last].next;
    if (last)
        spec->values[last].next = (uint8_t)node;
    else
        spec->values[parent].first = (uint8_t)node;
}

rgm_status rgm_value_add(rgm_spec *spec, int32_t parent, const char *key, int32_t *node, rgm_error *err) {
    if (spec->nodes == RGM_SPEC_NODES)
        return rgm_fail(err, RGM_E_USAGE, "the lists and mappings of '%s' have more than %d values", spec->name,
                        RGM_SPEC_NODES);
    uint16_t at = keep(spec, key);
    if (*key && !at) return full(spec, err);
    *node = ++spec->nodes;
    spec->values[*node] = (rgm_value){.key = at};
    if (parent) append(spec, parent, *node);
    return RGM_OK;
}

rgm_status rgm_value_set(rgm_spec *spec, int32_t node, const char *text, rgm_error *err) {
    RGM_TRY(rgm_text_acceptable(text, RGM_SPEC_VALUE, err));
    uint16_t at = keep(spec, text);
    if (*text && !at) return full(spec, err);
    rgm_value_clear(spec, node, RGM_VALUE_TEXT);
    spec->values[node].text = at;
    return RGM_OK;
}

void rgm_value_clear(rgm_spec *spec, int32_t node, int32_t kind) {
    rgm_value *value = &spec->values[node];
    value->kind = (uint8_t)kind;
    value->first = 0;
    value->text = 0;
}

/* A copy of a tree; there is room for it in a spec that has no more than the other one has. */
static int32_t copy(rgm_spec *to, int32_t parent, const rgm_spec *from, int32_t node) {
    int32_t made = ++to->nodes;
    to->values[made] = from->values[node];
    to->values[made].first = to->values[made].next = 0;
    to->values[made].key = keep(to, rgm_value_key(from, node));
    to->values[made].text = keep(to, rgm_value_text(from, node));
    if (parent) append(to, parent, made);
    for (int32_t child = from->values[node].first; child; child = from->values[child].next) copy(to, made, from, child);
    return made;
}

void rgm_spec_pack(rgm_spec *spec) {
    rgm_spec packed = *spec;
    packed.nodes = packed.bytes = 0;
    for (int32_t i = 0; i < spec->count; i++)
        if (spec->settings[i].tree) packed.settings[i].tree = copy(&packed, 0, spec, spec->settings[i].tree);
    *spec = packed;
}

int32_t rgm_value_join(const rgm_spec *spec, int32_t node, char out[RGM_SPEC_VALUE]) {
    size_t used = 0;
    out[0] = 0;
    if (spec->values[node].kind != RGM_VALUE_LIST) return 0;
    for (int32_t child = spec->values[node].first; child; child = spec->values[child].next) {
        if (spec->values[child].kind != RGM_VALUE_TEXT) return 0;
        used += (size_t)snprintf(out + used, RGM_SPEC_VALUE - used, "%s%s",
                                 child == spec->values[node].first ? "" : ",", rgm_value_text(spec, child));
        if (used >= RGM_SPEC_VALUE) return 0;
    }
    return 1;
}
