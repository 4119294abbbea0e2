#define _GNU_SOURCE
#include "report/findings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

static const struct {
    const char *name, *one, *title, *meaning, *remedy;
    int32_t grave;
} kinds[RGM_FIND_COUNT] = {
    [RGM_FIND_UNREADABLE] = {"unreadable", "unreadable picture", "unreadable pictures",
                             "A training stops at the first of them.",
                             "Leave them out, or import again: an import lists what it cannot read.", RGM_GRAVE_FAIL},
    [RGM_FIND_LEAK] = {"leak", "leak between splits", "leaks between splits",
                       "The same image is in another split, so that the accuracy there is partly memory.",
                       "Leave out their copies in the training split.", RGM_GRAVE_FAIL},
    [RGM_FIND_EXACT_DUPLICATE] = {"exact_duplicate", "exact duplicate", "exact duplicates",
                                  "The same image is in this split before: it counts twice.",
                                  "Leave them out, unless the weight is meant.", RGM_GRAVE_WARN},
    [RGM_FIND_LABEL_CONFLICT] = {"label_conflict", "conflicting label", "conflicting labels",
                                 "The same image has two labels: one of them is wrong, or both are right.",
                                 "Correct the wrong label at its source and import again, or leave both out.",
                                 RGM_GRAVE_FAIL},
    [RGM_FIND_NEAR_LEAK] = {"near_leak", "near leak between splits", "near leaks between splits",
                            "Nearly the same image is in another split, so that the accuracy there is partly memory.",
                            "Look at them, and leave out their copies in the training split.", RGM_GRAVE_WARN},
    [RGM_FIND_NEAR_DUPLICATE] = {"near_duplicate", "near duplicate", "near duplicates",
                                 "Nearly the same image is in this split before. A part of it that is held out leaks.",
                                 "Look at them. Leave them out if they are copies, keep them if they are a series.",
                                 RGM_GRAVE_WARN},
    [RGM_FIND_LABEL_ERROR] = {"label_error", "likely label error", "likely label errors",
                              "A model finds another label much more likely than the given one.",
                              "Look at them. Correct labels at their source and import again, or leave them out.",
                              RGM_GRAVE_WARN},
    [RGM_FIND_CONSTANT] = {"constant", "image of one colour", "images of one colour",
                           "There is nothing to learn in such an image.",
                           "Leave them out, and look for the cause: an empty or a broken picture.", RGM_GRAVE_WARN},
    [RGM_FIND_DARK] = {"dark", "dark image", "dark images", "They are much darker than the rest.",
                       "Look at them: an exposure that failed, or a class that is dark.", RGM_GRAVE_SEE},
    [RGM_FIND_BRIGHT] = {"bright", "bright image", "bright images", "They are much brighter than the rest.",
                         "Look at them: an exposure that failed, or a class that is bright.", RGM_GRAVE_SEE},
    [RGM_FIND_BLURRED] = {"blurred", "blurred image", "blurred images", "They have less detail than the rest.",
                          "Look at them: out of focus, or enlarged from a smaller picture.", RGM_GRAVE_SEE},
    [RGM_FIND_NOISY] = {"noisy", "noisy image", "noisy images", "They have more noise than the rest.",
                        "Look at them: a sensor, or damage on the way.", RGM_GRAVE_SEE},
    [RGM_FIND_INVERTED] = {"inverted", "inverted image", "inverted images",
                           "They are dark where their class is bright.",
                           "Look at them: negatives are turned at their source, before the import.", RGM_GRAVE_WARN},
    [RGM_FIND_LOW_INFORMATION] = {"low_information", "image of little information", "images of little information",
                                  "They have hardly anything in them: few values, or a large empty part.",
                                  "Look at them: a placeholder, or a crop beside the object.", RGM_GRAVE_SEE},
    [RGM_FIND_ODD] = {"odd", "odd image", "odd images", "They are unlike the other images of their class.",
                      "Look at them: a wrong label, a wrong picture, or a rare kind that needs more examples.",
                      RGM_GRAVE_SEE},
};

const char *rgm_finding_name(int32_t kind) { return kinds[kind].name; }
const char *rgm_finding_title(int32_t kind) { return kinds[kind].title; }
const char *rgm_finding_titled(int32_t kind, int64_t count) { return count == 1 ? kinds[kind].one : kinds[kind].title; }
const char *rgm_finding_meaning(int32_t kind) { return kinds[kind].meaning; }
const char *rgm_finding_remedy(int32_t kind) { return kinds[kind].remedy; }
int32_t rgm_finding_grave(int32_t kind) { return kinds[kind].grave; }

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
    if (isnan(a->score) != isnan(b->score)) return isnan(a->score) ? 1 : -1;
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

void rgm_findings_count_splits(const rgm_findings *f, int32_t kind, int64_t counts[RGM_SPLIT_COUNT]) {
    memset(counts, 0, RGM_SPLIT_COUNT * sizeof *counts);
    for (int64_t i = 0; i < f->count; i++)
        if (f->list[i].kind == kind) counts[f->list[i].split]++;
}

