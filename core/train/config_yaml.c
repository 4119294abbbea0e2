/* Configuration files: YAML read event by event against the table of options.
 *
 * The reader knows the shape beforehand, so depth is bounded by the table, and by RGM_SPEC_DEPTH in a component's
 * settings. The first node that does not fit ends the reading. Anchors and aliases are refused: nothing can be
 * expanded. */
#include "train/config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { FILE_MAX = 256 * 1024, SEEN_MAX = 128 };

typedef struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the node at hand */
    int32_t have_event;
    const char *name; /* the file, for messages; NULL: a value from the command line */
    rgm_config *config;
    uint8_t seen[SEEN_MAX]; /* 1 at a group's first option when the group, 2 at an option when the option was read */
    rgm_error *err;
} reader;

/* The failure in the error, or that of the call in the last argument, is at a mark. A value from the command line has
 * no place. */
static rgm_status at(reader *r, yaml_mark_t mark, rgm_status status) {
    if (r->name) rgm_error_at(r->err, r->name, (int32_t)mark.line + 1, (int32_t)mark.column + 1);
    return status;
}

#define REFUSE(r, mark, ...)                at(r, mark, rgm_fail((r)->err, RGM_E_USAGE, __VA_ARGS__))
#define REFUSE_ABOUT(r, mark, subject, ...) at(r, mark, rgm_fail_about((r)->err, RGM_E_USAGE, subject, __VA_ARGS__))

static rgm_status syntax_error(reader *r) {
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) return rgm_fail(r->err, RGM_E_NOMEM, "no memory to read YAML");
    yaml_mark_t mark = p->problem_mark;
    if (p->error == YAML_READER_ERROR) mark = p->mark;
    return REFUSE(r, mark, "not valid YAML: %s", p->problem ? p->problem : "unknown problem");
}

/* Moves to the next event; refuses what no configuration needs. */
static rgm_status next(reader *r) {
    if (r->have_event) yaml_event_delete(&r->event);
    r->have_event = 0;
    if (!yaml_parser_parse(&r->parser, &r->event)) return syntax_error(r);
    r->have_event = 1;
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT) return REFUSE(r, e->start_mark, "aliases are not supported");
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    }
    if (anchor) return REFUSE(r, e->start_mark, "anchors are not supported");
    if (tag) return REFUSE(r, e->start_mark, "tags are not supported, found '%.80s'", (const char *)tag);
    if (e->type == YAML_SCALAR_EVENT && strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
        return REFUSE(r, e->start_mark, "expected text without zero bytes");
    return RGM_OK;
}

static const char *scalar(const reader *r) { return (const char *)r->event.data.scalar.value; }

