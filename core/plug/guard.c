#include "config.h"
#include "plug/guard.h"

#include <string.h>

_Thread_local rgm_guard rgm_guard_now;

int32_t rgm_guard_inside(void) { return rgm_guard_now.call != NULL; }

/* ---- the text, without stdio ---- */

typedef struct text {
    char *out;
    size_t size, used;
} text;

/* Control characters would reach a terminal. */
static void add(text *t, const char *more) {
    for (; *more && t->used + 1 < t->size; more++)
        t->out[t->used++] = (unsigned char)*more < ' ' || *more == 0x7f ? '?' : *more;
    t->out[t->used] = '\0';
}

static const char *file_of(const char *path) {
    const char *file = path;
    for (const char *c = path; *c; c++)
        if (*c == '/') file = c + 1;
    return file;
}

size_t rgm_guard_text(const char *what, char *out, size_t size) {
    text t = {out, size, 0};
    const rgm_listed *listed = rgm_guard_now.listed;
    const char *call = rgm_guard_now.call;
    if (!call || size == 0) return 0;
    if (listed) {
        const char *parts[] = {rgm_kind_name((int32_t)listed->component->kind),
                               " ",
                               listed->component->name,
                               " (",
                               file_of(listed->path),
                               ", plugin ",
                               listed->plugin->id,
                               "): "};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) add(&t, parts[i]);
    } else {
        add(&t, "plugin ");
        add(&t, rgm_guard_now.path ? rgm_guard_now.path : "");
        add(&t, ": ");
    }
    add(&t, what);
    add(&t, " in ");
    add(&t, call);
    return t.used;
}

/* ---- loading ---- */

void rgm_guard_loading(const char *path, rgm_guard_signals *signals) {
    memset(signals, 0, sizeof *signals);
    sigprocmask(SIG_SETMASK, NULL, &signals->mask);
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
    sigprocmask(SIG_SETMASK, NULL, &mask);
    if (same_mask(&mask, &signals->mask)) return changed;
    sigprocmask(SIG_SETMASK, &signals->mask, NULL);
    return 1;
}
