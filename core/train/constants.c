#include "train/constants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/fingerprint.h"
#include "train/image.h"

enum { LIST_TEXT = 160, LISTED_NAMES = 3 };

/* ---- class names: a text with a line each ---- */

char *rgm_constants_names(const rgm_dataset_info *info) {
    size_t room = 1;
    for (int32_t i = 0; info->class_names && i < info->classes; i++) room += strlen(info->class_names[i]) + 1;
    char *text = calloc(room, 1), *at = text;
    for (int32_t i = 0; text && info->class_names && i < info->classes; i++) {
        for (const char *name = info->class_names[i]; *name; name++) *at++ = *name == '\n' ? ' ' : *name;
        *at++ = '\n';
    }
    return text;
}

typedef struct class_name {
    char *text;
    int32_t number;
} class_name;

typedef struct class_names {
    char **texts;
    class_name *list; /* in the order of numbers */
    int32_t count;
} class_names;

rgm_status rgm_constants_list(const char *text, char ***list, int32_t *count, rgm_error *err) {
    int32_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
    *count = lines;
    *list = malloc((size_t)lines * sizeof **list + strlen(text) + 1);
    if (!*list) return rgm_fail(err, RGM_E_NOMEM, "class names: out of memory");
    char *line = strcpy((char *)(*list + lines), text);
    for (int32_t i = 0; i < lines; i++) {
        char *end = strchr(line, '\n');
        *end = 0;
        (*list)[i] = line;
        line = end + 1;
    }
    return RGM_OK;
}

static void free_names(class_names *names) {
    free(names->texts);
    free(names->list);
}

static rgm_status split_names(class_names *names, const char *text, rgm_error *err) {
    *names = (class_names){.count = 0};
    RGM_TRY(rgm_constants_list(text, &names->texts, &names->count, err));
    names->list = calloc((size_t)names->count + 1, sizeof *names->list);
    if (!names->list) return rgm_fail(err, RGM_E_NOMEM, "class names: out of memory");
    for (int32_t i = 0; i < names->count; i++) names->list[i] = (class_name){names->texts[i], i};
    return RGM_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const class_name *)a)->text, ((const class_name *)b)->text);
}

/* ---- taking them ---- */

rgm_status rgm_constants_take(rgm_constants *c, const rgm_checkpoint_reader *reader, const char *path, rgm_error *err) {
    const rgm_checkpoint *header = rgm_checkpoint_header(reader);
    *c = (rgm_constants){.input = header->input,
                         .classes = strdup(header->classes),
                         .path = strdup(path),
                         .version = rgm_checkpoint_foreign(reader) ? 0 : header->version,
                         .fingerprint = header->fingerprint,
                         .fingerprint_pixels = header->fingerprint_pixels,
                         .seed = header->seed};
    if (c->classes && c->path) return RGM_OK;
    rgm_constants_free(c);
    return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
}

rgm_status rgm_constants_read(rgm_constants *c, const char *path, const rgm_stop *stop, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, stop, err));
    rgm_status status = rgm_constants_take(c, reader, path, err);
    rgm_checkpoint_close(reader);
    return status;
}

rgm_status rgm_constants_copy(rgm_constants *c, const rgm_constants *from, rgm_error *err) {
    *c = *from;
    c->classes = from->classes ? strdup(from->classes) : NULL;
    c->path = from->path ? strdup(from->path) : NULL;
    if (!c->classes == !from->classes && !c->path == !from->path) return RGM_OK;
    rgm_constants_free(c);
    return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
}

void rgm_constants_free(rgm_constants *c) {
    free(c->classes);
    free(c->path);
    memset(c, 0, sizeof *c);
}

/* ---- settling ---- */

static const char *numbers_text(char text[LIST_TEXT], const float *numbers, int32_t count) {
    int used = 0;
    text[0] = 0;
    for (int32_t i = 0; i < count && used < LIST_TEXT - 24; i++)
        used += snprintf(text + used, (size_t)(LIST_TEXT - used), "%s%.6g", i ? " " : "", (double)numbers[i]);
    return text;
}

