#include "inspect/images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "picture/file.h"

enum { ROOMS = 3, WALK = 2, AT_ONCE = 2048, ENCODED = 512, CHUNK = 16, CHUNKS = 32, STAGED = 64 << 20, TOLD = 10 };

/* What a worker decodes with. */
typedef struct tools {
    rgm_transformer *transformer;
    rgm_picture_file file[ROOMS]; /* bytes of pictures that are not mapped */
    rgm_picture_file pixels[ROOMS];
} tools;

struct rgm_images {
    const rgm_dataset *set;
    const rgm_device *device;
    int64_t count, first[RGM_SPLIT_COUNT];
    tools *tools; /* [workers] */
    int32_t workers;
    int32_t at_once; /* images of a part of a walk: after each a stop is heard */
    uint8_t *staged; /* [at_once] images of a set that is read through HDF5; NULL: none */
    size_t bytes;    /* of a stored image */
    int64_t looked;  /* of broken pictures below this number the log has heard */
    int32_t told;
};

/* A part of a walk. */
typedef struct part {
    rgm_images *images;
    const rgm_images_walk *walk;
    int64_t from;
    int32_t count, chunk; /* images; of a worker at a time: of a few large ones one each */
    uint8_t *broken;      /* [count] */
} part;

/* ---- the object ---- */

void rgm_images_destroy(rgm_images *m) {
    if (!m) return;
    for (int32_t i = 0; m->tools && i < m->workers; i++) {
        rgm_transformer_destroy(m->tools[i].transformer);
        for (int32_t j = 0; j < ROOMS; j++) {
            rgm_picture_file_free(&m->tools[i].file[j]);
            rgm_picture_file_free(&m->tools[i].pixels[j]);
        }
    }
    free(m->tools);
    free(m->staged);
    free(m);
}

/* As many images as a limit of bytes allows, one at least: a single one may have RGM_DATA_IMAGE_BYTES. */
static int32_t count_at_once(const rgm_images *m) {
    if (rgm_dataset_describe(m->set)->encoded) return ENCODED;
    int64_t most = STAGED / (int64_t)m->bytes;
    return most < 1 ? 1 : most < AT_ONCE ? (int32_t)most : AT_ONCE;
}

static rgm_status make_stage(rgm_images *m, rgm_error *err) {
    m->staged = malloc((size_t)m->at_once * m->bytes);
    if (m->staged) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "images: no memory for %" PRId32 " images of %zu bytes", m->at_once, m->bytes);
}

static rgm_status fill(rgm_images *m, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        m->first[split] = m->count;
        m->count += info->count[split];
    }
    m->bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    m->at_once = count_at_once(m);
    m->workers = rgm_team_size(m->device->team);
    m->tools = calloc((size_t)m->workers, sizeof *m->tools);
    if (!m->tools) return rgm_fail(err, RGM_E_NOMEM, "images: out of memory");
    for (int32_t i = 0; info->encoded && i < m->workers; i++)
        RGM_TRY(rgm_transformer_create(&m->tools[i].transformer, m->device->kernels, err));
    return info->slow ? make_stage(m, err) : RGM_OK;
}

rgm_status rgm_images_create(rgm_images **images, const rgm_dataset *set, const rgm_device *device, rgm_error *err) {
    rgm_images *m = calloc(1, sizeof *m);
    *images = NULL;
    if (!m) return rgm_fail(err, RGM_E_NOMEM, "images: out of memory");
    m->set = set;
    m->device = device;
    rgm_status status = fill(m, err);
    if (status >= 0)
        *images = m;
    else
        rgm_images_destroy(m);
    return status;
}

const rgm_dataset *rgm_images_set(const rgm_images *m) { return m->set; }

int32_t rgm_images_workers(const rgm_images *m) { return m->workers; }

int64_t rgm_images_count(const rgm_images *m) { return m->count; }

