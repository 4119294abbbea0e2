#include "train/advice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plug/call.h"
#include "train/initialize.h"

/* What all looks share. */
typedef struct look {
    const rgm_session *s;
    const rgm_advice *advice;
    rgm_config *usual; /* the defaults of the session's model */
} look;

static void __attribute__((format(printf, 2, 3))) tell(const look *l, const char *format, ...) {
    char line[sizeof((rgm_error *)0)->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    l->advice->tell(l->advice->context, line);
}

/* ---- the data ---- */

/* [N, C, H, W], where [N, H, W, C] is expected, reads as images of 1 or 3 rows and many channels. Nobody's images are
 * 3 x 32 with 32 channels; other widths may be meant. */
static rgm_status look_at_shape(const look *l, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(l->s->data->set);
    int32_t rows = info->H == 1 || info->H == 3, wide = info->W > 4 && info->C > 4;
    if (!rows || !wide || rgm_config_given(l->s->config, "model.image")) return RGM_OK;
    rgm_error line;
    rgm_fail(&line, RGM_E_USAGE,
             "%.160s: images of %d x %d with %d channels look like [N, C, H, W], expected [N, H, W, C]: write "
             "x.transpose(0, 2, 3, 1), or say --image %dx%dx%d if they are meant so",
             info->path, info->H, info->W, info->C, info->C, info->H, info->W);
    if (info->W == info->C) return rgm_fail(err, RGM_E_USAGE, "%s", line.text);
    tell(l, "%s", line.text);
    return RGM_OK;
}

/* A channel whose pixels all have one value has no deviation, for which 1 stands: twice what 0 and 1 mixed would have.
 * In a file of another program's it may be meant. */
static void look_at_pixels(const look *l) {
    const rgm_dataset_info *info = rgm_dataset_describe(l->s->data->set);
    int32_t flat = 0, first = 0;
    if (!info->computed && !info->framed) return;
    for (int32_t c = info->C - 1; c >= 0; c--)
        if (info->std[c] >= 1.0f) {
            flat++;
            first = c;
        }
    if (flat)
        tell(l, "%.160s: %d of %d channels %s the same value in all pixels (first: %d): %s nothing of the classes",
             info->path, flat, info->C, flat == 1 ? "has" : "have", first, flat == 1 ? "it says" : "they say");
}

/* The name of a class, or its number. */
static const char *class_name(const rgm_dataset_info *info, int32_t c, char text[80]) {
    if (info->class_names)
        snprintf(text, 80, "'%.64s'", info->class_names[c]);
    else
        snprintf(text, 80, "%d", c);
    rgm_text_clean(text);
    return text;
}

/* What the classes of a set have, [classes] each: images in the three parts, and in all of them. */
typedef struct census {
    int32_t classes;
    double *train, *validation, *test, *all;
} census;

/* Classes that have images in one part (NULL: all classes), but none in another; *first is the first of them. */
static int32_t missing(const census *c, const double *in, const double *from, int32_t *first) {
    int32_t count = 0;
    for (int32_t i = c->classes - 1; i >= 0; i--)
        if ((!in || in[i] > 0) && !(from[i] > 0)) {
            count++;
            *first = i;
        }
    return count;
}

static void look_at_labels(const look *l, const census *c) {
    const rgm_dataset_info *info = rgm_dataset_describe(l->s->data->set);
    int32_t first = 0, unused, only = 0, empty = missing(c, NULL, c->all, &first);
    char name[80];
    while (!(c->train[only] > 0)) only++;
    if (missing(c, NULL, c->train, &unused) == c->classes - 1)
        tell(l, "%.160s: all images for training are of one class, %s: there is nothing to tell apart", info->path,
             class_name(info, only, name));
    else if (empty && !info->class_names)
        tell(l,
             "%.160s: labels up to %d make %d classes, of which %d %s no image (first: %d): number the labels from 0 "
             "without gaps, or name the classes (class_names)",
             info->path, c->classes - 1, c->classes, empty, empty == 1 ? "has" : "have", first);
}

static void look_at_unseen(const look *l, const census *c) {
    const rgm_dataset_info *info = rgm_dataset_describe(l->s->data->set);
    const double *parts[] = {c->test, c->validation};
    static const int32_t splits[] = {RGM_SPLIT_TEST, RGM_SPLIT_VALIDATION};
    char name[80];
    for (int32_t i = 0; i < 2; i++) {
        int32_t first = 0, unseen = missing(c, parts[i], c->train, &first);
        if (unseen)
            tell(l, "%.160s: %d of the classes in the %s split %s no image for training (first: %s): %s never right",
                 info->path, unseen, rgm_split_name(splits[i]), unseen == 1 ? "has" : "have",
                 class_name(info, first, name), unseen == 1 ? "it is" : "they are");
    }
}

/* What is held out of few images in a class. */
static void look_at_holdout(const look *l, const census *c) {
    const rgm_session *s = l->s;
    if (!s->data->holdout.indices) return;
    char name[80];
    int32_t first = 0, unjudged = missing(c, c->train, c->validation, &first);
    const int32_t groups = rgm_dataset_groups(s->data->set, RGM_SPLIT_TRAIN) != NULL;
    if (s->data->holdout.asked != s->data->holdout.validation.count)
        tell(l, "data.validation: %" PRId64 " images, not the %" PRId64 " of fraction %g: %s",
             s->data->holdout.validation.count, s->data->holdout.asked, s->config->data.validation,
             groups ? "copies of an image stay together" : "no class gives its last image");
    else if (unjudged)
        tell(l,
             "data.validation: %" PRId64 " images, but none of %d of the %d classes (first: %s): a validation does not "
             "judge those; a larger --validation",
             s->data->validation.count, unjudged, c->classes,
             class_name(rgm_dataset_describe(s->data->set), first, name));
}

static rgm_status look_at_classes(const look *l, rgm_error *err) {
    const rgm_session *s = l->s;
    size_t n = (size_t)rgm_view_classes(&s->data->train);
    double *counts = calloc(4 * n, sizeof *counts);
    if (!counts) return rgm_fail(err, RGM_E_NOMEM, "classes: out of memory");
    census c = {(int32_t)n, counts, counts + n, counts + 2 * n, counts + 3 * n};
    rgm_count_classes(&s->data->train, c.train);
    rgm_count_classes(&s->data->validation, c.validation);
    rgm_count_classes(&s->data->test, c.test);
    for (size_t i = 0; i < n; i++) c.all[i] = c.train[i] + c.validation[i] + c.test[i];
    look_at_labels(l, &c);
    look_at_unseen(l, &c);
    look_at_holdout(l, &c);
    free(counts);
    return RGM_OK;
}

/* ---- the batch ---- */

static void look_at_batch(const look *l) {
    int64_t images = l->s->data->train.count, batch = l->s->config->batch, rest = images % batch;
    if ((double)rest <= RGM_BATCH_LOSS * (double)images) return;
    int64_t better = rgm_batch_near(images, batch, (batch + 1) / 2, 2 * batch);
    tell(l,
         "batch: %" PRId64 " of %" PRId64 " images for training (%.1f %%) are left out of every epoch, which has whole "
         "batches of %" PRId64 "; --batch %" PRId64 " leaves out %" PRId64,
         rest, images, 100.0 * (double)rest / (double)images, batch, better, images % better);
}

static rgm_status look_at_batch_norm(const look *l, rgm_error *err) {
    const rgm_graph *g = l->s->model->graph;
    const rgm_node *least = NULL;
    const rgm_tensor *map = NULL;
    int64_t values = INT64_MAX;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *node = rgm_graph_node(g, i);
        if (node->op != RGM_OP_BATCHNORM) continue;
        const rgm_tensor *x = rgm_graph_tensor(g, node->in[0]);
        int64_t n = (int64_t)l->s->config->batch * x->H * x->W;
        if (n >= values) continue;
        values = n;
        least = node;
        map = x;
    }
    if (values == 1)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: batch norm over 1 value a channel (batch 1, map 1x1) trains nothing: a larger --batch, "
                        "larger images or another model",
                        least->name);
    if (values < RGM_ADVICE_NORM_VALUES)
        tell(l,
             "%s: batch norm has only %" PRId64
             " values a channel (batch %d, map %dx%d), %d or more are sound: a larger "
             "--batch, larger images or another model",
             least->name, values, l->s->config->batch, map->H, map->W, RGM_ADVICE_NORM_VALUES);
    return RGM_OK;
}

