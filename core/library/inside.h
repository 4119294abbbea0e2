/* The library's objects from inside, as the other files of this room share them. The command line and tests take out of
 * them what the public header (include/regimen/regimen.h) has no answer for. */
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
};

struct regimen_model {
    regimen_machine *machine;
    rgm_predictor *predictor;
    char **classes; /* names; NULL: none */
    int32_t class_count;
};

#endif
