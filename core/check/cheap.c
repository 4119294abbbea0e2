#include "check/cheap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Fewer training images a class are sparse. */
enum { SPARSE = 10 };

static void drop(void *kept) {
    rgm_cheap *m = kept;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        free(m->x[split]);
        if (split != RGM_SPLIT_TRAIN) free(m->scores[split]);
    }
    rgm_ridge_free(&m->ridge);
    rgm_features_free(&m->features);
    rgm_lab_set_free(&m->set);
    free(m);
}

static rgm_status take_images(rgm_checking *c, rgm_cheap *m, rgm_error *err) {
    int64_t other = rgm_checking_fit(c, RGM_CHEAP_OTHER);
    const rgm_lab_wish wish = {
        .train = rgm_checking_fit(c, RGM_CHEAP_TRAIN), .validation = other, .test = other, .seed = 1};
    return rgm_lab_set_make(&m->set, c->session, &wish, err);
}

static rgm_status take_features(rgm_checking *c, rgm_cheap *m, rgm_error *err) {
    const rgm_lab_set *s = &m->set;
    const rgm_features_of of = {
        s->H, s->W, s->C, s->images[RGM_SPLIT_TRAIN], s->count[RGM_SPLIT_TRAIN], .seed = c->config->seed};
    RGM_TRY(rgm_features_make(&m->features, &of, err));
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!s->count[split]) continue;
        m->x[split] = malloc(sizeof(float) * (size_t)s->count[split] * (size_t)m->features.width);
        if (!m->x[split]) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for features");
        RGM_TRY(rgm_features_take(&m->features, c->device->team, s->images[split], s->count[split], m->x[split], err));
    }
    return RGM_OK;
}

static rgm_status fit(rgm_checking *c, rgm_cheap *m, rgm_error *err) {
    const rgm_lab_set *s = &m->set;
    const rgm_ridge_job job = {.team = c->device->team,
                               .rows = s->count[RGM_SPLIT_TRAIN],
                               .width = m->features.width,
                               .classes = s->classes,
                               .x = m->x[RGM_SPLIT_TRAIN],
                               .labels = s->labels[RGM_SPLIT_TRAIN],
                               .stop = c->options->stop};
    RGM_TRY(rgm_ridge_fit(&m->ridge, &job, err));
    m->scores[RGM_SPLIT_TRAIN] = m->ridge.left_out;
    for (int32_t split = RGM_SPLIT_TRAIN + 1; split < RGM_SPLIT_COUNT; split++) {
        if (!s->count[split]) continue;
        m->scores[split] = malloc(sizeof(float) * (size_t)s->count[split] * (size_t)s->classes);
        if (!m->scores[split]) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for scores");
        RGM_TRY(rgm_ridge_scores(&m->ridge, c->device->team, m->x[split], s->count[split], m->scores[split], err));
    }
    return RGM_OK;
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    RGM_TRY(take_images(c, kept, err));
    RGM_TRY(take_features(c, kept, err));
    return fit(c, kept, err);
}

rgm_status rgm_checking_cheap(rgm_checking *c, const rgm_cheap **cheap, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_CHEAP, sizeof(rgm_cheap), make, drop};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *cheap = kept;
    return RGM_OK;
}

/* ---- what scores say ---- */

int32_t rgm_cheap_guess(const float *scores, int32_t classes, double *ahead) {
    int32_t best = 0;
    float second = -1e30f;
    for (int32_t k = 1; k < classes; k++) {
        if (scores[k] > scores[best]) {
            second = scores[best];
            best = k;
        } else if (scores[k] > second) {
            second = scores[k];
        }
    }
    if (ahead) *ahead = (double)scores[best] - (double)second;
    return best;
}

int64_t rgm_cheap_right(const float *scores, const int32_t *labels, int64_t count, int32_t classes) {
    int64_t right = 0;
    for (int64_t i = 0; i < count; i++) right += rgm_cheap_guess(scores + i * classes, classes, NULL) == labels[i];
    return right;
}

int64_t rgm_cheap_majority(const int32_t *labels, int64_t count, int32_t classes) {
    int64_t most = 0, *of = calloc((size_t)classes, sizeof *of);
    for (int64_t i = 0; of && i < count; i++)
        if (++of[labels[i]] > most) most = of[labels[i]];
    free(of);
    return most;
}

int32_t rgm_cheap_is_sparse(const rgm_cheap *cheap) {
    const rgm_lab_set *s = &cheap->set;
    int64_t present = 0, n = s->count[RGM_SPLIT_TRAIN];
    uint8_t *has = calloc((size_t)s->classes, 1);
    for (int64_t i = 0; has && i < n; i++) {
        uint8_t *at = &has[s->labels[RGM_SPLIT_TRAIN][i]];
        present += !*at;
        *at = 1;
    }
    free(has);
    return n < SPARSE * present;
}
