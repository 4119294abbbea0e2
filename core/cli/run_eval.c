#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "report/bar.h"
#include "train/resume.h"

static const rgm_view *view_of(const rgm_session *s, int32_t split) {
    return split == RGM_SPLIT_TRAIN ? &s->data->train : split == RGM_SPLIT_TEST ? &s->data->test : &s->data->validation;
}

static rgm_status evaluate(const rgm_session *s, rgm_trainer *t, int32_t split, const char *json, rgm_error *err) {
    const rgm_config *config = s->config;
    rgm_tally tally;
    const rgm_view *view = view_of(s, split);
    if (view->count == 0)
        return rgm_fail(err, RGM_E_USAGE, "%s: no %s split", config->data.file, rgm_split_name(split));
    RGM_TRY(rgm_load_weights(t, config->checkpoint, err));
    double start = rgm_seconds();
    RGM_TRY(rgm_trainer_evaluate(t, view, rgm_run_stop, NULL, &tally, err));
    double seconds = rgm_seconds() - start, flops = rgm_graph_forward_flops(s->model->graph);
    rgm_summary summary = {.model = config->model.name,
                           .data = config->data.file,
                           .split = rgm_split_name(split),
                           .checkpoint = config->checkpoint};
    rgm_run_count(&summary, &tally);
    rgm_run_speed(&summary, s, (double)tally.seen, seconds, flops);
    return rgm_run_print(json, &summary, err);
}

rgm_status rgm_run_eval(rgm_config *config, const rgm_cli_line *line, const rgm_constants *model, int32_t split,
                        rgm_error *err) {
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    const rgm_session_options session = {.need_data = 1, .evaluation = 1, .split = split, .model = model};
    RGM_TRY(rgm_run_session(&s, config, line, &session, err));
    rgm_trainer_options options = {.training = 0};
    rgm_status status = rgm_trainer_create(&t, s, &options, err);
    if (status >= 0) status = evaluate(s, t, split, line->json, err);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}
