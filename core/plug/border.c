#include "plug/border.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "plug/fpstate.h"
#include "plug/guard.h"
#include "plug/parts.h"

/* "C", unless the program around this one chose another before it loaded plugins. What was noted stays, for another
 * thread may be reading it. */
typedef struct noted {
    const struct noted *before;
    const char *name;
} noted;
static const noted at_first = {NULL, "C"};
static _Atomic(const noted *) process_locale = &at_first;

void rgm_border_note_locale(void) {
    const noted *old = atomic_load(&process_locale);
    const char *name = setlocale(LC_ALL, NULL);
    if (!name || strcmp(name, old->name) == 0) return;
    noted *made = malloc(sizeof *made);
    if (made) *made = (noted){old, strdup(name)};
    if (made && made->name)
        atomic_store(&process_locale, made);
    else
        free(made);
}

/* In glibc the query takes no lock and copies nothing. */
static int32_t restore_process_locale(void) {
    const char *name = setlocale(LC_ALL, NULL), *ours = atomic_load(&process_locale)->name;
    if (name && strcmp(name, ours) == 0) return 0;
    setlocale(LC_ALL, ours);
    return 1;
}

void rgm_border_enter(rgm_border *border, const rgm_instance *instance, const char *function) {
    *border = (rgm_border){.fp = rgm_fp_get(), .thread = uselocale((locale_t)0)};
    rgm_guard_now.listed = instance ? instance->listed : NULL;
    rgm_guard_now.call = function;
}

int32_t rgm_border_leave(const rgm_border *border) {
    rgm_guard_now.call = NULL;
    int32_t changed = rgm_fp_restore(border->fp) ? RGM_BORDER_FP : 0;
    if (uselocale((locale_t)0) != border->thread) {
        uselocale(border->thread);
        changed |= RGM_BORDER_LOCALE;
    }
    if (restore_process_locale()) changed |= RGM_BORDER_LOCALE;
    return changed;
}
