/* What enters the net. */
#include "check/check_input.h"
#include "check/check_input_augment.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/stats.h"
#include "check/seen.h"

const rgm_check_row rgm_checks_input[] = {
    {{"pixel_order", "P", "do the bytes lie as the format says?", 1}, 8, rgm_check_pixel_order},
    {{"pixel_levels", "P", "do pixels use their range?", 1}, 9, rgm_check_pixel_levels},
    {{"normalised", "P", "have inputs mean 0 and deviation 1?", 1}, 10, rgm_check_normalised},
    {{"evaluation_pixels", "P", "does evaluation see the images as they are?", 1}, 10, rgm_check_evaluation_pixels},
    {{"train_evaluation", "P", "do training and evaluation see images alike?", 1}, 11, rgm_check_train_evaluation},
    {{"augment_changes", "P", "does every augmentation change images?", 1}, 15, rgm_check_augment_changes},
    {{"augment_draws", "P", "does every epoch draw anew?", 1}, 12, rgm_check_augment_draws},
    {{"augment_strength", "P", "do augmentations leave what the labels say?", 1}, 13, rgm_check_augment_strength},
    {{0}, 0, NULL},
};

/* ---- moments ---- */

typedef struct moments {
    double mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS];
    double low, high; /* of all values */
    int64_t bad;      /* values that are not finite */
} moments;

static moments moments_of(const rgm_seen *s, const float *images) {
    int64_t plane = (int64_t)s->H * s->W;
    moments m = {.low = INFINITY, .high = -INFINITY};
    for (int32_t c = 0; c < s->C; c++) {
        double sum = 0, square = 0, n = (double)(plane * s->count);
        for (int64_t i = 0; i < s->count; i++) {
            const float *at = images + (size_t)i * s->floats + c * plane;
            for (int64_t p = 0; p < plane; p++) {
                double x = (double)at[p];
                if (!isfinite(x)) {
                    m.bad++;
                    continue;
                }
                sum += x;
                square += x * x;
                if (x < m.low) m.low = x;
                if (x > m.high) m.high = x;
            }
        }
        m.mean[c] = sum / n;
        double variance = square / n - m.mean[c] * m.mean[c];
        m.std[c] = variance > 0 ? sqrt(variance) : 0;
    }
    return m;
}

/* The same of the stored pixels as 0 to 1; 0: there are none of the images' size. */
static rgm_status moments_stored(rgm_checking *c, const rgm_seen *s, moments *m, rgm_error *err) {
    const rgm_view *view = &c->session->data->train;
    const rgm_dataset_info *info = rgm_dataset_describe(view->set);
    rgm_channel_sums sums = {.C = info->C};
    if (info->encoded) return 0;
    uint8_t *image = malloc((size_t)info->H * (size_t)info->W * (size_t)info->C);
    rgm_status status = image ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for an image");
    for (int64_t i = 0; i < s->count && status >= 0; i++) {
        status = rgm_dataset_read(view->set, view->split, s->from[i], image, err);
        if (status >= 0) rgm_channel_sums_add(&sums, image, (int64_t)info->H * info->W);
    }
    free(image);
    RGM_TRY(status);
    rgm_channel_sums_finish(&sums, m->mean, m->std);
    return 1;
}

/* ---- normalisation ---- */

/* ImageNet's mean and deviation on CIFAR-10's pixels give means to 0.2 and deviations of 1.08 to 1.16: harmless. Pixels
 * as 0 to 1 have deviations of 0.2 to 0.4. */
#define MEAN_APART 0.3
#define MEAN_FAR   1.0
#define STD_APART  1.5
#define STD_FAR    2.2

/* 0: as it should be, 1: apart, 2: far. */
static int32_t off_by(const moments *m, int32_t C) {
    int32_t worst = m->bad ? 2 : 0;
    for (int32_t c = 0; c < C; c++) {
        double ratio = m->std[c] > 1 ? m->std[c] : 1 / (m->std[c] + 1e-9), shift = fabs(m->mean[c]);
        int32_t here = shift > MEAN_FAR || ratio > STD_FAR ? 2 : shift > MEAN_APART || ratio > STD_APART ? 1 : 0;
        if (here > worst) worst = here;
    }
    return worst;
}

