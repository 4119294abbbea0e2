/* The table of options: what a configuration (train/config.h) can say.
 *
 * An option has a key ("batch", "data.file", "optimizer"), a type, a range, a default and a meaning. The key is the
 * path of its field in rgm_config. From the table come YAML files, `--set key=value`, flags, --help, docs/CONFIG.md
 * (`make config-rows`), validation and the file written back.
 *
 * A new option is a field of rgm_config and a row in option.c. A new word of a choice is a number of the enum and its
 * word there.
 */
#ifndef RGM_TRAIN_OPTION_H
#define RGM_TRAIN_OPTION_H

#include <stddef.h>
#include "base/status.h"

enum {
    RGM_OPTION_BOOL,   /* int32_t: true|false|yes|no|on|off */
    RGM_OPTION_INT,    /* int32_t */
    RGM_OPTION_COUNT,  /* int64_t or uint64_t, 0 to 2^63 - 1 */
    RGM_OPTION_REAL,   /* double, finite */
    RGM_OPTION_TEXT,   /* char[size] */
    RGM_OPTION_CHOICE, /* int32_t: index into words */
    RGM_OPTION_WORD,   /* char[size], one of words */
    RGM_OPTION_IMAGE,  /* int32_t[3]: CxHxW, or auto (zeros) */
    RGM_OPTION_INTS,   /* rgm_ints */
    RGM_OPTION_SPEC,   /* rgm_spec */
    RGM_OPTION_SPECS,  /* rgm_spec_list */
    RGM_OPTION_PATHS   /* config.plugins */
};

enum { RGM_OPTIONS = 64 }; /* the most that a table can have: rgm_config.given has a bit for each */

typedef struct rgm_option {
    const char *key; /* "group.name" or "name" */
    int32_t type;    /* RGM_OPTION_* */
    int32_t word_count;
    size_t offset, size;      /* of the field in rgm_config */
    double low, high;         /* range of numbers, inclusive */
    const char *const *words; /* of a choice, by number */
    const char *fallback;     /* the default, as YAML; "''": an empty text */
    const char *help;         /* one line, no full stop */
} rgm_option;

/* The table; *count is the number of options. Those of a group ("model.") stand together. */
const rgm_option *rgm_config_options(size_t *count);

/* The option `key`, or NULL. */
const rgm_option *rgm_config_option(const char *key);

/* The word of a number of the choice `key` ("early_stop.metric", RGM_METRIC_LOSS: "loss"); "unknown" if there is none.
 */
const char *rgm_option_word(const char *key, int32_t number);

/* "integer, 1 to 65536", "auto, small or imagenet": for messages and the manual. Returns text. */
const char *rgm_option_range(const rgm_option *option, char *text, size_t size);

#endif
