/* CIFAR's binary files and their list of names: flags, the list up to a NUL, and a record that is repeated. Records are
 * large and of fixed size, so most of the input is the list, the labels and what makes a file end too early. */
#include <string.h>
#include <unistd.h>
#include "data/dataset.h"
#include "datasets/import.h"
#include "fuzz.h"

enum { HUNDRED = 1, LIST = 2, TEST_SPLIT = 4, EXACT = 8 }; /* flags */
enum { RECORDS = 3, IMAGE = 3072 };

/* RECORDS records whose labels are taken from the input, the last one cut short unless the flag says so. */
static void put_records(const char *path, fuzz_input *in, uint8_t flags) {
    static uint8_t bytes[RECORDS * (IMAGE + 2)];
    size_t labels = flags & HUNDRED ? 2 : 1, used = RECORDS * (IMAGE + labels), got;
    for (size_t i = 0; i < RECORDS; i++) {
        uint8_t *record = bytes + i * (IMAGE + labels);
        for (size_t k = 0; k < labels; k++) record[k] = fuzz_byte(in);
        const uint8_t *pixels = fuzz_take(in, 16, &got);
        memset(record + labels, (int)i, IMAGE);
        memcpy(record + labels, pixels, got);
    }
    if (!(flags & EXACT)) used -= fuzz_word(in) % used;
    const uint8_t *head = fuzz_take(in, 64, &got); /* what begins like a gzip file is read as one */
    if (got > 2 && head[0] == 0x1f && got < used) memcpy(bytes, head, got);
    fuzz_spill(path, bytes, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    int hundred = flags & HUNDRED;
    char train[600], test[600], list[600], out[600];
    snprintf(train, sizeof train, "%s", fuzz_path(hundred ? "train.bin" : "data_batch_1.bin"));
    snprintf(test, sizeof test, "%s", fuzz_path(hundred ? "test.bin" : "test_batch.bin"));
    snprintf(list, sizeof list, "%s", fuzz_path(hundred ? "fine_label_names.txt" : "batches.meta.txt"));
    snprintf(out, sizeof out, "%s", fuzz_path("set.h5"));
    const char *sources[3] = {train};
    rgm_import_options options = {.sources = sources, .count = 1, .out = out, .overwrite = 1};
    if (flags & LIST) {
        const uint8_t *end = in.left ? memchr(in.at, 0, in.left) : NULL;
        size_t got;
        const uint8_t *text = fuzz_take(&in, end ? (size_t)(end - in.at) : in.left, &got);
        fuzz_byte(&in);
        fuzz_spill(list, text, got);
        sources[options.count++] = list;
    }
    put_records(train, &in, flags);
    if (flags & TEST_SPLIT) {
        put_records(test, &in, flags);
        sources[options.count++] = test;
    }
    rgm_error err = {0};
    rgm_status status = rgm_import_cifar(&options, &err);
    fuzz_judge(status, &err);
    if (status == RGM_OK) {
        rgm_dataset *set;
        NEED(rgm_dataset_open(&set, out, NULL, &err) == RGM_OK);
        NEED(rgm_dataset_describe(set)->classes == (hundred ? 100 : 10));
        rgm_dataset_close(set);
    }
    unlink(out);
    return 0;
}
