/* Setting options, and parts of them, by key: --set, flags and the defaults of models. */
#include "train/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The option of which `key` names a part ("augment.0.padding"); *rest is what follows the first dot. */
static const rgm_option *find_owner(const char *key, const char **rest) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (!rgm_option_is_node(&options[i])) continue;
        size_t length = strlen(options[i].key);
        if (strncmp(options[i].key, key, length) == 0 && key[length] == '.') {
            *rest = key + length + 1;
            return &options[i];
        }
    }
    return NULL;
}

/* Reads a decimal index at *text and moves past it and a following dot. -1 if there is none. */
static int32_t take_index(const char **text) {
    size_t digits = strspn(*text, "0123456789");
    if (digits < 1 || digits > 6 || ((*text)[digits] && (*text)[digits] != '.')) return -1;
    int32_t index = (int32_t)strtol(*text, NULL, 10);
    *text += digits + ((*text)[digits] == '.');
    return index;
}

/* --- values within a setting ---------------------------------------------------------------------------------------
 */

/* The part of a key up to its first dot. */
static int32_t take_name(const char **text, char name[RGM_SPEC_NAME]) {
    size_t length = strcspn(*text, ".");
    if (length >= RGM_SPEC_NAME) return 0;
    memcpy(name, *text, length);
    name[length] = 0;
    *text += length + ((*text)[length] == '.');
    return rgm_spec_is_name(name);
}

static int32_t count_children(const rgm_branch *at) {
    int32_t count = 0;
    while (rgm_value_child(at->spec, at->index, count)) count++;
    return count;
}

/* One step into a list, by number. The number behind the last adds a value, if the key ends there. */
static rgm_status enter_list(rgm_branch *at, const char *key, const char **rest, rgm_error *err) {
    int32_t count = count_children(at), number = take_index(rest);
    if (number < 0)
        return rgm_fail_about(err, RGM_E_USAGE, key, "expected the number of one of %d values, found '%.80s'", count,
                              *rest);
    if (number > count || (number == count && **rest))
        return rgm_fail_about(err, RGM_E_USAGE, key, "there are %d values, counted from 0", count);
    if (number == count) return rgm_value_add(at->spec, at->index, "", &at->index, err);
    at->index = rgm_value_child(at->spec, at->index, number);
    return RGM_OK;
}

/* One step into a mapping, by name. A new name adds a value, if the key ends there. */
static rgm_status enter_map(rgm_branch *at, const char *key, const char **rest, rgm_error *err) {
    char name[RGM_SPEC_NAME];
    const char *found = *rest;
    if (!take_name(rest, name))
        return rgm_fail_about(err, RGM_E_USAGE, key, "expected the name of a setting, found '%.80s'", found);
    int32_t child = rgm_value_member(at->spec, at->index, name);
    if (!child && **rest) return rgm_fail_about(err, RGM_E_USAGE, key, "there is no '%s' here", name);
    if (!child) return rgm_value_add(at->spec, at->index, name, &at->index, err);
    at->index = child;
    return RGM_OK;
}

/* From a tree's root to the value that the rest of a key names. */
static rgm_status walk(rgm_branch *at, const char *key, const char *rest, rgm_error *err) {
    do {
        int32_t kind = at->spec->values[at->index].kind;
        at->depth++;
        if (kind == RGM_VALUE_LIST)
            RGM_TRY(enter_list(at, key, &rest, err));
        else if (kind == RGM_VALUE_MAP)
            RGM_TRY(enter_map(at, key, &rest, err));
        else
            return rgm_fail_about(err, RGM_E_USAGE, key, "'%.80s' is no list or mapping",
                                  rgm_value_text(at->spec, at->index));
    } while (*rest);
    return RGM_OK;
}

/* In brackets or braces. */
static int32_t is_tree(const char *value) {
    size_t length = strlen(value);
    char first = value[0], last = length > 1 ? value[length - 1] : 0;
    return (first == '[' && last == ']') || (first == '{' && last == '}');
}

