#include "csv.h"
#include "import.h"
#include "import_pictures.h"
#include "leave_out.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

/* The folder of a file, as text to be freed: "." for a bare name. NULL without memory. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

rgm_status rgm_import_csv(const rgm_import_options *options, rgm_error *err) {
    rgm_import_report unheard = {0};
    rgm_import_options o = *options;
    const char *root = o.pictures.root;
    if (!o.report) o.report = &unheard;
    if (o.count != 1) return rgm_fail(err, RGM_E_USAGE, "import csv: expected one list, found %d arguments", o.count);
    if (root && !rgm_source_is_folder(root)) return rgm_fail(err, RGM_E_USAGE, "--root: %.300s: not a folder", root);
    char *own = root ? NULL : folder_of(o.sources[0]);
    if (!root && !own) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", o.sources[0]);
    rgm_list list = {0};
    rgm_status status = rgm_csv_read(&list, o.sources[0], root ? root : own, &o.stop, err);
    if (status == RGM_OK) status = rgm_list_leave_out(&list, o.pictures.exclude, err);
    if (status == RGM_OK) status = rgm_import_listed(&list, &o, err);
    rgm_list_free(&list);
    free(own);
    return status;
}
