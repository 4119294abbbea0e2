#include "plug/border.h"

#include <stdio.h>
#include <string.h>
#include "plug/fpstate.h"
#include "plug/guard.h"
#include "plug/parts.h"

/* "C", unless the program around this one chose another before it loaded plugins. Names of mixed locales are long. */
static char process_locale[512] = "C";

void rgm_border_note_locale(void) {
    const char *name = setlocale(LC_ALL, NULL);
    if (!name || strcmp(name, process_locale) == 0) return; /* others may be reading it */
    if (strlen(name) < sizeof process_locale) snprintf(process_locale, sizeof process_locale, "%s", name);
}

/* In glibc the query takes no lock and copies nothing. */
static int32_t restore_process_locale(void) {
    const char *name = setlocale(LC_ALL, NULL);
    if (name && strcmp(name, process_locale) == 0) return 0;
    setlocale(LC_ALL, process_locale);
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
