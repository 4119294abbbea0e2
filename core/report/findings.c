#define _GNU_SOURCE
#include "report/findings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report/summary.h"

static const struct {
    const char *name, *title;
} kinds[RGM_FIND_COUNT] = {
    [RGM_FIND_LEAK] = {"leak", "leaks between splits"},
    [RGM_FIND_EXACT_DUPLICATE] = {"exact_duplicate", "exact duplicates"},
    [RGM_FIND_LABEL_CONFLICT] = {"label_conflict", "conflicting labels"},
    [RGM_FIND_NEAR_LEAK] = {"near_leak", "near leaks between splits"},
    [RGM_FIND_NEAR_DUPLICATE] = {"near_duplicate", "near duplicates"},
    [RGM_FIND_LABEL_ERROR] = {"label_error", "likely label errors"},
    [RGM_FIND_CONSTANT] = {"constant", "images of one colour"},
    [RGM_FIND_DARK] = {"dark", "dark images"},
    [RGM_FIND_BRIGHT] = {"bright", "bright images"},
    [RGM_FIND_BLURRED] = {"blurred", "blurred images"},
    [RGM_FIND_NOISY] = {"noisy", "noisy images"},
    [RGM_FIND_INVERTED] = {"inverted", "inverted images"},
    [RGM_FIND_LOW_INFORMATION] = {"low_information", "images of little information"},
    [RGM_FIND_ODD] = {"odd", "odd images"},
};

const char *rgm_finding_name(int32_t kind) { return kinds[kind].name; }
const char *rgm_finding_title(int32_t kind) { return kinds[kind].title; }

rgm_finding rgm_finding_of(int32_t kind, int32_t split, int64_t index) {
    return (rgm_finding){.kind = kind,
                         .split = split,
                         .index = index,
                         .value = NAN,
                         .usual = NAN,
                         .other_split = -1,
                         .other_index = -1,
                         .group = -1,
                         .proposed = -1};
}

/* ---- the list ---- */

rgm_status rgm_findings_add(rgm_findings *f, const rgm_finding *finding, rgm_error *err) {
    if (f->count == f->room) {
        int64_t room = f->room ? 2 * f->room : 64;
        rgm_finding *list = reallocarray(f->list, (size_t)room, sizeof *list);
        if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " findings", room);
        f->list = list;
        f->room = room;
    }
    f->list[f->count++] = *finding;
    return RGM_OK;
}

void rgm_findings_free(rgm_findings *f) {
    free(f->list);
    *f = (rgm_findings){0};
}

static int compare(const void *left, const void *right) {
    const rgm_finding *a = left, *b = right;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->score > b->score || a->score < b->score) return a->score > b->score ? -1 : 1;
    if (a->split != b->split) return a->split < b->split ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

void rgm_findings_sort(rgm_findings *f) {
    if (f->count) qsort(f->list, (size_t)f->count, sizeof *f->list, compare);
}

int64_t rgm_findings_count(const rgm_findings *f, int32_t kind) {
    int64_t count = 0;
    for (int64_t i = 0; i < f->count; i++) count += f->list[i].kind == kind;
    return count;
}

/* ---- why ---- */

static const char *name_class(const rgm_dataset *set, int32_t c, char room[16]) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    if (info->class_names && c >= 0 && c < info->classes) return info->class_names[c];
    snprintf(room, 16, "%" PRId32, c);
    return room;
}

static void tell_how(int32_t how, char text[96]) {
    static const char *const words[] = {"mirrored", "shifted", "another brightness", "scaled", "recompressed"};
    text[0] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (how >> i & 1) {
            strncat(text, text[0] ? ", " : " (", 95 - strlen(text));
            strncat(text, words[i], 95 - strlen(text));
        }
    if (text[0]) strncat(text, ")", 95 - strlen(text));
}

static void tell_other(const rgm_finding *f, const rgm_dataset *set, char *text, size_t size) {
    const char *like = f->kind == RGM_FIND_LEAK || f->kind == RGM_FIND_EXACT_DUPLICATE ? "the pixels of" : "nearly";
    char how[96], room[2][16];
    tell_how(f->how, how);
    int used = snprintf(text, size, "%s %s %" PRId64 "%s", like, rgm_split_name(f->other_split), f->other_index, how);
    int32_t mine = rgm_dataset_labels(set, f->split)[f->index];
    int32_t others = rgm_dataset_labels(set, f->other_split)[f->other_index];
    if (mine != others && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, ", which is %.80s, not %.80s", name_class(set, others, room[0]),
                 name_class(set, mine, room[1]));
}