/* ---- the schedule ---- */

enum { SAMPLES = 1000 };

/* The highest factor of the rate in the first `steps` steps, by samples; below 0 if a scheduler fails, which the run
 * will say. */
static double peak_factor(const rgm_session *s, int64_t steps) {
    int64_t samples = steps < SAMPLES ? steps : SAMPLES;
    double peak = 0;
    for (int64_t i = 0; i < samples; i++) {
        double step = samples > 1 ? (double)(steps - 1) * (double)i / (double)(samples - 1) : 0;
        rgm_clock clock = rgm_session_clock(s, (int64_t)step);
        double factor;
        rgm_error ignored;
        if (rgm_plug_factor(s->model->components.schedule, (size_t)s->model->components.schedules, &clock, &factor,
                            &ignored) < 0)
            return -1;
        if (factor > peak) peak = factor;
    }
    return peak;
}

/* A run that ends long before its schedule does. */
static void tell_short(const look *l, double percent) {
    const rgm_session *s = l->s;
    int64_t steps = s->config->steps, total = s->steps_total, fit = (steps - 1) / s->steps_per_epoch + 1;
    char remedy[64] = "more --steps let it rise";
    if (fit < s->config->epochs) snprintf(remedy, sizeof remedy, "--epochs %" PRId64 " fits it to them", fit);
    tell(l,
         "steps: the schedule is laid out over %" PRId64 " steps (%d epoch%s), of which %" PRId64 " %s made: the rate "
         "gets to %.0f %% of its peak; %s",
         total, s->config->epochs, s->config->epochs == 1 ? "" : "s", steps, steps == 1 ? "is" : "are", percent,
         remedy);
}

