#include "stage_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "keeper.h"

enum {
    WINDOW = 256,            /* most files of a window */
    WINDOW_BYTES = 24 << 20, /* of the images or files of a window */
    MILLIONS = 32,           /* of pixels that are decoded at the same time */
    LARGE = 1 << 20,         /* bytes of a file that is looked at before it is read */
    HEAD = 64                /* enough to tell what it is */
};

/* What a worker decodes with. */
struct tools {
    rgm_picture_file file;
    rgm_transformer *transformer;
    rgm_keeper *keeper;
};

struct window {
    int64_t first;
    int32_t count;
    rgm_stage_record records[WINDOW];
    uint8_t *images;        /* [count] images; or NULL */
    uint8_t *files[WINDOW]; /* the files that are kept */
};

struct state {
    rgm_staging *job;
    const rgm_import_options *options;
    struct tools *tools; /* [workers] */
    struct window windows[2];
    struct window *now, *before; /* before: to be written; NULL: nothing */
    int32_t written;             /* 1: it is */
    size_t image_bytes;
    int32_t light; /* pictures above so many million pixels are decoded with tools of their own */
};

/* ---- one picture ---- */

/* A file that gives no picture: what it says. */
static void refuse(rgm_stage_record *record, const char *said) {
    record->state = RGM_STAGE_QUARANTINED;
    record->bytes = 0;
    rgm_list_show(said, record->reason, sizeof record->reason);
}

static int holds_picture(const rgm_picture_file *file) {
    return rgm_picture_kind(file->bytes, file->size) != RGM_PICTURE_NONE;
}

/* The file -> tools->file: all of it, or the first bytes of a large one that cannot be a picture. */
static rgm_status read_file(const rgm_list *list, int64_t i, rgm_picture_file *file, rgm_error *err) {
    if (list->entries[i].size > LARGE) {
        RGM_TRY(rgm_list_read(list, i, HEAD, file, err));
        if (!holds_picture(file)) return RGM_OK;
    }
    return rgm_list_read(list, i, 0, file, err);
}

/* The picture in tools->file -> the window's image number `k`. */
static rgm_status make_image(struct state *s, struct tools *tools, int32_t k, rgm_error *err) {
    rgm_stage_record *record = &s->now->records[k];
    const rgm_bytes bytes = {.at = tools->file.bytes, .size = tools->file.size};
    uint8_t *image = s->now->images + (size_t)k * s->image_bytes;
    rgm_transform_job picture = {.bytes = &bytes, .to = &s->job->to};
    if (!tools->transformer) RGM_TRY(rgm_transformer_create(&tools->transformer, s->options->pictures.kernels, err));
    RGM_TRY(rgm_transformer_picture(tools->transformer, &picture, image, err));
    record->H = s->job->to.H;
    record->W = s->job->to.W;
    record->profile = picture.info.profile;
    record->warnings = picture.warnings;
    record->bytes = (int64_t)s->image_bytes;
    record->hash = XXH3_64bits(image, s->image_bytes);
    return RGM_OK;
}

/* The picture in tools->file is checked; its file becomes number `k` of the window's. */
static rgm_status keep_file(struct state *s, struct tools *tools, int32_t k, rgm_error *err) {
    const rgm_bytes bytes = {.at = tools->file.bytes, .size = tools->file.size};
    if (!tools->keeper) RGM_TRY(rgm_keeper_create(&tools->keeper, &s->options->pictures, s->job->to.C, err));
    return rgm_keeper_keep(tools->keeper, &bytes, &s->now->files[k], &s->now->records[k], err);
}

static rgm_status make_with(struct state *s, struct tools *tools, int32_t k, rgm_error *err) {
    const rgm_list *list = s->job->list;
    int64_t i = s->now->first + k;
    int meant = list->chosen || rgm_picture_looks(rgm_list_path(list, i)); /* to be a picture */
    rgm_stage_record *record = &s->now->records[k];
    rgm_error said = {0};
    rgm_status status = read_file(list, i, &tools->file, &said);
    if (!meant && (status == RGM_E_IO || (status == RGM_OK && !holds_picture(&tools->file)))) {
        record->state = RGM_STAGE_PASSED;
        if (status == RGM_OK)
            snprintf(record->reason, sizeof record->reason, "%s",
                     rgm_picture_other(tools->file.bytes, tools->file.size));
        return RGM_OK;
    }
    if (status == RGM_OK)
        status = s->options->pictures.keep ? keep_file(s, tools, k, &said) : make_image(s, tools, k, &said);
    if (status == RGM_E_NOMEM) return rgm_fail(err, status, "%.200s: %s", rgm_list_path(list, i), said.text);
    if (status < 0) refuse(record, said.text);
    return RGM_OK;
}

static void free_tools(struct tools *tools) {
    rgm_transformer_destroy(tools->transformer);
    rgm_keeper_destroy(tools->keeper);
    rgm_picture_file_free(&tools->file);
    *tools = (struct tools){0};
}

/* ---- windows ---- */

/* Writes the pictures of the window before to the staging. */
static rgm_status write_window(struct state *s, rgm_error *err) {
    struct window *w = s->before;
    for (int32_t k = 0; k < w->count; k++) {
        const uint8_t *data = w->files[k] ? w->files[k] : w->images ? w->images + (size_t)k * s->image_bytes : NULL;
        RGM_TRY(rgm_stage_add(s->job->stage, &w->records[k], data, err));
    }
    RGM_TRY(rgm_stage_commit(s->job->stage, err));
    s->written = 1;
    return RGM_OK;
}

