#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/folder.h"
#include "base/log.h"
#include "stage.h"

enum { LOCKED_TOLD = 10, SHOWN = 512 };

/* A folder's identity, or a free place. */
struct seen {
    dev_t device;
    ino_t inode;
    int taken;
};

/* A name in a folder. */
struct name {
    char *text;
    unsigned char type; /* DT_* */
};

struct names {
    struct name *list;
    size_t count, room;
};

/* Where the walk is: a folder below the root and what its files are. */
struct place {
    char *path; /* below the root; "" is the root itself */
    int32_t label, split;
};

struct walk {
    rgm_list *list;
    const rgm_stop *stop;
    struct seen *seen; /* [seen_room], a power of two */
    size_t seen_count, seen_room;
    struct place *links; /* folders behind links, for later */
    size_t links_count, links_room;
    struct seen own[RGM_TREE_OWN];
};

static rgm_status no_memory(const struct walk *w, rgm_error *err) {
    return rgm_fail(err, RGM_E_NOMEM, "%.200s: no memory for the list of its files", w->list->root);
}

/* ---- folders seen ---- */

static struct seen *find_seen(const struct walk *w, dev_t device, ino_t inode) {
    size_t at = (size_t)(((uint64_t)inode * 0x9e3779b97f4a7c15u) ^ (uint64_t)device) & (w->seen_room - 1);
    while (w->seen[at].taken && (w->seen[at].device != device || w->seen[at].inode != inode))
        at = (at + 1) & (w->seen_room - 1);
    return &w->seen[at];
}

static int grow_seen(struct walk *w) {
    if (2 * w->seen_count < w->seen_room) return 1;
    struct seen *old = w->seen;
    size_t count = w->seen_room, room = count ? 2 * count : 256;
    w->seen = calloc(room, sizeof *w->seen);
    if (!w->seen) {
        w->seen = old;
        return 0;
    }
    w->seen_room = room;
    for (size_t i = 0; i < count; i++)
        if (old[i].taken) *find_seen(w, old[i].device, old[i].inode) = old[i];
    free(old);
    return 1;
}

/* ---- one folder ---- */

static void free_names(struct names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->list[i].text);
    free(names->list);
}

static int add_name(struct names *names, const char *text, unsigned char type) {
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 64;
        struct name *grown = realloc(names->list, room * sizeof *grown);
        if (!grown) return 0;
        names->list = grown;
        names->room = room;
    }
    names->list[names->count].type = type;
    names->list[names->count].text = strdup(text);
    return names->list[names->count].text && ++names->count;
}

