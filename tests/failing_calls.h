/* Reads, locks and calls that keep what was written, failing on request, for the whole test program. Its own pread(),
 * read(), flock(), fsync() and posix_fallocate() stand before the C library's, also for zlib. */
#ifndef RGM_TESTS_FAILING_CALLS_H
#define RGM_TESTS_FAILING_CALLS_H

#include <stdint.h>

typedef struct rgm_failing {
    _Atomic int64_t reads, bytes;   /* calls of pread() and read() since it was zeroed, and the bytes they gave */
    int64_t at;                     /* the call of this number fails, from 1 on; 0: none does */
    int error;                      /* with this errno */
    void (*instead)(void *context); /* called before that read, which then goes on, if it is not NULL */
    void *context;
    int lock_error; /* flock() fails with it; 0: it works */
    /* so many calls of fsync() and of posix_fallocate() end with EINTR, as a caught signal ends them */
    int syncs, places;
} rgm_failing;

extern rgm_failing failing_calls;

/* For rgm_stop: yes, once an int at `context`, counted down by each question, has been 0. [any thread] */
int32_t stop_at_zero(void *context);

#endif
