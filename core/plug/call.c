#include "plug/call.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "picture/resize.h"
#include "plug/border.h"
#include "plug/host.h"
#include "plug/instance_internal.h"

/* Calls from [main] use the instance's own scratch: never two at once, so one is enough. */
static void use_main_scratch(rgm_plug_call *context) {
    if (context->call.scratch || !context->instance->scratch) return;
    context->call.scratch = context->instance->scratch;
    context->call.scratch_bytes = context->instance->scratch_bytes;
}

/* After every call: its result made a status. */
static rgm_status conclude(rgm_plug_call *context, int32_t result, rgm_error *err) {
    if (result == RGM_DONE) return RGM_OK;
    const rgm_listed *listed = context->instance->listed;
    char odd[64];
    snprintf(odd, sizeof odd, "returned %d, expected RGM_DONE or a failure", result);
    const char *said = context->text[0] ? context->text : result < 0 ? "failed without saying why" : odd;
    return rgm_fail(err, RGM_E_PLUGIN, "%s %s (%s): %s", rgm_kind_name((int32_t)listed->component->kind),
                    listed->component->name, rgm_listed_file(listed), said);
}

#define ANY(context)  rgm_instance_any((context)->instance)
#define SELF(context) ((const void *)(context)->instance->memory)

/* ---- augmentations ---- */

static int32_t sane(int32_t extent) { return extent >= 1 && extent <= 65536; }

rgm_status rgm_plug_augment_output(rgm_plug_call *context, const rgm_image *in, rgm_image *out, rgm_error *err) {
    const rgm_augmentation *a = &ANY(context)->augmentation;
    *out = *in;
    if (!a->output) return RGM_OK;
    rgm_image shape = *in, made;
    rgm_border border;
    shape.data = NULL;
    made = shape;
    use_main_scratch(context);
    rgm_border_enter(&border, context->instance, "output");
    int32_t result = a->output(&context->call, SELF(context), &shape, &made);
    rgm_border_leave(&border);
    out->channels = made.channels;
    out->height = made.height;
    out->width = made.width;
    if (result == RGM_DONE && !(sane(out->channels) && sane(out->height) && sane(out->width)))
        result = context->call.host->fail(&context->call, "wants images of %d x %d x %d", out->channels, out->height,
                                          out->width);
    return conclude(context, result, err);
}

int32_t rgm_plug_has_window(const rgm_instance *augmentation) {
    return rgm_instance_any(augmentation)->augmentation.window != NULL;
}

static int32_t same_shape(const rgm_image *a, const rgm_image *b) {
    return a->channels == b->channels && a->height == b->height && a->width == b->width;
}

/* After a call that may leave a sample as it is. */
static int32_t settle(rgm_plug_call *context, int32_t result, const rgm_image *in, const rgm_image *out,
                      int32_t *changed) {
    *changed = result != RGM_UNCHANGED;
    if (result != RGM_UNCHANGED || same_shape(in, out)) return result == RGM_UNCHANGED ? RGM_DONE : result;
    return context->call.host->fail(&context->call, "left an image unchanged that must get another size");
}

rgm_status rgm_plug_augment_window(rgm_plug_call *context, const rgm_image *in, const rgm_image *out,
                                   rgm_window *window, int32_t *changed, rgm_error *err) {
    rgm_border border;
    rgm_image from = *in, to = *out;
    from.data = to.data = NULL;
    *window = (rgm_window){.size = sizeof *window, .height = in->height, .width = in->width};
    rgm_border_enter(&border, context->instance, "window");
    int32_t result = ANY(context)->augmentation.window(&context->call, SELF(context), &from, &to, window);
    rgm_border_leave(&border);
    result = settle(context, result, in, out, changed);
    if (result == RGM_DONE && !rgm_window_inside(window, in))
        result =
            context->call.host->fail(&context->call, "wants the window of %g x %g at (%g, %g) of %d x %d pixels",
                                     window->height, window->width, window->top, window->left, in->height, in->width);
    return conclude(context, result, err);
}

