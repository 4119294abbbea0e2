#include "assemble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "copies.h"
#include "encoded_writer.h"
#include "picture_names.h"
#include "quarantine.h"
#include "shares.h"

enum { PIECE_BYTES = 2 << 20, NAMES_TOLD = 5 };

struct work {
    const rgm_assembly *a;
    const rgm_import_options *options;
    int64_t (*of_class)[RGM_SPLIT_COUNT]; /* [classes] pictures of a class in each split */
    int32_t *number;                      /* [classes] their number in the file; -1: no pictures */
    const char **names;                   /* [classes] of the file */
    int32_t classes;
    uint8_t *split;                 /* [list->count] RGM_SPLIT_*, or RGM_SPLIT_COUNT: no part of the set */
    int64_t count[RGM_SPLIT_COUNT]; /* pictures */
    int64_t bytes[RGM_SPLIT_COUNT];
    int64_t largest; /* bytes of a picture */
    rgm_channel_sums sums;
    rgm_picture_names picture_names;
    const char *path;        /* of the file that is written */
    int32_t *groups;         /* [list->count] of copies; NULL: not known, or none */
    rgm_copies_parts copies; /* the same by split */
};

/* ---- what there is ---- */

/* Images have one size. The journal may be somebody else's: its hashes prove nothing. */
static rgm_status check_record(const struct work *w, const rgm_stage_record *record, rgm_error *err) {
    const rgm_transform *to = &w->a->to;
    int64_t image = (int64_t)to->H * to->W * to->C, expected = w->options->pictures.keep ? record->bytes : image;
    if (record->bytes > 0 && record->bytes == expected) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%.300s.import: damaged at picture %lld: import again", w->options->out,
                    (long long)record->index);
}

/* The journal's record of picture i; they are read in order, from 0 on. */
static rgm_status next_record(const struct work *w, int64_t i, rgm_stage_record *record, rgm_error *err) {
    int32_t more;
    if (i == 0) rgm_stage_rewind(w->a->stage);
    RGM_TRY(rgm_stage_next(w->a->stage, record, &more, err));
    if (more && record->index == i) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "%.300s: the staging ends at picture %lld", w->options->out, (long long)i);
}

/* Reads the journal: which pictures are there, and why the others are not. */
static rgm_status count_records(struct work *w, rgm_quarantine *quarantine, rgm_error *err) {
    const rgm_list *list = w->a->list;
    rgm_import_report *report = w->options->report;
    rgm_stage_record record;
    for (int64_t i = 0; i < list->count; i++) {
        RGM_TRY(next_record(w, i, &record, err));
        w->split[i] = RGM_SPLIT_COUNT;
        if (record.state == RGM_STAGE_PASSED) report->passed[rgm_passed_kind(record.reason)]++;
        if (record.state == RGM_STAGE_QUARANTINED) RGM_TRY(rgm_quarantine_add(quarantine, list, i, record.reason, err));
        if (record.state != RGM_STAGE_KEPT) continue;
        RGM_TRY(check_record(w, &record, err));
        const rgm_list_entry *entry = &list->entries[i];
        w->split[i] = (uint8_t)entry->split;
        w->of_class[entry->label][entry->split]++;
        report->profiles += record.profile != 0;
        report->warnings += record.warnings != 0;
        report->resized += record.resized;
        if (record.bytes > w->largest) w->largest = record.bytes;
    }
    return RGM_OK;
}

