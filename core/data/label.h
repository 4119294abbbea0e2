/* Labels of a split: integers [N], or soft labels [N][classes]. Inside the HDF5 lock. */
#ifndef RGM_DATA_LABEL_H
#define RGM_DATA_LABEL_H

#include "data/content.h"

/* Reads and checks a split's labels, whose images have been counted. *soft_classes: of soft labels. RGM_E_FORMAT. */
rgm_status rgm_label_read(rgm_dataset *set, hid_t group, int32_t split, int32_t *soft_classes, rgm_error *err);

#endif
