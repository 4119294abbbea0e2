#include "data/batch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/planted.h"
#include "data/reader.h"

enum { CHUNK_BYTES = 16384, CHUNK_IMAGES = 8, LAYOUT_PLAIN = 1 };

struct rgm_batches {
    rgm_batch_options options;
    const rgm_dataset_info *info;
    rgm_reader_plan plan;
    rgm_reader *reader; /* NULL: a mapped set small enough to stay in memory */
    rgm_arena arena;
    uint8_t *scratch;     /* [workers][scratch_bytes], for augment's output */
    size_t scratch_bytes; /* a multiple of RGM_ALIGN: workers share no cache line */
    float scale[RGM_DATA_CHANNELS], shift[RGM_DATA_CHANNELS];
    int32_t per_chunk;
    size_t image_floats; /* of x */
    int32_t develops;    /* 1: samples are no images of the size that is taken */
    rgm_develop develop;
    rgm_tools *tools, *own_tools; /* own: NULL if they are the caller's */
    rgm_phase phase;
    /* the prepared batch */
    int64_t number;
    const uint8_t *staged; /* [batch][H][W][C] or NULL: mapped */
    rgm_batch_out out;
};

void rgm_batches_normalisation(const float *mean, const float *std, int32_t C, float *scale, float *shift) {
    for (int32_t c = 0; c < C; c++) {
        scale[c] = (float)(1.0 / (255.0 * (double)std[c]));
        shift[c] = (float)(-(double)mean[c] / (double)std[c]);
    }
}

/* ---- sizes ---- */

/* The images that augmentations, or the network, take. */
static void find_start(const rgm_batch_options *o, int32_t *H, int32_t *W) {
    const rgm_dataset_info *info = rgm_dataset_describe(o->view.set);
    int32_t stored = o->augment && !info->encoded;
    *H = o->from_H ? o->from_H : stored || !o->H ? info->H : o->H;
    *W = o->from_W ? o->from_W : stored || !o->W ? info->W : o->W;
}

rgm_tools_plan rgm_batches_tools(const rgm_batch_options *o, int32_t *needed) {
    const rgm_dataset_info *info = rgm_dataset_describe(o->view.set);
    rgm_tools_plan plan = {.set = o->view.set, .kernels = o->kernels, .workers = o->workers};
    find_start(o, &plan.H, &plan.W);
    *needed = info->encoded || ((plan.H != info->H || plan.W != info->W) && o->transform.C);
    return plan;
}

rgm_develop rgm_batches_develop(const rgm_batch_options *o) {
    rgm_develop how = {.set = o->view.set,
                       .split = o->view.split,
                       .transform = o->transform,
                       .reduce = o->train,
                       .window = o->window,
                       .context = o->augment_context};
    find_start(o, &how.H, &how.W);
    return how;
}

static size_t out_bytes(const rgm_batch_options *options) {
    const rgm_dataset_info *info = rgm_dataset_describe(options->view.set);
    size_t H = (size_t)(options->H ? options->H : info->H), W = (size_t)(options->W ? options->W : info->W);
    return H * W * (size_t)info->C;
}

static size_t staging_bytes(const rgm_batch_options *options) {
    const rgm_dataset_info *info = rgm_dataset_describe(options->view.set);
    int32_t access = info->access[options->view.split];
    if (access == RGM_PIXELS_MAPPED || access == RGM_PIXELS_MEMORY || info->encoded) return 0;
    return (size_t)RGM_READER_SLOTS * (size_t)options->batch * (size_t)info->H * (size_t)info->W * (size_t)info->C;
}

static size_t scratch_cost(const rgm_batch_options *options) {
    return options->augment ? rgm_arena_cost(out_bytes(options)) : 0;
}

size_t rgm_batches_bytes(const rgm_batch_options *options) {
    size_t staging = staging_bytes(options), scratch = scratch_cost(options) * (size_t)options->workers;
    return (staging ? rgm_arena_cost(staging) : 0) + (scratch ? rgm_arena_cost(scratch) : 0);
}

static size_t image_floats(const rgm_batch_options *options) {
    size_t C = (size_t)rgm_dataset_describe(options->view.set)->C, B = (size_t)options->kernels->block;
    size_t pixels = out_bytes(options) / C;
    return pixels * (options->layout == LAYOUT_PLAIN ? C : (C + B - 1) / B * B);
}