/* Up to NAMES_TOLD names: "'a', 'b' and 7 more". */
static const char *tell_names(const struct work *w, const int32_t *which, int32_t count, char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (int32_t i = 0; i < count && i < NAMES_TOLD && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s'%.60s'", i ? ", " : "", w->a->list->classes[which[i]]);
    if (count > NAMES_TOLD && used < size) snprintf(out + used, size - used, " and %d more", count - NAMES_TOLD);
    return out;
}

/* Numbers the classes that have pictures. All of them must have some for training. */
static rgm_status number_classes(struct work *w, rgm_error *err) {
    char told[512];
    const rgm_list *list = w->a->list;
    int32_t *empty = calloc((size_t)list->class_count, sizeof *empty), empties = 0, *odd = empty, odds = 0;
    if (!empty) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", w->options->out);
    for (int32_t c = 0; c < list->class_count; c++) {
        const int64_t *n = w->of_class[c];
        w->number[c] = -1;
        if (n[RGM_SPLIT_TRAIN] + n[RGM_SPLIT_TEST] + n[RGM_SPLIT_VALIDATION] == 0)
            empty[empties++] = c;
        else
            w->names[w->number[c] = w->classes++] = list->classes[c];
    }
    if (empties)
        rgm_log(RGM_LOG_WARN, "%s without a readable picture %s left out: %s", empties == 1 ? "a class" : "classes",
                empties == 1 ? "is" : "are", tell_names(w, empty, empties, told, sizeof told));
    for (int32_t c = 0; c < list->class_count; c++)
        if (w->number[c] >= 0 && w->of_class[c][RGM_SPLIT_TRAIN] == 0) odd[odds++] = c;
    tell_names(w, odd, odds, told, sizeof told);
    free(empty);
    if (odds)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: no training picture of class%s %s, only others", list->name,
                        odds == 1 ? "" : "es", told);
    if (w->classes >= 2) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%.200s: readable pictures of one class only, '%.60s': expected two at least",
                    list->name, w->names[0]);
}

/* ---- splits ---- */

/* From the pictures that were for training to all of the list; `split` is still as it was before the shares. From the
 * end on, for a picture's place in the list is never before that among those. */
static void spread_groups(struct work *w) {
    int64_t train = 0;
    for (int64_t i = 0; i < w->a->list->count; i++) train += w->split[i] == RGM_SPLIT_TRAIN;
    for (int64_t i = w->a->list->count - 1; i >= 0; i--)
        w->groups[i] = w->split[i] == RGM_SPLIT_TRAIN ? w->groups[--train] : -1;
}

/* The shares that the options ask for, out of the training pictures. */
static rgm_status make_splits(struct work *w, rgm_error *err) {
    const rgm_list *list = w->a->list;
    rgm_share_ask ask = {.options = w->options, .what = list->name, .classes = w->classes};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) ask.there[s] = list->named[s];
    int64_t train = 0;
    int32_t *labels = malloc(((size_t)list->count + 1) * sizeof *labels);
    uint8_t *split = malloc((size_t)list->count + 1);
    rgm_status status = labels && split ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", w->options->out);
    for (int64_t i = 0; status == RGM_OK && i < list->count; i++)
        if (w->split[i] == RGM_SPLIT_TRAIN) labels[train++] = w->number[list->entries[i].label];
    ask.labels = labels;
    ask.groups = w->groups;
    ask.count = train;
    if (status == RGM_OK) status = rgm_shares_make(&ask, split, err);
    if (status == RGM_OK && w->groups) spread_groups(w);
    train = 0;
    for (int64_t i = 0; status == RGM_OK && i < list->count; i++)
        if (w->split[i] == RGM_SPLIT_TRAIN) w->split[i] = split[train++];
    free(labels);
    free(split);
    return status;
}

/* Pictures and bytes of each split, and the sums of those for training. */
static rgm_status count_splits(struct work *w, rgm_error *err) {
    rgm_stage_record record;
    memset(w->count, 0, sizeof w->count);
    memset(w->bytes, 0, sizeof w->bytes);
    w->sums = (rgm_channel_sums){.C = w->a->to.C};
    for (int64_t i = 0; i < w->a->list->count; i++) {
        const int32_t split = w->split[i];
        RGM_TRY(next_record(w, i, &record, err));
        if (split == RGM_SPLIT_COUNT) continue;
        w->count[split]++;
        w->bytes[split] += record.bytes;
        if (split != RGM_SPLIT_TRAIN) continue;
        w->sums.pixels += record.pixels;
        for (int32_t c = 0; c < w->sums.C; c++) {
            w->sums.sum[c] += record.sum[c];
            w->sums.square[c] += record.square[c];
        }
    }
    return RGM_OK;
}

/* ---- the file ---- */

