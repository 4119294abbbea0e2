#include "failing_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Visible: shared libraries call them, too. */
rgm_failing failing_calls;

int32_t stop_at_zero(void *context) { return __atomic_fetch_sub((int *)context, 1, __ATOMIC_RELAXED) <= 0; }

/* 1: this call fails. */
static int fails(void) {
    if (++failing_calls.reads != failing_calls.at) return 0;
    if (failing_calls.instead) {
        failing_calls.instead(failing_calls.context);
        return 0;
    }
    errno = failing_calls.error;
    return 1;
}

static ssize_t count(long got) {
    if (got > 0) failing_calls.bytes += got;
    return (ssize_t)got;
}

__attribute__((visibility("default"))) ssize_t pread(int fd, void *to, size_t size, off_t offset) {
    return fails() ? -1 : count(syscall(SYS_pread64, fd, to, size, offset));
}

__attribute__((visibility("default"))) ssize_t pread64(int fd, void *to, size_t size, off_t offset) {
    return pread(fd, to, size, offset);
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *to, size_t size) {
    return fails() ? -1 : count(syscall(SYS_read, fd, to, size));
}

__attribute__((visibility("default"))) int flock(int fd, int operation) {
    if (!failing_calls.lock_error) return (int)syscall(SYS_flock, fd, operation);
    errno = failing_calls.lock_error;
    return -1;
}

__attribute__((visibility("default"))) int fsync(int fd) {
    if (failing_calls.syncs == 0) return (int)syscall(SYS_fsync, fd);
    failing_calls.syncs--;
    errno = EINTR;
    return -1;
}

/* On a file system that cannot reserve, nothing is. */
__attribute__((visibility("default"))) int posix_fallocate(int fd, off_t offset, off_t size) {
    if (failing_calls.places > 0) {
        failing_calls.places--;
        return EINTR;
    }
    if (syscall(SYS_fallocate, fd, 0, offset, size) == 0 || errno == EOPNOTSUPP) return 0;
    return errno;
}

__attribute__((visibility("default"))) int posix_fallocate64(int fd, off_t offset, off_t size) {
    return posix_fallocate(fd, offset, size);
}

/* HDF5 loses some memory when a read of its fails. Without LeakSanitizer nobody asks. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5\n"; }
