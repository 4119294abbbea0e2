/* A component as a configuration names it: `{crop: {padding: 4}}` is the name "crop" with one setting.
 *
 * Specs are plain values of fixed size: the configuration holds them, files and checkpoints carry them as text. plug/
 * turns them into instances after checking every setting against the component's own parameter table.
 *
 * The value of a setting is a text, or a tree of lists and mappings. Its leaves are texts:
 * `{random: {of: [flip, {crop: {padding: 4}}], count: 2}}` has the setting "of" with a list of a text and a mapping.
 * The nodes of all trees of a spec are in rgm_spec.values, and a node is known by its index there.
 */
#ifndef RGM_PLUG_SPEC_H
#define RGM_PLUG_SPEC_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { RGM_SPEC_NAME = 48, RGM_SPEC_VALUE = 208, RGM_SPEC_SETTINGS = 24 };

/* Of the trees of one spec: nodes and bytes of their texts together; lists and mappings within each other. */
enum { RGM_SPEC_NODES = 64, RGM_SPEC_TEXTS = 768, RGM_SPEC_DEPTH = 8 };

enum { RGM_VALUE_TEXT = 0, RGM_VALUE_LIST = 1, RGM_VALUE_MAP = 2 };

/* Small, since a configuration has many. Places: where in the configuration file, from 1, a column of at most 65535; 0:
 * from an option. */
typedef struct rgm_value {
    int32_t key_line, line;      /* of the key of a mapping's child, and of the value */
    uint16_t key_column, column; /* of the same */
    uint16_t key, text;          /* where they begin in rgm_spec.texts: of a mapping's child, of a text */
    uint8_t kind;                /* RGM_VALUE_* */
    uint8_t first, next;         /* the first child of a list or mapping, and the next child of the same; 0: none */
} rgm_value;

typedef struct rgm_setting {
    char key[RGM_SPEC_NAME];
    char value[RGM_SPEC_VALUE];   /* as written: "4", "5e-4", "normal", "true"; "" with a tree */
    int32_t usual;                /* 1: a default, as nobody has named it; kept by the configuration */
    int32_t tree;                 /* the root of its tree, a list or a mapping; 0: it is a text */
    int32_t key_line, key_column; /* where in the configuration file, from 1; 0: from an option */
    int32_t line, column;         /* of the value */
} rgm_setting;

/* All zeros: no component. */
typedef struct rgm_spec {
    char name[RGM_SPEC_NAME]; /* "" : none */
    int32_t count;
    rgm_setting settings[RGM_SPEC_SETTINGS];
    int32_t line, column;
    int32_t nodes, bytes;                 /* used of the two below, without what is at index 0 */
    rgm_value values[RGM_SPEC_NODES + 1]; /* index 0 stands for none */
    char texts[RGM_SPEC_TEXTS];           /* NUL-terminated; index 0 is "" */
} rgm_spec;

/* ---- settings ---- */

/* The setting `key`, or NULL. */
const rgm_setting *rgm_spec_find(const rgm_spec *spec, const char *key);

/* The text of the setting `key`; NULL if there is none, or a tree. */
const char *rgm_spec_get(const rgm_spec *spec, const char *key);

/* 1 if two components have the same name and settings in the same order; lines and columns do not count. */
int32_t rgm_spec_equal(const rgm_spec *a, const rgm_spec *b);

/* 1 if the text can name a component or a setting. */
int32_t rgm_spec_is_name(const char *text);

/* Adds or replaces a setting, without a place in a file; a new one is the last. RGM_E_USAGE if it does not fit or the
 * name is no word of letters, digits, '_' and '-'. */
rgm_status rgm_spec_put(rgm_spec *spec, const char *key, const char *value, rgm_error *err);

/* ---- trees ---- */

/* "" where a node has none. */
const char *rgm_value_key(const rgm_spec *spec, int32_t node);
const char *rgm_value_text(const rgm_spec *spec, int32_t node);

/* The child of a mapping; 0: it has no such one. */
int32_t rgm_value_member(const rgm_spec *spec, int32_t node, const char *key);

/* The child of a list or mapping by its number, from 0; 0: it has fewer. */
int32_t rgm_value_child(const rgm_spec *spec, int32_t node, int32_t number);

/* A new text "", the last child of `parent`, or a root (parent 0), with a key that rgm_spec_is_name() ("": none).
 * *node is its index. RGM_E_USAGE if the spec is full. */
rgm_status rgm_value_add(rgm_spec *spec, int32_t parent, const char *key, int32_t *node, rgm_error *err);

/* Makes a node a text. RGM_E_USAGE if the spec is full, or it is no text for a setting. */
rgm_status rgm_value_set(rgm_spec *spec, int32_t node, const char *text, rgm_error *err);

/* Makes a node an empty list or mapping. What it had is taken out by rgm_spec_pack(). */
void rgm_value_clear(rgm_spec *spec, int32_t node, int32_t kind);

/* Takes out nodes and texts that are no setting's any more. */
void rgm_spec_pack(rgm_spec *spec);

/* The texts of a flat list as "a,b". 0 if it is no flat list, or does not fit. */
int32_t rgm_value_join(const rgm_spec *spec, int32_t node, char out[RGM_SPEC_VALUE]);

/* RGM_E_USAGE unless `text` is UTF-8 without control characters and has less than `size` bytes. */
rgm_status rgm_text_acceptable(const char *text, size_t size, rgm_error *err);

#endif
