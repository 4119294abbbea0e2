/* What an inspection of a data set gives, as plain data: inspect/inspect.h fills it, report/ tells it. Arrays are the
 * inspection's own; what was not looked at is NULL or 0.
 *
 *     rgm_inspection_print(stdout, &inspection, 10);          tables for people inspection_print.h
 *     rgm_inspection_write_json(&inspection, "-", &err);      for programs inspection_json.h
 *     rgm_inspection_page(...)                                a page with pictures: inspection_page.h
 *     rgm_inspection_free(&inspection);
 */
#ifndef RGM_REPORT_INSPECTION_H
#define RGM_REPORT_INSPECTION_H

#include "report/findings.h"
#include "report/inspection_model.h"
#include "report/statistics.h"

typedef struct rgm_inspection {
    const rgm_dataset *set;           /* the caller's */
    rgm_findings findings;            /* sorted */
    int64_t images;                   /* looked at, of all splits */
    double near_share;                /* of these, so many were compared with each other; below 1 after a sample */
    int64_t unreadable;               /* pictures that cannot be decoded, not among them */
    int64_t *counts[RGM_SPLIT_COUNT]; /* [classes] of the split's images; NULL: there is no such split */
    rgm_inspection_model *model;      /* what a model says; NULL: none was asked */
    rgm_statistics statistics;        /* of the whole set */
    double seconds;
} rgm_inspection;

/* A zeroed one is fine. */
void rgm_inspection_free(rgm_inspection *inspection);

/* Images of a class in all splits; of all images in all splits. */
int64_t rgm_inspection_of_class(const rgm_inspection *inspection, int32_t number);
int64_t rgm_inspection_total(const rgm_inspection *inspection);

/* "70000 images, 1x28x28 (channels x height x width), 10 classes". Returns text. */
enum { RGM_INSPECTION_TEXT = 1024 };
const char *rgm_inspection_shape(const rgm_inspection *inspection, char text[RGM_INSPECTION_TEXT]);

/* The verdict in a sentence or two: which findings are to be mended first, which are to be looked at. Returns
 * RGM_GRAVE_* of the gravest; -1: nothing was found. */
int32_t rgm_inspection_judge(const rgm_inspection *inspection, char text[RGM_INSPECTION_TEXT]);

/* What splits and classes lack: a line each, "" if there is nothing to note. Returns text. */
const char *rgm_inspection_notes(const rgm_inspection *inspection, char text[RGM_INSPECTION_TEXT]);

/* The order of classes by images, those with the most first; equals by number. To be freed; NULL: no memory. */
int32_t *rgm_inspection_order(const rgm_inspection *inspection);

#endif
