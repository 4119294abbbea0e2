/* The configuration as YAML, through libyaml's emitter, which knows what must be quoted. */
#include "train/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>
#include "base/replace.h"

typedef struct writer {
    yaml_emitter_t emitter;
    int32_t fine; /* 0 after the first failure */
    int32_t flow; /* 1: all in one line */
    char *text;
    size_t size, capacity;
} writer;

static int append(void *data, unsigned char *bytes, size_t count) {
    writer *w = data;
    if (w->size + count + 1 > w->capacity) {
        size_t capacity = 2 * (w->size + count + 1);
        char *text = realloc(w->text, capacity);
        if (!text) return 0;
        w->text = text;
        w->capacity = capacity;
    }
    memcpy(w->text + w->size, bytes, count);
    w->size += count;
    w->text[w->size] = 0;
    return 1;
}

/* Hands over an initialised event; the emitter takes it in any case. */
static void emit(writer *w, yaml_event_t *event, int initialised) {
    if (!initialised)
        w->fine = 0;
    else if (!w->fine)
        yaml_event_delete(event);
    else
        w->fine = yaml_emitter_emit(&w->emitter, event);
}

static void put_text(writer *w, const char *text) {
    yaml_event_t event;
    int null_like = !*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0 || strcasecmp(text, "none") == 0;
    emit(w, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                      null_like ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE));
}

static void put_plain(writer *w, const char *text) {
    yaml_event_t event;
    emit(w, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                      YAML_PLAIN_SCALAR_STYLE));
}

static void open_mapping(writer *w, int32_t flow) {
    yaml_event_t event;
    emit(w, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                             flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE));
}

static void close_mapping(writer *w) {
    yaml_event_t event;
    emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static void open_list(writer *w, int32_t flow) {
    yaml_event_t event;
    emit(w, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                              flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE));
}

static void close_list(writer *w) {
    yaml_event_t event;
    emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void put_tree(writer *w, const rgm_spec *spec, int32_t node) {
    int32_t kind = spec->values[node].kind, child = spec->values[node].first;
    if (kind == RGM_VALUE_TEXT) {
        put_text(w, rgm_value_text(spec, node));
        return;
    }
    if (kind == RGM_VALUE_MAP)
        open_mapping(w, 1);
    else
        open_list(w, 1);
    for (; child; child = spec->values[child].next) {
        if (kind == RGM_VALUE_MAP) put_text(w, rgm_value_key(spec, child));
        put_tree(w, spec, child);
    }
    if (kind == RGM_VALUE_MAP)
        close_mapping(w);
    else
        close_list(w);
}

static void put_spec(writer *w, const rgm_spec *spec) {
    if (!spec->name[0] || spec->count == 0) {
        put_plain(w, spec->name[0] ? spec->name : "none");
        return;
    }
    open_mapping(w, 1);
    put_text(w, spec->name);
    open_mapping(w, 1);
    for (int32_t i = 0; i < spec->count; i++) {
        const rgm_setting *setting = &spec->settings[i];
        put_text(w, setting->key);
        if (setting->tree)
            put_tree(w, spec, setting->tree);
        else
            put_text(w, setting->value);
    }
    close_mapping(w);
    close_mapping(w);
}

static void put_ints(writer *w, const rgm_ints *list) {
    char text[16];
    open_list(w, 1);
    for (int32_t i = 0; i < list->count; i++) {
        snprintf(text, sizeof text, "%d", list->items[i]);
        put_plain(w, text);
    }
    close_list(w);
}

static void put_value(writer *w, const rgm_option *option, const rgm_config *config) {
    const void *field = (const char *)config + option->offset;
    char text[RGM_OPTION_TEXT_MAX];
    const rgm_spec_list *list = field;
    switch (option->type) {
    case RGM_OPTION_TEXT:
        put_text(w, field);
        break;
    case RGM_OPTION_INTS:
        put_ints(w, field);
        break;
    case RGM_OPTION_SPEC:
        put_spec(w, field);
        break;
    case RGM_OPTION_SPECS:
        open_list(w, w->flow || list->count == 0);
        for (int32_t i = 0; i < list->count; i++) put_spec(w, &list->items[i]);
        close_list(w);
        break;
    case RGM_OPTION_PATHS:
        open_list(w, w->flow || config->plugins.count == 0);
        for (int32_t i = 0; i < config->plugins.count; i++) put_text(w, config->plugins.paths[i]);
        close_list(w);
        break;
    default:
        put_plain(w, rgm_option_print(option, config, text));
    }
}

/* Closes the group at hand and opens the one of `key`, where they differ. Returns the part of the key after its dot. */
static const char *enter_group(writer *w, const char *key, char group[64]) {
    const char *dot = key ? strchr(key, '.') : NULL;
    size_t length = dot ? (size_t)(dot - key) : 0;
    if (strlen(group) != length || (dot && strncmp(group, key, length) != 0)) {
        if (group[0]) close_mapping(w);
        snprintf(group, 64, "%.*s", (int)length, key ? key : "");
        if (group[0]) {
            put_text(w, group);
            open_mapping(w, 0);
        }
    }
    return dot ? dot + 1 : key;
}

static void put_options(writer *w, const rgm_config *config) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    char group[64] = "";
    open_mapping(w, 0);
    for (size_t i = 0; i < count; i++) {
        put_text(w, enter_group(w, options[i].key, group));
        put_value(w, &options[i], config);
    }
    enter_group(w, NULL, group);
    close_mapping(w);
}

