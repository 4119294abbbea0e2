/* Between config.c (defaults, checks), config_set.c (--set), config_text.c (values as text), config_yaml.c (reading)
 * and config_write.c (writing). */
#ifndef RGM_TRAIN_CONFIG_INTERNAL_H
#define RGM_TRAIN_CONFIG_INTERNAL_H

#include "train/config.h"

enum { RGM_OPTION_TEXT_MAX = 320 }; /* holds the value of any scalar option but a text, and any key */

/* The field of an option. */
void *rgm_option_field(const rgm_option *option, rgm_config *config);

/* Notes that the user has named the option. */
void rgm_config_mark(rgm_config *config, const rgm_option *option);

/* Notes that all settings are a default. */
void rgm_spec_mark_usual(rgm_spec *spec);

/* 1 for components and lists, whose values are YAML nodes; 0 for scalars. */
int32_t rgm_option_is_node(const rgm_option *option);

/* Sets a scalar option from text: "KEY: expected ..., found '...'" on failure. */
rgm_status rgm_option_set_text(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err);

/* Sets or adds an integer of a list from text; `index` is at most list->count. RGM_E_USAGE about `key`. */
rgm_status rgm_option_set_item(const rgm_option *option, rgm_ints *list, int32_t index, const char *text,
                               rgm_error *err);

/* Sets a component or a list from YAML text. */
rgm_status rgm_option_set_yaml(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err);

/* One component from YAML text; `key` for messages. */
rgm_status rgm_spec_set_yaml(rgm_spec *spec, const char *key, const char *text, rgm_error *err);

/* A node of a spec's trees from YAML text; `node.depth` lists and mappings are around it. */
typedef struct rgm_branch {
    rgm_spec *spec;
    int32_t index, depth;
} rgm_branch;
rgm_status rgm_branch_set_yaml(rgm_branch node, const char *key, const char *text, rgm_error *err);

/* The value of a scalar option but a text, as read back exactly: reals in the fewest digits. Returns text. */
const char *rgm_option_print(const rgm_option *option, const rgm_config *config, char text[RGM_OPTION_TEXT_MAX]);

/* "unknown key 'KEY' (nearest: 'OTHER')". */
rgm_status rgm_option_unknown(const char *key, rgm_error *err);

#endif
