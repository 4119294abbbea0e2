/* Names of a split's pictures: texts [N], each the path of the file that an image was made of. Inside the HDF5 lock. */
#ifndef RGM_DATA_NAME_H
#define RGM_DATA_NAME_H

#include "data/content.h"

/* Reads the names of a split, whose images have been counted. Names that do not follow the format, or that need more
 * than set->room bytes, are left out, and set->refused says why. RGM_E_NOMEM, RGM_E_INTERRUPTED. */
rgm_status rgm_name_read(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err);

#endif
