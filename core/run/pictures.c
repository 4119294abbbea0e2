#include "run/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture/encode.h"
#include "picture/file.h"

enum { KEPT = 16 << 20, QUALITY = 85 }; /* bytes of a file that a worker keeps room for */

/* What a worker reads with. */
typedef struct reader {
    rgm_transformer *transformer;
    rgm_picture_file file, small; /* small: pixels */
} reader;

struct rgm_pictures {
    const rgm_device *device;
    reader *readers; /* [count] */
    int32_t count;
};

/* A call. */
typedef struct reading {
    rgm_pictures *pictures;
    const rgm_transform *transform;
    rgm_picture_source *sources;
    uint8_t *images;
    size_t image; /* bytes of one */
    int32_t side;
} reading;

/* ---- the object ---- */

void rgm_pictures_destroy(rgm_pictures *p) {
    if (!p) return;
    for (int32_t i = 0; i < p->count; i++) {
        rgm_transformer_destroy(p->readers[i].transformer);
        rgm_picture_file_free(&p->readers[i].file);
        rgm_picture_file_free(&p->readers[i].small);
    }
    free(p->readers);
    free(p);
}

static rgm_status fill(rgm_pictures *p, const rgm_device *device, rgm_error *err) {
    p->device = device;
    p->count = rgm_team_size(device->team);
    p->readers = calloc((size_t)p->count, sizeof *p->readers);
    if (!p->readers) {
        p->count = 0;
        return rgm_fail(err, RGM_E_NOMEM, "pictures: out of memory");
    }
    for (int32_t i = 0; i < p->count; i++)
        RGM_TRY(rgm_transformer_create(&p->readers[i].transformer, device->kernels, err));
    return RGM_OK;
}

rgm_status rgm_pictures_create(rgm_pictures **pictures, const rgm_device *device, rgm_error *err) {
    rgm_pictures *p = calloc(1, sizeof *p);
    *pictures = NULL;
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "pictures: out of memory");
    rgm_status status = fill(p, device, err);
    if (status >= 0)
        *pictures = p;
    else
        rgm_pictures_destroy(p);
    return status;
}

/* ---- files ---- */

static rgm_status read_file(const char *path, reader *r, rgm_bytes *bytes, rgm_error *err) {
    RGM_TRY(rgm_picture_file_read(&r->file, path, &(rgm_picture_part){.largest = RGM_PICTURE_FILE}, err));
    *bytes = (rgm_bytes){.at = r->file.bytes, .size = r->file.size};
    return RGM_OK;
}

static void settle(reader *r) {
    if (r->file.room > KEPT) rgm_picture_file_free(&r->file);
}

/* ---- one picture ---- */

static void judge(rgm_picture_source *s, rgm_status status, const rgm_error *err) {
    char line[RGM_ERROR_LINE];
    s->status = status < 0 ? status : RGM_OK;
    s->reason[0] = 0;
    if (status < 0) snprintf(s->reason, sizeof s->reason, "%s", rgm_error_line(err, line));
}

static int32_t is_encoded(const rgm_picture_source *s) { return s->path || s->bytes.at || s->set; }

static rgm_status read_set(const rgm_picture_source *s, reader *r, rgm_bytes *bytes, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    rgm_encoded encoded = {.nameless = 1}; /* the name stands beside what is wrong */
    int32_t mapped = info->access[s->split] == RGM_PIXELS_MAPPED;
    if (!mapped) RGM_TRY(rgm_picture_file_reserve(&r->file, (size_t)info->pictures.bytes, err));
    RGM_TRY(rgm_dataset_encoded(s->set, s->split, s->index, mapped ? NULL : r->file.bytes, &encoded, err));
    *bytes = encoded.bytes;
    return RGM_OK;
}

/* Without a name, which stands beside what is wrong. */
static rgm_status find_bytes(const rgm_picture_source *s, reader *r, rgm_bytes *bytes, rgm_error *err) {
    *bytes = s->bytes;
    if (s->path)
        RGM_TRY(read_file(s->path, r, bytes, err));
    else if (!s->bytes.at)
        RGM_TRY(read_set(s, r, bytes, err));
    bytes->name = NULL;
    return RGM_OK;
}

