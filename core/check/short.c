#include "check/short.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/text.h"

static const double SLOWER = 0.1;

rgm_status rgm_short_open(rgm_checking *c, const rgm_short *wish, rgm_lab_bench *bench, rgm_error *err) {
    const rgm_lab_set *small;
    char batch[16], seed[32], rate[RGM_TEXT_REAL];
    const rgm_components *components = &c->session->model->components;
    const int32_t has_rate = rgm_short_setting(components->optimizer, "lr", -1) >= 0;
    const char *settings[2 * (RGM_SHORT_SETTINGS + 4)] = {"batch", batch, "seed", seed};
    *bench = (rgm_lab_bench){0};
    RGM_TRY(rgm_checking_small(c, &small, err));
    snprintf(batch, sizeof batch, "%d", c->config->batch < RGM_SHORT_BATCH ? c->config->batch : RGM_SHORT_BATCH);
    snprintf(seed, sizeof seed, "%" PRIu64, wish->other_seed ? (c->config->seed + 1) % INT64_MAX : c->config->seed);
    int32_t count = 4;
    if (has_rate) {
        settings[count++] = "optimizer.lr";
        settings[count++] = rgm_text_shortest(rate, SLOWER * components->lr);
    }
    for (int32_t i = 0; wish->settings && wish->settings[i]; i++) {
        if (i == 2 * RGM_SHORT_SETTINGS) return rgm_fail(err, RGM_E_INTERNAL, "checks: too many settings");
        settings[count++] = wish->settings[i];
    }
    const rgm_lab_job job = {.config = c->config,
                             .settings = settings,
                             .device = wish->device ? wish->device : c->device,
                             .set = small->set,
                             .steps = RGM_SHORT_STEPS,
                             .stop = c->options->stop};
    return rgm_lab_open(bench, &job, err);
}

rgm_status rgm_short_train(const rgm_checking *c, const rgm_lab_bench *bench, int64_t first, int64_t count,
                           double *loss, rgm_error *err) {
    for (int64_t i = first; i < first + count; i++) {
        rgm_step_result step;
        if (rgm_stop_asked(&c->options->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        RGM_TRY(rgm_trainer_step(bench->trainer, i, &step, err));
        *loss = rgm_tally_loss(&step.tally);
    }
    return RGM_OK;
}

const char *rgm_short_foreign(const rgm_session *session, char text[RGM_SHORT_FOREIGN]) {
    const rgm_components *c = &session->model->components;
    text[0] = 0;
    for (int32_t i = 0; i < RGM_COMPONENTS && !text[0]; i++) {
        if (!c->all[i] || rgm_instance_listed(c->all[i])->builtin) continue;
        snprintf(text, RGM_SHORT_FOREIGN, "%s %.64s (%.64s)", rgm_kind_name(rgm_instance_kind(c->all[i])),
                 rgm_instance_name(c->all[i]), rgm_listed_file(rgm_instance_listed(c->all[i])));
    }
    return text;
}

double rgm_short_setting(const rgm_instance *instance, const char *key, double otherwise) {
    rgm_spec spec;
    double value;
    rgm_instance_spec(instance, &spec);
    const char *text = rgm_spec_get(&spec, key);
    return text && rgm_text_real(text, &value) ? value : otherwise;
}
