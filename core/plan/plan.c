#include <config.h>

#include "plan/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "plan/remake.h"

/* ---- what operations see ---- */

const rgm_plan_options *rgm_plan_get(const rgm_plan *p) { return &p->o; }
const rgm_node *rgm_plan_node(const rgm_plan *p, int32_t node) { return rgm_graph_node(p->o.graph, node); }
const rgm_op *rgm_plan_op(const rgm_plan *p, int32_t node) { return p->o.ops[rgm_plan_node(p, node)->op]; }
const rgm_tensor *rgm_plan_tensor(const rgm_plan *p, int32_t tensor) { return rgm_graph_tensor(p->o.graph, tensor); }

static void bind_memory(rgm_plan *p, int32_t array, int64_t offset, void *slot);

void rgm_plan_param(rgm_plan *p, int32_t param, void *slot) {
    if (param >= 0) bind_memory(p, VALUE, rgm_graph_param(p->o.graph, param)->offset, slot);
}

void rgm_plan_grad(rgm_plan *p, int32_t param, void *slot) {
    if (param >= 0) bind_memory(p, GRADIENT, rgm_graph_param(p->o.graph, param)->offset, slot);
}

void rgm_plan_stat(rgm_plan *p, int32_t stat, void *slot) {
    if (stat >= 0) bind_memory(p, STATISTIC, rgm_graph_stat(p->o.graph, stat)->offset, slot);
}

rgm_extent rgm_plan_extent(const rgm_plan *p, int32_t tensor) {
    const rgm_tensor *t = rgm_plan_tensor(p, tensor);
    int32_t B = p->o.kernels->block, blocks = (t->C + B - 1) / B;
    int64_t pixels = (int64_t)t->H * t->W;
    if (!t->image) return (rgm_extent){RGM_LAYOUT_PLAIN, 1, blocks * B, 1, (int64_t)blocks * B};
    if (tensor == 0 && p->input_layout == RGM_LAYOUT_PLAIN)
        return (rgm_extent){RGM_LAYOUT_PLAIN, 1, t->C, pixels, pixels * t->C};
    return (rgm_extent){RGM_LAYOUT_BLOCKED, blocks, blocks * B, pixels, pixels * blocks * B};
}

int32_t rgm_plan_images(const rgm_plan *p, int64_t floats) {
    int64_t chunks = ((int64_t)p->o.batch * floats + 32767) / 32768;
    if (chunks > 64) chunks = 64;
    if (chunks > p->o.batch) chunks = p->o.batch;
    return (int32_t)chunks;
}

int32_t rgm_plan_room(rgm_plan *p, void *array, int32_t count, int32_t *room, size_t size) {
    if (count < *room) return 1;
    int32_t wanted = *room ? 2 * *room : 64;
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, size * (size_t)wanted);
    if (!grown) return p->out_of_memory = 1, 0;
    memcpy(array, &grown, sizeof grown);
    *room = wanted;
    return 1;
}

void *rgm_plan_state(rgm_plan *p, size_t bytes) {
    state *s = calloc(1, sizeof *s + bytes);
    if (!s) return p->out_of_memory = 1, NULL;
    s->next = p->states;
    p->states = s;
    return s->data;
}

rgm_status rgm_plan_own(rgm_plan *p, void *object, void (*destroy)(void *), rgm_error *err) {
    if (!rgm_plan_room(p, &p->owned, p->owned_count, &p->owned_room, sizeof *p->owned)) {
        destroy(object);
        return rgm_plan_no_memory(err);
    }
    p->owned[p->owned_count++] = (owned){object, destroy};
    return RGM_OK;
}

void rgm_plan_set_hides_nan(rgm_plan *p) { p->hides_nan = 1; }
int32_t rgm_plan_hides_nan(const rgm_plan *p) { return p->hides_nan; }

void rgm_plan_need_scratch(rgm_plan *p, size_t bytes) {
    bytes = rgm_arena_cost(bytes);
    if (bytes > p->scratch_each) p->scratch_each = bytes;
}

void *rgm_plan_scratch(const rgm_plan *p, int32_t worker) {
    return p->arena + p->bytes - p->scratch_each * (size_t)(p->o.workers - worker);
}

rgm_buffer rgm_plan_buffer(rgm_plan *p, size_t bytes) {
    if (!rgm_plan_room(p, &p->buffers, p->buffer_count, &p->buffer_room, sizeof *p->buffers)) return 0;
    p->buffers[p->buffer_count] = (rgm_piece){.bytes = rgm_arena_cost(bytes), .first = INT32_MAX, .last = -1};
    return p->buffer_count++;
}

