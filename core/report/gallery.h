/* A page of pictures with what a model says of them: one HTML file that needs nothing else, no script either. It is
 * read on a screen, light or dark, and on paper.
 *
 *     rgm_gallery_begin(&gallery, path, &options, &err);
 *     rgm_gallery_add(gallery, &entry, &err);               for each, in the order of the page
 *     rgm_gallery_end(gallery, status, &err);               puts the file in place, or gives it up
 *
 * Names of files and classes may hold anything: they are text on the page, whatever they look like.
 */
#ifndef RGM_REPORT_GALLERY_H
#define RGM_REPORT_GALLERY_H

#include <stddef.h>
#include "report/html.h"
#include "report/predictions.h"

/* What the page begins with. */
#define RGM_GALLERY_HEAD RGM_HTML_HEAD("predict")

enum { RGM_GALLERY_TOP = 3, RGM_GALLERY_SIDE = 160, RGM_GALLERY_MISTAKES = 12 };

typedef struct rgm_gallery_options {
    const char *model, *checkpoint, *transform; /* "resnet20", the file, how pictures become images; "": not known */
    const char *inputs;                         /* "photos, more/1.jpg" */
    const char *const *names;                   /* [classes]; NULL: they have numbers alone */
    int32_t classes;
    const rgm_predictions_sums *sums;
    const rgm_mistake *mistakes; /* the most frequent, [RGM_GALLERY_MISTAKES] or as many kinds as there are */
    int64_t mistake_kinds;
    int64_t shown; /* pictures that will be added, of those in the sums */
} rgm_gallery_options;

typedef struct rgm_gallery_entry {
    const rgm_prediction *prediction; /* at least one place */
    const uint8_t *jpeg;              /* NULL: it can no longer be read */
    size_t jpeg_size;
    int32_t H, W; /* of the picture itself; 0: not known */
} rgm_gallery_entry;

typedef struct rgm_gallery rgm_gallery;

/* Writes the head. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_gallery_begin(rgm_gallery **gallery, const char *path, const rgm_gallery_options *options,
                             rgm_error *err);
rgm_status rgm_gallery_add(rgm_gallery *gallery, const rgm_gallery_entry *entry, rgm_error *err);

/* Ends and destroys it. Without a failure in `status` the file of that name is the whole page from here on. Returns
 * `status`, or the failure. */
rgm_status rgm_gallery_end(rgm_gallery *gallery, rgm_status status, rgm_error *err);

#endif