/* What somebody may have done to pixels of mean m and deviation s (0 to 1), and what the net sees then. */
typedef struct guess {
    double mean, std;
    const char *cause;
} guess;

static int32_t explains(const guess *g, double mean, double std) {
    return fabs(g->mean - mean) <= 0.1 + 0.1 * fabs(g->mean) && fabs(log((std + 1e-9) / (g->std + 1e-9))) < 0.15;
}

static const char *explain(double m, double s, double mean, double std) {
    const guess guesses[] = {
        {m, s, "pixels are not normalised: mean 0 and deviation 1 are given for pixels of 0 to 1"},
        {255 * m, 255 * s, "pixels are not normalised, and not divided by 255"},
        {-m / s, 1 / s, "pixels are normalised twice"},
        {m - m / s, 1, "the mean is divided by the deviation"},
        {0, 1 / s, "pixels are divided by their deviation twice"},
        {(m - 255 * m) / (255 * s), 1.0 / 255, "mean and deviation are of pixels of 0 to 255, and should be of 0 to 1"},
        {(m - 255 * m) / s, 1, "the mean is of pixels of 0 to 255, and should be of 0 to 1"},
        {m / s, 1, "the mean is not taken off"},
        {0, s, "pixels are not divided by their deviation"},
    };
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
        if (explains(&guesses[i], mean, std)) return guesses[i].cause;
    return NULL;
}

/* The channel that is furthest off. */
static int32_t worst_channel(const moments *m, int32_t C) {
    int32_t worst = 0;
    double most = -1;
    for (int32_t c = 0; c < C; c++) {
        double off = fabs(m->mean[c]) + fabs(log(m->std[c] + 1e-9));
        if (off <= most) continue;
        most = off;
        worst = c;
    }
    return worst;
}

static rgm_status tell_normalisation(rgm_checking *c, const rgm_seen *s, const moments *m, rgm_verdict *v,
                                     rgm_error *err) {
    moments stored = {.mean = {0}};
    int32_t k = worst_channel(m, s->C), far = off_by(m, s->C) == 2;
    rgm_status have = moments_stored(c, s, &stored, err);
    RGM_TRY(have);
    double mean = (double)s->mean[k], std = (double)s->std[k];
    const char *cause = have ? explain(stored.mean[k], stored.std[k], m->mean[k], m->std[k]) : NULL;
    (far ? rgm_check_fail : rgm_check_warn)(
        v, "what enters the net has mean %.2f and deviation %.3g (channel %d), expected 0 +- %.1f and 1 / %.1f to %.1f",
        m->mean[k], m->std[k], k, MEAN_APART, STD_APART, STD_APART);
    if (m->bad) rgm_check_cause(v, "%" PRId64 " values are not finite", m->bad);
    if (m->std[k] < 1e-6) rgm_check_cause(v, "channel %d is constant", k);
    if (cause) rgm_check_cause(v, "%s", cause);
    if (!cause || !have || fabs(mean - stored.mean[k]) > 0.05 || fabs(log(std / stored.std[k])) > 0.1)
        rgm_check_cause(v, "the file's mean %.3f and std %.3f are not its pixels' (%.3f and %.3f)", mean, std,
                        stored.mean[k], stored.std[k]);
    else
        rgm_check_cause(v, "the file's mean and std are right: the pipeline does something else with them");
    rgm_check_mend(v, "delete the attributes mean and std of the file: Regimen computes them from the training images");
    return RGM_OK;
}

rgm_status rgm_check_normalised(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_seen *s;
    RGM_TRY(rgm_checking_seen(c, &s, err));
    moments plain = moments_of(s, s->plain), trained = moments_of(s, s->trained[0]);
    int32_t k = worst_channel(&plain, s->C);
    /* where only one of the two is off, they differ: train_evaluation says so */
    if (!off_by(&plain, s->C) || !off_by(&trained, s->C))
        return rgm_check_pass(v, "mean %.2f, deviation %.2f, values from %.1f to %.1f", plain.mean[k], plain.std[k],
                              plain.low, plain.high);
    return tell_normalisation(c, s, &plain, v, err);
}

