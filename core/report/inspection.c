#include "report/inspection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/summary.h"

enum { JSON_MOST = 100000 }; /* findings of a kind */

void rgm_inspection_free(rgm_inspection *in) {
    rgm_findings_free(&in->findings);
    rgm_inspection_model_free(in->model);
    rgm_statistics_free(&in->statistics);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) free(in->counts[split]);
    *in = (rgm_inspection){0};
}

/* ---- for people ---- */

static void print_counts(const rgm_inspection *in) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (info->count[split]) printf("  %-10s %9" PRId64 " images\n", rgm_split_name(split), info->count[split]);
    if (in->unreadable) printf("  %" PRId64 " pictures cannot be decoded\n", in->unreadable);
}

static void print_kind(const rgm_inspection *in, int64_t first, int64_t count, int32_t most) {
    const rgm_finding *f = &in->findings.list[first];
    char reason[RGM_FINDING_REASON];
    printf("\n%s: %" PRId64 "\n", rgm_finding_title(f->kind), count);
    for (int64_t i = 0; i < count && i < most; i++) {
        rgm_finding_reason(&f[i], in->set, reason);
        rgm_text_clean(reason);
        printf("  %-10s %9" PRId64 "  %s\n", rgm_split_name(f[i].split), f[i].index, reason);
    }
    if (count > most) printf("  and %" PRId64 " more\n", count - most);
}

void rgm_inspection_print(const rgm_inspection *in, int32_t most) {
    print_counts(in);
    for (int64_t i = 0, count; i < in->findings.count; i += count) {
        count = rgm_findings_count(&in->findings, in->findings.list[i].kind);
        print_kind(in, i, count, most);
    }
    if (!in->findings.count) printf("nothing found\n");
}

/* ---- for programs ---- */

static json_t *split_json(const rgm_inspection *in, int32_t split) {
    const rgm_dataset_info *info = rgm_dataset_describe(in->set);
    json_t *classes = json_object(), *o = NULL;
    for (int32_t c = 0; classes && c < info->classes; c++) {
        char number[16];
        snprintf(number, sizeof number, "%" PRId32, c);
        if (json_object_set_new(classes, info->class_names ? info->class_names[c] : number,
                                json_integer(in->counts[split][c]))) {
            json_decref(classes);
            classes = NULL;
        }
    }
    if (classes) o = json_pack("{s:I, s:o}", "images", (json_int_t)info->count[split], "classes", classes);
    return o;
}

static json_t *splits_json(const rgm_inspection *in) {
    json_t *o = json_object();
    for (int32_t split = 0; o && split < RGM_SPLIT_COUNT; split++)
        if (in->counts[split] && json_object_set_new(o, rgm_split_name(split), split_json(in, split))) {
            json_decref(o);
            o = NULL;
        }
    return o;
}

json_t *rgm_inspection_json(const rgm_inspection *in) {
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "data", rgm_json_text(rgm_dataset_describe(in->set)->path),
                     "images", (json_int_t)in->images, "unreadable", (json_int_t)in->unreadable, "splits",
                     splits_json(in), "counts", rgm_findings_counts(&in->findings), "findings",
                     rgm_findings_json(&in->findings, in->set, JSON_MOST), "seconds", rgm_json_real(in->seconds));
}
