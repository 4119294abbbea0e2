#include "bench/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "data/batch.h"
#include "data/order.h"
#include "report/summary.h"
#include "train/augment.h"
#include "train/trainer.h"

enum { GROUP = 8, WARMUP = 2 };      /* images in a chunk of a part, steps before measuring */
enum { MOST = RGM_CONFIG_LIST + 5 }; /* read, develop, the chain, pack, together, step */

typedef struct pipeline pipeline;

/* A part alone: a function over the images of a batch. */
typedef struct part {
    pipeline *whole;
    const char *name;
    rgm_status (*image)(struct part *part, int32_t place, int32_t worker, rgm_error *err);
    rgm_phase phase;
    int64_t batches; /* run so far: which images come next */
    rgm_augmenter *augmenter;
    rgm_pixels input; /* what it takes */
} part;

struct pipeline {
    const rgm_session *session;
    rgm_trainer *trainer;
    rgm_batch_options options; /* the trainer's */
    rgm_develop develop;
    rgm_tools *tools; /* NULL: the set's images are taken as they are */
    rgm_batches *batches;
    rgm_arena arena;
    uint8_t *images; /* [batch][image_bytes]: what the parts work on */
    size_t image_bytes;
    uint8_t *copies; /* [workers][image_bytes] */
    float *x, *targets;
    size_t x_image;  /* floats of an image in x */
    int32_t layout;  /* of x: RGM_LAYOUT_* */
    int32_t *labels; /* [batch] */
    float scale[RGM_DATA_CHANNELS], shift[RGM_DATA_CHANNELS];
    part parts[MOST];
    rgm_timed timed[MOST];
    int32_t count;
    int64_t batch, step;            /* the next ones of the pipeline and of training */
    double phase_nanos, step_nanos; /* of the batch phase and of all phases, over the steps that ran */
};

/* ---- the parts ---- */

static int64_t index_of(const part *p, int32_t place) {
    const rgm_session *s = p->whole->session;
    int64_t epoch = p->batches / s->steps_per_epoch, step = p->batches % s->steps_per_epoch;
    rgm_order order = rgm_order_make(s->config->seed, (uint32_t)epoch, (uint64_t)s->data->train.count, 1);
    return rgm_view_index(&s->data->train, (int64_t)rgm_order_at(&order, (uint64_t)(step * s->config->batch + place)));
}

static rgm_status read_image(part *p, int32_t place, int32_t worker, rgm_error *err) {
    (void)err;
    const rgm_view *view = &p->whole->session->data->train;
    memcpy(p->whole->copies + (size_t)worker * p->whole->image_bytes,
           rgm_dataset_pixels(view->set, view->split, index_of(p, place)), (size_t)p->input.H * (size_t)p->input.pitch);
    return RGM_OK;
}

/* Decoding and resizing, the stored image already at hand. */
static rgm_status develop_image(part *p, int32_t place, int32_t worker, rgm_error *err) {
    const pipeline *w = p->whole;
    const rgm_view *view = &w->session->data->train;
    const rgm_sample sample = {.index = index_of(p, place)};
    rgm_pixels made;
    const uint8_t *stored = rgm_dataset_pixels(view->set, view->split, sample.index);
    return rgm_develop_sample(&w->develop, w->tools, &sample, stored, &made, worker, err);
}

static rgm_status augment_image(part *p, int32_t place, int32_t worker, rgm_error *err) {
    const rgm_session *s = p->whole->session;
    rgm_sample sample = {.index = place,
                         .position = p->batches % s->steps_per_epoch * s->config->batch + place,
                         .epoch = (uint32_t)(p->batches / s->steps_per_epoch)};
    rgm_pixels in = p->input, out;
    in.data = p->whole->images + (size_t)place * p->whole->image_bytes;
    return rgm_augmenter_run(p->augmenter, &sample, &in, &out, worker, err);
}

