#include "cli/showing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "run/pictures.h"

enum { WINDOW = 64 };

typedef struct kept {
    double key;    /* what comes first has the largest */
    int64_t order; /* in which it was told */
    rgm_predicted predicted;
    rgm_ranked top[RGM_GALLERY_TOP];
} kept;

/* A heap: the first is the one that leaves next. */
struct rgm_showing {
    kept *list; /* [most] */
    int32_t most, count;
    int64_t told;
};

rgm_status rgm_showing_create(rgm_showing **showing, int32_t most, rgm_error *err) {
    rgm_showing *s = calloc(1, sizeof *s);
    if (s) s->list = malloc(sizeof *s->list * (size_t)most);
    *showing = s;
    if (s && s->list) {
        s->most = most;
        return RGM_OK;
    }
    rgm_showing_destroy(s);
    *showing = NULL;
    return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
}

void rgm_showing_destroy(rgm_showing *s) {
    if (!s) return;
    free(s->list);
    free(s);
}

/* ---- which ---- */

static int before(const kept *a, const kept *b) { return a->key != b->key ? a->key > b->key : a->order < b->order; }

static int by_place(const void *a, const void *b) { return before(a, b) ? -1 : before(b, a); }

static void swap(kept *a, kept *b) {
    kept c = *a;
    *a = *b;
    *b = c;
}

static void rise(kept *list, int32_t at) {
    for (; at > 0 && before(&list[(at - 1) / 2], &list[at]); at = (at - 1) / 2) swap(&list[(at - 1) / 2], &list[at]);
}

static void sink(kept *list, int32_t count) {
    for (int32_t at = 0, next; (next = 2 * at + 1) < count; at = next) {
        if (next + 1 < count && before(&list[next], &list[next + 1])) next++;
        if (!before(&list[at], &list[next])) return;
        swap(&list[at], &list[next]);
    }
}

/* Labelled ones come first, by their loss; the others by what is missing to certainty. */
static double key_of(const rgm_prediction *p) {
    if (p->label < 0) return 1 - (double)p->top[0].probability;
    return 2 - log(p->likelihood > 1e-37f ? (double)p->likelihood : 1e-37);
}

rgm_status rgm_showing_note(void *context, const rgm_predicted *predicted, rgm_error *err) {
    rgm_showing *s = context;
    const rgm_prediction *p = &predicted->prediction;
    kept one = {.key = key_of(p), .order = s->told++, .predicted = *predicted};
    (void)err;
    if (s->count == s->most && !before(&one, &s->list[0])) return RGM_OK;
    if (one.predicted.prediction.count > RGM_GALLERY_TOP) one.predicted.prediction.count = RGM_GALLERY_TOP;
    memcpy(one.top, p->top, sizeof *one.top * (size_t)one.predicted.prediction.count);
    if (s->count < s->most) {
        s->list[s->count] = one;
        rise(s->list, s->count++);
    } else {
        s->list[0] = one;
        sink(s->list, s->count);
    }
    return RGM_OK;
}

/* ---- the page ---- */

/* Of other than one or three channels, the first ones are shown. Returns how many. */
static int32_t keep_channels(uint8_t *pixels, int64_t count, int32_t C) {
    int32_t shown = C < 3 ? 1 : 3;
    for (int64_t i = 0; shown < C && i < count; i++) memmove(pixels + i * shown, pixels + i * C, (size_t)shown);
    return shown;
}

/* An image of a data set; its pixels, unless they are encoded, in new memory, which is returned. */
static uint8_t *take_image(const rgm_predicted_set *s, int64_t index, rgm_picture_source *source) {
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    if (info->encoded) {
        *source = (rgm_picture_source){.set = s->set, .split = s->split, .index = index};
        return NULL;
    }
    uint8_t *copy = malloc((size_t)info->H * (size_t)info->W * (size_t)info->C);
    if (!copy || rgm_dataset_read(s->set, s->split, index, copy, NULL) < 0) {
        free(copy);
        return NULL;
    }
    int32_t C = keep_channels(copy, (int64_t)info->H * info->W, info->C);
    source->pixels =
        (rgm_resize_source){.pixels = copy, .pitch = (int64_t)info->W * C, .H = info->H, .W = info->W, .C = C};
    return copy;
}

static rgm_status add(rgm_gallery *gallery, kept *k, const rgm_picture_source *s, rgm_error *err) {
    k->predicted.prediction.top = k->top;
    const rgm_gallery_entry entry = {
        .prediction = &k->predicted.prediction, .jpeg = s->jpeg, .jpeg_size = s->jpeg_size, .H = s->H, .W = s->W};
    return rgm_gallery_add(gallery, &entry, err);
}

static rgm_status add_some(rgm_gallery *gallery, const rgm_predicting *p, rgm_pictures *pictures, kept *list,
                           int32_t count, rgm_error *err) {
    rgm_picture_source sources[WINDOW] = {0};
    uint8_t *pixels[WINDOW] = {0};
    for (int32_t i = 0; i < count; i++) {
        const rgm_predicted *one = &list[i].predicted;
        if (one->set < 0)
            sources[i].path = one->prediction.file;
        else
            pixels[i] = take_image(&p->sets[one->set], one->prediction.index, &sources[i]);
    }
    rgm_status status = rgm_pictures_show(pictures, sources, count, 2 * RGM_GALLERY_SIDE, err);
    for (int32_t i = 0; i < count; i++) {
        if (status >= 0) status = add(gallery, &list[i], &sources[i], err);
        free(sources[i].jpeg);
        free(pixels[i]);
    }
    return status;
}

rgm_status rgm_showing_write(rgm_showing *s, const rgm_predicting *p, const rgm_device *device, const char *path,
                             rgm_gallery_options *options, const rgm_stop *stop, rgm_error *err) {
    rgm_gallery *gallery = NULL;
    rgm_pictures *pictures = NULL;
    rgm_bar bar;
    rgm_bar_start(&bar,
                  &(rgm_bar_options){.label = "page", .unit = "pictures", .total = s->count, .quiet = p->bar_quiet});
    qsort(s->list, (size_t)s->count, sizeof *s->list, by_place);
    options->shown = s->count;
    rgm_status status = rgm_pictures_create(&pictures, device, err);
    if (status >= 0) status = rgm_gallery_begin(&gallery, path, options, err);
    for (int32_t done = 0, some; done < s->count && status >= 0; done += some) {
        some = s->count - done < WINDOW ? s->count - done : WINDOW;
        status = rgm_stop_asked(stop) ? rgm_fail(err, RGM_E_INTERRUPTED, "page: stopped on request: it is not written")
                                      : add_some(gallery, p, pictures, s->list + done, some, err);
        rgm_bar_update(&bar, done + some, NAN, NAN);
    }
    rgm_bar_finish(&bar);
    status = rgm_gallery_end(gallery, status, err);
    rgm_pictures_destroy(pictures);
    return status;
}
