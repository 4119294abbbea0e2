#include "malloc_probe.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sanitized.h"

enum { FRAMES = 12, CALLS = 64, PARTS = 64 };
enum { LIBC = 1, OTHERS = 2 };

/* A mapped part of a library whose calls are not ours. */
typedef struct part {
    uintptr_t first, end;
    int32_t whose;
} part;

typedef struct seen {
    const char *what;
    void *frame;
} seen;

static part parts[PARTS];
static int32_t part_count;
static seen calls[CALLS];
static atomic_int armed, own_count, all_count;

static const char *last_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int32_t whose_is(const char *path) {
    static const char *const others[] = {"libdnnl",  "libgomp", "libomp",  "libiomp", "libstdc++", "libgcc",
                                         "ld-linux", "libjpeg", "libspng", "libwebp", "libz.so"};
    const char *name = last_name(path);
    if (strncmp(name, "libc.so", 7) == 0) return LIBC;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0) return OTHERS;
    return 0;
}

static int learn(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    int32_t whose = whose_is(info->dlpi_name);
    for (int i = 0; whose && i < info->dlpi_phnum && part_count < PARTS; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        uintptr_t first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        parts[part_count++] = (part){first, first + info->dlpi_phdr[i].p_memsz, whose};
    }
    return 0;
}

#if RGM_SANITIZED

int malloc_probe_works(void) { return 0; }

#else

int malloc_probe_works(void) { return 1; }

/* In front of the libraries' calls, too. */
#    define PUBLIC __attribute__((visibility("default")))

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static int32_t owner_of(const void *address) {
    for (int32_t i = 0; i < part_count; i++)
        if ((uintptr_t)address >= parts[i].first && (uintptr_t)address < parts[i].end) return parts[i].whose;
    return 0;
}

/* Notes the call if the first frame above it that is not in the C library is ours. */
__attribute__((noinline)) static void note(const char *what) {
    static _Thread_local int32_t inside;
    if (!atomic_load_explicit(&armed, memory_order_relaxed) || inside) return;
    inside = 1;
    void *frames[FRAMES];
    int32_t i = 2, count = backtrace(frames, FRAMES); /* above note and malloc */
    while (i < count && owner_of(frames[i]) == LIBC) i++;
    atomic_fetch_add(&all_count, 1);
    if (i < count && owner_of(frames[i]) == 0) {
        int32_t at = atomic_fetch_add(&own_count, 1);
        if (at < CALLS) calls[at] = (seen){what, frames[i]};
    }
    inside = 0;
}

PUBLIC void *malloc(size_t size) {
    note("malloc");
    return __libc_malloc(size);
}

PUBLIC void *calloc(size_t count, size_t size) {
    note("calloc");
    return __libc_calloc(count, size);
}

PUBLIC void *realloc(void *old, size_t size) {
    note("realloc");
    return __libc_realloc(old, size);
}

PUBLIC void *memalign(size_t align, size_t size);
PUBLIC void *memalign(size_t align, size_t size) {
    note("memalign");
    return __libc_memalign(align, size);
}

PUBLIC void *aligned_alloc(size_t align, size_t size) {
    note("aligned_alloc");
    return __libc_memalign(align, size);
}

PUBLIC int posix_memalign(void **out, size_t align, size_t size) {
    note("posix_memalign");
    *out = __libc_memalign(align, size);
    return *out ? 0 : ENOMEM;
}

PUBLIC void free(void *old) {
    if (old) note("free");
    __libc_free(old);
}

PUBLIC void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    note("mmap");
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

#endif

void malloc_probe_arm(void) {
    void *frames[2];
    backtrace(frames, 2); /* loads the unwinder */
    part_count = 0;
    dl_iterate_phdr(learn, NULL);
    atomic_store(&own_count, 0);
    atomic_store(&all_count, 0);
    atomic_store(&armed, 1);
}

void malloc_probe_disarm(void) { atomic_store(&armed, 0); }

int32_t malloc_probe_own(char *text, size_t size, int32_t *all) {
    int32_t own = atomic_load(&own_count);
    text[0] = 0;
    *all = atomic_load(&all_count);
    for (int32_t i = 0; i < own && i < 4; i++) {
        Dl_info info = {0};
        dladdr(calls[i].frame, &info);
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s from %s+0x%zx; ", calls[i].what,
                 info.dli_fname ? last_name(info.dli_fname) : "?",
                 (size_t)((char *)calls[i].frame - (char *)info.dli_fbase));
    }
    return own;
}