static int by_text(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* "root/path", or the root for ""; NULL without memory. */
static char *whole_path(const struct walk *w, const char *path) {
    char *whole = NULL;
    return asprintf(&whole, "%s%s%s", w->list->root, *path ? "/" : "", path) < 0 ? NULL : whole;
}

static char *join(const char *path, const char *name) {
    char *joined = NULL;
    return asprintf(&joined, "%s%s%s", path, *path ? "/" : "", name) < 0 ? NULL : joined;
}

static rgm_status locked(struct walk *w, const char *path, int error, rgm_error *err) {
    char shown[SHOWN];
    rgm_list_show(*path ? path : w->list->root, shown, sizeof shown);
    if (!*path) return rgm_fail(err, RGM_E_IO, "%s: cannot read the folder: %s", shown, strerror(error));
    if (w->list->passed[RGM_PASSED_LOCKED]++ < LOCKED_TOLD)
        rgm_log(RGM_LOG_WARN, "%s: cannot read the folder: %s: its pictures are left out", shown, strerror(error));
    return RGM_OK;
}

/* The names in a folder, sorted; none if it was seen before or cannot be read, which is counted. Hidden ones are
 * counted and left out. */
static rgm_status read_folder(struct walk *w, const char *path, struct names *names, rgm_error *err) {
    struct stat st;
    char *whole = whole_path(w, path);
    if (!whole || !grow_seen(w)) {
        free(whole);
        return no_memory(w, err);
    }
    DIR *dir = opendir(whole);
    int error = dir && fstat(dirfd(dir), &st) == 0 ? 0 : errno, fits = 1;
    free(whole);
    if (rgm_stop_asked(w->stop)) error = ECANCELED;
    struct seen *seen = error ? NULL : find_seen(w, st.st_dev, st.st_ino);
    if (seen && seen->taken) w->list->passed[RGM_PASSED_AGAIN]++;
    for (struct dirent *entry; seen && !seen->taken && fits && !error;) {
        errno = 0;
        entry = readdir(dir);
        if (!entry) {
            error = errno;
            break;
        }
        if (entry->d_name[0] != '.')
            fits = add_name(names, entry->d_name, entry->d_type);
        else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            w->list->passed[RGM_PASSED_HIDDEN]++;
    }
    if (dir) closedir(dir);
    if (!fits) return no_memory(w, err);
    if (error == ECANCELED)
        return rgm_fail(err, RGM_E_INTERRUPTED, "%.200s: stopped while it was listed", w->list->root);
    if (seen && !seen->taken) {
        *seen = (struct seen){.device = st.st_dev, .inode = st.st_ino, .taken = 1};
        w->seen_count++;
    }
    if (names->count > 1) qsort(names->list, names->count, sizeof *names->list, by_text);
    return error ? locked(w, path, error, err) : RGM_OK;
}

enum { KIND_FILE, KIND_FOLDER, KIND_LINKED_FOLDER, KIND_ABOVE, KIND_OTHER, KIND_OWN };

static void find_own(struct walk *w, const rgm_tree *tree) {
    struct stat st;
    for (int i = 0; i < RGM_TREE_OWN; i++)
        if (tree->own[i] && stat(tree->own[i], &st) == 0)
            w->own[i] = (struct seen){.device = st.st_dev, .inode = st.st_ino, .taken = 1};
}

static int is_own(const struct walk *w, const struct stat *st) {
    for (int i = 0; i < RGM_TREE_OWN; i++)
        if (w->own[i].taken && w->own[i].device == st->st_dev && w->own[i].inode == st->st_ino) return 1;
    return 0;
}

/* What a name is; *st is that of the file behind links. A link that leads nowhere is a file, which cannot be read. */
static int kind_of(const struct walk *w, const char *path, unsigned char type, struct stat *st) {
    char *whole = whole_path(w, path);
    memset(st, 0, sizeof *st);
    st->st_size = -1;
    if (!whole) return KIND_OTHER;
    int found = stat(whole, st) == 0, linked = type == DT_LNK;
    int staging = found && S_ISDIR(st->st_mode) && rgm_stage_is(whole);
    struct stat own;
    if (type == DT_UNKNOWN && lstat(whole, &own) == 0) linked = S_ISLNK(own.st_mode);
    int up = linked && found && S_ISDIR(st->st_mode) && rgm_link_leads_up(whole, st);
    free(whole);
    if (up) return KIND_ABOVE;
    if (staging || (found && is_own(w, st))) return KIND_OWN;
    if (!found || S_ISREG(st->st_mode)) return KIND_FILE;
    if (!S_ISDIR(st->st_mode)) return KIND_OTHER;
    return linked ? KIND_LINKED_FOLDER : KIND_FOLDER;
}

static void count_passed(struct walk *w, int kind) {
    w->list->passed[RGM_PASSED_SPECIAL] += kind == KIND_OTHER;
    w->list->passed[RGM_PASSED_ABOVE] += kind == KIND_ABOVE;
}

/* ---- the walk ---- */

/* Keeps a folder behind a link for later. */
static rgm_status defer(struct walk *w, const char *path, int32_t label, int32_t split, rgm_error *err) {
    if (w->links_count == w->links_room) {
        size_t room = w->links_room ? 2 * w->links_room : 16;
        struct place *grown = realloc(w->links, room * sizeof *grown);
        if (!grown) return no_memory(w, err);
        w->links = grown;
        w->links_room = room;
    }
    struct place *place = &w->links[w->links_count];
    *place = (struct place){.path = strdup(path), .label = label, .split = split};
    if (!place->path) return no_memory(w, err);
    w->links_count++;
    return RGM_OK;
}

static rgm_status add_file(struct walk *w, const struct place *place, const struct stat *st, rgm_error *err) {
    const rgm_list_entry entry = {.size = st->st_size,
                                  .changed = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
                                  .label = place->label,
                                  .split = place->split};
    return rgm_list_add(w->list, place->path, &entry, err);
}

static rgm_status walk_folder(struct walk *w, const struct place *place, rgm_error *err) {
    struct names names = {0};
    rgm_status status = read_folder(w, place->path, &names, err);
    for (size_t i = 0; i < names.count && status == RGM_OK; i++) {
        struct stat st;
        struct place in = *place;
        in.path = join(place->path, names.list[i].text);
        int kind = in.path ? kind_of(w, in.path, names.list[i].type, &st) : KIND_OTHER;
        if (!in.path)
            status = no_memory(w, err);
        else if (kind == KIND_FILE)
            status = add_file(w, &in, &st, err);
        else if (kind == KIND_FOLDER)
            status = walk_folder(w, &in, err);
        else if (kind == KIND_LINKED_FOLDER)
            status = defer(w, in.path, in.label, in.split, err);
        else
            count_passed(w, kind);
        free(in.path);
    }
    free_names(&names);
    return status;
}

/* The class that a folder's name stands for. */
static rgm_status name_class(struct walk *w, const char *name, int32_t *label, rgm_error *err) {
    char shown[1100];
    rgm_list_class_name(name, shown, sizeof shown);
    if (strlen(shown) > RGM_DATA_NAME_BYTES)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: the folder '%.60s...': a class name has at most %d bytes as UTF-8",
                        w->list->root, shown, RGM_DATA_NAME_BYTES);
    if (strcmp(shown, name) != 0)
        rgm_log(RGM_LOG_WARN, "a folder's name is not UTF-8 text or has control characters: its class is called '%s'",
                shown);
    return rgm_list_class(w->list, shown, label, err);
}