rgm_status rgm_plug_augment_evaluation(rgm_plug_call *context, const rgm_image *out, double *share, rgm_error *err) {
    const rgm_augmentation *a = &ANY(context)->augmentation;
    rgm_border border;
    rgm_image to = *out;
    to.data = NULL;
    *share = 1.0;
    if (!a->evaluation) return RGM_OK;
    use_main_scratch(context);
    rgm_border_enter(&border, context->instance, "evaluation");
    int32_t result = a->evaluation(&context->call, SELF(context), &to, share);
    rgm_border_leave(&border);
    if (result == RGM_DONE && !(*share > 0.0 && *share <= 1.0))
        result = context->call.host->fail(&context->call, "evaluation takes %g of the shorter side, expected 0 to 1",
                                          *share);
    return conclude(context, result, err);
}

/* The component's own scratch, up to where the host's begins. */
static size_t own_scratch(const rgm_instance *instance) { return (instance->scratch_bytes + 63) / 64 * 64; }

size_t rgm_plug_augment_scratch(const rgm_instance *augmentation, const rgm_image *in, const rgm_image *out) {
    const int32_t source[3] = {in->height, in->width, in->channels};
    if (!rgm_plug_has_window(augmentation)) return augmentation->scratch_bytes;
    return own_scratch(augmentation) + rgm_resize_scratch(source, out->height, out->width);
}

static rgm_status augment_window(rgm_plug_call *context, const rgm_image *in, rgm_image *out, int32_t *changed,
                                 rgm_error *err) {
    rgm_window window;
    const rgm_instance *it = context->instance;
    if (in->channels != out->channels)
        return conclude(context,
                        context->call.host->fail(&context->call, "makes %d channels of %d: a window keeps their number",
                                                 out->channels, in->channels),
                        err);
    RGM_TRY(rgm_plug_augment_window(context, in, out, &window, changed, err));
    if (*changed) rgm_host_resize(it->kernels, in, &window, out, (char *)context->call.scratch + own_scratch(it));
    return RGM_OK;
}

rgm_status rgm_plug_augment(rgm_plug_call *context, const rgm_image *in, rgm_image *out, int32_t *changed,
                            rgm_error *err) {
    rgm_border border;
    if (rgm_plug_has_window(context->instance)) return augment_window(context, in, out, changed, err);
    rgm_border_enter(&border, context->instance, "apply");
    int32_t result = ANY(context)->augmentation.apply(&context->call, SELF(context), in, out);
    rgm_border_leave(&border);
    return conclude(context, settle(context, result, in, out, changed), err);
}

/* ---- initializers ---- */

rgm_status rgm_plug_fill(rgm_plug_call *context, const rgm_tensor_info *tensor, float *dst, uint64_t first, uint64_t n,
                         rgm_error *err) {
    rgm_border border;
    rgm_border_enter(&border, context->instance, "fill");
    int32_t result = ANY(context)->initializer.fill(&context->call, SELF(context), tensor, dst, first, n);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}

/* ---- schedulers ---- */

static rgm_status one_factor(const rgm_instance *scheduler, const rgm_clock *clock, double *factor, rgm_error *err) {
    rgm_plug_call context;
    rgm_border border;
    double f = NAN;
    rgm_plug_call_init(&context, scheduler, clock, NULL, NULL);
    use_main_scratch(&context);
    rgm_border_enter(&border, scheduler, "factor");
    int32_t result = rgm_instance_any(scheduler)->scheduler.factor(&context.call, scheduler->memory, &f);
    rgm_border_leave(&border);
    if (result == RGM_DONE && !(isfinite(f) && f >= 0.0))
        result = context.call.host->fail(&context.call, "factor %g at step %llu, expected a finite number >= 0", f,
                                         (unsigned long long)clock->step);
    RGM_TRY(conclude(&context, result, err));
    *factor *= f;
    return RGM_OK;
}

rgm_status rgm_plug_factor(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, double *factor,
                           rgm_error *err) {
    *factor = 1.0;
    for (size_t i = 0; i < count; i++) RGM_TRY(one_factor(schedulers[i], clock, factor, err));
    if (isfinite(*factor)) return RGM_OK;
    return rgm_fail(err, RGM_E_PLUGIN, "schedulers: the product of %zu factors at step %llu is not finite", count,
                    (unsigned long long)clock->step);
}