/* An unquoted ~, null or nothing. */
static int32_t is_null(const reader *r) {
    if (r->event.type != YAML_SCALAR_EVENT || r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return 0;
    const char *text = scalar(r);
    return !*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

/* The node at hand, for "found ...". */
static const char *found(const reader *r, char text[128]) {
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        snprintf(text, 128, is_null(r) ? "nothing" : "'%.80s'", scalar(r));
        break;
    case YAML_SEQUENCE_START_EVENT:
        strcpy(text, "a list");
        break;
    case YAML_MAPPING_START_EVENT:
        strcpy(text, "a mapping");
        break;
    default:
        strcpy(text, "nothing");
    }
    return text;
}

static rgm_status expected(reader *r, const char *key, const char *what) {
    char text[128];
    return REFUSE_ABOUT(r, r->event.start_mark, key, "expected %s, found %s", what, found(r, text));
}

/* --- components ----------------------------------------------------------------------------------------------------
 */

/* Where a mark is, from 1; what comes from the command line has no place. */
static void set_place(const reader *r, yaml_mark_t mark, int32_t *line, int32_t *column) {
    *line = r->name ? (int32_t)mark.line + 1 : 0;
    *column = r->name ? (int32_t)mark.column + 1 : 0;
}

static void set_small_place(const reader *r, yaml_mark_t mark, int32_t *line, uint16_t *column) {
    int32_t wide;
    set_place(r, mark, line, &wide);
    *column = (uint16_t)(wide < UINT16_MAX ? wide : UINT16_MAX);
}

static int32_t is_value(const reader *r) {
    return r->event.type == YAML_SEQUENCE_START_EVENT || r->event.type == YAML_MAPPING_START_EVENT ||
           (r->event.type == YAML_SCALAR_EVENT && !is_null(r));
}

/* The name of a setting at hand, new among those of the mapping. */
static rgm_status check_name(reader *r, const char *owner, int32_t repeated) {
    if (!repeated) return RGM_OK;
    return REFUSE_ABOUT(r, r->event.start_mark, owner, "the setting '%s' is repeated", scalar(r));
}

static int32_t is_name(const reader *r) { return r->event.type == YAML_SCALAR_EVENT && rgm_spec_is_name(scalar(r)); }

/* What did not fit into a spec: about `key`, at a mark. */
static rgm_status refuse_at(reader *r, yaml_mark_t mark, const char *key) {
    rgm_error_about(r->err, key);
    return at(r, mark, RGM_E_USAGE);
}

static rgm_status read_tree(reader *r, rgm_branch node, const char *key);

/* The value at hand into a node; ends at its last event. */
static rgm_status read_value(reader *r, rgm_branch node, const char *key) {
    yaml_mark_t mark = r->event.start_mark;
    rgm_value *value = &node.spec->values[node.index];
    if (!is_value(r)) return expected(r, key, "a value");
    set_small_place(r, mark, &value->line, &value->column);
    if (r->event.type != YAML_SCALAR_EVENT) return read_tree(r, node, key);
    return rgm_value_set(node.spec, node.index, scalar(r), r->err) < 0 ? refuse_at(r, mark, key) : RGM_OK;
}

/* A value of a list, or one of a mapping with its key. */
static rgm_status read_child(reader *r, rgm_branch parent, const char *key) {
    char name[RGM_SPEC_NAME] = "";
    yaml_mark_t mark = r->event.start_mark;
    rgm_branch child = {parent.spec, 0, parent.depth + 1};
    int32_t map = parent.spec->values[parent.index].kind == RGM_VALUE_MAP;
    if (map) {
        if (!is_name(r)) return expected(r, key, "the name of a setting");
        strcpy(name, scalar(r));
        RGM_TRY(check_name(r, key, rgm_value_member(parent.spec, parent.index, name) != 0));
        RGM_TRY(next(r));
    }
    if (rgm_value_add(parent.spec, parent.index, name, &child.index, r->err) < 0) return refuse_at(r, mark, key);
    rgm_value *value = &parent.spec->values[child.index];
    if (map) set_small_place(r, mark, &value->key_line, &value->key_column);
    return read_value(r, child, map ? name : key);
}

/* A list or a mapping into a node. The depth bounds the recursion. */
static rgm_status read_tree(reader *r, rgm_branch node, const char *key) {
    int32_t list = r->event.type == YAML_SEQUENCE_START_EVENT;
    if (node.depth == RGM_SPEC_DEPTH)
        return REFUSE_ABOUT(r, r->event.start_mark, key, "lists and mappings stand more than %d deep in each other",
                            RGM_SPEC_DEPTH);
    rgm_value_clear(node.spec, node.index, list ? RGM_VALUE_LIST : RGM_VALUE_MAP);
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == (list ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT)) return RGM_OK;
        RGM_TRY(read_child(r, node, key));
    }
}

/* The value at hand of a new setting. */
static rgm_status read_setting(reader *r, rgm_spec *spec, const char *key) {
    yaml_mark_t mark = r->event.start_mark;
    rgm_branch root = {spec, 0, 0};
    if (!is_value(r)) return expected(r, key, "a value");
    int32_t tree = r->event.type != YAML_SCALAR_EVENT;
    if (rgm_spec_put(spec, key, tree ? "" : scalar(r), r->err) < 0) return at(r, mark, RGM_E_USAGE);
    rgm_setting *setting = &spec->settings[spec->count - 1];
    set_place(r, mark, &setting->line, &setting->column);
    if (!tree) return RGM_OK;
    if (rgm_value_add(spec, 0, "", &root.index, r->err) < 0) return refuse_at(r, mark, key);
    setting->tree = root.index;
    return read_value(r, root, key);
}