/* ---- levels and order of pixels ---- */

/* Stored pixels of some images. NULL with RGM_OK: they are encoded. */
static rgm_status read_some(rgm_checking *c, int64_t *count, uint8_t **images, rgm_error *err) {
    const rgm_view *view = &c->session->data->train;
    const rgm_dataset_info *info = rgm_dataset_describe(view->set);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    *images = NULL;
    if (info->encoded) return RGM_OK;
    *count = view->count < 256 ? view->count : 256;
    if ((size_t)*count * bytes > (size_t)64 << 20) *count = (int64_t)(((size_t)64 << 20) / bytes) + 1;
    *images = malloc((size_t)*count * bytes);
    if (!*images) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images");
    for (int64_t i = 0; i < *count; i++) {
        int64_t index = rgm_view_index(view, i * view->count / *count);
        rgm_status status = rgm_dataset_read(view->set, view->split, index, *images + (size_t)i * bytes, err);
        if (status >= 0) continue;
        free(*images);
        *images = NULL;
        return status;
    }
    return RGM_OK;
}

/* Levels that pixels may have at most if they were stored as fractions, and what a range is good for. */
enum { FRACTION_LEVEL = 1, NARROW_LEVEL = 15 };

rgm_status rgm_check_pixel_levels(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(c->session->data->set);
    int64_t count = 0, of[256] = {0};
    uint8_t *images;
    RGM_TRY(read_some(c, &count, &images, err));
    if (!images) return rgm_check_pass(v, "pictures are decoded to 0 to 255");
    for (int64_t i = 0; i < count * info->H * info->W * info->C; i++) of[images[i]]++;
    free(images);
    int32_t low = 0, high = 255, levels = 0;
    while (low < 255 && !of[low]) low++;
    while (high > 0 && !of[high]) high--;
    for (int32_t l = 0; l < 256; l++) levels += of[l] > 0;
    if (high > NARROW_LEVEL && high - low > NARROW_LEVEL)
        return rgm_check_pass(v, "%d levels from %d to %d", levels, low, high);
    (high <= FRACTION_LEVEL ? rgm_check_fail : rgm_check_warn)(v, "pixels have %d level%s, from %d to %d of 255",
                                                               levels, levels == 1 ? "" : "s", low, high);
    if (high <= FRACTION_LEVEL)
        rgm_check_cause(v,
                        "pixels hold few levels: those of 0 to 1 were cut to whole numbers when the file was written");
    else
        rgm_check_cause(v,
                        "pixels hold few levels: they were scaled to a small range before they were stored as bytes");
    rgm_check_mend(v, "write the file again with pixels of 0 to 255");
    return RGM_OK;
}

/* What an image says of the order of its bytes: mean squares of differences, in which noise is the same everywhere. */
typedef struct order {
    double as_is, planes; /* of neighbours along columns, read as [H][W][C] or as [C][H][W] */
    double within, cross; /* of bytes that follow one another: of one pixel, of two */
    double variance;
} order;

/* Mean square difference of bytes `step` apart; of the pairs that begin at first, first + every, ... */
static double mean_square(const uint8_t *image, int64_t bytes, int64_t step, int64_t first, int64_t every) {
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = first; i + step < bytes; i += every, n++) {
        double d = (double)image[i] - (double)image[i + step];
        sum += d * d;
    }
    return n ? sum / (double)n : 0;
}

