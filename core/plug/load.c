#include "config.h"
#include "plug/load.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "base/helper.h"
#include "base/log.h"
#include "plug/border.h"
#include "plug/copy.h"
#include "plug/guard.h"
#include "plug/library.h"

/* Libraries stay loaded to the end of the process: their code may be on a worker's stack, and the loader knows them by
 * the number of the descriptor, which therefore stays open as well. The same bytes are loaded once. */
typedef struct library {
    struct library *next;
    rgm_copy copy;
    const rgm_plugin *plugin;
} library;
static library *libraries;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list, and of what a loading changes and puts back */

/* ---- the helper program ---- */

/* A helper that ended without a word. */
static rgm_status tell_death(int how, rgm_error *err) {
    if (how == -1)
        return rgm_fail(
            err, RGM_E_IO,
            "the process that tried it ended, and this program hides how (SIGCHLD is ignored, or waited for "
            "elsewhere)");
    if (WIFSIGNALED(how))
        return rgm_fail(err, RGM_E_USAGE, "crashes while it is loaded (%s)", strsignal(WTERMSIG(how)));
    return rgm_fail(err, RGM_E_USAGE, "ends the process while it is loaded (exit code %d)", WEXITSTATUS(how));
}

static rgm_status probe(const rgm_copy *copy, int32_t seconds, rgm_error *err) {
    const char *name = copy->temporary ? copy->name : "";
    const rgm_helper_task task = {
        .mode = "plugin", .fd = copy->fd, .request = name, .size = strlen(name) + 1, .seconds = seconds};
    rgm_helper_result result;
    RGM_TRY(rgm_helper_run(&task, &result, err));
    if (result.how == RGM_HELPER_LATE)
        return rgm_fail(err, RGM_E_USAGE, "does not finish loading within %d s", seconds);
    if (result.how != RGM_HELPER_SAID) return tell_death(result.ended, err);
    const rgm_error *said = &result.verdict;
    if (said->status == RGM_OK) return RGM_OK;
    return rgm_fail(err, said->status < 0 ? said->status : RGM_E_INTERNAL, "%s", said->text);
}

/* ---- all of it ---- */

/* Inside the lock. */
static const library *find_loaded(const rgm_copy *copy) {
    const library *l = libraries;
    while (l && !rgm_copy_same(&l->copy, copy)) l = l->next;
    return l;
}

/* What a library changed while it was loaded. */
typedef struct meddling {
    int32_t state, signals;
} meddling;

static void warn(const char *path, const meddling *m) {
    if (m->state)
        rgm_log(RGM_LOG_WARN, "%s: changed the %s while it was loaded; put back", path,
                m->state & RGM_BORDER_FP ? "floating-point state" : "locale");
    if (m->signals) rgm_log(RGM_LOG_WARN, "%s: changed the handling of signals while it was loaded; put back", path);
}

/* Loads it and adds it to the list. A library without the symbol stays mapped, its copy open: its name is not used
 * again. Inside the lock. */
static rgm_status load_new(const char *path, rgm_copy *copy, const rgm_plugin **plugin, meddling *m, rgm_error *err) {
    library *l = calloc(1, sizeof *l);
    if (!l) {
        rgm_copy_drop(copy);
        return rgm_fail(err, RGM_E_NOMEM, "no memory for a plugin");
    }
    rgm_guard_signals signals;
    rgm_guard_loading(path, &signals);
    rgm_status status = rgm_library_open(copy, plugin, &m->state, err);
    m->signals = rgm_guard_loaded(&signals);
    rgm_copy_hide(copy);
    if (status < 0) {
        free(l);
        return status;
    }
    *l = (library){.next = libraries, .copy = *copy, .plugin = *plugin};
    libraries = l;
    return RGM_OK;
}

/* What is loaded already, another thread may have done that meanwhile, needs no second time. */
static int32_t take_loaded(rgm_copy *copy, const rgm_plugin **plugin) {
    const library *l = find_loaded(copy);
    if (!l) return 0;
    *plugin = l->plugin;
    rgm_copy_drop(copy);
    return 1;
}

static rgm_status load_copy(const char *path, rgm_copy *copy, int32_t probe_seconds, const rgm_plugin **plugin,
                            rgm_error *err) {
    pthread_mutex_lock(&lock);
    int32_t loaded = take_loaded(copy, plugin);
    pthread_mutex_unlock(&lock);
    if (loaded) return RGM_OK;
    rgm_status status = probe_seconds > 0 ? probe(copy, probe_seconds, err) : RGM_OK;
    if (status < 0) {
        rgm_copy_drop(copy);
        return status;
    }
    meddling m = {0};
    pthread_mutex_lock(&lock);
    if (!take_loaded(copy, plugin)) status = load_new(path, copy, plugin, &m, err);
    pthread_mutex_unlock(&lock);
    if (status >= 0) warn(path, &m); /* outside of the lock: who hears it may load plugins */
    return status;
}

rgm_status rgm_load_plugin(const char *path, int32_t probe_seconds, const rgm_plugin **plugin, rgm_error *err) {
    rgm_copy copy;
    rgm_status status = rgm_copy_open(path, &copy, err);
    if (status == RGM_OK) status = load_copy(path, &copy, probe_seconds, plugin, err);
    return status < 0 ? rgm_fail_in(err, "plugin %s", path) : RGM_OK;
}
