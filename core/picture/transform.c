#include "picture/transform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture/decoder_internal.h"

enum { CHANNELS = 64, SIDE = 65535 };

static const char *const names[RGM_FIT_COUNT] = {"crop", "pad", "stretch"};

rgm_transform rgm_transform_default(int32_t C, int32_t H, int32_t W) {
    return (rgm_transform){.C = C, .H = H, .W = W, .background = {255, 255, 255}};
}

int32_t rgm_transform_side(int32_t median) {
    static const int32_t sides[] = {32, 48, 64, 96, 128, 160, 192, 224};
    int32_t side = sides[0];
    for (size_t i = 1; i < sizeof sides / sizeof *sides; i++)
        if (sides[i] <= median) side = sides[i];
    return side;
}

const char *rgm_fit_name(int32_t fit) { return fit >= 0 && fit < RGM_FIT_COUNT ? names[fit] : ""; }

/* ---- as text ---- */

void rgm_transform_print(const rgm_transform *t, char text[RGM_TRANSFORM_TEXT]) {
    char shorter[24] = "";
    if (t->fit == RGM_FIT_CROP && t->shorter > 0) snprintf(shorter, sizeof shorter, " shorter %d", t->shorter);
    snprintf(text, RGM_TRANSFORM_TEXT, "%s %dx%dx%d%s background %02x%02x%02x", rgm_fit_name(t->fit), t->C, t->H, t->W,
             shorter, t->background[0], t->background[1], t->background[2]);
}

/* Does the text go on with `word`? Then it is passed over. */
static int32_t take(const char **text, const char *word) {
    const size_t n = strlen(word);
    if (strncmp(*text, word, n) != 0) return 0;
    *text += n;
    return 1;
}

/* A number in 1..most without leading zeros; 0 if there is none. */
static int32_t take_number(const char **text, int32_t most) {
    int32_t n = 0;
    if (**text == '0') return 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        n = n * 10 + (**text - '0');
        if (n > most) return 0;
    }
    return n;
}

static int32_t digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static int32_t take_colour(const char **text, uint8_t colour[3]) {
    for (int32_t i = 0; i < 3; i++, *text += 2) {
        const int32_t high = digit((*text)[0]), low = high < 0 ? -1 : digit((*text)[1]);
        if (low < 0) return 0;
        colour[i] = (uint8_t)(high * 16 + low);
    }
    return 1;
}

static int32_t take_fit(const char **text, int32_t *fit) {
    for (*fit = 0; *fit < RGM_FIT_COUNT; ++*fit)
        if (take(text, names[*fit])) return 1;
    return 0;
}

static int32_t take_shape(const char **text, rgm_transform *t) {
    t->C = take_number(text, CHANNELS);
    if (t->C == 0 || !take(text, "x")) return 0;
    t->H = take_number(text, SIDE);
    if (t->H == 0 || !take(text, "x")) return 0;
    t->W = take_number(text, SIDE);
    return t->W > 0;
}

static int32_t take_shorter(const char **text, rgm_transform *t) {
    if (t->fit != RGM_FIT_CROP || !take(text, " shorter ")) return 1;
    t->shorter = take_number(text, SIDE);
    return t->shorter >= (t->H < t->W ? t->H : t->W);
}

rgm_status rgm_transform_parse(rgm_transform *transform, const char *text, const char *what, rgm_error *err) {
    const char *at = text;
    rgm_transform t = {0};
    if (!take_fit(&at, &t.fit) || !take(&at, " ") || !take_shape(&at, &t) || !take_shorter(&at, &t) ||
        !take(&at, " background ") || !take_colour(&at, t.background) || *at != '\0')
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: \"%.80s\" is no transform, expected one like \"crop 3x224x224 shorter 256 background "
                        "ffffff\"; from byte %d on it differs",
                        what, text, (int)(at - text));
    *transform = t;
    return RGM_OK;
}

/* ---- sizes ---- */

/* What becomes of a picture: it is made full_H x full_W. Of that, H x W pixels from (top, left) go to (y, x). */
typedef struct placement {
    int32_t full_H, full_W, top, left, H, W, y, x;
} placement;

/* At least 1 pixel. Of a picture of 1 x 65535, the longer side is cut off. */
static int32_t side_of(int64_t pixels) { return pixels < 1 ? 1 : pixels > INT32_MAX ? INT32_MAX : (int32_t)pixels; }

/* d / 2, rounded to even as Python's round() */
static int32_t half_to_even(int32_t d) { return d / 2 + (d % 2 != 0 && d / 2 % 2 != 0); }