void rgm_images_place(const rgm_images *m, int64_t number, int32_t *split, int64_t *index) {
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    int32_t s = 0;
    while (s + 1 < RGM_SPLIT_COUNT && number >= m->first[s] + info->count[s]) s++;
    *split = s;
    *index = number - m->first[s];
}

int64_t rgm_images_number(const rgm_images *m, int32_t split, int64_t index) { return m->first[split] + index; }

/* ---- one image ---- */

/* An encoded picture's bytes and size. */
static rgm_status find_file(rgm_images *m, rgm_picture_file *room, rgm_look *look, rgm_encoded *encoded,
                            rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    int32_t mapped = info->access[look->split] == RGM_PIXELS_MAPPED;
    if (!mapped) RGM_TRY(rgm_picture_file_reserve(room, (size_t)info->pictures.bytes, err));
    RGM_TRY(rgm_dataset_encoded(m->set, look->split, look->index, mapped ? NULL : room->bytes, encoded, err));
    look->H = encoded->H;
    look->W = encoded->W;
    look->file = encoded->bytes;
    look->file.name = NULL;
    return RGM_OK;
}

static rgm_status decode(rgm_images *m, tools *t, int32_t which, rgm_look *look, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    rgm_picture_file *room = &t->pixels[which];
    rgm_encoded encoded = {0};
    RGM_TRY(find_file(m, &t->file[which], look, &encoded, err));
    rgm_transform to = rgm_transform_within(info->C, encoded.H, encoded.W, RGM_IMAGES_SIDE);
    memcpy(to.background, info->pictures.background, sizeof to.background);
    rgm_transform_job job = {.bytes = &encoded.bytes, .to = &to, .reduce = 1};
    RGM_TRY(rgm_picture_file_reserve(room, (size_t)to.H * (size_t)to.W * (size_t)to.C, err));
    RGM_TRY(rgm_transformer_picture(t->transformer, &job, room->bytes, err));
    look->image = (rgm_pixels){.data = room->bytes, .pitch = (int64_t)to.W * to.C, .H = to.H, .W = to.W, .C = to.C};
    return RGM_OK;
}

static void take_stored(const rgm_dataset_info *info, const uint8_t *pixels, rgm_look *look) {
    look->image = (rgm_pixels){.data = (uint8_t *)(uintptr_t)pixels, /* nobody writes it */
                               .pitch = (int64_t)info->W * info->C,
                               .H = info->H,
                               .W = info->W,
                               .C = info->C};
    look->H = info->H;
    look->W = info->W;
}

static rgm_status find_stored(rgm_images *m, rgm_picture_file *room, rgm_look *look, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    const uint8_t *pixels = rgm_dataset_pixels(m->set, look->split, look->index);
    if (!pixels) {
        RGM_TRY(rgm_picture_file_reserve(room, m->bytes, err));
        RGM_TRY(rgm_dataset_read(m->set, look->split, look->index, room->bytes, err));
        pixels = room->bytes;
    }
    take_stored(info, pixels, look);
    return RGM_OK;
}

static void begin_look(const rgm_images *m, int64_t number, rgm_look *look) {
    *look = (rgm_look){.number = number};
    rgm_images_place(m, number, &look->split, &look->index);
    look->label = rgm_dataset_labels(m->set, look->split)[look->index];
}

static rgm_status get(rgm_images *m, int64_t number, int32_t which, int32_t worker, rgm_look *look, rgm_error *err) {
    tools *t = &m->tools[worker];
    begin_look(m, number, look);
    if (rgm_dataset_describe(m->set)->encoded) return decode(m, t, which, look, err);
    return find_stored(m, &t->pixels[which], look, err);
}

rgm_status rgm_images_get(rgm_images *m, int64_t number, int32_t which, int32_t worker, rgm_look *look,
                          rgm_error *err) {
    return get(m, number, which, worker, look, err);
}

rgm_status rgm_images_get_bytes(rgm_images *m, int64_t number, int32_t which, int32_t worker, rgm_look *look,
                                rgm_error *err) {
    rgm_encoded encoded = {0};
    if (!rgm_dataset_describe(m->set)->encoded) return get(m, number, which, worker, look, err);
    begin_look(m, number, look);
    return find_file(m, &m->tools[worker].file[which], look, &encoded, err);
}