/* ---- buffers and what is bound ---- */

static void touch(rgm_plan *p, rgm_buffer b, int32_t phase) {
    if (phase < p->buffers[b].first) p->buffers[b].first = phase;
    if (phase > p->buffers[b].last) p->buffers[b].last = phase;
}

/* The phase appended last, or NULL. */
static const rgm_phase *last_phase(const rgm_plan *p) {
    if (p->preparing) return &p->prepare[p->prepare_count - 1];
    return p->phase_count ? &p->phases[p->phase_count - 1] : NULL;
}

static void add_binding(rgm_plan *p, binding b) {
    if (!rgm_plan_room(p, &p->bindings, p->binding_count, &p->binding_room, sizeof *p->bindings)) return;
    b.order = p->binding_count;
    b.phase = last_phase(p) ? last_phase(p)->name : NULL;
    p->bindings[p->binding_count++] = b;
}

static void bind(rgm_plan *p, rgm_buffer b, void *slot) {
    add_binding(p, (binding){.array = BUFFER, .buffer = b, .slot = slot});
}

static void bind_memory(rgm_plan *p, int32_t array, int64_t offset, void *slot) {
    add_binding(p, (binding){.array = array, .offset = offset, .slot = slot});
}

void rgm_plan_work(rgm_plan *p, double flops, double bytes) {
    if (p->preparing) return; /* no part of a step */
    work *w = &p->works[p->phase_count - 1];
    w->flops += flops;
    if (bytes > 0) w->bytes = bytes, w->told = 1;
}

void rgm_plan_set_direction(rgm_plan *p, int32_t direction) { p->direction = direction; }

void rgm_plan_use(rgm_plan *p, rgm_buffer b, void *slot) {
    work *w = p->preparing ? NULL : &p->works[p->phase_count - 1];
    if (w && !w->told && p->buffers[b].last != p->phase_count - 1) w->bytes += (double)p->buffers[b].bytes;
    touch(p, b, p->preparing ? 0 : p->phase_count - 1);
    if (p->preparing) p->buffers[b].last = INT32_MAX; /* kept */
    if (slot) bind(p, b, slot);
}

size_t rgm_plan_tensor_bytes(const rgm_plan *p, int32_t tensor) {
    return rgm_float_bytes(rgm_plan_extent(p, tensor).floats * p->o.batch);
}

rgm_buffer rgm_plan_value(rgm_plan *p, int32_t tensor) {
    if (p->value[tensor] < 0) p->value[tensor] = rgm_plan_recycled(p, tensor);
    if (p->value[tensor] < 0) p->value[tensor] = rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, tensor));
    return p->value[tensor];
}

int32_t rgm_plan_all_consumers(const rgm_plan *p, int32_t tensor,
                               int32_t (*see)(const rgm_plan *p, int32_t node, int32_t input)) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++)
            if (rgm_plan_node(p, i)->in[k] == tensor && !see(p, i, k)) return 0;
    return 1;
}

void rgm_plan_alias(rgm_plan *p, int32_t tensor, rgm_buffer b) { p->value[tensor] = b; }

int32_t rgm_plan_may_overwrite(const rgm_plan *p, int32_t tensor) {
    const rgm_tensor *t = rgm_plan_tensor(p, tensor);
    if (t->producer < 0 || t->consumers != 1) return 0;
    const rgm_node *producer = rgm_plan_node(p, t->producer);
    if (p->o.training) {
        const rgm_op *op = rgm_plan_op(p, t->producer);
        return !op->keeps_output || !op->keeps_output(p, t->producer);
    }
    /* a plugin activation's output is its input's buffer, which others may read */
    return producer->op != RGM_OP_PLUGIN || rgm_plan_may_overwrite(p, producer->in[0]);
}

int32_t rgm_plan_again(const rgm_plan *p) { return p->again; }
int32_t rgm_plan_needs_gradient(const rgm_plan *p, int32_t tensor) { return rgm_plan_tensor(p, tensor)->trains; }

void rgm_plan_set_node_state(rgm_plan *p, int32_t node, void *s) { p->notes[node].state = s; }
void *rgm_plan_node_state(const rgm_plan *p, int32_t node) { return p->notes[node].state; }

void rgm_plan_note(rgm_plan *p, int32_t node, const char *text) {
    snprintf(p->notes[node].text, sizeof p->notes[node].text, "%s", text);
}

void rgm_plan_note_way(rgm_plan *p, int32_t node, int32_t direction, int32_t way) {
    p->notes[node].way[direction] = way;
}

/* ---- planning ---- */