/* Images of neighbours in the list: those of the first split, then those of the next one. */
struct piece {
    uint8_t *images;
    int32_t *labels;
    int64_t count[RGM_SPLIT_COUNT];
};

/* A piece is read and checked while the one before is summed and written. */
struct copy {
    struct work *w;
    rgm_writer *writer;
    struct piece pieces[2];
    struct piece *now, *before;
    int64_t room; /* most images of a piece */
    int64_t at;   /* the next entry of the list */
};

/* Counts what the next piece has. Returns where it ends. */
static int64_t plan_piece(struct copy *c) {
    const struct work *w = c->w;
    int64_t end = c->at, images = 0;
    memset(c->now->count, 0, sizeof c->now->count);
    for (; end < w->a->list->count && images < c->room; end++) {
        if (w->split[end] == RGM_SPLIT_COUNT) continue;
        c->now->count[w->split[end]]++;
        images++;
    }
    return end;
}

static rgm_status read_piece(struct copy *c, rgm_error *err) {
    const struct work *w = c->w;
    struct piece *piece = c->now;
    const int64_t end = plan_piece(c);
    int64_t place[RGM_SPLIT_COUNT] = {0};
    rgm_stage_record record;
    for (int32_t s = 1; s < RGM_SPLIT_COUNT; s++) place[s] = place[s - 1] + piece->count[s - 1];
    for (; c->at < end; c->at++) {
        const int32_t split = w->split[c->at];
        RGM_TRY(next_record(w, c->at, &record, err));
        if (split == RGM_SPLIT_COUNT) continue;
        RGM_TRY(rgm_stage_data(w->a->stage, &record, piece->images + place[split] * w->largest, err));
        piece->labels[place[split]++] = w->number[w->a->list->entries[c->at].label];
    }
    return RGM_OK;
}

static rgm_status write_piece(const struct copy *c, rgm_error *err) {
    const struct piece *piece = c->before;
    int64_t at = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; at += piece->count[s++])
        RGM_TRY(
            rgm_writer_put(c->writer, s, piece->images + at * c->w->largest, piece->labels + at, piece->count[s], err));
    return RGM_OK;
}

static void sum_piece(const struct copy *c) {
    const struct piece *piece = c->before;
    int64_t at = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; at += piece->count[s++])
        rgm_writer_sum(c->writer, s, piece->images + at * c->w->largest, piece->count[s]);
}

enum { WRITE, SUM, READ, STEPS };

static rgm_status step(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    struct copy *c = context;
    (void)worker;
    if (chunk == READ) return read_piece(c, err);
    if (c->before && chunk == WRITE) return write_piece(c, err);
    if (c->before && chunk == SUM) sum_piece(c);
    return RGM_OK;
}

static rgm_status copy_images(struct copy *c, rgm_error *err) {
    int64_t left = 1;
    for (int32_t k = 0; left > 0; k ^= 1) {
        c->now = &c->pieces[k];
        RGM_TRY(rgm_team_for(c->w->a->team, step, c, STEPS, err));
        if (c->before) RGM_TRY(rgm_writer_report(c->writer, err));
        c->before = c->now;
        left = 0;
        for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) left += c->now->count[s];
    }
    return rgm_writer_finish(c->writer, err);
}

