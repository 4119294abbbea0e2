/* A test case that does not run here says so, in the form that count.sh counts and names. What may be skipped where is
 * listed in .ci/skips. */
#ifndef RGM_TESTS_SKIP_H
#define RGM_TESTS_SKIP_H

#include <stdio.h>
#include <string.h>

static inline void skip_case(const char *name, const char *reason) {
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, "_fn") == 0) length -= 3; /* Check's suffix of a test's function */
    printf("SKIPPED %.*s: %s\n", (int)length, name, reason);
    fflush(stdout);
}

/* Ends the test case. */
#define SKIP(reason)                                                                                                   \
    do {                                                                                                               \
        skip_case(__func__, reason);                                                                                   \
        return;                                                                                                        \
    } while (0)

#endif
