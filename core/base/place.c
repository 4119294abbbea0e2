#include "config.h"
#include "base/place.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(RGM_PLACE_PATH >= PATH_MAX, "realpath() writes that much");

enum { LEVELS = 4 }; /* build/tests/fuzz/.libs/program */

/* Where this code is. */
typedef struct code {
    char folder[RGM_PLACE_PATH];
    int32_t is_library; /* 1: of libregimen.so; 0: of the program */
} code;

/* The names of one thing, by what they are relative to. */
typedef struct place {
    const char *built; /* a build folder */
    const char *configured;
    const char *from_program, *from_library; /* their folders */
} place;

static const place plugins = {.built = "plugins/.libs",
                              .configured = RGM_PLUGINDIR,
                              .from_program = "../lib/regimen/plugins",
                              .from_library = "regimen/plugins"};
static const place helper = {.built = "regimen-try",
                             .configured = RGM_LIBEXECDIR "/regimen-try",
                             .from_program = "../libexec/regimen/regimen-try",
                             .from_library = "../libexec/regimen/regimen-try"};

/* Cuts the last name off; 0 if none is left. */
static int32_t cut(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) return 0;
    *slash = '\0';
    return 1;
}

/* The library's file by the name that it was loaded by; NULL in a program that has the code itself. */
static const char *library_name(void) {
    Dl_info info;
    void *map = NULL;
    if (!dladdr1(&plugins, &info, &map, RTLD_DL_LINKMAP) || !map) return NULL;
    const char *name = ((const struct link_map *)map)->l_name;
    return *name ? name : NULL;
}

/* 0 if the system does not say. Links are followed. */
static int32_t find_code(code *c) {
    const char *name = library_name();
    c->is_library = name != NULL;
    if (name) return realpath(name, c->folder) && cut(c->folder);
    ssize_t length = readlink("/proc/self/exe", c->folder, RGM_PLACE_PATH - 1);
    if (length <= 0 || length >= RGM_PLACE_PATH - 1) return 0;
    c->folder[length] = '\0';
    return cut(c->folder);
}

/* What cannot be looked at may be there: who opens it says why it cannot. */
static int32_t is_there(const char *path) { return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR); }

/* "FOLDER/NAME"; 0 if it is too long or not there. */
static int32_t join(char path[RGM_PLACE_PATH], const char *folder, const char *name) {
    return snprintf(path, RGM_PLACE_PATH, "%s/%s", folder, name) < RGM_PLACE_PATH && is_there(path);
}

/* In the build folder that the code is in, if it is in one. */
static int32_t find_built(char path[RGM_PLACE_PATH], const code *at, const char *name) {
    code up = *at;
    for (int32_t level = 0; level < LEVELS; level++) {
        if (join(path, up.folder, "config.status")) return join(path, up.folder, name);
        if (!cut(up.folder)) return 0;
    }
    return 0;
}

static void find(char path[RGM_PLACE_PATH], const place *p) {
    code at;
    int32_t known = find_code(&at);
    if (known && find_built(path, &at, p->built)) return;
    if (known && !is_there(p->configured) && join(path, at.folder, at.is_library ? p->from_library : p->from_program))
        return;
    snprintf(path, RGM_PLACE_PATH, "%s", p->configured);
}

void rgm_place_plugins(char path[RGM_PLACE_PATH]) { find(path, &plugins); }

void rgm_place_helper(char path[RGM_PLACE_PATH]) {
    const char *folder = secure_getenv("REGIMEN_LIBEXEC");
    if (folder && *folder)
        snprintf(path, RGM_PLACE_PATH, "%s/regimen-try", folder);
    else
        find(path, &helper);
}