static void tell_value(const rgm_finding *f, char *text, size_t size) {
    static const char *const measures[RGM_FIND_COUNT] = {
        [RGM_FIND_CONSTANT] = "every pixel is the same",
        [RGM_FIND_DARK] = "mean brightness",
        [RGM_FIND_BRIGHT] = "mean brightness",
        [RGM_FIND_BLURRED] = "sharpness",
        [RGM_FIND_NOISY] = "noise",
        [RGM_FIND_INVERTED] = "likeness to its class",
        [RGM_FIND_LOW_INFORMATION] = "information",
        [RGM_FIND_ODD] = "distance from its class",
    };
    int used = snprintf(text, size, "%s", measures[f->kind] ? measures[f->kind] : "");
    if (isfinite(f->value) && used >= 0 && (size_t)used < size)
        used += snprintf(text + used, size - (size_t)used, " %.4g", f->value);
    if (isfinite(f->usual) && used >= 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, "; usual %.4g", f->usual);
}

const char *rgm_finding_reason(const rgm_finding *f, const rgm_dataset *set, char text[RGM_FINDING_REASON]) {
    char room[2][16];
    if (f->proposed >= 0)
        snprintf(text, RGM_FINDING_REASON, "given as %.80s; %.80s with probability %.3f",
                 name_class(set, rgm_dataset_labels(set, f->split)[f->index], room[0]),
                 name_class(set, f->proposed, room[1]), (double)f->probability);
    else if (f->other_split >= 0)
        tell_other(f, set, text, RGM_FINDING_REASON);
    else
        tell_value(f, text, RGM_FINDING_REASON);
    return text;
}

/* ---- for programs ---- */

static int32_t put(json_t *object, const char *key, json_t *value) { return json_object_set_new(object, key, value); }

static json_t *one_json(const rgm_finding *f, const rgm_dataset *set) {
    char text[RGM_FINDING_REASON];
    json_t *o = json_object();
    int32_t bad = !o || put(o, "kind", json_string(kinds[f->kind].name)) ||
                  put(o, "split", json_string(rgm_split_name(f->split))) || put(o, "index", json_integer(f->index)) ||
                  put(o, "score", rgm_json_real(f->score)) ||
                  put(o, "reason", rgm_json_text(rgm_finding_reason(f, set, text)));
    if (!bad && isfinite(f->value)) bad = put(o, "value", json_real(f->value));
    if (!bad && isfinite(f->usual)) bad = put(o, "usual", json_real(f->usual));
    if (!bad && f->other_split >= 0)
        bad = put(o, "other_split", json_string(rgm_split_name(f->other_split))) ||
              put(o, "other_index", json_integer(f->other_index));
    if (!bad && f->group >= 0) bad = put(o, "group", json_integer(f->group));
    if (!bad && f->proposed >= 0)
        bad = put(o, "proposed", json_integer(f->proposed)) ||
              put(o, "probability", rgm_json_real((double)f->probability));
    const char *name = rgm_dataset_name(set, f->split, f->index);
    if (!bad && name) bad = put(o, "name", rgm_json_text(name));
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

json_t *rgm_findings_json(const rgm_findings *f, const rgm_dataset *set, int64_t most) {
    json_t *array = json_array();
    int64_t of_kind = 0;
    for (int64_t i = 0; array && i < f->count; i++) {
        of_kind = i > 0 && f->list[i].kind == f->list[i - 1].kind ? of_kind + 1 : 0;
        if (of_kind < most && json_array_append_new(array, one_json(&f->list[i], set))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

json_t *rgm_findings_counts(const rgm_findings *f) {
    json_t *o = json_object();
    for (int32_t kind = 0; o && kind < RGM_FIND_COUNT; kind++)
        if (put(o, kinds[kind].name, json_integer(rgm_findings_count(f, kind)))) {
            json_decref(o);
            o = NULL;
        }
    return o;
}
