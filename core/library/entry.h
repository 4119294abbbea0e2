/* What every public function does first and last. The caller's floating-point state and locale are put aside, so that
 * the same numbers come out whatever they are. Its handlers without SA_ONSTACK wait (base/altstack.h). What is logged
 * goes to the caller's events. The error becomes a public one. While an event runs, the caller has its own state and
 * locale.
 *
 *     rgm_entry entry;
 *     rgm_entry_begin(&entry, events);
 *     return rgm_entry_end(&entry, work(&entry, ...), err);
 */
#ifndef RGM_LIBRARY_ENTRY_H
#define RGM_LIBRARY_ENTRY_H

#include <locale.h>
#include <regimen/regimen.h>
#include <signal.h>
#include <stdatomic.h>
#include "base/fpenv.h"
#include "base/log.h"
#include "base/stop.h"

typedef struct rgm_entry {
    regimen_events events; /* the caller's, members that it does not know zero */
    rgm_error err;         /* for the work */
    rgm_log_receiver receiver;
    fenv_t state;           /* the caller's */
    sigset_t mask, held;    /* the caller's; what waits meanwhile */
    locale_t locale, plain; /* the caller's, and the one for the work; zero: the caller's was left in place */
    const void *thread;     /* which thread the caller's is */
    atomic_int cancelled;   /* what `cancel` has said last: other threads see that only */
} rgm_entry;

/* events NULL: none. The entry stays where it is until its end. [any thread] */
void rgm_entry_begin(rgm_entry *entry, const regimen_events *events);

/* Puts everything back; fills *err (NULL is fine) and returns the status. */
int32_t rgm_entry_end(rgm_entry *entry, rgm_status status, regimen_error *err);

/* Around what is the caller's: an event. */
void rgm_entry_leave(rgm_entry *entry);
void rgm_entry_return(rgm_entry *entry);

/* The event `cancel` as a stop. It asks in the thread of the call only. Without one it says no, but the caller's signal
 * handlers get their turn. */
rgm_stop rgm_entry_stop(rgm_entry *entry);

/* What a status-returning event gave, with the text that it may have put into `theirs`. */
rgm_status rgm_entry_judge(const char *event, int32_t status, const regimen_error *theirs, rgm_error *err);

/* The event `finished`, and what it gave. */
rgm_status rgm_entry_finished(rgm_entry *entry, const regimen_result *result, rgm_error *err);

/* A number of the public header is the rooms' own. */
#define RGM_SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is not " #b)

/* RGM_E_USAGE for a pointer that must not be NULL: "FUNCTION: no WHAT". */
rgm_status rgm_entry_need(const void *given, const char *function, const char *what, rgm_error *err);

/* ---- structs that begin with their size ---- */

/* RGM_E_USAGE for a struct (NULL is fine) whose size was not set. `name`: of its type. */
rgm_status rgm_sized_check(const void *given, const char *name, rgm_error *err);

/* `own`, of `size` bytes, gets what there is of `given`, and zeros; its size is `size`. NULL: zeros. */
void rgm_sized_take(void *own, size_t size, const void *given);

/* `given` (NULL is fine) gets what it has room for of `own`; its size stays. */
void rgm_sized_give(void *given, const void *own, size_t size);

#endif
