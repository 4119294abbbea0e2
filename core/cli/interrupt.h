/* Stopping on request: the first signal that asks for an end sets a flag, which long work looks at between steps. What
 * can be saved is saved then.
 *
 *     INT, TERM                                       ask; a second later or more, they end the process at once
 *     HUP, USR1, USR2, XCPU, ALRM, VTALRM, PROF,      ask, as often as they come: they are sent by machines (a batch
 *     PWR, POLL, the real-time signals                system before its time limit, a terminal that closes)
 *     QUIT                                            not taken: ends the process at once, with a core dump
 *
 * Within a second a signal is the same request once more: `timeout` sends its signal twice, a closing terminal too.
 */
#ifndef RGM_CLI_INTERRUPT_H
#define RGM_CLI_INTERRUPT_H

#include <signal.h>
#include "base/stop.h"

/* Takes the signals above and unblocks them. Left alone are those that the process was started with ignoring (nohup,
 * background jobs), and those that somebody handles already (a profiler). Blocked or slow system calls go on. Handlers
 * run on the thread's alternate stack and keep errno. [main, once] */
void rgm_interrupt_install(void);

/* 0, or the number of the signal that came first. Work that knows nothing of signals reads it through this pointer. */
const volatile sig_atomic_t *rgm_interrupt_flag(void);

/* The same as a question for long work. */
rgm_stop rgm_interrupt_stop(void);

#endif