size_t rgm_batches_x_floats(const rgm_batch_options *options) { return (size_t)options->batch * image_floats(options); }

/* ---- one image ---- */

static rgm_status pack_image(const rgm_batches *b, const rgm_pixels *image, float *x) {
    const rgm_kernels *k = b->options.kernels;
    const rgm_u8_shape shape = {image->C, image->H, image->W, 1, image->pitch, image->C};
    if (b->options.layout == LAYOUT_PLAIN)
        k->pack_u8_plane(image->data, &shape, b->scale, b->shift, x);
    else
        k->pack_u8_block(image->data, &shape, b->scale, b->shift, x);
    return RGM_OK;
}

/* The label of a sample into a row of zeros, one for each of the view's classes. */
static void put_label(const rgm_view *view, int64_t index, float *row) {
    int32_t classes = rgm_dataset_describe(view->set)->classes;
    const float *soft = rgm_dataset_soft(view->set, view->split);
    if (!soft)
        row[rgm_view_class(view, rgm_dataset_labels(view->set, view->split)[index])] = 1.0f;
    else if (!view->map)
        memcpy(row, soft + index * classes, (size_t)classes * sizeof *row);
    else /* two of the set's classes may be one of the view's */
        for (int32_t c = 0; c < classes; c++) row[view->map->to[c]] += soft[index * classes + c];
}

static void write_target(const rgm_batches *b, int64_t index, int32_t place) {
    const rgm_view *view = &b->options.view;
    int64_t width = b->options.classes ? b->options.classes : rgm_view_classes(view);
    float two[2] = {0};
    if (b->out.labels) b->out.labels[place] = rgm_view_class(view, rgm_dataset_labels(view->set, view->split)[index]);
    if (!b->out.targets) return;
    if (b->options.one_logit) {
        put_label(view, index, two);
        b->out.targets[place] = two[1];
        return;
    }
    float *target = b->out.targets + place * width;
    memset(target, 0, (size_t)width * sizeof *target);
    put_label(view, index, target);
}

/* The image that augmentations, or the network, take. */
static rgm_status get_image(const rgm_batches *b, const rgm_sample *sample, int32_t place, rgm_pixels *image,
                            int32_t worker, rgm_error *err) {
    const rgm_batch_options *o = &b->options;
    const rgm_dataset_info *info = b->info;
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    const uint8_t *source =
        b->staged ? b->staged + (size_t)place * bytes : rgm_dataset_pixels(o->view.set, o->view.split, sample->index);
    if (b->develops) return rgm_develop_sample(&b->develop, b->tools, sample, source, image, worker, err);
    *image = (rgm_pixels){(uint8_t *)source, (int64_t)info->W * info->C, info->H, info->W, info->C};
    return RGM_OK;
}

static rgm_status fill_image(const rgm_batches *b, int32_t place, int32_t worker, rgm_error *err) {
    const rgm_batch_options *o = &b->options;
    const rgm_dataset_info *info = b->info;
    int64_t index = rgm_reader_sample(&b->plan, b->number, place);
    const rgm_sample sample = {.index = index,
                               .position = b->number % b->plan.per_epoch * o->batch + place,
                               .epoch = (uint32_t)(b->number / b->plan.per_epoch)};
    rgm_pixels in, out;
    RGM_TRY(get_image(b, &sample, place, &in, worker, err));
    out = in;
    if (o->augment) {
        out =
            (rgm_pixels){b->scratch + (size_t)worker * b->scratch_bytes, (int64_t)o->W * info->C, o->H, o->W, info->C};
        RGM_TRY(o->augment(o->augment_context, &sample, &in, &out, worker, err));
        if (out.H != o->H || out.W != o->W || out.C != info->C)
            return rgm_fail(err, RGM_E_INTERNAL, "augmentation gave %d x %d x %d (H, W, C), expected %d x %d x %d",
                            out.H, out.W, out.C, o->H, o->W, info->C);
    }
    write_target(b, index, place);
    return pack_image(b, &out, b->out.x + (size_t)place * b->image_floats);
}

