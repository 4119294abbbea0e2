#include "cli/predicting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum { LEAST_WINDOW = 256, TITLE = 8192, FIRST_PIECE = 4 };
static const size_t window_bytes = 64 << 20;
static const double least_seconds = 0.5, most_seconds = 1; /* that reading a piece takes */

/* A window of images. It is read in pieces, and predicted in the whole batches that are there after each, so that a
 * stop is heard and answers are told while it is under way. The batches, and with them the last bits of answers, depend
 * on the images alone. */
typedef struct rgm_answers {
    int64_t room, used;
    int64_t read, kept;          /* of the used: looked at; images that were read, which have moved together */
    int64_t predicted, told;     /* of the kept; of the used */
    int64_t piece;               /* pictures to read between two questions for a stop, by the clock */
    rgm_picture_source *sources; /* [room] */
    int64_t *items, *indices;    /* [room] of the inputs; in the data set */
    uint8_t *images;             /* [room] */
    uint8_t *raw;                /* [room] images of a data set of another size; NULL: none is needed yet */
    size_t image, raw_image;     /* bytes of one */
    float *probabilities;        /* [room][classes] */
    rgm_ranked *ranked;          /* [classes] */
} rgm_answers;

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "predict: out of memory"); }

/* ---- data sets ---- */

static int32_t choose_split(const rgm_dataset_info *info, int32_t wanted) {
    static const int32_t order[] = {RGM_SPLIT_TEST, RGM_SPLIT_VALIDATION, RGM_SPLIT_TRAIN};
    if (wanted >= 0) return info->count[wanted] ? wanted : -1;
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++)
        if (info->count[order[i]]) return order[i];
    return -1;
}

/* By name where both have names, else by number. */
static int32_t model_class(const rgm_predicting *p, const rgm_dataset_info *info, int32_t number) {
    if (!p->names || !info->class_names) return number < p->classes ? number : -1;
    for (int32_t i = 0; i < p->classes; i++)
        if (strcmp(p->names[i], info->class_names[number]) == 0) return i;
    return -1;
}

static rgm_status map_classes(const rgm_predicting *p, rgm_predicted_set *s, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    int32_t known = 0;
    if (p->how != RGM_LABELS_AUTO) return RGM_OK;
    s->labels = malloc(sizeof *s->labels * (size_t)info->classes);
    if (!s->labels) return no_memory(err);
    for (int32_t i = 0; i < info->classes; i++) known += (s->labels[i] = model_class(p, info, i)) >= 0;
    if (known == 0)
        rgm_log(RGM_LOG_WARN, "%s: the model knows none of its classes: its images have no labels", info->path);
    else if (known < info->classes)
        rgm_log(RGM_LOG_WARN, "%s: the model knows %d of its %d classes: the others have no label", info->path, known,
                info->classes);
    return RGM_OK;
}

/* Pictures are grey or in colour. Images of other channels can only be taken as they are. */
static int32_t takes_pictures(const rgm_predicting *p) { return p->transform.C == 1 || p->transform.C == 3; }

static int32_t is_same(const rgm_predicting *p, const rgm_dataset_info *info) {
    return !info->encoded && info->H == p->transform.H && info->W == p->transform.W;
}

static rgm_status fit_set(const rgm_predicting *p, rgm_predicted_set *s, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    s->split = choose_split(info, p->split);
    if (s->split < 0) return rgm_fail(err, RGM_E_USAGE, "%.300s: no %s split", info->path, rgm_split_name(p->split));
    if (info->encoded ? !takes_pictures(p) : info->C != p->transform.C)
        return rgm_fail(err, RGM_E_USAGE, "%.160s: its images have %d channel%s, those of the model %d%s", info->path,
                        info->C, info->C == 1 ? "" : "s", p->transform.C,
                        takes_pictures(p) ? " (remedy: the files, or a set of import --keep: they are converted)" : "");
    if (!takes_pictures(p) && !is_same(p, info))
        return rgm_fail(err, RGM_E_USAGE,
                        "%.160s: its images have %d x %d pixels, those of the model %d x %d: images of "
                        "%d channels are not resized",
                        info->path, info->H, info->W, p->transform.H, p->transform.W, info->C);
    if (p->split < 0) rgm_log(RGM_LOG_INFO, "%s: its %s split", info->path, rgm_split_name(s->split));
    return map_classes(p, s, err);
}

