/* Data sets: a well-formed HDF5 file whose content is not what FORMAT.md says. The first byte says whether it carries
 * Regimen's frame, how pixels are read, and whether it is one of encoded pictures; the rest are edits (h5.h) to a good
 * set. */
#include <math.h>
#include <string.h>
#include "data/dataset.h"
#include "data/knobs.h"
#include "data/rehearsal.h"
#include "datasets/encoded_writer.h"
#include "datasets/writer.h"
#include "h5.h"

enum { FRAMED = 1, PREAD = 2, STREAM = 4, ENCODED = 8 };

static uint8_t *good, *pictures; /* a set of images, one of encoded pictures */
static size_t good_size, pictures_size;

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
                                  .names = {5, 5, 5},
                                  .class_names = names,
                                  .source = "nowhere",
                                  .licence = "none"};
    NEED(rgm_writer_create(&writer, &options, NULL) == RGM_OK);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        NEED(rgm_writer_add(writer, s, images, labels, options.count[s], NULL) == RGM_OK &&
             rgm_writer_names(writer, s, 0, "1.jpg2.jpg3.jpg4.jpg5.jpg6.jpg7.jpg8.jpg", options.count[s], NULL) ==
                 RGM_OK);
    NEED(rgm_writer_finish(writer, NULL) == RGM_OK);
    rgm_writer_destroy(writer);
    good = fuzz_slurp(options.path, &good_size);
}

/* Pictures of 3 x 2 pixels (PPM), the last one grey (PGM). */
static void make_pictures(void) {
    static const char colour[] = "P6 3 2 255\nabcdefghijklmnopqr", grey[] = "P5 3 2 255\nabcdef";
    const int64_t bytes[2] = {sizeof colour - 1, sizeof grey - 1};
    rgm_encoded_writer *writer;
    rgm_encoded_options options = {.path = fuzz_path("pictures.h5"),
                                   .replace = 1,
                                   .C = 3,
                                   .classes = 3,
                                   .count = {6, 0, 2},
                                   .bytes = {5 * bytes[0] + bytes[1], 0, bytes[0] + bytes[1]}};
    NEED(rgm_encoded_writer_create(&writer, &options, NULL) == RGM_OK);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int32_t i = 0; i < options.count[s]; i++) {
            int32_t last = i + 1 == options.count[s];
            const rgm_encoded_picture p = {last ? grey : colour, bytes[last], 2, 3, i % 3};
            NEED(rgm_encoded_writer_add(writer, s, &p, NULL) == RGM_OK);
        }
    NEED(rgm_encoded_writer_finish(writer, NULL, NULL) == RGM_OK);
    rgm_encoded_writer_destroy(writer);
    pictures = fuzz_slurp(options.path, &pictures_size);
}

/* Every byte that an encoded picture is said to have is there. */
static void look_at_pictures(const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    uint8_t *room = malloc((size_t)info->pictures.bytes);
    volatile uint8_t sum = 0;
    NEED(room && info->H == 0 && (info->C == 1 || info->C == 3) && info->pictures.shorter >= 1);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < info->count[s] && i < 64; i++) {
            rgm_error err = {0};
            rgm_encoded e = {0};
            rgm_status status = rgm_dataset_encoded(set, s, i, room, &e, &err);
            fuzz_judge(status, &err);
            if (status < 0) continue;
            NEED(e.bytes.size >= 1 && (int64_t)e.bytes.size <= info->pictures.bytes);
            NEED(e.H <= info->pictures.H && e.W <= info->pictures.W && (int64_t)e.H * e.W <= info->pictures.pixels);
            for (size_t b = 0; b < e.bytes.size; b++) sum = (uint8_t)(sum + e.bytes.at[b]);
        }
    free(room);
}

static void look(const rgm_dataset *set) {
    if (rgm_dataset_describe(set)->encoded) {
        look_at_pictures(set);
        return;
    }
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
            const char *name = rgm_dataset_name(set, s, i);
            NEED(!name || strlen(name) <= 4095);
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
    const rgm_rehearsal rehearsal = {
        .kind = RGM_REHEARSE_SET, .access = options->access, .names = options->names, .room = options->knobs->room};
    if (rgm_input_open(&input, path, NULL, &err) == RGM_OK) {
        fuzz_judge(rgm_rehearse(&input, &rehearsal, &err), &err);
        fuzz_h5_need_closed();
    }
    rgm_input_close(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const places[] = {"train/images", "train/labels",      "test/images",       "test/labels",
                                         "train",        "validation/images", "validation/labels", "test",
                                         "validation",   "train/names",       "test/names",        NULL};
    static const char *const tables[] = {"train/encoded",      "train/offsets",      "train/sizes",
                                         "train/labels",       "train/checksums",    "train",
                                         "validation/encoded", "validation/offsets", "validation/checksums",
                                         "validation/sizes",   "validation",         NULL};
    static const char *const names[] = {"class_names", "mean", "std", "source", "licence", "transform", NULL};
    static const char *const more[] = {"channels", "background", "mean", "std", "transform", NULL};
    static const fuzz_h5_plan plan = {places, names, "/"}, other = {tables, more, "/"};
    if (!good) make_good();
    if (!pictures) make_pictures();
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    const char *path = fuzz_path("set.h5");
    if (flags & ENCODED)
        fuzz_h5_put(path, pictures, pictures_size, &other, &in, flags & FRAMED);
    else
        fuzz_h5_put(path, good, good_size, &plan, &in, flags & FRAMED);
    rgm_dataset *set = NULL;
    rgm_error err = {0};
    const rgm_dataset_knobs knobs = {.room = flags & STREAM ? -1 : 0, .trusted = 1};
    const rgm_dataset_options options = {
        .access = flags & PREAD ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO, .names = 1, .knobs = &knobs};
    if (!(flags & FRAMED)) rehearse(path, &options);
    rgm_status status = rgm_dataset_open(&set, path, &options, &err);
    fuzz_judge(status, &err);
    NEED((status == RGM_OK) == (set != NULL));
    if (set) look(set);
    rgm_dataset_close(set);
    fuzz_h5_need_closed();
    return 0;
}
