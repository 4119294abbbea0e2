#include "config.h"
#include "plug/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "plug/border.h"
#include "plug/validate.h"

/* dlerror without the name of the private copy, which means nothing to the user. */
static const char *loader_words(const rgm_copy *copy) {
    const char *text = dlerror();
    if (!text) return "unknown reason";
    size_t n = strlen(copy->name);
    return strncmp(text, copy->name, n) == 0 && text[n] == ':' ? text + n + 2 : text;
}

static void *open_guarded(const char *name, int32_t *changed) {
    fenv_t env;
    rgm_border border;
    fegetenv(&env);
    rgm_border_enter(&border, NULL, "its constructors");
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    *changed = rgm_border_leave(&border);
    fesetenv(&env);
    return handle;
}

/* glibc's words when memory runs out; it does not always tell the errno. Room for thread-local variables (static TLS)
 * is no memory: a library that asks for too much of it is refused. */
static int32_t speaks_of_memory(const char *words) {
    static const char *const signs[] = {"cannot allocate", "cannot create", "out of memory"};
    if (strstr(words, "static TLS")) return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(words, signs[i])) return 1;
    return strstr(words, strerror(ENOMEM)) != NULL;
}

/* What fails where the address space is limited; else it may be the file. */
static int32_t speaks_of_room(const char *words) {
    return strstr(words, "failed to map segment") || strstr(words, "zero-fill");
}

/* The loader's words are all that it gives. Whether a limit of open files is behind them is asked by doing as it does.
 */
static rgm_status cannot_load(const rgm_copy *copy, rgm_error *err) {
    const char *words = loader_words(copy);
    rgm_address_space space = rgm_address_space_read();
    if (space.left < SIZE_MAX && (speaks_of_memory(words) || speaks_of_room(words)))
        return rgm_fail(err, RGM_E_NOMEM, "cannot be loaded: %s (limit: %s)", words, space.name);
    if (speaks_of_memory(words)) return rgm_fail(err, RGM_E_NOMEM, "cannot be loaded: %s", words);
    int spare = open(copy->name, O_RDONLY | O_CLOEXEC);
    rgm_status status = spare < 0 && errno != ENOENT ? RGM_E_IO : RGM_E_USAGE;
    if (spare >= 0) close(spare);
    return rgm_fail(err, status, "cannot be loaded: %s", words);
}

rgm_status rgm_library_open(const rgm_copy *copy, const rgm_plugin **plugin, int32_t *changed, rgm_error *err) {
    void *handle = open_guarded(copy->name, changed);
    if (!handle) return cannot_load(copy, err);
    *plugin = dlsym(handle, "rgm_plugin_entry");
    if (!*plugin) return rgm_fail(err, RGM_E_USAGE, "not a Regimen plugin: no symbol rgm_plugin_entry");
    return RGM_OK;
}

void rgm_library_try(int fd, const void *request, size_t size, rgm_error *said) {
    const char *name = request;
    rgm_copy copy = {.fd = fd};
    rgm_adopted adopted;
    const rgm_plugin *plugin = NULL;
    int32_t changed = 0;
    if (size == 0 || size > sizeof copy.name || name[size - 1] != '\0') {
        rgm_fail(said, RGM_E_INTERNAL, "a malformed request to try a plugin");
        return;
    }
    if (*name)
        snprintf(copy.name, sizeof copy.name, "%s", name);
    else
        snprintf(copy.name, sizeof copy.name, "/proc/self/fd/%d", fd);
    if (rgm_library_open(&copy, &plugin, &changed, said) == RGM_OK &&
        rgm_plugin_adopt(plugin, &adopted, said) == RGM_OK)
        rgm_adopted_release(&adopted);
}
