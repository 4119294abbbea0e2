/* The border between host and plugin: every call of a plugin's function crosses it, in and out again.
 *
 *     rgm_border border;
 *     rgm_border_enter(&border, instance, "factor");
 *     ... the one call ...
 *     rgm_border_leave(&border);
 *
 * What a plugin must not change is noted on the way in and put back on the way out. This is rounding, flush-to-zero and
 * exception masks, the thread's locale and the process's. Between the two the call stands in the thread's record
 * (guard.h), so that one that ends the process can be named. Allocates nothing unless a plugin has changed the locale.
 */
#ifndef RGM_PLUG_BORDER_H
#define RGM_PLUG_BORDER_H

#include <locale.h>
#include <stdint.h>
#include "plug/instance.h"

typedef struct rgm_border {
    uint32_t fp;
    locale_t thread; /* locale of this thread */
} rgm_border;

/* `instance`: NULL while a library is loaded; `function`: of the contract, "apply", a literal, since who looks into a
 * crash reads it later. [any] */
void rgm_border_enter(rgm_border *border, const rgm_instance *instance, const char *function);

/* What the plugin had changed, now put back: bits of RGM_BORDER_*. [any] */
enum { RGM_BORDER_FP = 1, RGM_BORDER_LOCALE = 2 };
int32_t rgm_border_leave(const rgm_border *border);

/* Notes the locale of the process, which every leave restores. Called with no plugin under way: before a library is
 * loaded, when a session begins, and as rgm_entry_return() does. For the program may have chosen another one meanwhile.
 * [any] */
void rgm_border_note_locale(void);

#endif
