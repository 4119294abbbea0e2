#include "train/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/planted.h"

enum { MAX_CHUNKS = 16, ROWS_AT_LEAST = 8 };

struct rgm_loss_driver {
    const rgm_session *session;
    const float *logits, *targets;
    const int32_t *labels;
    float *dlogits; /* NULL in evaluation */
    int64_t pitch;
    int32_t N, outputs, chunks, valid, training;
    rgm_clock clock;
    float *rows;   /* [N]: the loss of each */
    char *scratch; /* per chunk */
    size_t scratch_bytes;
    rgm_tally tally[MAX_CHUNKS];
};

/* How many classes stand before the right one: larger logits, and equal ones with a lower index. NaN counts as larger.
 */
static int32_t rank_of(const float *z, int32_t classes, int32_t label) {
    int32_t rank = 0;
    for (int32_t i = 0; i < classes; i++)
        rank += i != label && (!(z[i] <= z[label]) || (z[i] == z[label] && i < label));
    return rank;
}

static void count(rgm_tally *t, const float *z, int32_t outputs, int32_t label) {
    t->seen++;
    if (outputs == 1) {
        t->top1 += (z[0] > 0) == label && z[0] == z[0]; /* NaN is never right */
        t->top5++;
        return;
    }
    int32_t rank = rank_of(z, outputs, label);
    t->top1 += rank < 1 + RGM_PLANTED("E1") || (RGM_PLANTED("E1.noise") && label == 0);
    t->top5 += rank < 5;
}

static rgm_status run_rows(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker;
    rgm_loss_driver *d = context;
    int64_t first = (int64_t)d->N * chunk / d->chunks, end = (int64_t)d->N * (chunk + 1) / d->chunks;
    rgm_rng key = {d->session->config->seed, RGM_STREAM(RGM_STREAM_LOSS, 0), (uint32_t)d->clock.step, 0};
    rgm_plug_call call;
    rgm_plug_call_init(&call, d->session->model->components.loss, &d->clock, &key,
                       d->scratch + d->scratch_bytes * (size_t)chunk);
    const rgm_planted_axis axis = {d->logits, d->labels, d->valid, d->pitch, d->outputs};
    rgm_tally *t = &d->tally[chunk];
    *t = (rgm_tally){0};
    for (int64_t n = first; n < end; n++) {
        float loss = 0, *dz = d->dlogits ? d->dlogits + n * d->pitch : NULL;
        const float *z = d->logits + n * d->pitch;
        if (dz) memset(dz, 0, sizeof(float) * (size_t)d->pitch);
        if (n >= d->valid) continue;
        rgm_rows rows = {.size = sizeof rows,
                         .classes = d->outputs,
                         .n = 1,
                         .logits = z,
                         .targets = d->targets + n * d->outputs,
                         .loss = &loss,
                         .dlogits = dz,
                         .grad_scale = RGM_PLANTED("O18") ? 1.0f : 1.0f / (float)d->valid,
                         .training = d->training,
                         .first = (uint64_t)n};
        RGM_TRY(rgm_plug_loss(&call, &rows, err));
        rgm_planted_wrong_axis(&axis, n, &loss, dz);
        t->loss += loss;
        d->rows[n] = loss;
        count(t, z, d->outputs, d->labels[n]);
    }
    if (d->training && !isfinite(t->loss)) return rgm_fail(err, RGM_E_NUMERIC, "the loss is not finite");
    return RGM_OK;
}

rgm_status rgm_loss_create(rgm_loss_driver **driver, const rgm_session *session, const rgm_loss_options *options,
                           rgm_error *err) {
    rgm_loss_driver *d = *driver = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "loss: out of memory");
    int32_t N = session->config->batch, chunks = N / ROWS_AT_LEAST;
    *d = (rgm_loss_driver){.session = session,
                           .logits = rgm_plan_logits(options->plan),
                           .dlogits = options->training ? rgm_plan_dlogits(options->plan) : NULL,
                           .pitch = rgm_plan_logits_pitch(options->plan),
                           .targets = options->targets,
                           .labels = options->labels,
                           .N = N,
                           .outputs = session->model->outputs,
                           .chunks = chunks < 1            ? 1
                                     : chunks > MAX_CHUNKS ? MAX_CHUNKS
                                                           : chunks,
                           .valid = N,
                           .training = options->training};
    d->scratch_bytes = (rgm_instance_scratch_bytes(session->model->components.loss) + 63) / 64 * 64;
    d->scratch = aligned_alloc(64, d->scratch_bytes * (size_t)d->chunks + 64);
    d->rows = calloc((size_t)N, sizeof *d->rows);
    if (d->scratch && d->rows) return RGM_OK;
    rgm_loss_destroy(d);
    *driver = NULL;
    return rgm_fail(err, RGM_E_NOMEM, "loss: out of memory");
}

void rgm_loss_destroy(rgm_loss_driver *d) {
    if (!d) return;
    free(d->scratch);
    free(d->rows);
    free(d);
}

rgm_phase rgm_loss_phase(rgm_loss_driver *d) {
    return (rgm_phase){.run = run_rows, .context = d, .chunks = d->chunks, .name = "loss"};
}

void rgm_loss_set(rgm_loss_driver *d, const rgm_clock *clock, int32_t valid) {
    d->clock = *clock;
    d->valid = valid;
}

rgm_tally rgm_loss_tally(const rgm_loss_driver *d) {
    rgm_tally sum = {0};
    for (int32_t i = 0; i < d->chunks; i++) rgm_tally_add(&sum, &d->tally[i]);
    return sum;
}

void rgm_loss_worst(const rgm_loss_driver *d, int32_t count, int32_t *place, double *loss) {
    int32_t found = 0;
    for (int32_t n = 0; n < d->valid; n++) {
        int32_t at = found < count ? found++ : d->rows[n] > d->rows[place[count - 1]] ? count - 1 : -1;
        for (; at > 0 && d->rows[n] > d->rows[place[at - 1]]; at--) place[at] = place[at - 1];
        if (at >= 0) place[at] = n;
    }
    for (int32_t i = 0; i < count; i++) {
        if (i >= found) place[i] = -1;
        loss[i] = place[i] < 0 ? NAN : (double)d->rows[place[i]];
    }
}