int64_t rgm_findings_first(const rgm_findings *f, int32_t kind) {
    int64_t i = 0;
    while (i < f->count && f->list[i].kind < kind) i++;
    return i;
}

/* ---- why ---- */

const char *rgm_class_of(const rgm_dataset *set, int32_t number, char room[RGM_CLASS_ROOM]) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    if (info->class_names && number >= 0 && number < info->classes) return info->class_names[number];
    snprintf(room, RGM_CLASS_ROOM, "%" PRId32, number);
    return room;
}

/* A class by name, not wider than a few words. */
enum { NAME = 48, NAME_BYTES = 4 * NAME + 4 };
static const char *short_class(const rgm_dataset *set, int32_t number, char text[NAME_BYTES]) {
    char room[RGM_CLASS_ROOM];
    const char *name = rgm_class_of(set, number, room);
    size_t bytes = rgm_text_within(name, NAME);
    if (bytes > NAME_BYTES - 4) bytes = 0; /* marks without width */
    snprintf(text, NAME_BYTES, "%.*s%s", (int)bytes, name, name[bytes] ? "..." : "");
    return text;
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
    char how[96], names[2][NAME_BYTES];
    int32_t mine = rgm_dataset_labels(set, f->split)[f->index];
    int32_t others = rgm_dataset_labels(set, f->other_split)[f->other_index];
    tell_how(f->how, how);
    int used = snprintf(text, size, "%s %s %" PRId64 "%s", f->score >= 1 ? "the same as" : "nearly",
                        rgm_split_name(f->other_split), f->other_index, how);
    if (mine != others && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, ", which is %s, not %s", short_class(set, others, names[0]),
                 short_class(set, mine, names[1]));
}

static void add_real(char *text, size_t size, const char *before, double value) {
    char number[RGM_TEXT_REAL];
    if (!isfinite(value)) return;
    rgm_text_add(text, size, before);
    rgm_text_add(text, size, rgm_text_print_real(number, sizeof number, 4, value));
}

/* Two numbers in a sentence. */
static void tell_value(const rgm_finding *f, char *text, size_t size) {
    static const char *const sentences[RGM_FIND_COUNT] = {
        [RGM_FIND_DARK] = "mean brightness %.1f of 255; the set's median is %.1f",
        [RGM_FIND_BRIGHT] = "mean brightness %.1f of 255; the set's median is %.1f",
        [RGM_FIND_BLURRED] = "edges are %.1f pixels wide; its class's median is %.1f",
        [RGM_FIND_NOISY] = "noise of %.1f of 255 in its smoothest parts; the set's median is %.1f",
        [RGM_FIND_INVERTED] = "its negative is like its class (correlation %.2f), itself is not (%.2f)",
        [RGM_FIND_LOW_INFORMATION] = "%.1f bits a pixel; its class's median is %.1f",
        [RGM_FIND_ODD] = "differs by %.1f of 255 from the nearest of its class; the class's median is %.1f",
    };
    const char *sentence = sentences[f->kind];
    if (f->how & RGM_HOW_LEVEL)
        sentence = f->kind == RGM_FIND_DARK ? "its brightest pixels have %.0f of 255; the set's median is %.0f"
                                            : "its darkest pixels have %.0f of 255; the set's median is %.0f";
    if (f->how & RGM_HOW_CONTRAST) sentence = "contrast %.1f of 255; the set's median is %.1f";
    if (f->how & RGM_HOW_UNLIKE)
        sentence = "correlation %.2f with the nearest of its class; the class's median is %.2f";
    if (f->how & RGM_HOW_SPECKS) sentence = "pixels stand out by %.1f of 255 in most parts; the set's median is %.1f";
    if (f->how & RGM_HOW_SHAPE) sentence = "%.2f times as wide as high; the set's median is %.2f";
    if (f->how & RGM_HOW_SIZE) sentence = "as many pixels as a square of side %.0f; the set's median is %.0f";
    if (f->kind == RGM_FIND_UNREADABLE)
        snprintf(text, size, "cannot be decoded");
    else if (f->kind == RGM_FIND_CONSTANT)
        snprintf(text, size, "every pixel has the same colour, of brightness %.0f of 255", f->value);
    else
        snprintf(text, size, sentence ? sentence : "%.4g; usual %.4g", f->value, f->usual);
}

static void tell_proposed(const rgm_finding *f, const rgm_dataset *set, char *text, size_t size) {
    char names[2][NAME_BYTES];
    snprintf(text, size, "given as %s; %s with probability",
             short_class(set, rgm_dataset_labels(set, f->split)[f->index], names[0]),
             short_class(set, f->proposed, names[1]));
    add_real(text, size, " ", (double)f->probability);
}

const char *rgm_finding_reason(const rgm_finding *f, const rgm_dataset *set, char text[RGM_FINDING_REASON]) {
    if (f->proposed >= 0)
        tell_proposed(f, set, text, RGM_FINDING_REASON);
    else if (f->other_split >= 0)
        tell_other(f, set, text, RGM_FINDING_REASON);
    else
        tell_value(f, text, RGM_FINDING_REASON);
    return text;
}