static rgm_status pack_image(part *p, int32_t place, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pipeline *w = p->whole;
    const rgm_kernels *k = w->session->device->kernels;
    const rgm_pixels *in = &p->input;
    const rgm_u8_shape shape = {in->C, in->H, in->W, 1, in->pitch, in->C};
    (w->layout == RGM_LAYOUT_PLAIN ? k->pack_u8_plane : k->pack_u8_block)(
        w->images + (size_t)place * w->image_bytes, &shape, w->scale, w->shift, w->x + (size_t)place * w->x_image);
    return RGM_OK;
}

static rgm_status run_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    part *p = context;
    int32_t end = (chunk + 1) * GROUP, batch = p->whole->session->config->batch;
    for (int32_t i = chunk * GROUP; i < end && i < batch; i++) RGM_TRY(p->image(p, i, worker, err));
    return RGM_OK;
}

static rgm_status run_part(void *context, int64_t calls, rgm_error *err) {
    part *p = context;
    for (int64_t i = 0; i < calls; i++, p->batches++)
        RGM_TRY(rgm_team_run(p->whole->session->device->team, &p->phase, 1, err));
    return RGM_OK;
}

static rgm_status run_together(void *context, int64_t calls, rgm_error *err) {
    pipeline *w = context;
    const rgm_session *s = w->session;
    const rgm_batch_out out = {w->x, w->targets, w->labels};
    rgm_phase phase = *rgm_batches_phase(w->batches);
    for (int64_t i = 0; i < calls; i++, w->batch++) {
        RGM_TRY(rgm_batches_prepare(w->batches, (uint32_t)(w->batch / s->steps_per_epoch),
                                    w->batch % s->steps_per_epoch, &out, err));
        RGM_TRY(rgm_team_run(s->device->team, &phase, 1, err));
    }
    return RGM_OK;
}

/* Nanoseconds of the phases [0, count), as the profile has them. */
static double nanos_of(const rgm_phase *phases, int32_t count) {
    double nanos = 0;
    for (int32_t i = 0; i < count; i++) nanos += (double)phases[i].nanos;
    return nanos;
}

static rgm_status run_step(void *context, int64_t calls, rgm_error *err) {
    pipeline *w = context;
    rgm_step_result result;
    int32_t count;
    rgm_team_profile(w->session->device->team, 1);
    rgm_status status = RGM_OK;
    for (int64_t i = 0; i < calls && status >= 0; i++) status = rgm_trainer_step(w->trainer, w->step++, &result, err);
    rgm_team_profile(w->session->device->team, 0);
    const rgm_phase *phases = rgm_trainer_phases(w->trainer, &count); /* the first one fills the batch */
    w->phase_nanos = nanos_of(phases, 1);
    w->step_nanos = nanos_of(phases, count);
    return status;
}

/* ---- set-up ---- */

static void add(pipeline *w, const char *name, rgm_status (*image)(part *, int32_t, int32_t, rgm_error *),
                rgm_augmenter *augmenter, rgm_pixels input) {
    part *p = &w->parts[w->count];
    *p = (part){.whole = w, .name = name, .image = image, .augmenter = augmenter, .input = input};
    p->phase = (rgm_phase){
        .run = run_chunk, .context = p, .chunks = (w->session->config->batch + GROUP - 1) / GROUP, .name = name};
    w->timed[w->count++] = (rgm_timed){.run = run_part, .context = p};
}

static void add_whole(pipeline *w, const char *name, rgm_status (*run)(void *, int64_t, rgm_error *)) {
    w->parts[w->count] = (part){.name = name};
    w->timed[w->count++] = (rgm_timed){.run = run, .context = w};
}

static rgm_status add_augmentations(pipeline *w, rgm_error *err) {
    const rgm_components *c = &w->session->model->components;
    int32_t windowed = w->options.window != NULL; /* then the first one is developing */
    for (int32_t i = windowed; i < c->augments; i++) {
        rgm_augmenter *one;
        rgm_pixels input;
        RGM_TRY(rgm_augmenter_create_one(&one, w->session, i, &input, err));
        add(w, rgm_instance_name(c->augment[i]), augment_image, one, input);
    }
    return RGM_OK;
}

/* Bytes of the largest image that a part takes. */
static size_t largest_image(const pipeline *w) {
    size_t largest = 0;
    for (int32_t i = 0; i < w->count; i++) {
        size_t bytes = (size_t)w->parts[i].input.H * (size_t)w->parts[i].input.pitch;
        if (bytes > largest) largest = bytes;
    }
    return rgm_arena_cost(largest);
}

