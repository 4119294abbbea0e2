/* What the suites of the configuration share: two configurations, and what must succeed. */
#ifndef RGM_TESTS_CONFIG_CASE_H
#define RGM_TESTS_CONFIG_CASE_H

#include "train/config.h"

extern rgm_config config, other;

/* What the user sees, in a static buffer. */
const char *line_of(const rgm_error *err);

/* Makes `config` the defaults. */
void defaults(void);

/* Reads YAML, as "f.yaml", or sets "key=value", over `config`. */
void parse_fine(const char *text);
void set_fine(const char *assignment);

/* `config` is written, and reads back as the same, into `other`. */
void round_trip(void);

#endif
