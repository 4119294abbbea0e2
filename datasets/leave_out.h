/* Pictures that are left out of an import, by an exclude list (data/exclude_lines.h). */
#ifndef RGM_DATASETS_LEAVE_OUT_H
#define RGM_DATASETS_LEAVE_OUT_H

#include "list.h"

/* Takes the pictures out of the list that the file `path` names (NULL: none does). It is an exclude list of an earlier
 * import, whose names count, not its splits and indices; or a file with one path a line. A picture is named by its path
 * as it is listed, or by its name in the data set (picture_names.h). Names that are none of the pictures' are logged.
 *     RGM_E_IO       the file cannot be read
 *     RGM_E_USAGE    it has a line without a name, names none of the pictures, or all of them
 *     RGM_E_NOMEM
 */
rgm_status rgm_list_leave_out(rgm_list *list, const char *path, rgm_error *err);

#endif
