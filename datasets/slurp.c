#include "slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void rgm_slurp_free(rgm_slurp *slurp) {
    free(slurp->bytes);
    *slurp = (rgm_slurp){0};
}

static rgm_status reserve(rgm_slurp *slurp, size_t room, rgm_error *err) {
    if (slurp->room >= room) return RGM_OK;
    free(slurp->bytes); /* what was in it is not needed */
    slurp->room = 0;
    slurp->bytes = malloc(room + room / 4);
    if (!slurp->bytes) return rgm_fail(err, RGM_E_NOMEM, "no memory for a file of %zu bytes", room);
    slurp->room = room + room / 4;
    return RGM_OK;
}

static rgm_status cannot_read(int error, rgm_error *err) {
    return rgm_fail(err, RGM_E_IO, "cannot be read: %s", strerror(error));
}

static rgm_status read_open(rgm_slurp *slurp, int fd, size_t most, rgm_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return cannot_read(errno, err);
    if (S_ISDIR(st.st_mode)) return cannot_read(EISDIR, err);
    if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_IO, "cannot be read: not a regular file");
    if (most > RGM_SLURP_MOST && st.st_size > RGM_SLURP_MOST)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "too large: a file of %lld MB, at most %d",
                        (long long)st.st_size / 1000000, RGM_SLURP_MOST / 1000000);
    size_t size = (uint64_t)st.st_size < most ? (size_t)st.st_size : most;
    RGM_TRY(reserve(slurp, size ? size : 1, err));
    while (slurp->size < size) {
        ssize_t n = read(fd, slurp->bytes + slurp->size, size - slurp->size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_read(errno, err);
        if (n == 0) break; /* it has shrunk: what is missing will show */
        slurp->size += (size_t)n;
    }
    return RGM_OK;
}

rgm_status rgm_slurp_read(rgm_slurp *slurp, const rgm_list *list, int64_t i, size_t most, rgm_error *err) {
    char path[2 * PATH_MAX];
    slurp->size = 0;
    RGM_TRY(rgm_list_where(list, i, path, sizeof path, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return cannot_read(errno, err);
    rgm_status status = read_open(slurp, fd, most, err);
    close(fd);
    return status;
}
