#include "picture/transform.h"

#include <stdio.h>

rgm_transform rgm_transform_default(int32_t C, int32_t H, int32_t W) {
    return (rgm_transform){.C = C, .H = H, .W = W, .background = {255, 255, 255}};
}
void rgm_transform_print(const rgm_transform *t, char text[RGM_TRANSFORM_TEXT]) {
    snprintf(text, RGM_TRANSFORM_TEXT, "%s %dx%dx%d shorter %d background %02x%02x%02x", rgm_fit_name(t->fit), t->C,
             t->H, t->W, t->shorter, t->background[0], t->background[1], t->background[2]);
}
rgm_status rgm_transform_parse(rgm_transform *transform, const char *text, const char *what, rgm_error *err) {
    (void)transform;
    (void)text;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: to come", what);
}
const char *rgm_fit_name(int32_t fit) { return fit == RGM_FIT_CROP ? "crop" : fit == RGM_FIT_PAD ? "pad" : "stretch"; }
rgm_status rgm_transformer_create(rgm_transformer **transformer, const rgm_kernels *kernels, rgm_error *err) {
    *transformer = NULL;
    (void)kernels;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
void rgm_transformer_destroy(rgm_transformer *transformer) { (void)transformer; }
rgm_status rgm_transformer_reserve(rgm_transformer *transformer, int64_t pixels, int32_t H, int32_t W,
                                   const rgm_transform *to, rgm_error *err) {
    (void)transformer;
    (void)pixels;
    (void)H;
    (void)W;
    (void)to;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
rgm_status rgm_transformer_picture(rgm_transformer *transformer, const rgm_bytes *bytes, const rgm_transform *to,
                                   int32_t reduce, uint8_t *image, rgm_picture_info *info, int32_t *warnings,
                                   rgm_error *err) {
    (void)transformer;
    (void)to;
    (void)reduce;
    (void)image;
    (void)info;
    (void)warnings;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: to come", bytes->name);
}
rgm_status rgm_transformer_pixels(rgm_transformer *transformer, const rgm_resize_source *pixels,
                                  const rgm_transform *to, uint8_t *image, rgm_error *err) {
    (void)transformer;
    (void)pixels;
    (void)to;
    (void)image;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
rgm_status rgm_transformer_window(rgm_transformer *transformer, const rgm_bytes *bytes, const rgm_decode_want *window,
                                  uint8_t *image, rgm_error *err) {
    (void)transformer;
    (void)window;
    (void)image;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: to come", bytes->name);
}
