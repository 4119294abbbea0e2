#include "survey.h"

#include <stdlib.h>

enum { WINDOW = 2048, HEAD = 1 << 12, LONG_HEAD = 1 << 16, FILE_BYTES = 3000000 };

struct state {
    const rgm_list *list;
    const rgm_stop *stop;
    rgm_picture_file *files; /* [workers] */
    rgm_picture_info infos[WINDOW];
    int64_t first;
    uint32_t sides[RGM_PICTURE_SIDE + 1]; /* how many pictures have this shorter side */
};

/* The header of entry i: from the file's first bytes if they suffice. Photos often have a small picture in front. */
static rgm_status look(const struct state *s, int64_t i, rgm_picture_file *file, rgm_picture_info *info,
                       rgm_error *err) {
    rgm_error quiet = {0};
    *info = (rgm_picture_info){0};
    for (size_t most = HEAD;; most = most == HEAD ? LONG_HEAD : 0) {
        rgm_status status = rgm_list_read(s->list, i, most, file, &quiet);
        if (status == RGM_E_NOMEM) return rgm_fail(err, status, "%s", quiet.text);
        if (status < 0) break;
        const rgm_bytes bytes = {.at = file->bytes, .size = file->size};
        if (rgm_picture_kind(bytes.at, bytes.size) == RGM_PICTURE_NONE) break;
        if (rgm_picture_probe(&bytes, info, &quiet) == RGM_OK) return RGM_OK;
        if (file->size < most || most == 0) break;
    }
    *info = (rgm_picture_info){0};
    return RGM_OK;
}

static rgm_status look_at(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    struct state *s = context;
    if (rgm_stop_asked(s->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped");
    return look(s, s->first + chunk, &s->files[worker], &s->infos[chunk], err);
}

static void count_in(struct state *s, rgm_survey *survey, int64_t i, const rgm_picture_info *info) {
    int64_t pixels = (int64_t)info->H * info->W, size = s->list->entries[i].size;
    int64_t millions = (pixels + 999999) / 1000000 + (size > 0 ? size / FILE_BYTES : 0);
    survey->millions[i] = (uint8_t)(millions < 255 ? millions : 255);
    if (info->kind == RGM_PICTURE_NONE) return;
    s->sides[info->H < info->W ? info->H : info->W]++;
    if (survey->pictures == 0) survey->H = info->H, survey->W = info->W;
    if (info->H != survey->H || info->W != survey->W) survey->H = survey->W = 0;
    if (info->H > survey->largest[0]) survey->largest[0] = info->H;
    if (info->W > survey->largest[1]) survey->largest[1] = info->W;
    survey->colour |= info->colour;
    survey->alpha |= info->alpha;
    survey->pictures++;
}

static void find_median(const struct state *s, rgm_survey *survey) {
    int64_t below = 0;
    for (int32_t side = 0; side <= RGM_PICTURE_SIDE && 2 * below < survey->pictures; side++) {
        below += s->sides[side];
        survey->median = side;
    }
}

rgm_status rgm_survey_make(rgm_survey *survey, const rgm_list *list, rgm_team *team, const rgm_import_options *options,
                           rgm_error *err) {
    *survey = (rgm_survey){.millions = calloc((size_t)list->count + 1, 1)};
    int32_t workers = rgm_team_size(team);
    struct state *s = calloc(1, sizeof *s);
    rgm_picture_file *files = calloc((size_t)workers, sizeof *files);
    rgm_status status = s && files && survey->millions ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "no memory for a survey");
    if (status == RGM_OK) {
        s->list = list;
        s->stop = &options->stop;
        s->files = files;
        if (options->begin) options->begin(options->progress_context, "headers", 0, list->count);
    }
    for (int64_t at = 0; status == RGM_OK && at < list->count; at += WINDOW) {
        int32_t n = (int32_t)(list->count - at < WINDOW ? list->count - at : WINDOW);
        s->first = at;
        status = rgm_team_for(team, look_at, s, n, err);
        for (int32_t i = 0; status == RGM_OK && i < n; i++) count_in(s, survey, at + i, &s->infos[i]);
        if (status == RGM_OK && options->progress && options->progress(options->progress_context, at + n, list->count))
            status = rgm_fail(err, RGM_E_INTERRUPTED, "stopped");
    }
    if (status == RGM_E_INTERRUPTED)
        status = rgm_fail(err, status, "%.300s: stopped while the headers of its pictures were read", options->out);
    if (status == RGM_OK) find_median(s, survey);
    for (int32_t w = 0; files && w < workers; w++) rgm_picture_file_free(&files[w]);
    free(files);
    free(s);
    return status;
}

void rgm_survey_free(rgm_survey *survey) {
    free(survey->millions);
    *survey = (rgm_survey){0};
}