static rgm_status fill(rgm_branch at, const char *key, const char *value, rgm_error *err) {
    if (is_tree(value)) return rgm_branch_set_yaml(at, key, value, err);
    rgm_value *node = &at.spec->values[at.index];
    node->line = node->column = 0; /* of a file, where it is not any more */
    rgm_status status = rgm_value_set(at.spec, at.index, value, err);
    if (status < 0) rgm_error_about(err, key);
    return status;
}

/* What is replaced is taken out first, so that there is room for the new value; that moves the nodes. */
static rgm_status set_in_tree(rgm_spec *spec, const char *name, const char *key, const char *rest, const char *value,
                              rgm_error *err) {
    rgm_spec made = *spec;
    rgm_branch at = {&made, rgm_spec_find(&made, name)->tree, 0};
    RGM_TRY(walk(&at, key, rest, err));
    rgm_value_clear(&made, at.index, RGM_VALUE_TEXT);
    rgm_spec_pack(&made);
    at = (rgm_branch){&made, rgm_spec_find(&made, name)->tree, 0};
    RGM_TRY(walk(&at, key, rest, err));
    RGM_TRY(fill(at, key, value, err));
    rgm_spec_pack(&made);
    *spec = made;
    return RGM_OK;
}

/* A setting as a whole, from YAML. */
static rgm_status set_tree(rgm_spec *spec, const char *name, const char *key, const char *value, rgm_error *err) {
    rgm_spec made = *spec;
    rgm_branch root = {&made, 0, 0};
    rgm_status status = rgm_spec_put(&made, name, "", err);
    if (status >= 0) status = rgm_value_add(&made, 0, "", &root.index, err);
    if (status < 0) {
        rgm_error_about(err, key);
        return status;
    }
    made.settings[rgm_spec_find(&made, name) - made.settings].tree = root.index;
    RGM_TRY(rgm_branch_set_yaml(root, key, value, err));
    *spec = made;
    return RGM_OK;
}

/* --- settings and components ---------------------------------------------------------------------------------------
 */

/* 1 if `text` begins with a name and a dot. */
static int32_t leads(const char *text, const char *name) {
    size_t length = strlen(name);
    return strncmp(text, name, length) == 0 && text[length] == '.';
}

/* The setting with a tree that the key goes into; NULL: none. */
static const rgm_setting *find_tree(const rgm_spec *spec, const char *rest) {
    for (int32_t i = 0; i < spec->count; i++)
        if (spec->settings[i].tree && leads(rest, spec->settings[i].key)) return &spec->settings[i];
    return NULL;
}

/* "lr" or "sgd.lr" of the component that is there, or "of.0" in a setting. */
static rgm_status set_setting(rgm_spec *spec, const char *key, const char *rest, const char *value, rgm_error *err) {
    if (!spec->name[0]) return rgm_fail_about(err, RGM_E_USAGE, key, "no component is named here to have settings");
    int32_t length = (int32_t)strcspn(rest, ".");
    if (leads(rest, spec->name))
        rest += strlen(spec->name) + 1;
    else if (rest[length] && !find_tree(spec, rest))
        return rgm_fail_about(err, RGM_E_USAGE, key, "the component here is '%s', not '%.*s'", spec->name,
                              length < 80 ? length : 80, rest);
    const rgm_setting *tree = find_tree(spec, rest);
    if (tree) return set_in_tree(spec, tree->key, key, rest + strlen(tree->key) + 1, value, err);
    if (is_tree(value)) return set_tree(spec, rest, key, value, err);
    rgm_status status = rgm_spec_put(spec, rest, value, err);
    if (status < 0) rgm_error_about(err, key);
    return status;
}

