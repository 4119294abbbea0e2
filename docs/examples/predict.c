/* Says what is in pictures: predict MODEL.h5 PICTURE...
 * They are JPEG, PNG, WebP, BMP or PPM files of any size. */
#include <regimen/regimen.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    regimen_error err = {REGIMEN_USAGE, "usage: predict MODEL.h5 PICTURE..."};
    regimen_machine *machine = NULL;
    regimen_model *model = NULL;
    static regimen_model_info info; /* static: zeros where there is no model */
    info.size = sizeof info;
    int unread = 0;
    int32_t status = argc < 3 ? REGIMEN_USAGE : regimen_machine_open(&machine, NULL, NULL, &err);
    if (status == REGIMEN_OK) status = regimen_model_load(&model, machine, argv[1], NULL, NULL, &err);
    if (status == REGIMEN_OK) regimen_model_describe(model, &info);
    uint8_t *image = (uint8_t *)calloc((size_t)info.height * (size_t)info.width, (size_t)info.channels);
    float *p = (float *)calloc((size_t)info.classes, sizeof(float));
    if (status == REGIMEN_OK && !(image && p)) status = REGIMEN_NO_MEMORY;

    for (int i = 2; i < argc && status == REGIMEN_OK; i++) { /* faster: many at once */
        int32_t best = 0;
        regimen_picture picture = {sizeof picture, argv[i], NULL, 0, REGIMEN_OK, ""};
        status = regimen_model_read(model, &picture, 1, image, &err);
        if (status == REGIMEN_OK && picture.status != REGIMEN_OK) {
            fprintf(stderr, "predict: %s: %s\n", argv[i], picture.reason);
            unread++;
            continue;
        }
        if (status == REGIMEN_OK) status = regimen_predict(model, image, 1, p, &err);
        for (int32_t k = 1; k < info.classes; k++) best = p[k] > p[best] ? k : best;
        const char *name = regimen_model_class(model, best);
        if (status == REGIMEN_OK) printf("%s: class %d %s, %.1f %%\n", argv[i], best, name ? name : "", 100 * p[best]);
    }
    if (status != REGIMEN_OK) fprintf(stderr, "predict: %s\n", image && p ? err.text : "no memory for an image");
    free(p);
    free(image);
    regimen_model_close(model);
    regimen_machine_close(machine);
    return status == REGIMEN_OK && unread == 0 ? 0 : 1;
}