/* ---- a walk ---- */

static int64_t number_of(const rgm_images_walk *walk, int64_t i) { return walk->numbers ? walk->numbers[i] : i; }

/* A picture that cannot be decoded stops nothing. */
static rgm_status look_at(const part *p, int32_t i, int32_t worker, rgm_error *err) {
    rgm_images *m = p->images;
    const rgm_dataset_info *info = rgm_dataset_describe(m->set);
    int64_t number = number_of(p->walk, p->from + i);
    rgm_error why = {0};
    rgm_look look;
    if (m->staged) {
        begin_look(m, number, &look);
        take_stored(info, m->staged + (size_t)i * m->bytes, &look);
        return p->walk->look(p->walk->context, &look, worker, err);
    }
    rgm_status status = get(m, number, WALK, worker, &look, &why);
    if (status == RGM_OK) return p->walk->look(p->walk->context, &look, worker, err);
    if (!info->encoded || (status != RGM_E_FORMAT && status != RGM_E_UNSUPPORTED)) {
        if (err) *err = why;
        return status;
    }
    p->broken[i] = 1;
    return RGM_OK;
}

static rgm_status look_at_some(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const part *p = context;
    int32_t end = (chunk + 1) * p->chunk < p->count ? (chunk + 1) * p->chunk : p->count;
    for (int32_t i = chunk * p->chunk; i < end; i++) RGM_TRY(look_at(p, i, worker, err));
    return RGM_OK;
}

/* HDF5 has one lock for all: the caller reads. */
static rgm_status stage(const part *p, rgm_error *err) {
    rgm_images *m = p->images;
    for (int32_t i = 0; m->staged && i < p->count; i++) {
        int32_t split;
        int64_t index;
        rgm_images_place(m, number_of(p->walk, p->from + i), &split, &index);
        RGM_TRY(rgm_dataset_read(m->set, split, index, m->staged + (size_t)i * m->bytes, err));
    }
    return RGM_OK;
}

/* The log names the first ones, each once, in their order: not in that in which threads meet them. */
static void tell_broken(const part *p, int32_t i) {
    rgm_images *m = p->images;
    int64_t number = number_of(p->walk, p->from + i);
    rgm_error why = {0};
    rgm_look look;
    char line[RGM_ERROR_LINE];
    if (p->walk->silent || number < m->looked || m->told == TOLD) return;
    m->looked = number + 1;
    if (get(m, number, WALK, 0, &look, &why) == RGM_OK) return;
    rgm_log(RGM_LOG_WARN, "%s%s", rgm_error_line(&why, line),
            ++m->told == TOLD ? " (more such pictures are counted, not named)" : "");
}

rgm_status rgm_images_each(rgm_images *m, rgm_images_walk *walk, rgm_error *err) {
    uint8_t broken[AT_ONCE];
    part p = {.images = m, .walk = walk, .broken = broken};
    walk->unreadable = 0;
    for (p.from = 0; p.from < walk->count; p.from += p.count) {
        p.count = walk->count - p.from < m->at_once ? (int32_t)(walk->count - p.from) : m->at_once;
        if (rgm_stop_asked(&walk->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        memset(broken, 0, sizeof broken);
        RGM_TRY(stage(&p, err));
        p.chunk = p.count >= CHUNK * CHUNKS ? CHUNK : (p.count + CHUNKS - 1) / CHUNKS;
        RGM_TRY(rgm_team_for(m->device->team, look_at_some, &p, (p.count + p.chunk - 1) / p.chunk, err));
        for (int32_t i = 0; i < p.count; i++) {
            walk->unreadable += broken[i];
            if (broken[i]) tell_broken(&p, i);
        }
        if (walk->progress) walk->progress(walk->progress_context, p.from + p.count);
    }
    return rgm_dataset_check(m->set, err);
}
