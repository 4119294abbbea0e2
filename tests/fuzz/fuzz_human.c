/* A person's answers, about a set of six images. '@' becomes the set's fingerprint and '#N' the hash of image N, so
 * that what lies behind these checks is reached. What is accepted adds up. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "fuzz.h"
#include "inspect/human.h"
#include "inspect/labelling.h"

enum { IMAGES = 6, CLASSES = 3 };

static rgm_dataset *set;
static uint64_t fingerprint, hashes[IMAGES];

static void make(void) {
    static uint8_t images[IMAGES * 4];
    static const int32_t labels[IMAGES] = {0, 1, 2, 0, 1, 2};
    rgm_labelling_reader reader = {0};
    for (int32_t i = 0; i < IMAGES * 4; i++) images[i] = (uint8_t)(37 * i);
    const rgm_dataset_memory memory = {.H = 2,
                                       .W = 2,
                                       .C = 1,
                                       .classes = CLASSES,
                                       .count = {IMAGES, IMAGES},
                                       .images = {images, images},
                                       .labels = {labels, labels}};
    NEED(rgm_dataset_from_memory(&set, &memory, NULL) == RGM_OK);
    fingerprint = rgm_labelling_fingerprint(set, RGM_SPLIT_TEST);
    for (int32_t i = 0; i < IMAGES; i++) {
        NEED(rgm_labelling_read(&reader, set, RGM_SPLIT_TEST, i, NULL) == RGM_OK);
        hashes[i] = reader.hash;
    }
    rgm_labelling_reader_free(&reader);
}

/* The input as a file. */
static void spill(const char *path, const uint8_t *data, size_t size) {
    FILE *to = fopen(path, "wb");
    NEED(to);
    for (size_t i = 0; i < size; i++)
        if (data[i] == '@')
            fprintf(to, "%016" PRIx64, fingerprint);
        else if (data[i] == '#' && i + 1 < size)
            fprintf(to, "%016" PRIx64, hashes[data[++i] % 16 % IMAGES]);
        else
            putc(data[i], to);
    NEED(fclose(to) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!set) make();
    const char *path = fuzz_path("answers.json");
    rgm_human human;
    rgm_error err = {0};
    spill(path, data, size);
    rgm_status status = rgm_human_read(path, set, &human, &err);
    fuzz_judge(status, &err);
    if (status < 0) return 0;
    NEED(human.count > 0 && human.count <= human.pictures && human.pictures <= IMAGES);
    NEED(human.right.n == human.count && human.right.hits <= human.count && human.same.n <= human.count);
    NEED(isnan(human.kappa) || (human.kappa >= -1 && human.kappa <= 1));
    for (int64_t i = 0; i < human.count; i++) {
        const rgm_human_answer *a = &human.answers[i];
        NEED(a->index >= 0 && a->index < IMAGES && (!i || a->index > a[-1].index));
        NEED(a->label >= 0 && a->label < CLASSES && a->again >= -1 && a->again < CLASSES && a->seconds >= 0);
    }
    rgm_human_free(&human);
    return 0;
}