static int32_t input_of(const rgm_plan *p, int32_t node) {
    const rgm_op *op = rgm_plan_op(p, node);
    return op->input ? op->input(p, node) : RGM_INPUT_BLOCKED;
}

static int32_t reads_input(const rgm_node *node) { return node->in[0] == 0 || node->in[1] == 0; }

/* Plain pixels if a reader needs them, or all would rather have them. */
static int32_t choose_input_layout(const rgm_plan *p) {
    int32_t rather = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        int32_t wish = reads_input(rgm_plan_node(p, i)) ? input_of(p, i) : RGM_INPUT_BLOCKED;
        if (wish == RGM_INPUT_PLAIN) return RGM_LAYOUT_PLAIN;
        rather += wish == RGM_INPUT_RATHER_PLAIN;
    }
    return rather && rather == rgm_plan_tensor(p, 0)->consumers ? RGM_LAYOUT_PLAIN : RGM_LAYOUT_BLOCKED;
}

static rgm_status check_input(const rgm_plan *p, int32_t node, rgm_error *err) {
    if (p->input_layout != RGM_LAYOUT_PLAIN || !reads_input(rgm_plan_node(p, node))) return RGM_OK;
    if (input_of(p, node) != RGM_INPUT_BLOCKED) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "cannot read the network's input beside a linear layer that does");
}

static rgm_status plan_forward(rgm_plan *p, rgm_error *err) {
    rgm_buffer input = rgm_plan_value(p, 0);
    if (p->out_of_memory) return rgm_plan_no_memory(err); /* there is no buffer 0 */
    touch(p, input, 0);
    bind(p, input, &p->input);
    for (p->turn = 0; p->turn < rgm_graph_node_count(p->o.graph); p->turn++) {
        int32_t i = rgm_finish_at(p, p->turn);
        if (i < 0) continue;
        const rgm_node *node = rgm_plan_node(p, i);
        rgm_status status = check_input(p, i, err);
        if (status == RGM_OK) status = rgm_plan_op(p, i)->forward(p, i, err);
        if (status < 0) return rgm_fail_in(err, "layer %s", node->name);
    }
    p->forward_count = p->phase_count;
    memcpy(p->first, p->value, sizeof *p->value * (size_t)rgm_graph_tensor_count(p->o.graph));
    return RGM_OK;
}

static rgm_status run_nothing(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)chunk, (void)worker, (void)err;
    return RGM_OK;
}

/* An empty phase stands for the loss, where logits are read and their gradient is written. */
static rgm_status plan_loss(rgm_plan *p, rgm_error *err) {
    int32_t out = rgm_graph_output(p->o.graph);
    RGM_TRY(rgm_plan_phase(p, rgm_plan_tensor(p, out)->producer, &(rgm_phase_spec){"loss", run_nothing, p, 0}, err));
    rgm_plan_use(p, rgm_plan_value(p, out), &p->logits);
    if (!p->o.training) return RGM_OK;
    touch(p, p->value[0], p->phase_count - 1); /* for rgm_plan_first_bad; nearly always it is kept anyway */
    rgm_buffer gradient = rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, out));
    rgm_plan_use(p, gradient, &p->dlogits);
    return rgm_plan_add_gradient(p, out, gradient, 0, err);
}

static rgm_status plan_backward_phases(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    int32_t squared = p->squared + (node->weight != RGM_NO_TENSOR) + (node->bias != RGM_NO_TENSOR);
    RGM_TRY(rgm_remake_for(p, index, err));
    RGM_TRY(rgm_plan_op(p, index)->backward(p, index, err));
    return p->squared == squared ? RGM_OK : rgm_fail(err, RGM_E_INTERNAL, "its gradients' squares are not told");
}

static rgm_status plan_backward_of(rgm_plan *p, int32_t index, rgm_error *err);

/* From the last reader to the first, as they come in any case. */
static rgm_status plan_backward_of_readers(rgm_plan *p, int32_t tensor, rgm_error *err) {
    for (int32_t i = rgm_graph_node_count(p->o.graph); i-- > 0;) {
        const rgm_node *node = rgm_plan_node(p, i);
        if (node->in[0] == tensor || node->in[1] == tensor) RGM_TRY(plan_backward_of(p, i, err));
    }
    return RGM_OK;
}

/* After those who read its output; and whoever gathers a batch norm's sums, after the other readers of what that makes.
 */