static rgm_status fill_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const rgm_batches *b = context;
    if (worker >= b->options.workers)
        return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: made for %d workers, run by more", b->options.workers);
    int32_t first = chunk * b->per_chunk, end = first + b->per_chunk;
    for (int32_t i = first; i < end && i < b->options.batch; i++) RGM_TRY(fill_image(b, i, worker, err));
    return RGM_OK;
}

/* ---- the pipeline ---- */

static rgm_status check_options(const rgm_batch_options *o, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(o->view.set);
    if (o->view.count < 1)
        return rgm_fail(err, RGM_E_USAGE, "%s: the %s split has no samples", info->path, rgm_split_name(o->view.split));
    if (o->batch < 1 || (o->train && o->batch > o->view.count))
        return rgm_fail(err, RGM_E_USAGE, "batch %d: expected 1 to %lld, the number of samples", o->batch,
                        (long long)o->view.count);
    if (o->workers < 1) return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: %d workers", o->workers);
    if (o->H < 0 || o->W < 0 || o->H > RGM_DATA_SIDE || o->W > RGM_DATA_SIDE)
        return rgm_fail(err, RGM_E_USAGE, "network input %d x %d: expected 1 to %d pixels a side", o->H, o->W,
                        RGM_DATA_SIDE);
    if (info->encoded && !o->H)
        return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: encoded pictures, and no size to make of them");
    if (info->encoded && o->transform.C != info->C)
        return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: encoded pictures, and no transform for them");
    if (!o->augment && !o->transform.C && ((o->H && o->H != info->H) || (o->W && o->W != info->W)))
        return rgm_fail(err, RGM_E_USAGE, "%s: images are %d x %d, the network takes %d x %d", info->path, info->H,
                        info->W, o->H ? o->H : info->H, o->W ? o->W : info->W);
    int32_t classes = rgm_view_classes(&o->view);
    if (o->classes && o->classes < classes)
        return rgm_fail(err, RGM_E_USAGE, "%s: %d classes, the network has %d", info->path, classes, o->classes);
    if (o->one_logit && classes != 2)
        return rgm_fail(err, RGM_E_USAGE, "%s: one logit is for 2 classes, the set has %d", info->path, classes);
    return RGM_OK;
}

/* Is the mapped split large enough that its pages may not all stay in memory? Encoded pictures are always announced:
 * they are many pages apart, and the first epoch reads them all from the disk. */
static int needs_reading_ahead(const rgm_batches *b) {
    if (b->info->encoded) return 1;
    if (b->info->access[b->options.view.split] != RGM_PIXELS_MAPPED) return 0;
    int64_t bytes = b->info->count[b->options.view.split] * b->info->H * b->info->W * b->info->C;
    return bytes / 4096 > sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 4096) / 4;
}

static rgm_status start_reader(rgm_batches *b, rgm_error *err) {
    size_t staging = staging_bytes(&b->options);
    if (staging) b->plan.staging = rgm_arena_take(&b->arena, staging);
    if (staging && !b->plan.staging) return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: arena too small");
    return staging || needs_reading_ahead(b) ? rgm_reader_create(&b->reader, &b->plan, err) : RGM_OK;
}

static void set_plan(rgm_batches *b) {
    const rgm_batch_options *o = &b->options;
    int64_t per_epoch = o->train || (RGM_PLANTED("E3") && o->view.count >= o->batch)
                            ? o->view.count / o->batch
                            : (o->view.count + o->batch - 1) / o->batch;
    b->plan = (rgm_reader_plan){.view = o->view,
                                .batch = o->batch,
                                .per_epoch = per_epoch,
                                .shuffled = o->train,
                                .seed = o->seed,
                                .stop = o->stop,
                                .last = o->train ? INT64_MAX : per_epoch};
    size_t image = out_bytes(o);
    b->per_chunk = (int32_t)(b->develops                          ? 1
                             : image < CHUNK_BYTES / CHUNK_IMAGES ? CHUNK_IMAGES
                             : image < CHUNK_BYTES                ? CHUNK_BYTES / image
                                                                  : 1);
    b->phase = (rgm_phase){
        .run = fill_chunk, .context = b, .chunks = (o->batch + b->per_chunk - 1) / b->per_chunk, .name = "batch"};
}

