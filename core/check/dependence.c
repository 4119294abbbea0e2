#include "check/dependence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fpenv.h"

struct rgm_dependence {
    rgm_specimen *s;
    rgm_plan *plan;
    rgm_loss_driver *driver;
    void *arena;
    float *x;       /* the first batch in this plan's layout */
    int64_t floats; /* of an image */
};

static rgm_status create(rgm_dependence *d, rgm_error *err) {
    rgm_specimen *s = d->s;
    rgm_plan_options options = rgm_specimen_plan(s);
    options.training = options.frozen = options.input_gradient = 1;
    RGM_TRY(rgm_plan_create(&d->plan, &options, err));
    d->arena = aligned_alloc(64, (rgm_plan_bytes(d->plan) + 127) / 64 * 64);
    if (!d->arena) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a net");
    rgm_plan_bind(d->plan, d->arena, &s->memory);
    RGM_TRY(rgm_specimen_images(s, rgm_plan_input_layout(d->plan), &d->x, &d->floats, err));
    const rgm_loss_options loss = {d->plan, s->targets, s->labels, 1};
    return rgm_loss_create(&d->driver, s->session, &loss, err);
}

rgm_status rgm_dependence_create(rgm_dependence **dependence, rgm_specimen *specimen, rgm_error *err) {
    fenv_t callers;
    rgm_dependence *d = *dependence = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a net");
    d->s = specimen;
    rgm_fpenv_begin(&callers);
    rgm_status status = create(d, err);
    rgm_fpenv_end(&callers);
    if (status >= 0) return status;
    rgm_dependence_destroy(d);
    *dependence = NULL;
    return status;
}

void rgm_dependence_destroy(rgm_dependence *d) {
    if (!d) return;
    rgm_loss_destroy(d->driver);
    rgm_plan_destroy(d->plan);
    free(d->arena);
    free(d->x);
    free(d);
}

/* The gradient of the logits becomes that of one image's loss. */
static void keep_row(const rgm_dependence *d, int32_t of) {
    int64_t pitch = rgm_plan_logits_pitch(d->plan);
    float *dz = rgm_plan_dlogits(d->plan);
    for (int32_t n = 0; n < d->s->images; n++)
        if (n != of) memset(dz + n * pitch, 0, sizeof *dz * (size_t)pitch);
}

static rgm_status run_loss(rgm_dependence *d, int32_t *ok, rgm_error *err) {
    const rgm_clock clock = rgm_session_clock(d->s->session, 0);
    rgm_phase phase = rgm_loss_phase(d->driver);
    rgm_loss_set(d->driver, &clock, d->s->images);
    rgm_status status = rgm_team_run(d->s->session->device->team, &phase, 1, err);
    *ok = status >= 0 && isfinite(rgm_loss_tally(d->driver).loss);
    return status == RGM_E_NUMERIC ? RGM_OK : status;
}

static rgm_status run(rgm_dependence *d, int32_t of, int32_t *ok, rgm_error *err) {
    rgm_team *team = d->s->session->device->team;
    int32_t count;
    memcpy(rgm_plan_input(d->plan), d->x, sizeof(float) * (size_t)(d->floats * d->s->images));
    rgm_phase *phases = rgm_plan_forward(d->plan, &count);
    RGM_TRY(rgm_team_run(team, phases, count, err));
    RGM_TRY(run_loss(d, ok, err));
    if (!*ok) return RGM_OK;
    keep_row(d, of);
    phases = rgm_plan_backward(d->plan, &count);
    return rgm_team_run(team, phases, count, err);
}

static double largest_of(const float *v, int64_t n) {
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)v[i]) <= largest)) largest = fabs((double)v[i]);
    return largest;
}

rgm_status rgm_dependence_of(rgm_dependence *d, int32_t of, double *largest, int32_t *ok, rgm_error *err) {
    fenv_t callers;
    d->s->activator.clock = rgm_session_clock(d->s->session, 0);
    rgm_fpenv_begin(&callers);
    rgm_status status = run(d, of, ok, err);
    rgm_fpenv_end(&callers);
    const float *dx = rgm_plan_dinput(d->plan);
    for (int32_t n = 0; n < d->s->images; n++)
        largest[n] = status >= 0 && *ok && dx ? largest_of(dx + n * d->floats, d->floats) : 0;
    return status;
}
