/* Appending phases to a plan, and making one of those that follow one another image by image (op.h). */
#include <config.h>

#include <stdio.h>
#include "plan/plan_internal.h"

enum { PHASE_NAME = 128 };

/* Names and appends a phase to one of the lists. */
static rgm_status append(rgm_plan *p, rgm_phase **list, int32_t *count, int32_t *room, int32_t node, const char *what,
                         rgm_phase phase, rgm_error *err) {
    char *name = rgm_plan_state(p, PHASE_NAME);
    if (!name || !phase.context || !rgm_plan_room(p, list, *count, room, sizeof **list)) return rgm_plan_no_memory(err);
    snprintf(name, PHASE_NAME, "%s %s", rgm_plan_node(p, node)->name, what);
    phase.name = name;
    (*list)[(*count)++] = phase;
    p->preparing = list == &p->prepare;
    if (!p->preparing) p->series = NULL;
    return RGM_OK;
}

rgm_status rgm_plan_phase(rgm_plan *p, int32_t node, const char *what, rgm_chunk_fn run, void *context, int32_t chunks,
                          rgm_error *err) {
    rgm_phase phase = {.run = run, .context = context, .chunks = chunks};
    if (!rgm_plan_room(p, &p->works, p->phase_count, &p->work_room, sizeof *p->works)) return rgm_plan_no_memory(err);
    p->works[p->phase_count] = (work){.node = node, .direction = p->direction};
    return append(p, &p->phases, &p->phase_count, &p->phase_room, node, what, phase, err);
}

rgm_status rgm_plan_phase_once(rgm_plan *p, int32_t node, const char *what, rgm_chunk_fn run, void *context,
                               int32_t chunks, rgm_error *err) {
    if (p->o.training) return rgm_plan_phase(p, node, what, run, context, chunks, err);
    rgm_phase phase = {.run = run, .context = context, .chunks = chunks};
    return append(p, &p->prepare, &p->prepare_count, &p->prepare_room, node, what, phase, err);
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
static rgm_status continue_series(rgm_plan *p, int32_t node, const char *what, rgm_chunk_fn run, void *context,
                                  rgm_error *err) {
    rgm_phase *phase = &p->phases[p->phase_count - 1];
    char *name = rgm_plan_state(p, PHASE_NAME);
    if (!name || !context) return rgm_plan_no_memory(err);
    const char *first = p->series->count > 1 ? p->series_first : phase->name;
    snprintf(name, PHASE_NAME, "%.50s to %s %s", first, rgm_plan_node(p, node)->name, what);
    p->series_first = first;
    phase->name = name;
    p->series->step[p->series->count].run = run;
    p->series->step[p->series->count++].context = context;
    p->preparing = 0;
    return RGM_OK;
}

/* The chunks that a phase must have to become a part of the one before; 0: it cannot. */
static int32_t series_chunks(const rgm_plan *p) {
    return p->series && p->series->count < STEPS_MOST ? p->phases[p->phase_count - 1].chunks : 0;
}

rgm_status rgm_plan_phase_images(rgm_plan *p, int32_t node, const char *what, rgm_chunk_fn run, void *context,
                                 int32_t chunks, rgm_error *err) {
    if (p->o.training || p->o.apart) return rgm_plan_phase(p, node, what, run, context, chunks, err);
    if (series_chunks(p) == chunks) return continue_series(p, node, what, run, context, err);
    struct series *s = rgm_plan_state(p, sizeof *s);
    if (!s || !context) return rgm_plan_no_memory(err);
    s->count = 1;
    s->step[0].run = run;
    s->step[0].context = context;
    RGM_TRY(rgm_plan_phase(p, node, what, run_series, s, chunks, err));
    if (p->o.batch % chunks == 0) p->series = s;
    return RGM_OK;
}

rgm_status rgm_plan_forward_phase(rgm_plan *p, int32_t index, rgm_chunk_fn run, void *context, int32_t chunks,
                                  void *x_slot, void *y_slot, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    RGM_TRY(rgm_plan_phase_images(p, index, "forward", run, context, chunks, err));
    rgm_plan_use(p, rgm_plan_value(p, node->in[0]), x_slot);
    rgm_plan_use(p, rgm_plan_value(p, node->out), y_slot);
    return RGM_OK;
}
