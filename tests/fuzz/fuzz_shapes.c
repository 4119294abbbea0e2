/* Lists of layers (bench/shapes.h): a list that is taken has only layers that can be computed. */
#include "bench/shapes.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rgm_layers layers = {NULL, 0};
    rgm_error err = {0};
    char name[RGM_LAYER_NAME];
    rgm_status status = rgm_layers_parse(&layers, (const char *)data, size, "list", &err);
    fuzz_judge(status, &err);
    NEED(status < 0 || layers.count > 0);
    for (int32_t i = 0; i < layers.count; i++) {
        const rgm_layer *l = &layers.list[i];
        NEED(l->C > 0 && l->K > 0 && l->N > 0 && l->stride > 0 && l->times > 0);
        NEED(l->pad >= 0 && l->pad < l->window);
        NEED(l->H + 2 * l->pad >= l->window && l->W + 2 * l->pad >= l->window);
        NEED(rgm_layer_name(l, name)[0]);
    }
    rgm_layers_set_images(&layers, 3, 1);
    rgm_layers_free(&layers);
    return 0;
}