/* The value of `only`, or, NULL, all options. */
static void put_document(writer *w, const rgm_config *config, const rgm_option *only) {
    yaml_event_t event;
    yaml_emitter_set_output(&w->emitter, append, w);
    yaml_emitter_set_unicode(&w->emitter, 1);
    yaml_emitter_set_width(&w->emitter, -1);
    emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    if (only)
        put_value(w, only, config);
    else
        put_options(w, config);
    emit(w, &event, yaml_document_end_event_initialize(&event, 1));
    emit(w, &event, yaml_stream_end_event_initialize(&event));
}

static rgm_status print(const rgm_config *config, const rgm_option *only, writer *w, rgm_error *err) {
    if (!yaml_emitter_initialize(&w->emitter)) return rgm_fail(err, RGM_E_NOMEM, "no memory to write YAML");
    put_document(w, config, only);
    int32_t memory = w->emitter.error == YAML_MEMORY_ERROR || w->emitter.error == YAML_WRITER_ERROR;
    rgm_status status = RGM_OK;
    if (!w->fine || !w->text) {
        const char *problem = w->emitter.problem ? w->emitter.problem : "no memory";
        status = rgm_fail(err, memory ? RGM_E_NOMEM : RGM_E_INTERNAL, "configuration as YAML: %s", problem);
        free(w->text);
        w->text = NULL;
    }
    yaml_emitter_delete(&w->emitter);
    return status;
}

rgm_status rgm_config_print(const rgm_config *config, char **text, size_t *size, rgm_error *err) {
    writer w = {.fine = 1};
    rgm_status status = print(config, NULL, &w, err);
    *text = w.text;
    if (status >= 0) *size = w.size;
    return status;
}

rgm_status rgm_config_value(const rgm_config *config, const char *key, char **text, rgm_error *err) {
    writer w = {.fine = 1, .flow = 1};
    const rgm_option *option = rgm_config_option(key);
    *text = NULL;
    if (!option) return rgm_option_unknown(key, err);
    RGM_TRY(print(config, option, &w, err));
    w.text[strcspn(w.text, "\n")] = 0; /* behind it a plain value has the document's end, too */
    *text = w.text;
    return RGM_OK;
}

rgm_status rgm_config_write(const rgm_config *config, const char *path, rgm_error *err) {
    char *text;
    size_t size;
    RGM_TRY(rgm_config_print(config, &text, &size, err));
    rgm_replace file;
    rgm_status status = rgm_replace_begin(&file, path, err);
    if (status >= 0) status = rgm_replace_end(&file, rgm_replace_write(&file, text, size, err), err);
    free(text);
    return status;
}
