#include "config.h"
#include "plug/guard.h"

#include <string.h>
#include "base/text.h"

_Thread_local rgm_guard rgm_guard_now;

int32_t rgm_guard_inside(void) { return rgm_guard_now.call != NULL; }

size_t rgm_guard_text(const char *what, char *out, size_t size) {
    const rgm_listed *listed = rgm_guard_now.listed;
    const char *call = rgm_guard_now.call;
    if (!call || size == 0) return 0;
    out[0] = '\0';
    if (listed) {
        const char *parts[] = {rgm_kind_name((int32_t)listed->component->kind),
                               " ",
                               listed->component->name,
                               " (",
                               rgm_listed_file(listed),
                               ", plugin ",
                               listed->plugin->id,
                               "): "};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) rgm_text_add(out, size, parts[i]);
    } else {
        rgm_text_add(out, size, "plugin ");
        rgm_text_add(out, size, rgm_guard_now.path ? rgm_guard_now.path : "");
        rgm_text_add(out, size, ": ");
    }
    rgm_text_add(out, size, what);
    rgm_text_add(out, size, " in ");
    return rgm_text_add(out, size, call);
}

/* ---- loading ---- */

void rgm_guard_loading(const char *path, rgm_guard_signals *signals) {
    memset(signals, 0, sizeof *signals);
    pthread_sigmask(SIG_SETMASK, NULL, &signals->mask);
    for (int s = 1; s < RGM_GUARD_SIGNALS; s++) sigaction(s, NULL, &signals->actions[s]);
    rgm_guard_now.listed = NULL;
    rgm_guard_now.path = path;
    rgm_guard_now.call = "its constructors";
}

static int same_action(const struct sigaction *a, const struct sigaction *b) {
    return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags;
}

static int same_mask(const sigset_t *a, const sigset_t *b) {
    for (int s = 1; s < RGM_GUARD_SIGNALS; s++)
        if (sigismember(a, s) != sigismember(b, s)) return 0;
    return 1;
}

int32_t rgm_guard_loaded(const rgm_guard_signals *signals) {
    rgm_guard_now.call = NULL;
    rgm_guard_now.path = NULL;
    int32_t changed = 0;
    for (int s = 1; s < RGM_GUARD_SIGNALS; s++) {
        struct sigaction now;
        if (sigaction(s, NULL, &now) != 0 || same_action(&now, &signals->actions[s])) continue;
        sigaction(s, &signals->actions[s], NULL);
        changed = 1;
    }
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (same_mask(&mask, &signals->mask)) return changed;
    pthread_sigmask(SIG_SETMASK, &signals->mask, NULL);
    return 1;
}
