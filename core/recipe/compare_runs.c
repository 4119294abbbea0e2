#include "recipe/compare_runs.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "run/earlier.h"

/* A run of a side. */
typedef struct rival {
    const rgm_contestant *run;
    rgm_config *config; /* of its checkpoint, adapted; NULL before and after its turn */
    rgm_constants constants;
    char data[RGM_CONFIG_PATH]; /* where its data is */
    int32_t listed;             /* 1: it left images out */
    uint64_t seed;
    rgm_reply *replies; /* [images] */
} rival;

typedef struct work {
    const rgm_compare_ask *ask;
    rgm_comparison *out;
    rgm_dataset *set;
    rival *rivals; /* [count], those of A first */
    int32_t count, split;
    int64_t images, done;
    int64_t *indices;        /* [images] in the split */
    int32_t *labels;         /* [images] */
    rgm_config *tried[2];    /* of the first run of each side, as its recipe has it */
    const rgm_reply **lists; /* [count] */
} work;

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "compare: out of memory"); }

static int32_t side_of(const work *w, int32_t i) { return i >= w->ask->sides[0]->count; }

static int32_t first_of(const work *w, int32_t side) { return side ? w->ask->sides[0]->count : 0; }

/* ---- which runs ---- */

/* Same runs on both sides are a comparison of a recipe with itself; some of them are a mistake. */
static rgm_status check_sides(work *w, rgm_error *err) {
    const rgm_contestants *a = w->ask->sides[0], *b = w->ask->sides[1];
    int32_t shared = 0;
    const rgm_contestant *one = NULL;
    for (int32_t i = 0; i < a->count; i++)
        for (int32_t j = 0; j < b->count; j++)
            if (rgm_contestants_same(&a->list[i], &b->list[j])) {
                shared++;
                one = &a->list[i];
            }
    w->out->same = shared == a->count && shared == b->count;
    if (!shared || w->out->same) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%.160s: it is on both sides: leave it out of one of them", one->name);
}

static rgm_status name_sides(work *w, rgm_error *err) {
    for (int32_t side = 0; side < RGM_SIDES; side++) {
        rgm_compared_side *s = &w->out->side[side];
        const rgm_contestants *runs = w->ask->sides[side];
        s->names = calloc((size_t)runs->count, sizeof *s->names);
        if (!s->names) return no_memory(err);
        for (s->runs = 0; s->runs < runs->count; s->runs++)
            if (!(s->names[s->runs] = strdup(runs->list[s->runs].name))) return no_memory(err);
    }
    return RGM_OK;
}

/* ---- configurations ---- */

/* What does not decide what a run learns, or is not the same in a folder and in a checkpoint. */
static const char *const not_tried[] = {"seed", "threads",    "pin",          "memory",        "save.every", "plugins",
                                        "out",  "checkpoint", "save.minutes", "metrics.every", "hypothesis", NULL};

static int32_t is_listed(const char *key, const char *const *list) {
    for (; *list; list++)
        if (strcmp(*list, key) == 0) return 1;
    return 0;
}

static rgm_status keep_hypothesis(work *w, int32_t side, const rgm_config *config, rgm_error *err) {
    char **to = &w->out->side[side].hypothesis;
    if (*to || !config->hypothesis[0]) return RGM_OK;
    *to = strdup(config->hypothesis);
    return *to ? RGM_OK : no_memory(err);
}

/* As the run has it: before it is adapted. The first of a side is kept, the others are to be like it. */
static rgm_status look_at_recipe(work *w, int32_t i, const rgm_config *config, rgm_error *err) {
    int32_t side = side_of(w, i);
    RGM_TRY(keep_hypothesis(w, side, config, err));
    if (i != first_of(w, side)) {
        const char *key = rgm_config_difference(w->tried[side], config, not_tried);
        if (key)
            rgm_log(RGM_LOG_WARN, "%s has another %s than %s: they are not seeds of one recipe", w->rivals[i].run->name,
                    key, w->rivals[first_of(w, side)].run->name);
        return RGM_OK;
    }
    w->tried[side] = malloc(sizeof *config);
    if (!w->tried[side]) return no_memory(err);
    *w->tried[side] = *config;
    return RGM_OK;
}

