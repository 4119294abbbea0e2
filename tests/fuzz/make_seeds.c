/* Writes the fuzz targets' first inputs: FOLDER/TARGET/NAME. Binary files are made here rather than kept in the tree.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuzz.h"
#include "graph/family.h"
#include "tests/make_picture.h"
#include "tests/make_set.h"
#include "train/checkpoint.h"
#include "train/config.h"

static const char *root;

static const char *seed_path(const char *target, const char *name) {
    static char path[4400];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    return path;
}

static void put(const char *target, const char *name, const void *data, size_t size) {
    fuzz_spill(seed_path(target, name), data, size);
}

static void put_text(const char *target, const char *name, const char *text) { put(target, name, text, strlen(text)); }

/* ---- configurations ---- */

static void put_configs(void) {
    static rgm_config config;
    char *text;
    size_t size;
    NEED(rgm_config_init(&config, NULL) == RGM_OK);
    NEED(rgm_config_print(&config, &text, &size, NULL) == RGM_OK);
    put("config", "defaults", text, size);
    free(text);
    put_text("config", "flow",
             "data: {file: set.h5, validation: 0.1}\nmodel: {name: resnet20, stem: small, image: 3x32x32}\n"
             "batch: 128 # images\naugment: [{crop: {padding: 4, fill: [1, 2, 3]}}, flip]\n"
             "optimizer: {adam: {lr: 1e-3}}\nplugins: [./own.so]\nscheduler:\ninit: ~\n");
    put_text("config", "block",
             "early_stop:\n  patience: 3\n  metric: loss\naugment:\n- cutout:\n    size: 8\n- flip\n"
             "checkpoint: \"a \\u00e9 b\"\nout: |\n  text\n");
    put_text("config", "nested",
             "augment:\n- random:\n    of: [flip, {crop: {padding: 4, fill: ''}}]\n    count: 2\n"
             "scheduler: {step: {at: [[[[[[[1]]]]]], {a: {b: [c, {d: e}]}}]}}\n");
    put_text("config", "refused", "a: &x [1]\nb: *x\n--- !!str\n? {}\n");
    put_text("option", "scalars",
             "batch=64\ndata.file=set.h5\ndata.validation=0.25\nmodel.image=3x32x32\nseed=7\npin=on\n");
    put_text("option", "nested",
             "augment.0={random: {of: [flip, {crop: {padding: 4}}], count: 2}}\naugment.0.random.of.1.crop.padding=2\n"
             "augment.0.of.2=[a, {b: c}]\naugment.0.of.2.1.b={}\naugment.random.of.0=x\noptimizer.lr=[1, 2]\n");
    put_text(
        "option", "components",
        "optimizer={adam: {lr: 1e-3}}\noptimizer.lr=0.05\noptimizer.adam.lr=2e-3\naugment=[flip, {crop: {padding: "
        "4}}]\n"
        "augment.1.padding=2\naugment.crop.padding=3\naugment.2=cutout\nplugins.0=own.so\nregularize=[]\nloss=none\n");
}

/* The keys, and words of YAML, as libFuzzer's dictionary. */
static void put_dictionary(void) {
    static const char *const words[] = {
        "true", "none", "auto", "null", "{", "}: ", "[", "]", ": ", "- ", "\\x0a  ", "|"};
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    char path[4400];
    snprintf(path, sizeof path, "%s/keys.dict", root);
    FILE *out = fopen(path, "w");
    NEED(out);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) fprintf(out, "\"%s\"\n", words[i]);
    for (size_t i = 0; i < count; i++) {
        const char *key = options[i].key, *dot = strchr(key, '.');
        if (dot) fprintf(out, "\"%.*s\"\n\"%s\"\n", (int)(dot - key), key, dot + 1);
        fprintf(out, "\"%s\"\n", key);
    }
    NEED(fclose(out) == 0);
}

/* ---- importers: flags, then each file with its length in front ---- */

static size_t put_file(uint8_t *to, const void *data, size_t size) {
    to[0] = (uint8_t)size;
    to[1] = (uint8_t)(size >> 8);
    memcpy(to + 2, data, size);
    return size + 2;
}