/* A folder of class folders. */
static rgm_status walk_classes(struct walk *w, const char *path, int32_t split, rgm_error *err) {
    struct names names = {0};
    rgm_status status = read_folder(w, path, &names, err);
    w->list->named[split] |= *path != 0;
    for (size_t i = 0; i < names.count && status == RGM_OK; i++) {
        struct stat st;
        struct place in = {.path = join(path, names.list[i].text), .split = split};
        int kind = in.path ? kind_of(w, in.path, names.list[i].type, &st) : KIND_OTHER;
        if (!in.path) status = no_memory(w, err);
        if (in.path && kind == KIND_FILE) w->list->passed[RGM_PASSED_OUTSIDE]++;
        if (in.path) count_passed(w, kind);
        if (status == RGM_OK && (kind == KIND_FOLDER || kind == KIND_LINKED_FOLDER))
            status = name_class(w, names.list[i].text, &in.label, err);
        if (status == RGM_OK && kind == KIND_FOLDER) status = walk_folder(w, &in, err);
        if (status == RGM_OK && kind == KIND_LINKED_FOLDER) status = defer(w, in.path, in.label, split, err);
        free(in.path);
    }
    free_names(&names);
    return status;
}

/* The folders that are named after splits; *all: there are no others, and one is for training. */
static rgm_status find_splits(struct walk *w, const struct names *names, const char *folder_of[RGM_SPLIT_COUNT],
                              int *all, rgm_error *err) {
    int others = 0;
    const char *twice = NULL;
    for (size_t i = 0; i < names->count; i++) {
        struct stat st;
        const char *name = names->list[i].text;
        int kind = kind_of(w, name, names->list[i].type, &st);
        if (kind != KIND_FOLDER && kind != KIND_LINKED_FOLDER) continue;
        int32_t split = rgm_list_split(name);
        if (split < 0) others = 1;
        if (split >= 0 && folder_of[split]) twice = name;
        if (split >= 0 && !folder_of[split]) folder_of[split] = name;
    }
    if (twice && !others)
        return rgm_fail(err, RGM_E_USAGE, "%.200s: the folders %s and %s would both be the %s split", w->list->name,
                        folder_of[rgm_list_split(twice)], twice, rgm_split_name(rgm_list_split(twice)));
    int some = folder_of[RGM_SPLIT_TEST] || folder_of[RGM_SPLIT_VALIDATION];
    if (!others && some && !folder_of[RGM_SPLIT_TRAIN])
        return rgm_fail(err, RGM_E_USAGE, "%.200s: a folder '%s' without a folder 'train' beside it", w->list->root,
                        folder_of[RGM_SPLIT_TEST] ? folder_of[RGM_SPLIT_TEST] : folder_of[RGM_SPLIT_VALIDATION]);
    if (others && folder_of[RGM_SPLIT_TRAIN] && some)
        rgm_log(RGM_LOG_WARN,
                "%.200s: it holds other folders than train, test and validation: all are taken as classes",
                w->list->root);
    *all = !others && folder_of[RGM_SPLIT_TRAIN];
    return RGM_OK;
}

