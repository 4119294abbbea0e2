/* Encoded pictures (picture/picture.h), a target for each kind: FUZZ_KIND says which. In front of the file are eight
 * bytes: channels, the wanted size, and a box in 16ths of the picture. */
#include <math.h>
#include <string.h>
#include "fuzz.h"
#include "picture/picture.h"

enum { MOST = 1 << 17 }; /* pixels: larger ones take time that others find more with */

static void look(const rgm_picture *picture, const rgm_picture_info *info, const rgm_decode_want *want) {
    const rgm_box *box = &picture->box;
    double slack = 1e-6;
    NEED(picture->H >= 1 && picture->W >= 1 && picture->C == want->C && picture->warnings >= 0);
    NEED(picture->H <= info->H && picture->W <= info->W && picture->pitch >= picture->W * picture->C);
    NEED(box->top >= -slack && box->top + box->height <= picture->H + slack);
    NEED(box->left >= -slack && box->left + box->width <= picture->W + slack);
    NEED(want->H == 0 || want->box.height <= 0 || want->box.height < want->H || box->height >= want->H - slack);
}

/* Another decoder, whose memory held something else, gives the same. */
static void compare(const rgm_picture *a, const rgm_picture *b) {
    NEED(a->H == b->H && a->W == b->W && a->C == b->C && a->warnings == b->warnings && a->reduced == b->reduced);
    for (int32_t y = 0; y < a->H; y++)
        NEED(!memcmp(a->pixels + y * a->pitch, b->pixels + y * b->pitch, (size_t)a->W * (size_t)a->C));
}

static void decode(const rgm_bytes *bytes, const rgm_picture_info *info, const rgm_decode_want *want) {
    static rgm_decoder *old;
    rgm_decoder *decoder;
    rgm_picture picture, again;
    rgm_error err = {0};
    if (!old) NEED(rgm_decoder_create(&old, NULL) == RGM_OK);
    NEED(rgm_decoder_create(&decoder, NULL) == RGM_OK);
    rgm_status status = rgm_decode(decoder, bytes, want, &picture, &err);
    fuzz_judge(status, &err);
    NEED(rgm_decode(old, bytes, want, &again, NULL) == status);
    if (status == RGM_OK) {
        look(&picture, info, want);
        compare(&picture, &again);
    }
    rgm_decoder_destroy(decoder);
}

/* A part, with the rest looked through, is what the whole picture has there, or fails with its words. */
static void check_part(const rgm_bytes *bytes, const rgm_decode_want *want) {
    rgm_decoder *decoder, *other;
    rgm_picture whole, part;
    rgm_decode_want all = *want, some = *want;
    rgm_error err = {0}, said = {0};
    all.H = all.W = some.H = some.W = 0;
    all.box = (rgm_box){0};
    some.checked = 1;
    some.box = (rgm_box){floor(want->box.top), floor(want->box.left), ceil(want->box.height), ceil(want->box.width)};
    NEED(rgm_decoder_create(&decoder, NULL) == RGM_OK && rgm_decoder_create(&other, NULL) == RGM_OK);
    rgm_status status = rgm_decode(decoder, bytes, &all, &whole, &err);
    NEED(rgm_decode(other, bytes, &some, &part, &said) == status && !strcmp(err.text, said.text));
    if (status == RGM_OK) {
        const int32_t top = (int32_t)(some.box.top - part.box.top), left = (int32_t)(some.box.left - part.box.left);
        NEED(part.warnings == whole.warnings);
        NEED(top >= 0 && left >= 0 && top + part.H <= whole.H && left + part.W <= whole.W);
        for (int32_t y = 0; y < part.H; y++)
            NEED(!memcmp(part.pixels + y * part.pitch, whole.pixels + (top + y) * whole.pitch + left * whole.C,
                         (size_t)part.W * (size_t)part.C));
    }
    rgm_decoder_destroy(decoder);
    rgm_decoder_destroy(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    uint8_t first[8];
    for (int i = 0; i < 8; i++) first[i] = fuzz_byte(&in);
    if (rgm_picture_kind(in.at, in.left) != FUZZ_KIND) return 0;
    rgm_bytes bytes = {in.at, in.left, "picture"};
    rgm_picture_info info;
    rgm_error err = {0};
    rgm_status status = rgm_picture_probe(&bytes, &info, &err);
    fuzz_judge(status, &err);
    if (status < 0) return 0;
    NEED(info.kind == FUZZ_KIND && info.H >= 1 && info.W >= 1 && (int64_t)info.H * info.W <= RGM_PICTURE_PIXELS);
    NEED(info.bits >= 1 && info.bits <= 16 && info.orientation >= 1 && info.orientation <= 8);
    if ((int64_t)info.H * info.W > MOST) return 0;
    rgm_decode_want want = {.C = first[0] % 2 ? 1 : 3, .background = {255, 128, 0}, .H = first[1] % 64, .W = first[2]};
    decode(&bytes, &info, &want);
    want.box = (rgm_box){.top = first[3] % 16 * info.H / 16.0, .left = first[4] % 16 * info.W / 16.0};
    want.box.height = (info.H - want.box.top) * (first[5] % 16 + 1) / 16;
    want.box.width = (info.W - want.box.left) * (first[6] % 16 + 1) / 16;
    decode(&bytes, &info, &want);
    check_part(&bytes, &want);
    return 0;
}
