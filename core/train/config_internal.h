/* Between config.c (the table, --set), config_text.c (values as text) and config_yaml.c (files). */
#ifndef RGM_TRAIN_CONFIG_INTERNAL_H
#define RGM_TRAIN_CONFIG_INTERNAL_H

#include "train/config.h"

enum { RGM_OPTION_TEXT_MAX = 320 }; /* holds the value of any scalar option but a text, and any key */

/* The field of an option. */
void *rgm_option_field(const rgm_option *option, rgm_config *config);

/* Notes that the user has named the option. */
void rgm_config_mark(rgm_config *config, const rgm_option *option);

/* 1 for components and lists, whose values are YAML nodes; 0 for scalars. */
int32_t rgm_option_is_node(const rgm_option *option);

/* Sets a scalar option from text: "KEY: expected ..., found '...'" on failure. */
rgm_status rgm_option_set_text(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err);

/* Sets a component or a list from YAML text. */
rgm_status rgm_option_set_yaml(const rgm_option *option, rgm_config *config, const char *text, rgm_error *err);

/* One component from YAML text; `key` for messages. */
rgm_status rgm_spec_set_yaml(rgm_spec *spec, const char *key, const char *text, rgm_error *err);

/* Adds or replaces a setting, without a place in a file; a new one is the last. RGM_E_USAGE if it does not fit or the
 * name is no word of letters, digits, '_' and '-'. */
rgm_status rgm_spec_put(rgm_spec *spec, const char *key, const char *value, rgm_error *err);

/* 1 if the text can name a component or a setting. */
int32_t rgm_spec_is_name(const char *text);

/* RGM_E_USAGE unless `text` is UTF-8 without control characters and has less than `size` bytes. */
rgm_status rgm_text_acceptable(const char *text, size_t size, rgm_error *err);

/* The value of a scalar option but a text, as read back exactly: reals in the fewest digits. Returns text. */
const char *rgm_option_print(const rgm_option *option, const rgm_config *config, char text[RGM_OPTION_TEXT_MAX]);

/* "unknown key 'KEY' (nearest: 'OTHER')". */
rgm_status rgm_option_unknown(const char *key, rgm_error *err);

#endif