rgm_status rgm_plug_observe(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, const char *metric,
                            double value, rgm_error *err) {
    for (size_t i = 0; i < count; i++) {
        const rgm_scheduler *s = &rgm_instance_any(schedulers[i])->scheduler;
        if (!s->observe) continue;
        rgm_plug_call context;
        rgm_border border;
        rgm_plug_call_init(&context, schedulers[i], clock, NULL, NULL);
        use_main_scratch(&context);
        rgm_border_enter(&border, schedulers[i], "observe");
        int32_t result = s->observe(&context.call, schedulers[i]->memory, metric, value);
        rgm_border_leave(&border);
        RGM_TRY(conclude(&context, result, err));
    }
    return RGM_OK;
}

int32_t rgm_plug_observes(const rgm_instance *scheduler) {
    const rgm_any_component *any = rgm_instance_any(scheduler);
    return any->head.kind == RGM_SCHEDULER && any->scheduler.observe != NULL;
}

/* ---- optimizers and regularizers ---- */

double rgm_plug_base_rate(const rgm_instance *optimizer) {
    const rgm_component *c = optimizer->listed->component;
    double rate = 0.0;
    for (uint32_t i = 0; i < c->param_count; i++) { /* its presence was checked when the plugin was loaded */
        if (strcmp(c->params[i].key, "lr") == 0)
            memcpy(&rate, (const char *)optimizer->pristine + c->params[i].offset, sizeof rate);
    }
    return rate;
}

uint32_t rgm_plug_slot_count(const rgm_instance *optimizer) {
    const rgm_optimizer *o = &rgm_instance_any(optimizer)->optimizer;
    if (!o->slots_used) return o->slot_count;
    rgm_border border;
    rgm_border_enter(&border, optimizer, "slots_used");
    uint32_t used = o->slots_used(optimizer->memory);
    rgm_border_leave(&border);
    return used < o->slot_count ? used : o->slot_count;
}

const char *rgm_plug_slot_name(const rgm_instance *optimizer, uint32_t i) {
    const rgm_optimizer *o = &rgm_instance_any(optimizer)->optimizer;
    return i < o->slot_count ? o->slots[i] : NULL;
}

rgm_status rgm_plug_update(rgm_plug_call *context, const rgm_span *span, rgm_error *err) {
    rgm_border border;
    rgm_border_enter(&border, context->instance, "update");
    int32_t result = ANY(context)->optimizer.update(&context->call, SELF(context), span);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}

int32_t rgm_plug_applies(const rgm_instance *regularizer, const rgm_tensor_info *tensor, int32_t stage) {
    const rgm_regularizer *r = &rgm_instance_any(regularizer)->regularizer;
    if (!(stage == RGM_STAGE_GRADIENT ? r->gradient : r->updated)) return 0;
    if (!r->applies) return tensor->role == RGM_TENSOR_WEIGHT;
    rgm_border border;
    rgm_border_enter(&border, regularizer, "applies");
    int32_t applies = r->applies(regularizer->memory, tensor, stage) != 0;
    rgm_border_leave(&border);
    return applies;
}

rgm_status rgm_plug_regularize(rgm_plug_call *context, int32_t stage, const rgm_span *span, rgm_error *err) {
    const rgm_regularizer *r = &ANY(context)->regularizer;
    int32_t (*act)(const rgm_call *, const void *, const rgm_span *) =
        stage == RGM_STAGE_GRADIENT ? r->gradient : r->updated;
    if (!act) return RGM_OK;
    rgm_border border;
    rgm_border_enter(&border, context->instance, stage == RGM_STAGE_GRADIENT ? "gradient" : "updated");
    int32_t result = act(&context->call, SELF(context), span);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}

/* ---- activations and losses ---- */

rgm_status rgm_plug_forward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err) {
    rgm_border border;
    rgm_border_enter(&border, context->instance, "forward");
    int32_t result = ANY(context)->activation.forward(&context->call, SELF(context), span);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}

rgm_status rgm_plug_backward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err) {
    rgm_border border;
    rgm_border_enter(&border, context->instance, "backward");
    int32_t result = ANY(context)->activation.backward(&context->call, SELF(context), span);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}

rgm_status rgm_plug_loss(rgm_plug_call *context, const rgm_rows *rows, rgm_error *err) {
    rgm_border border;
    rgm_border_enter(&border, context->instance, "rows");
    int32_t result = ANY(context)->loss.rows(&context->call, SELF(context), rows);
    rgm_border_leave(&border);
    return conclude(context, result, err);
}
