/* What a process has of its machine: whether what was opened was closed, too. */
#ifndef RGM_TESTS_USAGE_H
#define RGM_TESTS_USAGE_H

#include <stddef.h>

typedef struct usage {
    size_t memory; /* bytes of its own */
    int files, threads;
} usage;

/* Now. */
usage usage_now(void);

/* Nothing has come since `before` but `threads` threads and a megabyte at most. Under a sanitizer memory does not
 * count. */
void usage_is_flat(const usage *before, int threads);

#endif
