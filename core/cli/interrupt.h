/* Stopping on request: the first SIGINT, SIGTERM or SIGHUP sets a flag that long work looks at between steps; a second
 * one, of any of the three, ends the process at once. */
#ifndef RGM_CLI_INTERRUPT_H
#define RGM_CLI_INTERRUPT_H

#include <signal.h>

/* Takes the three signals, except those that the process was started with ignoring (nohup, background jobs). Blocked or
 * slow system calls go on. [main, once] */
void rgm_interrupt_install(void);

/* A mapped file that shrinks between two looks at its size raises SIGBUS: ends the process with a line and exit code 3.
 * [main, once] */
void rgm_interrupt_truncation(void);

/* 0, or the number of the signal that came first. Work that knows nothing of signals reads it through this pointer. */
const volatile sig_atomic_t *rgm_interrupt_flag(void);

#endif
