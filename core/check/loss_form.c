#include "check/loss_form.h"

#include <math.h>
#include <stddef.h>

/* ---- closed forms of one sample ---- */

/* One sample: logit(k) of `classes` classes; one logit is that of class 1 beside 0. */
typedef struct sample {
    const float *z;
    int32_t outputs, label;
} sample;

static int32_t classes_of(const sample *s) { return s->outputs > 1 ? s->outputs : 2; }

static double logit(const sample *s, int32_t k) {
    if (s->outputs == 1) return k ? (double)s->z[0] : 0;
    return (double)s->z[k];
}

typedef double (*map_fn)(const sample *s, int32_t k);

/* log of the sum of exp of what the map makes of the logits */
static double log_sum(const sample *s, map_fn map) {
    double largest = -INFINITY, sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++) largest = fmax(largest, map(s, k));
    for (int32_t k = 0; k < classes_of(s); k++) sum += exp(map(s, k) - largest);
    return largest + log(sum);
}

static double entropy_of(const sample *s, map_fn map) { return log_sum(s, map) - map(s, s->label); }

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double probability(const sample *s, int32_t k) { return exp(logit(s, k) - log_sum(s, logit)); }

/* A single logit's map leaves the other class' zero alone. */
static double sigmoid_of(const sample *s, int32_t k) { return s->outputs == 1 && !k ? 0 : sigmoid(logit(s, k)); }
static double tanh_of(const sample *s, int32_t k) { return tanh(logit(s, k)); }
static double relu_of(const sample *s, int32_t k) { return fmax(logit(s, k), 0); }

static double cross_entropy(const sample *s) { return entropy_of(s, logit); }
static double softmax_twice(const sample *s) { return entropy_of(s, probability); }
static double after_sigmoid(const sample *s) { return entropy_of(s, sigmoid_of); }
static double after_tanh(const sample *s) { return entropy_of(s, tanh_of); }
static double after_relu(const sample *s) { return entropy_of(s, relu_of); }

/* The mean over all classes, of which smoothing takes a share. */
static double mean_entropy(const sample *s) {
    double sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++) sum += logit(s, k);
    return log_sum(s, logit) - sum / classes_of(s);
}

static double squares(const sample *s, map_fn map) {
    double sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++) {
        double apart = map(s, k) - (k == s->label);
        sum += apart * apart;
    }
    return sum;
}
static double square_logits(const sample *s) {
    double one = (double)s->z[0] - s->label;
    return s->outputs == 1 ? one * one : squares(s, logit);
}
static double square_probabilities(const sample *s) { return squares(s, probability); }
static double square_sigmoids(const sample *s) { return squares(s, sigmoid_of); }

static double distances(const sample *s, map_fn map) {
    double sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++) sum += fabs(map(s, k) - (k == s->label));
    return sum;
}
static double absolute_logits(const sample *s) {
    return s->outputs == 1 ? fabs((double)s->z[0] - s->label) : distances(s, logit);
}
static double absolute_probabilities(const sample *s) { return distances(s, probability); }

static double minus_logit(const sample *s) {
    if (s->outputs == 1) return s->label ? -(double)s->z[0] : (double)s->z[0];
    return -logit(s, s->label);
}
static double minus_probability(const sample *s) { return -probability(s, s->label); }

/* One class against the rest, each with a sigmoid. */
static double one_against_rest(const sample *s) {
    double sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++) {
        double z = k == s->label ? -logit(s, k) : logit(s, k);
        sum += z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
    }
    return sum;
}

/* Lin et al. 2017, "Focal loss for dense object detection". */
static double focal(const sample *s, double gamma) {
    return pow(1 - probability(s, s->label), gamma) * cross_entropy(s);
}
static double focal_half(const sample *s) { return focal(s, 0.5); }
static double focal_1(const sample *s) { return focal(s, 1); }
static double focal_2(const sample *s) { return focal(s, 2); }
static double focal_3(const sample *s) { return focal(s, 3); }
static double focal_5(const sample *s) { return focal(s, 5); }

/* Weston and Watkins; Crammer and Singer. */
static double hinge_sum(const sample *s) {
    double sum = 0;
    for (int32_t k = 0; k < classes_of(s); k++)
        if (k != s->label) sum += fmax(0, 1 + logit(s, k) - logit(s, s->label));
    return sum;
}
static double hinge_largest(const sample *s) {
    double largest = 0;
    for (int32_t k = 0; k < classes_of(s); k++)
        if (k != s->label) largest = fmax(largest, 1 + logit(s, k) - logit(s, s->label));
    return largest;
}

typedef struct known {
    const char *name;
    double (*loss)(const sample *s);
    int32_t kind;
} known;

static const known forms[] = {
    {"the cross-entropy of a softmax of a softmax", softmax_twice, RGM_FORM_WRONG},
    {"the cross-entropy of sigmoids of the logits", after_sigmoid, RGM_FORM_WRONG},
    {"the cross-entropy of tanh of the logits", after_tanh, RGM_FORM_WRONG},
    {"the cross-entropy of ReLU of the logits", after_relu, RGM_FORM_WRONG},
    {"the right class' logit alone", minus_logit, RGM_FORM_WRONG},
    {"the right class' probability without its logarithm", minus_probability, RGM_FORM_WEAK},
    {"the squared error of the logits", square_logits, RGM_FORM_WEAK},
    {"the squared error of the probabilities", square_probabilities, RGM_FORM_WEAK},
    {"the squared error of sigmoids", square_sigmoids, RGM_FORM_WEAK},
    {"the absolute error of the logits", absolute_logits, RGM_FORM_WEAK},
    {"the absolute error of the probabilities", absolute_probabilities, RGM_FORM_WEAK},
    {"each class against the rest", one_against_rest, RGM_FORM_RIGHT},
    {"a focal loss (0.5)", focal_half, RGM_FORM_RIGHT},
    {"a focal loss (1)", focal_1, RGM_FORM_RIGHT},
    {"a focal loss (2)", focal_2, RGM_FORM_RIGHT},
    {"a focal loss (3)", focal_3, RGM_FORM_RIGHT},
    {"a focal loss (5)", focal_5, RGM_FORM_RIGHT},
    {"a hinge loss", hinge_sum, RGM_FORM_RIGHT},
    {"a hinge loss", hinge_largest, RGM_FORM_RIGHT},
};
enum { FORMS = sizeof forms / sizeof *forms };

