#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "library/inside.h"

RGM_SAME(sizeof((regimen_picture *)0)->reason, RGM_PICTURE_REASON);

enum { SOME = 1024 }; /* pictures that are looked after at a time */

/* A call of regimen_model_read(). */
typedef struct reading {
    rgm_predictor *predictor;
    char *pictures; /* the caller's, elements of `stride` bytes */
    size_t stride;
    rgm_picture_source *sources; /* [SOME] */
} reading;

static void take(const reading *r, int64_t first, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        regimen_picture own;
        rgm_sized_take(&own, sizeof own, r->pictures + (size_t)(first + i) * r->stride);
        r->sources[i] = (rgm_picture_source){.path = own.path};
        if (!own.path) r->sources[i].bytes = (rgm_bytes){.at = own.bytes, .size = own.byte_count};
    }
}

static void give(const reading *r, int64_t first, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        regimen_picture own;
        char *theirs = r->pictures + (size_t)(first + i) * r->stride;
        rgm_sized_take(&own, sizeof own, theirs);
        own.status = r->sources[i].status;
        memcpy(own.reason, r->sources[i].reason, sizeof own.reason);
        rgm_sized_give(theirs, &own, sizeof own);
    }
}

static rgm_status read_all(const reading *r, int64_t count, uint8_t *images, rgm_error *err) {
    const int32_t *image = rgm_predictor_config(r->predictor)->model.image;
    size_t bytes = (size_t)image[0] * (size_t)image[1] * (size_t)image[2];
    for (int64_t done = 0, some; done < count; done += some) {
        some = count - done < SOME ? count - done : SOME;
        take(r, done, some);
        RGM_TRY(rgm_predictor_read(r->predictor, r->sources, some, images + (size_t)done * bytes, err));
        give(r, done, some);
    }
    return RGM_OK;
}

/* Elements of an array have one size, and room for what is told. */
static rgm_status check(const regimen_model *model, const regimen_picture *pictures, int64_t count,
                        const uint8_t *images, size_t *stride, rgm_error *err) {
    static const char call[] = "regimen_model_read";
    RGM_TRY(rgm_entry_need(model, call, "model", err));
    if (count < 0) return rgm_fail(err, RGM_E_USAGE, "%s: %lld pictures", call, (long long)count);
    if (!count) return RGM_OK;
    RGM_TRY(rgm_entry_need(pictures, call, "pictures", err));
    RGM_TRY(rgm_entry_need(images, call, "place for images", err));
    RGM_TRY(rgm_sized_check(pictures, "regimen_picture", err));
    *stride = pictures->size;
    for (int64_t i = 1; i < count; i++) {
        size_t size;
        memcpy(&size, (const char *)pictures + (size_t)i * *stride, sizeof size);
        if (size != *stride)
            return rgm_fail(err, RGM_E_USAGE, "regimen_picture: the size of element %lld is not that of the first",
                            (long long)i);
    }
    return RGM_OK;
}

int32_t regimen_model_read(regimen_model *model, regimen_picture *pictures, int64_t count, uint8_t *images,
                           regimen_error *err) {
    rgm_entry entry;
    reading r = {.pictures = (char *)pictures};
    rgm_entry_begin(&entry, NULL);
    rgm_status status = check(model, pictures, count, images, &r.stride, &entry.err);
    if (status >= 0 && !(r.sources = calloc(SOME, sizeof *r.sources)))
        status = rgm_fail(&entry.err, RGM_E_NOMEM, "pictures: out of memory");
    if (status >= 0) {
        r.predictor = model->predictor;
        status = read_all(&r, count, images, &entry.err);
    }
    free(r.sources);
    return rgm_entry_end(&entry, status, err);
}