static rgm_status set_development(rgm_batches *b, rgm_error *err) {
    const rgm_batch_options *o = &b->options;
    const rgm_tools_plan plan = rgm_batches_tools(o, &b->develops);
    if (!b->develops) return RGM_OK;
    if (o->window == NULL && (o->transform.H != plan.H || o->transform.W != plan.W))
        return rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: a transform to %d x %d where %d x %d are taken",
                        o->transform.H, o->transform.W, plan.H, plan.W);
    b->develop = rgm_batches_develop(o);
    b->tools = o->tools && rgm_tools_suffice(o->tools, &plan) ? o->tools : NULL;
    if (b->tools) return RGM_OK;
    RGM_TRY(rgm_tools_create(&b->own_tools, &plan, err));
    b->tools = b->own_tools;
    return RGM_OK;
}

rgm_status rgm_batches_create(rgm_batches **out, const rgm_batch_options *options, rgm_error *err) {
    *out = NULL;
    RGM_TRY(check_options(options, err));
    rgm_batches *b = calloc(1, sizeof *b);
    if (!b) return rgm_fail(err, RGM_E_NOMEM, "batch pipeline: out of memory");
    rgm_status status;
    b->options = *options;
    b->info = rgm_dataset_describe(options->view.set);
    if (!b->options.H) b->options.H = b->info->H;
    if (!b->options.W) b->options.W = b->info->W;
    b->image_floats = image_floats(&b->options);
    b->scratch_bytes = scratch_cost(&b->options);
    rgm_batches_normalisation(options->mean ? options->mean : b->info->mean, options->std ? options->std : b->info->std,
                              b->info->C, b->scale, b->shift);
    rgm_planted_pixels(options->train, b->info->C, b->scale, b->shift);
    RGM_TRY_OR_FAIL(status, set_development(b, err));
    set_plan(b);
    RGM_TRY_OR_FAIL(status, rgm_arena_create(&b->arena, rgm_batches_bytes(&b->options), "batch pipeline", err));
    if (b->scratch_bytes) {
        b->scratch = rgm_arena_take(&b->arena, b->scratch_bytes * (size_t)options->workers);
        if (!b->scratch) {
            status = rgm_fail(err, RGM_E_INTERNAL, "batch pipeline: arena too small");
            goto fail;
        }
    }
    RGM_TRY_OR_FAIL(status, start_reader(b, err));
    *out = b;
    return RGM_OK;
fail:
    rgm_batches_destroy(b);
    return status;
}

void rgm_batches_destroy(rgm_batches *batches) {
    if (!batches) return;
    rgm_reader_destroy(batches->reader);
    rgm_arena_destroy(&batches->arena);
    rgm_tools_destroy(batches->own_tools);
    free(batches);
}

int64_t rgm_batches_per_epoch(const rgm_batches *batches) { return batches->plan.per_epoch; }

rgm_status rgm_batches_prepare(rgm_batches *b, uint32_t epoch, int64_t step, const rgm_batch_out *out, rgm_error *err) {
    if (step < 0 || step >= b->plan.per_epoch)
        return rgm_fail(err, RGM_E_INTERNAL, "batch %lld of an epoch of %lld", (long long)step,
                        (long long)b->plan.per_epoch);
    /* an evaluation is the same in every epoch: number 0 again, which its reader stops before */
    b->number = (b->options.train ? (int64_t)epoch * b->plan.per_epoch : 0) + step;
    b->out = *out;
    b->staged = NULL;
    if (b->reader) RGM_TRY(rgm_reader_wait(b->reader, b->number, &b->staged, err));
    /* reading a map beyond the end of its file would end the process, and what was staged may be of a changed file */
    return rgm_dataset_check(b->options.view.set, err);
}

const rgm_phase *rgm_batches_phase(const rgm_batches *batches) { return &batches->phase; }

int32_t rgm_batches_valid(const rgm_batches *b) {
    int64_t left = b->plan.view.count - b->number % b->plan.per_epoch * b->options.batch;
    return left < b->options.batch ? (int32_t)left : b->options.batch;
}

int64_t rgm_batches_sample(const rgm_batches *b, int32_t place) {
    return rgm_reader_sample(&b->plan, b->number, place);
}
