#include "conv/winograd_tile.h"

int32_t rgm_winograd_form(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    if (s->stride == 1) return way == RGM_WAY_WINOGRAD ? RGM_WINO_4 : RGM_WINO_2;
    if (direction != RGM_CONV_BACKWARD_DATA) return RGM_WINO_STRIDED;
    return s->pad ? RGM_WINO_STRIDED_DATA_1 : RGM_WINO_STRIDED_DATA_0;
}