/* ---- fits ---- */

static sample sample_of(const rgm_loss_samples *s, int32_t i) {
    return (sample){s->logits + (size_t)i * (size_t)s->outputs, s->outputs, s->labels[i]};
}

static double apart_of(double rest, double all) { return all > 0 ? sqrt(rest / all) : rest > 0 ? INFINITY : 0; }

/* loss = a * of the right class + b * mean over classes. Without smoothing b is 0. */
static void fit_entropy(const rgm_loss_samples *s, rgm_loss_form *form) {
    double ee = 0, em = 0, mm = 0, le = 0, lm = 0, ll = 0, rest = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        double e = cross_entropy(&one), m = mean_entropy(&one), l = s->loss[i];
        ee += e * e, em += e * m, mm += m * m, le += l * e, lm += l * m, ll += l * l;
    }
    double det = ee * mm - em * em, a = (le * mm - lm * em) / det, b = (lm * ee - le * em) / det;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        double apart = s->loss[i] - a * cross_entropy(&one) - b * mean_entropy(&one);
        rest += apart * apart;
    }
    *form = (rgm_loss_form){.name = "cross-entropy",
                            .kind = RGM_FORM_RIGHT,
                            .entropy = 1,
                            .factor = a + b,
                            .smoothing = fabs(b) < RGM_FORM_APART * fabs(a) ? 0 : b / (a + b),
                            .apart = apart_of(rest, ll)};
}

/* loss = factor * form, over the samples of one class; of all with label -1. */
static void fit_factor(const rgm_loss_samples *s, double (*loss)(const sample *), int32_t label, rgm_loss_form *form) {
    double ff = 0, lf = 0, ll = 0, rest = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        if (label >= 0 && one.label != label) continue;
        double f = loss(&one);
        ff += f * f, lf += s->loss[i] * f, ll += s->loss[i] * s->loss[i];
    }
    form->factor = ff > 0 ? lf / ff : 0;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        if (label >= 0 && one.label != label) continue;
        double apart = s->loss[i] - form->factor * loss(&one);
        rest += apart * apart;
    }
    form->apart = apart_of(rest, ll);
}

/* loss = offset + factor * form: a probability is often told as 1 - p. */
static void fit_line(const rgm_loss_samples *s, double (*loss)(const sample *), rgm_loss_form *form) {
    double n = s->count, f1 = 0, l1 = 0, ff = 0, lf = 0, ll = 0, rest = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        double f = loss(&one), l = s->loss[i];
        f1 += f, l1 += l, ff += f * f, lf += l * f, ll += l * l;
    }
    double det = n * ff - f1 * f1;
    form->factor = det > 0 ? (n * lf - l1 * f1) / det : 0;
    double offset = (l1 - form->factor * f1) / n;
    for (int32_t i = 0; i < s->count; i++) {
        const sample one = sample_of(s, i);
        double apart = s->loss[i] - offset - form->factor * loss(&one);
        rest += apart * apart;
    }
    form->apart = apart_of(rest, ll);
}

/* A cross-entropy whose factor depends on the class. */
static void fit_weights(const rgm_loss_samples *s, rgm_loss_form *form) {
    double sum = 0, worst = 0;
    int32_t classes = 0;
    for (int32_t i = 0; i < s->count; i++) {
        rgm_loss_form of = {0};
        int32_t seen = 0;
        for (int32_t j = 0; j < i; j++) seen |= s->labels[j] == s->labels[i];
        if (seen) continue;
        fit_factor(s, cross_entropy, s->labels[i], &of);
        worst = fmax(worst, of.factor > 0 ? of.apart : INFINITY);
        sum += of.factor;
        classes++;
    }
    *form = (rgm_loss_form){.name = "cross-entropy with weights of classes",
                            .kind = RGM_FORM_RIGHT,
                            .entropy = 1,
                            .weighted = 1,
                            .factor = sum / classes,
                            .apart = worst};
}

/* What is 0 everywhere has no form. */
static int32_t fits(const rgm_loss_form *form) { return form->apart <= RGM_FORM_APART && fabs(form->factor) > 1e-9; }

void rgm_loss_form_find(const rgm_loss_samples *s, rgm_loss_form *form) {
    fit_entropy(s, form);
    if (fits(form)) return;
    for (int32_t i = 0; i < FORMS; i++) {
        *form = (rgm_loss_form){.name = forms[i].name, .kind = forms[i].kind};
        fit_factor(s, forms[i].loss, -1, form);
        if (!fits(form) && forms[i].kind != RGM_FORM_RIGHT) fit_line(s, forms[i].loss, form);
        if (fits(form)) return;
    }
    fit_weights(s, form);
    if (fits(form)) return;
    *form = (rgm_loss_form){.kind = RGM_FORM_RIGHT, .apart = form->apart};
}
