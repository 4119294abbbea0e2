#include "library/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "run/earlier.h"

/* ---- creation ---- */

static rgm_status create(regimen_config **config, rgm_error *err) {
    regimen_config *c = calloc(1, sizeof *c);
    if (!c) return rgm_fail(err, RGM_E_NOMEM, "configuration: out of memory");
    rgm_status status = rgm_config_init(&c->config, err);
    c->config.pin = RGM_PIN_OFF; /* the caller's threads are its own */
    if (status >= 0)
        *config = c;
    else
        free(c);
    return status;
}

int32_t regimen_config_create(regimen_config **config, regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, NULL);
    if (config) *config = NULL;
    rgm_status status = rgm_entry_need(config, "regimen_config_create", "place for it", &entry.err);
    if (status >= 0) status = create(config, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

void regimen_config_destroy(regimen_config *config) { free(config); }

/* ---- changes: on a copy, which replaces the configuration once all went well ---- */

static rgm_status copy_of(const regimen_config *config, regimen_config **copy, rgm_error *err) {
    *copy = malloc(sizeof **copy);
    if (!*copy) return rgm_fail(err, RGM_E_NOMEM, "configuration: out of memory");
    **copy = *config;
    return RGM_OK;
}

static rgm_status replace(regimen_config *config, regimen_config *copy, rgm_status status) {
    if (status >= 0) *config = *copy;
    free(copy);
    return status;
}

static int32_t is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* HDF5's and Regimen's own files begin with a byte that no text begins with. What a pipe holds can be read once. */
static int32_t is_checkpoint(const char *path) {
    struct stat s;
    FILE *file = stat(path, &s) == 0 && S_ISREG(s.st_mode) ? fopen(path, "rbe") : NULL;
    int first = file ? getc(file) : EOF;
    if (file) fclose(file);
    return first == 0x89;
}

static rgm_status read_checkpoint(regimen_config *c, const char *path, const rgm_stop *stop, rgm_error *err) {
    rgm_constants unused = {0};
    rgm_status status = rgm_run_config_of_checkpoint(path, stop, &c->config, &unused, err);
    rgm_constants_free(&unused);
    return status;
}

rgm_status rgm_public_read_checkpoint(regimen_config *config, const char *path, const rgm_stop *stop, rgm_error *err) {
    regimen_config *copy;
    RGM_TRY(copy_of(config, &copy, err));
    copy->earlier = 0;
    return replace(config, copy, read_checkpoint(copy, path, stop, err));
}

static rgm_status read_into(regimen_config *c, const char *path, const rgm_stop *stop, rgm_error *err) {
    c->earlier = is_folder(path);
    if (c->earlier) return rgm_run_config_of_folder(path, &c->config, err);
    if (is_checkpoint(path)) return read_checkpoint(c, path, stop, err);
    RGM_TRY(rgm_config_read(&c->config, path, err));
    return rgm_config_suit(&c->config, c->config.model.name, err);
}

static rgm_status read_config(regimen_config *config, const char *path, const rgm_stop *stop, rgm_error *err) {
    regimen_config *copy;
    RGM_TRY(copy_of(config, &copy, err));
    return replace(config, copy, read_into(copy, path, stop, err));
}

int32_t regimen_config_read(regimen_config *config, const char *path, const regimen_events *events,
                            regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, events);
    const rgm_stop stop = rgm_entry_stop(&entry);
    rgm_status status = rgm_sized_check(events, "regimen_events", &entry.err);
    if (status >= 0) status = rgm_entry_need(config, "regimen_config_read", "configuration", &entry.err);
    if (status >= 0) status = rgm_entry_need(path, "regimen_config_read", "path", &entry.err);
    if (status >= 0) status = read_config(config, path, &stop, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

static rgm_status set_in(rgm_config *c, const char *key, const char *value, rgm_error *err) {
    RGM_TRY(rgm_config_set(c, key, value, err));
    return strcmp(key, "model.name") == 0 ? rgm_config_suit(c, c->model.name, err) : RGM_OK;
}

static rgm_status set_key(regimen_config *config, const char *key, const char *value, rgm_error *err) {
    regimen_config *copy;
    RGM_TRY(rgm_entry_need(config, "regimen_config_set", "configuration", err));
    RGM_TRY(rgm_entry_need(key, "regimen_config_set", "key", err));
    RGM_TRY(rgm_entry_need(value, "regimen_config_set", "value", err));
    RGM_TRY(copy_of(config, &copy, err));
    return replace(config, copy, set_in(&copy->config, key, value, err));
}

int32_t regimen_config_set(regimen_config *config, const char *key, const char *value, regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, NULL);
    return rgm_entry_end(&entry, set_key(config, key, value, &entry.err), err);
}

/* ---- as text ---- */

static rgm_status print(const regimen_config *config, char *text, size_t size, size_t *needed, rgm_error *err) {
    char *yaml;
    size_t length;
    RGM_TRY(rgm_entry_need(config, "regimen_config_print", "configuration", err));
    if (size) RGM_TRY(rgm_entry_need(text, "regimen_config_print", "place for the text", err));
    RGM_TRY(rgm_config_print(&config->config, &yaml, &length, err));
    if (size) snprintf(text, size, "%s", yaml);
    *needed = strlen(yaml) + 1;
    free(yaml);
    return RGM_OK;
}

int64_t regimen_config_print(const regimen_config *config, char *text, size_t size, regimen_error *err) {
    rgm_entry entry;
    size_t needed = 0;
    rgm_entry_begin(&entry, NULL);
    int32_t status = rgm_entry_end(&entry, print(config, text, size, &needed, &entry.err), err);
    return status < 0 ? status : (int64_t)needed;
}
