/* Groups of copies: integers [N] of a split. Images with the same number are copies of one another, and stay together
 * when the split is divided. Inside the HDF5 lock. */
#ifndef RGM_DATA_GROUP_H
#define RGM_DATA_GROUP_H

#include "data/content.h"

/* Reads the groups of a split, whose images have been counted. Those of two images and more are numbered anew, from 0
 * on, in the order of their first images. Without such a group the split has none. RGM_E_FORMAT for another type or
 * length, RGM_E_NOMEM, RGM_E_INTERRUPTED. */
rgm_status rgm_group_read(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err);

#endif
