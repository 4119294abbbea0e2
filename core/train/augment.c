#include "train/augment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/planted.h"

typedef struct shape {
    int32_t C, H, W;
} shape;

struct rgm_augmenter {
    const rgm_session *session;
    int32_t first, end;                /* of the session's chain, usually all of it */
    int32_t windowed;                  /* 1: the first one chooses windows of pictures, and is not run on pixels */
    shape shapes[RGM_CONFIG_LIST + 1]; /* [i]: what enters augmentation i; behind the last: what leaves the chain */
    size_t image_bytes, scratch_bytes; /* of one scratch image, of one plugin scratch */
    rgm_arena arena;
    uint8_t *pieces; /* in the arena, per worker: two images and plugin scratch */
};

static size_t worker_bytes(const rgm_augmenter *a) { return 2 * a->image_bytes + a->scratch_bytes; }

size_t rgm_augmenter_bytes(const rgm_augmenter *a) { return a ? a->arena.size : 0; }

static rgm_image image_of(const shape *s, void *data, int64_t pitch) {
    return (rgm_image){.size = sizeof(rgm_image),
                       .type = RGM_PIXEL_U8,
                       .channels = s->C,
                       .height = s->H,
                       .width = s->W,
                       .stride_c = 1,
                       .stride_h = pitch,
                       .stride_w = s->C,
                       .data = data};
}

static int32_t same_shape(const shape *a, const shape *b) { return a->C == b->C && a->H == b->H && a->W == b->W; }

/* Why the chain's end is not what the model takes, by the last augmentation that changes the size. */
static rgm_status refuse_end(const rgm_augmenter *a, int32_t place, rgm_error *err) {
    const rgm_session *s = a->session;
    const shape *first = &a->shapes[0], *last = &a->shapes[s->model->components.augments];
    const int32_t *image = s->config->model.image;
    const char *name = rgm_instance_name(s->model->components.augment[place]);
    char sizes[96];
    if (a->windowed)
        snprintf(sizes, sizeof sizes, "makes images of %dx%dx%d out of pictures", last->C, last->H, last->W);
    else
        snprintf(sizes, sizeof sizes, "makes images of %dx%dx%d out of %dx%dx%d", last->C, last->H, last->W, first->C,
                 first->H, first->W);
    if (last->C != first->C)
        return rgm_fail(err, RGM_E_USAGE, "augmentation %s: %s: the number of channels must stay", name, sizes);
    return rgm_fail(err, RGM_E_USAGE, "augmentation %s: %s, but the model takes %dx%dx%d (try --image %dx%dx%d)", name,
                    sizes, image[0], image[1], image[2], last->C, last->H, last->W);
}

/* Walks the shapes through the chain, from the first one on. 1: it ends at the model's size. */
static rgm_status walk(rgm_augmenter *a, rgm_error *err) {
    const rgm_session *s = a->session;
    const int32_t *image = s->config->model.image;
    rgm_clock clock = rgm_session_clock(s, 0);
    int32_t count = s->model->components.augments;
    for (int32_t i = 0; i < count; i++) {
        rgm_plug_call call;
        rgm_plug_call_init(&call, s->model->components.augment[i], &clock, NULL, NULL);
        rgm_image in = image_of(&a->shapes[i], NULL, (int64_t)a->shapes[i].W * a->shapes[i].C), out = in;
        RGM_TRY(rgm_plug_augment_output(&call, &in, &out, err));
        a->shapes[i + 1] = (shape){out.channels, out.height, out.width};
    }
    return same_shape(&a->shapes[count], &(shape){image[0], image[1], image[2]});
}

/* What the chain begins with. The first two are tried in this order:
 *     a picture, or the stored image
 *     the model's own image, made by its transform */
