/* Classes and splits: what is there, and how much of it. */
#include "check/check_data_classes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = RGM_SPLIT_TRAIN, TEST = RGM_SPLIT_TEST, VALIDATION = RGM_SPLIT_VALIDATION, SPLITS = RGM_SPLIT_COUNT };

/* Images of each class in each view; views in the order of the splits. */
typedef struct census {
    int32_t classes;
    int64_t images[SPLITS];
    double *of[SPLITS]; /* [classes], one allocation */
    const rgm_dataset *set;
} census;

static const rgm_view *view_at(const rgm_checking *c, int32_t i) {
    const rgm_data *d = c->session->data;
    return i == TRAIN ? &d->train : i == TEST ? &d->test : &d->validation;
}

static rgm_status count(const rgm_checking *c, census *s, rgm_error *err) {
    /* those of the data: a net with others is not the set's fault */
    *s = (census){.classes = rgm_view_classes(&c->session->data->train), .set = c->session->data->set};
    double *all = calloc((size_t)s->classes * SPLITS, sizeof *all);
    if (!all) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for classes");
    for (int32_t i = 0; i < SPLITS; i++) {
        const rgm_view *view = view_at(c, i);
        s->of[i] = all + (int64_t)i * s->classes;
        s->images[i] = view->count;
        const int32_t *labels = rgm_dataset_labels(view->set, view->split);
        for (int64_t k = 0; k < view->count; k++) s->of[i][rgm_view_class(view, labels[rgm_view_index(view, k)])]++;
    }
    return RGM_OK;
}

static const char *split_text(int32_t i) { return i == TRAIN ? "training" : i == TEST ? "test" : "validation"; }

static double all_of(const census *s, int32_t k) { return s->of[TRAIN][k] + s->of[TEST][k] + s->of[VALIDATION][k]; }

static void list_class(const census *s, int32_t k, int32_t number, char text[160]) {
    char room[RGM_CLASS_ROOM];
    size_t at = strlen(text);
    if (number < 5) snprintf(text + at, 160 - at, "%s%.24s", number ? ", " : "", rgm_class_of(s->set, k, room));
    if (number == 5) snprintf(text + at, 160 - at, ", ...");
}

/* ---- classes that are missing ---- */

/* Without it in training, a class cannot be learnt. */
static int32_t missing_in_training(const census *s, rgm_verdict *v) {
    char text[160] = "";
    int32_t absent = 0, elsewhere = 0, present = 0;
    for (int32_t k = 0; k < s->classes; k++) {
        present += s->of[TRAIN][k] > 0;
        if (s->of[TRAIN][k] > 0) continue;
        elsewhere += all_of(s, k) > 0;
        list_class(s, k, absent++, text);
    }
    if (!absent) return 0;
    if (present < 2) {
        rgm_check_fail(v, "all %" PRId64 " training images are of one class: there is nothing to tell apart",
                       s->images[TRAIN]);
        rgm_check_cause(v, "labels were not written, or only one class was imported");
    } else if (elsewhere) {
        rgm_check_fail(v, "%d of %d classes have no training image, but images elsewhere: %s", elsewhere, s->classes,
                       text);
        rgm_check_cause(v, "classes were lost from the training split when it was drawn");
    } else {
        rgm_check_warn(v, "%d of %d classes have no image at all: %s", absent, s->classes, text);
        rgm_check_cause(v, s->of[TRAIN][0] <= 0 && absent == 1 ? "labels count from 1, and should from 0"
                                                               : "the set has more names of classes than classes");
    }
    rgm_check_mend(v, "import the set again: every class needs training images");
    return 1;
}

/* A class whose images should be so many, by its share of the training images, that none there is no chance. */
#define EXPECTED_IMAGES 7.0 /* exp(-7) = 0.0009 */

static int32_t missing_in_judging(const census *s, rgm_verdict *v) {
    for (int32_t i = TEST; i < SPLITS; i++) {
        char text[160] = "";
        int32_t absent = 0;
        for (int32_t k = 0; k < s->classes && s->images[i]; k++) {
            double expected = s->of[TRAIN][k] / (double)s->images[TRAIN] * (double)s->images[i];
            if (s->of[i][k] <= 0 && expected >= EXPECTED_IMAGES) list_class(s, k, absent++, text);
        }
        if (!absent) continue;
        rgm_check_fail(v, "%d of %d classes have no image in the %s split: %s", absent, s->classes, split_text(i),
                       text);
        rgm_check_cause(v,
                        "classes were lost from the %s split when it was drawn: nothing says how well they are learnt",
                        split_text(i));
        if (i == VALIDATION)
            rgm_check_mend(v,
                           "leave the validation split out of the file: then data.validation draws one of all classes");
        else
            rgm_check_mend(v, "import the set again: draw the splits by class");
        return 1;
    }
    return 0;
}

rgm_status rgm_check_classes(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    census s;
    RGM_TRY(count(c, &s, err));
    if (!missing_in_training(&s, v) && !missing_in_judging(&s, v))
        rgm_check_pass(v, "%d classes, with images in every split", s.classes);
    free(s.of[0]);
    return RGM_OK;
}

/* ---- balance ---- */

/* CIFAR-10 with classes up to 10 times as large as others costs 7 points, 100 times 23 (Y. Cui et al., Class-balanced
 * loss, CVPR 2019, table 2: 93.6, 86.6 and 70.4 %). */
#define UNBALANCED 10.0
#define LOPSIDED   50.0
#define BY_CHANCE  6.0 /* square roots of the mean: 1,000 classes of equal chance lie within 3.3 on either side */