static rgm_status read_config(work *w, rival *r, rgm_error *err) {
    r->config = malloc(sizeof *r->config);
    if (!r->config) return no_memory(err);
    return rgm_run_config_of_checkpoint(r->run->checkpoint, &w->ask->stop, r->config, &r->constants, err);
}

static rgm_status adapt(work *w, rival *r, rgm_error *err) {
    if (w->ask->adapt) RGM_TRY(w->ask->adapt(w->ask->context, r->config, err));
    r->listed = r->config->data.exclude[0] != 0;
    r->seed = r->config->seed;
    snprintf(r->data, sizeof r->data, "%s", r->config->data.file);
    return RGM_OK;
}

static rgm_status look_at(work *w, int32_t i, rgm_error *err) {
    rival *r = &w->rivals[i];
    RGM_TRY(read_config(w, r, err));
    RGM_TRY(look_at_recipe(w, i, r->config, err));
    return adapt(w, r, err);
}

static void forget(rival *r) {
    free(r->config);
    rgm_constants_free(&r->constants);
    r->config = NULL;
    r->constants = (rgm_constants){0};
}

static rgm_status add_tried(rgm_comparison *out, const char *key, rgm_config *const *configs, rgm_error *err) {
    rgm_tried *list = realloc(out->tried, (size_t)(out->tried_count + 1) * sizeof *list);
    if (!list) return no_memory(err);
    out->tried = list;
    rgm_tried *t = &list[out->tried_count++];
    *t = (rgm_tried){.key = strdup(key)};
    if (!t->key) return no_memory(err);
    for (int32_t side = 0; side < RGM_SIDES; side++)
        RGM_TRY(rgm_config_value(configs[side], key, &t->value[side], err));
    return RGM_OK;
}

static rgm_status find_tried(work *w, rgm_error *err) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    int32_t single = w->out->side[0].runs == 1 && w->out->side[1].runs == 1;
    for (size_t i = 0; i < count; i++) {
        const char *key = options[i].key;
        if (is_listed(key, not_tried) && !(single && strcmp(key, "seed") == 0)) continue;
        if (rgm_config_differs(w->tried[0], w->tried[1], key)) RGM_TRY(add_tried(w->out, key, w->tried, err));
    }
    return RGM_OK;
}

/* ---- whether they can be compared ---- */

/* The texts have a line for each class, in any order. */
static int32_t has_line(const char *text, const char *line, size_t length) {
    for (const char *at = text; *at;) {
        size_t bytes = strcspn(at, "\n");
        if (bytes == length && strncmp(at, line, length) == 0) return 1;
        at += bytes + (at[bytes] == '\n');
    }
    return 0;
}

/* The first line of `of` that `in` does not have; NULL: it has them all. */
static const char *missing_line(const char *of, const char *in, size_t *length) {
    if (strcmp(of, in) == 0) return NULL;
    for (const char *at = of; *at;) {
        *length = strcspn(at, "\n");
        if (!has_line(in, at, *length)) return at;
        at += *length + (at[*length] == '\n');
    }
    return NULL;
}

static rgm_status check_classes(const rival *first, const rival *r, rgm_error *err) {
    const char *x = first->constants.classes, *y = r->constants.classes, *missing;
    size_t length = 0;
    const char *lacking = r->run->name, *having = first->run->name;
    if (!x || !y || !x[0] || !y[0]) return RGM_OK; /* one of them has numbers only */
    missing = missing_line(x, y, &length);
    if (!missing) {
        missing = missing_line(y, x, &length);
        lacking = first->run->name;
        having = r->run->name;
    }
    if (!missing) return RGM_OK;
    return rgm_fail(
        err, RGM_E_USAGE,
        "%.120s does not know the class '%.*s' of %.120s: compare runs that were trained on the same classes", lacking,
        (int)(length < 80 ? length : 80), missing, having);
}

/* Files that have moved are the same set if their contents are. A set of which images were left out has another
 * fingerprint, but its test images are there. */
