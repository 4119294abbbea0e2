#include "config.h"
#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "base/cgroup.h"

/* The value in bytes of a line "name: N kB" of a file in /proc; 0 without one. */
static size_t proc_bytes(const char *path, const char *format) {
    FILE *file = fopen(path, "re");
    char line[128];
    unsigned long kib = 0;
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, format, &kib) == 1) break;
    fclose(file);
    return kib * 1024;
}

void rgm_process_memory(size_t *anonymous, size_t *mapped) {
    *anonymous = proc_bytes("/proc/self/status", "RssAnon: %lu kB");
    *mapped = proc_bytes("/proc/self/status", "RssFile: %lu kB");
}

static void tighten(rgm_address_space *space, int resource, const char *used, const char *name) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    size_t taken = proc_bytes("/proc/self/status", used), left = limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
    if (left < space->left) *space = (rgm_address_space){left, limit.rlim_cur, name};
}

rgm_address_space rgm_address_space_read(void) {
    rgm_address_space space = {SIZE_MAX, SIZE_MAX, ""};
    tighten(&space, RLIMIT_AS, "VmSize: %lu kB", "ulimit -v");
    tighten(&space, RLIMIT_DATA, "VmData: %lu kB", "ulimit -d");
    return space;
}

size_t rgm_stack_bytes(void) {
    pthread_attr_t attributes;
    size_t bytes = 0;
    if (pthread_getattr_default_np(&attributes) != 0) return bytes;
    pthread_attr_getstacksize(&attributes, &bytes);
    pthread_attr_destroy(&attributes);
    return bytes;
}

rgm_status rgm_stack_need(size_t bytes, const char *what, rgm_error *err) {
    struct rlimit limit;
    uintptr_t top = getauxval(AT_EXECFN), here = (uintptr_t)__builtin_frame_address(0); /* the name lies at the top */
    if (top <= here || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return RGM_OK;
    size_t used = top - here;
    if (limit.rlim_cur >= used && limit.rlim_cur - used >= bytes) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM,
                    "%s: needs %zu KiB of stack beside the %zu that arguments and environment take; the limit is %zu "
                    "(ulimit -s)",
                    what, bytes >> 10, used >> 10, (size_t)limit.rlim_cur >> 10);
}

size_t rgm_memory_least(size_t available, int64_t group) {
    if (group < 0 || (available && available <= (size_t)group)) return available;
    return group > 0 ? (size_t)group : 1;
}

size_t rgm_memory_available(void) {
    size_t available = proc_bytes("/proc/meminfo", "MemAvailable: %lu kB");
    int64_t group = rgm_cgroup_memory("/proc/self/cgroup", "/sys/fs/cgroup");
    return rgm_memory_least(available, group);
}

rgm_status rgm_address_space_need(size_t bytes, const char *what, rgm_error *err) {
    rgm_address_space space = rgm_address_space_read();
    if (space.left >= bytes) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "%s: needs %zu MiB of address space, %zu are left of the limit of %zu MiB (%s)",
                    what, (bytes >> 20) + 1, space.left >> 20, space.limit >> 20, space.name);
}

void rgm_address_space_settle(void) {
    if (rgm_address_space_read().left < SIZE_MAX) mallopt(M_ARENA_MAX, 1);
}