static rgm_status find_shapes(rgm_augmenter *a, rgm_error *err) {
    const rgm_session *s = a->session;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    const int32_t *image = s->config->model.image;
    const shape made = {info->C, image[1], image[2]}, stored = {info->C, info->H, info->W},
                largest = {info->C, info->pictures.H, info->pictures.W};
    int32_t count = s->model->components.augments, place = count - 1;
    a->windowed = info->encoded && count && rgm_plug_has_window(s->model->components.augment[0]);
    a->shapes[0] = a->windowed ? largest : info->encoded ? made : stored;
    rgm_status fits = walk(a, err);
    if (fits != 0) return fits < 0 ? fits : RGM_OK;
    if (!info->encoded) {
        a->shapes[0] = made;
        fits = walk(a, err);
        if (fits != 0) return fits < 0 ? fits : RGM_OK;
        a->shapes[0] = stored;
        RGM_TRY(walk(a, err));
    }
    while (place > 0 && same_shape(&a->shapes[place], &a->shapes[place + 1])) place--;
    return refuse_end(a, place, err);
}

/* The first augmentation that is run on pixels. */
static int32_t begin_of(const rgm_augmenter *a) { return a->windowed && a->first == 0 ? 1 : a->first; }

int32_t rgm_augmenter_start(const rgm_augmenter *a, int32_t side) {
    const shape *start = a ? &a->shapes[begin_of(a)] : NULL;
    return !start ? 0 : side ? start->W : start->H;
}

static size_t scratch_of(const rgm_augmenter *a, int32_t i) {
    const rgm_image in = image_of(&a->shapes[i], NULL, 0), out = image_of(&a->shapes[i + 1], NULL, 0);
    return rgm_plug_augment_scratch(a->session->model->components.augment[i], &in, &out);
}

static rgm_status take_scratch(rgm_augmenter *a, rgm_error *err) {
    const rgm_session *s = a->session;
    if (a->windowed) a->scratch_bytes = rgm_arena_cost(rgm_instance_scratch_bytes(s->model->components.augment[0]));
    for (int32_t i = begin_of(a); i <= a->end; i++) {
        size_t bytes = rgm_arena_cost((size_t)a->shapes[i].C * (size_t)a->shapes[i].H * (size_t)a->shapes[i].W);
        if (bytes > a->image_bytes) a->image_bytes = bytes;
        size_t scratch = i < a->end ? rgm_arena_cost(scratch_of(a, i)) : 0;
        if (scratch > a->scratch_bytes) a->scratch_bytes = scratch;
    }
    size_t bytes = worker_bytes(a) * (size_t)rgm_team_size(s->device->team);
    RGM_TRY(rgm_arena_create(&a->arena, rgm_arena_cost(bytes), "augmentations", err));
    a->pieces = rgm_arena_take(&a->arena, bytes);
    return RGM_OK;
}

static rgm_status create(rgm_augmenter **augmenter, const rgm_session *session, int32_t first, int32_t end,
                         rgm_error *err) {
    *augmenter = NULL;
    rgm_augmenter *a = calloc(1, sizeof *a);
    if (!a) return rgm_fail(err, RGM_E_NOMEM, "augment: out of memory");
    rgm_status status;
    a->session = session;
    a->first = first;
    a->end = end;
    RGM_TRY_OR_FAIL(status, find_shapes(a, err));
    if (first == end) {
        free(a);
        return RGM_OK;
    }
    RGM_TRY_OR_FAIL(status, take_scratch(a, err));
    *augmenter = a;
    return RGM_OK;
fail:
    rgm_augmenter_destroy(a);
    return status;
}

rgm_status rgm_augmenter_create(rgm_augmenter **augmenter, const rgm_session *session, rgm_error *err) {
    return create(augmenter, session, 0, session->model->components.augments, err);
}

rgm_status rgm_augmenter_create_one(rgm_augmenter **augmenter, const rgm_session *session, int32_t place,
                                    rgm_pixels *input, rgm_error *err) {
    RGM_TRY(create(augmenter, session, place, place + 1, err));
    const shape *in = &(*augmenter)->shapes[place];
    *input = (rgm_pixels){NULL, (int64_t)in->W * in->C, in->H, in->W, in->C};
    return RGM_OK;
}

void rgm_augmenter_destroy(rgm_augmenter *a) {
    if (!a) return;
    rgm_arena_destroy(&a->arena);
    free(a);
}

