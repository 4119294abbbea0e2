#include "leave_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "data/exclude_lines.h"
#include "picture_names.h"

/* A name of the list. */
typedef struct named {
    char *name;
    int32_t used; /* 1: some picture has it */
} named;

typedef struct names {
    named *list;
    int64_t count, room;
} names;

static rgm_status take(void *context, const rgm_exclude_line *line, rgm_error *err) {
    names *n = context;
    if (!line->name)
        return rgm_fail(err, RGM_E_USAGE,
                        "no name: pictures are left out by their names, and the set that this is of has none");
    if (n->count == n->room) {
        int64_t room = n->room ? 2 * n->room : 256;
        named *grown = reallocarray(n->list, (size_t)room, sizeof *grown);
        if (!grown) return rgm_fail(err, RGM_E_NOMEM, "no memory for %" PRId64 " names", room);
        n->list = grown;
        n->room = room;
    }
    n->list[n->count] = (named){.name = strdup(line->name)};
    if (!n->list[n->count].name) return rgm_fail(err, RGM_E_NOMEM, "no memory for names");
    n->count++;
    return RGM_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(((const named *)a)->name, ((const named *)b)->name); }

/* Each name once. */
static void sort(names *n) {
    int64_t kept = 0;
    if (n->count) qsort(n->list, (size_t)n->count, sizeof *n->list, by_name);
    for (int64_t i = 0; i < n->count; i++)
        if (kept && by_name(&n->list[kept - 1], &n->list[i]) == 0)
            free(n->list[i].name);
        else
            n->list[kept++] = n->list[i];
    n->count = kept;
}

static int32_t find(const names *n, const char *name) {
    const named key = {.name = (char *)(uintptr_t)name};
    named *found = n->count ? bsearch(&key, n->list, (size_t)n->count, sizeof *n->list, by_name) : NULL;
    if (found) found->used = 1;
    return found != NULL;
}

static void tell_unused(const names *n, const char *path) {
    char shown[RGM_DATA_PICTURE_NAME + 1];
    int64_t unused = 0, first = -1;
    for (int64_t i = 0; i < n->count; i++) {
        if (n->list[i].used) continue;
        if (!unused++) first = i;
    }
    if (!unused) return;
    snprintf(shown, sizeof shown, "%s", n->list[first].name);
    rgm_text_clean(shown);
    rgm_log(RGM_LOG_WARN,
            "%s: %" PRId64 " of its %" PRId64 " names are those of no picture here; the first is '%.200s'", path,
            unused, n->count, shown);
}

static rgm_status take_out(rgm_list *list, const names *n, const char *path, rgm_error *err) {
    char name[RGM_DATA_PICTURE_NAME + 1];
    int64_t kept = 0, before = list->count;
    for (int64_t i = 0; i < before; i++)
        if (!find(n, rgm_list_path(list, i)) && !find(n, rgm_picture_name(list, i, name)))
            list->entries[kept++] = list->entries[i];
    list->count = kept;
    if (kept == before && n->count)
        return rgm_fail(err, RGM_E_USAGE, "%.200s: none of its %" PRId64 " names is that of a picture of %.200s", path,
                        n->count, list->name);
    if (!kept && before) return rgm_fail(err, RGM_E_USAGE, "%.200s: it leaves no picture of %.200s", path, list->name);
    rgm_log(RGM_LOG_INFO, "%s: %" PRId64 " of %" PRId64 " pictures are left out", path, before - kept, before);
    tell_unused(n, path);
    return RGM_OK;
}

rgm_status rgm_list_leave_out(rgm_list *list, const char *path, rgm_error *err) {
    names n = {0};
    if (!path) return RGM_OK;
    const rgm_exclude_lines lines = {.names = 1, .take = take, .context = &n};
    rgm_status status = rgm_exclude_lines_read(path, &lines, err);
    if (status >= 0) {
        sort(&n);
        status = take_out(list, &n, path, err);
    }
    for (int64_t i = 0; i < n.count; i++) free(n.list[i].name);
    free(n.list);
    return status;
}
