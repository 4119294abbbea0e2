#include <stdlib.h>
#include "library/inside.h"

static rgm_status open_machine(regimen_machine **machine, const regimen_config *config, rgm_error *err) {
    static const rgm_device_options by_default = {.isa = "auto", .pin = RGM_PIN_OFF};
    regimen_machine *m = calloc(1, sizeof *m);
    if (!m) return rgm_fail(err, RGM_E_NOMEM, "machine: out of memory");
    rgm_status status = config ? rgm_device_configure(&m->device, &config->config, config->earlier, err)
                               : rgm_device_create(&m->device, &by_default, err);
    if (status >= 0)
        *machine = m;
    else
        free(m);
    return status;
}

int32_t regimen_machine_open(regimen_machine **machine, const regimen_config *config, const regimen_events *events,
                             regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, events);
    if (machine) *machine = NULL;
    rgm_status status = rgm_sized_check(events, "regimen_events", &entry.err);
    if (status >= 0) status = rgm_entry_need(machine, "regimen_machine_open", "place for it", &entry.err);
    if (status >= 0) status = open_machine(machine, config, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

void regimen_machine_close(regimen_machine *machine) {
    if (!machine) return;
    rgm_device_destroy(machine->device);
    free(machine);
}

const char *regimen_machine_build(const regimen_machine *machine) { return machine ? machine->device->build : NULL; }