static rgm_status plan_backward_of(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    if (p->notes[index].backward || !rgm_plan_needs_gradient(p, node->out)) return RGM_OK;
    p->notes[index].backward = 1; /* so it is not asked for once more, as a reader of its own input */
    RGM_TRY(plan_backward_of_readers(p, node->out, err));
    if (rgm_sums_gatherer(p, node->in[0]) == index) RGM_TRY(plan_backward_of_readers(p, node->in[0], err));
    p->direction = RGM_WORK_BACKWARD;
    rgm_status status = plan_backward_phases(p, index, err);
    return status < 0 ? rgm_fail_in(err, "layer %s", node->name) : status;
}

static rgm_status plan_backward(rgm_plan *p, rgm_error *err) {
    rgm_pending_end_forward(p);
    for (int32_t i = rgm_graph_node_count(p->o.graph); i-- > 0;) RGM_TRY(plan_backward_of(p, i, err));
    return RGM_OK;
}

/* No tensor may have more than 2^44 values: so no size computed from theirs overflows. */
static rgm_status check_sizes(const rgm_plan *p, rgm_error *err) {
    for (int32_t i = 0; i < rgm_graph_tensor_count(p->o.graph); i++) {
        const rgm_tensor *t = rgm_plan_tensor(p, i);
        int64_t values = (int64_t)t->C * t->H * t->W;
        if (values > ((int64_t)1 << 44) / p->o.batch)
            return rgm_fail(err, RGM_E_NOMEM, "plan: %s: a batch of %d times %lld values is more than memory can hold",
                            t->producer < 0 ? "input" : rgm_plan_node(p, t->producer)->name, p->o.batch,
                            (long long)values);
    }
    return RGM_OK;
}

static int by_slot(const void *a, const void *b) {
    const binding *x = a, *y = b;
    uintptr_t s = (uintptr_t)x->slot, t = (uintptr_t)y->slot;
    return s != t ? (s > t) - (s < t) : (x->order > y->order) - (x->order < y->order);
}

/* The phases of a slot that is bound twice would all see the last address. Reorders the bindings, which is harmless
 * once no slot has two. */
static rgm_status check_slots(rgm_plan *p, rgm_error *err) {
    if (p->binding_count) qsort(p->bindings, (size_t)p->binding_count, sizeof *p->bindings, by_slot);
    for (int32_t i = 1; i < p->binding_count; i++) {
        const binding *b = &p->bindings[i], *before = b - 1;
        if (b->slot != before->slot ||
            (b->array == before->array && b->buffer == before->buffer && b->offset == before->offset))
            continue;
        return rgm_fail(err, RGM_E_INTERNAL, "plan: %s: a slot of this phase is given to two buffers",
                        b->phase ? b->phase : "input");
    }
    return RGM_OK;
}

rgm_status rgm_plan_close(rgm_plan *p, rgm_error *err) {
    if (p->out_of_memory) return rgm_plan_no_memory(err);
    RGM_TRY(check_slots(p, err));
    RGM_TRY(rgm_layout(p->buffers, p->buffer_count, &p->bytes, err));
    p->bytes += p->scratch_each * (size_t)p->o.workers;
    return RGM_OK;
}