/* The smallest size of the picture's aspect ratio that covers H x W; the longer side is rounded down. */
static void cover(int32_t h, int32_t w, int32_t H, int32_t W, placement *p) {
    const int32_t high = (int64_t)H * w >= (int64_t)W * h; /* its height decides */
    p->full_H = high ? H : side_of((int64_t)W * h / w);
    p->full_W = high ? side_of((int64_t)H * w / h) : W;
}

static placement place_crop(const rgm_transform *t, int32_t h, int32_t w) {
    placement p = {.H = t->H, .W = t->W};
    const int64_t s = t->shorter;
    if (h == t->H && w == t->W) return (placement){h, w, 0, 0, h, w, 0, 0};
    p.full_H = side_of(h <= w ? s : s * h / w);
    p.full_W = side_of(h <= w ? s * w / h : s);
    if (p.full_H < t->H || p.full_W < t->W) cover(h, w, t->H, t->W, &p);
    p.top = half_to_even(p.full_H - t->H);
    p.left = half_to_even(p.full_W - t->W);
    return p;
}

static int32_t nearest(int64_t a, int64_t b, int64_t c) { return side_of((2 * a * b + c) / (2 * c)); }

rgm_transform rgm_transform_within(int32_t C, int32_t H, int32_t W, int32_t longer) {
    const int32_t side = H > W ? H : W;
    rgm_transform t = rgm_transform_default(C, H, W);
    t.fit = RGM_FIT_STRETCH;
    if (side <= longer) return t;
    t.H = nearest(longer, H, side);
    t.W = nearest(longer, W, side);
    return t;
}

static placement place_pad(const rgm_transform *t, int32_t h, int32_t w) {
    placement p = {0};
    const int32_t high = (int64_t)t->H * w <= (int64_t)t->W * h; /* its height decides */
    p.full_H = p.H = high ? t->H : nearest(t->W, h, w);
    p.full_W = p.W = high ? nearest(t->H, w, h) : t->W;
    p.y = (t->H - p.H) / 2;
    p.x = (t->W - p.W) / 2;
    return p;
}

static placement place(const rgm_transform *t, int32_t h, int32_t w) {
    if (t->fit == RGM_FIT_PAD) return place_pad(t, h, w);
    if (t->fit == RGM_FIT_STRETCH) return (placement){t->H, t->W, 0, 0, t->H, t->W, 0, 0};
    return place_crop(t, h, w);
}

/* ---- a worker's tools ---- */

struct rgm_transformer {
    rgm_decoder *decoder;
    rgm_resizer *resizer;
};

rgm_status rgm_transformer_create(rgm_transformer **transformer, const rgm_kernels *kernels, rgm_error *err) {
    rgm_status status = RGM_OK;
    rgm_transformer *t = calloc(1, sizeof *t);
    *transformer = NULL;
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "no memory for pictures");
    RGM_TRY_OR_FAIL(status, rgm_decoder_create(&t->decoder, err));
    RGM_TRY_OR_FAIL(status, rgm_resizer_create(&t->resizer, kernels, err));
    *transformer = t;
    return RGM_OK;
fail:
    rgm_transformer_destroy(t);
    return status;
}

void rgm_transformer_destroy(rgm_transformer *transformer) {
    if (!transformer) return;
    rgm_decoder_destroy(transformer->decoder);
    rgm_resizer_destroy(transformer->resizer);
    free(transformer);
}

rgm_status rgm_transformer_reserve(rgm_transformer *transformer, int64_t pixels, int32_t H, int32_t W,
                                   const rgm_transform *to, rgm_error *err) {
    RGM_TRY(rgm_decoder_reserve(transformer->decoder, pixels, to->C, err));
    return rgm_resizer_reserve(transformer->resizer, (const int32_t[]){H, W, to->C}, to->H, to->W, err);
}

/* The background of an image with one channel is its grey (picture.h). */
static void fill_background(const rgm_transform *to, uint8_t *image) {
    const uint8_t *b = to->background;
    const size_t pixels = (size_t)to->H * (size_t)to->W, C = (size_t)to->C;
    if (C != 3) {
        memset(image, rgm_grey_of(b), pixels * C);
        return;
    }
    for (size_t i = 0; i < 3 * pixels; i++) image[i] = b[i % 3];
}

static void copy_rows(const rgm_resize_source *pixels, const rgm_resize_result *result) {
    for (int32_t y = 0; y < pixels->H; y++)
        memcpy(result->pixels + y * result->pitch, pixels->pixels + y * pixels->pitch,
               (size_t)pixels->W * (size_t)pixels->C);
}

static int32_t whole(const rgm_resize_source *s) {
    const rgm_box *b = &s->box;
    return !(b->height > 0.0) || (b->top <= 0.0 && b->left <= 0.0 && b->height >= s->H && b->width >= s->W);
}

