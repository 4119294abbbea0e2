#include "inspect/sheets.h"

#include <stdlib.h>
#include <string.h>
#include "picture/transform.h"

enum { SIDE = RGM_IMAGES_SIDE }; /* what encoded pictures have at most */

struct rgm_sheets {
    rgm_images *images;
    rgm_stop stop;
    uint8_t *pixels; /* [RGM_THUMBS_MOST][SIDE][SIDE][3] */
    int32_t side;    /* of this call */
    int32_t count;   /* different images of this call */
    int64_t numbers[RGM_THUMBS_MOST];
    rgm_thumb thumbs[RGM_THUMBS_MOST];
};

rgm_status rgm_sheets_create(rgm_sheets **sheets, rgm_images *images, rgm_stop stop, rgm_error *err) {
    rgm_sheets *s = calloc(1, sizeof *s);
    *sheets = s;
    if (s) s->pixels = malloc((size_t)RGM_THUMBS_MOST * SIDE * SIDE * 3);
    if (s && s->pixels) {
        s->images = images;
        s->stop = stop;
        return RGM_OK;
    }
    rgm_sheets_destroy(s);
    *sheets = NULL;
    return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
}

void rgm_sheets_destroy(rgm_sheets *s) {
    if (!s) return;
    free(s->pixels);
    free(s);
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int32_t find(const rgm_sheets *s, int64_t number) {
    const int64_t *at = bsearch(&number, s->numbers, (size_t)s->count, sizeof *at, compare);
    return (int32_t)(at - s->numbers);
}

/* The mean of the pixels that a small one covers, one channel. */
static uint8_t average(const rgm_pixels *p, const int32_t y[2], const int32_t x[2], int32_t c) {
    uint64_t sum = 0, count = (uint64_t)(y[1] - y[0]) * (uint64_t)(x[1] - x[0]);
    for (int32_t i = y[0]; i < y[1]; i++)
        for (int32_t j = x[0]; j < x[1]; j++) sum += p->data[i * p->pitch + (int64_t)j * p->C + c];
    return (uint8_t)((sum + count / 2) / count);
}

/* From where to where a small pixel reaches, of `from` pixels made `to`. */
static void reach(int32_t i, int32_t from, int32_t to, int32_t range[2]) {
    range[0] = (int32_t)((int64_t)i * from / to);
    range[1] = (int32_t)(((int64_t)i + 1) * from / to);
    if (range[1] <= range[0]) range[1] = range[0] + 1;
}

static void shrink(const rgm_pixels *p, const rgm_thumb *t, uint8_t *to) {
    for (int32_t i = 0; i < t->H; i++)
        for (int32_t j = 0; j < t->W; j++) {
            int32_t y[2], x[2];
            reach(i, p->H, t->H, y);
            reach(j, p->W, t->W, x);
            for (int32_t c = 0; c < t->C; c++) *to++ = average(p, y, x, c);
        }
}

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    rgm_sheets *s = context;
    int32_t at = find(s, look->number);
    uint8_t *pixels = s->pixels + (size_t)at * SIDE * SIDE * 3;
    rgm_transform small = rgm_transform_within(look->image.C, look->image.H, look->image.W, s->side);
    (void)worker;
    (void)err;
    s->thumbs[at] = (rgm_thumb){.pixels = pixels, .H = small.H, .W = small.W, .C = look->image.C < 3 ? 1 : 3};
    shrink(&look->image, &s->thumbs[at], pixels);
    return RGM_OK;
}

rgm_status rgm_sheets_give(void *context, const rgm_image_place *places, int32_t count, int32_t side, rgm_thumb *thumbs,
                           rgm_error *err) {
    rgm_sheets *s = context;
    if (count > RGM_THUMBS_MOST) return rgm_fail(err, RGM_E_USAGE, "page: %d small pictures at once", (int)count);
    for (int32_t i = 0; i < count; i++) s->numbers[i] = rgm_images_number(s->images, places[i].split, places[i].index);
    qsort(s->numbers, (size_t)count, sizeof *s->numbers, compare);
    s->count = 0;
    for (int32_t i = 0; i < count; i++)
        if (!i || s->numbers[i] != s->numbers[s->count - 1]) s->numbers[s->count++] = s->numbers[i];
    s->side = side < SIDE ? side : SIDE;
    memset(s->thumbs, 0, sizeof s->thumbs);
    rgm_images_walk walk = {
        .numbers = s->numbers, .count = s->count, .look = look, .context = s, .stop = s->stop, .silent = 1};
    RGM_TRY(rgm_images_each(s->images, &walk, err));
    for (int32_t i = 0; i < count; i++)
        thumbs[i] = s->thumbs[find(s, rgm_images_number(s->images, places[i].split, places[i].index))];
    return RGM_OK;
}
