#include "data/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#    include <H5FDdevelop.h>
#endif

/* ---- the file ---- */

/* A lock that the file system does not have is done without. HDF5's own switch holds here, too. */
static rgm_status lock_shared(rgm_input *input, rgm_error *err) {
    const char *wanted = getenv("HDF5_USE_FILE_LOCKING");
    if (wanted && (strcmp(wanted, "FALSE") == 0 || strcmp(wanted, "0") == 0)) return RGM_OK;
    while (flock(input->fd, LOCK_SH | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno == EWOULDBLOCK)
            return rgm_fail(err, RGM_E_IO, "%s: another program has it open for writing: close it there first",
                            input->path);
        input->unlocked = 1;
        break;
    }
    return RGM_OK;
}

static rgm_status look_at(rgm_input *input, rgm_error *err) {
    struct stat st;
    if (fstat(input->fd, &st) != 0) return rgm_fail(err, RGM_E_IO, "%s: %s", input->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return rgm_fail(err, RGM_E_IO, "%s: %s", input->path,
                        S_ISDIR(st.st_mode) ? "a folder, not a regular file (of a folder of pictures the command "
                                              "`import folder` makes a data set)"
                                            : "not a regular file");
    if (st.st_size == 0) return rgm_fail(err, RGM_E_FORMAT, "%s: empty file", input->path);
    input->size = st.st_size;
    input->changed = st.st_mtim;
    return lock_shared(input, err);
}

rgm_status rgm_input_open(rgm_input *input, const char *path, const rgm_stop *stop, rgm_error *err) {
    *input = (rgm_input){.path = path};
    if (stop) input->stop = *stop;
    /* O_NONBLOCK: opening a pipe must not wait for a writer */
    input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (input->fd < 0) return rgm_fail(err, RGM_E_IO, "%s: cannot open: %s", path, strerror(errno));
    rgm_status status = look_at(input, err);
    if (status < 0) rgm_input_close(input);
    return status;
}

void rgm_input_close(rgm_input *input) {
    if (input->fd >= 0) close(input->fd);
    input->fd = -1;
}

rgm_status rgm_input_unchanged(const rgm_input *input, rgm_error *err) {
    struct stat st;
    if (fstat(input->fd, &st) != 0) return rgm_fail(err, RGM_E_IO, "%s: %s", input->path, strerror(errno));
    if (st.st_size < input->size)
        return rgm_fail(
            err, RGM_E_IO,
            "%s: truncated from %lld to %lld bytes while it is in use: replace a file by renaming a new one over it",
            input->path, (long long)input->size, (long long)st.st_size);
    if (st.st_size == input->size && st.st_mtim.tv_sec == input->changed.tv_sec &&
        st.st_mtim.tv_nsec == input->changed.tv_nsec)
        return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%s: written to while it is in use: replace a file by renaming a new one over it",
                    input->path);
}

/* What pread() does, as often as needed: bytes that are there, fewer than `size` at the end of the file, or -1. */
static ssize_t read_whole(int fd, void *to, size_t size, off_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (char *)to + done, size - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

rgm_status rgm_input_read(const rgm_input *input, void *to, size_t size, int64_t offset, rgm_error *err) {
    ssize_t got = read_whole(input->fd, to, size, (off_t)offset);
    if (got < 0) return rgm_fail(err, RGM_E_IO, "%s: cannot read: %s", input->path, strerror(errno));
    if ((size_t)got < size) return rgm_fail(err, RGM_E_IO, "%s: truncated while it is in use", input->path);
    return RGM_OK;
}

rgm_status rgm_input_asked(const rgm_input *input, rgm_error *err) {
    if (!rgm_stop_asked(&input->stop)) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped on request while it was being read", input->path);
}

/* ---- the driver ---- */

typedef struct input_file {
    H5FD_t base; /* HDF5's part, first */
    const rgm_input *input;
    haddr_t eoa;
} input_file;

static int failed_read; /* inside the lock */

int rgm_input_error(void) { return failed_read; }
void rgm_input_clear_error(void) { failed_read = 0; }

static H5FD_t *input_open(const char *name, unsigned flags, hid_t fapl, haddr_t maxaddr) {
    (void)name, (void)flags, (void)maxaddr;
    const rgm_input *const *input = H5Pget_driver_info(fapl);
    input_file *file = input ? calloc(1, sizeof *file) : NULL;
    if (!file) {
        H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_RESOURCE, H5E_NOSPACE, "no memory");
        return NULL;
    }
    file->input = *input;
    return &file->base;
}

static herr_t input_close(H5FD_t *base) {
    free(base);
    return 0;
}

static herr_t input_query(const H5FD_t *base, unsigned long *flags) {
    (void)base;
    *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE;
    return 0;
}

static haddr_t input_get_eoa(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const input_file *)base)->eoa;
}

static herr_t input_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((input_file *)base)->eoa = address;
    return 0;
}

static haddr_t input_get_eof(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return (haddr_t)((const input_file *)base)->input->size;
}

/* What lies behind the end is zero, as with HDF5's own driver. */
static herr_t input_read(H5FD_t *base, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size, void *buffer) {
    (void)type, (void)dxpl;
    const rgm_input *input = ((input_file *)base)->input;
    if (address > INT64_MAX || size > INT64_MAX - address) return -1;
    ssize_t got = failed_read ? -1 : read_whole(input->fd, buffer, size, (off_t)address);
    if (got < 0) {
        if (!failed_read) failed_read = errno;
        return -1;
    }
    uint64_t there = address < (haddr_t)input->size ? (uint64_t)input->size - address : 0;
    if ((uint64_t)got < (there < size ? there : size)) {
        failed_read = RGM_INPUT_SHORT;
        return -1;
    }
    memset((char *)buffer + got, 0, size - (size_t)got);
    return 0;
}

static herr_t input_write(H5FD_t *base, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size, const void *buffer) {
    (void)base, (void)type, (void)dxpl, (void)address, (void)size, (void)buffer;
    return -1;
}

static const H5FD_class_t input_class = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = 511, /* from the range for private use */
#endif
    .name = "regimen input",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(const rgm_input *),
    .open = input_open,
    .close = input_close,
    .query = input_query,
    .get_eoa = input_get_eoa,
    .set_eoa = input_set_eoa,
    .get_eof = input_get_eof,
    .read = input_read,
    .write = input_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

herr_t rgm_input_use(hid_t fapl, const rgm_input *input) {
    static hid_t driver = -1; /* the library keeps it until it closes */
    if (driver < 0 || H5Iis_valid(driver) <= 0) driver = H5FDregister(&input_class);
    return driver < 0 ? -1 : H5Pset_driver(fapl, driver, &input);
}