static rgm_status create(rgm_plan **plan, const rgm_plan_options *options, rgm_cut cut, rgm_error *err) {
    *plan = NULL;
    rgm_plan *p = calloc(1, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    p->o = *options;
    rgm_status status = check_sizes(p, err);
    if (status < 0) goto fail;
    size_t tensors = (size_t)rgm_graph_tensor_count(options->graph);
    p->value = malloc(sizeof *p->value * tensors);
    p->first = malloc(sizeof *p->first * tensors);
    p->gradient = calloc(tensors, sizeof *p->gradient);
    p->source = calloc(tensors, sizeof *p->source);
    p->moments = calloc(tensors, sizeof *p->moments);
    p->sums = calloc(tensors, sizeof *p->sums);
    p->kept = calloc(tensors, sizeof *p->kept);
    p->notes = calloc((size_t)rgm_graph_node_count(options->graph), sizeof *p->notes);
    if (!p->value || !p->first || !p->gradient || !p->source || !p->moments || !p->sums || !p->kept || !p->notes) {
        status = rgm_plan_no_memory(err);
        goto fail;
    }
    for (size_t i = 0; i < tensors; i++) p->value[i] = -1;
    p->input_layout = choose_input_layout(p);
    RGM_TRY_OR_FAIL(status, rgm_finish_choose(p, err));
    rgm_pending_choose(p);
    rgm_remake_choose(p, cut);
    RGM_TRY_OR_FAIL(status, plan_forward(p, err));
    RGM_TRY_OR_FAIL(status, plan_loss(p, err));
    if (options->training) RGM_TRY_OR_FAIL(status, plan_backward(p, err));
    RGM_TRY_OR_FAIL(status, rgm_plan_close(p, err));
    *plan = p;
    return RGM_OK;
fail:
    rgm_plan_destroy(p);
    return status;
}

/* Makes *plan the plan of another way to cut it, if that is smaller by what is worth computing more. */
static rgm_status try_cut(rgm_plan **plan, const rgm_plan_options *options, rgm_cut cut, rgm_error *err) {
    rgm_plan *other;
    RGM_TRY(create(&other, options, cut, err));
    int32_t better = !*plan || other->bytes < (*plan)->bytes / 100 * 98;
    rgm_plan_destroy(better ? *plan : other);
    if (better) *plan = other;
    return RGM_OK;
}

rgm_status rgm_plan_create(rgm_plan **plan, const rgm_plan_options *options, rgm_error *err) {
    enum { LOW = 1, PRICES = 5 }; /* from LOW on with low memory: 1x1 of 64 to 640 channels, 3x3 of 7 to 71 */
    static const int32_t flops[PRICES] = {0, 32, 64, 128, 320};
    int32_t low = options->memory == RGM_MEMORY_LOW, first = low ? LOW : 0, end = low ? PRICES : LOW;
    rgm_status status = RGM_OK;
    *plan = NULL;
    if (!options->training || options->segments)
        return create(plan, options, (rgm_cut){options->segments, flops[end - 1]}, err);
    for (int32_t i = first; status >= 0 && i < end; i++)
        for (int32_t segments = 1; status >= 0 && segments <= RGM_PLAN_SEGMENTS; segments++)
            status = try_cut(plan, options, (rgm_cut){segments, flops[i]}, err);
    if (status >= 0) return RGM_OK;
    rgm_plan_destroy(*plan);
    *plan = NULL;
    return status;
}

void rgm_plan_destroy(rgm_plan *p) {
    if (!p) return;
    for (int32_t i = p->owned_count; i-- > 0;) p->owned[i].destroy(p->owned[i].object);
    for (state *s = p->states, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    free(p->phases);
    free(p->works);
    free(p->prepare);
    free(p->buffers);
    free(p->bindings);
    free(p->owned);
    free(p->value);
    free(p->first);
    free(p->source);
    free(p->moments);
    free(p->sums);
    free(p->finish);
    free(p->notes);
    free(p->gradient);
    free(p->kept);
    free(p);
}

size_t rgm_plan_bytes(const rgm_plan *p) { return p->bytes; }
size_t rgm_plan_scratch_bytes(const rgm_plan *p) { return p->scratch_each * (size_t)p->o.workers; }

size_t rgm_plan_kept_bytes(const rgm_plan *p) {
    size_t bytes = 0;
    for (int32_t i = 0; i < p->buffer_count; i++) bytes += p->buffers[i].last == INT32_MAX ? p->buffers[i].bytes : 0;
    return bytes;
}

void rgm_plan_bind(rgm_plan *p, void *arena, const rgm_memory *memory) {
    float *const arrays[] = {[VALUE] = memory->value, [GRADIENT] = memory->grad, [STATISTIC] = memory->stat};
    p->arena = arena;
    for (int32_t i = 0; i < p->binding_count; i++) {
        const binding *b = &p->bindings[i];
        void *address = NULL;
        if (b->array == BUFFER)
            address = p->arena + p->buffers[b->buffer].offset;
        else if (arrays[b->array])
            address = arrays[b->array] + b->offset;
        memcpy(b->slot, &address, sizeof address);
    }
}

rgm_phase *rgm_plan_prepare(rgm_plan *p, int32_t *count) {
    *count = p->prepare_count;
    return p->prepare;
}

rgm_phase *rgm_plan_forward(rgm_plan *p, int32_t *count) {
    *count = p->forward_count;
    return p->phases;
}

rgm_phase *rgm_plan_backward(rgm_plan *p, int32_t *count) {
    *count = p->phase_count - p->forward_count - 1;
    return p->phases + p->forward_count + 1;
}

float *rgm_plan_input(const rgm_plan *p) { return p->input; }
int32_t rgm_plan_input_layout(const rgm_plan *p) { return p->input_layout; }
int64_t rgm_plan_input_floats(const rgm_plan *p) { return rgm_plan_extent(p, 0).floats; }
float *rgm_plan_logits(const rgm_plan *p) { return p->logits; }
float *rgm_plan_dlogits(const rgm_plan *p) { return p->dlogits; }
int64_t rgm_plan_logits_pitch(const rgm_plan *p) { return rgm_plan_extent(p, rgm_graph_output(p->o.graph)).floats; }
