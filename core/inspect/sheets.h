/* Small pictures of a data set, for people to look at: what rgm_thumbs asks for (report/thumbs.h).
 *
 *     rgm_sheets_create(&sheets, images, stop, &err);
 *     rgm_thumbs thumbs = {.give = rgm_sheets_give, .context = sheets};
 *     rgm_sheets_destroy(sheets);
 *
 * Of other than one or three channels, the first ones are shown. Memory is that of RGM_THUMBS_MOST small pictures.
 */
#ifndef RGM_INSPECT_SHEETS_H
#define RGM_INSPECT_SHEETS_H

#include "inspect/images.h"
#include "report/thumbs.h"

typedef struct rgm_sheets rgm_sheets;

/* The images outlive it. RGM_E_NOMEM. */
rgm_status rgm_sheets_create(rgm_sheets **sheets, rgm_images *images, rgm_stop stop, rgm_error *err);
void rgm_sheets_destroy(rgm_sheets *sheets); /* NULL is fine */

/* rgm_thumbs.give, with the sheets as context; at most RGM_THUMBS_MOST at once. The same pixels on any number of
 * threads. [main] */
rgm_status rgm_sheets_give(void *sheets, const rgm_image_place *places, int32_t count, int32_t side, rgm_thumb *thumbs,
                           rgm_error *err);

#endif
