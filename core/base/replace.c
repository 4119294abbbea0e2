#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rgm_status rgm_write_all(int fd, const void *bytes, size_t size, const char *path, rgm_error *err) {
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, written < 0 ? strerror(errno) : "nothing was written");
        at += written;
        size -= (size_t)written;
    }
    return RGM_OK;
}

int rgm_sync_file(int fd) {
    int failed;
    do failed = fsync(fd);
    while (failed && errno == EINTR);
    return failed;
}

void rgm_sync_folder(const char *path) {
    char copy[RGM_REPLACE_PATH];
    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy) return;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

/* The file that a link stands for: the link stays. NULL: no link, or none that leads to a file. */
static char *find_target(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
}

/* Can a name be made in the folder of the path? */
static int folder_hindered(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int error = !folder ? ENOMEM : access(folder, W_OK | X_OK) == 0 ? 0 : errno;
    free(folder);
    return error;
}

int rgm_write_hindered(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return errno == ENOENT ? folder_hindered(path) : errno;
    if (S_ISDIR(status.st_mode)) return EISDIR;
    return access(path, W_OK) == 0 ? 0 : errno;
}

int rgm_file_begins(const char *path, const char *head) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return RGM_BEGINS_FREE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return RGM_BEGINS_OTHER;
    FILE *file = fdopen(fd, "r");
    int so = file != NULL;
    while (so && *head) so = getc(file) == (unsigned char)*head++;
    if (file)
        fclose(file);
    else
        close(fd);
    return so ? RGM_BEGINS_SO : RGM_BEGINS_OTHER;
}

int rgm_replace_hindered(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return rgm_write_hindered(path);
    char *target = find_target(path);
    int error = folder_hindered(target ? target : path);
    free(target);
    return error;
}

rgm_status rgm_replace_begin(rgm_replace *file, const char *path, rgm_error *err) {
    struct stat status;
    char *target = find_target(path);
    int32_t fits = (size_t)snprintf(file->path, sizeof file->path, "%s", target ? target : path) < sizeof file->path;
    free(target);
    if (!fits) return rgm_fail(err, RGM_E_IO, "%.160s...: the path is too long", path);
    path = file->path;
    int32_t in_place = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    snprintf(file->temp, sizeof file->temp, "%s%s", in_place ? "" : path, in_place ? "" : ".tmp");
    const char *name = in_place ? path : file->temp;
    file->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->fd < 0 ? rgm_fail(err, RGM_E_IO, "%.160s: %s", name, strerror(errno)) : RGM_OK;
}

rgm_status rgm_replace_write(rgm_replace *file, const void *bytes, size_t size, rgm_error *err) {
    return rgm_write_all(file->fd, bytes, size, file->path, err);
}

static int32_t put_in_place(rgm_replace *file) {
    int32_t synced = !file->temp[0] || rgm_sync_file(file->fd) == 0, code = errno;
    int32_t closed = close(file->fd) == 0;
    if (!synced) errno = code;
    return synced && closed && (!file->temp[0] || rename(file->temp, file->path) == 0);
}

rgm_status rgm_replace_end(rgm_replace *file, rgm_status status, rgm_error *err) {
    if (status < 0) {
        close(file->fd);
    } else if (!put_in_place(file)) {
        status = rgm_fail(err, RGM_E_IO, "%.160s: %s", file->path, strerror(errno));
    }
    if (status < 0 && file->temp[0]) unlink(file->temp);
    if (status >= 0 && file->temp[0]) rgm_sync_folder(file->path);
    file->fd = -1;
    return status;
}
