/* Arenas: all memory of a run is taken when it starts, in a few large blocks.
 *
 * An arena is one anonymous mapping, 64-byte aligned (2 MiB aligned and advised MADV_HUGEPAGE when large), zero-filled,
 * handed out front to back. There is no free: an arena is released whole. Builds with address sanitizer put a poisoned
 * red zone after every piece.
 */
#ifndef RGM_BASE_ARENA_H
#define RGM_BASE_ARENA_H

#include <stddef.h>
#include "base/status.h"

#define RGM_ALIGN 64 /* bytes: a cache line and the widest vector */

typedef struct rgm_arena {
    char *base;
    size_t size, used; /* bytes */
} rgm_arena;

/* Maps `bytes` (rounded up). RGM_E_NOMEM with the size in the text. An arena of 0 bytes is valid and empty. */
rgm_status rgm_arena_create(rgm_arena *arena, size_t bytes, const char *what, rgm_error *err);

/* Unmaps; a zeroed or destroyed arena is fine. */
void rgm_arena_destroy(rgm_arena *arena);

/* The next `bytes`, 64-byte aligned, zero-filled; NULL if the arena is full (a planning bug). 0 bytes count as 1, so
 * that every piece has its own address. */
void *rgm_arena_take(rgm_arena *arena, size_t bytes);

/* What rgm_arena_take() consumes for a piece of `bytes`, red zone included: for adding up a size beforehand. SIZE_MAX
 * if that overflows. */
size_t rgm_arena_cost(size_t bytes);

#endif
