/* Appending phases to a plan, and making one of those that follow one another image by image (op.h). */
#include <config.h>

#include <stdio.h>
#include "plan/plan_internal.h"

enum { PHASE_NAME = 128 };

/* Names and appends a phase to one of the lists. */
static rgm_status append(rgm_plan *p, int32_t prepares, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    rgm_phase **list = prepares ? &p->prepare : &p->phases;
    int32_t *count = prepares ? &p->prepare_count : &p->phase_count,
            *room = prepares ? &p->prepare_room : &p->phase_room;
    char *name = rgm_plan_state(p, PHASE_NAME);
    if (!name || !spec->context || !rgm_plan_room(p, list, *count, room, sizeof **list)) return rgm_plan_no_memory(err);
    snprintf(name, PHASE_NAME, "%s %s", rgm_plan_node(p, node)->name, spec->what);
    (*list)[(*count)++] = (rgm_phase){.run = spec->run, .context = spec->context, .chunks = spec->chunks, .name = name};
    p->preparing = prepares;
    if (!p->preparing) p->series = NULL;
    return RGM_OK;
}

rgm_status rgm_plan_phase(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    if (!rgm_plan_room(p, &p->works, p->phase_count, &p->work_room, sizeof *p->works)) return rgm_plan_no_memory(err);
    p->works[p->phase_count] = (work){.node = node, .direction = p->direction};
    return append(p, 0, node, spec, err);
}

rgm_status rgm_plan_phase_once(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    return p->o.training ? rgm_plan_phase(p, node, spec, err) : append(p, 1, node, spec, err);
}

/* ---- phases that follow one another image by image ---- */

enum { STEPS_MOST = 16 };

struct series {
    int32_t count;
    struct {
        rgm_chunk_fn run;
        void *context;
    } step[STEPS_MOST];
};

static rgm_status run_series(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const struct series *s = context;
    for (int32_t i = 0; i < s->count; i++) RGM_TRY(s->step[i].run(s->step[i].context, chunk, worker, err));
    return RGM_OK;
}

/* Puts a step behind those of the phase appended last: as one phase, so that none of its buffers makes room for
 * another. */
static rgm_status continue_series(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    rgm_phase *phase = &p->phases[p->phase_count - 1];
    char *name = rgm_plan_state(p, PHASE_NAME);
    if (!name || !spec->context) return rgm_plan_no_memory(err);
    const char *first = p->series->count > 1 ? p->series_first : phase->name;
    snprintf(name, PHASE_NAME, "%.50s to %s %s", first, rgm_plan_node(p, node)->name, spec->what);
    p->series_first = first;
    phase->name = name;
    p->series->step[p->series->count].run = spec->run;
    p->series->step[p->series->count++].context = spec->context;
    p->preparing = 0;
    return RGM_OK;
}

/* The chunks that a phase must have to become a part of the one before; 0: it cannot. */
static int32_t series_chunks(const rgm_plan *p) {
    return p->series && p->series->count < STEPS_MOST ? p->phases[p->phase_count - 1].chunks : 0;
}

rgm_status rgm_plan_phase_images(rgm_plan *p, int32_t node, const rgm_phase_spec *spec, rgm_error *err) {
    if (p->o.training || p->o.apart) return rgm_plan_phase(p, node, spec, err);
    if (series_chunks(p) == spec->chunks) return continue_series(p, node, spec, err);
    struct series *s = rgm_plan_state(p, sizeof *s);
    if (!s || !spec->context) return rgm_plan_no_memory(err);
    s->count = 1;
    s->step[0].run = spec->run;
    s->step[0].context = spec->context;
    RGM_TRY(rgm_plan_phase(p, node, &(rgm_phase_spec){spec->what, run_series, s, spec->chunks}, err));
    if (p->o.batch % spec->chunks == 0) p->series = s;
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
