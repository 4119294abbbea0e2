/* Ends that nobody asked for: each gets one line on standard error and in the run's log, and an exit code.
 *
 *     what                                                    exit code
 *     a plugin's function crashes, aborts or ends the         5; names the plugin, the component and the call
 *     process or its thread
 *     a mapped file is truncated or cannot be read            3
 *     a library ends the process, or a thread of a plugin's   3
 *     anything else crashes                                   as before: the signal's, with a core dump
 *
 * The line says how to go on, if there is a run. Nothing is saved: memory cannot be trusted after a crash. A signal
 * that another process sends is nobody's crash and acts as ever.
 */
#ifndef RGM_CLI_FAULT_H
#define RGM_CLI_FAULT_H

#include "base/status.h"

/* Takes SEGV, BUS, FPE, ILL, TRAP, SYS and ABRT, and watches for exit() and ended threads in a plugin. Handlers run on
 * the thread's alternate stack; the calling thread gets one. [main, once] */
rgm_status rgm_fault_install(rgm_error *err);

/* What is called as a thread ends. Threads that base/altstack.h has prepared do so themselves. The main thread's stack
 * is unwound first, and libgomp waits then for others. So main() has it called as it is left that way. */
void rgm_fault_ended(void);

/* 1: whoever calls exit() from now on gets the line above; 0: main() is about to. [main] */
void rgm_fault_under_way(int32_t yes);

/* The run that the line speaks of, by its folder (docs/FILES.md says what is in it). Call it once the folder is open.
 * NULL: none. [main] */
void rgm_fault_run(const char *folder);

#endif