static void put_idx(void) {
    static const uint8_t images[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 255},
                                     labels[8 + 3] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 1};
    uint8_t input[256];
    for (uint8_t flags = 0; flags < 8; flags++) {
        size_t size = 1;
        char name[16];
        input[0] = flags;
        for (int split = 0; split <= (flags & 1); split++) {
            size += put_file(input + size, images, sizeof images);
            size += put_file(input + size, labels, sizeof labels);
        }
        memcpy(input + size, "ape,bat", 7);
        snprintf(name, sizeof name, "flags%d", flags);
        put("idx", name, input, size + 7);
    }
}

static void put_csv(void) {
    static const char *const lists[] = {
        "a,x\nb,y\n", "\xef\xbb\xbfpath;label;split\r\na;x;train\r\nb;\"y \"\"z\"\"\";\r\na;x;test\r\n",
        "class\tfile\n10\ta\n9\tb\n-1\tc\n", "a,x,val\na,y,train\nb,x,train\n"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char name[16];
        snprintf(name, sizeof name, "list%zu", i);
        put("csv", name, lists[i], strlen(lists[i]));
    }
}

/* An array: its header, and elements that are all `value`. */
static size_t put_array(uint8_t *to, const char *header, size_t bytes, uint8_t value) {
    uint8_t array[256] = "\x93NUMPY\1";
    size_t length = strlen(header);
    array[8] = (uint8_t)length;
    memcpy(array + 10, header, length);
    memset(array + 10 + length, value, bytes);
    return put_file(to, array, 10 + length + bytes);
}

static void put_npy(void) {
    static const char x[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }\n",
                      channels[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3, 2, 2), }\n",
                      y[] = "{'descr': '>i2', 'fortran_order': False, 'shape': (3, 1), }\n";
    for (uint8_t flags = 0; flags < 8; flags += 2) {
        uint8_t input[1024] = {flags};
        size_t size = 1;
        char name[16];
        for (int split = 0; split <= flags >> 2; split++) {
            size += put_array(input + size, flags & 2 ? channels : x, flags & 2 ? 36 : 12, 7);
            size += put_array(input + size, y, 6, 0);
            input[size - 1] = 1;
        }
        snprintf(name, sizeof name, "flags%d", flags);
        put("npy", name, input, size);
    }
}

static void put_cifar(void) {
    static const char ten[] = "\x0e"
                              "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    uint8_t input[128];
    for (uint8_t flags = 0; flags < 16; flags++) {
        char name[16];
        memset(input, 1, sizeof input);
        memcpy(input, ten, sizeof ten);
        input[0] = flags;
        snprintf(name, sizeof name, "flags%d", flags);
        put("cifar", name, input, sizeof input);
    }
}

/* ---- HDF5 ---- */

static void put_edits(void) {
    for (int i = 0; i < 32; i++) {
        uint8_t input[48];
        char name[16];
        input[0] = (uint8_t)i;
        for (size_t k = 1; k < sizeof input; k++) input[k] = (uint8_t)((k * 2654435761u + (unsigned)i * 40503u) >> 7);
        snprintf(name, sizeof name, "edit%d", i);
        put("dataset", name, input, (size_t)i % 4 * 8 + 1 + (size_t)i / 4);
        put("checkpoint", name, input, (size_t)i % 4 * 8 + 1 + (size_t)i / 4);
        put("plugin", name, input, sizeof input);
    }
    put("plugin", "empty", "", 0);
}

/* One edit of h5.c after another: what to do, where (fuzz_dataset.c and fuzz_checkpoint.c have the lists), type,
 * extents, layout, data. */
static void put_recipes(void) {
#define RECIPE(target, name, ...)                                                                                      \
    put(target, name, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})
