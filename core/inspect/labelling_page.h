/* The page of a labelling (report/label_page.h) with its pictures, as the set has them.
 *
 * Images of few pixels are PNG, without loss, and are drawn crisp. Larger ones are JPEG, made smaller than
 * RGM_LABEL_PAGE_SIDE. Of other than one or three channels, the first ones are shown. A picture that cannot be read is
 * left out with a line of the log. Memory is that of a picture.
 */
#ifndef RGM_INSPECT_LABELLING_PAGE_H
#define RGM_INSPECT_LABELLING_PAGE_H

#include "base/stop.h"
#include "inspect/labelling.h"
#include "train/device.h"

typedef struct rgm_labelling_page {
    const char *path;
    const char *next; /* the command that reads the answers */
    const rgm_device *device;
    rgm_stop stop;
    void (*progress)(void *context, int64_t done); /* NULL: none */
    void *context;
    int64_t pictures, shows; /* out: on the page; how many times one is shown */
} rgm_labelling_page;

/* Writes the file, or leaves the one that is there as it is. RGM_E_IO, RGM_E_NOMEM, RGM_E_INTERRUPTED; RGM_E_FORMAT if
 * none of the pictures can be read. [main] */
rgm_status rgm_labelling_page_write(const rgm_labelling *labelling, rgm_labelling_page *page, rgm_error *err);

#endif
