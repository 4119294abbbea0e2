/* Attributes of a data set's root: numbers of the channels, and texts. All inside the HDF5 lock. */
#ifndef RGM_DATA_ATTRIBUTE_H
#define RGM_DATA_ATTRIBUTE_H

#include "data/content.h"

/* Reads `mean` or `std`: info.C numbers. *found = 0 if the file has none. RGM_E_FORMAT. */
rgm_status rgm_attribute_constants(const rgm_dataset *set, const char *name, float *to, int32_t *found, rgm_error *err);

/* Reads `count` integers of 0 to `most`, count 1 also as a scalar. *found as above. RGM_E_FORMAT. */
typedef struct rgm_attribute_integers {
    const char *name;
    int32_t count, most;
} rgm_attribute_integers;
rgm_status rgm_attribute_read_integers(const rgm_dataset *set, const rgm_attribute_integers *wish, int32_t *to,
                                       int32_t *found, rgm_error *err);

typedef struct rgm_attribute_texts {
    const char *name;
    int32_t only_one; /* 1: it must be a single text */
    size_t most;      /* bytes of each */
} rgm_attribute_texts;

/* Reads texts into a new array of *count, the caller's to free even on failure; *texts = NULL if there is no such
 * attribute. RGM_E_FORMAT. */
rgm_status rgm_attribute_read_texts(const rgm_dataset *set, const rgm_attribute_texts *wish, char ***texts,
                                    int32_t *count, rgm_error *err);

/* Reads a single text into new memory; *to stays as it is if there is none. RGM_E_FORMAT. */
rgm_status rgm_attribute_text(const rgm_dataset *set, const char *name, char **to, rgm_error *err);

#endif
