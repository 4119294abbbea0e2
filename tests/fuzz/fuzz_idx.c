/* IDX files: flags and the four files behind each other, each with its length in two bytes in front. */
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "data/dataset.h"
#include "datasets/import.h"
#include "fuzz.h"

enum { TEST_SPLIT = 1, NAMES = 2, PACK = 4 }; /* flags; PACK: the harness gzips the images of the training split */

static void pack(const char *path, const void *data, size_t size) {
    gzFile out = gzopen(path, "wb1");
    NEED(out);
    NEED(size == 0 || gzwrite(out, data, (unsigned)size) == (int)size);
    NEED(gzclose(out) == Z_OK);
}

/* What was imported opens and says what was imported. */
static void look(const char *path) {
    rgm_dataset *set;
    rgm_error err = {0};
    rgm_status status = rgm_dataset_open(&set, path, NULL, &err);
    if (status < 0) fprintf(stderr, "%s\n", err.text);
    NEED(status == RGM_OK);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    NEED(info->framed && info->C == 1 && info->count[RGM_SPLIT_TRAIN] > 0 && !info->slow);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < info->count[s]; i++) NEED(rgm_dataset_labels(set, s)[i] < info->classes);
    rgm_dataset_close(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                         "t10k-labels-idx1-ubyte"};
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    char paths[4][600];
    const char *sources[4];
    int32_t count = flags & TEST_SPLIT ? 4 : 2;
    for (int32_t i = 0; i < count; i++) {
        size_t most = fuzz_byte(&in), got;
        most |= (size_t)fuzz_byte(&in) << 8;
        const uint8_t *bytes = fuzz_take(&in, most, &got);
        snprintf(paths[i], sizeof paths[i], "%s", fuzz_path(names[i]));
        sources[i] = paths[i];
        if (i == 0 && flags & PACK)
            pack(paths[i], bytes, got);
        else
            fuzz_spill(paths[i], bytes, got);
    }
    char *list = flags & NAMES ? fuzz_text(&in, '\n') : NULL;
    char out[600];
    snprintf(out, sizeof out, "%s", fuzz_path("set.h5"));
    rgm_import_options options = {.sources = sources, .count = count, .out = out, .overwrite = 1, .names = list};
    rgm_error err = {0};
    rgm_status status = rgm_import_idx(&options, &err);
    fuzz_judge(status, &err);
    if (status == RGM_OK) look(out);
    unlink(out);
    free(list);
    return 0;
}
