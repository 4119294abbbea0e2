/* Staged pictures -> the data set: which classes and splits there are, and the file. */
#ifndef RGM_DATASETS_ASSEMBLE_H
#define RGM_DATASETS_ASSEMBLE_H

#include "base/team.h"
#include "import.h"
#include "stage.h"

typedef struct rgm_assembly {
    const rgm_list *list;
    rgm_stage *stage; /* with a record for each entry of the list */
    rgm_transform to;
    rgm_team *team;
} rgm_assembly;

/* Writes options->out and fills the report. Classes without a picture are left out, which is logged. Splits that the
 * options ask for are made of what can be read. RGM_E_FORMAT if there are fewer than two classes, or one without
 * pictures for training; RGM_E_USAGE for shares that leave a split empty. [main] */
rgm_status rgm_assemble(const rgm_assembly *assembly, const rgm_import_options *options, rgm_error *err);

#endif
