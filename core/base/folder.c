#define _GNU_SOURCE
#include "base/folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int32_t rgm_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int32_t rgm_link_leads_up(const char *path, const struct stat *to) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int32_t up = 0;
    struct stat here, below = {0};
    free(folder);
    while (fd >= 0 && fstat(fd, &here) == 0 && !rgm_same_file(&here, &below)) {
        up = rgm_same_file(&here, to);
        below = here;
        int above = up ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = above;
    }
    if (fd >= 0) close(fd);
    return up;
}
