#include "train/budget.h"

#include <stdint.h>
#include <stdio.h>
#include "base/memory.h"
#include "base/largest_batch.h"

enum { REMEDY = 96 }; /* characters */

size_t rgm_budget_caches(const rgm_session *s, int32_t training) {
    const rgm_view *views[] = {training ? &s->data->train : NULL, &s->data->validation, &s->data->test};
    size_t bytes[RGM_SPLIT_COUNT] = {0}, all = 0;
    for (int32_t i = 0; i < 3; i++) {
        if (!views[i] || !views[i]->count) continue;
        const rgm_dataset_info *info = rgm_dataset_describe(views[i]->set);
        int32_t split = views[i]->split;
        if (info->access[split] == RGM_PIXELS_HDF5) bytes[split] = (size_t)info->cache[split];
    }
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) all += bytes[i];
    return all;
}

/* Address space that libraries take besides what is planned: code that oneDNN makes for each primitive, copies that its
 * matrix products make in each worker, buffers of HDF5. */
static size_t libraries_room(const rgm_session *s) {
    size_t layers = (size_t)rgm_graph_node_count(s->model->graph), workers = (size_t)rgm_team_size(s->device->team);
    return ((size_t)24 << 20) + (layers << 17) + (workers << 22);
}

rgm_status rgm_budget_room(const rgm_session *s, rgm_error *err) {
    return rgm_address_space_need(libraries_room(s), "planning", err);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* What a plan of another batch needs. */
typedef struct attempt {
    const rgm_budget *budget;
    int32_t memory;
    size_t room;
} attempt;

/* The evaluation is planned if training alone fits. */
static void plan_attempt(void *context, int32_t batch, size_t *bytes, int32_t *budget) {
    const attempt *a = context;
    *bytes = 0;
    for (int32_t training = a->budget->training; training >= 0 && *bytes <= a->room; training--) {
        rgm_plan *plan;
        rgm_plan_options options = a->budget->plans[training];
        options.batch = batch;
        options.memory = a->memory;
        --*budget;
        int32_t made = rgm_budget_room(a->budget->session, NULL) >= 0 && rgm_plan_create(&plan, &options, NULL) >= 0;
        *bytes = made ? larger(*bytes, rgm_plan_bytes(plan)) : SIZE_MAX;
        if (made) rgm_plan_destroy(plan);
    }
}

/* What would fit: batches, as they are planned and with low memory. */
static rgm_status find_remedy(const rgm_budget *b, size_t room, char text[REMEDY], rgm_error *err) {
    enum { HALF = RGM_BUDGET_PLANS / 2 };
    const rgm_config *c = b->session->config;
    size_t plans = b->planned.activations + b->planned.scratch;
    attempt a = {b, c->memory, room};
    rgm_batch_search search = {plan_attempt, &a, room, b->session->stop, c->batch - 1, c->batch, plans};
    int32_t batch, low = 0, both = b->training && c->memory != RGM_MEMORY_LOW;
    int32_t budget = both ? HALF : RGM_BUDGET_PLANS;
    RGM_TRY(rgm_largest_batch(&search, &budget, &batch, err));
    if (both) {
        a.memory = RGM_MEMORY_LOW;
        budget += HALF;
        search.most = c->batch;
        search.above = 0;
        RGM_TRY(rgm_largest_batch(&search, &budget, &low, err));
    }
    int used = batch ? snprintf(text, REMEDY, "batch %d fits", batch) : snprintf(text, REMEDY, "no batch fits");
    if (low > batch) snprintf(text + used, REMEDY - (size_t)used, ", with --memory low batch %d does", low);
    return RGM_OK;
}

/* Bytes that may be taken and what says so. Of a limited address space the libraries' part and the reader's stack are
 * kept. */
static size_t room_for_more(const rgm_session *s, const char **limit) {
    size_t memory = rgm_memory_available(), kept = libraries_room(s) + rgm_stack_bytes();
    rgm_address_space space = rgm_address_space_read();
    *limit = "";
    if (space.left == SIZE_MAX) return memory;
    size_t left = space.left > kept ? space.left - kept : 1;
    if (memory && memory < left) return memory;
    *limit = space.name;
    return left;
}

rgm_status rgm_budget_check(const rgm_budget *b, rgm_error *err) {
    const rgm_memory_plan *m = &b->planned;
    size_t more = m->peak - m->fixed, rest = more - m->activations - m->scratch;
    const char *limit = "";
    size_t available = b->available ? b->available : room_for_more(b->session, &limit);
    char remedy[REMEDY];
    if (!available || more <= available) return RGM_OK;
    RGM_TRY(find_remedy(b, available > rest ? available - rest : 0, remedy, err));
    return rgm_fail(err, RGM_E_NOMEM, "memory: batch %d needs %zu MiB, %zu MiB are available%s%s%s: %s",
                    b->session->config->batch, more >> 20, available >> 20, limit[0] ? " (" : "", limit,
                    limit[0] ? ")" : "", remedy);
}
