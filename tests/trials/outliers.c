/* Planted outliers: makes images of each kind in the training split of a set of pixels, inspects it, and tells where in
 * the lists they are. outliers DATA.h5 [EACH [SEED [WAY]]] EACH images for every kind (20), at random places (SEED 1),
 * made in one of the ways of tests/plant.h (0; a kind without this way has its first). EACH 0 plants nothing, and tells
 * the first of each list. Exit code 1: of some kind fewer than all are within the first 3 x EACH of its list.
 *
 * | column | meaning                                                                  |
 * |--------|--------------------------------------------------------------------------|
 * | within | planted images that are within the first 3 x EACH                        |
 * | last   | place of the last of them in the list, 1 the first; 0: none is in it      |
 * | found  | findings of the kind among the planted images of it                      |
 * | also   | findings of other kinds among these                                      |
 * | others | findings of the kind among all other images                              |
 * | wrong  | of these, those of images in which nothing was planted                   |
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../plant.h"
#include "inspect/inspect.h"

enum { FIRST = RGM_FIND_CONSTANT, KINDS = RGM_RANKINGS, SHOWN = 12 };

typedef struct trial {
    rgm_dataset *from, *set;
    plant_shape shape;
    rgm_dataset_memory memory;
    uint8_t *images;
    int8_t *kind_of; /* [count] of train: planted kind less FIRST; -1: none */
    int64_t count, each;
    int32_t way;
} trial;

static void need(rgm_status status, const rgm_error *err) {
    if (status >= 0) return;
    fprintf(stderr, "outliers: %s\n", err->text);
    exit(99);
}

static int32_t way_of(const trial *t, int32_t kind) { return plant_way(kind, t->way) ? t->way : 0; }

static void plant_all(trial *t, uint64_t seed) {
    const rgm_dataset_info *info = rgm_dataset_describe(t->from);
    const size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    rgm_error err = {0};
    t->count = info->count[RGM_SPLIT_TRAIN];
    t->shape = (plant_shape){info->H, info->W, info->C};
    t->images = malloc(bytes * (size_t)t->count);
    t->kind_of = malloc((size_t)t->count);
    if (info->encoded || !t->images || !t->kind_of) exit(99);
    memset(t->kind_of, -1, (size_t)t->count);
    for (int64_t i = 0; i < t->count; i++)
        need(rgm_dataset_read(t->from, RGM_SPLIT_TRAIN, i, t->images + (size_t)i * bytes, &err), &err);
    for (int32_t k = 0; k < KINDS; k++)
        for (int64_t i = 0; i < t->each; i++) {
            int64_t place = plant_place(t->count, k, i, t->each, seed);
            plant(FIRST + k, way_of(t, FIRST + k), &t->shape, t->images + (size_t)place * bytes,
                  seed * 1000 + (uint64_t)place);
            t->kind_of[place] = (int8_t)k;
        }
    t->memory = (rgm_dataset_memory){.H = info->H,
                                     .W = info->W,
                                     .C = info->C,
                                     .classes = info->classes,
                                     .count = {t->count},
                                     .images = {t->images},
                                     .labels = {rgm_dataset_labels(t->from, RGM_SPLIT_TRAIN)}};
    need(rgm_dataset_from_memory(&t->set, &t->memory, &err), &err);
}

static void show_list(const rgm_inspection *in, int32_t k) {
    const rgm_ranking *r = &in->statistics.ranking[k];
    printf("%s:", rgm_finding_name(FIRST + k));
    for (int32_t i = 0; i < r->count && i < SHOWN; i++)
        printf(" %" PRId64 "/%d (%.4g; %.2f)", r->list[i].index, (int)r->list[i].label, r->list[i].value,
               r->list[i].score);
    printf("\n");
}

static int judge(const trial *t, const rgm_inspection *in, int32_t k) {
    const rgm_ranking *r = &in->statistics.ranking[k];
    int64_t within = 0, last = 0, found = 0, also = 0, others = 0, wrong = 0;
    for (int32_t i = 0; i < r->count; i++) {
        if (t->kind_of[r->list[i].index] != k) continue;
        last = i + 1;
        within += i < 3 * t->each;
    }
    for (int64_t i = 0; i < in->findings.count; i++) {
        const rgm_finding *f = &in->findings.list[i];
        const int32_t planted = t->kind_of[f->index];
        if (f->kind < FIRST) continue;
        found += f->kind == FIRST + k && planted == k;
        also += f->kind != FIRST + k && planted == k;
        others += f->kind == FIRST + k && planted != k;
        wrong += f->kind == FIRST + k && planted < 0;
    }
    printf("%-16s %-34s %6" PRId64 " %5" PRId64 " %5" PRId64 " %5" PRId64 " %6" PRId64 " %6" PRId64 "\n",
           rgm_finding_name(FIRST + k), plant_way(FIRST + k, way_of(t, FIRST + k)), within, last, found, also, others,
           wrong);
    return within < t->each;
}

int main(int argc, char **argv) {
    trial t = {.each = argc > 2 ? atoll(argv[2]) : 20, .way = argc > 4 ? atoi(argv[4]) : 0};
    rgm_error err = {0};
    rgm_inspection in;
    rgm_device *device;
    int fails = 0;
    if (argc < 2 || t.each < 0 || t.way < 0 || t.way >= PLANT_WAYS) return 99;
    need(rgm_dataset_open(&t.from, argv[1], NULL, &err), &err);
    plant_all(&t, argc > 3 ? (uint64_t)atoll(argv[3]) : 1);
    need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto"}, &err), &err);
    need(rgm_inspect(&(rgm_inspect_options){.set = t.set, .device = device}, &in, &err), &err);
    if (t.each) printf("%-16s %-34s within  last found  also others  wrong\n", "kind", "way");
    for (int32_t k = 0; k < KINDS; k++) {
        if (t.each)
            fails |= judge(&t, &in, k);
        else
            show_list(&in, k);
    }
    rgm_inspection_free(&in);
    rgm_device_destroy(device);
    rgm_dataset_close(t.set);
    rgm_dataset_close(t.from);
    free(t.images);
    free(t.kind_of);
    return fails;
}
