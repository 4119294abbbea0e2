/* Data sets: a well-formed HDF5 file whose content is not what FORMAT.md says. The first byte says whether it carries
 * Regimen's frame and how pixels are read, the rest are edits (h5.h) to a good set. */
#include <math.h>
#include <string.h>
#include "data/dataset.h"
#include "data/knobs.h"
#include "data/rehearsal.h"
#include "datasets/writer.h"
#include "h5.h"

enum { FRAMED = 1, PREAD = 2, STREAM = 4 };

static uint8_t *good;
static size_t good_size;

static void make_good(void) {
    static const char *const names[] = {"ape", "bat", "cow"};
    static const uint8_t images[8 * 12] = {1, 2, 3, 250};
    static const int32_t labels[8] = {0, 1, 2, 0, 1, 2};
    rgm_writer *writer;
    rgm_writer_options options = {.path = fuzz_path("good.h5"),
                                  .replace = 1,
                                  .H = 2,
                                  .W = 2,
                                  .C = 3,
                                  .classes = 3,
                                  .count = {8, 4, 2},
                                  .class_names = names,
                                  .source = "nowhere",
                                  .licence = "none"};
    NEED(rgm_writer_create(&writer, &options, NULL) == RGM_OK);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        NEED(rgm_writer_add(writer, s, images, labels, options.count[s], NULL) == RGM_OK);
    NEED(rgm_writer_finish(writer, NULL) == RGM_OK);
    rgm_writer_destroy(writer);
    good = fuzz_slurp(options.path, &good_size);
}

static void look(const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    uint8_t *image = malloc(bytes);
    NEED(image && info->classes >= 2 && info->classes <= RGM_DATA_CLASSES);
    for (int32_t c = 0; info->constants && c < info->C; c++) NEED(isfinite(info->mean[c]) && info->std[c] > 0);
    for (int32_t c = 0; info->class_names && c < info->classes; c++) NEED(strlen(info->class_names[c]) <= 255);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < info->count[s] && i < 64; i++) {
            rgm_error err = {0};
            int32_t label = rgm_dataset_labels(set, s)[i];
            NEED(label >= 0 && label < info->classes);
            rgm_status status = rgm_dataset_read(set, s, i, image, &err);
            fuzz_judge(status, &err);
            const uint8_t *mapped = rgm_dataset_pixels(set, s, i);
            NEED(!mapped || memcmp(mapped, image, bytes) == 0);
        }
    free(image);
}

/* What the first reader does, here: nothing is expected to crash. */
static void rehearse(const char *path, const rgm_dataset_options *options) {
    rgm_input input;
    rgm_error err = {0};
    const rgm_rehearsal rehearsal = {.kind = RGM_REHEARSE_SET, .access = options->access, .room = options->knobs->room};
    if (rgm_input_open(&input, path, NULL, &err) == RGM_OK) {
        fuzz_judge(rgm_rehearse(&input, &rehearsal, &err), &err);
        fuzz_h5_need_closed();
    }
    rgm_input_close(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const places[] = {
        "train/images",      "train/labels",      "test/images", "test/labels", "train",
        "validation/images", "validation/labels", "test",        "validation",  NULL};
    static const char *const names[] = {"class_names", "mean", "std", "source", "licence", NULL};
    static const fuzz_h5_plan plan = {places, names, "/"};
    if (!good) make_good();
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    const char *path = fuzz_path("set.h5");
    fuzz_h5_put(path, good, good_size, &plan, &in, flags & FRAMED);
    rgm_dataset *set = NULL;
    rgm_error err = {0};
    const rgm_dataset_knobs knobs = {.room = flags & STREAM ? -1 : 0, .trusted = 1};
    const rgm_dataset_options options = {.access = flags & PREAD ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO, .knobs = &knobs};
    if (!(flags & FRAMED)) rehearse(path, &options);
    rgm_status status = rgm_dataset_open(&set, path, &options, &err);
    fuzz_judge(status, &err);
    NEED((status == RGM_OK) == (set != NULL));
    if (set) look(set);
    rgm_dataset_close(set);
    fuzz_h5_need_closed();
    return 0;
}