static rgm_status take_memory(pipeline *w, const rgm_batch_options *o, rgm_error *err) {
    size_t batch = (size_t)o->batch, images = batch * w->image_bytes, copies = (size_t)o->workers * w->image_bytes;
    size_t x = rgm_batches_x_floats(o) * sizeof(float),
           targets = batch * (size_t)w->session->model->classes * sizeof(float);
    size_t labels = batch * sizeof(int32_t);
    RGM_TRY(rgm_arena_create(&w->arena,
                             rgm_arena_cost(images) + rgm_arena_cost(copies) + rgm_arena_cost(x) +
                                 rgm_arena_cost(targets) + rgm_arena_cost(labels),
                             "bench pipeline", err));
    w->images = rgm_arena_take(&w->arena, images);
    w->copies = rgm_arena_take(&w->arena, copies);
    w->x = rgm_arena_take(&w->arena, x);
    w->targets = rgm_arena_take(&w->arena, targets);
    w->labels = rgm_arena_take(&w->arena, labels);
    w->x_image = rgm_batches_x_floats(o) / batch;
    return RGM_OK;
}

/* The profile is for steps that no longer touch their memory for the first time. */
static rgm_status warm_up(pipeline *w, rgm_error *err) {
    rgm_step_result result;
    for (; w->step < WARMUP; w->step++) RGM_TRY(rgm_trainer_step(w->trainer, w->step, &result, err));
    return RGM_OK;
}

/* The first images of the view, as the chain takes them. */
static rgm_status read_image_of(pipeline *w, int32_t place, rgm_error *err) {
    const rgm_view *view = &w->session->data->train;
    const rgm_sample sample = {.index = rgm_view_index(view, place)};
    rgm_pixels made;
    uint8_t *to = w->images + (size_t)place * w->image_bytes;
    const uint8_t *stored = rgm_dataset_pixels(view->set, view->split, sample.index);
    if (!w->tools) return rgm_dataset_read(view->set, view->split, sample.index, to, err);
    RGM_TRY(rgm_develop_sample(&w->develop, w->tools, &sample, stored, &made, 0, err));
    memcpy(to, made.data, (size_t)made.H * (size_t)made.pitch);
    return RGM_OK;
}

static rgm_status read_images(pipeline *w, rgm_error *err) {
    for (int32_t i = 0; i < w->session->config->batch; i++) RGM_TRY(read_image_of(w, i, err));
    return RGM_OK;
}

/* Encoded pictures, or images of another size in memory. */
static rgm_status add_development(pipeline *w, rgm_error *err) {
    int32_t needed;
    const rgm_tools_plan plan = rgm_batches_tools(&w->options, &needed);
    const rgm_dataset_info *info = rgm_dataset_describe(plan.set);
    if (!needed) return RGM_OK;
    w->develop = rgm_batches_develop(&w->options);
    RGM_TRY(rgm_tools_create(&w->tools, &plan, err));
    if (info->encoded || rgm_dataset_pixels(plan.set, w->develop.split, 0))
        add(w, info->encoded ? "decode" : "resize", develop_image, NULL,
            (rgm_pixels){NULL, (int64_t)plan.W * info->C, plan.H, plan.W, info->C});
    return RGM_OK;
}

static rgm_status set_up(pipeline *w, rgm_error *err) {
    const rgm_session *s = w->session;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    const int32_t *image = s->config->model.image;
    RGM_TRY(rgm_trainer_create(&w->trainer, s, &(rgm_trainer_options){.training = 1}, err));
    w->options = rgm_trainer_batch_options(w->trainer, &s->data->train, 1);
    w->layout = w->options.layout;
    rgm_batches_normalisation(s->model->input.mean, s->model->input.std, info->C, w->scale, w->shift);
    if (rgm_dataset_pixels(s->data->set, s->data->train.split, 0)) /* where they lie, mapped or unpacked */
        add(w, "read", read_image, NULL, (rgm_pixels){NULL, (int64_t)info->W * info->C, info->H, info->W, info->C});
    RGM_TRY(add_development(w, err));
    RGM_TRY(add_augmentations(w, err));
    add(w, "pack", pack_image, NULL, (rgm_pixels){NULL, (int64_t)image[2] * image[0], image[1], image[2], image[0]});
    add_whole(w, "together", run_together);
    add_whole(w, "step", run_step);
    w->image_bytes = largest_image(w);
    RGM_TRY(rgm_batches_create(&w->batches, &w->options, err));
    RGM_TRY(take_memory(w, &w->options, err));
    RGM_TRY(read_images(w, err));
    return warm_up(w, err);
}

