#include "run/record.h"

#include <math.h>
#include "base/clock.h"
#include "report/interval.h"

rgm_status rgm_record_start(rgm_record *r, const rgm_session *s, const rgm_progress *p, int32_t resumed,
                            rgm_error *err) {
    rgm_metrics_begin(&r->metrics, "start", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "model", s->config->model.name);
    rgm_metrics_int(&r->metrics, "parameters", rgm_graph_param_elements(s->model->graph));
    rgm_metrics_int(&r->metrics, "threads", rgm_team_size(s->device->team));
    rgm_metrics_text(&r->metrics, "isa", s->device->kernels->isa);
    rgm_metrics_int(&r->metrics, "resumed", resumed);
    return rgm_metrics_end(&r->metrics, err);
}

static rgm_status write_step(rgm_record *r, const rgm_step_event *e, rgm_error *err) {
    const rgm_tally *window = &e->progress->window;
    const double images_per_s = (double)r->window_images / r->window_seconds;
    rgm_metrics_begin(&r->metrics, "step", e->progress->step, e->progress->epoch + 1);
    rgm_metrics_real(&r->metrics, "loss", rgm_tally_loss(window));
    rgm_metrics_real(&r->metrics, "accuracy", rgm_tally_accuracy(window));
    rgm_metrics_real(&r->metrics, "lr", e->result.rate);
    rgm_metrics_real(&r->metrics, "grad_norm", e->result.gradient_norm);
    rgm_metrics_real(&r->metrics, "images_per_s", images_per_s);
    rgm_metrics_real(&r->metrics, "wait_share", r->window_waited / r->window_seconds);
    rgm_metrics_real(&r->metrics, "batch_share", r->window_making / r->window_seconds);
    r->window_seconds = r->window_waited = r->window_making = 0;
    r->window_images = 0;
    RGM_TRY(rgm_board_step(&r->board, e, images_per_s, err));
    return rgm_metrics_end(&r->metrics, err);
}

rgm_status rgm_record_step(rgm_record *r, const rgm_step_event *e, rgm_error *err) {
    r->window_seconds += e->seconds;
    r->window_waited += e->waited;
    r->window_making += e->making;
    r->seconds += e->seconds;
    r->data_seconds += e->waited + e->making;
    r->window_images += e->result.tally.seen;
    r->board.stepped = 1;
    return e->progress->step % r->config->metrics.every == 0 ? write_step(r, e, err) : RGM_OK;
}

rgm_status rgm_record_evaluated(rgm_record *r, const rgm_progress *p, const rgm_record_evaluation *e, rgm_error *err) {
    const rgm_tally *t = e->tally;
    double low, high;
    rgm_interval_wilson(t->top1, t->seen, &low, &high);
    rgm_metrics_begin(&r->metrics, "evaluation", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "split", rgm_split_name(e->split));
    rgm_metrics_real(&r->metrics, "loss", rgm_tally_loss(t));
    rgm_metrics_real(&r->metrics, "accuracy", rgm_tally_accuracy(t));
    rgm_metrics_real(&r->metrics, "accuracy_low", low);
    rgm_metrics_real(&r->metrics, "accuracy_high", high);
    rgm_metrics_real(&r->metrics, "accuracy5", rgm_tally_accuracy5(t));
    rgm_metrics_int(&r->metrics, "images", t->seen);
    rgm_metrics_real(&r->metrics, "seconds", e->seconds);
    RGM_TRY(rgm_board_evaluated(&r->board, p->step, e->split, t, err));
    return rgm_metrics_end(&r->metrics, err);
}

rgm_status rgm_record_warning(rgm_record *r, const rgm_progress *p, const rgm_warning *w, rgm_error *err) {
    rgm_metrics_begin(&r->metrics, "warning", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "kind", w->kind);
    rgm_metrics_text(&r->metrics, "layer", w->layer);
    rgm_metrics_real(&r->metrics, "figure", w->figure);
    rgm_metrics_text(&r->metrics, "text", w->text);
    return rgm_metrics_end(&r->metrics, err);
}

rgm_status rgm_record_caught(rgm_record *r, const rgm_progress *p, const rgm_caught *caught, rgm_error *err) {
    rgm_metrics_begin(&r->metrics, caught->action, p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "cause", caught->cause);
    rgm_metrics_text(&r->metrics, "text", caught->why);
    rgm_metrics_int(&r->metrics, "left_out", p->left_out);
    rgm_metrics_int(&r->metrics, "skipped", p->skipped);
    rgm_metrics_int(&r->metrics, "rewinds", p->rewinds);
    rgm_metrics_real(&r->metrics, "rate_share", ldexp(1, -p->rewinds));
    return rgm_metrics_end(&r->metrics, err);
}

rgm_status rgm_record_saving(rgm_record *r, rgm_error *err) {
    r->saving_since = rgm_seconds();
    RGM_TRY(rgm_tensorboard_sync(&r->board.to, err));
    return rgm_metrics_sync(&r->metrics, err);
}

rgm_status rgm_record_saved(rgm_record *r, const rgm_progress *p, const rgm_record_checkpoint *c, rgm_error *err) {
    rgm_metrics_begin(&r->metrics, "checkpoint", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "file", c->path);
    rgm_metrics_int(&r->metrics, "best", c->best);
    rgm_metrics_real(&r->metrics, "seconds", c->seconds);
    return rgm_metrics_end(&r->metrics, err);
}

double rgm_record_data_share(const rgm_record *r) { return r->seconds > 0 ? r->data_seconds / r->seconds : NAN; }

rgm_status rgm_record_end(rgm_record *r, const rgm_progress *p, const char *reason, rgm_error *err) {
    if (r->ended++) return RGM_OK;
    rgm_metrics_begin(&r->metrics, "end", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "reason", reason);
    rgm_metrics_real(&r->metrics, "seconds", p->seconds);
    rgm_metrics_real(&r->metrics, "images_per_s",
                     p->seconds > 0 ? (double)p->step * r->config->batch / p->seconds : NAN);
    if (p->left_out) rgm_metrics_int(&r->metrics, "left_out", p->left_out);
    if (p->rewinds) rgm_metrics_int(&r->metrics, "rewinds", p->rewinds);
    RGM_TRY(rgm_metrics_end(&r->metrics, err));
    RGM_TRY(rgm_tensorboard_sync(&r->board.to, err));
    return rgm_metrics_sync(&r->metrics, err);
}
