/* The file that lists the pictures that cannot be read: CSV (RFC 4180) with the columns file and reason. It is written
 * when there is something to list, as a whole (base/replace.h). */
#ifndef RGM_DATASETS_QUARANTINE_H
#define RGM_DATASETS_QUARANTINE_H

#include "base/replace.h"
#include "import.h"

typedef struct rgm_quarantine {
    const rgm_import_options *options;
    rgm_replace file;
    int32_t open;
    char *text; /* lines that are not written yet */
    size_t used;
} rgm_quarantine;

/* The file's path: the options', or OUT without its suffix and ".quarantine.csv". Returns `out`. */
const char *rgm_quarantine_path(const rgm_import_options *options, char *out, size_t size);

/* RGM_E_USAGE if there is a file of that name that holds something else: it would be lost. */
rgm_status rgm_quarantine_check(const rgm_import_options *options, rgm_error *err);

/* Nothing is written yet. The options' report gets the file's name when there is one. */
void rgm_quarantine_begin(rgm_quarantine *quarantine, const rgm_import_options *options);

/* Adds entry i of the list, counts it, and tells the report's take(). RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_quarantine_add(rgm_quarantine *quarantine, const rgm_list *list, int64_t i, const char *reason,
                              rgm_error *err);

/* Puts the file in place if `status` is RGM_OK, else gives it up. Without anything to list, an older list of that name
 * is removed. Returns `status` or the failure. */
rgm_status rgm_quarantine_end(rgm_quarantine *quarantine, rgm_status status, rgm_error *err);

#endif
