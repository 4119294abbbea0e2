#include "run/watching.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "run/first_batch.h"
#include "train/watched_file.h"

enum { LOGITS = 1 << 22 }; /* floats of the fixed batch, at most */

struct rgm_watching {
    rgm_watching_options options;
    rgm_rules *rules;
    rgm_watched *watched;
    rgm_view view;  /* whose first images are the fixed batch */
    float *logits;  /* [images][outputs] */
    int32_t filter; /* the parameter of the first layer; -1: none */
    int32_t failed; /* 1: that the file cannot be written has been told */
    int64_t saved_step, saved_seen;
};

/* ---- what is watched ---- */

/* The first layer's weight. */
static int32_t first_weight(const rgm_graph *g) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++)
        if (rgm_graph_param(g, i)->role == RGM_ROLE_WEIGHT) return i;
    return -1;
}

/* Units that are kept, and what one has; zeros if one unit alone is too large. */
static void shape_filters(const rgm_param *p, int64_t shape[4]) {
    int64_t each = p->count / p->dims[0], units = RGM_WATCHED_FILTER_VALUES / each;
    if (units < 1) return;
    if (units > RGM_WATCHED_FILTERS) units = RGM_WATCHED_FILTERS;
    shape[0] = p->dims[0] < units ? p->dims[0] : units;
    for (int32_t i = 1; i < 4; i++) shape[i] = i < p->ndim ? p->dims[i] : 1;
}

static int32_t fixed_images(const rgm_watching *w) {
    int64_t most = LOGITS / w->options.session->model->outputs;
    if (most > RGM_WATCHED_IMAGES) most = RGM_WATCHED_IMAGES;
    return (int32_t)(w->view.count < most ? w->view.count : most);
}

static void name_all(rgm_watching *w) {
    rgm_watched *to = w->watched;
    const rgm_watch_step *step = rgm_trainer_watch(w->options.trainer);
    const int32_t *labels = w->view.set ? rgm_dataset_labels(w->view.set, w->view.split) : NULL;
    for (int32_t i = 0; i < to->shape.layers; i++)
        snprintf(to->names[i], sizeof to->names[i], "%s", step->layers[i].name);
    for (int32_t i = 0; i < to->shape.images; i++) {
        to->index[i] = rgm_view_index(&w->view, i);
        to->label[i] = labels ? rgm_view_class(&w->view, labels[to->index[i]]) : 0;
    }
    if (w->filter >= 0)
        snprintf(to->filter_name, sizeof to->filter_name, "%s",
                 rgm_graph_param(w->options.session->model->graph, w->filter)->name);
}

static void copy_filters(const rgm_watching *w, float *to) {
    const int64_t *s = w->watched->shape.filter;
    rgm_state *state = w->filter >= 0 ? malloc(sizeof *state) : NULL;
    if (!state) return;
    rgm_trainer_state(w->options.trainer, state);
    memcpy(to, state->value + rgm_graph_param(w->options.session->model->graph, w->filter)->offset,
           sizeof *to * (size_t)(s[0] * s[1] * s[2] * s[3]));
    free(state);
}

/* ---- beginning ---- */

/* The pictures of the first batch. Without them the rest is watched. */
static void make_pictures(const rgm_watching *w, rgm_first_batch *batch) {
    const rgm_first_batch_wish wish = {.session = w->options.session,
                                       .trainer = w->options.trainer,
                                       .most = RGM_WATCHED_PICTURES,
                                       .side = RGM_WATCHED_SIDE};
    rgm_error err = {0};
    if (!w->options.path[0]) return;
    if (rgm_first_batch_make(batch, &wish, &err) < 0) rgm_log(RGM_LOG_DEBUG, "watch: no pictures: %s", err.text);
}

static void copy_pictures(rgm_watched *to, const rgm_first_batch *batch) {
    if (!batch->count) return;
    memcpy(to->pictures, batch->pixels, (size_t)batch->count * (size_t)batch->H * (size_t)batch->W * (size_t)batch->C);
    memcpy(to->picture_label, batch->labels, (size_t)batch->count * sizeof *batch->labels);
}

static rgm_status make_watched(rgm_watching *w, const rgm_first_batch *batch, rgm_error *err) {
    const rgm_session *s = w->options.session;
    rgm_watched_shape shape = {.layers = rgm_trainer_watch(w->options.trainer)->layer_count,
                               .images = fixed_images(w),
                               .split = w->view.split,
                               .picture = {batch->count, batch->H, batch->W, batch->C},
                               .seed = s->config->seed};
    rgm_rules_numbers(w->rules, &shape.numbers);
    w->filter = first_weight(s->model->graph);
    if (w->filter >= 0) shape_filters(rgm_graph_param(s->model->graph, w->filter), shape.filter);
    RGM_TRY(rgm_watched_create(&w->watched, &shape, err));
    name_all(w);
    copy_pictures(w->watched, batch);
    copy_filters(w, w->watched->filters_start);
    w->logits = malloc(sizeof *w->logits * ((size_t)shape.images * (size_t)s->model->outputs + 1));
    return w->logits ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
}

