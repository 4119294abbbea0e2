/* The registry: all components of all plugins that were found. */
#include "config.h"
#include "plug/registry.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/place.h"
#include "base/text.h"
#include "plug/border.h"
#include "plug/host.h"
#include "plug/knobs.h"
#include "plug/load.h"
#include "plug/validate.h"

enum { PROBE_SECONDS = 10 };

typedef struct loaded {
    struct loaded *next;
    rgm_adopted adopted;
    char path[PATH_MAX];
    int32_t builtin, order;
} loaded;

struct rgm_registry {
    rgm_host host;
    const rgm_kernels *kernels;
    loaded *plugins; /* the last one found first */
    int32_t plugin_count;
    size_t refused;
    rgm_listed *listed; /* [count], sorted */
    size_t count;
    int32_t probe_seconds;
};

/* ---- finding files ---- */

static int32_t already_has(const rgm_registry *r, const rgm_plugin *origin) {
    for (const loaded *l = r->plugins; l; l = l->next) {
        if (l->adopted.origin == origin) return 1;
    }
    return 0;
}

/* `path` is absolute. A plugin that is there already is fine. */
static rgm_status add_file(rgm_registry *r, const char *path, int32_t builtin, rgm_error *err) {
    const rgm_plugin *origin = NULL;
    RGM_TRY(rgm_load_plugin(path, builtin ? 0 : r->probe_seconds, &origin, err));
    if (already_has(r, origin)) return RGM_OK;
    loaded *l = calloc(1, sizeof *l);
    if (!l) return rgm_fail(err, RGM_E_NOMEM, "no memory for plugin %s", path);
    if (rgm_plugin_adopt(origin, &l->adopted, err) < 0) {
        free(l);
        return rgm_fail_in(err, "plugin %s", path);
    }
    snprintf(l->path, sizeof l->path, "%s", path);
    l->builtin = builtin;
    l->order = r->plugin_count++;
    l->next = r->plugins;
    r->plugins = l;
    r->count += l->adopted.plugin.component_count;
    return RGM_OK;
}

static int is_library(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 3, ".so") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* A limit of the machine, or an error while reading, says nothing about the plugin. A file that may not be read is
 * refused like a broken one. */
static int32_t is_no_refusal(const char *path, rgm_status status) {
    return status == RGM_E_NOMEM || (status == RGM_E_IO && access(path, R_OK) == 0);
}

/* Every *.so of the folder; what is refused is logged and skipped. */
static rgm_status add_folder(rgm_registry *r, const char *folder, int32_t builtin, rgm_error *err) {
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_library, by_name);
    if (n < 0) return rgm_fail(err, RGM_E_IO, "plugins in %s: %s", folder, strerror(errno));
    rgm_status status = RGM_OK;
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        rgm_error why = {0};
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (length >= (int)sizeof path)
            rgm_fail(&why, RGM_E_USAGE, "plugin %s: path too long", entries[i]->d_name);
        else if (status == RGM_OK)
            add_file(r, path, builtin, &why);
        if (why.status < 0 && is_no_refusal(path, why.status)) {
            status = rgm_fail(err, why.status, "%s", why.text);
        } else if (why.status < 0) {
            rgm_log(RGM_LOG_WARN, "%s; skipped", why.text);
            r->refused++;
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

static rgm_status add_path(rgm_registry *r, const char *path, rgm_error *err) {
    char absolute[PATH_MAX];
    struct stat st;
    if (!realpath(path, absolute) || stat(absolute, &st) < 0)
        return rgm_fail(err, errno == ENOENT || errno == ENOTDIR ? RGM_E_USAGE : RGM_E_IO, "plugin %s: %s", path,
                        strerror(errno));
    return S_ISDIR(st.st_mode) ? add_folder(r, absolute, 0, err) : add_file(r, absolute, 0, err);
}

static rgm_status add_environment(rgm_registry *r, rgm_error *err) {
    const char *at = getenv("REGIMEN_PLUGIN_PATH");
    while (at && *at) {
        size_t n = strcspn(at, ":");
        char path[PATH_MAX];
        if (n >= sizeof path) return rgm_fail(err, RGM_E_USAGE, "REGIMEN_PLUGIN_PATH: path too long");
        memcpy(path, at, n);
        path[n] = '\0';
        if (n > 0 && add_path(r, path, err) < 0) return rgm_fail_in(err, "REGIMEN_PLUGIN_PATH");
        at += n + (at[n] == ':');
    }
    return RGM_OK;
}

static rgm_status add_own_folder(rgm_registry *r, const char *folder, rgm_error *err) {
    char own[RGM_PLACE_PATH], absolute[PATH_MAX];
    if (!folder) {
        rgm_place_plugins(own);
        folder = own;
        if (access(folder, F_OK) != 0 && errno == ENOENT) {
            rgm_log(RGM_LOG_WARN, "no folder %s: Regimen's own plugins are missing", folder);
            return RGM_OK;
        }
    }
    if (!*folder) return RGM_OK;
    if (!realpath(folder, absolute)) return rgm_fail(err, RGM_E_IO, "plugins in %s: %s", folder, strerror(errno));
    return add_folder(r, absolute, 1, err);
}

/* ---- the list ---- */

typedef struct sortable {
    rgm_listed listed; /* first */
    int32_t order;
} sortable;

static int by_kind_and_name(const void *a, const void *b) {
    const sortable *x = a, *y = b;
    const rgm_component *p = x->listed.component, *q = y->listed.component;
    if (p->kind != q->kind) return p->kind < q->kind ? -1 : 1;
    int names = strcmp(p->name, q->name);
    return names != 0 ? names : x->order - y->order;
}

static size_t gather(const rgm_registry *r, sortable *out) {
    size_t n = 0;
    for (const loaded *l = r->plugins; l; l = l->next) {
        for (uint32_t i = 0; i < l->adopted.plugin.component_count; i++, n++) {
            out[n].listed = (rgm_listed){.component = &l->adopted.components[i].head,
                                         .plugin = &l->adopted.plugin,
                                         .path = l->path,
                                         .builtin = l->builtin};
            out[n].order = l->order;
        }
    }
    return n;
}

static rgm_status make_list(rgm_registry *r, rgm_error *err) {
    sortable *all = calloc(r->count + 1, sizeof *all);
    r->listed = calloc(r->count + 1, sizeof *r->listed);
    if (!all || !r->listed) {
        free(all);
        return rgm_fail(err, RGM_E_NOMEM, "no memory for a list of %zu components", r->count);
    }
    gather(r, all);
    qsort(all, r->count, sizeof *all, by_kind_and_name);
    for (size_t i = 0; i < r->count; i++) {
        r->listed[i] = all[i].listed;
        const rgm_component *c = all[i].listed.component, *before = i > 0 ? all[i - 1].listed.component : NULL;
        r->listed[i].hidden = before && before->kind == c->kind && strcmp(before->name, c->name) == 0;
    }
    free(all);
    return RGM_OK;
}

rgm_status rgm_registry_create(rgm_registry **registry, const rgm_registry_options *options, rgm_error *err) {
    static const rgm_registry_knobs none;
    const rgm_registry_knobs *knobs = options->knobs ? options->knobs : &none;
    rgm_status status = RGM_OK;
    rgm_registry *r = calloc(1, sizeof *r);
    *registry = NULL;
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "no memory for the plugin registry");
    rgm_border_note_locale();
    r->probe_seconds = knobs->probe_seconds > 0 ? knobs->probe_seconds : PROBE_SECONDS;
    r->kernels = options->kernels ? options->kernels : rgm_kernels_reference(16);
    rgm_host_fill(&r->host, r->kernels);
    for (size_t i = 0; i < options->file_count; i++) RGM_TRY_OR_FAIL(status, add_path(r, options->files[i], err));
    if (!knobs->ignore_path) RGM_TRY_OR_FAIL(status, add_environment(r, err));
    RGM_TRY_OR_FAIL(status, add_own_folder(r, options->folder, err));
    RGM_TRY_OR_FAIL(status, make_list(r, err));
    *registry = r;
    return RGM_OK;
fail:
    rgm_registry_destroy(r);
    return status;
}