static void tear_down(pipeline *w) {
    rgm_batches_destroy(w->batches);
    for (int32_t i = 0; i < w->count; i++) rgm_augmenter_destroy(w->parts[i].augmenter);
    rgm_tools_destroy(w->tools);
    rgm_arena_destroy(&w->arena);
    rgm_trainer_destroy(w->trainer);
}

/* ---- telling ---- */

static const rgm_column columns[] = {{"", 16, 0},     {"images/s", 11, 0}, {"low", 11, 0},
                                     {"high", 11, 0}, {"ms/batch", 10, 3}, {"% of a step", 12, 2}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void print_text(const pipeline *w) {
    int32_t batch = w->session->config->batch;
    rgm_bench_print_session(w->session);
    printf("\n\n");
    rgm_table_head(columns, COLUMNS);
    double step = w->timed[w->count - 1].seconds.median;
    for (int32_t i = 0; i < w->count; i++) {
        rgm_spread seconds = w->timed[i].seconds, rate = rgm_spread_rate(seconds, batch);
        rgm_table_row(columns, COLUMNS, w->parts[i].name,
                      (double[]){rate.median, rate.low, rate.high, seconds.median * 1e3, 100 * seconds.median / step});
        putchar('\n');
    }
    printf("\nWithin training steps the batch takes %.2f %% of the time.\n", 100 * w->phase_nanos / w->step_nanos);
}

/* Two augmentations of one name are told apart by their places. */
static void name_result(const pipeline *w, int32_t i, char out[96]) {
    int32_t same = 0, before = 0;
    for (int32_t j = 0; j < w->count; j++) {
        int32_t equal = strcmp(w->parts[j].name, w->parts[i].name) == 0;
        same += equal;
        before += equal && j < i;
    }
    if (same > 1)
        snprintf(out, 96, "%.64s %d", w->parts[i].name, before + 1);
    else
        snprintf(out, 96, "%.64s", w->parts[i].name);
}

static int32_t add_results(json_t *document, const pipeline *w) {
    double step = w->timed[w->count - 1].seconds.median;
    for (int32_t i = 0; i < w->count; i++) {
        char name[96];
        name_result(w, i, name);
        rgm_spread seconds = w->timed[i].seconds;
        json_t *result =
            rgm_bench_json_add(document, name, "images/s", rgm_spread_rate(seconds, w->session->config->batch));
        if (!rgm_bench_json_more(result,
                                 json_pack("{s:f, s:f}", "ms", seconds.median * 1e3, "share", seconds.median / step)))
            return 0;
    }
    return 1;
}

static rgm_status write_json(const pipeline *w, const char *target, rgm_error *err) {
    json_t *json = rgm_bench_json_session("pipeline", w->session);
    json_t *more = json_pack("{s:f}", "share_of_step", w->phase_nanos / w->step_nanos);
    if (!rgm_bench_json_more(json, more) || !add_results(json, w)) json_decref(json), json = NULL;
    return rgm_bench_json_write(json, target, err);
}

rgm_status rgm_bench_pipeline(const rgm_session *s, const rgm_effort *effort, const char *json, rgm_error *err) {
    static pipeline w;
    w = (pipeline){.session = s};
    rgm_status status = set_up(&w, err);
    if (status >= 0) status = rgm_measure(w.timed, w.count, effort, err);
    if (status >= 0 && rgm_json_leaves_text(json)) print_text(&w);
    if (status >= 0 && json) status = write_json(&w, json, err);
    tear_down(&w);
    return status;
}
