#include "cli/import_result.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "cli/program.h"
#include "report/bar.h"
#include "report/predictions.h"
#include "report/summary.h"

enum { CLASSES_TOLD = 20, NAME_COLUMNS = 28, SHOWN = 4096 };

/* counts[class][split], to be freed; NULL without memory. */
static int64_t (*count_classes(const rgm_dataset *set))[RGM_SPLIT_COUNT] {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t(*counts)[RGM_SPLIT_COUNT] = calloc((size_t)info->classes, sizeof *counts);
    for (int32_t s = 0; counts && s < RGM_SPLIT_COUNT; s++) {
        const int32_t *labels = rgm_dataset_labels(set, s);
        for (int64_t i = 0; labels && i < info->count[s]; i++) counts[labels[i]][s]++;
    }
    return counts;
}

/* A path or a name as a terminal may have it. */
static const char *clean(const char *text, char out[SHOWN]) {
    snprintf(out, SHOWN, "%s", text);
    rgm_text_clean(out);
    return out;
}

/* The name, cut to the column, padded. */
static void print_name(const char *name) {
    char own[SHOWN];
    clean(name, own);
    const int cut = rgm_text_columns(own) > NAME_COLUMNS;
    own[rgm_text_within(own, NAME_COLUMNS - (cut ? 3 : 0))] = 0;
    printf("%s%s%*s", own, cut ? "..." : "", NAME_COLUMNS - (cut ? 3 : 0) - rgm_text_columns(own), "");
}

static void print_classes(const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t(*counts)[RGM_SPLIT_COUNT] = count_classes(set);
    if (!counts) return;
    printf("  %-*s", NAME_COLUMNS, "class");
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (info->count[s] > 0) printf(" %10s", rgm_split_name(s));
    printf("\n");
    for (int32_t c = 0; c < info->classes && c < CLASSES_TOLD; c++) {
        char number[16];
        printf("  ");
        print_name(rgm_class_title(info->class_names, c, number));
        for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
            if (info->count[s] > 0) printf(" %10lld", (long long)counts[c][s]);
        printf("\n");
    }
    if (info->classes > CLASSES_TOLD) printf("  and %d more\n", info->classes - CLASSES_TOLD);
    free(counts);
}

static void print_passed(const rgm_import_report *report) {
    char quarantine[SHOWN];
    int some = 0, kinds = 0;
    for (int32_t i = 0; i < RGM_PASSED_COUNT; i++) {
        if (report->passed[i] == 0) continue;
        printf("%s%lld %s", some++ ? ", " : "  passed over: ", (long long)report->passed[i],
               rgm_passed_name(i, report->passed[i]));
        kinds |= i >= RGM_PASSED_KINDS;
    }
    if (some) printf("%s\n", kinds ? ": convert GIF, TIFF, HEIC and AVIF to JPEG or PNG" : "");
    if (report->profiles)
        printf("  %lld picture%s a colour profile, which is ignored\n", (long long)report->profiles,
               report->profiles == 1 ? " has" : "s have");
    if (report->warnings)
        printf("  %lld picture%s slightly damaged and taken as far as possible\n", (long long)report->warnings,
               report->warnings == 1 ? " is" : "s are");
    if (report->copies)
        printf("  %lld images in %lld group%s of near duplicates stay together in a split\n", (long long)report->copies,
               (long long)report->copy_groups, report->copy_groups == 1 ? "" : "s");
    if (report->resized)
        printf("  %lld picture%s larger than --max-side and made smaller\n", (long long)report->resized,
               report->resized == 1 ? " was" : "s were");
    if (report->quarantined)
        printf("  %lld picture%s cannot be read and %s left out: see %s\n", (long long)report->quarantined,
               report->quarantined == 1 ? "" : "s", report->quarantined == 1 ? "is" : "are",
               clean(report->quarantine, quarantine));
}

