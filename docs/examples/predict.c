/* Says what is in pictures: predict MODEL.h5 FILE.pgm...
 * They are binary PGM or PPM files of 8 bits, with the size and the channels that the model was trained on. */
#include <regimen/regimen.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* The next number of a file's head, behind blanks and comments; -1 if there is none. */
static int number(FILE *file) {
    char mark[2];
    int value = -1;
    while (fscanf(file, " %1[#]%*[^\n]", mark) == 1) continue;
    return fscanf(file, "%9d", &value) == 1 ? value : -1;
}

static int32_t read_picture(const char *path, const regimen_model_info *m, uint8_t *pixels, regimen_error *err) {
    size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
    const char *wrong = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        wrong = "cannot be opened";
    else if (getc(file) != 'P' || getc(file) != (m->channels == 3 ? '6' : '5'))
        wrong = m->channels == 3 ? "is no binary PPM" : "is no binary PGM";
    else if (number(file) != m->width || number(file) != m->height)
        wrong = "has not the size that the model takes";
    else if (number(file) != 255 || !isspace(getc(file)) || fread(pixels, 1, size, file) != size)
        wrong = "has not all of its pixels in 8 bits";
    if (file) fclose(file);
    if (wrong) snprintf(err->text, sizeof err->text, "%s %s", path, wrong);
    return wrong ? REGIMEN_FORMAT : REGIMEN_OK;
}

int main(int argc, char **argv) {
    regimen_error err = {REGIMEN_USAGE, "usage: predict MODEL.h5 FILE.pgm..."};
    regimen_machine *machine = NULL;
    regimen_model *model = NULL;
    static regimen_model_info info; /* static: zeros where there is no model */
    info.size = sizeof info;
    int32_t status = argc < 3 ? REGIMEN_USAGE : regimen_machine_open(&machine, NULL, NULL, &err);
    if (status == REGIMEN_OK) status = regimen_model_load(&model, machine, argv[1], NULL, NULL, &err);
    if (status == REGIMEN_OK) regimen_model_describe(model, &info);
    uint8_t *pixels = (uint8_t *)calloc((size_t)info.height * (size_t)info.width, (size_t)info.channels);
    float *p = (float *)calloc((size_t)info.classes, sizeof(float));
    if (status == REGIMEN_OK && !(pixels && p)) status = REGIMEN_NO_MEMORY;

    for (int i = 2; i < argc && status == REGIMEN_OK; i++) {
        int32_t best = 0;
        status = read_picture(argv[i], &info, pixels, &err);
        if (status == REGIMEN_OK) status = regimen_predict(model, pixels, 1, p, &err);
        for (int32_t k = 1; k < info.classes; k++) best = p[k] > p[best] ? k : best;
        const char *name = regimen_model_class(model, best);
        if (status == REGIMEN_OK) printf("%s: class %d %s, %.1f %%\n", argv[i], best, name ? name : "", 100 * p[best]);
    }
    if (status != REGIMEN_OK) fprintf(stderr, "predict: %s\n", pixels && p ? err.text : "no memory for a picture");
    free(p);
    free(pixels);
    regimen_model_close(model);
    regimen_machine_close(machine);
    return status == REGIMEN_OK ? 0 : 1;
}
