/* What kinds and files are called. */
#include "plug/names.h"

#include <string.h>

static const char *const kind_names[] = {"component",
                                         [RGM_AUGMENTATION] = "augmentation",
                                         [RGM_BATCH_AUGMENTATION] = "batch_augmentation",
                                         [RGM_INITIALIZER] = "initializer",
                                         [RGM_SCHEDULER] = "scheduler",
                                         [RGM_OPTIMIZER] = "optimizer",
                                         [RGM_REGULARIZER] = "regularizer",
                                         [RGM_ACTIVATION] = "activation",
                                         [RGM_LOSS] = "loss"};
enum { KIND_NAMES = sizeof kind_names / sizeof *kind_names };
_Static_assert(KIND_NAMES == RGM_LOSS + 1, "the last kind has a name");

const char *rgm_kind_name(int32_t kind) { return kind_names[kind > 0 && kind < KIND_NAMES ? kind : 0]; }

int32_t rgm_kind_parse(const char *name) {
    for (int32_t kind = 1; kind < KIND_NAMES; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) return kind;
    }
    return 0;
}

const char *rgm_listed_file(const rgm_listed *listed) {
    const char *slash = strrchr(listed->path, '/');
    return slash ? slash + 1 : listed->path;
}
