#include "train/device.h"

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/cpu.h"

static rgm_status load_plugins(rgm_device *d, const rgm_device_options *o, rgm_error *err) {
    rgm_registry_options options = {.kernels = d->kernels, .files = o->plugins, .file_count = o->plugin_count};
    rgm_error why = {0};
    rgm_status status = rgm_registry_create(&d->registry, &options, &why);
    if (status >= 0) return RGM_OK;
    return rgm_fail(err, status, "%.400s%s", why.text,
                    status == RGM_E_USAGE && o->resumed ? ": --set 'plugins=[FILE.so]' names other files" : "");
}

static rgm_status create(rgm_device *d, const rgm_device_options *o, rgm_error *err) {
    RGM_TRY(rgm_isa_choose(o->isa, rgm_cpu_features(), &d->isa, err));
    d->kernels = rgm_kernels_get(d->isa);
    RGM_TRY(load_plugins(d, o, err));
    rgm_team_options team = {.threads = o->threads, .pin = o->pin};
    RGM_TRY(rgm_team_create(&d->team, &team, err));
    RGM_TRY(rgm_team_start(d->team, err));
    RGM_TRY(rgm_engine_create(&d->engine, d->isa, d->kernels->block, rgm_team_size(d->team), err));
    if (!rgm_engine_capped(d->engine))
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: this process has begun with another instruction set, and oneDNN keeps to it to its end",
                        d->kernels->isa);
    snprintf(d->build, sizeof d->build, "regimen %s, %s, %s kernels, %s, %d KiB L2", PACKAGE_VERSION,
             rgm_engine_describe(d->engine), d->kernels->isa, rgm_cpu_name(), (int)(rgm_cpu_cache(2) >> 10));
    return RGM_OK;
}

rgm_status rgm_device_create(rgm_device **device, const rgm_device_options *options, rgm_error *err) {
    *device = NULL;
    rgm_device *d = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "device: out of memory");
    rgm_status status = create(d, options, err);
    if (status >= 0)
        *device = d;
    else
        rgm_device_destroy(d);
    return status;
}

rgm_status rgm_device_configure(rgm_device **device, const rgm_config *c, int32_t resumed, rgm_error *err) {
    const char *plugins[RGM_CONFIG_LIST];
    for (int32_t i = 0; i < c->plugins.count; i++) plugins[i] = c->plugins.paths[i];
    const rgm_device_options options = {.isa = c->isa,
                                        .threads = c->threads,
                                        .pin = c->pin,
                                        .plugins = plugins,
                                        .plugin_count = (size_t)c->plugins.count,
                                        .resumed = resumed};
    return rgm_device_create(device, &options, err);
}

void rgm_device_destroy(rgm_device *d) {
    if (!d) return;
    rgm_engine_destroy(d->engine);
    rgm_team_destroy(d->team);
    rgm_registry_destroy(d->registry);
    free(d);
}
