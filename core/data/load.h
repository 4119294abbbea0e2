/* What the opening of a data set and its first reader (rehearsal.h) do alike. They read the content, and find out how
 * pixels are to be read. */
#ifndef RGM_DATA_LOAD_H
#define RGM_DATA_LOAD_H

#include "data/content.h"
#include "data/rehearsal.h"

/* An empty set of this path, NULL if there is no memory; and its end, once HDF5 has nothing open (rgm_content_close).
 */
rgm_dataset *rgm_load_new(const char *path);
void rgm_load_free(rgm_dataset *set);

/* Reads the content of set->input, and sets info.access. `access`: RGM_ACCESS_*. Inside the HDF5 lock. */
rgm_status rgm_load(rgm_dataset *set, int32_t access, rgm_error *err);

/* Loads the foreign set at `input`, of which it takes a copy, as rgm_dataset_open() will with this access, names and
 * room. Reads what that will read through HDF5, and closes it. Inside the HDF5 lock. */
rgm_status rgm_load_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err);

#endif