/* {key: value, ...} into the spec. */
static rgm_status read_settings(reader *r, rgm_spec *spec) {
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT) return RGM_OK;
        if (!is_name(r)) return expected(r, spec->name, "the name of a setting");
        yaml_mark_t mark = r->event.start_mark;
        char key[RGM_SPEC_NAME];
        strcpy(key, scalar(r));
        RGM_TRY(check_name(r, spec->name, rgm_spec_find(spec, key) != NULL));
        RGM_TRY(next(r));
        RGM_TRY(read_setting(r, spec, key));
        rgm_setting *setting = &spec->settings[spec->count - 1];
        set_place(r, mark, &setting->key_line, &setting->key_column);
    }
}

/* No component can be called what stands for no component. */
static int32_t is_reserved(const char *name) { return strcasecmp(name, "none") == 0 || strcasecmp(name, "null") == 0; }

/* NAME, {NAME: {settings}}, or nothing or "none" for no component. */
static rgm_status read_spec(reader *r, const char *key, rgm_spec *spec) {
    memset(spec, 0, sizeof *spec);
    int32_t mapping = r->event.type == YAML_MAPPING_START_EVENT;
    if (!mapping && r->event.type != YAML_SCALAR_EVENT) return expected(r, key, "a component");
    if (!mapping && (is_null(r) || strcasecmp(scalar(r), "none") == 0)) return RGM_OK;
    if (mapping) RGM_TRY(next(r));
    if (r->event.type != YAML_SCALAR_EVENT || !rgm_spec_is_name(scalar(r)) || is_null(r) || is_reserved(scalar(r)))
        return expected(r, key, "the name of a component");
    strcpy(spec->name, scalar(r));
    set_place(r, r->event.start_mark, &spec->line, &spec->column);
    if (!mapping) return RGM_OK;
    RGM_TRY(next(r));
    if (r->event.type == YAML_MAPPING_START_EVENT) {
        RGM_TRY(read_settings(r, spec));
    } else if (!is_null(r)) {
        char text[128];
        return REFUSE_ABOUT(r, r->event.start_mark, key, "expected the settings of '%s' as {setting: value}, found %s",
                            spec->name, found(r, text));
    }
    RGM_TRY(next(r));
    if (r->event.type != YAML_MAPPING_END_EVENT)
        return REFUSE_ABOUT(r, r->event.start_mark, key, "expected one component, found another key beside '%s'",
                            spec->name);
    return RGM_OK;
}

/* --- options -------------------------------------------------------------------------------------------------------
 */

static rgm_status read_specs(reader *r, const char *key, rgm_spec_list *list) {
    list->count = 0;
    if (is_null(r)) return RGM_OK;
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return expected(r, key, "a list of components");
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return RGM_OK;
        if (list->count == RGM_CONFIG_LIST)
            return REFUSE_ABOUT(r, r->event.start_mark, key, "more than %d components", RGM_CONFIG_LIST);
        yaml_mark_t mark = r->event.start_mark;
        rgm_spec *spec = &list->items[list->count];
        RGM_TRY(read_spec(r, key, spec));
        if (!spec->name[0]) return REFUSE_ABOUT(r, mark, key, "expected a component, found nothing");
        list->count++;
    }
}

static rgm_status read_paths(reader *r, const char *key, rgm_config *config) {
    config->plugins.count = 0;
    if (is_null(r)) return RGM_OK;
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return expected(r, key, "a list of paths");
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return RGM_OK;
        if (r->event.type != YAML_SCALAR_EVENT || !*scalar(r)) return expected(r, key, "a path");
        if (config->plugins.count == RGM_CONFIG_LIST)
            return REFUSE_ABOUT(r, r->event.start_mark, key, "more than %d paths", RGM_CONFIG_LIST);
        if (rgm_text_acceptable(scalar(r), RGM_CONFIG_PATH, r->err) < 0) {
            rgm_error_about(r->err, key);
            return at(r, r->event.start_mark, RGM_E_USAGE);
        }
        strcpy(config->plugins.paths[config->plugins.count++], scalar(r));
    }
}

static rgm_status read_ints(reader *r, const rgm_option *option, rgm_ints *list) {
    char range[RGM_OPTION_TEXT_MAX];
    *list = (rgm_ints){0};
    if (is_null(r)) return RGM_OK;
    rgm_option_range(option, range, sizeof range);
    if (r->event.type != YAML_SEQUENCE_START_EVENT) return expected(r, option->key, range);
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return RGM_OK;
        if (r->event.type != YAML_SCALAR_EVENT || is_null(r)) return expected(r, option->key, "an integer");
        if (rgm_option_set_item(option, list, list->count, scalar(r), r->err) < 0)
            return at(r, r->event.start_mark, RGM_E_USAGE);
    }
}

