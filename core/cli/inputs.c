#include "cli/inputs.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/folder.h"
#include "base/log.h"
#include "cli/options.h"
#include "datasets/list.h"
#include "picture/file.h"

/* ---- the list ---- */

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "inputs: out of memory"); }

static rgm_status add(rgm_inputs *in, const rgm_input_item *item, rgm_error *err) {
    if (in->count == in->room) {
        int64_t room = in->room ? 2 * in->room : 64;
        rgm_input_item *more = realloc(in->items, sizeof *more * (size_t)room);
        if (!more) return no_memory(err);
        in->items = more;
        in->room = room;
    }
    rgm_input_item *to = &in->items[in->count];
    *to = *item;
    to->path = strdup(item->path);
    if (!to->path) return no_memory(err);
    in->count++;
    in->pictures += item->kind != RGM_INPUT_SET;
    in->sets += item->kind == RGM_INPUT_SET;
    return RGM_OK;
}

void rgm_inputs_free(rgm_inputs *in) {
    for (int64_t i = 0; i < in->count; i++) free(in->items[i].path);
    free(in->items);
    if (in->seen) tdestroy(in->seen, free);
    memset(in, 0, sizeof *in);
}

/* ---- folders ---- */

typedef struct folder {
    dev_t device;
    ino_t node;
} folder;

static int compare_folders(const void *a, const void *b) {
    const folder *x = a, *y = b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    return x->node == y->node ? 0 : x->node < y->node ? -1 : 1;
}

/* 1 if the folder was walked before; RGM_E_NOMEM. */
static rgm_status note(rgm_inputs *in, const struct stat *info, int32_t *before, rgm_error *err) {
    folder *own = malloc(sizeof *own);
    if (!own) return no_memory(err);
    *own = (folder){info->st_dev, info->st_ino};
    folder *const *found = tsearch(own, &in->seen, compare_folders);
    *before = found && *found != own;
    if (!found || *before) free(own);
    return found ? RGM_OK : no_memory(err);
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static size_t last_name(const char *path) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    while (end > 0 && path[end - 1] != '/') end--;
    return end;
}

/* Links to folders, for later. */
typedef struct links {
    char **paths; /* [count] */
    size_t count, room;
} links;

static rgm_status defer(links *l, const char *path, rgm_error *err) {
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 16;
        char **more = realloc(l->paths, sizeof *more * room);
        if (!more) return no_memory(err);
        l->paths = more;
        l->room = room;
    }
    l->paths[l->count] = strdup(path);
    return l->paths[l->count] && ++l->count ? RGM_OK : no_memory(err);
}

static rgm_status take_file(rgm_inputs *in, const FTSENT *e, const rgm_input_item *item, rgm_error *err) {
    if (rgm_picture_looks(e->fts_name) || rgm_picture_file_kind(e->fts_path)) return add(in, item, err);
    in->passed++;
    return RGM_OK;
}

static rgm_status take_link(rgm_inputs *in, const FTSENT *e, const rgm_input_item *item, links *later, rgm_error *err) {
    struct stat to;
    int found = stat(e->fts_path, &to) == 0;
    if (!found && rgm_picture_looks(e->fts_name)) return add(in, item, err);
    if (found && S_ISREG(to.st_mode)) return take_file(in, e, item, err);
    if (!found || !S_ISDIR(to.st_mode)) {
        in->passed++;
        return RGM_OK;
    }
    if (!rgm_link_leads_up(e->fts_path, &to)) return defer(later, e->fts_path, err);
    in->links++;
    return RGM_OK;
}

static rgm_status take_entry(rgm_inputs *in, FTS *walk, FTSENT *e, const rgm_input_item *like, links *later,
                             rgm_error *err) {
    rgm_input_item item = *like;
    int32_t before = 0;
    item.path = e->fts_path;
    item.error = e->fts_errno;
    if (e->fts_level > 0 && e->fts_name[0] == '.' && e->fts_info != FTS_DP) {
        in->hidden++;
        fts_set(walk, e, FTS_SKIP);
        return RGM_OK;
    }
    switch (e->fts_info) {
    case FTS_D:
        RGM_TRY(note(in, e->fts_statp, &before, err));
        if (before) fts_set(walk, e, FTS_SKIP);
        in->links += before;
        return RGM_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        item.kind = RGM_INPUT_BROKEN;
        return add(in, &item, err);
    case FTS_F:
        return take_file(in, e, &item, err);
    case FTS_SL:
    case FTS_SLNONE:
        return take_link(in, e, &item, later, err);
    case FTS_DEFAULT: /* a device, a pipe */
        in->passed++;
        return RGM_OK;
    default: /* a folder again: left, or in a circle */
        return RGM_OK;
    }
}

/* One tree, but for what is behind links to folders. */
static rgm_status walk_tree(rgm_inputs *in, char *path, const rgm_input_item *like, links *later, const rgm_stop *stop,
                            rgm_error *err) {
    char *const roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    rgm_status status = tree ? RGM_OK : no_memory(err);
    while (status >= 0) {
        errno = 0;
        FTSENT *entry = fts_read(tree);
        if (!entry && errno) status = rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
        if (!entry) break;
        status = rgm_stop_asked(stop) ? rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request")
                                      : take_entry(in, tree, entry, like, later, err);
    }
    if (tree) fts_close(tree);
    return status;
}

/* The order of a walk: that of the names, folder by folder. */
static int by_path(const void *a, const void *b) {
    const unsigned char *x = (const unsigned char *)((const rgm_input_item *)a)->path;
    const unsigned char *y = (const unsigned char *)((const rgm_input_item *)b)->path;
    while (*x && *x == *y) x++, y++;
    return (*x == '/' ? 0 : *x) - (*y == '/' ? 0 : *y);
}