static rgm_status write_images(struct work *w, rgm_error *err) {
    const rgm_import_options *o = w->options;
    struct copy copy = {.w = w, .room = PIECE_BYTES / w->largest + 1};
    rgm_writer_options settings = {.path = w->path,
                                   .replace = o->overwrite || w->path != o->out,
                                   .H = w->a->to.H,
                                   .W = w->a->to.W,
                                   .C = w->a->to.C,
                                   .classes = w->classes,
                                   .class_names = w->names,
                                   .source = o->source,
                                   .licence = o->licence,
                                   .transform = &w->a->to,
                                   .progress = o->progress,
                                   .progress_context = o->progress_context,
                                   .stop = o->stop};
    memcpy(settings.count, w->count, sizeof settings.count);
    memcpy(settings.names, w->picture_names.bytes, sizeof settings.names);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) settings.groups[s] = w->copies.of[s];
    RGM_TRY(rgm_writer_create(&copy.writer, &settings, err));
    rgm_status status = rgm_picture_names_write(&w->picture_names, rgm_writer_names, copy.writer, err);
    for (int32_t k = 0; k < 2 && status == RGM_OK; k++) {
        copy.pieces[k].images = malloc((size_t)(copy.room * w->largest));
        copy.pieces[k].labels = calloc((size_t)copy.room, sizeof *copy.pieces[k].labels);
        if (!copy.pieces[k].images || !copy.pieces[k].labels)
            status = rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", o->out);
    }
    if (status == RGM_OK) status = copy_images(&copy, err);
    for (int32_t k = 0; k < 2; k++) {
        free(copy.pieces[k].images);
        free(copy.pieces[k].labels);
    }
    rgm_writer_destroy(copy.writer);
    return status;
}

static rgm_status copy_files(struct work *w, rgm_encoded_writer *writer, uint8_t *bytes, rgm_error *err) {
    const rgm_list *list = w->a->list;
    rgm_stage_record record;
    for (int64_t i = 0; i < list->count; i++) {
        const int32_t split = w->split[i];
        RGM_TRY(next_record(w, i, &record, err));
        if (split == RGM_SPLIT_COUNT) continue;
        RGM_TRY(rgm_stage_data(w->a->stage, &record, bytes, err));
        const rgm_encoded_picture picture = {.bytes = bytes,
                                             .size = record.bytes,
                                             .H = record.H,
                                             .W = record.W,
                                             .label = w->number[list->entries[i].label]};
        RGM_TRY(rgm_encoded_writer_add(writer, split, &picture, err));
    }
    return rgm_encoded_writer_finish(writer, &w->sums, err);
}

static rgm_status write_files(struct work *w, rgm_error *err) {
    const rgm_import_options *o = w->options;
    rgm_encoded_options settings = {.path = w->path,
                                    .replace = o->overwrite || w->path != o->out,
                                    .C = w->a->to.C,
                                    .classes = w->classes,
                                    .class_names = w->names,
                                    .source = o->source,
                                    .licence = o->licence,
                                    .progress = o->progress,
                                    .progress_context = o->progress_context,
                                    .stop = o->stop};
    memcpy(settings.count, w->count, sizeof settings.count);
    memcpy(settings.bytes, w->bytes, sizeof settings.bytes);
    memcpy(settings.names, w->picture_names.bytes, sizeof settings.names);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) settings.groups[s] = w->copies.of[s];
    memcpy(settings.background, o->pictures.background, sizeof settings.background);
    rgm_encoded_writer *writer;
    RGM_TRY(rgm_encoded_writer_create(&writer, &settings, err));
    uint8_t *bytes = malloc((size_t)w->largest);
    rgm_status status = bytes ? rgm_picture_names_write(&w->picture_names, rgm_encoded_writer_names, writer, err)
                              : rgm_fail(err, RGM_E_NOMEM, "%.300s: no memory for a file", o->out);
    if (status == RGM_OK) status = copy_files(w, writer, bytes, err);
    free(bytes);
    rgm_encoded_writer_destroy(writer);
    return status;
}

/* Nothing can be read: the line says what to look at. */
static rgm_status nothing(const struct work *w, const rgm_import_report *report, rgm_error *err) {
    char kinds[160] = "";
    for (int32_t k = RGM_PASSED_KINDS; k < RGM_PASSED_COUNT; k++)
        if (report->passed[k])
            snprintf(kinds + strlen(kinds), sizeof kinds - strlen(kinds), "%s%lld %s", *kinds ? ", " : "",
                     (long long)report->passed[k], rgm_passed_name(k, report->passed[k]));
    if (report->quarantined == 0 && *kinds)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: only pictures that cannot be read, %s: convert them to JPEG or PNG",
                        w->a->list->name, kinds);
    if (report->quarantined == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: no pictures in it (JPEG, PNG, WebP, BMP or PNM)", w->a->list->name);
    return rgm_fail(err, RGM_E_FORMAT, "%.200s: none of %lld pictures can be read: %.200s says why", w->a->list->name,
                    (long long)report->quarantined, report->quarantine);
}