/* The node at hand into an option's field; ends at the node's last event. */
static rgm_status read_option(reader *r, const rgm_option *option) {
    void *field = rgm_option_field(option, r->config);
    if (option->type == RGM_OPTION_SPEC) return read_spec(r, option->key, field);
    if (option->type == RGM_OPTION_SPECS) return read_specs(r, option->key, field);
    if (option->type == RGM_OPTION_INTS) return read_ints(r, option, field);
    if (option->type == RGM_OPTION_PATHS) return read_paths(r, option->key, r->config);
    char range[RGM_OPTION_TEXT_MAX];
    rgm_option_range(option, range, sizeof range);
    if (r->event.type != YAML_SCALAR_EVENT) return expected(r, option->key, range);
    if (is_null(r)) {
        if (option->type != RGM_OPTION_TEXT) return expected(r, option->key, range);
        *(char *)field = 0;
        return RGM_OK;
    }
    if (rgm_option_set_text(option, r->config, scalar(r), r->err) < 0) return at(r, r->event.start_mark, RGM_E_USAGE);
    return RGM_OK;
}

/* The first option whose key is `key`, or starts with "KEY." (then *group is 1); -1 if none. */
static int32_t find_key(const char *key, int32_t *group) {
    size_t count, length = strlen(key);
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(options[i].key, key, length) != 0) continue;
        *group = options[i].key[length] == '.';
        if (*group || !options[i].key[length]) return (int32_t)i;
    }
    return -1;
}

static rgm_status read_mapping(reader *r, const char *prefix);

static rgm_status read_entry(reader *r, const char *prefix) {
    yaml_mark_t mark = r->event.start_mark;
    if (r->event.type != YAML_SCALAR_EVENT) return expected(r, prefix[0] ? prefix : "configuration", "a key");
    char key[RGM_OPTION_TEXT_MAX];
    int length = snprintf(key, sizeof key, "%s%s%.200s", prefix, prefix[0] ? "." : "", scalar(r));
    int32_t group = 0, dotted = strchr(scalar(r), '.') != NULL;
    int32_t index = length < 150 && !dotted && *scalar(r) ? find_key(key, &group) : -1;
    if (index < 0 || index >= SEEN_MAX) {
        rgm_option_unknown(key, r->err);
        return at(r, mark, RGM_E_USAGE);
    }
    if (r->seen[index] & (group ? 1 : 2)) return REFUSE(r, mark, "the key '%s' is repeated", key);
    r->seen[index] |= group ? 1 : 2;
    RGM_TRY(next(r));
    if (!group) {
        size_t count;
        const rgm_option *option = &rgm_config_options(&count)[index];
        rgm_config_mark(r->config, option);
        return read_option(r, option);
    }
    if (is_null(r)) return RGM_OK;
    if (r->event.type != YAML_MAPPING_START_EVENT) return expected(r, key, "a mapping of its keys");
    return read_mapping(r, key);
}

/* The entries of the mapping at hand; ends at its end event. */
static rgm_status read_mapping(reader *r, const char *prefix) {
    for (;;) {
        RGM_TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT) return RGM_OK;
        RGM_TRY(read_entry(r, prefix));
    }
}

/* --- documents -----------------------------------------------------------------------------------------------------
 */

static rgm_status reader_open(reader *r, const char *text, size_t size, const char *name, rgm_config *config,
                              rgm_error *err) {
    memset(r, 0, sizeof *r);
    if (!yaml_parser_initialize(&r->parser)) return rgm_fail(err, RGM_E_NOMEM, "no memory to read YAML");
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, size);
    r->name = name;
    r->config = config;
    r->err = err;
    return RGM_OK;
}

