#include "plug/border.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "plug/fpstate.h"
#include "plug/guard.h"
#include "plug/instance_internal.h"

/* "C", unless the program around this one chose another. What was noted stays, for another thread may be reading it;
 * each name once. */
typedef struct noted {
    const struct noted *before;
    const char *name;
} noted;
static const noted at_first = {NULL, "C"};
static _Atomic(const noted *) process_locale = &at_first;
static const noted *all_noted = &at_first;
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;

static const noted *find_noted(const char *name) {
    const noted *n = all_noted;
    while (n && strcmp(n->name, name) != 0) n = n->before;
    return n;
}

static const noted *add_noted(const char *name) {
    noted *made = malloc(sizeof *made);
    char *copy = made ? strdup(name) : NULL;
    if (!copy) {
        free(made);
        return NULL;
    }
    *made = (noted){all_noted, copy};
    all_noted = made;
    return made;
}

void rgm_border_note_locale(void) {
    const char *name = setlocale(LC_ALL, NULL);
    if (!name || strcmp(name, atomic_load(&process_locale)->name) == 0) return;
    pthread_mutex_lock(&noting);
    const noted *found = find_noted(name);
    if (!found) found = add_noted(name);
    if (found) atomic_store(&process_locale, found);
    pthread_mutex_unlock(&noting);
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
