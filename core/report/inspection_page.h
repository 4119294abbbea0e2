/* An inspection as a page with pictures: one HTML file (html.h). It has the verdict and what was found by kind, each
 * image with the one that it is like. Then come what a model says, counts and means by class, examples of each class.
 *
 *     rgm_inspection_page(&inspection, &(rgm_inspection_page_options){path, 0, thumbs}, &err);
 *
 * Its size has a limit (inspection_draw.h): of many classes and findings the first are shown, and how many more there
 * are. The same inspection gives the same bytes.
 */
#ifndef RGM_REPORT_INSPECTION_PAGE_H
#define RGM_REPORT_INSPECTION_PAGE_H

#include "report/html.h"
#include "report/inspection.h"
#include "report/thumbs.h"

/* What such a file begins with. */
#define RGM_INSPECTION_PAGE_HEAD RGM_HTML_HEAD("inspect")

typedef struct rgm_inspection_page_options {
    const char *path;
    int32_t most; /* findings of a kind that are shown; 0: 24, or 12 where there are many kinds */
    rgm_thumbs thumbs;
} rgm_inspection_page_options;

/* Writes the file, or leaves the one that is there as it is. Errors of the thumbs, RGM_E_IO, RGM_E_NOMEM. [main] */
rgm_status rgm_inspection_page(const rgm_inspection *inspection, const rgm_inspection_page_options *options,
                               rgm_error *err);

#endif