rgm_status rgm_check_balance(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    census s;
    RGM_TRY(count(c, &s, err));
    double largest = 0, smallest = INFINITY, present = 0;
    for (int32_t k = 0; k < s.classes; k++) {
        present += s.of[TRAIN][k] > 0;
        if (s.of[TRAIN][k] > largest) largest = s.of[TRAIN][k];
        if (s.of[TRAIN][k] > 0 && s.of[TRAIN][k] < smallest) smallest = s.of[TRAIN][k];
    }
    free(s.of[0]);
    double ratio = largest / smallest, guess = 100 * largest / (double)s.images[TRAIN];
    int32_t declared = rgm_config_given(c->given, "prior_bias") && c->config->prior_bias;
    int32_t chance = largest - smallest < BY_CHANCE * sqrt((double)s.images[TRAIN] / present);
    if (ratio < UNBALANCED || chance || declared)
        return rgm_check_pass(
            v, "the largest class has %.1f times the images of the smallest%s; guessing it is right about %.1f %%",
            ratio,
            ratio < UNBALANCED ? ""
            : chance           ? ", as chance has it of so few"
                               : ", as prior_bias says",
            guess);
    if (ratio >= LOPSIDED)
        rgm_check_fail(
            v, "the largest class has %.0f times the images of the smallest: guessing it is right about %.1f %%", ratio,
            guess);
    else
        rgm_check_warn(
            v, "the largest class has %.0f times the images of the smallest: guessing it is right about %.1f %%", ratio,
            guess);
    rgm_check_cause(v, "classes are unbalanced, and the configuration does not say so: accuracy hides the small ones");
    rgm_check_cause(v, "images of small classes were lost");
    rgm_check_edit(v, "prior_bias", "true");
    return RGM_OK;
}

/* Half the sum of differences of shares: 0 the same, 1 disjoint. By chance it is about sqrt(K / (2 pi n)) for n
 * images. */
#define OTHER_SHARES 0.1

static double expected_distance(const census *s, int32_t i) {
    double sum = 0;
    for (int32_t k = 0; k < s->classes; k++) {
        double p = s->of[TRAIN][k] / (double)s->images[TRAIN];
        sum += sqrt(2 * p * (1 - p) * (1 / (double)s->images[i] + 1 / (double)s->images[TRAIN]) / 3.14159265358979);
    }
    return sum / 2;
}

rgm_status rgm_check_shares(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    census s;
    RGM_TRY(count(c, &s, err));
    double worst = 0, chance = 0;
    int32_t at = -1;
    for (int32_t i = TEST; i < SPLITS; i++) {
        double distance = 0;
        if (!s.images[i]) continue;
        for (int32_t k = 0; k < s.classes; k++)
            distance += fabs(s.of[i][k] / (double)s.images[i] - s.of[TRAIN][k] / (double)s.images[TRAIN]) / 2;
        if (at >= 0 && distance <= worst) continue;
        worst = distance;
        chance = expected_distance(&s, i);
        at = i;
    }
    free(s.of[0]);
    int32_t declared = rgm_config_given(c->given, "prior_bias") && c->config->prior_bias;
    if (at < 0) return rgm_check_not(v, "there is no split but the training split");
    if (worst < OTHER_SHARES || worst < 3 * chance || declared)
        return rgm_check_pass(v, "%.1f %% of images would have to change class for the %s split's shares", 100 * worst,
                              split_text(at));
    rgm_check_warn(v, "%.0f %% of images would have to change class for the %s split's shares, expected below %.0f %%",
                   100 * worst, split_text(at), 100 * OTHER_SHARES);
    rgm_check_cause(v, "the splits have other shares of the classes: what is trained for is not what is judged");
    rgm_check_mend(v, "import the set again: draw the splits by class");
    return RGM_OK;
}

/* ---- splits ---- */

/* Of 50 images, an accuracy of 90 % has an interval of 17 points. */
enum { JUDGED_LEAST = 50 };

rgm_status rgm_check_validation(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    (void)err;
    int64_t images = c->session->data->validation.count;
    if (images >= JUDGED_LEAST || (images && c->session->data->train.count < 10 * JUDGED_LEAST))
        return rgm_check_pass(v, "%" PRId64 " images for validation", images);
    if (!images) {
        rgm_check_fail(
            v, "there are no images for validation: nothing chooses the best epoch, and nothing shows overfitting");
        rgm_check_cause(v, "no validation split: neither the file nor data.validation gives one");
    } else {
        rgm_check_warn(v,
                       "%" PRId64 " images for validation, expected %d or more: an accuracy of 90 %% is +- %.0f points",
                       images, JUDGED_LEAST, 196 * sqrt(0.09 / (double)images));
        rgm_check_cause(v, "the validation split is too small to tell anything");
    }
    if (!images || c->session->data->holdout.indices)
        rgm_check_edit(v, "data.validation", "0.1");
    else
        rgm_check_mend(v, "leave the validation split out of the file: then data.validation draws one");
    return RGM_OK;
}

/* Classes of so few images teach little else than these images. */
#define IMAGES_LEAST 20.0

rgm_status rgm_check_enough(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    census s;
    RGM_TRY(count(c, &s, err));
    double mean = (double)s.images[TRAIN] / s.classes;
    free(s.of[0]);
    if (mean >= IMAGES_LEAST)
        return rgm_check_not(
            v,
            "needs the learning curve: %.0f training images a class; whether more would pay, one short "
            "training cannot show",
            mean);
    rgm_check_warn(v, "%.1f training images a class, expected %.0f or more", mean, IMAGES_LEAST);
    rgm_check_cause(v, "too few images: a net learns them by heart");
    rgm_check_mend(v, "more images, or pretrained weights (--checkpoint)");
    return RGM_OK;
}