/* What an earlier part of the run has watched. */
static rgm_status take_earlier(rgm_watching *w, rgm_error *err) {
    rgm_watched *earlier;
    RGM_TRY(rgm_watched_read(&earlier, w->options.path, &w->options.stop, err));
    if (!rgm_watched_alike(earlier, w->watched)) {
        rgm_watched_destroy(earlier);
        return rgm_fail(err, RGM_E_FORMAT, "%s: it is of other layers or images", w->options.path);
    }
    if (earlier->step == w->options.step) rgm_rules_go_on(w->rules, earlier->numbers, earlier->shape.numbers);
    rgm_watched_rewind(earlier, w->options.step);
    rgm_watched_destroy(w->watched);
    w->watched = earlier;
    return RGM_OK;
}

/* A file that cannot be read now may be whole: it is not written over. */
static int32_t is_lost(const rgm_watching *w, rgm_status status) {
    if (status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED) return 1;
    return access(w->options.path, F_OK) != 0 && errno == ENOENT;
}

static void go_on(rgm_watching *w) {
    rgm_error why = {0};
    rgm_status status = take_earlier(w, &why);
    if (status >= 0) return;
    if (is_lost(w, status)) {
        rgm_log(RGM_LOG_WARN, "%s; it is begun anew: what was watched before step %" PRId64 " is lost", why.text,
                w->options.step);
        return;
    }
    w->options.path = "";
    rgm_log(RGM_LOG_WARN, "%s; it stays as it is: what is watched from step %" PRId64 " on is not kept", why.text,
            w->options.step);
}

static void said(void *context, const char *kind) { rgm_rules_said(context, kind); }

static rgm_status begin(rgm_watching *w, rgm_error *err) {
    const rgm_watching_options *o = &w->options;
    w->view = o->judged->count ? *o->judged : o->session->data->train;
    RGM_TRY(rgm_rules_create(&w->rules, o->session, o->trainer, o->fresh, err));
    rgm_first_batch batch = {0};
    make_pictures(w, &batch);
    rgm_status status = make_watched(w, &batch, err);
    rgm_first_batch_free(&batch);
    RGM_TRY(status);
    if (!o->resumed) return RGM_OK;
    rgm_metrics_warned(o->metrics, said, w->rules);
    go_on(w);
    return RGM_OK;
}

rgm_watching *rgm_watching_begin(const rgm_watching_options *options) {
    rgm_error err = {0};
    rgm_watching *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->options = *options;
    w->saved_step = -1;
    if (begin(w, &err) >= 0) return w;
    rgm_log(RGM_LOG_WARN, "%s: the run is not watched", err.text);
    rgm_watching_end(w);
    return NULL;
}

void rgm_watching_end(rgm_watching *w) {
    if (!w) return;
    rgm_rules_destroy(w->rules);
    rgm_watched_destroy(w->watched);
    free(w->logits);
    free(w);
}

/* ---- while it goes on ---- */

rgm_status rgm_watching_step(rgm_watching *w, rgm_record *record, const rgm_progress *p, rgm_error *err) {
    rgm_warning warnings[RGM_RULES];
    if (!w) return RGM_OK;
    const rgm_watch_step *step = rgm_trainer_watch(w->options.trainer);
    rgm_watched_add(w->watched, step);
    int32_t count = rgm_rules_judge(w->rules, step, warnings);
    for (int32_t i = 0; i < count; i++) {
        rgm_log(RGM_LOG_WARN, "step %" PRId64 ": %s", p->step, warnings[i].text);
        RGM_TRY(rgm_record_warning(record, p, &warnings[i], err));
    }
    return RGM_OK;
}

void rgm_watching_spiked(const rgm_watching *w, rgm_error *said) {
    double times = 0;
    if (!w) return;
    const char *layer = rgm_rules_grown(w->rules, rgm_trainer_watch(w->options.trainer), &times);
    size_t used = strlen(said->text);
    if (layer)
        snprintf(said->text + used, sizeof said->text - used, "; the gradient grew most in %s (%.0f times)", layer,
                 times);
}

void rgm_watching_caught(rgm_watching *w, const rgm_progress *p, int32_t back) {
    if (!w) return;
    w->watched->step = p->step; /* so that a resumed run takes the rules' numbers */
    if (back) rgm_rules_went_back(w->rules);
}

void rgm_watching_predict(rgm_watching *w, int64_t step) {
    rgm_error err = {0};
    if (!w || !w->watched->shape.images) return;
    rgm_status status = rgm_trainer_logits(w->options.trainer, &w->view, w->watched->shape.images, w->logits, &err);
    if (status < 0)
        rgm_log(RGM_LOG_DEBUG, "watch: no predictions: %s", err.text);
    else
        rgm_watched_predict(w->watched, step, w->logits, w->options.session->model->outputs);
}

void rgm_watching_save(rgm_watching *w) {
    rgm_error err = {0};
    int64_t count;
    if (!w || !w->options.path[0]) return;
    if (w->saved_step == w->watched->step && w->saved_seen == w->watched->seen) return;
    const double *numbers = rgm_rules_numbers(w->rules, &count);
    memcpy(w->watched->numbers, numbers, sizeof *numbers * (size_t)count);
    copy_filters(w, w->watched->filters_now);
    if (rgm_watched_write(w->watched, w->options.path, &err) >= 0) {
        w->saved_step = w->watched->step;
        w->saved_seen = w->watched->seen;
        return;
    }
    if (!w->failed) rgm_log(RGM_LOG_WARN, "%s: the run goes on without it", err.text);
    w->failed = 1;
}
