/* Arrays of NumPy: flags, then images and labels behind each other, each with its length in two bytes in front; or an
 * archive of them, as it is or made here. */
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include "data/dataset.h"
#include "datasets/import.h"
#include "fuzz.h"

enum { ARCHIVE = 1, PACK = 2, TEST_SPLIT = 4 }; /* flags; ARCHIVE: the input is one; PACK: the harness makes it */

struct piece {
    const uint8_t *at;
    size_t size;
};

static void pack(const char *path, const struct piece *pieces, int32_t count) {
    static const char *const keys[] = {"x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"};
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    NEED(archive);
    for (int32_t i = 0; i < count; i++)
        NEED(zip_file_add(archive, keys[i], zip_source_buffer(archive, pieces[i].at, pieces[i].size, 0), 0) == i);
    NEED(zip_close(archive) == 0);
}

/* What was imported opens and says what was imported. */
static void look(const char *path) {
    rgm_dataset *set;
    rgm_error err = {0};
    NEED(rgm_dataset_open(&set, path, NULL, &err) == RGM_OK);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    NEED(info->framed && (info->C == 1 || info->C == 3) && info->count[RGM_SPLIT_TRAIN] > 0);
    rgm_dataset_close(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"x.npy", "y.npy", "xt.npy", "yt.npy"};
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    char paths[4][600], out[600];
    const char *sources[4];
    struct piece pieces[4];
    int32_t count = flags & TEST_SPLIT ? 4 : 2;
    snprintf(out, sizeof out, "%s", fuzz_path("set.h5"));
    for (int32_t i = 0; !(flags & ARCHIVE) && i < count; i++) {
        size_t most = fuzz_byte(&in);
        most |= (size_t)fuzz_byte(&in) << 8;
        pieces[i].at = fuzz_take(&in, most, &pieces[i].size);
        snprintf(paths[i], sizeof paths[i], "%s", fuzz_path(names[i]));
        sources[i] = paths[i];
        if (!(flags & PACK)) fuzz_spill(paths[i], pieces[i].at, pieces[i].size);
    }
    if (flags & (ARCHIVE | PACK)) {
        snprintf(paths[0], sizeof paths[0], "%s", fuzz_path("set.npz"));
        if (flags & ARCHIVE)
            fuzz_spill(paths[0], in.at, in.left);
        else
            pack(paths[0], pieces, count);
        sources[0] = paths[0];
        count = 1;
    }
    rgm_import_options options = {.sources = sources, .count = count, .out = out, .overwrite = 1};
    rgm_error err = {0};
    rgm_status status = rgm_import_npy(&options, &err);
    fuzz_judge(status, &err);
    if (status == RGM_OK) look(out);
    unlink(out);
    unlink(paths[0]);
    return 0;
}
