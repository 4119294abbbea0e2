#include "inspect/groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/exact.h"
#include "inspect/near.h"

/* A search under way. Arrays are [count], by the numbers of images.h. */
typedef struct work {
    const rgm_groups_options *o;
    rgm_device device; /* its kernels and team alone */
    rgm_images *images;
    int64_t count;
    rgm_exact_key *keys;
    uint8_t *broken;
    int64_t *of; /* the first image with the same pixels; later one of the group with a smaller number, or itself */
    rgm_near *near;
    rgm_findings findings;
} work;

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    work *w = context;
    (void)err;
    rgm_near_look(w->near, look, worker);
    w->keys[look->number] = rgm_exact_hash(look);
    w->broken[look->number] = 0;
    return RGM_OK;
}

static rgm_status take_memory(work *w, const rgm_dataset *set, rgm_error *err) {
    const rgm_team_options team = {.threads = w->o->threads};
    w->device.kernels = w->o->kernels;
    RGM_TRY(rgm_team_create(&w->device.team, &team, err));
    RGM_TRY(rgm_team_start(w->device.team, err));
    RGM_TRY(rgm_images_create(&w->images, set, &w->device, err));
    w->count = rgm_images_count(w->images);
    w->keys = calloc((size_t)w->count, sizeof *w->keys);
    w->broken = malloc((size_t)w->count);
    w->of = calloc((size_t)w->count, sizeof *w->of);
    if (!w->keys || !w->broken || !w->of)
        return rgm_fail(err, RGM_E_NOMEM, "groups of copies: no memory for %" PRId64 " images", w->count);
    memset(w->broken, 1, (size_t)w->count);
    return RGM_OK;
}

static rgm_status search(work *w, rgm_error *err) {
    const rgm_groups_options *o = w->o;
    const rgm_near_options options = {
        .device = &w->device, .stop = o->stop, .begin = o->begin, .progress = o->progress, .context = o->context};
    rgm_images_walk walk = {.count = w->count,
                            .look = look,
                            .context = w,
                            .progress = o->progress,
                            .progress_context = o->context,
                            .stop = o->stop};
    RGM_TRY(rgm_near_create(&w->near, w->images, &options, err));
    if (o->begin) o->begin(o->context, "looking", w->count);
    RGM_TRY(rgm_images_each(w->images, &walk, err));
    const rgm_exact exact = {
        .images = w->images, .keys = w->keys, .broken = w->broken, .count = w->count, .of = w->of, .stop = o->stop};
    RGM_TRY(rgm_exact_find(&exact, &w->findings, err));
    return rgm_near_find(w->near, w->of, &w->findings, err);
}

/* The first of an image's group. Ways are made shorter as they are gone. */
static int64_t first_of(int64_t *of, int64_t i) {
    while (of[i] != i) i = of[i] = of[of[i]];
    return i;
}

static void join(work *w, int32_t *groups) {
    for (int64_t i = 0; i < w->findings.count; i++) {
        const rgm_finding *f = &w->findings.list[i];
        if (f->other_split < 0) continue;
        int64_t a = first_of(w->of, rgm_images_number(w->images, f->split, f->index)),
                b = first_of(w->of, rgm_images_number(w->images, f->other_split, f->other_index));
        w->of[a > b ? a : b] = a > b ? b : a;
    }
    for (int64_t i = 0; i < w->count; i++) groups[i] = -1;
    for (int64_t i = 0; i < w->count; i++) {
        const int64_t first = first_of(w->of, i);
        if (first != i) groups[i] = groups[first] = (int32_t)first;
    }
}

rgm_status rgm_groups_find(void *options, const rgm_dataset *set, int32_t *groups, rgm_error *err) {
    work w = {.o = options};
    rgm_status status = take_memory(&w, set, err);
    if (status == RGM_OK) status = search(&w, err);
    if (status == RGM_OK) join(&w, groups);
    rgm_findings_free(&w.findings);
    rgm_near_destroy(w.near);
    rgm_images_destroy(w.images);
    free(w.keys);
    free(w.broken);
    free(w.of);
    rgm_team_destroy(w.device.team);
    return status;
}
