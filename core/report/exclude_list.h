/* The exclude list (data/exclude_lines.h) that an inspection gives: which images are better left out, and why.
 *
 * Of findings that compare splits (leak, near_leak) the training image is meant, so that what judges stays whole. Of
 * conflicting labels within a split both images are, since nobody knows which label is right. Of all others it is the
 * image of the finding.
 *
 * Images of the test split are written as comments: results are compared by it. Who takes the '#' away leaves them out.
 */
#ifndef RGM_REPORT_EXCLUDE_LIST_H
#define RGM_REPORT_EXCLUDE_LIST_H

#include "report/findings.h"

/* Kinds that are left out unless others are named: unreadable pictures, leaks, duplicates, conflicting labels and
 * images of one colour. The others are for people to look at first. */
extern const uint32_t rgm_exclude_kinds_default; /* bits 1 << RGM_FIND_* */

/* "leak,label_error", "default" or "all" as bits, added to each other. RGM_E_USAGE names the nearest kind. */
rgm_status rgm_exclude_kinds_parse(const char *text, uint32_t *kinds, rgm_error *err);

typedef struct rgm_exclude_listed {
    int64_t images;    /* lines */
    int64_t commented; /* lines of test images, which are comments */
} rgm_exclude_listed;

/* Writes the list of sorted findings, replacing a file of that name as a whole. Each image has one line, with the first
 * kind in the order of kinds, in the order of splits and indices. RGM_E_IO, RGM_E_NOMEM. RGM_E_USAGE for a file that
 * holds something else than a list: it would be lost. */
rgm_status rgm_exclude_list_write(const rgm_findings *findings, const rgm_dataset *set, uint32_t kinds,
                                  const char *path, rgm_exclude_listed *listed, rgm_error *err);

#endif
