#include "config.h"
#include "plug/copy.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/replace.h"

enum { LARGEST = 256 << 20 };

static rgm_status make_file(rgm_copy *copy, rgm_error *err) {
    copy->fd = memfd_create("regimen-plugin", MFD_CLOEXEC);
    if (copy->fd >= 0) {
        snprintf(copy->name, sizeof copy->name, "/proc/self/fd/%d", copy->fd);
        return RGM_OK;
    }
    snprintf(copy->name, sizeof copy->name, "/tmp/regimen-plugin-XXXXXX");
    copy->fd = mkostemp(copy->name, O_CLOEXEC);
    if (copy->fd < 0)
        return rgm_fail(err, RGM_E_IO, "no private copy: %s%s", strerror(errno),
                        errno == EMFILE ? " (limit: ulimit -n)" : "");
    copy->temporary = 1;
    return RGM_OK;
}

static rgm_status copy_bytes(int from, rgm_copy *copy, rgm_error *err) {
    char block[65536];
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rgm_fail(err, RGM_E_IO, "cannot be read: %s", strerror(errno));
        if (n == 0) return RGM_OK;
        RGM_TRY(rgm_write_all(copy->fd, block, (size_t)n, "no private copy", err));
        copy->size += (size_t)n;
    }
}

/* *got: bytes of the head that the copy has. */
static rgm_status read_head(const rgm_copy *copy, Elf64_Ehdr *head, size_t *got, rgm_error *err) {
    *got = 0;
    while (*got < sizeof *head) {
        ssize_t n = pread(copy->fd, (char *)head + *got, sizeof *head - *got, (off_t)*got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rgm_fail(err, RGM_E_IO, "its private copy cannot be read: %s", strerror(errno));
        if (n == 0) break;
        *got += (size_t)n;
    }
    return RGM_OK;
}

/* An ELF shared object of this machine's word size? The loader's own messages for anything else are obscure. */
static rgm_status check_elf(const rgm_copy *copy, rgm_error *err) {
    Elf64_Ehdr head;
    size_t got;
    RGM_TRY(read_head(copy, &head, &got, err));
    if (got < sizeof head || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return rgm_fail(err, RGM_E_USAGE, "not a shared object");
    if (head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) || head.e_type != ET_DYN)
        return rgm_fail(err, RGM_E_USAGE, "not a shared object of this kind of machine");
    return RGM_OK;
}

void rgm_copy_hide(rgm_copy *copy) {
    if (copy->temporary) unlink(copy->name);
    copy->temporary = 0;
}

void rgm_copy_drop(rgm_copy *copy) {
    rgm_copy_hide(copy);
    if (copy->fd >= 0) close(copy->fd);
    copy->fd = -1;
}

static rgm_status fill_copy(int from, rgm_copy *copy, rgm_error *err) {
    struct stat st;
    if (fstat(from, &st) < 0) return rgm_fail(err, RGM_E_IO, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode)) return rgm_fail(err, RGM_E_USAGE, "is a folder, expected a shared object");
    if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_USAGE, "is not a regular file");
    if (st.st_size > LARGEST) return rgm_fail(err, RGM_E_USAGE, "is larger than %d MiB", LARGEST >> 20);
    RGM_TRY(make_file(copy, err));
    rgm_status status = copy_bytes(from, copy, err);
    if (status == RGM_OK) status = check_elf(copy, err);
    if (status < 0) rgm_copy_drop(copy);
    return status;
}

rgm_status rgm_copy_open(const char *path, rgm_copy *copy, rgm_error *err) {
    *copy = (rgm_copy){.fd = -1};
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (from < 0) return rgm_fail(err, errno == ENOENT ? RGM_E_USAGE : RGM_E_IO, "%s", strerror(errno));
    rgm_status status = fill_copy(from, copy, err);
    close(from);
    return status;
}

int32_t rgm_copy_same(const rgm_copy *a, const rgm_copy *b) {
    if (a->size != b->size) return 0;
    char *x = mmap(NULL, a->size, PROT_READ, MAP_PRIVATE, a->fd, 0);
    char *y = mmap(NULL, b->size, PROT_READ, MAP_PRIVATE, b->fd, 0);
    int32_t same = x != MAP_FAILED && y != MAP_FAILED && memcmp(x, y, a->size) == 0;
    if (x != MAP_FAILED) munmap(x, a->size);
    if (y != MAP_FAILED) munmap(y, b->size);
    return same;
}
