#include "report/exclude_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/replace.h"
#include "base/text.h"
#include "data/exclude.h"
#include "data/exclude_lines.h"

#define BIT(kind) (1u << (kind))
enum { QUOTED = 4 * 1024, HEAD = 2 * QUOTED };

const uint32_t rgm_exclude_kinds_default =
    BIT(RGM_FIND_UNREADABLE) | BIT(RGM_FIND_LEAK) | BIT(RGM_FIND_EXACT_DUPLICATE) | BIT(RGM_FIND_LABEL_CONFLICT) |
    BIT(RGM_FIND_NEAR_LEAK) | BIT(RGM_FIND_NEAR_DUPLICATE) | BIT(RGM_FIND_CONSTANT);

/* ---- kinds ---- */

static rgm_status parse_kind(const char *word, uint32_t *kinds, rgm_error *err) {
    const char *names[RGM_FIND_COUNT + 2] = {"default", "all"};
    if (strcmp(word, names[0]) == 0) *kinds |= rgm_exclude_kinds_default;
    if (strcmp(word, names[1]) == 0) *kinds |= BIT(RGM_FIND_COUNT) - 1;
    if (strcmp(word, names[0]) == 0 || strcmp(word, names[1]) == 0) return RGM_OK;
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) {
        names[kind + 2] = rgm_finding_name(kind);
        if (strcmp(word, names[kind + 2]) != 0) continue;
        *kinds |= BIT(kind);
        return RGM_OK;
    }
    const char *nearest = rgm_text_nearest(word, names, RGM_FIND_COUNT + 2);
    return rgm_fail(err, RGM_E_USAGE,
                    "--exclude-kinds: no kind of finding is called '%.60s'%s%s%s: names with commas between, 'default' "
                    "or 'all'",
                    word, nearest ? " (nearest: '" : "", nearest ? nearest : "", nearest ? "')" : "");
}

rgm_status rgm_exclude_kinds_parse(const char *text, uint32_t *kinds, rgm_error *err) {
    char word[64];
    *kinds = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), at);
        RGM_TRY(parse_kind(word, kinds, err));
        at += length;
        if (!*at) return RGM_OK;
    }
}

/* ---- which images ---- */

/* An image of the list. */
typedef struct entry {
    int32_t split;
    int64_t index;
    const rgm_finding *why;
} entry;

typedef struct entries {
    entry *list; /* room for two of each finding */
    int64_t count;
} entries;

static void add(entries *e, int32_t split, int64_t index, const rgm_finding *why) {
    e->list[e->count++] = (entry){split, index, why};
}

static void add_finding(entries *e, const rgm_finding *f) {
    int32_t across = f->other_split >= 0 && f->other_split != f->split;
    if (across && f->other_split == RGM_SPLIT_TRAIN) {
        add(e, f->other_split, f->other_index, f);
        return;
    }
    /* of test and validation it is the latter */
    if (across && f->split == RGM_SPLIT_TEST) {
        add(e, f->other_split, f->other_index, f);
        return;
    }
    add(e, f->split, f->index, f);
    if (f->kind == RGM_FIND_LABEL_CONFLICT && !across && f->other_split >= 0) add(e, f->other_split, f->other_index, f);
}

static int by_place(const void *left, const void *right) {
    const entry *a = left, *b = right;
    if (a->split != b->split) return a->split < b->split ? -1 : 1;
    if (a->index != b->index) return a->index < b->index ? -1 : 1;
    return (a->why > b->why) - (a->why < b->why);
}

/* ---- lines ---- */

static rgm_status put(rgm_replace *file, const char *text, rgm_error *err) {
    return rgm_replace_write(file, text, strlen(text), err);
}

static rgm_status put_head(rgm_replace *file, const rgm_dataset *set, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    char quoted[QUOTED], head[HEAD];
    uint64_t fingerprint;
    RGM_TRY(rgm_exclude_fingerprint(set, &fingerprint, err));
    snprintf(head, sizeof head,
             RGM_EXCLUDE_HEAD "\n# data %s\n" RGM_EXCLUDE_FINGERPRINT "%016" PRIx64
                              "\n# Each line is an image that is left out: take a line away to keep the image.\n",
             rgm_exclude_quote(info->path, quoted, sizeof quoted), fingerprint);
    return put(file, head, err);
}

static rgm_status put_entry(rgm_replace *file, const rgm_dataset *set, const entry *e, rgm_error *err) {
    char quoted[QUOTED] = "", reason[RGM_FINDING_REASON], line[HEAD];
    const char *name = rgm_dataset_name(set, e->split, e->index);
    if (name) rgm_exclude_quote(name, quoted, sizeof quoted);
    rgm_finding_reason(e->why, set, reason);
    rgm_text_clean(reason);
    /* the reason speaks of the finding's image, which may be the other one */
    int32_t own = e->why->split == e->split && e->why->index == e->index;
    char of[64] = "";
    if (!own) snprintf(of, sizeof of, "%s %" PRId64 ": ", rgm_split_name(e->why->split), e->why->index);
    snprintf(line, sizeof line, "%s%s %" PRId64 "%s%s  # %s: %s%s\n", e->split == RGM_SPLIT_TEST ? "# " : "",
             rgm_split_name(e->split), e->index, name ? " " : "", quoted, rgm_finding_name(e->why->kind), of, reason);
    return put(file, line, err);
}

static rgm_status put_all(rgm_replace *file, const rgm_dataset *set, const entries *e, rgm_exclude_listed *listed,
                          rgm_error *err) {
    int32_t told = 0;
    RGM_TRY(put_head(file, set, err));
    for (int64_t i = 0; i < e->count; i++) {
        const entry *one = &e->list[i];
        if (i && one->split == one[-1].split && one->index == one[-1].index) continue;
        int32_t comment = one->split == RGM_SPLIT_TEST;
        if (comment && !told++)
            RGM_TRY(put(file, "# Of the test split nothing is left out unless you take the # away:\n", err));
        RGM_TRY(put_entry(file, set, one, err));
        listed->images += !comment;
        listed->commented += comment;
    }
    return RGM_OK;
}

static rgm_status write_list(const rgm_dataset *set, const entries *e, const char *path, rgm_exclude_listed *listed,
                             rgm_error *err) {
    rgm_replace file;
    if (rgm_file_begins(path, RGM_EXCLUDE_HEAD) == RGM_BEGINS_OTHER)
        return rgm_fail(err, RGM_E_USAGE, "%.300s: exists, and is no exclude list: another name", path);
    RGM_TRY(rgm_replace_begin(&file, path, err));
    return rgm_replace_end(&file, put_all(&file, set, e, listed, err), err);
}

rgm_status rgm_exclude_list_write(const rgm_findings *findings, const rgm_dataset *set, uint32_t kinds,
                                  const char *path, rgm_exclude_listed *listed, rgm_error *err) {
    entries e = {.list = calloc((size_t)(2 * findings->count + 1), sizeof *e.list)};
    *listed = (rgm_exclude_listed){0};
    if (!e.list) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", path);
    for (int64_t i = 0; i < findings->count; i++)
        if (kinds & BIT(findings->list[i].kind)) add_finding(&e, &findings->list[i]);
    qsort(e.list, (size_t)e.count, sizeof *e.list, by_place);
    rgm_status status = write_list(set, &e, path, listed, err);
    free(e.list);
    return status;
}