static rgm_status open_set(const rgm_predicting *p, rgm_predicted_set *s, const char *path, rgm_error *err) {
    rgm_error why = {0};
    rgm_status status =
        rgm_dataset_open(&s->set, path, &(rgm_dataset_options){.stop = p->stop, .names = 1, .lenient = 1}, &why);
    if (status >= 0) return fit_set(p, s, err);
    s->set = NULL;
    rgm_error_line(&why, s->reason);
    size_t length = strlen(path); /* the name stands beside it */
    if (strncmp(s->reason, path, length) == 0 && strncmp(s->reason + length, ": ", 2) == 0)
        memmove(s->reason, s->reason + length + 2, strlen(s->reason + length + 2) + 1);
    if (status == RGM_E_NOMEM || status == RGM_E_INTERRUPTED || status == RGM_E_INTERNAL) {
        *err = why;
        return status;
    }
    return RGM_OK;
}

rgm_status rgm_predicting_open(rgm_predicting *p, rgm_error *err) {
    const int32_t *image = rgm_predictor_config(p->predictor)->model.image;
    p->transform = (rgm_transform){.C = image[0], .H = image[1], .W = image[2]};
    if (takes_pictures(p) || p->inputs->pictures) RGM_TRY(rgm_predictor_transform(p->predictor, &p->transform, err));
    p->total = p->inputs->pictures;
    if (!p->inputs->sets) return RGM_OK;
    p->sets = calloc((size_t)p->inputs->sets, sizeof *p->sets);
    if (!p->sets) return no_memory(err);
    for (int64_t i = 0; i < p->inputs->count; i++) {
        if (p->inputs->items[i].kind != RGM_INPUT_SET) continue;
        rgm_predicted_set *s = &p->sets[p->set_count++];
        RGM_TRY(open_set(p, s, p->inputs->items[i].path, err));
        p->total += s->set ? rgm_dataset_describe(s->set)->count[s->split] : 1;
    }
    return RGM_OK;
}

/* ---- labels and titles ---- */

static int32_t label_of_file(const rgm_predicting *p, const rgm_input_item *item) {
    return p->names && p->how != RGM_LABELS_NONE ? rgm_inputs_label(item, p->names, p->classes) : -1;
}

/* The title of a set's image. */
static const char *image_title(const rgm_predicted_set *s, const char *path, int64_t index, char title[TITLE]) {
    const rgm_prediction image = {.data = path,
                                  .split = rgm_split_name(s->split),
                                  .index = index,
                                  .name = rgm_dataset_name(s->set, s->split, index)};
    return rgm_prediction_title(&image, title, TITLE);
}

/* Columns of its widest title: the last one, unless there are names. */
static int32_t widest_image(const rgm_predicted_set *s, const char *path) {
    char title[TITLE];
    int64_t count = rgm_dataset_describe(s->set)->count[s->split];
    int32_t widest = 0;
    for (int64_t i = rgm_dataset_name(s->set, s->split, 0) ? 0 : count - 1; i < count; i++) {
        int32_t width = rgm_text_columns(image_title(s, path, i, title));
        if (width > widest) widest = width;
    }
    return widest;
}

void rgm_predicting_look(const rgm_predicting *p, rgm_predictions_options *options) {
    int32_t set = 0;
    options->columns = options->labels = options->named = 0;
    for (int64_t i = 0; i < p->inputs->count; i++) {
        const rgm_input_item *item = &p->inputs->items[i];
        const rgm_predicted_set *s = item->kind == RGM_INPUT_SET ? &p->sets[set++] : NULL;
        int32_t width = s && s->set ? widest_image(s, item->path) : rgm_text_columns(item->path);
        if (width > options->columns) options->columns = width;
        options->labels |= s ? s->labels != NULL : label_of_file(p, item) >= 0;
        options->named |= s && s->set && rgm_dataset_name(s->set, s->split, 0);
    }
}