#define SOFT(place) 4, place, 200, 7, 160, 3, 4, 0, 1, 3, 0xab, 0xaa, 0xaa, 0x3e /* a third each */
    RECIPE("dataset", "soft", 1, SOFT(1), SOFT(3), SOFT(6));
    RECIPE("dataset", "soft-foreign", 0, SOFT(1), SOFT(3), SOFT(6));
    RECIPE("dataset", "chunked", 1, 4, 0, 0, 0, 8, 7, 1, 1, 1, 2, 1, 0, 9);
    RECIPE("dataset", "chunked-foreign", 0, 4, 0, 0, 0, 8, 7, 1, 1, 1, 2, 1, 0, 9);
    RECIPE("dataset", "labels", 1, 6, 1, 0, 2);
    RECIPE("dataset", "mean", 1, 0, 0, 1, 1, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 1);
    RECIPE("dataset", "no-mean", 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0);
    RECIPE("dataset", "source", 1, 0, 0, 1, 3, 200, 12, 20, 0, 0, 0, 0, 1, 2, 'a', 'b', 'c', 1);
    RECIPE("dataset", "names", 1, 0, 0, 1, 0, 200, 12, 2, 0, 0, 0, 0, 1, 2, 'a', 'b', 'c', 1);
    RECIPE("dataset", "links", 0, 2, 7, 3, 8, 4, 2, 2, 7);
    RECIPE("dataset", "pictures", 9, 6, 3, 0, 2);
    RECIPE("dataset", "pictures-foreign", 8, 2, 2, 2, 9);
    RECIPE("dataset", "pictures-pread", 10, 6, 2, 0, 2);
    RECIPE("dataset", "offsets", 8, 6, 1, 1, 2);
    RECIPE("dataset", "channels", 8, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0);
    RECIPE("checkpoint", "version", 1, 0, 0, 1, 1, 0, 0, 1, 0, 2, 1);
    RECIPE("checkpoint", "label", 1, 0, 4, 0, 8, 0, 0, 1, 0, 'x', 1);
    RECIPE("checkpoint", "more", 1, 4, 9, 0, 3, 1, 0, 0, 1, 0, 1);
    RECIPE("checkpoint", "state", 1, 4, 4, 0, 160, 3, 4, 0, 1, 0, 1, 0, 4, 0, 8, 200, 12, 20, 0, 0, 0, 240, 0, 1, 0,
           's', 1);
    RECIPE("checkpoint", "double", 0, 4, 12, 200, 8, 0, 4, 0, 1, 0, 1);
    RECIPE("checkpoint", "chunked", 0, 4, 12, 0, 0, 8, 7, 255, 255, 255, 255, 1, 0, 1);
    RECIPE("checkpoint", "text", 1, 4, 6, 200, 12, 0, 1, 0, 0, 0, 4, 0, 1, 0, 'x');
#undef SOFT
#undef RECIPE
}

static void put_files(void) {
    const rgm_test_set sets[] = {
        {.train = 3, .test = 2, .H = 2, .W = 3, .C = 3, .classes = 3},
        {.train = 4, .H = 2, .W = 2, .C = 1, .classes = 2, .chunk = 2, .gzip = 1, .rank3 = 1, .names = 1},
        {.train = 3, .test = 1, .H = 2, .W = 2, .C = 2, .classes = 2, .soft = 1, .constants = 1, .names = 2}};
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "set%d", i);
        make_set(seed_path("file", name), &sets[i]);
    }
    rgm_graph *graph;
    rgm_family_options options = {.name = "linear", .C = 1, .H = 4, .W = 4, .outputs = 3};
    NEED(rgm_family_build(&graph, &options, NULL) == RGM_OK);
    const rgm_checkpoint about = {.config = "batch: 4\n",
                                  .input = {.known = 1, .classes = 3, .image = {1, 4, 4}, .std = {1}}};
    rgm_state state = {.graph = graph};
    state.value = calloc((size_t)rgm_graph_param_floats(graph), sizeof(float));
    state.stat = calloc((size_t)rgm_graph_stat_floats(graph) + 1, sizeof(float));
    const char *path = fuzz_path("state.h5");
    NEED(rgm_checkpoint_write(&about, &state, path, NULL) == RGM_OK);
    size_t size;
    uint8_t *bytes = fuzz_slurp(path, &size);
    put("file", "checkpoint", bytes + 512, size - 512); /* the target puts a frame in front */
    bytes[0] ^= 7;
    memmove(bytes + 1, bytes, 640);
    bytes[0] = 7;
    put("frame", "whole", bytes, 641);
    put("frame", "short", bytes, 300);
    free(bytes);
    free(state.value);
    free(state.stat);
    rgm_graph_destroy(graph);
}

static void put_metrics(void) {
    put_text("metrics", "run",
             "\x64\x01\x02{\"event\": \"step\", \"step\": 50, \"epoch\": 1, \"loss\": 2.5}\n"
             "{\"event\": \"evaluation\", \"step\": 356, \"epoch\": 2, \"split\": \"test\"}\n"
             "{\"event\": \"end\", \"step\": 356, \"epoch\": 3, \"reason\": \"epochs\"}\n{\"event");
}

