/* A component as a configuration names it: `{crop: {padding: 4}}` is the name "crop" with one setting.
 *
 * Specs are plain values of fixed size: the configuration holds them, files and checkpoints carry them as text, and
 * plug/ turns them into instances after checking every setting against the component's own parameter table.
 */
#ifndef RGM_PLUG_SPEC_H
#define RGM_PLUG_SPEC_H

#include <stdint.h>

enum { RGM_SPEC_NAME = 48, RGM_SPEC_VALUE = 208, RGM_SPEC_SETTINGS = 24 };

typedef struct rgm_setting {
    char key[RGM_SPEC_NAME];
    char value[RGM_SPEC_VALUE];   /* as written: "4", "5e-4", "normal", "true" */
    int32_t key_line, key_column; /* where in the configuration file, from 1; 0: from an option */
    int32_t line, column;         /* of the value */
} rgm_setting;

typedef struct rgm_spec {
    char name[RGM_SPEC_NAME]; /* "" : none */
    int32_t count;
    rgm_setting settings[RGM_SPEC_SETTINGS];
    int32_t line, column;
} rgm_spec;

#endif
