/* The calls that the drivers make. Nothing here allocates.
 *
 * What is tagged [worker] only reads the instance: many threads may call it at once, each with its own context. What is
 * tagged [main] is called by one thread at a time. Each fails with RGM_E_PLUGIN and "augmentation crop (crop.so): what
 * it said". The structs' `size` is set by the caller: sizeof.
 */
#ifndef RGM_PLUG_CALL_H
#define RGM_PLUG_CALL_H

#include "plug/context.h"

/* The shape that leaves an augmentation for samples of in's shape: *out = *in with its size changed. Refused unless
 * channels, height and width are 1..65536 each. [main] */
rgm_status rgm_plug_augment_output(rgm_plug_call *context, const rgm_image *in, rgm_image *out, rgm_error *err);
/* Does it take a window of each sample? Then the host makes the pixels, of samples of any height and width. [any] */
int32_t rgm_plug_has_window(const rgm_instance *augmentation);
/* The window that becomes `out`, for a sample of in's shape (data is not looked at). *changed = 0: none; the sample
 * passes on as it is. Refused unless it is inside of the sample and at least a pixel high and wide. [worker] */
rgm_status rgm_plug_augment_window(rgm_plug_call *context, const rgm_image *in, const rgm_image *out,
                                   rgm_window *window, int32_t *changed, rgm_error *err);
/* The share of the shorter side that evaluation's centre crop of out's shape takes: in (0, 1]; 1 where it does not say.
 * [main] */
rgm_status rgm_plug_augment_evaluation(rgm_plug_call *context, const rgm_image *out, double *share, rgm_error *err);
/* Bytes of scratch that rgm_plug_augment() needs for such images, 64-byte aligned; never less than
 * rgm_instance_scratch_bytes(). [any] */
size_t rgm_plug_augment_scratch(const rgm_instance *augmentation, const rgm_image *in, const rgm_image *out);
/* Makes out: by the component's window, or by its `apply`. *changed = 0: nothing was written, go on with `in`. [worker]
 */
rgm_status rgm_plug_augment(rgm_plug_call *context, const rgm_image *in, rgm_image *out, int32_t *changed,
                            rgm_error *err);

/* Elements [first, first + n) of a tensor; key: RGM_STREAM_INIT with the tensor's index. [worker] */
rgm_status rgm_plug_fill(rgm_plug_call *context, const rgm_tensor_info *tensor, float *dst, uint64_t first, uint64_t n,
                         rgm_error *err);

/* Product of the factors of `count` schedulers at `clock` (1 for none); RGM_E_PLUGIN unless it is finite and >= 0.
 * [main] */
rgm_status rgm_plug_factor(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, double *factor,
                           rgm_error *err);
/* Does a scheduler look at metrics? Without a validation split it never sees one. [main] */
int32_t rgm_plug_observes(const rgm_instance *scheduler);
/* Shows a metric to the schedulers that want it. [main] */
rgm_status rgm_plug_observe(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, const char *metric,
                            double value, rgm_error *err);

/* The optimizer's parameter `lr`: span.rate is this times the factor. */
double rgm_plug_base_rate(const rgm_instance *optimizer);
/* Slots of an optimizer instance, and their names. */
uint32_t rgm_plug_slot_count(const rgm_instance *optimizer);
const char *rgm_plug_slot_name(const rgm_instance *optimizer, uint32_t i);
rgm_status rgm_plug_update(rgm_plug_call *context, const rgm_span *span, rgm_error *err); /* [worker] */

/* Does the regularizer act on the tensor at this stage (RGM_STAGE_*)? [main] */
int32_t rgm_plug_applies(const rgm_instance *regularizer, const rgm_tensor_info *tensor, int32_t stage);
/* Its function of the stage on a span. [worker] */
rgm_status rgm_plug_regularize(rgm_plug_call *context, int32_t stage, const rgm_span *span, rgm_error *err);

rgm_status rgm_plug_forward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err);  /* [worker] */
rgm_status rgm_plug_backward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err); /* [worker] */
rgm_status rgm_plug_loss(rgm_plug_call *context, const rgm_rows *rows, rgm_error *err);                /* [worker] */

#endif
