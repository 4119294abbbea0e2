#include "train/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "train/initialize.h"

/* The classifier's bias; NULL: it has none. */
static const float *head_bias(const rgm_session *s, const rgm_trainer *t) {
    rgm_state *state = malloc(sizeof *state);
    const float *bias = NULL;
    if (!state) return NULL;
    rgm_trainer_state(t, state);
    for (int32_t i = 0; i < rgm_graph_param_count(s->model->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->model->graph, i);
        if (p->head && p->role == RGM_ROLE_BIAS) bias = state->value + p->offset;
    }
    free(state);
    return bias;
}

/* The share that the loss spreads over all classes. */
static double smoothing(const rgm_session *s) {
    rgm_spec *spec = malloc(sizeof *spec); /* large */
    double share = 0;
    if (!spec) return 0;
    rgm_instance_spec(s->model->components.loss, spec);
    const char *text = rgm_spec_get(spec, "label_smoothing");
    if (text) share = strtod(text, NULL);
    free(spec);
    return share;
}

/* log p of each class, from the bias. */
static void log_probabilities(const rgm_session *s, const float *bias, int32_t classes, double *log_p) {
    double largest = -INFINITY, sum = 0;
    for (int32_t k = 0; k < classes; k++) {
        int32_t at = s->model->outputs == 1 ? 0 : k;
        log_p[k] = !bias || (s->model->outputs == 1 && k == 0) ? 0 : (double)bias[at];
        largest = fmax(largest, log_p[k]);
    }
    for (int32_t k = 0; k < classes; k++) sum += exp(log_p[k] - largest);
    for (int32_t k = 0; k < classes; k++) log_p[k] -= largest + log(sum);
}

/* counts become frequencies. */
static void measure(rgm_baseline *b, const double *frequency, const double *log_p, int32_t classes, double share) {
    double mean = 0, square = 0, even = 0;
    for (int32_t k = 0; k < classes; k++) even -= log_p[k] / classes;
    for (int32_t k = 0; k < classes; k++) {
        double q = (1 - share) * frequency[k] + share / classes, loss = (1 - share) * -log_p[k] + share * even;
        if (q > 0) b->constant -= q * log(q);
        mean += frequency[k] * loss;
        square += frequency[k] * loss * loss;
    }
    b->start = mean;
    b->spread = sqrt(fmax(square - mean * mean, 0));
}

rgm_status rgm_baseline_find(rgm_baseline *b, const rgm_session *s, const rgm_trainer *t, rgm_error *err) {
    const rgm_view *view = &s->data->train;
    int32_t classes = s->model->classes;
    *b = (rgm_baseline){.start = NAN, .constant = NAN, .spread = NAN};
    if (!view->set || !view->count || classes < 2) return RGM_OK;
    if (strcmp(rgm_instance_name(s->model->components.loss), "cross_entropy") != 0) return RGM_OK;
    double *frequency = calloc((size_t)classes * 2, sizeof *frequency);
    if (!frequency) return rgm_fail(err, RGM_E_NOMEM, "baseline: out of memory");
    rgm_count_classes(view, frequency);
    for (int32_t k = 0; k < classes; k++) frequency[k] /= (double)view->count;
    log_probabilities(s, head_bias(s, t), classes, frequency + classes);
    *b = (rgm_baseline){.known = 1};
    measure(b, frequency, frequency + classes, classes, smoothing(s));
    free(frequency);
    return RGM_OK;
}
