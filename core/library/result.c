#include "library/result.h"

#include <stdio.h>

RGM_SAME(REGIMEN_END_COMPLETE, RGM_END_COMPLETE);
RGM_SAME(REGIMEN_END_STEPS, RGM_END_STEPS);
RGM_SAME(REGIMEN_END_EARLY, RGM_END_EARLY);
RGM_SAME(REGIMEN_END_REACHED, RGM_END_REACHED);
RGM_SAME(REGIMEN_GOES_ON_NOT, RGM_GOES_ON_NOT);
RGM_SAME(REGIMEN_GOES_ON_RESUMED, RGM_GOES_ON_RESUMED);
RGM_SAME(REGIMEN_GOES_ON_ANEW, RGM_GOES_ON_ANEW);
RGM_SAME(REGIMEN_GOES_ON_GONE, RGM_GOES_ON_GONE);
RGM_SAME(REGIMEN_GOES_ON_DONE, RGM_GOES_ON_DONE);
RGM_SAME(REGIMEN_GOES_ON_OCCUPIED, RGM_GOES_ON_OCCUPIED);
RGM_SAME(sizeof((regimen_result *)0)->reason, sizeof((rgm_run_summary *)0)->reason);
RGM_SAME(sizeof((regimen_result *)0)->folder, sizeof((rgm_run_summary *)0)->folder);
RGM_SAME(sizeof((regimen_result *)0)->checkpoint, sizeof((rgm_run_summary *)0)->checkpoint);
RGM_SAME(sizeof((regimen_result *)0)->model, RGM_CONFIG_NAME);
RGM_SAME(sizeof((regimen_result *)0)->data, RGM_CONFIG_PATH);

void rgm_public_result(regimen_result *r, const rgm_run_summary *s, const rgm_config *config) {
    *r = (regimen_result){.size = sizeof *r,
                          .status = s->status,
                          .ending = s->ending,
                          .step = s->step,
                          .epoch = s->epoch,
                          .split = s->split,
                          .images = s->tally.seen,
                          .correct = s->tally.top1,
                          .correct5 = s->tally.top5,
                          .accuracy = s->accuracy,
                          .accuracy_low = s->accuracy_low,
                          .accuracy_high = s->accuracy_high,
                          .loss = s->loss,
                          .seconds = s->seconds,
                          .images_per_s = s->images_per_s,
                          .gflops = s->gflops,
                          .memory = s->memory,
                          .goes_on = s->goes_on,
                          .saved_step = s->saved_step,
                          .lr = s->rate,
                          .data_share = s->data_share};
    if (config) r->classes = config->model.classes;
    snprintf(r->reason, sizeof r->reason, "%s", s->reason);
    if (config) snprintf(r->model, sizeof r->model, "%s", config->model.name);
    if (config) snprintf(r->data, sizeof r->data, "%s", config->data.file);
    snprintf(r->folder, sizeof r->folder, "%s", s->folder);
    snprintf(r->checkpoint, sizeof r->checkpoint, "%s", s->checkpoint);
}