static order order_of(const uint8_t *image, const rgm_dataset_info *info) {
    int64_t W = info->W, C = info->C, plane = W * info->H, bytes = plane * C;
    double sum = 0, square = 0;
    order o = {.as_is = mean_square(image, bytes, W * C, 0, 1), .cross = mean_square(image, bytes, 1, C - 1, C)};
    for (int64_t c = 0; c < C; c++) o.planes += mean_square(image + c * plane, plane, W, 0, 1) / (double)C;
    for (int64_t c = 0; c + 1 < C; c++) o.within += mean_square(image, bytes, 1, c, C) / (double)(C - 1);
    for (int64_t i = 0; i < bytes; i++) {
        sum += image[i];
        square += (double)image[i] * image[i];
    }
    o.variance = square / (double)bytes - sum / (double)bytes * (sum / (double)bytes);
    return o;
}

/* In the right order neighbours go together most. In the wrong one they do at least so much less than the others: a
 * part of what goes together there, and standard errors. */
#define TOGETHER_LESS 0.25
#define ORDER_SURE    6.0
/* And so much of the variance must go together at all. */
#define TOGETHER_LEAST 0.05
/* In the wrong order bytes of one pixel are neighbours, like those of two. Of gray images stored as colour they are the
 * same, of coloured ones further apart or nearer. */
#define PIXELS_ALIKE 0.1

/* 1: the bytes are in the wrong order. `mean` of `count` images, `error` of the mean difference of both readings. */
static int32_t is_other_order(const order *mean, double error) {
    double together = mean->variance - mean->planes / 2, less = (mean->as_is - mean->planes) / 2;
    if (together < TOGETHER_LEAST * mean->variance || mean->within <= 0) return 0;
    if (less < TOGETHER_LESS * together || 2 * less < ORDER_SURE * error) return 0;
    return fabs(mean->cross / mean->within - 1) < PIXELS_ALIKE;
}

rgm_status rgm_check_pixel_order(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(c->session->data->set);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    int64_t count = 0;
    uint8_t *images;
    order mean = {0};
    double square = 0;
    if (info->C == 1 || info->encoded) return rgm_check_pass(v, info->encoded ? "pictures are decoded" : "one channel");
    RGM_TRY(read_some(c, &count, &images, err));
    for (int64_t i = 0; i < count; i++) {
        order o = order_of(images + (size_t)i * bytes, info);
        mean.as_is += o.as_is / (double)count;
        mean.planes += o.planes / (double)count;
        mean.within += o.within / (double)count;
        mean.cross += o.cross / (double)count;
        mean.variance += o.variance / (double)count;
        square += (o.as_is - o.planes) * (o.as_is - o.planes);
    }
    free(images);
    double less = mean.as_is - mean.planes, error = sqrt(fmax(square / (double)count - less * less, 0) / (double)count);
    if (!is_other_order(&mean, error))
        return rgm_check_pass(v, "neighbours differ by %.1f levels, by %.1f read channel by channel", sqrt(mean.as_is),
                              sqrt(mean.planes));
    rgm_check_fail(v, "neighbours differ by %.1f levels, but by %.1f if the bytes are read channel by channel",
                   sqrt(mean.as_is), sqrt(mean.planes));
    rgm_check_cause(v, "images were stored channels first, [C][H][W], and are read as [H][W][C]");
    rgm_check_mend(v, "write the file again with images of [H][W][C]: numpy.transpose(images, (0, 2, 3, 1))");
    return RGM_OK;
}

/* ---- what evaluation sees ---- */

static double correlation(const float *a, const float *b, size_t n) {
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0, m = (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i];
        sa += x, sb += y;
        aa += x * x, bb += y * y, ab += x * y;
    }
    double va = aa - sa * sa / m, vb = bb - sb * sb / m;
    if (va <= 1e-9 * m || vb <= 1e-9 * m) return 1; /* flat: nothing to compare */
    return (ab - sa * sb / m) / sqrt(va * vb);
}

/* Stored images as the net would see them, without a mean or a deviation: 0 if they are of another size. */
static rgm_status stored_images(const rgm_view *view, const rgm_seen *s, int64_t count, float *to, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(view->set);
    int64_t plane = (int64_t)s->H * s->W;
    if (info->encoded || info->H != s->H || info->W != s->W) return 0;
    uint8_t *image = malloc(s->floats);
    rgm_status status = image ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for an image");
    for (int64_t i = 0; i < count && status >= 0; i++) {
        status = rgm_dataset_read(view->set, view->split, rgm_view_index(view, i), image, err);
        for (int64_t p = 0; p < plane && status >= 0; p++)
            for (int32_t c = 0; c < s->C; c++)
                to[(size_t)i * s->floats + (size_t)(c * plane + p)] =
                    ((float)image[p * s->C + c] / 255 - s->mean[c]) / s->std[c];
    }
    free(image);
    return status < 0 ? status : 1;
}

