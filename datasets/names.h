/* Class names for importers. */
#ifndef RGM_DATASETS_NAMES_H
#define RGM_DATASETS_NAMES_H

#include "base/status.h"

typedef struct rgm_names {
    char **list; /* [count], into `text` */
    int32_t count;
    char *text;
} rgm_names;

/* Splits a text at `separator`. Blanks around a name and empty names at the end are dropped. RGM_E_FORMAT for an empty
 * name elsewhere, or for no name at all. `what` is for the error line. */
rgm_status rgm_names_split(rgm_names *names, const char *text, char separator, const char *what, rgm_error *err);

/* What --names says: names separated by commas, or a set whose names are known, mnist or fashion-mnist. RGM_E_USAGE for
 * a word that is neither, RGM_E_FORMAT as above. */
rgm_status rgm_names_given(rgm_names *names, const char *text, rgm_error *err);

/* A file with a name per line, at most 1 MiB. */
rgm_status rgm_names_read(rgm_names *names, const char *path, rgm_error *err);

void rgm_names_free(rgm_names *names); /* a zeroed one is fine */

#endif
