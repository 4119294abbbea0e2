/* Checkpoints: a well-formed HDF5 file whose content is not that of the run. The first byte says whether it carries
 * Regimen's frame, the rest are edits (h5.h) to a good checkpoint of a small network with two slots and a plugin's
 * state. */
#include <string.h>
#include "h5.h"
#include "graph/family.h"
#include "train/checkpoint.h"

enum { FRAMED = 1 };

static rgm_state state;
static uint8_t *good;
static size_t good_size;

static void make_good(void) {
    rgm_graph *graph;
    rgm_family_options options = {.name = "cnn", .C = 1, .H = 8, .W = 8, .outputs = 3, .base = 1};
    NEED(rgm_family_build(&graph, &options, NULL) == RGM_OK);
    size_t floats = (size_t)rgm_graph_param_floats(graph);
    state = (rgm_state){.graph = graph, .slot_count = 2, .slot_name = {"m", "v"}, .plugin_count = 1};
    state.value = calloc(floats, sizeof(float));
    state.stat = calloc((size_t)rgm_graph_stat_floats(graph) + 1, sizeof(float));
    for (int32_t i = 0; i < 2; i++) state.slot[i] = calloc(floats, sizeof(float));
    state.plugin[0] = (rgm_plugin_state){.label = "scheduler 0 plateau", .data = calloc(1, 8), .bytes = 8};
    const rgm_checkpoint about = {.config = "batch: 4\n",
                                  .input = {.known = 1, .classes = 3, .image = {1, 8, 8}, .std = {1}}};
    const char *path = fuzz_path("good.h5");
    NEED(rgm_checkpoint_write(&about, &state, path, NULL) == RGM_OK);
    free(state.plugin[0].data);
    state.plugin[0].data = NULL;
    good = fuzz_slurp(path, &good_size);
}

/* The graph's tensors, then the rest of what a checkpoint has. */
static const char *const *list_places(void) {
    static const char *const others[] = {"model",          "optimizer",   "optimizer/m", "plugins",      "plugins/00",
                                         "text",           "text/config", "text/build",  "text/classes", "model/more",
                                         "optimizer/more", "plugins/01",  "input"};
    enum { OTHERS = sizeof others / sizeof *others, TENSORS = 8 };
    static const char *places[OTHERS + 2 * TENSORS + 1];
    static char text[2 * TENSORS][160];
    if (places[0]) return places;
    int32_t count = 0, tensors = rgm_graph_param_count(state.graph);
    for (int32_t i = 0; i < OTHERS; i++) places[count++] = others[i];
    for (int32_t i = 0; i < TENSORS && i < tensors; i++) {
        const char *name = rgm_graph_param(state.graph, tensors - 1 - i)->name;
        snprintf(text[2 * i], sizeof text[0], "model/%s", name);
        snprintf(text[2 * i + 1], sizeof text[0], "optimizer/v/%s", name);
        places[count++] = text[2 * i];
        places[count++] = text[2 * i + 1];
    }
    return places;
}

static void look(const char *path) {
    rgm_checkpoint_reader *reader = NULL;
    rgm_error err = {0};
    rgm_status status = rgm_checkpoint_open(&reader, path, NULL, &err);
    fuzz_judge(status, &err);
    NEED(!strstr(err.text, "crashed") && !strstr(err.text, "hung"));
    if (status < 0) return;
    const rgm_checkpoint *header = rgm_checkpoint_header(reader);
    NEED(strlen(header->config) + strlen(header->build) + strlen(header->plugins) + strlen(header->classes) < 1 << 26);
    for (int32_t whole = 0; whole < 2; whole++) {
        status = rgm_checkpoint_read(reader, &state, whole, &err);
        free(state.plugin[0].data);
        state.plugin[0].data = NULL;
        fuzz_judge(status, &err);
        NEED(!strstr(err.text, "crashed") && !strstr(err.text, "hung"));
        NEED(!(whole && status == RGM_OK && rgm_checkpoint_foreign(reader)));
    }
    rgm_checkpoint_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"format",     "format_version", "step",  "epoch", "epoch_loss", "seed",
                                        "best_epoch", "fingerprint",    "label", "image", "mean",       "std",
                                        "classes",    "resize",         NULL};
    if (!good) make_good();
    fuzz_limit_files(1 << 26);
    fuzz_input in = {data, size};
    uint8_t flags = fuzz_byte(&in);
    const char *path = fuzz_path("last.h5");
    fuzz_h5_plan plan = {list_places(), names, "/"};
    fuzz_h5_put(path, good, good_size, &plan, &in, flags & FRAMED);
    look(path);
    fuzz_h5_need_closed();
    return 0;
}