/* ---- a window ---- */

static void free_window(rgm_answers *w) {
    if (!w) return;
    free(w->sources);
    free(w->items);
    free(w->indices);
    free(w->images);
    free(w->raw);
    free(w->probabilities);
    free(w->ranked);
    free(w);
}

static rgm_status make_window(rgm_predicting *p, rgm_error *err) {
    const rgm_transform *t = &p->transform;
    int64_t batch = rgm_predictor_config(p->predictor)->batch;
    rgm_answers *w = p->window = calloc(1, sizeof *w);
    if (!w) return no_memory(err);
    w->image = (size_t)t->C * (size_t)t->H * (size_t)t->W;
    int64_t most = (int64_t)(window_bytes / w->image);
    w->room = most > LEAST_WINDOW ? LEAST_WINDOW : most;
    w->room = w->room < batch ? batch : w->room - w->room % batch;
    w->piece = FIRST_PIECE;
    size_t room = (size_t)w->room, classes = (size_t)p->classes;
    w->sources = calloc(room, sizeof *w->sources);
    w->items = calloc(room, sizeof *w->items);
    w->indices = calloc(room, sizeof *w->indices);
    w->images = malloc(room * w->image);
    w->probabilities = malloc(room * classes * sizeof *w->probabilities);
    w->ranked = malloc(classes * sizeof *w->ranked);
    if (w->sources && w->items && w->indices && w->images && w->probabilities && w->ranked) return RGM_OK;
    return no_memory(err);
}

static int by_probability(const void *a, const void *b) {
    const rgm_ranked *x = a, *y = b;
    if (x->probability != y->probability) return x->probability > y->probability ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The likeliest classes, of equals the one with the lower number first. */
static int32_t rank(rgm_ranked *ranked, const float *probabilities, int32_t classes, int32_t top) {
    int32_t count = 0;
    for (int32_t k = 0; k < classes; k++) {
        const rgm_ranked one = {k, probabilities[k]};
        if (top == classes) {
            ranked[count++] = one;
            continue;
        }
        int32_t at = count, last = count < top ? count : top - 1;
        while (at > 0 && ranked[at - 1].probability < one.probability) at--;
        if (at == top) continue;
        memmove(&ranked[at + 1], &ranked[at], sizeof one * (size_t)(last - at));
        ranked[at] = one;
        count = last + 1;
    }
    if (top == classes) qsort(ranked, (size_t)classes, sizeof *ranked, by_probability);
    return count;
}

static rgm_status tell(rgm_predicting *p, rgm_predicted *one, const float *probabilities, rgm_error *err) {
    rgm_prediction *n = &one->prediction;
    n->count = rank(p->window->ranked, probabilities, p->classes, p->top);
    n->top = p->window->ranked;
    n->likelihood = n->label >= 0 ? probabilities[n->label] : 0;
    RGM_TRY(rgm_predictions_add(p->out, n, err));
    return p->also ? p->also(p->context, one, err) : RGM_OK;
}

/* Describes the image at a place of the window. */
static rgm_predicted describe(const rgm_predicting *p, int64_t at, int32_t set) {
    const rgm_answers *w = p->window;
    const rgm_input_item *item = &p->inputs->items[w->items[at]];
    rgm_predicted one = {.item = w->items[at], .set = set, .prediction = {.label = -1}};
    if (set < 0) {
        one.prediction.file = item->path;
        one.prediction.label = label_of_file(p, item);
        return one;
    }
    const rgm_predicted_set *s = &p->sets[set];
    one.prediction.data = item->path;
    one.prediction.split = rgm_split_name(s->split);
    one.prediction.index = w->indices[at];
    one.prediction.name = rgm_dataset_name(s->set, s->split, one.prediction.index);
    if (s->labels) one.prediction.label = s->labels[rgm_dataset_labels(s->set, s->split)[w->indices[at]]];
    return one;
}

/* Images that were read move together, so that batches are full. */
static void keep(rgm_answers *w, int64_t count) {
    for (int64_t end = w->read + count; w->read < end; w->read++) {
        if (w->sources[w->read].status < 0) continue;
        if (w->kept < w->read)
            memcpy(w->images + (size_t)w->kept * w->image, w->images + (size_t)w->read * w->image, w->image);
        w->kept++;
    }
}

/* Tells of the images up to the first one that is not predicted yet. */
static rgm_status tell_some(rgm_predicting *p, int32_t set, const float *next, int64_t count, rgm_error *err) {
    rgm_answers *w = p->window;
    char title[TITLE];
    for (; w->told < w->read; w->told++, p->done++) {
        const rgm_picture_source *s = &w->sources[w->told];
        rgm_predicted one = describe(p, w->told, set);
        if (s->status < 0) {
            rgm_prediction_title(&one.prediction, title, sizeof title);
            RGM_TRY(rgm_predictions_unreadable(p->out, title, s->reason, err));
            continue;
        }
        if (count-- == 0) break;
        rgm_bar_hide(&p->bar);
        RGM_TRY(tell(p, &one, next, err));
        next += p->classes;
    }
    return rgm_predictions_flush(p->out, err);
}

/* Predicts the whole batches that are there, at the end of the window all, and tells them. */
static rgm_status answer(rgm_predicting *p, int32_t set, rgm_error *err) {
    rgm_answers *w = p->window;
    int64_t ready = w->kept - w->predicted;
    if (w->read < w->used) ready -= ready % rgm_predictor_config(p->predictor)->batch;
    const uint8_t *images = w->images + (size_t)w->predicted * w->image;
    if (ready) RGM_TRY(rgm_predictor_predict(p->predictor, images, ready, w->probabilities, err));
    w->predicted += ready;
    RGM_TRY(tell_some(p, set, w->probabilities, ready, err));
    rgm_bar_update(&p->bar, p->done + w->read - w->told, NAN, NAN);
    return RGM_OK;
}

static rgm_status interrupted(const rgm_predicting *p, rgm_error *err) {
    if (!rgm_stop_asked(&p->stop)) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERRUPTED, "predict: stopped on request after %lld of %lld picture%s",
                    (long long)p->done, (long long)p->total, p->total == 1 ? "" : "s");
}

