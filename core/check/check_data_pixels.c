/* Pixels that show nothing. */
#include "check/check_data_pixels.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check/traits.h"
#include "inspect/ascending.h"

enum { TRAIN = RGM_SPLIT_TRAIN, SPLITS = RGM_SPLIT_COUNT, IMAGES_LEAST = 50 };

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images"); }

/* ---- damaged images ---- */

/* A part of the images must show no picture before a class is asked. */
#define CUT_LEAST    0.25 /* of the rows */
#define BORDER_SHARE 0.05 /* of images that begin with a colour: it is the background */

/* 1 if the first row, or the first column, of some images is of this colour. */
static int32_t is_background(const rgm_lab_set *s, const uint8_t *colour) {
    int64_t row = (int64_t)s->W * s->C, bytes = row * s->H, found = 0,
            most = s->count[TRAIN] < 512 ? s->count[TRAIN] : 512;
    for (int64_t i = 0; i < most; i++) {
        const uint8_t *at = s->images[TRAIN] + i * s->count[TRAIN] / most * bytes;
        int32_t first = 1, left = 1;
        for (int32_t x = 0; x < s->W && first; x++) first = memcmp(at + (int64_t)x * s->C, colour, (size_t)s->C) == 0;
        for (int32_t y = 0; y < s->H && left; y++) left = memcmp(at + y * row, colour, (size_t)s->C) == 0;
        found += first || left;
    }
    return (double)found >= BORDER_SHARE * (double)most;
}

/* Images of a split that are random, and that are cut. Of a class that is mostly so they do not count. */
typedef struct damage {
    int64_t images, random, cut;
    int32_t rows; /* of the last one that is cut */
} damage;

static int32_t is_cut(const rgm_lab_set *s, const rgm_trait *t) {
    return s->C <= RGM_TRAITS_COLOUR && (double)t->cut >= CUT_LEAST * s->H && t->cut < s->H &&
           !is_background(s, t->fill);
}

static rgm_status count_split(const rgm_lab_set *s, const rgm_trait *of, int32_t split, damage *d, rgm_error *err) {
    int64_t *random = calloc(3 * (size_t)s->classes, sizeof *random), *cut = random + s->classes,
            *all = cut + s->classes;
    if (!random) return no_memory(err);
    for (int64_t i = 0; i < s->count[split]; i++) {
        int32_t label = s->labels[split][i], is = is_cut(s, &of[i]);
        all[label]++;
        random[label] += of[i].random;
        cut[label] += is;
        if (is) d->rows = of[i].cut;
    }
    for (int32_t k = 0; k < s->classes; k++) {
        d->random += 2 * random[k] < all[k] || all[k] < 4 ? random[k] : 0;
        d->cut += 2 * cut[k] < all[k] || all[k] < 4 ? cut[k] : 0;
        d->images += all[k];
    }
    free(random);
    return RGM_OK;
}

/* One image may be anything; of a hundred one is a fault of whoever made the set. */
#define MANY_DAMAGED 0.01
enum { SOME_DAMAGED = 3 };

rgm_status rgm_check_damaged(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    const rgm_traits *t;
    damage d = {0};
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    RGM_TRY(rgm_checking_traits(c, &t, err));
    for (int32_t split = 0; split < SPLITS; split++)
        if (t->of[split]) RGM_TRY(count_split(&m->set, t->of[split], split, &d, err));
    if (d.random < SOME_DAMAGED && d.cut < SOME_DAMAGED)
        return rgm_check_pass(v, "of %" PRId64 " images %" PRId64 " are random bytes, %" PRId64 " are cut off",
                              d.images, d.random, d.cut);
    (((double)(d.random + d.cut) >= MANY_DAMAGED * (double)d.images) ? rgm_check_fail : rgm_check_warn)(
        v, "of %" PRId64 " images %" PRId64 " are random bytes (%.1f %%), %" PRId64 " are cut off (%.1f %%)", d.images,
        d.random, 100 * (double)d.random / (double)d.images, d.cut, 100 * (double)d.cut / (double)d.images);
    if (d.random >= SOME_DAMAGED) rgm_check_cause(v, "images are corrupt: their values are random bytes");
    if (d.cut >= SOME_DAMAGED)
        rgm_check_cause(v, "images are cut off: below a row all is of one colour, as of files that were read in part");
    rgm_check_mend(v, "make the set again from whole files, or leave these images out with --exclude");
    return RGM_OK;
}

/* ---- noise ---- */

/* Photographs have a few levels of noise, the trial's textures, made with 20, have 18. */
#define NOISE_MANY  30.0
#define NOISE_SHARE 0.1 /* of the variance: a picture of much contrast bears more */

rgm_status rgm_check_noise(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    const rgm_traits *t;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    RGM_TRY(rgm_checking_traits(c, &t, err));
    int64_t n = m->set.count[TRAIN];
    if (n < IMAGES_LEAST) return rgm_check_not(v, "%" PRId64 " training images: too few to tell what is usual", n);
    float *noise = malloc(3 * sizeof *noise * (size_t)n), *share = noise + n, *room = share + n;
    if (!noise) return no_memory(err);
    for (int64_t i = 0; i < n; i++) {
        float part = t->of[TRAIN][i].noise / (t->of[TRAIN][i].deviation + 1);
        noise[i] = t->of[TRAIN][i].noise;
        share[i] = part * part;
    }
    rgm_ascending_sort(noise, room, n);
    rgm_ascending_sort(share, room, n);
    double levels = (double)noise[n / 2], part = (double)share[n / 2];
    free(noise);
    if (levels < NOISE_MANY || part < NOISE_SHARE)
        return rgm_check_pass(v, "half of the training images have less noise than %.1f levels", levels);
    rgm_check_warn(v,
                   "half of the training images have more noise than %.0f levels, %.0f %% of their variance: expected "
                   "below %.0f levels",
                   levels, 100 * part, NOISE_MANY);
    rgm_check_cause(v, "noise lies on the pixels: it was added, or pixels were damaged when the set was made");
    rgm_check_mend(v, "make the set again without noise; what is lost needs a learning curve");
    return RGM_OK;
}