/* Images that come out of evaluation otherwise than they are stored, or than the time before. */
static rgm_status count_changed(rgm_checking *c, const rgm_view *view, const rgm_seen *s, int64_t count,
                                int64_t *changed, rgm_error *err) {
    float *first = malloc(3 * sizeof *first * (size_t)count * s->floats);
    if (!first) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for batches");
    float *second = first + (size_t)count * s->floats, *stored = second + (size_t)count * s->floats;
    const rgm_seen_pass passes[] = {{.count = count, .to = first}, {.count = count, .epoch = 1, .to = second}};
    rgm_status status = rgm_seen_evaluation(c, view, &passes[0], err), have = 0;
    if (status >= 0) status = rgm_seen_evaluation(c, view, &passes[1], err);
    if (status >= 0) status = have = stored_images(view, s, count, stored, err);
    *changed = 0;
    for (int64_t i = 0; i < count && status >= 0; i++) {
        size_t at = (size_t)i * s->floats;
        int32_t same = memcmp(first + at, second + at, sizeof *first * s->floats) == 0;
        *changed += !same || (have && correlation(first + at, stored + at, s->floats) < 0.999);
    }
    free(first);
    return status < 0 ? status : RGM_OK;
}

rgm_status rgm_check_evaluation_pixels(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_data *data = c->session->data;
    const rgm_view *view = data->validation.count ? &data->validation : data->test.count ? &data->test : &data->train;
    const rgm_seen *s;
    int64_t changed = 0;
    RGM_TRY(rgm_checking_seen(c, &s, err));
    int64_t count = view->count < s->count ? view->count : s->count;
    if (count > 128) count = 128;
    RGM_TRY(count_changed(c, view, s, count, &changed, err));
    if (!changed)
        return rgm_check_pass(v, "%" PRId64 " images come out of evaluation as they are stored, twice", count);
    rgm_check_fail(v, "%" PRId64 " of %" PRId64 " images come out of evaluation otherwise than they are stored",
                   changed, count);
    rgm_check_cause(v, s->augments ? "images are augmented in evaluation, too" : "evaluation changes images");
    rgm_check_edit(v, "augment", "[]");
    return RGM_OK;
}

/* ---- training against evaluation ---- */

/* How mean and deviation of the same images differ. */
typedef struct apart {
    double shift, stretch; /* of the worst channel: in deviations of evaluation; a ratio, training over evaluation */
    double spread;         /* deviation of the images' means in training over that in evaluation */
} apart;

static double spread_of(const rgm_seen *s, const float *images) {
    double sum = 0, square = 0, n = (double)s->count;
    for (int64_t i = 0; i < s->count; i++) {
        double mean = 0;
        for (size_t p = 0; p < s->floats; p++) mean += (double)images[(size_t)i * s->floats + p] / (double)s->floats;
        sum += mean;
        square += mean * mean;
    }
    double variance = square / n - sum / n * (sum / n);
    return variance > 0 ? sqrt(variance) : 0;
}

