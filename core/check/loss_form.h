/* Which loss it is: losses of single samples on made-up logits, compared with what is known in closed form.
 *
 * The comparison allows a factor. It tells a cross-entropy with its smoothing and its weights of classes. It tells
 * other losses that training goes well with, and forms that slips give: a softmax too many, squared errors,
 * probabilities without a logarithm.
 */
#ifndef RGM_CHECK_LOSS_FORM_H
#define RGM_CHECK_LOSS_FORM_H

#include <stdint.h>

/* What is thought of a form. */
enum { RGM_FORM_RIGHT = 0, RGM_FORM_WEAK = 1, RGM_FORM_WRONG = 2 };

typedef struct rgm_loss_form {
    const char *name; /* "cross-entropy"; NULL: none that is known */
    int32_t kind;     /* RGM_FORM_* */
    int32_t entropy;  /* 1: a cross-entropy of softmax, so that `factor` and `smoothing` are its own */
    int32_t weighted; /* 1: its factor depends on the class; `factor` is their mean */
    double factor;    /* of the closed form */
    double smoothing; /* share of the target that is spread over all classes */
    double apart;     /* how far the samples' losses are from the form: root of the mean square, relative */
} rgm_loss_form;

/* Samples: logits and classes, and what the loss says of each. */
typedef struct rgm_loss_samples {
    int32_t count, outputs; /* outputs 1: one logit, of class 1 */
    const float *logits;    /* [count][outputs] */
    const int32_t *labels;  /* [count] */
    const double *loss;     /* [count] */
} rgm_loss_samples;

/* The first form within RGM_FORM_APART of all samples. At least 4 samples of each class that occurs. */
#define RGM_FORM_APART 2e-3
void rgm_loss_form_find(const rgm_loss_samples *samples, rgm_loss_form *form);

#endif
