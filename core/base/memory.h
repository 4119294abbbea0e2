/* How much memory this process has taken, and how much it may still take. */
#ifndef RGM_BASE_MEMORY_H
#define RGM_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* This process' RssAnon and RssFile now, in bytes (0 where the system does not say). */
void rgm_process_memory(size_t *anonymous, size_t *mapped);

/* What RLIMIT_AS and RLIMIT_DATA (ulimit -v and -d) leave of this process' address space. */
typedef struct rgm_address_space {
    size_t left, limit; /* bytes, of the tighter limit; SIZE_MAX: there is none */
    const char *name;   /* "ulimit -v" or "ulimit -d"; "" */
} rgm_address_space;
rgm_address_space rgm_address_space_read(void);

/* Bytes of a new thread's stack. */
size_t rgm_stack_bytes(void);

/* RGM_E_NOMEM with the limit's name (ulimit -s) if the stack of the main thread, which calls this, cannot hold `bytes`
 * more. Arguments and environment lie on it, too. A stack that runs out ends the process. */
rgm_status rgm_stack_need(size_t bytes, const char *what, rgm_error *err);

/* Bytes of memory that may still be taken: the least of what the system has available and what the process' cgroups
 * leave. 0: nobody says. 1: nothing is left. Limits of the address space are apart: stacks and libraries need room
 * there, too. */
size_t rgm_memory_available(void);
/* The same for what the system has (0: unknown) and what cgroups leave (-1: no limit). */
size_t rgm_memory_least(size_t available, int64_t group);

/* RGM_E_NOMEM with the limit's name if less than `bytes` of address space is left for `what`. Libraries end the process
 * when an allocation fails inside them, so this is asked before. */
rgm_status rgm_address_space_need(size_t bytes, const char *what, rgm_error *err);

/* Where the address space is limited, threads share one heap from now on: each heap of a thread reserves 64 MiB. Call
 * it before there are threads. */
void rgm_address_space_settle(void);

#endif
