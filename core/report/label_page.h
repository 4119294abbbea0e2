/* A page on which a person labels pictures: one HTML file (html.h) with a script of its own. It works from a disk,
 * without a network. docs/LABEL.md says how it is used.
 *
 *     RGM_TRY(rgm_label_page_begin(&page, &options, &err));
 *     rgm_label_page_add(page, &picture, &err);             for each, in the order of their numbers
 *     return rgm_label_page_end(page, status, &err);
 *
 * Pictures are shown one at a time. Up to 36 classes have a key each; of more, a list is searched. True labels are
 * nowhere on the page, nor names of files. The browser keeps the answers until they are saved as answers.json, whose
 * form inspect/human.h describes. The same calls give the same bytes.
 */
#ifndef RGM_REPORT_LABEL_PAGE_H
#define RGM_REPORT_LABEL_PAGE_H

#include "report/html.h"

/* What such a file begins with. */
#define RGM_LABEL_PAGE_HEAD RGM_HTML_HEAD("label")

enum { RGM_LABEL_PAGE_KEYS = 36, RGM_LABEL_PAGE_SIDE = 448 }; /* pixels of a picture on the page */

typedef struct rgm_label_page_options {
    const char *path;
    const char *set, *split;  /* any text; a literal */
    const char *next;         /* the command that reads answers.json, any text */
    uint64_t fingerprint;     /* of the set */
    uint64_t seed;            /* at most 2^53 */
    const char *const *names; /* [classes]; NULL: they have numbers alone */
    int32_t classes;
    const int32_t *order; /* [shows]: numbers of pictures, below `count`; lives until the end */
    int64_t shows, count;
} rgm_label_page_options;

typedef struct rgm_label_picture {
    int64_t number; /* in the order, above the one before; one that is left out is not shown */
    int64_t index;  /* in its split */
    uint64_t hash;  /* of its pixels */
    rgm_html_image image;
} rgm_label_picture;

typedef struct rgm_label_page rgm_label_page;

/* Writes the head and the classes. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_label_page_begin(rgm_label_page **page, const rgm_label_page_options *options, rgm_error *err);
rgm_status rgm_label_page_add(rgm_label_page *page, const rgm_label_picture *picture, rgm_error *err);

/* Ends and destroys it. Without a failure in `status` the file of that name is the whole page from here on. Returns
 * `status`, or the failure. */
rgm_status rgm_label_page_end(rgm_label_page *page, rgm_status status, rgm_error *err);

#endif