static void look_at_schedule(const look *l) {
    const rgm_session *s = l->s;
    int64_t steps = s->config->steps, total = s->steps_total;
    if (steps > total)
        tell(l, "steps: %" PRId64 ", but %d epoch%s only %" PRId64 ": the run ends there; more --epochs", steps,
             s->config->epochs, s->config->epochs == 1 ? " has" : "s have", total);
    double whole = peak_factor(s, total), made = steps > 0 && steps < total ? peak_factor(s, steps) : whole;
    if (whole < 0 || made < 0) return;
    if (whole < 0.5)
        tell(l, "schedule: the rate never gets beyond %.0f %% of the optimizer's lr: a shorter warmup", 100 * whole);
    else if (made < 0.5 * whole)
        tell_short(l, 100 * made / whole);
}

/* A part of the schedule that is longer than the run: the setting `length`, which is epochs from 1 on. */
static void look_at_length(const look *l, const rgm_instance *schedule) {
    rgm_spec spec;
    rgm_instance_spec(schedule, &spec);
    const char *text = rgm_spec_get(&spec, "length");
    double length, end = l->s->config->epochs;
    if (text && rgm_text_real(text, &length) && length > end)
        tell(l, "scheduler %s: length: %g lies beyond the run's %g epochs; below 1 it is a share of the run",
             rgm_instance_name(schedule), length, end);
}

/* The first evaluation counts as a gain, so patience takes one more; then epochs must be left to be saved. */
static void look_at_patience(const look *l) {
    const rgm_config *c = l->s->config;
    int32_t evaluations = (c->epochs - 1) / c->evaluate.every + 1;
    if (c->early_stop.patience > 0 && c->early_stop.patience + 1 >= evaluations)
        tell(
            l,
            "early_stop.patience: %d evaluation%s without a gain cannot come before the end of a run that has %d: less "
            "patience, or more --epochs",
            c->early_stop.patience, c->early_stop.patience == 1 ? "" : "s", evaluations);
}

/* What waits for an evaluation that never comes. */
static rgm_status look_at_evaluations(const look *l, rgm_error *err) {
    const rgm_session *s = l->s;
    if (s->data->validation.count || l->advice->evaluated) return RGM_OK;
    static const char remedy[] = "--validation FRACTION, or a validation split in the file";
    if (s->config->early_stop.patience > 0)
        return rgm_fail(err, RGM_E_USAGE,
                        "early_stop.patience: %d evaluations, but without a validation split there are none: %s",
                        s->config->early_stop.patience, remedy);
    for (int32_t i = 0; i < s->model->components.schedules; i++)
        if (rgm_plug_observes(s->model->components.schedule[i]))
            return rgm_fail(err, RGM_E_USAGE,
                            "scheduler %s: waits for metrics of evaluations, but without a validation split there are "
                            "none: %s",
                            rgm_instance_name(s->model->components.schedule[i]), remedy);
    return RGM_OK;
}

/* ---- the configuration ---- */

static void look_at_decay(const look *l) {
    const rgm_components *c = &l->s->model->components;
    if (!rgm_optimizer_decays(c->optimizer)) return;
    for (int32_t i = 0; i < c->regularizers; i++)
        if (strcmp(rgm_instance_name(c->regularize[i]), "weight_decay") == 0)
            tell(l,
                 "optimizer %s: decays weights itself, and regularize has weight_decay: they decay twice; "
                 "--set 'regularize=[]'",
                 rgm_instance_name(c->optimizer));
}

