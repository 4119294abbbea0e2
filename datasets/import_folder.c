#include "import.h"
#include "pictures.h"
#include "source.h"
#include "tree.h"

rgm_status rgm_import_folder(const rgm_import_options *options, rgm_error *err) {
    rgm_import_report unheard = {0};
    rgm_import_options o = *options;
    if (!o.report) o.report = &unheard;
    if (o.count != 1)
        return rgm_fail(err, RGM_E_USAGE, "import folder: expected one folder, found %d arguments", o.count);
    if (!rgm_source_is_folder(o.sources[0])) return rgm_fail(err, RGM_E_USAGE, "%.300s: not a folder", o.sources[0]);
    rgm_list list = {0};
    rgm_status status = rgm_tree_walk(&list, o.sources[0], &o.stop, err);
    if (status == RGM_OK) status = rgm_pictures_import(&list, &o, err);
    rgm_list_free(&list);
    return status;
}