static apart compare(const rgm_seen *s) {
    apart a = {.stretch = 1};
    moments plain = moments_of(s, s->plain);
    double shift[RGM_DATA_CHANNELS] = {0}, stretch[RGM_DATA_CHANNELS] = {0}, spread = 0;
    for (int32_t e = 0; e < RGM_SEEN_EPOCHS; e++) {
        moments m = moments_of(s, s->trained[e]);
        for (int32_t c = 0; c < s->C; c++) {
            shift[c] += (m.mean[c] - plain.mean[c]) / (plain.std[c] + 1e-9) / RGM_SEEN_EPOCHS;
            stretch[c] += m.std[c] / (plain.std[c] + 1e-9) / RGM_SEEN_EPOCHS;
        }
        spread += spread_of(s, s->trained[e]) / RGM_SEEN_EPOCHS;
    }
    for (int32_t c = 0; c < s->C; c++) {
        if (fabs(shift[c]) > fabs(a.shift)) a.shift = shift[c];
        if (fabs(log(stretch[c] + 1e-9)) > fabs(log(a.stretch))) a.stretch = stretch[c] + 1e-9;
    }
    a.spread = spread / (spread_of(s, s->plain) + 1e-9);
    return a;
}

/* Measured: docs/CHECKS.md. */
#define SHIFT_APART   0.35
#define SHIFT_FAR     0.8
#define STRETCH_APART 1.4
#define STRETCH_FAR   2.0
#define SPREAD_NONE   0.1

static double mean_std(const rgm_seen *s) {
    double std = 0;
    for (int32_t c = 0; c < s->C; c++) std += (double)s->std[c] / s->C;
    return std;
}

/* 1: what an augmentation moves of mean and deviation, in levels, is at least half of how far both are apart. */
static int32_t comes_of_augmentation(const rgm_seen *s, const apart *a, double levels) {
    return levels / (255 * mean_std(s)) >= 0.5 * (fabs(a->shift) + fabs(a->stretch - 1));
}

/* 1: what crop, cutout or random_erasing fill explains how far training and evaluation are apart. Whether that is too
 * much, augment_strength judges. `levels`: what it moves of mean and deviation. */
static int32_t is_filled(const rgm_seen *s, const apart *a, double levels) {
    double stretch = a->stretch > 1 ? a->stretch : 1 / a->stretch;
    double moved = 1.5 * levels / (255 * mean_std(s)); /* in deviations of pixels; channels differ */
    return fabs(a->shift) <= SHIFT_APART + moved && stretch <= STRETCH_APART * (1 + moved);
}

rgm_status rgm_check_train_evaluation(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_seen *s;
    int32_t place = -1;
    double levels = 0;
    RGM_TRY(rgm_checking_seen(c, &s, err));
    apart a = compare(s);
    double shift = fabs(a.shift), stretch = a.stretch > 1 ? a.stretch : 1 / a.stretch;
    int32_t own = s->augments && a.spread < SPREAD_NONE && s->count >= 32;
    if (shift <= SHIFT_APART && stretch <= STRETCH_APART && !own)
        return rgm_check_pass(v, "the same images: mean apart by %.2f deviations, deviation x %.2f in training",
                              a.shift, a.stretch);
    if (s->augments) RGM_TRY(rgm_augment_blame(c, &place, &levels, err));
    if (!own && place >= 0 && rgm_augment_fills(c, place) && is_filled(s, &a, levels))
        return rgm_check_pass(v,
                              "the same images: mean apart by %.2f deviations, deviation x %.2f in training, by what "
                              "%s fills",
                              a.shift, a.stretch, rgm_instance_name(c->session->model->components.augment[place]));
    int32_t far = shift > SHIFT_FAR || stretch > STRETCH_FAR || own, explained = comes_of_augmentation(s, &a, levels);
    (far ? rgm_check_fail : rgm_check_warn)(v,
                                            "the same images have a mean %.2f deviations apart and a deviation x %.2f "
                                            "in training; expected within %.2f and %.2f",
                                            a.shift, a.stretch, SHIFT_APART, STRETCH_APART);
    if (own) rgm_check_cause(v, "each image is normalised by itself in training, and not in evaluation");
    if (!explained) rgm_check_cause(v, "training and evaluation normalise pixels differently");
    if (place >= 0)
        rgm_check_cause(v, "augmentation %d, %s, changes brightness or contrast of all images, and evaluation does not",
                        place, rgm_instance_name(c->session->model->components.augment[place]));
    if (explained) return rgm_augment_without(c, place, v, err);
    rgm_check_mend(v, "make both pipelines normalise with the same mean and std");
    return RGM_OK;
}