static int32_t same_numbers(const float *a, const float *b, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

/* "mean 0.1 0.2, std 0.3 0.4" */
static const char *scales_text(char text[2 * LIST_TEXT + 16], const float *mean, const float *std, int32_t count) {
    char a[LIST_TEXT], b[LIST_TEXT];
    snprintf(text, 2 * LIST_TEXT + 16, "mean %s, std %s", numbers_text(a, mean, count), numbers_text(b, std, count));
    return text;
}

static rgm_status settle_numbers(rgm_constants *c, const rgm_constants *model, const rgm_dataset_info *info,
                                 rgm_error *err) {
    char own[2 * LIST_TEXT + 16], theirs[2 * LIST_TEXT + 16];
    if (model && model->input.known && model->input.image[0] != info->C)
        return rgm_fail(err, RGM_E_USAGE, "%s: its images have %d channels, the model of %s takes %d", info->path,
                        info->C, model->path, model->input.image[0]);
    if (model && model->input.known) {
        c->input = model->input;
        if (!info->constants ||
            (same_numbers(info->mean, c->input.mean, info->C) && same_numbers(info->std, c->input.std, info->C)))
            return RGM_OK;
        rgm_log(RGM_LOG_WARN, "%s: it has %s; the model's own are used: %s", info->path,
                scales_text(theirs, info->mean, info->std, info->C),
                scales_text(own, c->input.mean, c->input.std, info->C));
        return RGM_OK;
    }
    if (!info->constants)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: no train split, and no attributes mean and std, which an evaluation needs then",
                        info->path);
    memcpy(c->input.mean, info->mean, sizeof c->input.mean);
    memcpy(c->input.std, info->std, sizeof c->input.std);
    c->input.transform = rgm_image_own(info);
    if (model)
        rgm_log(RGM_LOG_WARN, "%s: %s has no mean and std; those of %s are assumed: %s", model->path,
                model->version ? "a checkpoint of format version 1" : "a file of weights only", info->path,
                scales_text(theirs, info->mean, info->std, info->C));
    return RGM_OK;
}

rgm_status rgm_constants_settle(rgm_constants *c, const rgm_constants *model, const rgm_dataset *set, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    if (model && !model->path) model = NULL;
    char *names = rgm_constants_names(info);
    if (!names) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", info->path);
    *c = (rgm_constants){.classes = names};
    RGM_TRY(settle_numbers(c, model, info, err));
    c->input.known = 1;
    if (!model || !model->classes[0]) return RGM_OK;
    c->classes = strdup(model->classes);
    free(names);
    return c->classes ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", info->path);
}

/* ---- labels of an evaluation ---- */

/* "'ant', 'bee' and 3 more" */
typedef struct name_list {
    char text[LIST_TEXT + 64];
    size_t used;
    int32_t count;
} name_list;

static void add_name(name_list *list, const char *name) {
    if (list->count++ >= LISTED_NAMES) return;
    list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s'%.40s'",
                                   list->count > 1 ? ", " : "", name);
}

static const char *end_list(name_list *list) {
    if (list->count > LISTED_NAMES)
        snprintf(list->text + list->used, sizeof list->text - list->used, " and %d more", list->count - LISTED_NAMES);
    return list->text;
}

/* Classes of a set and those of a model, both with names. */
typedef struct matching {
    const rgm_constants *model;
    const rgm_dataset_info *info;
    class_names ours, theirs; /* the model's; the set's */
    int32_t classes;          /* of the model: all of them, with a name or without */
} matching;

/* to[i]: the model's number of the set's class i. The model's names are sorted. */
static rgm_status find_names(const matching *m, int32_t *to, rgm_error *err) {
    const class_name *list = m->ours.list;
    name_list unknown = {.count = 0};
    for (int32_t i = 0; i < m->theirs.count; i++) {
        const class_name *found = bsearch(&m->theirs.list[i], list, (size_t)m->ours.count, sizeof *list, by_name);
        if (!found) {
            add_name(&unknown, m->theirs.list[i].text);
            continue;
        }
        int32_t twice = (found > list && by_name(found - 1, found) == 0) ||
                        (found + 1 < list + m->ours.count && by_name(found, found + 1) == 0);
        if (twice)
            return rgm_fail(err, RGM_E_USAGE, "%s: two classes of the model of %s have the name '%.40s'", m->info->path,
                            m->model->path, found->text);
        to[i] = found->number;
    }
    if (!unknown.count) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: the model of %s does not know its class%s %s", m->info->path, m->model->path,
                    unknown.count == 1 ? "" : "es", end_list(&unknown));
}

static int32_t same_beginning(const class_names *a, const class_names *b) {
    for (int32_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->list[i].text, b->list[i].text) != 0) return 0;
    return 1;
}

static void tell_fewer(const matching *m) {
    if (m->theirs.count < m->ours.count)
        rgm_log(RGM_LOG_WARN, "%s: it has %d of the model's %d classes", m->info->path, m->theirs.count, m->ours.count);
}

/* Sorts the model's names. */
static rgm_status map_by_name(matching *m, rgm_class_map **out, rgm_error *err) {
    const char *path = m->info->path;
    if (m->theirs.count <= m->ours.count && same_beginning(&m->ours, &m->theirs)) {
        tell_fewer(m);
        return RGM_OK;
    }
    rgm_class_map *map = calloc(1, sizeof *map + (size_t)m->theirs.count * sizeof *map->to);
    if (!map) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    map->classes = m->classes;
    qsort(m->ours.list, (size_t)m->ours.count, sizeof *m->ours.list, by_name);
    rgm_status status = find_names(m, map->to, err);
    if (status < 0) {
        free(map);
        return status;
    }
    tell_fewer(m);
    rgm_log(RGM_LOG_WARN, "%s: its classes stand in another order than the model's: labels are taken by name", path);
    *out = map;
    return RGM_OK;
}

