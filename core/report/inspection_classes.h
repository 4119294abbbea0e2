/* Classes on an inspection's page: how many images each has and how bright they are, and sheets of examples. */
#ifndef RGM_REPORT_INSPECTION_CLASSES_H
#define RGM_REPORT_INSPECTION_CLASSES_H

#include "report/inspection_draw.h"

/* A table of counts, of many classes those with the most images and the fewest. RGM_E_NOMEM. */
rgm_status rgm_classes_table(rgm_drawing *drawing, rgm_error *err);

/* A sheet for each class: some images by chance, the most typical, the oddest. Of many classes, fewer images of each,
 * and as many classes as there is room for. RGM_E_NOMEM, errors of the thumbs. */
rgm_status rgm_classes_sheets(rgm_drawing *drawing, rgm_error *err);

#endif
