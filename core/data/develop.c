#include "data/develop.h"

#include <stdlib.h>
#include <string.h>
#include "base/arena.h"

/* A worker's. */
typedef struct tool {
    rgm_transformer *transformer;
    uint8_t *room;  /* for the file of a picture that is not mapped */
    uint8_t *image; /* what was made */
} tool;

struct rgm_tools {
    rgm_tools_plan plan;
    rgm_arena arena;
    tool *workers;
};

/* ---- sizes ---- */

static int32_t is_mapped(const rgm_dataset_info *info) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (info->count[s] && info->access[s] != RGM_PIXELS_MAPPED) return 0;
    return 1;
}

static size_t room_bytes(const rgm_dataset_info *info) {
    return info->encoded && !is_mapped(info) ? (size_t)info->pictures.bytes : 0;
}

static size_t image_bytes(const rgm_tools_plan *p) {
    return (size_t)p->H * (size_t)p->W * (size_t)rgm_dataset_describe(p->set)->C;
}

/* Of what is developed: rows, columns, channels of the largest. */
static void find_source(const rgm_dataset_info *info, int32_t source[3]) {
    source[0] = info->encoded ? info->pictures.H : info->H;
    source[1] = info->encoded ? info->pictures.W : info->W;
    source[2] = info->C;
}

/* In the arena, of one worker. */
static size_t own_bytes(const rgm_tools_plan *p) {
    size_t room = room_bytes(rgm_dataset_describe(p->set));
    return (room ? rgm_arena_cost(room) : 0) + rgm_arena_cost(image_bytes(p));
}

size_t rgm_tools_bytes(const rgm_tools_plan *p) {
    const rgm_dataset_info *info = rgm_dataset_describe(p->set);
    int32_t source[3];
    find_source(info, source);
    size_t decoder = info->encoded ? rgm_decoder_bytes(info->pictures.pixels, info->C) : 0;
    return (size_t)p->workers * (own_bytes(p) + decoder + rgm_resize_scratch(source, p->H, p->W));
}

int32_t rgm_tools_suffice(const rgm_tools *tools, const rgm_tools_plan *plan) {
    const rgm_tools_plan *have = &tools->plan;
    return have->set == plan->set && have->workers >= plan->workers && have->H >= plan->H && have->W >= plan->W;
}

/* ---- creation ---- */

static rgm_status fill_tool(const rgm_tools *tools, tool *t, rgm_arena *arena, rgm_error *err) {
    const rgm_tools_plan *p = &tools->plan;
    const rgm_dataset_info *info = rgm_dataset_describe(p->set);
    const rgm_transform largest = {.C = info->C, .H = p->H, .W = p->W};
    int32_t source[3];
    find_source(info, source);
    size_t room = room_bytes(info);
    if (room) t->room = rgm_arena_take(arena, room);
    t->image = rgm_arena_take(arena, image_bytes(p));
    if (!t->image || (room && !t->room)) return rgm_fail(err, RGM_E_INTERNAL, "pictures: arena too small");
    RGM_TRY(rgm_transformer_create(&t->transformer, p->kernels, err));
    return rgm_transformer_reserve(t->transformer, info->pictures.pixels, source[0], source[1], &largest, err);
}

rgm_status rgm_tools_create(rgm_tools **out, const rgm_tools_plan *plan, rgm_error *err) {
    rgm_status status;
    *out = NULL;
    rgm_tools *t = calloc(1, sizeof *t);
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "pictures: out of memory");
    t->plan = *plan;
    t->workers = calloc((size_t)plan->workers, sizeof *t->workers);
    if (!t->workers) {
        status = rgm_fail(err, RGM_E_NOMEM, "pictures: out of memory");
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, rgm_arena_create(&t->arena, own_bytes(plan) * (size_t)plan->workers, "pictures", err));
    for (int32_t i = 0; i < plan->workers; i++) RGM_TRY_OR_FAIL(status, fill_tool(t, &t->workers[i], &t->arena, err));
    *out = t;
    return RGM_OK;
fail:
    rgm_tools_destroy(t);
    return status;
}

void rgm_tools_destroy(rgm_tools *t) {
    if (!t) return;
    for (int32_t i = 0; t->workers && i < t->plan.workers; i++) rgm_transformer_destroy(t->workers[i].transformer);
    rgm_arena_destroy(&t->arena);
    free(t->workers);
    free(t);
}

/* ---- developing ---- */

static rgm_status develop_picture(const rgm_develop *how, tool *t, const rgm_sample *sample, int32_t worker,
                                  rgm_error *err) {
    rgm_encoded e = {0};
    rgm_decode_want want = {.C = how->transform.C, .H = how->H, .W = how->W};
    RGM_TRY(rgm_dataset_encoded(how->set, how->split, sample->index, t->room, &e, err));
    rgm_transform_job job = {.bytes = &e.bytes, .to = &how->transform, .reduce = how->reduce};
    if (!how->window) return rgm_transformer_picture(t->transformer, &job, t->image, err);
    memcpy(want.background, how->transform.background, sizeof want.background);
    want.box = (rgm_box){.height = e.H, .width = e.W};
    RGM_TRY(how->window(how->context, sample, &want, worker, err));
    return rgm_transformer_window(t->transformer, &e.bytes, &want, t->image, err);
}

rgm_status rgm_develop_sample(const rgm_develop *how, rgm_tools *tools, const rgm_sample *sample, const uint8_t *stored,
                              rgm_pixels *image, int32_t worker, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(how->set);
    tool *t = &tools->workers[worker];
    *image = (rgm_pixels){t->image, (int64_t)how->W * info->C, how->H, how->W, info->C};
    if (info->encoded) return develop_picture(how, t, sample, worker, err);
    const rgm_resize_source source = {
        .pixels = stored, .pitch = (int64_t)info->W * info->C, .H = info->H, .W = info->W, .C = info->C};
    return rgm_transformer_pixels(t->transformer, &source, &how->transform, t->image, err);
}
