#include "cli/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Cuts the last name off; 0 if none is left. */
static int cut(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) return 0;
    *slash = 0;
    return 1;
}

const char *rgm_place_plugins(char path[RGM_PLACE_PATH]) {
    char program[RGM_PLACE_PATH / 2];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0 || (size_t)length >= sizeof program - 1) return NULL;
    program[length] = 0;
    if (!cut(program)) return NULL;
    const char *folder = strrchr(program, '/'); /* libtool keeps the program itself in .libs */
    if (folder && strcmp(folder, "/.libs") == 0 && !cut(program)) return NULL;
    snprintf(path, RGM_PLACE_PATH, "%s/plugins/.libs", program);
    if (is_folder(path)) return path;
    if (is_folder(RGM_PLUGINDIR)) return NULL;
    snprintf(path, RGM_PLACE_PATH, "%s/../lib/regimen/plugins", program);
    return is_folder(path) ? path : NULL;
}
