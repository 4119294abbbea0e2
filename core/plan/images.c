#include <config.h>

#include "plan/images.h"

#include <stdio.h>
#include "plan/plan_internal.h"

enum { STEPS_MOST = 16 };

typedef struct rgm_steps {
    int32_t count;
    struct {
        rgm_chunk_fn run;
        void *context;
    } step[STEPS_MOST];
} rgm_steps;

static rgm_status run_steps(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const rgm_steps *s = context;
    for (int32_t i = 0; i < s->count; i++) RGM_TRY(s->step[i].run(s->step[i].context, chunk, worker, err));
    return RGM_OK;
}

static void add_step(rgm_steps *s, const rgm_phase_spec *spec) {
    s->step[s->count].run = spec->run;
    s->step[s->count++].context = spec->context;
}

/* Puts a step behind those of the phase appended last. */
static rgm_status continue_phase(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    rgm_build *b = p->build;
    rgm_phase *phase = &b->program->phases[b->program->phase_count - 1];
    char *name = rgm_plan_state(p, RGM_PHASE_NAME);
    if (!name || !spec->context) return rgm_plan_no_memory(err);
    if (b->steps->count == 1) b->first_step = phase->name;
    snprintf(name, RGM_PHASE_NAME, "%.50s to %s %s", b->first_step, rgm_plan_node(p, node)->name, spec->what);
    phase->name = name;
    add_step(b->steps, spec);
    b->preparing = 0;
    return RGM_OK;
}

/* 1 if a phase of so many chunks may become a step of the one before. */
static int32_t continues(const rgm_build *b, int32_t chunks) {
    return b->steps && b->steps->count < STEPS_MOST && chunks &&
           b->program->phases[b->program->phase_count - 1].chunks == chunks;
}

rgm_status rgm_plan_phase_images(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    if (!rgm_plan_shares(p)) return rgm_plan_phase(p, node, spec, err);
    if (continues(p->build, spec->chunks)) return continue_phase(p, node, spec, err);
    rgm_steps *s = rgm_plan_state(p, sizeof *s);
    if (!s || !spec->context) return rgm_plan_no_memory(err);
    add_step(s, spec);
    RGM_TRY(rgm_plan_phase(p, node, &(rgm_phase_spec){spec->what, run_steps, s, spec->chunks}, err));
    if (p->o.batch % spec->chunks == 0) p->build->steps = s;
    return RGM_OK;
}

rgm_status rgm_plan_forward_phase(rgm_plan *p, int32_t index, const rgm_phase_spec *spec, void *x_slot, void *y_slot,
                                  rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    RGM_TRY(rgm_plan_phase_images(p, index, spec, err));
    rgm_plan_use(p, rgm_plan_value(p, node->in[0]), x_slot);
    rgm_plan_use(p, rgm_plan_value(p, node->out), y_slot);
    return RGM_OK;
}
