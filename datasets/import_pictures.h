/* A list of pictures -> a data set: the way that folders and lists of files share. A look at all headers chooses what
 * is not given, then pictures are decoded into the staging, then the file is assembled from it. */
#ifndef RGM_DATASETS_IMPORT_PICTURES_H
#define RGM_DATASETS_IMPORT_PICTURES_H

#include "import.h"

/* Imports what is listed; options->report must be there, and gets the list's counts too. The staging is removed when
 * the file is complete. */
rgm_status rgm_import_listed(const rgm_list *list, const rgm_import_options *options, rgm_error *err);

#endif