static rgm_status check_data(const work *w, const rival *first, const rival *r, rgm_error *err) {
    const rgm_constants *x = &first->constants, *y = &r->constants;
    if (w->ask->moved || x->version != y->version) return RGM_OK;
    int32_t named_same = strcmp(first->data, r->data) == 0;
    if (x->fingerprint == y->fingerprint && x->fingerprint_pixels == y->fingerprint_pixels) return RGM_OK;
    if (named_same && (first->listed || r->listed || x->fingerprint_pixels != y->fingerprint_pixels)) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE,
                    "%.100s was trained on %.100s and %.100s on %s%.100s: --data FILE names the set that all are asked "
                    "about",
                    first->run->name, first->data[0] ? first->data : "data without a name", r->run->name,
                    named_same ? "what that file held at another time, " : "", r->data[0] ? r->data : "other data");
}

static rgm_status look_at_all(work *w, rgm_error *err) {
    rgm_status status = RGM_OK;
    for (int32_t i = 0; i < w->count && status >= 0; i++) {
        if (rgm_stop_asked(&w->ask->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        status = look_at(w, i, err);
        if (status >= 0 && i) status = check_classes(&w->rivals[0], &w->rivals[i], err);
        if (status >= 0 && i) status = check_data(w, &w->rivals[0], &w->rivals[i], err);
        if (i) forget(&w->rivals[i]);
    }
    return status;
}

/* ---- the data ---- */

static rgm_status open_set(work *w, rgm_error *err) {
    const char *path = w->rivals[0].data;
    const rgm_dataset_options options = {.stop = w->ask->stop, .names = 1, .lenient = 1};
    rgm_error why = {0};
    if (!path[0])
        return rgm_fail(err, RGM_E_USAGE, "%.200s: its data are not known: --data FILE", w->rivals[0].run->name);
    rgm_status status = rgm_dataset_open(&w->set, path, &options, &why);
    if (status >= 0) {
        const int64_t *count = rgm_dataset_describe(w->set)->count;
        w->split = w->ask->split >= 0 ? w->ask->split : count[RGM_SPLIT_TEST] ? RGM_SPLIT_TEST : RGM_SPLIT_VALIDATION;
        w->out->set = w->set;
        return RGM_OK;
    }
    if (w->ask->moved || status != RGM_E_IO) {
        *err = why;
        return status;
    }
    return rgm_fail(err, status, "%.400s: --data FILE says where it is now", why.text);
}

static int32_t holds_out(const work *w) {
    return w->split == RGM_SPLIT_VALIDATION && !rgm_dataset_describe(w->set)->count[RGM_SPLIT_VALIDATION];
}

static const rgm_view *view_of(const rgm_data *data, int32_t split) {
    return split == RGM_SPLIT_TRAIN ? &data->train : split == RGM_SPLIT_TEST ? &data->test : &data->validation;
}

static rgm_status take_images(work *w, const rgm_view *view, rgm_error *err) {
    const int32_t *labels = rgm_dataset_labels(w->set, view->split);
    if (!view->count)
        return rgm_fail(err, RGM_E_USAGE,
                        "%.300s: no %s split: --split train, test or validation names one that it has",
                        rgm_dataset_describe(w->set)->path, rgm_split_name(w->split));
    w->images = view->count;
    w->indices = malloc((size_t)view->count * sizeof *w->indices);
    w->labels = malloc((size_t)view->count * sizeof *w->labels);
    if (!w->indices || !w->labels) return no_memory(err);
    for (int64_t i = 0; i < view->count; i++) {
        w->indices[i] = rgm_view_index(view, i);
        w->labels[i] = labels[w->indices[i]];
    }
    w->out->split = view->split;
    w->out->held_out = holds_out(w);
    if (w->ask->begin) w->ask->begin(w->ask->context, w->images * w->count);
    return RGM_OK;
}

/* What each run held out depends on its seed. */
static rgm_status check_images(const work *w, const rival *r, const rgm_view *view, rgm_error *err) {
    int32_t same = view->count == w->images;
    for (int64_t i = 0; same && i < view->count; i++) same = rgm_view_index(view, i) == w->indices[i];
    if (same) return RGM_OK;
    return rgm_fail(
        err, RGM_E_USAGE,
        "%.140s held out other images for validation than %.140s, by its seed: compare on the test split, or "
        "on a set with a validation split of its own (--data FILE)",
        r->run->name, w->rivals[0].run->name);
}

/* ---- the answers ---- */

typedef struct taking {
    work *w;
    rival *r;
    const rgm_view *view;
    int32_t *own; /* [model's classes] the set's class; -1: it has none */
} taking;

static rgm_reply reply_of(const taking *t, const float *p, int32_t classes, int32_t label) {
    int32_t best = 0, number = rgm_view_class(t->view, label);
    float of_label = number < classes ? p[number] : 0;
    for (int32_t c = 1; c < classes; c++)
        if (p[c] > p[best]) best = c;
    return (rgm_reply){.loss = (float)-log(fmax((double)of_label, 1e-38)),
                       .probability = of_label,
                       .predicted = t->own[best],
                       .right = best == number};
}

static rgm_status take(void *context, const rgm_answers_batch *batch, rgm_error *err) {
    const taking *t = context;
    work *w = t->w;
    (void)err;
    for (int32_t i = 0; i < batch->count; i++)
        t->r->replies[batch->first + i] = reply_of(t, batch->probabilities + (int64_t)i * batch->classes,
                                                   batch->classes, w->labels[batch->first + i]);
    if (w->ask->progress) w->ask->progress(w->ask->context, w->done + batch->first + batch->count);
    return RGM_OK;
}

static rgm_status map_classes(taking *t, int32_t classes, rgm_error *err) {
    int32_t own = rgm_dataset_describe(t->view->set)->classes;
    t->own = malloc((size_t)classes * sizeof *t->own);
    if (!t->own) return no_memory(err);
    for (int32_t c = 0; c < classes; c++) t->own[c] = -1;
    for (int32_t c = 0; c < own; c++)
        if (rgm_view_class(t->view, c) < classes) t->own[rgm_view_class(t->view, c)] = c;
    return RGM_OK;
}

static rgm_status ask_view(work *w, rival *r, rgm_predictor *predictor, const rgm_data *data, rgm_error *err) {
    taking t = {.w = w, .r = r, .view = view_of(data, w->split)};
    const rgm_predictor_walk walk = {.data = data, .view = t.view, .take = take, .context = &t, .stop = w->ask->stop};
    int32_t classes = rgm_predictor_config(predictor)->model.classes;
    if (w->images)
        RGM_TRY(check_images(w, r, t.view, err));
    else
        RGM_TRY(take_images(w, t.view, err));
    r->replies = calloc((size_t)w->images, sizeof *r->replies);
    if (!r->replies) return no_memory(err);
    if (!classes) classes = rgm_dataset_describe(w->set)->classes;
    RGM_TRY(map_classes(&t, classes, err));
    rgm_status status = rgm_predictor_each(predictor, &walk, err);
    free(t.own);
    w->done += w->images;
    return status;
}

static rgm_status ask_predictor(work *w, rival *r, rgm_predictor *predictor, rgm_error *err) {
    const rgm_exclude nothing = {0};
    const rgm_data_options options = {.set = w->set,
                                      .need_data = 1,
                                      .evaluation = 1,
                                      .split = w->split,
                                      .exclude = holds_out(w) ? NULL : &nothing,
                                      .model = &r->constants,
                                      .stop = w->ask->stop};
    rgm_data *data;
    RGM_TRY(rgm_predictor_load(predictor, r->run->checkpoint, &w->ask->stop, err));
    RGM_TRY(rgm_data_open(&data, r->config, &options, err));
    rgm_status status = ask_view(w, r, predictor, data, err);
    rgm_data_close(data);
    return status;
}

static rgm_status ask_rival(work *w, int32_t i, rgm_error *err) {
    rival *r = &w->rivals[i];
    rgm_predictor *predictor;
    if (!r->config) {
        RGM_TRY(read_config(w, r, err));
        RGM_TRY(adapt(w, r, err));
    }
    const rgm_predictor_options options = {
        .config = r->config, .model = &r->constants, .device = w->ask->device, .stop = w->ask->stop};
    rgm_status status = rgm_predictor_create(&predictor, &options, err);
    if (status >= 0) {
        status = ask_predictor(w, r, predictor, err);
        rgm_predictor_destroy(predictor);
    }
    if (status < 0) rgm_fail_in(err, "%.160s", r->run->name);
    forget(r);
    return status;
}

/* Copies of a run, and runs that were given one seed, would be taken for runs that agree by nature. */
static rgm_status check_copies(const work *w, rgm_error *err) {
    size_t bytes = (size_t)w->images * sizeof(rgm_reply);
    for (int32_t i = 0; i < w->count; i++)
        for (int32_t j = 0; j < i; j++) {
            const rival *x = &w->rivals[j], *y = &w->rivals[i];
            if (side_of(w, i) != side_of(w, j) || x->seed != y->seed || memcmp(x->replies, y->replies, bytes) != 0)
                continue;
            return rgm_fail(err, RGM_E_USAGE,
                            "%.140s and %.140s are of the same seed, %" PRIu64 ", and give the same answers: runs of a "
                            "side are to have different seeds (--seed)",
                            x->run->name, y->run->name, y->seed);
        }
    return RGM_OK;
}

/* ---- all of it ---- */

static rgm_status ask_all(work *w, rgm_error *err) {
    for (int32_t i = 0; i < w->count; i++) {
        const rgm_contestants *a = w->ask->sides[0];
        int32_t twin = -1; /* of a run on both sides */
        for (int32_t j = 0; w->out->same && i >= a->count && j < a->count; j++)
            if (rgm_contestants_same(w->rivals[j].run, w->rivals[i].run)) twin = j;
        if (twin < 0) {
            RGM_TRY(ask_rival(w, i, err));
            continue;
        }
        w->rivals[i].replies = malloc((size_t)w->images * sizeof(rgm_reply));
        if (!w->rivals[i].replies) return no_memory(err);
        memcpy(w->rivals[i].replies, w->rivals[twin].replies, (size_t)w->images * sizeof(rgm_reply));
        w->done += w->images;
    }
    return check_copies(w, err);
}

static rgm_status compare(work *w, rgm_error *err) {
    w->lists = calloc((size_t)w->count, sizeof *w->lists);
    if (!w->lists) return no_memory(err);
    for (int32_t i = 0; i < w->count; i++) w->lists[i] = w->rivals[i].replies;
    const rgm_replies replies = {.images = w->images,
                                 .classes = rgm_dataset_describe(w->set)->classes,
                                 .labels = w->labels,
                                 .runs = {w->ask->sides[0]->count, w->ask->sides[1]->count},
                                 .list = {w->lists, w->lists + w->ask->sides[0]->count}};
    if (w->ask->taken) w->ask->taken(w->ask->context, &replies);
    RGM_TRY(rgm_compare(&replies, w->out, err));
    rgm_changes *const changes[] = {&w->out->gained, &w->out->lost};
    for (int32_t k = 0; k < 2; k++)
        for (int32_t i = 0; i < changes[k]->kept; i++)
            changes[k]->list[i].index = w->indices[changes[k]->list[i].index];
    return RGM_OK;
}

static rgm_status run(work *w, rgm_error *err) {
    const rgm_compare_ask *ask = w->ask;
    w->count = ask->sides[0]->count + ask->sides[1]->count;
    w->rivals = calloc((size_t)w->count, sizeof *w->rivals);
    if (!w->rivals) return no_memory(err);
    for (int32_t i = 0; i < w->count; i++) {
        int32_t side = side_of(w, i);
        w->rivals[i].run = &ask->sides[side]->list[i - first_of(w, side)];
    }
    RGM_TRY(name_sides(w, err));
    RGM_TRY(check_sides(w, err));
    RGM_TRY(look_at_all(w, err));
    RGM_TRY(find_tried(w, err));
    RGM_TRY(open_set(w, err));
    RGM_TRY(ask_all(w, err));
    return compare(w, err);
}

rgm_status rgm_compare_runs(const rgm_compare_ask *ask, rgm_comparison *comparison, rgm_dataset **set, rgm_error *err) {
    work w = {.ask = ask, .out = comparison};
    *comparison = (rgm_comparison){0};
    rgm_status status = run(&w, err);
    *set = w.set;
    for (int32_t i = 0; w.rivals && i < w.count; i++) {
        forget(&w.rivals[i]);
        free(w.rivals[i].replies);
    }
    free(w.tried[0]);
    free(w.tried[1]);
    free(w.rivals);
    free(w.lists);
    free(w.indices);
    free(w.labels);
    return status;
}
