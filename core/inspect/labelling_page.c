#include "inspect/labelling_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "picture/encode.h"
#include "report/label_page.h"

enum { CRISP = 64, QUALITY = 90, NAMED = 10 };

/* What a picture goes through. */
typedef struct making {
    const rgm_labelling *l;
    const rgm_dataset_info *info;
    rgm_labelling_reader reader;
    rgm_transformer *transformer;
    uint8_t *small;   /* [SIDE][SIDE][3] */
    uint8_t *fewer;   /* of images with other than 1 or 3 channels: those that are shown; NULL: not needed */
    rgm_transform to; /* of the picture in `small` */
    int64_t unreadable;
} making;

static rgm_status begin(making *m, const rgm_labelling *l, const rgm_device *device, rgm_error *err) {
    *m = (making){.l = l, .info = rgm_dataset_describe(l->set)};
    const rgm_dataset_info *info = m->info;
    m->small = malloc((size_t)RGM_LABEL_PAGE_SIDE * RGM_LABEL_PAGE_SIDE * 3);
    int32_t fewer = !info->encoded && info->C != 1 && info->C != 3;
    if (fewer) m->fewer = malloc((size_t)info->H * (size_t)info->W * 3);
    if (!m->small || (fewer && !m->fewer)) return rgm_fail(err, RGM_E_NOMEM, "label: out of memory");
    return rgm_transformer_create(&m->transformer, device->kernels, err);
}

static void end(making *m) {
    rgm_labelling_reader_free(&m->reader);
    rgm_transformer_destroy(m->transformer);
    free(m->small);
    free(m->fewer);
}

/* ---- one picture ---- */

static rgm_status shrink_encoded(making *m, rgm_error *err) {
    rgm_picture_info info;
    rgm_transform_job job = {.bytes = &m->reader.bytes, .to = &m->to, .reduce = 1};
    RGM_TRY(rgm_picture_probe(&m->reader.bytes, &info, err));
    m->to = rgm_transform_within(info.colour ? 3 : 1, info.H, info.W, RGM_LABEL_PAGE_SIDE);
    memcpy(m->to.background, m->info->pictures.background, sizeof m->to.background);
    return rgm_transformer_picture(m->transformer, &job, m->small, err);
}

static rgm_status shrink_pixels(making *m, rgm_error *err) {
    const rgm_dataset_info *info = m->info;
    const int32_t C = info->C < 3 ? 1 : 3;
    const uint8_t *pixels = m->reader.bytes.at;
    if (m->fewer) {
        for (int64_t i = 0; i < (int64_t)info->H * info->W; i++)
            memcpy(m->fewer + i * C, pixels + i * info->C, (size_t)C);
        pixels = m->fewer;
    }
    const rgm_resize_source source = {
        .pixels = pixels, .pitch = (int64_t)info->W * C, .H = info->H, .W = info->W, .C = C};
    m->to = rgm_transform_within(C, info->H, info->W, RGM_LABEL_PAGE_SIDE);
    return rgm_transformer_pixels(m->transformer, &source, &m->to, m->small, err);
}

static rgm_status add(const making *m, rgm_label_page *page, int64_t number, rgm_error *err) {
    const rgm_encode_source source = {m->small, m->to.H, m->to.W, m->to.C};
    const int32_t tiny = m->to.H <= CRISP && m->to.W <= CRISP;
    uint8_t *file;
    rgm_label_picture picture = {
        .number = number,
        .index = m->l->images[number],
        .hash = m->reader.hash,
        .image = {.type = tiny ? "png" : "jpeg", .alt = "", .class = tiny ? "tiny" : NULL, .H = m->to.H, .W = m->to.W}};
    if (tiny)
        RGM_TRY(rgm_encode_png(&source, &file, &picture.image.size, err));
    else
        RGM_TRY(rgm_encode_jpeg(&source, QUALITY, &file, &picture.image.size, err));
    picture.image.bytes = file;
    rgm_status status = rgm_label_page_add(page, &picture, err);
    free(file);
    return status;
}

/* One that cannot be read is told; *shown tells what became of it. */
static rgm_status make(making *m, rgm_label_page *page, int64_t number, int32_t *shown, rgm_error *err) {
    rgm_error why = {0};
    const int64_t index = m->l->images[number];
    rgm_status status = rgm_labelling_read(&m->reader, m->l->set, m->l->split, index, &why);
    if (status >= 0) status = m->info->encoded ? shrink_encoded(m, &why) : shrink_pixels(m, &why);
    *shown = status >= 0;
    if (status >= 0) return add(m, page, number, err);
    if (status != RGM_E_FORMAT && status != RGM_E_UNSUPPORTED) {
        *err = why;
        return status;
    }
    if (m->unreadable++ < NAMED)
        rgm_log(RGM_LOG_WARN, "image %" PRId64 " of the %s split is left out: %s", index, rgm_split_name(m->l->split),
                why.text);
    return RGM_OK;
}

/* ---- the page ---- */

static rgm_status make_all(making *m, rgm_label_page *page, rgm_labelling_page *p, uint8_t *there, rgm_error *err) {
    for (int64_t i = 0; i < m->l->count; i++) {
        int32_t shown;
        if (rgm_stop_asked(&p->stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "label: stopped on request: the page is not written");
        RGM_TRY(make(m, page, i, &shown, err));
        there[i] = (uint8_t)shown;
        p->pictures += shown;
        if (p->progress) p->progress(p->context, i + 1);
    }
    for (int64_t i = 0; i < m->l->shows; i++) p->shows += there[m->l->order[i]];
    return RGM_OK;
}

static rgm_status write(making *m, rgm_labelling_page *p, rgm_error *err) {
    const rgm_labelling *l = m->l;
    const rgm_label_page_options options = {.path = p->path,
                                            .set = m->info->path,
                                            .split = rgm_split_name(l->split),
                                            .next = p->next,
                                            .fingerprint = rgm_labelling_fingerprint(l->set, l->split),
                                            .seed = l->seed,
                                            .names = m->info->class_names,
                                            .classes = m->info->classes,
                                            .order = l->order,
                                            .shows = l->shows,
                                            .count = l->count};
    rgm_label_page *page;
    uint8_t *there = calloc((size_t)l->count, 1);
    if (!there) return rgm_fail(err, RGM_E_NOMEM, "label: out of memory");
    rgm_status status = rgm_label_page_begin(&page, &options, err);
    if (status >= 0) status = make_all(m, page, p, there, err);
    status = rgm_label_page_end(page, status, err);
    free(there);
    return status;
}

rgm_status rgm_labelling_page_write(const rgm_labelling *labelling, rgm_labelling_page *page, rgm_error *err) {
    making m;
    page->pictures = page->shows = 0;
    rgm_status status = begin(&m, labelling, page->device, err);
    if (status >= 0) status = write(&m, page, err);
    end(&m);
    return status;
}