void rgm_import_result_print(const rgm_import_result *result) {
    const rgm_dataset_info *info = rgm_dataset_describe(result->set);
    char time[32], rate[32], path[SHOWN];
    clean(info->path, path);
    if (info->H)
        printf("%s: %dx%dx%d images (channels x height x width), %d classes\n", path, info->C, info->H, info->W,
               info->classes);
    else
        printf("%s: encoded pictures of their own sizes, %d channel%s, %d classes\n", path, info->C,
               info->C == 1 ? "" : "s", info->classes);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (info->count[i] > 0) printf("  %-10s %lld images\n", rgm_split_name(i), (long long)info->count[i]);
    for (int32_t c = 0; c < info->C; c++)
        printf("  channel %d  mean %.4f, standard deviation %.4f\n", c, (double)info->mean[c], (double)info->std[c]);
    print_classes(result->set);
    print_passed(result->report);
    int64_t files = result->report->files - result->report->gone_on;
    if (files > 0 && result->seconds > 0.0)
        printf("  %lld files in %s, %s a second\n", (long long)files, rgm_bar_time(result->seconds, time),
               rgm_bar_figure((double)files / result->seconds, rate));
}

void rgm_import_result_next(const rgm_import_result *result) {
    const rgm_dataset_info *info = rgm_dataset_describe(result->set);
    char path[SHOWN], shown[SHOWN];
    printf("next: %s train --data %s\n", rgm_program(), clean(rgm_text_shell(info->path, path, sizeof path), shown));
    if (info->count[RGM_SPLIT_TEST] == 0 && info->count[RGM_SPLIT_TRAIN] >= 10 && result->shares)
        printf("(without a test split: import with --test 0.1 sets a tenth aside)\n");
}

/* ---- JSON ---- */

/* {name: {images, classes: {name: count}}}. Names that are not UTF-8 are escaped, as everywhere. */
static json_t *make_splits(const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t(*counts)[RGM_SPLIT_COUNT] = count_classes(set);
    json_t *splits = json_object();
    for (int32_t s = 0; counts && s < RGM_SPLIT_COUNT; s++) {
        if (info->count[s] == 0) continue;
        json_t *classes = json_object();
        for (int32_t c = 0; c < info->classes; c++) {
            char number[16];
            json_t *name = rgm_json_text(rgm_class_title(info->class_names, c, number));
            if (name) json_object_set_new(classes, json_string_value(name), json_integer(counts[c][s]));
            json_decref(name);
        }
        json_object_set_new(splits, rgm_split_name(s),
                            json_pack("{s:I, s:o}", "images", (json_int_t)info->count[s], "classes", classes));
    }
    free(counts);
    return splits;
}

static json_t *make_passed(const rgm_import_report *report) {
    json_t *passed = json_object();
    for (int32_t i = 0; i < RGM_PASSED_COUNT; i++)
        if (report->passed[i]) json_object_set_new(passed, rgm_passed_name(i, 0), json_integer(report->passed[i]));
    return passed;
}

json_t *rgm_import_result_json(const rgm_import_result *result) {
    const rgm_dataset_info *info = rgm_dataset_describe(result->set);
    json_t *mean = json_array(), *std = json_array(), *images = json_object();
    for (int32_t c = 0; c < info->C; c++) {
        json_array_append_new(mean, rgm_json_real((double)info->mean[c]));
        json_array_append_new(std, rgm_json_real((double)info->std[c]));
    }
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (info->count[i] > 0) json_object_set_new(images, rgm_split_name(i), json_integer(info->count[i]));
    return json_pack("{s:o, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:O, s:o, s:I, s:I, s:I, s:o}", "file",
                     rgm_json_text(info->path), "channels", info->C, "height", info->H, "width", info->W, "classes",
                     info->classes, "images", images, "mean", mean, "std", std, "splits", make_splits(result->set),
                     "quarantined", result->quarantined, "passed_over", make_passed(result->report), "profiles_ignored",
                     (json_int_t)result->report->profiles, "copies", (json_int_t)result->report->copies, "copy_groups",
                     (json_int_t)result->report->copy_groups, "seconds", rgm_json_real(result->seconds));
}
