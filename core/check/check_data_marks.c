/* Marks: a spot that tells a class while its surroundings do not. What is shown changes slowly from pixel to pixel, and
 * so does what pixels tell of a class; a stamp, a date or a damaged pixel ends at its edge. R. Geirhos et al., Shortcut
 * learning in deep neural networks, Nature Machine Intelligence 2, 2020. */
#include "check/check_data_marks.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/cheap.h"

enum { TRAIN = RGM_SPLIT_TRAIN, BINS = 32, LEAST = 20, IMAGES_MOST = 2048, NEAR = 2, PARTS = 9 };

/* Of each value of the image and each class, how far the values of the class and of others are apart: the largest
 * difference of their distributions (Kolmogorov and Smirnov). */
typedef struct map {
    const rgm_lab_set *set;
    int64_t images, bytes;
    int32_t classes; /* that have enough images */
    int32_t *place;  /* [set's classes] in the map; -1: too few images */
    int32_t *label;  /* [classes] */
    int64_t *of;     /* [classes] images */
    float *apart;    /* [bytes][classes] */
    int32_t reach;   /* where the surroundings are */
} map;

static int64_t image_of(const map *m, int64_t i) { return i * m->set->count[TRAIN] / m->images; }

static rgm_status measure_map(map *m, const rgm_lab_set *s, rgm_error *err) {
    int32_t longer = s->H > s->W ? s->H : s->W;
    *m = (map){.set = s,
               .images = s->count[TRAIN] < IMAGES_MOST ? s->count[TRAIN] : IMAGES_MOST,
               .bytes = (int64_t)s->H * s->W * s->C,
               .place = malloc((size_t)s->classes * sizeof *m->place),
               .label = malloc((size_t)s->classes * sizeof *m->label),
               .of = calloc((size_t)s->classes, sizeof *m->of),
               .reach = longer / PARTS > NEAR ? longer / PARTS : NEAR};
    if (!m->place || !m->label || !m->of) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for marks");
    for (int64_t i = 0; i < m->images; i++) m->of[s->labels[TRAIN][image_of(m, i)]]++;
    for (int32_t k = 0; k < s->classes; k++) {
        int64_t images = m->of[k];
        m->place[k] = images >= LEAST ? m->classes : -1;
        if (images < LEAST) continue;
        m->label[m->classes] = k;
        m->of[m->classes++] = images;
    }
    m->apart = malloc((size_t)m->bytes * (size_t)m->classes * sizeof *m->apart + 1);
    return m->apart ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for marks");
}

static void free_map(map *m) {
    free(m->place);
    free(m->label);
    free(m->of);
    free(m->apart);
}

/* counts[classes][BINS] of a value, and of all images. */
static void count_value(const map *m, int64_t at, int32_t *counts, int32_t *all) {
    memset(counts, 0, sizeof *counts * BINS * (size_t)m->classes);
    memset(all, 0, sizeof *all * BINS);
    for (int64_t i = 0; i < m->images; i++) {
        int64_t image = image_of(m, i);
        int32_t bin = m->set->images[TRAIN][image * m->bytes + at] * BINS / 256,
                place = m->place[m->set->labels[TRAIN][image]];
        all[bin]++;
        if (place >= 0) counts[place * BINS + bin]++;
    }
}

static double apart_of(const int32_t *own, const int32_t *all, int64_t of, int64_t images) {
    double most = 0, others = (double)(images - of);
    int64_t below = 0, below_all = 0;
    for (int32_t b = 0; b < BINS && others > 0; b++) {
        below += own[b];
        below_all += all[b];
        most = fmax(most, fabs((double)below / (double)of - (double)(below_all - below) / others));
    }
    return most;
}

static rgm_status fill_map(map *m, rgm_error *err) {
    int32_t *counts = malloc(sizeof *counts * BINS * ((size_t)m->classes + 1)), *all = counts + BINS * m->classes;
    if (!counts) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for marks");
    for (int64_t at = 0; at < m->bytes; at++) {
        count_value(m, at, counts, all);
        for (int32_t k = 0; k < m->classes; k++)
            m->apart[at * m->classes + k] = (float)apart_of(counts + k * BINS, all, m->of[k], m->images);
    }
    free(counts);
    return RGM_OK;
}

/* ---- spots ---- */

static float at(const map *m, int32_t y, int32_t x, int32_t c, int32_t k) {
    const rgm_lab_set *s = m->set;
    if (y < 0 || x < 0 || y >= s->H || x >= s->W) return 0;
    return m->apart[(((int64_t)y * s->W + x) * s->C + c) * m->classes + k];
}

/* The most that the square around it tells, `reach` pixels away. */
static float around(const map *m, int32_t y, int32_t x, int32_t c, int32_t k) {
    float most = 0;
    int32_t r = m->reach;
    for (int32_t i = -r; i <= r; i++) {
        most = fmaxf(most, fmaxf(at(m, y - r, x + i, c, k), at(m, y + r, x + i, c, k)));
        most = fmaxf(most, fmaxf(at(m, y + i, x - r, c, k), at(m, y + i, x + r, c, k)));
    }
    return most;
}

typedef struct spot {
    int32_t y, x, k;
    double tells, near; /* there and around */
} spot;

#define SURPLUS 0.42 /* more than around; Fashion-MNIST's sneakers have 0.32 */
#define CLEAR   0.6
#define CHANCE  2.7 /* over the root of the images: of a million draws none is as far */

/* The clearest mark of a class. 0: there is none. */
static int32_t look_for(const map *m, int32_t k, spot *s) {
    double most = 0, chance = CHANCE / sqrt((double)m->of[k]);
    for (int32_t y = 0; y < m->set->H; y++)
        for (int32_t x = 0; x < m->set->W; x++)
            for (int32_t c = 0; c < m->set->C; c++) {
                double tells = (double)at(m, y, x, c, k);
                if (tells <= most || tells < chance + SURPLUS / 2) continue;
                double near = (double)around(m, y, x, c, k);
                if (tells - near <= most) continue;
                most = tells - near;
                *s = (spot){y, x, k, tells, near};
            }
    return most >= SURPLUS;
}

static void judge(const map *m, rgm_verdict *v) {
    spot s = {0}, best = {0};
    int32_t marked = 0;
    for (int32_t k = 0; k < m->classes; k++) {
        if (!look_for(m, k, &s)) continue;
        marked++;
        if (s.tells - s.near > best.tells - best.near) best = s;
    }
    if (!marked) {
        rgm_check_pass(v, "no spot tells a class that its surroundings do not tell");
        return;
    }
    rgm_check_fail(
        v,
        "%d of %d classes have a mark: at row %d, column %d values of class %d are %.0f %% apart from others', "
        "%d pixels away %.0f %%",
        marked, m->classes, best.y, best.x, m->label[best.k], 100 * best.tells, m->reach, 100 * best.near);
    rgm_check_cause(
        v, "a mark tells the class, a shortcut: a stamp, a border or a changed pixel that goes with the label");
    rgm_check_mend(v, "cover the mark in all images, or make the set again without it");
}

rgm_status rgm_check_marks(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *cheap;
    map m;
    RGM_TRY(rgm_checking_cheap(c, &cheap, err));
    rgm_status status = measure_map(&m, &cheap->set, err);
    if (status >= 0 && m.classes) status = fill_map(&m, err);
    if (status >= 0 && m.classes)
        judge(&m, v);
    else if (status >= 0)
        rgm_check_not(v, "no class has %d images: too few to tell a mark from chance", LEAST);
    free_map(&m);
    return status;
}