/* The source's box, of h x w pixels before any reduction, becomes the image. */
static rgm_status transform(rgm_transformer *transformer, const rgm_resize_source *source, int32_t h, int32_t w,
                            const rgm_transform *to, uint8_t *image, rgm_error *err) {
    const placement p = place(to, h, w);
    const int64_t pitch = (int64_t)to->W * to->C;
    const rgm_resize_result result = {.pixels = image + p.y * pitch + (int64_t)p.x * to->C,
                                      .pitch = pitch,
                                      .H = p.H,
                                      .W = p.W,
                                      .full_H = p.full_H,
                                      .full_W = p.full_W,
                                      .top = p.top,
                                      .left = p.left};
    if (p.H < to->H || p.W < to->W) fill_background(to, image);
    if (whole(source) && p.full_H == source->H && p.full_W == source->W && p.H == source->H && p.W == source->W) {
        copy_rows(source, &result);
        return RGM_OK;
    }
    return rgm_resize(transformer->resizer, source, &result, err);
}

/* The part of a picture of h x w that the image is made of; what a crop cuts off is only checked. */
static void want_part(const rgm_transform *to, int32_t h, int32_t w, rgm_decode_want *want) {
    const placement p = place(to, h, w);
    const rgm_resize_source source = {.H = h, .W = w, .C = to->C};
    const rgm_resize_result result = {
        .H = p.H, .W = p.W, .full_H = p.full_H, .full_W = p.full_W, .top = p.top, .left = p.left};
    want->box = rgm_resize_reach(&source, &result);
    want->checked = 1;
}

/* The part of the decoded picture that was wanted. */
static rgm_resize_source source_of(const rgm_picture *picture) {
    return (rgm_resize_source){.pixels = picture->pixels,
                               .pitch = picture->pitch,
                               .H = picture->H,
                               .W = picture->W,
                               .C = picture->C,
                               .box = picture->box};
}

/* The same for a part of h x w, whose edges are whole. */
static rgm_resize_source source_within(const rgm_picture *picture, const rgm_box *part, int32_t h, int32_t w) {
    return (rgm_resize_source){.pixels = picture->pixels,
                               .pitch = picture->pitch,
                               .H = h,
                               .W = w,
                               .C = picture->C,
                               .top = (int32_t)(part->top - picture->box.top),
                               .left = (int32_t)(part->left - picture->box.left)};
}

rgm_status rgm_transformer_picture(rgm_transformer *transformer, rgm_transform_job *job, uint8_t *image,
                                   rgm_error *err) {
    const rgm_transform *to = job->to;
    rgm_picture picture;
    rgm_decode_want want = {.C = to->C};
    if (to->C != 1 && to->C != 3)
        return rgm_picture_fail_in(
            job->bytes, rgm_fail(err, RGM_E_UNSUPPORTED, "a picture has 1 or 3 channels, the model takes %d", to->C),
            err);
    RGM_TRY(rgm_picture_probe(job->bytes, &job->info, err));
    memcpy(want.background, to->background, sizeof want.background);
    if (job->reduce) {
        const placement p = place(to, job->info.H, job->info.W);
        want.H = p.full_H;
        want.W = p.full_W;
    } else {
        want_part(to, job->info.H, job->info.W, &want);
    }
    RGM_TRY(rgm_decode(transformer->decoder, job->bytes, &want, &picture, err));
    job->warnings = picture.warnings;
    const rgm_resize_source source =
        job->reduce ? source_of(&picture) : source_within(&picture, &want.box, job->info.H, job->info.W);
    return transform(transformer, &source, job->info.H, job->info.W, to, image, err);
}

rgm_status rgm_transformer_pixels(rgm_transformer *transformer, const rgm_resize_source *pixels,
                                  const rgm_transform *to, uint8_t *image, rgm_error *err) {
    return transform(transformer, pixels, pixels->H, pixels->W, to, image, err);
}

rgm_status rgm_transformer_window(rgm_transformer *transformer, const rgm_bytes *bytes, const rgm_decode_want *window,
                                  uint8_t *image, rgm_error *err) {
    rgm_picture picture;
    RGM_TRY(rgm_decode(transformer->decoder, bytes, window, &picture, err));
    const rgm_resize_source source = source_of(&picture);
    const rgm_resize_result result = {.pixels = image,
                                      .pitch = (int64_t)window->W * picture.C,
                                      .H = window->H,
                                      .W = window->W,
                                      .full_H = window->H,
                                      .full_W = window->W};
    return rgm_resize(transformer->resizer, &source, &result, err);
}