void rgm_registry_destroy(rgm_registry *registry) {
    if (!registry) return;
    while (registry->plugins) {
        loaded *l = registry->plugins;
        registry->plugins = l->next;
        rgm_adopted_release(&l->adopted);
        free(l);
    }
    free(registry->listed);
    free(registry);
}

const rgm_host *rgm_registry_host(const rgm_registry *registry) { return &registry->host; }

const rgm_kernels *rgm_registry_kernels(const rgm_registry *registry) { return registry->kernels; }

size_t rgm_registry_count(const rgm_registry *registry) { return registry->count; }

size_t rgm_registry_refused(const rgm_registry *registry) { return registry->refused; }

const rgm_listed *rgm_registry_at(const rgm_registry *registry, size_t i) {
    return i < registry->count ? &registry->listed[i] : NULL;
}

/* Says what there is instead: the nearest name, else the kind under which this name exists, else all names. */
static rgm_status unknown(const rgm_registry *r, int32_t kind, const char *name, rgm_error *err) {
    const char **names = calloc(r->count + 1, sizeof *names);
    size_t n = 0;
    const char *other = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const rgm_component *c = r->listed[i].component;
        if (names && (int32_t)c->kind == kind) names[n++] = c->name;
        if (strcmp(c->name, name) == 0) other = rgm_kind_name((int32_t)c->kind);
    }
    const char *nearest = n > 0 ? rgm_text_nearest(name, names, n) : NULL;
    free(names);
    if (nearest)
        return rgm_fail(err, RGM_E_USAGE, "unknown %s '%s' (nearest: '%s')", rgm_kind_name(kind), name, nearest);
    if (other)
        return rgm_fail(err, RGM_E_USAGE, "unknown %s '%s' ('%s' is of kind %s)", rgm_kind_name(kind), name, name,
                        other);
    return rgm_fail(err, RGM_E_USAGE, "unknown %s '%s' (the command `plugin list` shows all)", rgm_kind_name(kind),
                    name);
}

rgm_status rgm_registry_find(const rgm_registry *registry, int32_t kind, const char *name, const rgm_listed **found,
                             rgm_error *err) {
    for (size_t i = 0; i < registry->count; i++) {
        const rgm_component *c = registry->listed[i].component;
        if ((int32_t)c->kind == kind && strcmp(c->name, name) == 0) {
            *found = &registry->listed[i];
            return RGM_OK;
        }
    }
    return unknown(registry, kind, name, err);
}
