#include "keeper.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "data/stats.h"
#include "picture/encode.h"

enum { QUALITY = 92 };

struct rgm_keeper {
    const rgm_import_pictures *pictures;
    int32_t C;
    rgm_decoder *decoder;
    rgm_resizer *resizer;
    uint8_t *pixels; /* of the smaller picture */
    size_t room;
};

rgm_status rgm_keeper_create(rgm_keeper **out, const rgm_import_pictures *pictures, int32_t C, rgm_error *err) {
    rgm_status status;
    *out = NULL;
    rgm_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper) return rgm_fail(err, RGM_E_NOMEM, "no memory to decode pictures");
    keeper->pictures = pictures;
    keeper->C = C;
    RGM_TRY_OR_FAIL(status, rgm_decoder_create(&keeper->decoder, err));
    RGM_TRY_OR_FAIL(status, rgm_resizer_create(&keeper->resizer, pictures->kernels, err));
    *out = keeper;
    return RGM_OK;
fail:
    rgm_keeper_destroy(keeper);
    return status;
}

void rgm_keeper_destroy(rgm_keeper *keeper) {
    if (!keeper) return;
    rgm_decoder_destroy(keeper->decoder);
    rgm_resizer_destroy(keeper->resizer);
    free(keeper->pixels);
    free(keeper);
}

static rgm_status decode(rgm_keeper *keeper, const rgm_bytes *bytes, rgm_picture *picture, rgm_error *err) {
    rgm_decode_want want = {.C = keeper->C};
    memcpy(want.background, keeper->pictures->background, sizeof want.background);
    return rgm_decode(keeper->decoder, bytes, &want, picture, err);
}

static void add_sums(const rgm_picture *picture, rgm_stage_record *record) {
    rgm_channel_sums sums = {.C = picture->C};
    for (int32_t y = 0; y < picture->H; y++)
        rgm_channel_sums_add(&sums, picture->pixels + y * picture->pitch, picture->W);
    record->pixels = sums.pixels;
    for (int32_t c = 0; c < picture->C; c++) {
        record->sum[c] = sums.sum[c];
        record->square[c] = (uint64_t)sums.square[c];
    }
}

/* The picture with its longer side made max_side, as a file. */
static rgm_status make_smaller(rgm_keeper *keeper, const rgm_picture *picture, uint8_t **file, size_t *size,
                               rgm_error *err) {
    const rgm_transform to = rgm_transform_within(picture->C, picture->H, picture->W, keeper->pictures->max_side);
    const int32_t H = to.H, W = to.W;
    size_t bytes = (size_t)H * (size_t)W * (size_t)picture->C;
    if (bytes > keeper->room) {
        free(keeper->pixels);
        keeper->room = 0;
        keeper->pixels = malloc(bytes);
        if (!keeper->pixels) return rgm_fail(err, RGM_E_NOMEM, "no memory for a picture of %d x %d pixels", H, W);
        keeper->room = bytes;
    }
    const rgm_resize_source source = {
        .pixels = picture->pixels, .pitch = picture->pitch, .H = picture->H, .W = picture->W, .C = picture->C};
    const rgm_resize_result result = {
        .pixels = keeper->pixels, .pitch = (int64_t)W * picture->C, .H = H, .W = W, .full_H = H, .full_W = W};
    RGM_TRY(rgm_resize(keeper->resizer, &source, &result, err));
    const rgm_encode_source pixels = {.pixels = keeper->pixels, .H = H, .W = W, .C = picture->C};
    return rgm_encode_jpeg(&pixels, QUALITY, file, size, err);
}

rgm_status rgm_keeper_keep(rgm_keeper *keeper, const rgm_bytes *bytes, uint8_t **file, rgm_stage_record *record,
                           rgm_error *err) {
    rgm_picture picture = {0};
    rgm_picture_info info = {0};
    size_t size = bytes->size;
    int32_t most = keeper->pictures->max_side;
    *file = NULL;
    RGM_TRY(rgm_picture_probe(bytes, &info, err));
    RGM_TRY(decode(keeper, bytes, &picture, err));
    record->profile = info.profile;
    record->warnings = picture.warnings;
    if (most && (picture.H > most || picture.W > most)) {
        RGM_TRY(make_smaller(keeper, &picture, file, &size, err));
        const rgm_bytes again = {.at = *file, .size = size, .name = bytes->name};
        RGM_TRY(decode(keeper, &again, &picture, err));
        record->resized = 1;
    } else {
        *file = malloc(size);
        if (!*file) return rgm_fail(err, RGM_E_NOMEM, "no memory for a file of %zu bytes", size);
        memcpy(*file, bytes->at, size);
    }
    record->H = picture.H;
    record->W = picture.W;
    record->bytes = (int64_t)size;
    record->hash = XXH3_64bits(*file, size);
    add_sums(&picture, record);
    return RGM_OK;
}
