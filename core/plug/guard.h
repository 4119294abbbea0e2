/* Which function of which plugin is running, for the one who must say so when it ends the process.
 *
 * Each thread has a record. The border (border.h) writes it before a call and clears it behind. The record
 * installs nothing; the command line's handlers (cli/fault.h) read it. What is marked [signal] may be called from a
 * signal handler.
 */
#ifndef RGM_PLUG_GUARD_H
#define RGM_PLUG_GUARD_H

#include <signal.h>
#include <stddef.h>
#include "plug/names.h"

typedef struct rgm_guard {
    const rgm_listed *volatile listed; /* NULL while a file is loaded */
    const char *volatile path;         /* of that file */
    const char *volatile call;         /* the function's name in plugin.h; NULL: no plugin is running */
} rgm_guard;

extern _Thread_local rgm_guard rgm_guard_now;

/* 1 if the calling thread is in a plugin's function. [signal] */
int32_t rgm_guard_inside(void);

/* "augmentation blur (blur.so, plugin blur): crashed in apply" for `what` = "crashed", of at most `size` bytes, NUL
 * included. Returns its length. [signal] */
size_t rgm_guard_text(const char *what, char *out, size_t size);

/* What loading a file must leave as it was: the signal mask and the dispositions of the signals. */
enum { RGM_GUARD_SIGNALS = 65 }; /* the real-time ones, too */
typedef struct rgm_guard_signals {
    sigset_t mask;
    struct sigaction actions[RGM_GUARD_SIGNALS];
} rgm_guard_signals;

/* Before and behind dlopen, which runs constructors, by one thread at a time. The second returns 1 if something had
 * been changed; it is put back, also what the program around this one changes in another thread meanwhile. */
void rgm_guard_loading(const char *path, rgm_guard_signals *signals);
int32_t rgm_guard_loaded(const rgm_guard_signals *signals);

#endif
