/* A stack of its own for the signal handlers of each thread.
 *
 * oneDNN's matrix products point the stack register into a buffer of the heap while they run. A signal's frame that is
 * put there destroys what lies beside the buffer. So every thread that may run oneDNN has an alternate stack, and every
 * handler is installed with SA_ONSTACK. That is also what lets a handler run after a stack has overflowed.
 *
 * The team prepares its threads and the thread that runs it. Other threads are started with rgm_altstack_thread(). A
 * thread that has an alternate stack already (a sanitizer's, the host program's) keeps it if it is large enough.
 */
#ifndef RGM_BASE_ALTSTACK_H
#define RGM_BASE_ALTSTACK_H

#include <pthread.h>
#include <signal.h>
#include "base/status.h"

/* Gives the calling thread an alternate stack; nothing if it has been here before. The stack ends with the thread.
 * RGM_E_NOMEM. [any] */
rgm_status rgm_altstack_install(rgm_error *err);

/* Blocks, in the calling thread, the signals that are sent to the process: they are the main thread's. Those that an
 * instruction raises stay open, and a profiler's SIGPROF, unless its handler is without SA_ONSTACK. *old (may be NULL):
 * the mask before. [any] */
void rgm_altstack_block(sigset_t *old);

/* pthread_create() with both of the above done before `run` begins. Returns 0 or the error's number. [any] */
int rgm_altstack_thread(pthread_t *thread, void *(*run)(void *context), void *context);

/* Signals that have a handler without SA_ONSTACK, but for those of faults. A host program's thread blocks them while it
 * computes: its handlers run between oneDNN's products then, not amid them. [any] */
void rgm_altstack_held(sigset_t *held);

/* `ended` is called in every prepared thread that ends from now on, pthread_exit() included; NULL: nothing is. One for
 * the process. [main] */
void rgm_altstack_watch(void (*ended)(void));

#endif
