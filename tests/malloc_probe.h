/* Sees who allocates. Linked into a test program, it stands in front of malloc and its relatives for the whole process.
 * While armed, it notes each call with the frames above it. A call counts as the project's own if the first caller
 * outside the C library lies in the program itself or in a plugin. Calls from oneDNN, OpenMP, the C++ library and the
 * decoders of pictures are their own. */
#ifndef RGM_TESTS_MALLOC_PROBE_H
#define RGM_TESTS_MALLOC_PROBE_H

#include <stddef.h>
#include <stdint.h>

/* 0 under a sanitizer, which has the same idea. */
int malloc_probe_works(void);

void malloc_probe_arm(void);
void malloc_probe_disarm(void);

/* Own calls since the probe was armed, and all calls; `text` gets a line about the first own ones. Disarmed. */
int32_t malloc_probe_own(char *text, size_t size, int32_t *all);

#endif
