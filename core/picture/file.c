#define _GNU_SOURCE
#include "picture/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 64, STEP = 4096 }; /* HEAD: enough to tell what it is */

int32_t rgm_picture_looks(const char *path) {
    static const char *const endings[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp",
                                          ".bmp", ".dib",  ".pnm", ".pbm",  ".pgm", ".ppm"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return 1;
    return 0;
}

/* A pipe without a writer must not hold it up. */
static int open_file(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }

int32_t rgm_picture_file_kind(const char *path) {
    uint8_t first[HEAD];
    int fd = open_file(path);
    ssize_t got = fd >= 0 ? read(fd, first, sizeof first) : 0;
    if (fd >= 0) close(fd);
    return got > 0 ? rgm_picture_kind(first, (size_t)got) : RGM_PICTURE_NONE;
}

void rgm_picture_file_free(rgm_picture_file *file) {
    free(file->bytes);
    *file = (rgm_picture_file){0};
}

rgm_status rgm_picture_file_reserve(rgm_picture_file *file, size_t bytes, rgm_error *err) {
    if (file->room >= bytes) return RGM_OK;
    size_t room = bytes + bytes / 4; /* the next one may be larger */
    uint8_t *grown = realloc(file->bytes, room);
    if (!grown) return rgm_fail(err, RGM_E_NOMEM, "no memory for a file of %zu bytes", bytes);
    file->bytes = grown;
    file->room = room;
    return RGM_OK;
}

static rgm_status cannot_read(int error, rgm_error *err) {
    return rgm_fail(err, RGM_E_IO, "cannot be read: %s", strerror(error));
}

static rgm_status check_size(int64_t size, const rgm_picture_part *part, rgm_error *err) {
    if (part->first || size <= part->largest) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "too large: a file of %lld MB, at most %lld", (long long)size / 1000000,
                    (long long)part->largest / 1000000);
}

static rgm_status read_open(rgm_picture_file *file, int fd, const rgm_picture_part *part, rgm_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return cannot_read(errno, err);
    if (S_ISDIR(st.st_mode)) return cannot_read(EISDIR, err);
    if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_IO, "cannot be read: not a regular file");
    RGM_TRY(check_size(st.st_size, part, err));
    for (size_t wanted = (size_t)st.st_size + 1;;) { /* one more: that shows where it ends */
        if (part->first && wanted > part->first) wanted = part->first;
        RGM_TRY(rgm_picture_file_reserve(file, wanted, err));
        ssize_t n = read(fd, file->bytes + file->size, wanted - file->size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_read(errno, err);
        file->size += (size_t)n;
        if (n == 0 || file->size == part->first) return RGM_OK;
        RGM_TRY(check_size((int64_t)file->size, part, err));
        if (file->size == wanted) wanted += STEP;
    }
}

rgm_status rgm_picture_file_read(rgm_picture_file *file, const char *path, const rgm_picture_part *part,
                                 rgm_error *err) {
    file->size = 0;
    int fd = open_file(path);
    if (fd < 0) return cannot_read(errno, err);
    rgm_status status = read_open(file, fd, part, err);
    close(fd);
    return status;
}