/* An encoded picture is there for the first augmentation alone. */
static void look_at_windows(const look *l) {
    const rgm_components *c = &l->s->model->components;
    if (!rgm_dataset_describe(l->s->data->set)->encoded || !c->augments || rgm_plug_has_window(c->augment[0])) return;
    for (int32_t i = 1; i < c->augments; i++)
        if (rgm_plug_has_window(c->augment[i])) {
            tell(l,
                 "augment: %s takes a part of the picture as the first augmentation alone: after %s it takes one of "
                 "the image that the whole picture became; put it first",
                 rgm_instance_name(c->augment[i]), rgm_instance_name(c->augment[0]));
            return;
        }
}

/* Weights that config.init draws. */
static int32_t has_drawn_weights(const rgm_graph *g) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        if (p->role == RGM_ROLE_WEIGHT && !p->head) return 1;
    }
    return 0;
}

static int32_t has_convolutions(const rgm_graph *g) {
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++)
        if (rgm_graph_node(g, i)->op == RGM_OP_CONV) return 1;
    return 0;
}

/* 1 if the initializer is another one in effect than by default. */
static int32_t draws_unusually(const look *l) {
    rgm_spec ours, usual;
    rgm_instance *instance = NULL;
    rgm_error ignored;
    if (rgm_instance_create(&instance, l->s->device->registry, RGM_INITIALIZER, &l->usual->init, &ignored) < 0)
        return 1;
    rgm_instance_spec(instance, &usual);
    rgm_instance_destroy(instance);
    rgm_instance_spec(l->s->model->components.init[0], &ours);
    return !rgm_spec_equal(&ours, &usual);
}

/* A key that was given and is not as usual, for nothing. */
static void look_at_key(const look *l, int32_t useless, const char *key, const char *why) {
    const rgm_config *config = l->s->config;
    if (useless && rgm_config_given(config, key) && rgm_config_differs(config, l->usual, key))
        tell(l, "%s: has no effect: %s", key, why);
}

static void look_at_keys(const look *l) {
    const rgm_session *s = l->s;
    const rgm_config *c = s->config;
    char why[128];
    int32_t resnet = strncmp(c->model.name, "resnet", 6) == 0, linear = strcmp(c->model.name, "linear") == 0;
    snprintf(why, sizeof why, "%s is no ResNet", c->model.name);
    look_at_key(l, !resnet, "model.stem", why);
    look_at_key(l, !resnet, "model.blocks", why);
    look_at_key(l, !resnet, "model.shortcut", why);
    look_at_key(l, !resnet, "model.zero_init", why);
    snprintf(why, sizeof why, "%s has one layer, the classifier", c->model.name);
    look_at_key(l, linear, "model.width", why);
    look_at_key(l, linear, "model.base", why);
    if (!has_drawn_weights(s->model->graph) && rgm_config_given(c, "init") && draws_unusually(l))
        tell(l, "init: has no effect: %s, which starts at N(0, 0.01)", why);
    snprintf(why, sizeof why, "%s has no convolutions", c->model.name);
    look_at_key(l, !has_convolutions(s->model->graph), "engine.conv", why);
    look_at_key(l, c->early_stop.patience == 0, "early_stop.gain", "early_stop.patience is 0");
    look_at_key(l, s->data->validation.count && !s->data->holdout.indices, "data.validation",
                "the file has a validation split");
}

/* A run that goes on was told all of it when it began; what is given now may wait for evaluations, too. */
static void advise_resumed(const look *l) {
    rgm_error line;
    if (look_at_evaluations(l, &line) < 0) tell(l, "%s", line.text);
}

static rgm_status advise(const look *l, rgm_error *err) {
    const rgm_session *s = l->s;
    RGM_TRY(rgm_config_init(l->usual, err));
    RGM_TRY(rgm_config_suit(l->usual, s->config->model.name, err));
    RGM_TRY(look_at_batch_norm(l, err));
    RGM_TRY(look_at_evaluations(l, err));
    if (s->data->set) {
        RGM_TRY(look_at_shape(l, err));
        look_at_windows(l);
    }
    if (s->data->train.count) {
        look_at_pixels(l);
        look_at_batch(l);
        look_at_schedule(l);
        for (int32_t i = 0; i < s->model->components.schedules; i++)
            look_at_length(l, s->model->components.schedule[i]);
        RGM_TRY(look_at_classes(l, err));
    }
    look_at_patience(l);
    look_at_decay(l);
    look_at_keys(l);
    return RGM_OK;
}

rgm_status rgm_advise(const rgm_session *session, const rgm_advice *advice, rgm_error *err) {
    look l = {.s = session, .advice = advice, .usual = malloc(sizeof *l.usual)};
    if (!l.usual) return rgm_fail(err, RGM_E_NOMEM, "set-up: out of memory");
    rgm_status status = RGM_OK;
    if (advice->resumed)
        advise_resumed(&l);
    else
        status = advise(&l, err);
    free(l.usual);
    return status;
}
