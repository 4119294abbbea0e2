#include "run/earlier.h"

#include <stdio.h>
#include <string.h>
#include "report/runfolder.h"

rgm_status rgm_run_config_of_folder(const char *folder, rgm_config *config, rgm_error *err) {
    char path[RGM_RUNFOLDER_PATH];
    RGM_TRY(rgm_runfolder_find(folder, path, err)); /* so it fits into config->out, too */
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_config_read(config, path, err));
    snprintf(config->out, sizeof config->out, "%s", folder);
    return RGM_OK;
}

rgm_status rgm_run_config_of_checkpoint(const char *path, const rgm_stop *stop, rgm_config *config,
                                        rgm_constants *model, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, stop, err));
    const char *text = rgm_checkpoint_header(reader)->config;
    rgm_status status = rgm_config_init(config, err);
    if (status == RGM_OK && text) status = rgm_config_parse(config, text, strlen(text), path, err);
    rgm_config_forget(config, "data.exclude"); /* it may be a list of other data than what it is evaluated on */
    if (status == RGM_OK) status = rgm_constants_take(model, reader, path, err);
    if (status == RGM_OK) model->held_out = config->data.validation;
    rgm_checkpoint_close(reader);
    config->plugins.count = 0;
    snprintf(config->checkpoint, sizeof config->checkpoint, "%s", path);
    return status;
}