/* The number or the name of a component of a list, -1: none such; moves past a number. */
static int32_t take_component(const rgm_spec_list *list, const char **rest) {
    int32_t index = take_index(rest);
    for (int32_t i = 0; i < list->count && index < 0; i++)
        if (leads(*rest, list->items[i].name)) index = i;
    return index;
}

/* "0", "0.padding", "0.crop.padding" or "crop.padding" in a list; index `count` adds a component. */
static rgm_status set_in_list(rgm_spec_list *list, const char *key, const char *rest, const char *value,
                              rgm_error *err) {
    int32_t index = take_component(list, &rest);
    if (index < 0)
        return rgm_fail_about(err, RGM_E_USAGE, key, "expected the number or the name of one of %d components",
                              list->count);
    int32_t adds = !*rest && index == list->count && index < RGM_CONFIG_LIST;
    if (index >= list->count && !adds)
        return rgm_fail_about(err, RGM_E_USAGE, key, "there are %d components, counted from 0", list->count);
    if (*rest) return set_setting(&list->items[index], key, rest, value, err);
    rgm_spec spec;
    RGM_TRY(rgm_spec_set_yaml(&spec, key, value, err));
    if (!spec.name[0]) return rgm_fail_about(err, RGM_E_USAGE, key, "expected a component");
    list->items[index] = spec;
    list->count += adds;
    return RGM_OK;
}

static rgm_status set_path(rgm_config *config, const char *key, const char *rest, const char *value, rgm_error *err) {
    int32_t index = take_index(&rest);
    if (index < 0 || *rest || index > config->plugins.count || index >= RGM_CONFIG_LIST)
        return rgm_fail_about(err, RGM_E_USAGE, key, "expected a number up to %d", config->plugins.count);
    if (!*value) return rgm_fail_about(err, RGM_E_USAGE, key, "expected a path, found nothing");
    if (rgm_text_acceptable(value, RGM_CONFIG_PATH, err) < 0) {
        rgm_error_about(err, key);
        return RGM_E_USAGE;
    }
    strcpy(config->plugins.paths[index], value);
    config->plugins.count += index == config->plugins.count;
    return RGM_OK;
}

static rgm_status set_item(const rgm_option *option, rgm_ints *list, const char *key, const char *rest,
                           const char *value, rgm_error *err) {
    int32_t index = take_index(&rest);
    if (index < 0 || *rest || index > list->count)
        return rgm_fail_about(err, RGM_E_USAGE, key, "expected a number up to %d", list->count);
    return rgm_option_set_item(option, list, index, value, err);
}

rgm_status rgm_config_set(rgm_config *config, const char *key, const char *value, rgm_error *err) {
    const rgm_option *option = rgm_config_option(key);
    const char *rest = NULL;
    if (!option) option = find_owner(key, &rest);
    if (!option) return rgm_option_unknown(key, err);
    rgm_config_mark(config, option);
    if (!rest && rgm_option_is_node(option)) return rgm_option_set_yaml(option, config, value, err);
    if (!rest) return rgm_option_set_text(option, config, value, err);
    if (option->type == RGM_OPTION_SPEC) return set_setting(rgm_option_field(option, config), key, rest, value, err);
    if (option->type == RGM_OPTION_INTS)
        return set_item(option, rgm_option_field(option, config), key, rest, value, err);
    if (option->type == RGM_OPTION_PATHS) return set_path(config, key, rest, value, err);
    return set_in_list(rgm_option_field(option, config), key, rest, value, err);
}

rgm_status rgm_config_assign(rgm_config *config, const char *assignment, rgm_error *err) {
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return rgm_fail(err, RGM_E_USAGE, "expected key=value, found '%.80s'", assignment);
    char key[RGM_OPTION_TEXT_MAX];
    size_t length = (size_t)(equals - assignment);
    if (length >= sizeof key) return rgm_fail(err, RGM_E_USAGE, "unknown key '%.80s...'", assignment);
    memcpy(key, assignment, length);
    key[length] = 0;
    return rgm_config_set(config, key, equals + 1, err);
}