static rgm_status transform(const reading *g, const rgm_picture_source *s, reader *r, uint8_t *image, rgm_error *err) {
    rgm_bytes bytes;
    rgm_transform_job job = {.bytes = &bytes, .to = g->transform};
    if (is_encoded(s)) {
        RGM_TRY(find_bytes(s, r, &bytes, err));
        return rgm_transformer_picture(r->transformer, &job, image, err);
    }
    if (!s->pixels.pixels) return rgm_fail(err, RGM_E_USAGE, "neither a path nor bytes");
    return rgm_transformer_pixels(r->transformer, &s->pixels, g->transform, image, err);
}

static rgm_status read_one(void *context, int32_t chunk, int32_t worker, rgm_error *unused) {
    const reading *g = context;
    rgm_picture_source *s = &g->sources[chunk];
    reader *r = &g->pictures->readers[worker];
    uint8_t *image = g->images + (size_t)chunk * g->image;
    rgm_error err = {0};
    (void)unused;
    rgm_status status = transform(g, s, r, image, &err);
    if (status < 0) memset(image, 0, g->image);
    judge(s, status, &err);
    settle(r);
    return RGM_OK;
}

/* ---- what a person looks at ---- */

static rgm_status make_small(const reading *g, rgm_picture_source *s, reader *r, rgm_transform *to, rgm_error *err) {
    rgm_bytes bytes;
    rgm_picture_info info;
    rgm_transform_job job = {.bytes = &bytes, .to = to, .reduce = 1};
    int32_t encoded = is_encoded(s);
    if (!encoded && !s->pixels.pixels) return rgm_fail(err, RGM_E_IO, "cannot be read");
    if (encoded) {
        RGM_TRY(find_bytes(s, r, &bytes, err));
        RGM_TRY(rgm_picture_probe(&bytes, &info, err));
        *to = rgm_transform_within(info.colour ? 3 : 1, info.H, info.W, g->side);
    } else {
        info.H = s->pixels.H;
        info.W = s->pixels.W;
        *to = rgm_transform_within(s->pixels.C, info.H, info.W, g->side);
    }
    s->H = info.H;
    s->W = info.W;
    RGM_TRY(rgm_picture_file_reserve(&r->small, (size_t)to->H * (size_t)to->W * (size_t)to->C, err));
    if (encoded) return rgm_transformer_picture(r->transformer, &job, r->small.bytes, err);
    return rgm_transformer_pixels(r->transformer, &s->pixels, to, r->small.bytes, err);
}

static rgm_status show_one(void *context, int32_t chunk, int32_t worker, rgm_error *unused) {
    const reading *g = context;
    rgm_picture_source *s = &g->sources[chunk];
    reader *r = &g->pictures->readers[worker];
    rgm_transform to;
    rgm_error err = {0};
    (void)unused;
    s->jpeg = NULL;
    rgm_status status = make_small(g, s, r, &to, &err);
    if (status >= 0) {
        const rgm_encode_source small = {.pixels = r->small.bytes, .H = to.H, .W = to.W, .C = to.C};
        status = rgm_encode_jpeg(&small, QUALITY, &s->jpeg, &s->jpeg_size, &err);
    }
    judge(s, status, &err);
    settle(r);
    return RGM_OK;
}

/* ---- calls ---- */

rgm_status rgm_pictures_read(rgm_pictures *p, const rgm_transform *to, rgm_picture_source *sources, int64_t count,
                             uint8_t *images, rgm_error *err) {
    reading g = {.pictures = p, .transform = to, .image = (size_t)to->H * (size_t)to->W * (size_t)to->C};
    for (int64_t done = 0, some; done < count; done += some) {
        some = count - done < INT32_MAX ? count - done : INT32_MAX;
        g.sources = sources + done;
        g.images = images + (size_t)done * g.image;
        RGM_TRY(rgm_team_for(p->device->team, read_one, &g, (int32_t)some, err));
    }
    return RGM_OK;
}

rgm_status rgm_pictures_show(rgm_pictures *p, rgm_picture_source *sources, int64_t count, int32_t side,
                             rgm_error *err) {
    reading g = {.pictures = p, .side = side};
    for (int64_t done = 0, some; done < count; done += some) {
        some = count - done < INT32_MAX ? count - done : INT32_MAX;
        g.sources = sources + done;
        RGM_TRY(rgm_team_for(p->device->team, show_one, &g, (int32_t)some, err));
    }
    return RGM_OK;
}
