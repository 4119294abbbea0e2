#include "import_pictures.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>
#include "assemble.h"
#include "base/log.h"
#include "base/replace.h"
#include "stage_list.h"
#include "quarantine.h"
#include "shares.h"

enum { SAME_PIXELS = 256 * 256 }; /* of pictures of one size that are not made smaller unasked */

/* The size of the images: as asked, as all pictures are, or by the median of their shorter sides. */
static void choose_size(const rgm_survey *survey, const rgm_import_pictures *p, rgm_transform *to) {
    to->H = p->H;
    to->W = p->W;
    if (p->H || p->keep) return;
    if (survey->H && (int64_t)survey->H * survey->W <= SAME_PIXELS) {
        to->H = survey->H;
        to->W = survey->W;
        rgm_log(RGM_LOG_INFO, "images of %d x %d pixels (height x width), as all pictures are", to->H, to->W);
        return;
    }
    to->H = to->W = rgm_transform_side(survey->median);
    if (survey->pictures == 0) return; /* there will be no images */
    if (survey->H)
        rgm_log(RGM_LOG_INFO,
                "images of %d x %d pixels: the pictures are large, %d x %d (height x width) each (--size chooses "
                "another, --keep keeps theirs)",
                to->H, to->W, survey->H, survey->W);
    else
        rgm_log(RGM_LOG_INFO,
                "images of %d x %d pixels: the pictures differ in size, half of them have a shorter side of %d or less "
                "(--size chooses another)",
                to->H, to->W, survey->median);
}

/* What pictures become. */
static rgm_transform choose_transform(const rgm_survey *survey, const rgm_import_pictures *p) {
    rgm_transform to = {.C = p->gray || !survey->colour ? 1 : 3, .fit = p->fit};
    memcpy(to.background, p->background, sizeof to.background);
    choose_size(survey, p, &to);
    return to;
}

/* One list with one way to treat its pictures. */
static uint64_t make_key(const rgm_list *list, const rgm_transform *to, const rgm_import_pictures *p) {
    struct {
        int32_t keep, max_side;
        char transform[RGM_TRANSFORM_TEXT];
    } what = {.keep = p->keep, .max_side = p->max_side};
    rgm_transform_print(to, what.transform);
    for (size_t used = strlen(what.transform); used < sizeof what.transform; used++) what.transform[used] = 0;
    return rgm_list_hash(list, XXH3_64bits(&what, sizeof what));
}

static rgm_status stage_and_assemble(const rgm_list *list, const rgm_survey *survey, rgm_team *team,
                                     const rgm_import_options *options, rgm_error *err) {
    const rgm_import_pictures *p = &options->pictures;
    int32_t anew;
    rgm_stage *stage;
    rgm_staging job = {.list = list, .survey = survey, .team = team, .to = choose_transform(survey, p)};
    RGM_TRY(rgm_stage_open(&stage, options->out, make_key(list, &job.to, p), &options->stop, &job.done, &anew, err));
    job.stage = stage;
    options->report->gone_on = job.done;
    if (anew)
        rgm_log(RGM_LOG_INFO,
                "%.300s.import holds an unfinished import of other pictures or with other options: "
                "this one begins anew",
                options->out);
    if (job.done)
        rgm_log(RGM_LOG_INFO, "going on after %lld of %lld pictures", (long long)job.done, (long long)list->count);
    rgm_status status = job.done < list->count ? rgm_stage_list(&job, options, err) : RGM_OK;
    const rgm_assembly assembly = {.list = list, .stage = stage, .to = job.to, .team = team};
    if (status == RGM_OK) status = rgm_assemble(&assembly, options, err);
    /* the files must change where they are refused: then nothing in it could be used again */
    if (status == RGM_OK || status == RGM_E_FORMAT) rgm_stage_remove(stage);
    rgm_stage_close(stage);
    return status;
}

/* ---- refused before the work, not behind it ---- */

static rgm_status check_out(const rgm_import_options *o, rgm_error *err) {
    struct stat st;
    if (stat(o->out, &st) != 0) return RGM_OK;
    if (!o->overwrite) return rgm_fail(err, RGM_E_USAGE, "%s: exists already", o->out);
    return S_ISREG(st.st_mode) ? RGM_OK : rgm_fail(err, RGM_E_IO, "%s: not a regular file", o->out);
}

static rgm_status check_place(const char *path, rgm_error *err) {
    int error = rgm_replace_hindered(path);
    return error ? rgm_fail(err, RGM_E_IO, "%.300s: cannot be written: %s", path, strerror(error)) : RGM_OK;
}

/* The shares alone: what cannot be read is not known yet. */
static rgm_status check_shares(const rgm_list *list, const rgm_import_options *o, rgm_error *err) {
    rgm_share_ask ask = {.options = o, .what = list->name};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) ask.there[s] = list->named[s];
    for (int64_t i = 0; i < list->count; i++) ask.count += list->entries[i].split == RGM_SPLIT_TRAIN;
    return rgm_shares_check(&ask, err);
}

rgm_status rgm_import_listed(const rgm_list *list, const rgm_import_options *options, rgm_error *err) {
    rgm_survey survey = {0};
    char quarantine[PATH_MAX];
    rgm_team *team;
    rgm_import_report *report = options->report;
    report->files = list->count;
    memcpy(report->passed, list->passed, sizeof report->passed);
    RGM_TRY(check_out(options, err));
    RGM_TRY(check_place(options->out, err));
    RGM_TRY(check_place(rgm_quarantine_path(options, quarantine, sizeof quarantine), err));
    RGM_TRY(rgm_quarantine_check(options, err));
    if (list->count == 0) return rgm_fail(err, RGM_E_FORMAT, "%.200s: no files in it", list->name);
    RGM_TRY(check_shares(list, options, err));
    RGM_TRY(rgm_team_create(&team, &(rgm_team_options){.threads = options->pictures.threads}, err));
    rgm_status status = rgm_team_start(team, err);
    if (status == RGM_OK) status = rgm_survey_make(&survey, list, team, options, err);
    if (status == RGM_OK) status = stage_and_assemble(list, &survey, team, options, err);
    rgm_survey_free(&survey);
    rgm_team_destroy(team);
    return status;
}
