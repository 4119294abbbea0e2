#include "import.h"
#include <limits.h>
#include <stdio.h>
#include "import_pictures.h"
#include "leave_out.h"
#include "quarantine.h"
#include "source.h"
#include "tree.h"

/* The files that an import makes may lie in the folder that is imported: the next one must not find them there. */
static rgm_status walk(rgm_list *list, const rgm_import_options *o, rgm_error *err) {
    char staging[PATH_MAX + 16], quarantine[PATH_MAX];
    snprintf(staging, sizeof staging, "%s.import", o->out);
    const rgm_tree tree = {.folder = o->sources[0],
                           .own = {o->out, staging, rgm_quarantine_path(o, quarantine, sizeof quarantine)},
                           .stop = &o->stop};
    return rgm_tree_walk(list, &tree, err);
}

rgm_status rgm_import_folder(const rgm_import_options *options, rgm_error *err) {
    rgm_import_report unheard = {0};
    rgm_import_options o = *options;
    if (!o.report) o.report = &unheard;
    if (o.count != 1)
        return rgm_fail(err, RGM_E_USAGE, "import folder: expected one folder, found %d arguments", o.count);
    if (!rgm_source_is_folder(o.sources[0]))
        return rgm_fail(err, RGM_E_USAGE, "%.300s: not a folder: expected one with a folder of pictures for each class",
                        o.sources[0]);
    rgm_list list = {0};
    rgm_status status = walk(&list, &o, err);
    if (status == RGM_OK) status = rgm_list_leave_out(&list, o.pictures.exclude, err);
    if (status == RGM_OK) status = rgm_import_listed(&list, &o, err);
    rgm_list_free(&list);
    return status;
}