static rgm_status read_piece(rgm_predicting *p, int64_t count, rgm_error *err) {
    rgm_answers *w = p->window;
    double start = rgm_seconds();
    RGM_TRY(rgm_predictor_read(p->predictor, w->sources + w->read, count, w->images + (size_t)w->read * w->image, err));
    double seconds = rgm_seconds() - start;
    if (seconds < least_seconds && count == w->piece) w->piece *= 2;
    if (seconds > most_seconds && w->piece > 1) w->piece /= 2;
    return RGM_OK;
}

/* Reads, predicts and tells what is in the window. With `ready` its images are there. */
static rgm_status finish_window(rgm_predicting *p, int32_t set, int32_t ready, rgm_error *err) {
    rgm_answers *w = p->window;
    w->read = w->kept = w->predicted = w->told = 0;
    while (w->read < w->used) {
        int64_t count = w->used - w->read;
        RGM_TRY(interrupted(p, err));
        if (!ready && count > w->piece) count = w->piece;
        if (!ready) RGM_TRY(read_piece(p, count, err));
        keep(w, count);
        RGM_TRY(answer(p, set, err));
    }
    w->used = 0;
    return RGM_OK;
}

/* ---- files ---- */

static rgm_status finish_files(rgm_predicting *p, rgm_error *err) {
    rgm_answers *w = p->window;
    return w->used ? finish_window(p, -1, 0, err) : RGM_OK;
}

static rgm_status add_file(rgm_predicting *p, int64_t item, rgm_error *err) {
    rgm_answers *w = p->window;
    const rgm_input_item *file = &p->inputs->items[item];
    w->sources[w->used] = (rgm_picture_source){.path = file->path};
    w->items[w->used++] = item;
    return w->used == w->room ? finish_files(p, err) : RGM_OK;
}