static void reader_close(reader *r) {
    if (r->have_event) yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

/* Moves to the root node; an empty stream gives a stream end. */
static rgm_status begin_document(reader *r) {
    RGM_TRY(next(r));
    RGM_TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return RGM_OK;
    return next(r);
}

static rgm_status end_document(reader *r) {
    RGM_TRY(next(r));
    RGM_TRY(next(r));
    if (r->event.type != YAML_STREAM_END_EVENT)
        return REFUSE(r, r->event.start_mark, "expected one document, found a second");
    return RGM_OK;
}

static rgm_status read_config(reader *r) {
    RGM_TRY(begin_document(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return RGM_OK;
    if (r->event.type == YAML_MAPPING_START_EVENT)
        RGM_TRY(read_mapping(r, ""));
    else if (!is_null(r))
        return expected(r, "configuration", "a mapping of keys");
    return end_document(r);
}

rgm_status rgm_config_parse(rgm_config *config, const char *text, size_t size, const char *name, rgm_error *err) {
    if (size > FILE_MAX) return rgm_fail(err, RGM_E_USAGE, "%.160s: more than %d KiB", name, FILE_MAX / 1024);
    reader r;
    snprintf(config->source, sizeof config->source, "%s", name);
    RGM_TRY(reader_open(&r, text, size, name, config, err));
    rgm_status status = read_config(&r);
    reader_close(&r);
    return status;
}

/* Zero bytes, but not of UTF-16, which begins with a byte order mark. */
static int32_t is_binary(const char *text, size_t size) {
    int32_t utf16 = size >= 2 && (memcmp(text, "\377\376", 2) == 0 || memcmp(text, "\376\377", 2) == 0);
    return !utf16 && memchr(text, 0, size) != NULL;
}

rgm_status rgm_config_read(rgm_config *config, const char *path, rgm_error *err) {
    FILE *file = fopen(path, "rbe");
    if (!file) return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
    char *text = malloc(FILE_MAX + 1);
    size_t size = text ? fread(text, 1, FILE_MAX + 1, file) : 0;
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    rgm_status status;
    if (!text)
        status = rgm_fail(err, RGM_E_NOMEM, "%.160s: no memory to read it", path);
    else if (failed)
        status = rgm_fail(
            err, RGM_E_IO, "%.160s: %s", path,
            failed == EISDIR
                ? "a folder, expected a configuration (YAML) or a data set (HDF5, of a folder of pictures made by "
                  "the command `import folder`)"
                : strerror(failed));
    else if (is_binary(text, size))
        status = rgm_fail(err, RGM_E_USAGE,
                          "%.160s: a binary file, expected a configuration (YAML) or a data set (HDF5, made by "
                          "the command `import`)",
                          path);
    else
        status = rgm_config_parse(config, text, size, path, err);
    free(text);
    return status;
}

/* What a text from the command line is for: an option, a component (`option` NULL) or a node of one (`node.spec`). */
typedef struct target {
    const rgm_option *option;
    rgm_config *config;
    rgm_spec *spec;
    rgm_branch node;
    const char *key;
} target;

static rgm_status read_target(reader *r, const target *to) {
    RGM_TRY(begin_document(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return rgm_fail_about(r->err, RGM_E_USAGE, to->key, "expected a value");
    if (to->option)
        RGM_TRY(read_option(r, to->option));
    else if (to->node.spec)
        RGM_TRY(read_value(r, to->node, to->key));
    else
        RGM_TRY(read_spec(r, to->key, to->spec));
    return end_document(r);
}

/* A value from the command line: messages without line and column. */
static rgm_status set_target(const target *to, const char *text, rgm_error *err) {
    reader r;
    if (strlen(text) > FILE_MAX) return rgm_fail_about(err, RGM_E_USAGE, to->key, "the value is too long");
    RGM_TRY(reader_open(&r, text, strlen(text), NULL, to->config, err));
    rgm_status status = read_target(&r, to);
    if (status == RGM_E_USAGE && r.parser.error) rgm_error_about(err, to->key);
    reader_close(&r);
    return status;
}

rgm_status rgm_option_set_yaml(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err) {
    return set_target(&(target){.option = option, .config = config, .key = option->key}, text, err);
}

rgm_status rgm_spec_set_yaml(rgm_spec *spec, const char *key, const char *text, rgm_error *err) {
    return set_target(&(target){.spec = spec, .key = key}, text, err);
}

rgm_status rgm_branch_set_yaml(rgm_branch node, const char *key, const char *text, rgm_error *err) {
    return set_target(&(target){.node = node, .key = key}, text, err);
}
