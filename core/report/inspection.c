#include "report/inspection.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { CLASS_SHOWN = 64 }; /* bytes of a class's name in a sentence */

void rgm_inspection_free(rgm_inspection *in) {
    rgm_findings_free(&in->findings);
    rgm_inspection_model_free(in->model);
    rgm_statistics_free(&in->statistics);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) free(in->counts[split]);
    *in = (rgm_inspection){0};
}

/* ---- counts ---- */

int64_t rgm_inspection_of_class(const rgm_inspection *in, int32_t number) {
    int64_t count = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (in->counts[split]) count += in->counts[split][number];
    return count;
}

int64_t rgm_inspection_total(const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    int64_t count = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) count += info->count[split];
    return count;
}

typedef struct ordered {
    int64_t count;
    int32_t number;
} ordered;

static int compare(const void *left, const void *right) {
    const ordered *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

int32_t *rgm_inspection_order(const rgm_inspection *in) {
    int32_t classes = rgm_dataset_describe(in->set)->classes;
    ordered *list = malloc((size_t)classes * sizeof *list);
    int32_t *order = malloc((size_t)classes * sizeof *order);
    if (list && order) {
        for (int32_t i = 0; i < classes; i++) list[i] = (ordered){rgm_inspection_of_class(in, i), i};
        qsort(list, (size_t)classes, sizeof *list, compare);
        for (int32_t i = 0; i < classes; i++) order[i] = list[i].number;
    } else {
        free(order);
        order = NULL;
    }
    free(list);
    return order;
}

/* ---- sentences ---- */

/* Appends what fits. */
static void add(char text[RGM_INSPECTION_TEXT], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char text[RGM_INSPECTION_TEXT], const char *format, ...) {
    size_t used = strlen(text);
    va_list list;
    va_start(list, format);
    vsnprintf(text + used, RGM_INSPECTION_TEXT - used, format, list);
    va_end(list);
}

const char *rgm_inspection_shape(const rgm_inspection *in, char text[RGM_INSPECTION_TEXT]) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    int64_t count = rgm_inspection_total(in);
    text[0] = 0;
    add(text, "%" PRId64 " %s%s, ", count, info->encoded ? "encoded picture" : "image", count == 1 ? "" : "s");
    if (info->encoded)
        add(text, "%d channel%s, up to %d high and %d wide, ", info->C, info->C == 1 ? "" : "s", info->pictures.H,
            info->pictures.W);
    else
        add(text, "%dx%dx%d (channels x height x width), ", info->C, info->H, info->W);
    add(text, "%d classes", info->classes);
    return text;
}

/* The kinds of one gravity, with how many there are of each. Returns how many kinds. */
static int32_t add_kinds(const rgm_inspection *in, int32_t grave, const char *before, char *text) {
    int32_t kinds = 0;
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) {
        int64_t count = rgm_finding_grave(kind) == grave ? rgm_findings_count(&in->findings, kind) : 0;
        if (!count) continue;
        add(text, "%s%" PRId64 " %s", kinds ? ", " : before, count, rgm_finding_titled(kind, count));
        kinds++;
    }
    if (kinds) add(text, ".");
    return kinds;
}

int32_t rgm_inspection_judge(const rgm_inspection *in, char text[RGM_INSPECTION_TEXT]) {
    text[0] = 0;
    int32_t fail = add_kinds(in, RGM_GRAVE_FAIL, "Mend this before you train: ", text);
    int32_t warn = add_kinds(in, RGM_GRAVE_WARN, fail ? " Decide about " : "Decide about ", text);
    int32_t see = add_kinds(in, RGM_GRAVE_SEE, fail || warn ? " Look at " : "Nothing wrong was found. Look at ", text);
    if (!fail && !warn && !see) add(text, "Nothing wrong was found.");
    return fail ? RGM_GRAVE_FAIL : warn ? RGM_GRAVE_WARN : see ? RGM_GRAVE_SEE : -1;
}

/* Classes that a split lacks, where others have them; the largest beside the smallest. */
static void note_split(const rgm_inspection *in, int32_t split, char *text) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    const int64_t *counts = in->counts[split];
    int32_t missing = 0, nowhere = 0, first = 0;
    char room[RGM_CLASS_ROOM], name[CLASS_SHOWN] = "";
    int64_t most = 0, least = INT64_MAX;
    if (!counts) return;
    for (int32_t i = 0; i < info->classes; i++) {
        int32_t empty = counts[i] == 0, everywhere = empty && rgm_inspection_of_class(in, i) == 0;
        if (empty && !everywhere && !missing++) first = i;
        nowhere += everywhere;
        if (counts[i] > most) most = counts[i];
        if (!empty && counts[i] < least) least = counts[i];
    }
    rgm_text_add(name, sizeof name, rgm_class_of(in->set, first, room)); /* cleaned */
    if (missing)
        add(text, "%s lacks %d class%s that another split has: %s%s.\n", rgm_split_name(split), missing,
            missing == 1 ? "" : "es", missing == 1 ? "" : "the first is ", name);
    if (nowhere && split == (in->counts[0] ? 0 : in->counts[1] ? 1 : 2))
        add(text, "%d class%s no image in any split.\n", nowhere, nowhere == 1 ? " has" : "es have");
    if (most >= 10 * least)
        add(text, "The largest class of %s has %.4g times the images of its smallest.\n", rgm_split_name(split),
            (double)most / (double)least);
}

/* [N, C, H, W] reads as images of 1 or 3 rows with many channels; a training refuses most of these. */
static void note_order(const rgm_inspection *in, char *text) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    if (!info->encoded && (info->H == 1 || info->H == 3) && info->W > 4 && info->C > 4)
        add(text, "Images of %d x %d with %d channels look like [N, C, H, W], but [N, H, W, C] is expected.\n", info->H,
            info->W, info->C);
}

const char *rgm_inspection_notes(const rgm_inspection *in, char text[RGM_INSPECTION_TEXT]) {
    text[0] = 0;
    note_order(in, text);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) note_split(in, split, text);
    return text;
}
