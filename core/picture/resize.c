#include "picture/resize.h"

rgm_status rgm_resizer_create(rgm_resizer **resizer, const rgm_kernels *kernels, rgm_error *err) {
    *resizer = NULL;
    (void)kernels;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
void rgm_resizer_destroy(rgm_resizer *resizer) { (void)resizer; }
rgm_status rgm_resizer_reserve(rgm_resizer *resizer, const int32_t source[3], int32_t OH, int32_t OW, rgm_error *err) {
    (void)resizer;
    (void)source;
    (void)OH;
    (void)OW;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
rgm_status rgm_resize(rgm_resizer *resizer, const rgm_resize_source *source, const rgm_resize_result *result,
                      rgm_error *err) {
    (void)resizer;
    (void)source;
    (void)result;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "to come");
}
