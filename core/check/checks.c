#include "check/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "inspect/inspect.h"

/* ---- what checks share ---- */

rgm_status rgm_checking_trainer(rgm_checking *c, rgm_trainer **trainer, rgm_error *err) {
    if (c->stepped) rgm_trainer_destroy(c->trainer);
    if (c->stepped) c->trainer = NULL;
    c->stepped = 0;
    if (!c->trainer) RGM_TRY(rgm_trainer_create(&c->trainer, c->session, &(rgm_trainer_options){.training = 1}, err));
    *trainer = c->trainer;
    return RGM_OK;
}

/* Pixels that an inspection reads, all channels as one. Encoded pictures are as large as the usual one. */
static double pixels_of(const rgm_dataset_info *info) {
    double images = 0, side = info->pictures.shorter;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) images += (double)info->count[split];
    return images * (info->encoded ? side * side : (double)info->H * info->W);
}

enum { QUICK_NEAR = 20000 }; /* images: 2e8 pairs, a tenth of Fashion-MNIST's */
#define QUICK_PIXELS 2e9     /* Fashion-MNIST has 5.5e7, CIFAR-10 6e7, ImageNet 2e11 */

rgm_status rgm_checking_inspection(rgm_checking *c, const rgm_inspection **inspection, rgm_error *err) {
    *inspection = NULL;
    if (c->options->quick && pixels_of(rgm_dataset_describe(c->session->data->set)) > QUICK_PIXELS) return RGM_OK;
    if (!c->inspection) {
        const rgm_inspect_options options = {.set = c->session->data->set,
                                             .device = c->device,
                                             .near_most = c->options->quick ? QUICK_NEAR : 0,
                                             .stop = c->options->stop};
        rgm_inspection *made = calloc(1, sizeof *made);
        if (!made) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for an inspection");
        rgm_status status = rgm_inspect(&options, made, err);
        if (status < 0) {
            rgm_inspection_free(made);
            free(made);
            return status;
        }
        c->inspection = made;
    }
    *inspection = c->inspection;
    return RGM_OK;
}

/* Large images are dear to train on: fewer of them. */
enum { HELD_BYTES = 64 << 20 };

int64_t rgm_checking_fit(const rgm_checking *c, int64_t most) {
    const rgm_dataset_info *info = rgm_dataset_describe(c->session->data->set);
    const int32_t *image = c->config->model.image;
    int64_t bytes = info->encoded ? (int64_t)image[0] * image[1] * image[2] : (int64_t)info->C * info->H * info->W;
    int64_t fit = HELD_BYTES / bytes + 2;
    return fit < most ? fit : most;
}

rgm_status rgm_checking_small(rgm_checking *c, const rgm_lab_set **set, rgm_error *err) {
    if (!c->small.set) {
        /* of a small batch fewer images, so that an epoch, and with it the schedule, is no longer than a training */
        int64_t enough = (int64_t)RGM_REFERENCE_STEPS * c->config->batch, most = enough > 512 ? enough : 512;
        const rgm_lab_wish wish = {.train = rgm_checking_fit(c, most < RGM_SMALL_TRAIN ? most : RGM_SMALL_TRAIN),
                                   .validation = rgm_checking_fit(c, RGM_SMALL_VALIDATION),
                                   .seed = c->config->seed};
        rgm_status status = rgm_lab_set_make(&c->small, c->session, &wish, err);
        if (status < 0) rgm_lab_set_free(&c->small);
        RGM_TRY(status);
    }
    *set = &c->small;
    return RGM_OK;
}

rgm_status rgm_checking_train(rgm_checking *c, const rgm_dataset *set, rgm_lab_settings settings, int64_t steps,
                              rgm_lab_result *result, rgm_error *err) {
    rgm_trainer_destroy(c->trainer); /* two of them may not fit */
    c->trainer = NULL;
    c->stepped = 0;
    const rgm_lab_job job = {.config = c->config,
                             .settings = settings,
                             .device = c->device,
                             .set = set,
                             .steps = steps,
                             .no_evaluations = 1,
                             .stop = c->options->stop};
    return rgm_lab_train(&job, result, err);
}

rgm_status rgm_checking_reference(rgm_checking *c, const rgm_lab_result **result, rgm_error *err) {
    if (!c->healthy) {
        const rgm_lab_set *small;
        RGM_TRY(rgm_checking_small(c, &small, err));
        rgm_lab_result *made = malloc(sizeof *made);
        if (!made) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
        rgm_status status = rgm_checking_train(c, small->set, NULL, RGM_REFERENCE_STEPS, made, err);
        if (status < 0) {
            free(made);
            return status;
        }
        c->healthy = made;
    }
    *result = c->healthy;
    return RGM_OK;
}

rgm_status rgm_checking_keep(rgm_checking *c, const rgm_kept *what, void **kept, rgm_error *err) {
    if (!c->kept[what->place]) {
        void *made = calloc(1, what->bytes);
        if (!made) return rgm_fail(err, RGM_E_NOMEM, "checks: out of memory");
        rgm_status status = what->make(c, made, err);
        if (status < 0) {
            what->drop(made);
            return status;
        }
        c->kept[what->place] = made;
        c->drop[what->place] = what->drop;
    }
    *kept = c->kept[what->place];
    return RGM_OK;
}

/* ---- filling a verdict ---- */

static void write_line(char *to, const char *format, va_list arguments) {
    vsnprintf(to, RGM_VERDICT_LINE, format, arguments);
}

#define FILL(kind)                                                                                                     \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    v->verdict = (kind);                                                                                               \
    write_line(v->figure, format, arguments);                                                                          \
    va_end(arguments);                                                                                                 \
    return RGM_OK

rgm_status rgm_check_pass(rgm_verdict *v, const char *format, ...) { FILL(RGM_VERDICT_PASS); }
rgm_status rgm_check_warn(rgm_verdict *v, const char *format, ...) { FILL(RGM_VERDICT_WARN); }
rgm_status rgm_check_fail(rgm_verdict *v, const char *format, ...) { FILL(RGM_VERDICT_FAIL); }
rgm_status rgm_check_not(rgm_verdict *v, const char *format, ...) { FILL(RGM_VERDICT_NOT_CHECKED); }

void rgm_check_cause(rgm_verdict *v, const char *format, ...) {
    int32_t i = 0;
    va_list arguments;
    while (i < RGM_VERDICT_CAUSES && v->cause[i][0]) i++;
    if (i == RGM_VERDICT_CAUSES) return;
    va_start(arguments, format);
    write_line(v->cause[i], format, arguments);
    va_end(arguments);
}

void rgm_check_edit(rgm_verdict *v, const char *key, const char *format, ...) {
    int32_t i = 0;
    va_list arguments;
    while (i < RGM_EDIT_PARTS && v->edit[i].key[0]) i++;
    if (i == RGM_EDIT_PARTS) return;
    snprintf(v->edit[i].key, sizeof v->edit[i].key, "%s", key);
    va_start(arguments, format);
    vsnprintf(v->edit[i].value, sizeof v->edit[i].value, format, arguments);
    va_end(arguments);
}

void rgm_check_mend(rgm_verdict *v, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_line(v->mend, format, arguments);
    va_end(arguments);
}