static rgm_status walk_root(struct walk *w, rgm_error *err) {
    struct names names = {0};
    const char *folder_of[RGM_SPLIT_COUNT] = {0};
    int splits = 0;
    rgm_status status = read_folder(w, "", &names, err);
    if (status == RGM_OK) status = find_splits(w, &names, folder_of, &splits, err);
    w->seen_count = 0; /* the root is read again as a folder of classes */
    if (w->seen) memset(w->seen, 0, w->seen_room * sizeof *w->seen);
    if (!splits) memset(w->list->passed, 0, sizeof w->list->passed);
    for (size_t i = 0; splits && i < names.count; i++) {
        struct stat st;
        int32_t split = rgm_list_split(names.list[i].text);
        int kind = kind_of(w, names.list[i].text, names.list[i].type, &st);
        if (kind == KIND_FILE) w->list->passed[RGM_PASSED_OUTSIDE]++;
        count_passed(w, kind);
        if (status == RGM_OK && split >= 0 && (kind == KIND_FOLDER || kind == KIND_LINKED_FOLDER))
            status = walk_classes(w, names.list[i].text, split, err);
    }
    free_names(&names);
    if (status == RGM_OK && !splits) status = walk_classes(w, "", RGM_SPLIT_TRAIN, err);
    return status;
}

/* Whether all files lie in folders of the one class folder. */
static int is_nested(const rgm_list *list) {
    for (int64_t i = 0; i < list->count; i++) {
        const char *inner = strchr(rgm_list_path(list, i), '/');
        if (!inner || !strchr(inner + 1, '/')) return 0;
    }
    return list->count > 0;
}

static rgm_status check_found(const rgm_list *list, rgm_error *err) {
    if (list->class_count >= 2) return RGM_OK;
    if (list->class_count == 1 && is_nested(list))
        return rgm_fail(
            err, RGM_E_USAGE,
            "%.200s: one class folder, '%.100s': expected two at least (if the classes are the folders in it, "
            "import %.200s/%.100s)",
            list->root, list->classes[0], list->root, list->classes[0]);
    if (list->class_count == 1)
        return rgm_fail(err, RGM_E_USAGE, "%.200s: one class folder, '%.100s': expected two at least", list->root,
                        list->classes[0]);
    return rgm_fail(err, RGM_E_USAGE,
                    "%.200s: no class folders in it: expected a folder for each class, with its pictures%s", list->root,
                    list->passed[RGM_PASSED_OUTSIDE] ? " (there are files beside)" : "");
}

rgm_status rgm_tree_walk(rgm_list *list, const rgm_tree *tree, rgm_error *err) {
    struct walk w = {.list = list, .stop = tree->stop};
    list->name = list->root = tree->folder;
    find_own(&w, tree);
    rgm_status status = walk_root(&w, err);
    for (size_t i = 0; i < w.links_count && status == RGM_OK; i++) { /* more may come on the way */
        const struct place place = w.links[i];
        status = walk_folder(&w, &place, err);
    }
    for (size_t i = 0; i < w.links_count; i++) free(w.links[i].path);
    free(w.links);
    free(w.seen);
    if (list->passed[RGM_PASSED_LOCKED] > LOCKED_TOLD)
        rgm_log(RGM_LOG_WARN, "%lld more folders cannot be read",
                (long long)list->passed[RGM_PASSED_LOCKED] - LOCKED_TOLD);
    if (status == RGM_OK) status = check_found(list, err);
    if (status == RGM_OK) status = rgm_list_sort_classes(list, 0, err);
    if (status == RGM_OK) rgm_list_sort(list);
    return status;
}
