/* The page of predict: which pictures come on it, and its writing once all are known. */
#ifndef RGM_CLI_SHOWING_H
#define RGM_CLI_SHOWING_H

#include "cli/predicting.h"
#include "report/gallery.h"

typedef struct rgm_showing rgm_showing;

/* For at most `most` pictures. RGM_E_NOMEM. */
rgm_status rgm_showing_create(rgm_showing **showing, int32_t most, rgm_error *err);
void rgm_showing_destroy(rgm_showing *showing); /* NULL is fine */

/* Keeps a prediction if it is among those that come on the page. With a label these are those of the highest loss,
 * else those that are least sure. `context` is the showing: for rgm_predicting.also. */
rgm_status rgm_showing_note(void *context, const rgm_predicted *predicted, rgm_error *err);

/* Reads the pictures again, smaller, and writes the page. gallery: what is known of it; `shown` is filled in. RGM_E_IO,
 * RGM_E_NOMEM; RGM_E_INTERRUPTED, and there is no page. */
rgm_status rgm_showing_write(rgm_showing *showing, const rgm_predicting *predicting, const rgm_device *device,
                             const char *path, rgm_gallery_options *gallery, const rgm_stop *stop, rgm_error *err);

#endif
