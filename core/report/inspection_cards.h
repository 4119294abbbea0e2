/* The galleries of an inspection's page: what was found, kind by kind, and the images on which a model is most wrong.
 */
#ifndef RGM_REPORT_INSPECTION_CARDS_H
#define RGM_REPORT_INSPECTION_CARDS_H

#include "report/inspection_draw.h"

/* A section for each kind of which there are findings, with an anchor of its name. */
rgm_status rgm_cards_findings(rgm_drawing *drawing, rgm_error *err);

/* The largest losses, the nearest training image beside each; nothing without a model. */
rgm_status rgm_cards_losses(rgm_drawing *drawing, rgm_error *err);

#endif
