#include "usage.h"

#include <check.h>
#include <dirent.h>
#include <malloc.h>
#include "base/memory.h"
#include "sanitized.h"

static int entries(const char *path) {
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    while (readdir(dir)) count++;
    closedir(dir);
    return count;
}

usage usage_now(void) {
    size_t mapped;
    usage u = {.files = entries("/proc/self/fd"), .threads = entries("/proc/self/task")};
    malloc_trim(0); /* free memory that the arenas of several threads have kept is no leak */
    rgm_process_memory(&u.memory, &mapped);
    return u;
}

void usage_is_flat(const usage *before, int threads) {
    usage now = usage_now();
    ck_assert_int_eq(now.files, before->files);
    ck_assert_msg(now.threads <= before->threads + threads, "%d threads, then %d", before->threads, now.threads);
    ck_assert_msg(RGM_SANITIZED || now.memory < before->memory + (1 << 20), "%zu KiB, then %zu KiB",
                  before->memory >> 10, now.memory >> 10);
}
