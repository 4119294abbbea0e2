#include "data/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#    include <H5FDdevelop.h>
#endif

typedef struct sink_file {
    H5FD_t base; /* HDF5's part, first */
    rgm_sink *sink;
    haddr_t eoa, eof;
} sink_file;

static H5FD_t *sink_open(const char *name, unsigned flags, hid_t fapl, haddr_t maxaddr) {
    (void)name, (void)flags, (void)maxaddr;
    rgm_sink *const *sink = H5Pget_driver_info(fapl);
    sink_file *file = sink ? calloc(1, sizeof *file) : NULL;
    if (!file) return NULL;
    file->sink = *sink;
    return &file->base;
}

static herr_t sink_close(H5FD_t *base) {
    free(base);
    return 0;
}

static herr_t sink_query(const H5FD_t *base, unsigned long *flags) {
    (void)base;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t sink_get_eoa(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const sink_file *)base)->eoa;
}

static herr_t sink_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((sink_file *)base)->eoa = address;
    return 0;
}

static haddr_t sink_get_eof(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const sink_file *)base)->eof;
}

/* What lies behind the end, or cannot be read, is zero; a read that fails is an error of the file being written. */
static herr_t sink_read(H5FD_t *base, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size, void *buffer) {
    (void)type, (void)dxpl;
    rgm_sink *sink = ((sink_file *)base)->sink;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(sink->fd, (char *)buffer + done, size - done, (off_t)(address + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && !sink->error) sink->error = errno;
        if (got <= 0) {
            memset((char *)buffer + done, 0, size - done);
            break;
        }
        done += (size_t)got;
    }
    return 0;
}

static herr_t sink_write(H5FD_t *base, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size, const void *buffer) {
    (void)type, (void)dxpl;
    sink_file *file = (sink_file *)base;
    for (size_t done = 0; done < size && !file->sink->error;) {
        ssize_t put = pwrite(file->sink->fd, (const char *)buffer + done, size - done, (off_t)(address + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0)
            file->sink->error = put < 0 ? errno : ENOSPC;
        else
            done += (size_t)put;
    }
    if (address + size > file->eof) file->eof = address + size;
    return 0;
}

static herr_t sink_truncate(H5FD_t *base, hid_t dxpl, hbool_t closing) {
    (void)dxpl, (void)closing;
    sink_file *file = (sink_file *)base;
    if (file->eoa != file->eof && !file->sink->error && ftruncate(file->sink->fd, (off_t)file->eoa) != 0)
        file->sink->error = errno;
    file->eof = file->eoa;
    return 0;
}

static const H5FD_class_t sink_class = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = 510, /* from the range for private use */
#endif
    .name = "regimen sink",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(rgm_sink *),
    .open = sink_open,
    .close = sink_close,
    .query = sink_query,
    .get_eoa = sink_get_eoa,
    .set_eoa = sink_set_eoa,
    .get_eof = sink_get_eof,
    .read = sink_read,
    .write = sink_write,
    .truncate = sink_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

herr_t rgm_sink_use(hid_t fapl, rgm_sink *sink) {
    static hid_t driver = -1; /* the library keeps it until it closes */
    if (driver < 0 || H5Iis_valid(driver) <= 0) driver = H5FDregister(&sink_class);
    return driver < 0 ? -1 : H5Pset_driver(fapl, driver, &sink);
}