static void copy_pixels(const rgm_pixels *from, uint8_t *to) {
    size_t row = (size_t)from->W * (size_t)from->C;
    for (int64_t h = 0; h < from->H; h++) memcpy(to + (size_t)h * row, from->data + h * from->pitch, row);
}

static rgm_clock clock_of(const rgm_session *s, const rgm_sample *sample) {
    return rgm_session_clock(s, (int64_t)sample->epoch * s->steps_per_epoch + sample->position / s->config->batch);
}

static rgm_rng key_of(const rgm_session *s, int32_t place, const rgm_sample *sample) {
    return (rgm_rng){s->config->seed, RGM_STREAM(RGM_STREAM_AUGMENT, place), RGM_PLANTED("P11") ? 0 : sample->epoch,
                     (uint32_t)sample->index};
}

/* What stays as it is, is the whole picture. */
static rgm_status choose_window(void *context, const rgm_sample *sample, rgm_decode_want *want, int32_t worker,
                                rgm_error *err) {
    const rgm_augmenter *a = context;
    const rgm_session *s = a->session;
    const shape from = {want->C, (int32_t)want->box.height, (int32_t)want->box.width}, to = {want->C, want->H, want->W};
    rgm_clock clock = clock_of(s, sample);
    rgm_rng key = key_of(s, 0, sample);
    rgm_window window;
    rgm_plug_call call;
    int32_t chosen;
    uint8_t *mine = a->pieces + worker_bytes(a) * (size_t)worker;
    rgm_plug_call_init(&call, s->model->components.augment[0], &clock, &key, mine + 2 * a->image_bytes);
    rgm_image in = image_of(&from, NULL, (int64_t)from.W * want->C), out = image_of(&to, NULL, (int64_t)to.W * want->C);
    in.index = out.index = (uint64_t)sample->index;
    RGM_TRY(rgm_plug_augment_window(&call, &in, &out, &window, &chosen, err));
    if (chosen) want->box = (rgm_box){window.top, window.left, window.height, window.width};
    return RGM_OK;
}

rgm_window_fn rgm_augmenter_window(const rgm_augmenter *a) { return a && a->windowed ? choose_window : NULL; }

rgm_status rgm_augmenter_run(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                             int32_t worker, rgm_error *err) {
    const rgm_augmenter *a = context;
    const rgm_session *s = a->session;
    uint8_t *mine = a->pieces + worker_bytes(a) * (size_t)worker;
    uint8_t *buffer[2] = {mine, mine + a->image_bytes};
    int32_t next = 0, own = 0; /* own: `now` is a buffer of ours, which may be overwritten */
    rgm_clock clock = clock_of(s, sample);
    rgm_pixels now = *in;
    for (int32_t i = begin_of(a); i < a->end; i++) {
        rgm_instance *instance = s->model->components.augment[i];
        rgm_rng key = key_of(s, i, sample);
        rgm_plug_call call;
        rgm_plug_call_init(&call, instance, &clock, &key, mine + 2 * a->image_bytes);
        int32_t in_place = !!(rgm_instance_flags(instance) & RGM_IN_PLACE), changed = 0;
        if (in_place && !own) {
            copy_pixels(&now, buffer[next]);
            now = (rgm_pixels){buffer[next], (int64_t)now.W * now.C, now.H, now.W, now.C};
            next = !next;
            own = 1;
        }
        const shape *to = &a->shapes[i + 1];
        rgm_pixels made = in_place ? now : (rgm_pixels){buffer[next], (int64_t)to->W * to->C, to->H, to->W, to->C};
        rgm_image from = image_of(&a->shapes[i], now.data, now.pitch), into = image_of(to, made.data, made.pitch);
        from.index = into.index = (uint64_t)sample->index;
        RGM_TRY(rgm_plug_augment(&call, &from, &into, &changed, err));
        if (in_place || !changed) continue;
        now = made;
        next = !next;
        own = 1;
    }
    *out = now;
    return RGM_OK;
}
