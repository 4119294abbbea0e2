#include "config.h"
#include "base/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEVELS = 4 }; /* build/tests/fuzz/.libs/program */

/* Cuts the last name off; 0 if none is left. */
static int32_t cut(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) return 0;
    *slash = '\0';
    return 1;
}

/* The folder of the program; 0 if the system does not say. */
static int32_t find_program(char path[RGM_PLACE_PATH]) {
    ssize_t length = readlink("/proc/self/exe", path, RGM_PLACE_PATH - 1);
    if (length <= 0 || length >= RGM_PLACE_PATH - 1) return 0;
    path[length] = '\0';
    return cut(path);
}

/* What cannot be looked at may be there: who opens it says why it cannot. */
static int32_t is_there(const char *path) { return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR); }

/* "FOLDER/NAME"; 0 if it is too long or not there. */
static int32_t join(char path[RGM_PLACE_PATH], const char *folder, const char *name) {
    return snprintf(path, RGM_PLACE_PATH, "%s/%s", folder, name) < RGM_PLACE_PATH && is_there(path);
}

static int32_t find_built(char path[RGM_PLACE_PATH], const char *name) {
    char folder[RGM_PLACE_PATH];
    if (!find_program(folder)) return 0;
    for (int32_t up = 0; up < LEVELS; up++) {
        if (join(path, folder, "config.status")) return join(path, folder, name);
        if (!cut(folder)) return 0;
    }
    return 0;
}

static int32_t find_moved(char path[RGM_PLACE_PATH], const char *name) {
    char folder[RGM_PLACE_PATH];
    return find_program(folder) && join(path, folder, name);
}

/* The three names of one thing: in a build folder, as configured, from the folder of a program that was moved. */
static void find(char path[RGM_PLACE_PATH], const char *built, const char *configured, const char *moved) {
    if (find_built(path, built)) return;
    if (!is_there(configured) && find_moved(path, moved)) return;
    snprintf(path, RGM_PLACE_PATH, "%s", configured);
}

void rgm_place_plugins(char path[RGM_PLACE_PATH]) {
    find(path, "plugins/.libs", RGM_PLUGINDIR, "../lib/regimen/plugins");
}

void rgm_place_helper(char path[RGM_PLACE_PATH]) {
    const char *folder = secure_getenv("REGIMEN_LIBEXEC");
    if (folder && *folder)
        snprintf(path, RGM_PLACE_PATH, "%s/regimen-try", folder);
    else
        find(path, "regimen-try", RGM_LIBEXECDIR "/regimen-try", "../libexec/regimen/regimen-try");
}