static rgm_status walk(rgm_inputs *in, const char *path, const rgm_stop *stop, rgm_error *err) {
    char *copy = strdup(path);
    size_t length = strlen(path);
    int64_t first = in->count;
    links later = {0};
    while (copy && length > 1 && copy[length - 1] == '/') copy[--length] = 0;
    const rgm_input_item like = {.root = (int32_t)last_name(path),
                                 .below = (int32_t)length + (length > 1 || *path != '/')};
    rgm_status status = copy ? walk_tree(in, copy, &like, &later, stop, err) : no_memory(err);
    for (size_t i = 0; i < later.count && status >= 0; i++) /* more may come on the way */
        status = walk_tree(in, later.paths[i], &like, &later, stop, err);
    if (later.count) qsort(in->items + first, (size_t)(in->count - first), sizeof *in->items, by_path);
    for (size_t i = 0; i < later.count; i++) free(later.paths[i]);
    free(later.paths);
    free(copy);
    return status;
}

/* ---- arguments ---- */

/* A path as it stands. */
static rgm_status take_path(rgm_inputs *in, const char *path, const rgm_stop *stop, rgm_error *err) {
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return walk(in, path, stop, err);
    rgm_input_item item = {.path = (char *)(uintptr_t)path};
    if (rgm_cli_is_hdf5(path)) item.kind = RGM_INPUT_SET;
    const char *slash = strrchr(path, '/');
    for (size_t i = slash ? (size_t)(slash - path) : 0; i > 0; i--)
        if (path[i - 1] == '/') {
            item.root = (int32_t)i;
            break;
        }
    return add(in, &item, err);
}

static rgm_status take_pattern(rgm_inputs *in, const char *pattern, const rgm_stop *stop, rgm_error *err) {
    glob_t found;
    rgm_status status = RGM_OK;
    int code = glob(pattern, 0, NULL, &found);
    if (code == GLOB_NOSPACE) return no_memory(err);
    if (code != 0) {
        in->unmatched++;
        rgm_log(RGM_LOG_WARN, "%s: this pattern matches nothing", pattern);
        return RGM_OK;
    }
    for (size_t i = 0; i < found.gl_pathc && status >= 0; i++) status = take_path(in, found.gl_pathv[i], stop, err);
    globfree(&found);
    return status;
}

static rgm_status take_list(rgm_inputs *in, const rgm_inputs_options *o, rgm_error *err) {
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    rgm_status status = RGM_OK;
    int end = o->null ? 0 : '\n';
    errno = 0;
    while (status >= 0 && (length = getdelim(&line, &room, end, stdin)) > 0) {
        if (line[length - 1] == end) line[--length] = 0;
        if (end == '\n' && length > 0 && line[length - 1] == '\r') line[--length] = 0; /* a list from Windows */
        if (length > 0 && strlen(line) != (size_t)length)
            status = rgm_fail(err, RGM_E_USAGE, "-: a name with a NUL in it: -0 reads a list whose names end with NUL");
        else if (length > 0)
            status = take_path(in, line, &o->stop, err);
        if (status >= 0 && rgm_stop_asked(&o->stop)) status = rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
    }
    if (status >= 0 && ferror(stdin)) status = rgm_fail(err, RGM_E_IO, "standard input: %s", strerror(errno));
    free(line);
    return status;
}

static rgm_status take(rgm_inputs *in, const char *argument, const rgm_inputs_options *o, rgm_error *err) {
    struct stat info;
    if (strcmp(argument, "-") == 0) return take_list(in, o, err);
    if (strpbrk(argument, "*?[") && lstat(argument, &info) != 0) return take_pattern(in, argument, &o->stop, err);
    return take_path(in, argument, &o->stop, err);
}

rgm_status rgm_inputs_find(rgm_inputs *in, const rgm_inputs_options *o, rgm_error *err) {
    rgm_status status = RGM_OK;
    memset(in, 0, sizeof *in);
    for (int32_t i = 0; i < o->count && status >= 0; i++) {
        if (in->seen) tdestroy(in->seen, free); /* an INPUT that is named twice is wanted twice */
        in->seen = NULL;
        status = take(in, o->arguments[i], o, err);
    }
    return status;
}

/* ---- labels ---- */

/* The class of a folder's name, which an import may have changed. */
static int32_t find_name(const char *name, size_t length, const char *const *names, int32_t count) {
    char own[NAME_MAX + 1], class_name[4 * NAME_MAX + 1];
    if (length > NAME_MAX) return -1;
    memcpy(own, name, length);
    own[length] = 0;
    rgm_list_class_name(own, class_name, sizeof class_name);
    for (int32_t i = 0; i < count; i++)
        if (strcmp(names[i], class_name) == 0) return i;
    return -1;
}

/* The first folder of path[from..] that is a class. */
static int32_t find_folder(const char *path, size_t from, size_t to, const char *const *names, int32_t count) {
    for (size_t at = from; at < to;) {
        const char *slash = strchr(path + at, '/');
        if (!slash || (size_t)(slash - path) > to) return -1;
        size_t length = (size_t)(slash - path) - at;
        int32_t found = length ? find_name(path + at, length, names, count) : -1;
        if (found >= 0) return found;
        at += length + 1;
    }
    return -1;
}

int32_t rgm_inputs_label(const rgm_input_item *item, const char *const *names, int32_t count) {
    size_t length = strlen(item->path), root = (size_t)item->root, below = (size_t)item->below;
    int32_t found = below ? find_folder(item->path, below, length, names, count) : -1;
    return found >= 0 ? found : find_folder(item->path, root, below ? below : length, names, count);
}
