/* Any bytes as an HDF5 file, foreign and behind a frame that is right, as a data set and as a checkpoint. HDF5 itself
 * falls over on some: those inputs are left to it, in a child process. */
#include <string.h>
#include "data/dataset.h"
#include "h5.h"
#include "graph/family.h"
#include "train/checkpoint.h"

enum { BLOCK = 512, MOST = 1 << 16 };

static void read_set(const char *path) {
    rgm_dataset *set;
    rgm_error err = {0};
    rgm_status status = rgm_dataset_open(&set, path, NULL, &err);
    fuzz_judge(status, &err);
    rgm_dataset_close(set);
}

static void read_checkpoint(const char *path) {
    static rgm_state state;
    static rgm_graph *graph;
    if (!graph) {
        rgm_family_options options = {.name = "linear", .C = 1, .H = 4, .W = 4, .outputs = 3};
        NEED(rgm_family_build(&graph, &options, NULL) == RGM_OK);
        state.graph = graph;
        state.value = calloc((size_t)rgm_graph_param_floats(graph), sizeof(float));
        state.stat = calloc((size_t)rgm_graph_stat_floats(graph) + 1, sizeof(float));
    }
    rgm_checkpoint_reader *reader;
    rgm_error err = {0};
    rgm_status status = rgm_checkpoint_open(&reader, path, NULL, &err);
    fuzz_judge(status, &err);
    if (status < 0) return;
    status = rgm_checkpoint_read(reader, &state, 1, &err);
    fuzz_judge(status, &err);
    rgm_checkpoint_close(reader);
}

typedef struct files {
    const char *foreign, *framed;
} files;

static void look(void *context) {
    const files *f = context;
    read_set(f->framed);
    read_checkpoint(f->framed);
    read_set(f->foreign);
    read_checkpoint(f->foreign);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[BLOCK + MOST];
    if (size == 0 || size > MOST) return 0;
    files f = {fuzz_path("foreign.h5"), fuzz_path("framed.h5")};
    memcpy(bytes + BLOCK, data, size);
    fuzz_h5_frame(bytes, BLOCK + size);
    fuzz_spill(f.foreign, data, size);
    fuzz_spill(f.framed, bytes, BLOCK + size);
    if (!fuzz_h5_survives(look, &f)) return 0;
    read_set(f.framed); /* here, where libFuzzer sees what is covered */
    read_checkpoint(f.framed);
    return 0;
}