/* The target puts its set's fingerprint and the hashes of its images where '@' and '#' are. */
static void put_human(void) {
    put_text("human", "answers",
             "{\"set\": \"a.h5\", \"fingerprint\": \"@\", \"split\": \"test\", \"seed\": 1, \"pictures\": 5, "
             "\"answers\": [\n{\"index\": 4, \"image\": \"#4\", \"label\": 2, \"again\": 0, \"seconds\": 1.25},\n"
             "{\"index\": 0, \"image\": \"#0\", \"label\": 0, \"again\": 0, \"seconds\": 2},\n"
             "{\"index\": 4, \"image\": \"#4\", \"label\": 1, \"again\": 1, \"seconds\": 0}]}\n");
    put_text("human", "none", "{\"split\": \"test\", \"fingerprint\": \"@\", \"answers\": []}");
}

static void put_shapes(void) {
    put_text("shapes", "layers",
             "# two\nconv 3 64 7 stride 2 pad 3 image 224x224 batch 16 input\n"
             "conv 64 64 3 pad 1 image 56x56 batch 16 times 4 # more\r\n");
    put_text("shapes", "wrong", "conv 3 64 7 stride\n");
}

/* Eight bytes that say what is wanted, and a picture. */
static void put_picture(int32_t which, const picture_spec *spec) {
    static const char *const targets[] = {"", "jpeg", "png", "webp", "bmp", "pnm"};
    size_t size;
    uint8_t *bytes = make_picture(spec, &size), *whole = malloc(8 + size);
    NEED(whole);
    memcpy(whole, (uint8_t[]){(uint8_t)which, (uint8_t)(5 * which), 9, 3, 2, 7, 12, 0}, 8);
    memcpy(whole + 8, bytes, size);
    char name[16];
    snprintf(name, sizeof name, "made%d", which);
    put(targets[spec->kind], name, whole, 8 + size);
    free(whole);
    free(bytes);
}

static void put_pictures(void) {
    enum { JPEG = RGM_PICTURE_JPEG, PNG, WEBP, BMP, PNM };
    static const picture_spec specs[] = {
        {.kind = JPEG, .C = 1},
        {.kind = JPEG, .C = 3, .orientation = 6, .profile = 1},
        {.kind = JPEG, .C = 3, .sampling = 2, .restart = 1},
        {.kind = JPEG, .C = 3, .progressive = 1, .orientation = 3},
        {.kind = JPEG, .C = 3, .progressive = 2, .sampling = 3},
        {.kind = JPEG, .C = 4, .sampling = 5},
        {.kind = PNG, .C = 1, .bits = 2, .transparent = 1},
        {.kind = PNG, .C = 2, .orientation = 8},
        {.kind = PNG, .C = 3, .bits = 16, .progressive = 1, .profile = 1},
        {.kind = PNG, .C = 4, .progressive = 1},
        {.kind = PNG, .C = 1, .bits = 4, .palette = 1, .transparent = 1},
        {.kind = WEBP, .C = 3},
        {.kind = WEBP, .C = 4, .quality = 50},
        {.kind = WEBP, .C = 3, .quality = 80, .orientation = 7, .profile = 1},
        {.kind = BMP, .C = 3},
        {.kind = BMP, .C = 1, .bits = 8, .palette = 1, .coded = 1},
        {.kind = BMP, .C = 1, .bits = 4, .palette = 1, .coded = 1},
        {.kind = BMP, .C = 1, .bits = 1, .header = 12},
        {.kind = BMP, .C = 3, .bits = 16, .coded = 2},
        {.kind = BMP, .C = 4, .bits = 32, .coded = 2, .header = 124, .top_down = 1},
        {.kind = PNM, .C = 3},
        {.kind = PNM, .C = 1, .bits = 1},
        {.kind = PNM, .C = 3, .bits = 16, .plain = 1},
        {.kind = PNM, .C = 1, .bits = 1, .plain = 1},
    };
    static uint8_t indices[37 * 44];
    for (size_t i = 0; i < sizeof indices; i++) indices[i] = (uint8_t)(i / 7 % 11);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        picture_spec spec = specs[i];
        spec.H = 37;
        spec.W = 44;
        if (spec.palette) spec.pixels = indices;
        put_picture((int32_t)i, &spec);
    }
}

int main(int argc, char **argv) {
    NEED(argc == 2);
    root = argv[1];
    put_configs();
    put_dictionary();
    put_idx();
    put_cifar();
    put_csv();
    put_npy();
    put_edits();
    put_recipes();
    put_files();
    put_metrics();
    put_human();
    put_shapes();
    put_pictures();
    return 0;
}
