#include "picture/decoder_internal.h"
rgm_status rgm_bmp_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    (void)bytes;
    (void)info;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "BMP: cannot be read yet");
}
rgm_status rgm_bmp_decode(const rgm_decoding *job, rgm_error *err) {
    (void)job;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "BMP: cannot be read yet");
}
