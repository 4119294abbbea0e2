#include "picture/picture.h"

int32_t rgm_picture_kind(const void *bytes, size_t size) {
    (void)bytes;
    (void)size;
    return RGM_PICTURE_NONE;
}
const char *rgm_picture_kind_name(int32_t kind) {
    (void)kind;
    return "";
}
rgm_status rgm_picture_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    (void)info;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: to come", bytes->name);
}
rgm_status rgm_decoder_create(rgm_decoder **decoder, rgm_error *err) {
    *decoder = NULL;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
void rgm_decoder_destroy(rgm_decoder *decoder) { (void)decoder; }
rgm_status rgm_decoder_reserve(rgm_decoder *decoder, int64_t pixels, int32_t C, rgm_error *err) {
    (void)decoder;
    (void)pixels;
    (void)C;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
size_t rgm_decoder_bytes(int64_t pixels, int32_t C) { return (size_t)pixels * (size_t)C; }
rgm_status rgm_decode(rgm_decoder *decoder, const rgm_bytes *bytes, const rgm_decode_want *want, rgm_picture *picture,
                      rgm_error *err) {
    (void)decoder;
    (void)want;
    (void)picture;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: to come", bytes->name);
}