static rgm_status take_by_number(const rgm_constants *model, int32_t classes, const rgm_dataset_info *info,
                                 rgm_error *err) {
    if (info->classes > classes)
        return rgm_fail(err, RGM_E_USAGE, "%s: its labels are of %d classes, the model of %s has %d", info->path,
                        info->classes, model->path, classes);
    if (model->classes[0] || info->class_names)
        rgm_log(RGM_LOG_WARN, "%s: class names are only in %s: label 0 counts as the model's first class, and so on",
                info->path, info->class_names ? "the data" : "the model");
    return RGM_OK;
}

rgm_status rgm_constants_map(const rgm_constants *model, const rgm_config *config, const rgm_dataset *set,
                             rgm_class_map **map, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const int32_t *image = config->model.image;
    *map = NULL;
    if (image[0] && image[0] != info->C)
        return rgm_fail(err, RGM_E_USAGE, "%s: its images have %d channels, the model of %s takes %d", info->path,
                        info->C, model->path, image[0]);
    if (image[0] && !info->encoded && (image[1] != info->H || image[2] != info->W))
        rgm_log(RGM_LOG_INFO, "%s: its images are %dx%d (H, W): the model's transform makes them %dx%d", info->path,
                info->H, info->W, image[1], image[2]);
    int32_t classes = config->model.classes ? config->model.classes : info->classes;
    if (!model->classes[0] || !info->class_names) return take_by_number(model, classes, info, err);
    char *names = rgm_constants_names(info);
    matching m = {.model = model, .info = info, .classes = classes};
    rgm_status status = names ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", info->path);
    if (status == RGM_OK) status = split_names(&m.ours, model->classes, err);
    if (status == RGM_OK) status = split_names(&m.theirs, names, err);
    if (status == RGM_OK && m.ours.count > classes)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %d class names for a model of %d classes", model->path, m.ours.count,
                          classes);
    if (status == RGM_OK) status = map_by_name(&m, map, err);
    free_names(&m.ours);
    free_names(&m.theirs);
    free(names);
    return status;
}

/* ---- whose data it is ---- */

/* Another fraction or seed holds out images that the run was trained on. */
static rgm_status check_held_out(const rgm_constants *model, const rgm_config *config, rgm_error *err) {
    if (model->seed == config->seed && model->held_out == config->data.validation) return RGM_OK;
    if (model->held_out <= 0)
        return rgm_fail(err, RGM_E_USAGE, "data.validation: %g, but the run of %s held nothing out for validation",
                        config->data.validation, model->path);
    return rgm_fail(err, RGM_E_USAGE,
                    "data.validation: %g with seed %" PRIu64 ", but the run of %s held out %g with seed %" PRIu64
                    ": others are images that it was trained on",
                    config->data.validation, config->seed, model->path, model->held_out, model->seed);
}

rgm_status rgm_constants_own_data(const rgm_constants *model, const rgm_config *config, const rgm_dataset *set,
                                  uint64_t excluded, const rgm_stop *stop, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const rgm_fingerprint_terms terms = {model->input.mean, model->input.std, model->classes};
    uint64_t found = ~model->fingerprint;
    if (!model->version)
        return rgm_fail(err, RGM_E_USAGE, "%s: no validation split, and %s does not say what its run held out",
                        info->path, model->path);
    if (model->version == 1)
        RGM_TRY(rgm_fingerprint_sampled(set, &found, err));
    else if (model->input.image[0] == info->C)
        RGM_TRY(model->fingerprint_pixels ? rgm_fingerprint(set, &terms, stop, &found, err)
                                          : rgm_fingerprint_quick(set, &terms, &found, err));
    found ^= excluded;
    if (found == model->fingerprint && model->version == 1)
        rgm_log(
            RGM_LOG_WARN,
            "%s: a checkpoint of format version 1: where classes have unequal numbers of images, images that its run "
            "was trained on may be among those held out now",
            model->path);
    if (found == model->fingerprint) return check_held_out(model, config, err);
    return rgm_fail(err, RGM_E_USAGE,
                    "%s: no validation split, and the run of %s held nothing out of it, having been trained on other "
                    "data%s: --split train takes the whole train split",
                    info->path, model->path, config->data.exclude[0] ? ", or with another exclude list" : "");
}

void rgm_constants_compare(const rgm_constants *weights, const rgm_constants *run, const char *data) {
    char theirs[2 * LIST_TEXT + 16], ours[2 * LIST_TEXT + 16];
    const rgm_model_input *a = &weights->input, *b = &run->input;
    int32_t C = a->image[0];
    if (a->known && (C != b->image[0] || !same_numbers(a->mean, b->mean, C) || !same_numbers(a->std, b->std, C)))
        rgm_log(RGM_LOG_WARN, "%s: its weights were trained with %s; this run uses those of %s: %s", weights->path,
                scales_text(theirs, a->mean, a->std, C), data, scales_text(ours, b->mean, b->std, b->image[0]));
    if (weights->classes[0] && run->classes[0] && strcmp(weights->classes, run->classes) != 0)
        rgm_log(RGM_LOG_WARN, "%s: its classes are not those of %s, in number, name or order", weights->path, data);
}
