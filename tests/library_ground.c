#include "library_ground.h"

#include <stdio.h>
#include "make_set.h"

char *folder, run_path[512], saved[512];
pixels p;
regimen_data *data;
regimen_machine *machine;

void set_up(void) {
    folder = make_folder();
    snprintf(run_path, sizeof run_path, "%s", in_folder(folder, "run"));
    snprintf(saved, sizeof saved, "%s", in_folder(folder, "saved.h5"));
    pixels_usual(&p);
    data = pixels_data(&p);
    machine = machine_of(2);
}

void tear_down(void) {
    regimen_machine_close(machine);
    regimen_data_close(data);
    pixels_free(&p);
    remove_tree(folder);
}

regimen_config *net_of(const char *settings, const char *more) {
    char out[600];
    regimen_config *c = config_of(settings);
    snprintf(out, sizeof out, "out=%s", run_path);
    config_more(c, out);
    config_more(c, more);
    return c;
}

outcome model_of(const regimen_data *of, regimen_config *config, listener *l) {
    outcome o = trained(machine, of, config, &(extra){.no_files = 1, .listener = l});
    regimen_config_destroy(config);
    return o;
}
