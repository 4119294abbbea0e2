/* Lists of pictures: the list alone is the input; some of its paths lead to pictures. */
#include <string.h>
#include <unistd.h>
#include "data/dataset.h"
#include "datasets/import.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_limit_files(1 << 26);
    char list[600], out[600], quarantine[600];
    snprintf(list, sizeof list, "%s", fuzz_path("list.csv"));
    snprintf(out, sizeof out, "%s", fuzz_path("set.h5"));
    snprintf(quarantine, sizeof quarantine, "%s", fuzz_path("set.quarantine.csv"));
    fuzz_spill(fuzz_path("a"), "P6 1 1 255 rgb", 14);
    fuzz_spill(fuzz_path("b"), "P5 2 1 255 gg", 13);
    fuzz_spill(list, data, size);
    const char *sources[] = {list};
    rgm_import_options options = {.sources = sources,
                                  .count = 1,
                                  .out = out,
                                  .overwrite = 1,
                                  .pictures = {.H = 1, .W = 1, .threads = 1, .kernels = rgm_kernels_reference(8)}};
    rgm_error err = {0};
    rgm_status status = rgm_import_csv(&options, &err);
    fuzz_judge(status, &err);
    if (status == RGM_OK) {
        rgm_dataset *set;
        NEED(rgm_dataset_open(&set, out, NULL, &err) == RGM_OK);
        const rgm_dataset_info *info = rgm_dataset_describe(set);
        NEED(info->H == 1 && info->class_names && info->count[RGM_SPLIT_TRAIN] >= info->classes);
        rgm_dataset_close(set);
    } else {
        NEED(access(out, F_OK) != 0);
    }
    unlink(out);
    unlink(quarantine);
    static const char *const names[] = {"/data", "/journal", ""};
    for (int32_t i = 0; i < 3; i++) { /* what an import that failed leaves for the next */
        char staged[700];
        snprintf(staged, sizeof staged, "%s.import%s", out, names[i]);
        remove(staged);
    }
    return 0;
}
