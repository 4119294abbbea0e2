#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#    define RGM_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define RGM_ASAN 1
#    endif
#endif

#ifdef RGM_ASAN
#    include <sanitizer/asan_interface.h>
enum { RED_ZONE = RGM_ALIGN };
static void poison(void *start, size_t bytes) { __asan_poison_memory_region(start, bytes); }
static void unpoison(void *start, size_t bytes) { __asan_unpoison_memory_region(start, bytes); }
#else
enum { RED_ZONE = 0 };
static void poison(void *start, size_t bytes) { (void)start, (void)bytes; }
static void unpoison(void *start, size_t bytes) { (void)start, (void)bytes; }
#endif

static const size_t huge_page = (size_t)2 << 20;

/* An anonymous mapping that starts on a huge page: maps one page more and gives the ends back. */
static void *map_huge_aligned(size_t bytes) {
    char *start = mmap(NULL, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return MAP_FAILED;
    size_t lead = -(uintptr_t)start % huge_page;
    if (lead) munmap(start, lead);
    munmap(start + lead + bytes, huge_page - lead);
    madvise(start + lead, bytes, MADV_HUGEPAGE);
    return start + lead;
}

static void *map_pages(size_t bytes) {
    if (bytes >= huge_page) return map_huge_aligned(bytes);
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

rgm_status rgm_arena_create(rgm_arena *arena, size_t bytes, const char *what, rgm_error *err) {
    const size_t page = 4096;
    *arena = (rgm_arena){0};
    if (bytes == 0) return RGM_OK;
    if (bytes > SIZE_MAX / 2) return rgm_fail(err, RGM_E_NOMEM, "%s: %zu bytes of memory are impossible", what, bytes);
    size_t size = (bytes + page - 1) / page * page;
    char *base = map_pages(size);
    if (base == MAP_FAILED)
        return rgm_fail(err, RGM_E_NOMEM, "%s: %.1f MiB (%zu bytes) of memory cannot be had: %s", what,
                        (double)size / 1048576.0, size, strerror(errno));
    poison(base, size);
    *arena = (rgm_arena){.base = base, .size = size};
    return RGM_OK;
}

void rgm_arena_destroy(rgm_arena *arena) {
    if (arena->base) {
        unpoison(arena->base, arena->size);
        munmap(arena->base, arena->size);
    }
    *arena = (rgm_arena){0};
}

size_t rgm_arena_cost(size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (bytes > SIZE_MAX - RGM_ALIGN - RED_ZONE) return SIZE_MAX;
    return (bytes + RGM_ALIGN - 1) / RGM_ALIGN * RGM_ALIGN + RED_ZONE;
}

void *rgm_arena_take(rgm_arena *arena, size_t bytes) {
    size_t cost = rgm_arena_cost(bytes);
    if (cost > arena->size - arena->used) return NULL;
    char *piece = arena->base + arena->used;
    arena->used += cost;
    unpoison(piece, bytes);
    return piece;
}