/* Chunk 0 writes the window before; the others make a picture each. */
static rgm_status work(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    struct state *s = context;
    if (chunk == 0) return s->before ? write_window(s, err) : RGM_OK;
    if (rgm_stop_asked(&s->options->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped");
    if (s->job->survey->millions[s->now->first + chunk - 1] <= s->light)
        return make_with(s, &s->tools[worker], chunk - 1, err);
    struct tools own = {0};
    rgm_status status = make_with(s, &own, chunk - 1, err);
    free_tools(&own);
    return status;
}

static void free_files(struct window *w) {
    for (int32_t k = 0; k < w->count; k++) {
        free(w->files[k]);
        w->files[k] = NULL;
    }
}

/* How many pictures from `first` on are one window. */
static int32_t window_size(const struct state *s, int64_t first) {
    const rgm_list *list = s->job->list;
    int64_t bytes = 0, heavy = 0;
    int32_t count = 0;
    while (count < WINDOW && first + count < list->count) {
        int64_t size = list->entries[first + count].size, millions = s->job->survey->millions[first + count];
        bytes += s->image_bytes ? (int64_t)s->image_bytes : size > 0 ? size : 0;
        heavy += millions > s->light ? millions : 0;
        if (count > 0 && (bytes > WINDOW_BYTES || heavy > MILLIONS)) break;
        count++;
        if (heavy > MILLIONS) break; /* a window of its own */
    }
    return count;
}

static void start_window(struct state *s, int64_t first) {
    s->now = s->before == &s->windows[0] ? &s->windows[1] : &s->windows[0];
    free_files(s->now);
    s->now->first = first;
    s->now->count = window_size(s, first);
    int32_t alone = s->now->count == 1 && s->job->survey->millions[first] > MILLIONS;
    for (int32_t w = 0; alone && w < rgm_team_size(s->job->team); w++) free_tools(&s->tools[w]); /* room for it */
    for (int32_t k = 0; k < s->now->count; k++) s->now->records[k] = (rgm_stage_record){.index = first + k};
}

static rgm_status stopped(const struct state *s, rgm_error *err) {
    return rgm_fail(err, RGM_E_INTERRUPTED, "%.200s: stopped after %lld of %lld pictures: the same command goes on",
                    s->options->out, (long long)s->job->done, (long long)s->job->list->count);
}

/* One window, while the one before is written. Stopped, the one before is written all the same. */
static rgm_status run_window(struct state *s, int64_t *at, rgm_error *err) {
    const rgm_import_options *o = s->options;
    rgm_staging *job = s->job;
    start_window(s, *at);
    s->written = 0;
    rgm_status status = rgm_team_for(job->team, work, s, 1 + s->now->count, err);
    if (status == RGM_E_INTERRUPTED && s->before && !s->written) {
        rgm_error failed = {0};
        if (write_window(s, &failed) < 0) status = rgm_fail(err, failed.status, "%s", failed.text);
    }
    if (s->written) job->done += s->before->count;
    RGM_TRY(status);
    *at += s->now->count;
    s->before = s->now->count ? s->now : NULL;
    if (!o->progress || !o->progress(o->progress_context, job->done, job->list->count) || !s->before) return RGM_OK;
    RGM_TRY(write_window(s, err));
    job->done += s->before->count;
    return RGM_E_INTERRUPTED;
}

static rgm_status run_windows(struct state *s, rgm_error *err) {
    const rgm_import_options *o = s->options;
    rgm_status status = RGM_OK;
    if (o->begin) o->begin(o->progress_context, "pictures", s->job->done, s->job->list->count);
    for (int64_t at = s->job->done; status == RGM_OK && (at < s->job->list->count || s->before);)
        status = run_window(s, &at, err);
    return status == RGM_E_INTERRUPTED ? stopped(s, err) : status;
}

static rgm_status reserve(struct state *s, rgm_error *err) {
    const rgm_transform *to = &s->job->to;
    int32_t workers = rgm_team_size(s->job->team);
    s->light = MILLIONS / workers;
    s->tools = calloc((size_t)workers, sizeof *s->tools);
    int fits = s->tools != NULL;
    if (!s->options->pictures.keep) {
        s->image_bytes = (size_t)to->H * (size_t)to->W * (size_t)to->C;
        size_t most = WINDOW_BYTES / s->image_bytes + 1;
        for (int32_t w = 0; w < 2; w++) {
            s->windows[w].images = malloc(s->image_bytes * (most < WINDOW ? most : WINDOW));
            fits = fits && s->windows[w].images;
        }
    }
    return fits ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%.300s: no memory to decode pictures", s->options->out);
}

rgm_status rgm_stage_list(rgm_staging *staging, const rgm_import_options *options, rgm_error *err) {
    struct state *s = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "%.300s: no memory to decode pictures", options->out);
    s->job = staging;
    s->options = options;
    rgm_status status = reserve(s, err);
    if (status == RGM_OK) status = run_windows(s, err);
    for (int32_t w = 0; s->tools && w < rgm_team_size(staging->team); w++) free_tools(&s->tools[w]);
    for (int32_t w = 0; w < 2; w++) {
        free_files(&s->windows[w]);
        free(s->windows[w].images);
    }
    free(s->tools);
    free(s);
    return status;
}