/* ---- images of data sets ---- */

/* Fills the window. Images of the model's size are as they are; others, and encoded pictures, will go through its
 * transform. */
static rgm_status take_images(rgm_predicting *p, const rgm_predicted_set *s, int64_t first, int64_t count,
                              rgm_error *err) {
    rgm_answers *w = p->window;
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    int32_t same = is_same(p, info);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    for (int64_t i = 0; i < count; i++) {
        if (info->encoded) {
            w->sources[i] = (rgm_picture_source){.set = s->set, .split = s->split, .index = first + i};
            continue;
        }
        uint8_t *to = same ? w->images + (size_t)i * w->image : w->raw + (size_t)i * bytes;
        w->sources[i] = (rgm_picture_source){
            .pixels = {.pixels = to, .pitch = (int64_t)info->W * info->C, .H = info->H, .W = info->W, .C = info->C}};
        RGM_TRY(rgm_dataset_read(s->set, s->split, first + i, to, err));
    }
    return rgm_dataset_check(s->set, err);
}

static rgm_status prepare_raw(rgm_predicting *p, const rgm_dataset_info *info, int64_t *step, rgm_error *err) {
    rgm_answers *w = p->window;
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    *step = w->room;
    if (info->encoded || is_same(p, info)) return RGM_OK;
    if ((int64_t)(window_bytes / bytes) < *step) *step = (int64_t)(window_bytes / bytes);
    if (*step < 1) *step = 1;
    free(w->raw);
    w->raw = malloc((size_t)*step * bytes);
    return w->raw ? RGM_OK : no_memory(err);
}

static rgm_status predict_set(rgm_predicting *p, int64_t item, int32_t set, rgm_error *err) {
    rgm_answers *w = p->window;
    const rgm_predicted_set *s = &p->sets[set];
    int64_t step;
    if (!s->set) {
        p->done++;
        return rgm_predictions_unreadable(p->out, p->inputs->items[item].path, s->reason, err);
    }
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    RGM_TRY(prepare_raw(p, info, &step, err));
    for (int64_t first = 0; first < info->count[s->split]; first += step) {
        int64_t left = info->count[s->split] - first;
        RGM_TRY(interrupted(p, err));
        w->used = left < step ? left : step;
        RGM_TRY(take_images(p, s, first, w->used, err));
        for (int64_t i = 0; i < w->used; i++) {
            w->items[i] = item;
            w->indices[i] = first + i;
        }
        RGM_TRY(finish_window(p, set, is_same(p, info), err));
    }
    return RGM_OK;
}

/* ---- all ---- */

static rgm_status run(rgm_predicting *p, rgm_error *err) {
    int32_t set = 0;
    RGM_TRY(make_window(p, err));
    for (int64_t i = 0; i < p->inputs->count; i++) {
        const rgm_input_item *item = &p->inputs->items[i];
        if (item->kind == RGM_INPUT_PICTURE) {
            RGM_TRY(add_file(p, i, err));
            continue;
        }
        RGM_TRY(finish_files(p, err));
        if (item->kind == RGM_INPUT_SET)
            RGM_TRY(predict_set(p, i, set++, err));
        else
            RGM_TRY(rgm_predictions_unreadable(p->out, item->path, strerror(item->error), err));
    }
    return finish_files(p, err);
}

rgm_status rgm_predicting_run(rgm_predicting *p, rgm_error *err) {
    double start = rgm_seconds();
    rgm_bar_start(&p->bar,
                  &(rgm_bar_options){.label = "predict", .unit = "pictures", .total = p->total, .quiet = p->bar_quiet});
    rgm_status status = run(p, err);
    rgm_bar_finish(&p->bar);
    p->seconds = rgm_seconds() - start;
    return status;
}

void rgm_predicting_close(rgm_predicting *p) {
    free_window(p->window);
    for (int32_t i = 0; i < p->set_count; i++) {
        rgm_dataset_close(p->sets[i].set);
        free(p->sets[i].labels);
    }
    free(p->sets);
    p->window = NULL;
    p->sets = NULL;
    p->set_count = 0;
}