/* ---- copies ---- */

static rgm_status write_file(struct work *w, const char *what, rgm_error *err) {
    const rgm_import_options *o = w->options;
    RGM_TRY(count_splits(w, err));
    if (w->count[RGM_SPLIT_TRAIN] == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: no training pictures", w->a->list->name);
    rgm_picture_names_measure(&w->picture_names);
    if (o->begin)
        o->begin(o->progress_context, what, 0,
                 w->count[RGM_SPLIT_TRAIN] + w->count[RGM_SPLIT_TEST] + w->count[RGM_SPLIT_VALIDATION]);
    return o->pictures.keep ? write_files(w, err) : write_images(w, err);
}

/* The training pictures alone, as a set of their own in the staging, which is gone when it is open. */
static rgm_status open_training(struct work *w, rgm_dataset **set, rgm_error *err) {
    const int64_t count = w->a->list->count;
    const rgm_dataset_options options = {.stop = w->options->stop, .lenient = 1};
    uint8_t *split = w->split, *train = malloc((size_t)count + 1);
    if (!train) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", w->options->out);
    for (int64_t i = 0; i < count; i++) train[i] = split[i] == RGM_SPLIT_TRAIN ? RGM_SPLIT_TRAIN : RGM_SPLIT_COUNT;
    w->split = train;
    w->path = rgm_stage_work_path(w->a->stage);
    w->picture_names = (rgm_picture_names){.list = w->a->list, .split = train};
    rgm_status status = write_file(w, "copying", err);
    if (status == RGM_OK) status = rgm_dataset_open(set, w->path, &options, err);
    unlink(w->path);
    w->path = w->options->out;
    w->split = split;
    free(train);
    return status;
}

/* Groups of copies among the training pictures, in their order. */
static rgm_status find_copies(struct work *w, rgm_error *err) {
    rgm_dataset *set;
    if (!rgm_copies_wanted(w->options)) return RGM_OK;
    RGM_TRY(open_training(w, &set, err));
    w->groups = malloc(((size_t)w->a->list->count + 1) * sizeof *w->groups);
    rgm_status status = w->groups ? rgm_copies_find(w->options, set, w->groups, err)
                                  : rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", w->options->out);
    rgm_dataset_close(set);
    return status;
}

static rgm_status divide(struct work *w, rgm_error *err) {
    RGM_TRY(find_copies(w, err));
    RGM_TRY(make_splits(w, err));
    return rgm_copies_divide(&w->copies, w->groups, w->split, w->a->list->count, err);
}

static rgm_status assemble(struct work *w, rgm_error *err) {
    rgm_quarantine quarantine = {0};
    const rgm_import_options *o = w->options;
    rgm_quarantine_begin(&quarantine, o);
    rgm_status status = count_records(w, &quarantine, err);
    RGM_TRY(rgm_quarantine_end(&quarantine, status, err));
    if (w->largest == 0) return nothing(w, o->report, err);
    RGM_TRY(number_classes(w, err));
    RGM_TRY(divide(w, err));
    w->picture_names = (rgm_picture_names){.list = w->a->list, .split = w->split};
    return write_file(w, "writing", err);
}

rgm_status rgm_assemble(const rgm_assembly *assembly, const rgm_import_options *options, rgm_error *err) {
    struct work w = {.a = assembly, .options = options, .path = options->out};
    size_t classes = (size_t)assembly->list->class_count;
    w.of_class = calloc(classes, sizeof *w.of_class);
    w.number = calloc(classes, sizeof *w.number);
    w.names = calloc(classes, sizeof *w.names);
    w.split = calloc((size_t)assembly->list->count + 1, 1);
    rgm_status status = w.of_class && w.number && w.names && w.split
                            ? assemble(&w, err)
                            : rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", options->out);
    free(w.of_class);
    free(w.number);
    free(w.names);
    free(w.split);
    free(w.groups);
    rgm_copies_free(&w.copies);
    return status;
}
