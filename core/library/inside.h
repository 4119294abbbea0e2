/* The library's objects from inside: what the other files of this room share, and what the command line and tests take
 * out of them where the public header (include/regimen/regimen.h) has no answer. */
#ifndef RGM_LIBRARY_INSIDE_H
#define RGM_LIBRARY_INSIDE_H

#include <regimen/regimen.h>
#include "library/entry.h"
#include "run/predictor.h"

struct regimen_config {
    rgm_config config;
    int32_t earlier; /* 1: an earlier run's: of its folder */
};

struct regimen_machine {
    rgm_device *device;
};

struct regimen_data {
    rgm_dataset *set;
    const rgm_stop *opening; /* while it is opened */
};

struct regimen_model {
    regimen_machine *machine;
    rgm_predictor *predictor;
    char **classes; /* names; NULL: none */
    int32_t class_count;
};

/* A model over a predictor, which is the model's from here on; destroyed on failure. */
rgm_status rgm_library_model(regimen_model **model, regimen_machine *machine, rgm_predictor *predictor, rgm_error *err);

/* The public result of a run or an evaluation. */
void rgm_library_result(regimen_result *result, const rgm_run_summary *summary, const rgm_config *config);

#endif
