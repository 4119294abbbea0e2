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

/* A model over a predictor, which is the model's from here on; destroyed on failure. */
rgm_status rgm_library_model(regimen_model **model, regimen_machine *machine, rgm_predictor *predictor, rgm_error *err);

/* As regimen_config_read() of a checkpoint, whatever the file looks like: what is none is told as such. */
rgm_status rgm_library_read_checkpoint(regimen_config *config, const char *path, const rgm_stop *stop, rgm_error *err);

/* The checkpoint that `given` stands for: itself, or of a run folder best.h5, or last.h5 if no evaluation has chosen a
 * best. RGM_E_USAGE if the folder has neither, or the path is too long. */
rgm_status rgm_library_checkpoint(const char *given, char path[RGM_RUNFOLDER_PATH], rgm_error *err);

/* The public result of a run or an evaluation. */
void rgm_library_result(regimen_result *result, const rgm_run_summary *summary, const rgm_config *config);

#endif
