#include "recipe/contestants.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/folder.h"
#include "base/log.h"
#include "report/history.h"

void rgm_contestants_free(rgm_contestants *runs) {
    for (int32_t i = 0; i < runs->count; i++) {
        free(runs->list[i].name);
        free(runs->list[i].checkpoint);
    }
    free(runs->list);
    *runs = (rgm_contestants){0};
}

int32_t rgm_contestants_same(const rgm_contestant *a, const rgm_contestant *b) {
    struct stat x, y;
    return stat(a->checkpoint, &x) == 0 && stat(b->checkpoint, &y) == 0 && rgm_same_file(&x, &y);
}

static int32_t is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static int32_t is_run(const char *folder) {
    char path[RGM_RUNFOLDER_PATH];
    struct stat s;
    return snprintf(path, sizeof path, "%s/config.yaml", folder) < (int)sizeof path && stat(path, &s) == 0;
}

static rgm_status add(rgm_contestants *runs, const char *name, const char *checkpoint, rgm_error *err) {
    rgm_contestant *list, one = {.folder = is_folder(name)};
    if (runs->count == RGM_CONTESTANTS_MOST)
        return rgm_fail(err, RGM_E_USAGE, "%.160s: more than %d runs of a side", name, (int)RGM_CONTESTANTS_MOST);
    list = realloc(runs->list, (size_t)(runs->count + 1) * sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    runs->list = list;
    one.name = strdup(name);
    one.checkpoint = strdup(checkpoint);
    runs->list[runs->count++] = one;
    if (!one.name || !one.checkpoint) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    for (int32_t i = 0; i + 1 < runs->count; i++)
        if (rgm_contestants_same(&runs->list[i], &runs->list[runs->count - 1]))
            return rgm_fail(err, RGM_E_USAGE, "%.160s and %.160s are the same run: a side has each of its runs once",
                            runs->list[i].name, name);
    return RGM_OK;
}

/* A run that goes on, or was stopped, is not what its recipe gives. What its files tell is a courtesy: without them it
 * is taken as one that went to its end. *best: which checkpoint its result is of. */
static rgm_status look_at_end(const char *folder, int32_t *best, const rgm_stop *stop, rgm_error *err) {
    rgm_history *history;
    rgm_error why = {0};
    rgm_status status = rgm_history_read(&history, folder, stop, &why);
    *best = 0;
    if (status == RGM_E_INTERRUPTED || status == RGM_E_NOMEM) {
        *err = why;
        return status;
    }
    if (status < 0) return RGM_OK;
    const char *reason = history->reason;
    if (!history->ended || strcmp(reason, "interrupted") == 0 || strcmp(reason, "failed") == 0)
        rgm_log(RGM_LOG_WARN, "%s: it is not through: what is compared is its checkpoint so far (train --resume %s)",
                folder, folder);
    *best = history->ended && strncmp(reason, "early: ", strlen("early: ")) == 0;
    rgm_history_free(history);
    return RGM_OK;
}

/* ---- folders ---- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

typedef struct names {
    char **list;
    size_t count, room;
} names;

static rgm_status keep(names *all, const char *name, rgm_error *err) {
    if (all->count == all->room) {
        size_t room = 2 * all->room + 16;
        char **list = realloc(all->list, room * sizeof *list);
        if (!list) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
        all->list = list;
        all->room = room;
    }
    all->list[all->count] = strdup(name);
    if (!all->list[all->count]) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    all->count++;
    return RGM_OK;
}

/* Paths of the sub-folders that are runs, in the order of their names. */
static rgm_status list_runs(const char *folder, names *all, rgm_error *err) {
    char path[RGM_RUNFOLDER_PATH];
    size_t length = strlen(folder);
    rgm_status status = RGM_OK;
    DIR *open = opendir(folder);
    if (!open) return rgm_fail(err, RGM_E_IO, "%.300s: %s", folder, strerror(errno));
    while (length > 1 && folder[length - 1] == '/') length--;
    for (const struct dirent *entry = readdir(open); entry && status >= 0; entry = readdir(open)) {
        if (entry->d_name[0] == '.') continue;
        int bytes = snprintf(path, sizeof path, "%.*s/%s", (int)length, folder, entry->d_name);
        if (bytes < RGM_CONFIG_PATH && is_run(path)) status = keep(all, path, err);
    }
    closedir(open);
    if (status >= 0 && all->count) qsort(all->list, all->count, sizeof *all->list, by_name);
    return status;
}

static rgm_status add_folder(rgm_contestants *runs, const char *folder, const rgm_stop *stop, rgm_error *err) {
    char checkpoint[RGM_RUNFOLDER_PATH];
    int32_t best;
    RGM_TRY(look_at_end(folder, &best, stop, err));
    if (rgm_runfolder_checkpoint(folder, best, checkpoint)) return add(runs, folder, checkpoint, err);
    return rgm_fail(err, RGM_E_USAGE,
                    "%.160s: this run has no checkpoint yet (checkpoints/best.h5 or last.h5): compare it when it has "
                    "ended",
                    folder);
}

static rgm_status add_listed(rgm_contestants *runs, const names *all, const rgm_stop *stop, rgm_error *err) {
    char checkpoint[RGM_RUNFOLDER_PATH];
    for (size_t i = 0; i < all->count; i++)
        if (rgm_runfolder_checkpoint(all->list[i], 1, checkpoint))
            RGM_TRY(add_folder(runs, all->list[i], stop, err));
        else
            rgm_log(RGM_LOG_WARN, "%s: this run has no checkpoint: it is left out", all->list[i]);
    return RGM_OK;
}

static rgm_status add_all(rgm_contestants *runs, const char *folder, const rgm_stop *stop, rgm_error *err) {
    names all = {0};
    int32_t before = runs->count;
    rgm_status status = list_runs(folder, &all, err);
    if (status >= 0) status = add_listed(runs, &all, stop, err);
    if (status >= 0 && runs->count == before)
        status =
            rgm_fail(err, RGM_E_USAGE,
                     "%.160s: no run with a checkpoint is here or in its sub-folders: a run folder has config.yaml "
                     "and checkpoints/",
                     folder);
    for (size_t i = 0; i < all.count; i++) free(all.list[i]);
    free(all.list);
    return status;
}

/* ---- arguments ---- */

static rgm_status add_one(rgm_contestants *runs, const char *path, const rgm_stop *stop, rgm_error *err) {
    char checkpoint[RGM_RUNFOLDER_PATH];
    struct stat s;
    if (!path[0]) return rgm_fail(err, RGM_E_USAGE, "compare: expected a run between the commas, found nothing");
    if (strlen(path) >= RGM_CONFIG_PATH)
        return rgm_fail(err, RGM_E_USAGE, "compare: the path of a run is too long: at most %d bytes",
                        RGM_CONFIG_PATH - 1);
    if (stat(path, &s) != 0) return rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
    if (!S_ISDIR(s.st_mode)) return add(runs, path, path, err);
    if (is_run(path) || rgm_runfolder_checkpoint(path, 1, checkpoint)) return add_folder(runs, path, stop, err);
    return add_all(runs, path, stop, err);
}

static rgm_status add_several(rgm_contestants *runs, char *text, const rgm_stop *stop, rgm_error *err) {
    for (char *path = text, *comma; path; path = comma) {
        comma = strchr(path, ',');
        if (comma) *comma++ = 0;
        RGM_TRY(add_one(runs, path, stop, err));
    }
    return RGM_OK;
}

rgm_status rgm_contestants_find(rgm_contestants *runs, const char *argument, const rgm_stop *stop, rgm_error *err) {
    struct stat s;
    *runs = (rgm_contestants){0};
    if (stat(argument, &s) == 0 || !strchr(argument, ',')) return add_one(runs, argument, stop, err);
    char *text = strdup(argument);
    if (!text) return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory");
    rgm_status status = add_several(runs, text, stop, err);
    free(text);
    return status;
}
