/* The loader and the registry: good plugins, old and new ones, broken ones. */
#include "check_plug.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "plug/border.h"
#include "plug/guard.h"
#ifdef __SSE__
#    include <xmmintrin.h>
#endif

/* ---- shared ---- */

static const int64_t weight_dims[] = {5, 4, 1, 5}, scale_dims[] = {20};
const rgm_tensor_info plug_weight = {.size = sizeof plug_weight,
                                     .role = RGM_TENSOR_WEIGHT,
                                     .ndim = 4,
                                     .name = "conv.weight",
                                     .dims = weight_dims,
                                     .elements = 100,
                                     .fan_in = 20,
                                     .fan_out = 25};
const rgm_tensor_info plug_scale = {.size = sizeof plug_scale,
                                    .index = 1,
                                    .role = RGM_TENSOR_SCALE,
                                    .ndim = 1,
                                    .name = "bn.weight",
                                    .dims = scale_dims,
                                    .elements = 20,
                                    .fan_in = 1,
                                    .fan_out = 1};

/* The tensors of the model lie in elements that are larger than this host's, as a newer one's would. */
typedef struct newer_tensor {
    rgm_tensor_info info;
    uint64_t more[3];
} newer_tensor;
static const newer_tensor tensors[2] = {
    {.info = {.size = sizeof(newer_tensor), .ndim = 4, .name = "conv.weight", .dims = weight_dims, .elements = 100}},
    {.info = {.size = sizeof(newer_tensor), .ndim = 1, .name = "bn.weight", .dims = scale_dims, .elements = 20}}};
static const float mean[] = {0.1f, 0.5f, 0.9f}, deviation[] = {0.2f, 0.2f, 0.2f};

const rgm_model_info plug_model = {.size = sizeof plug_model,
                                   .tensor_count = 2,
                                   .tensor_size = sizeof(newer_tensor),
                                   .classes = 10,
                                   .tensors = &tensors[0].info,
                                   .channels = 3,
                                   .height = 8,
                                   .width = 9,
                                   .batch = 16,
                                   .mean = mean,
                                   .std = deviation,
                                   .samples = 160,
                                   .input_height = 6,
                                   .input_width = 5};

rgm_clock plug_clock(uint64_t step, uint64_t steps_per_epoch, uint32_t epochs) {
    uint64_t epoch = step / steps_per_epoch;
    return (rgm_clock){.size = sizeof(rgm_clock),
                       .epoch = (uint32_t)(epoch < epochs ? epoch : epochs - 1),
                       .epochs = epochs,
                       .batch = 16,
                       .step = step,
                       .steps_per_epoch = steps_per_epoch,
                       .steps_total = steps_per_epoch * epochs,
                       .samples = step * 16};
}

const char *plug_spec_text(const rgm_spec *spec) {
    static char text[2048];
    size_t used = (size_t)snprintf(text, sizeof text, "{%s: {", spec->name);
    for (int32_t i = 0; i < spec->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", i > 0 ? ", " : "", spec->settings[i].key,
                                 spec->settings[i].value);
    snprintf(text + used, sizeof text - used, "}}");
    return text;
}

rgm_registry *plug_registry_isa(const char *file, const rgm_kernels *kernels) {
    rgm_registry *registry = NULL;
    rgm_error err = {0};
    rgm_registry_options options = {
        .files = &file, .file_count = file != NULL, .kernels = kernels, .knobs = &(rgm_registry_knobs){1, 5}};
    ck_assert_msg(rgm_registry_create(&registry, &options, &err) == RGM_OK, "%s", err.text);
    return registry;
}

rgm_registry *plug_registry(const char *file) { return plug_registry_isa(file, NULL); }

rgm_spec plug_spec(const char *name, const char *settings) {
    rgm_spec spec = {0};
    char text[512], *rest = text;
    snprintf(spec.name, sizeof spec.name, "%s", name);
    snprintf(text, sizeof text, "%s", settings);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        char *equals = strchr(word, '=');
        if (!equals) continue;
        rgm_setting *s = &spec.settings[spec.count++];
        snprintf(s->key, sizeof s->key, "%.*s", (int)(equals - word), word);
        snprintf(s->value, sizeof s->value, "%s", equals + 1);
    }
    return spec;
}

rgm_instance *plug_instance(const rgm_registry *registry, int32_t kind, const char *name, const char *settings) {
    rgm_instance *instance = NULL;
    rgm_error err = {0};
    rgm_spec spec = plug_spec(name, settings);
    rgm_clock clock = plug_clock(0, 10, 10);
    ck_assert_msg(rgm_instance_create(&instance, registry, kind, &spec, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_instance_prepare(instance, &plug_model, &clock, &err) == RGM_OK, "%s", err.text);
    return instance;
}

void plug_refused(rgm_status status, rgm_status expected, const rgm_error *err, const char *part) {
    ck_assert_msg(status == expected && err->status == expected, "status %d, expected %d: %s", status, expected,
                  err->text);
    char line[RGM_ERROR_LINE];
    rgm_error_line(err, line);
    ck_assert_msg(strstr(line, part) != NULL, "'%s' is not in '%s'", part, line);
}

/* ---- good plugins ---- */

static const char *const good_files[] = {RGM_FIXTURES "/good.so", RGM_FIXTURES "/longer/good.so",
                                         RGM_FIXTURES "/shorter/good.so"};

/* Everything that the good plugin's augmentation was told arrives. */
static void run_augmentation(const rgm_registry *registry) {
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "good", "integer=2 choice=blue");
    ck_assert_uint_eq(rgm_instance_scratch_bytes(it), 1000);
    rgm_clock clock = plug_clock(7, 10, 10);
    _Alignas(64) static char scratch[1000];
    uint8_t pixels[72] = {0};
    rgm_image in = {
        .size = sizeof in, .channels = 1, .height = 8, .width = 9, .stride_c = 1, .stride_h = 9, .stride_w = 1};
    rgm_image out = in;
    rgm_plug_call call;
    rgm_error err = {0};
    int32_t changed = 0;
    out.data = pixels;
    rgm_plug_call_init(&call, it, &clock, NULL, scratch);
    ck_assert_msg(rgm_plug_augment(&call, &in, &out, &changed, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(changed, 1);
    ck_assert_int_eq(pixels[0], 120);
    ck_assert_int_eq(pixels[1], 2 + 10 + 40);
    ck_assert_int_eq(pixels[2], 7);
    ck_assert_int_eq(pixels[3], 10);
    rgm_instance_destroy(it);
}

static void run_optimizer(const rgm_registry *registry) {
    rgm_instance *it = plug_instance(registry, RGM_OPTIMIZER, "good", "");
    float p[3] = {1, 2, 3}, g[3] = {1, 1, 1}, one[3] = {0}, two[3] = {0};
    float *slots[] = {one, two};
    rgm_span span = {.size = sizeof span,
                     .slot_count = 2,
                     .first = 10,
                     .n = 3,
                     .param = p,
                     .grad = g,
                     .slot = slots,
                     .tensor = &plug_weight,
                     .rate = rgm_plug_base_rate(it),
                     .row = 20};
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_plug_call_init(&call, it, &clock, NULL, NULL);
    ck_assert_msg(rgm_plug_update(&call, &span, &err) == RGM_OK, "%s", err.text);
    ck_assert(p[0] == 0.75f && p[2] == 2.75f && two[2] == 12.0f);
    ck_assert_uint_eq(rgm_plug_slot_count(it), 2);
    ck_assert_str_eq(rgm_plug_slot_name(it, 1), "two");
    ck_assert_ptr_null(rgm_plug_slot_name(it, 2));
    rgm_instance_destroy(it);
}

START_TEST(test_good) {
    rgm_registry *registry = plug_registry(good_files[_i]);
    size_t own = 0;
    for (size_t i = 0; i < rgm_registry_count(registry); i++) {
        const rgm_listed *l = rgm_registry_at(registry, i);
        if (strcmp(l->component->name, "good") != 0) continue;
        own++;
        ck_assert_int_eq(l->builtin, 0);
        ck_assert_str_eq(l->plugin->id, "good");
        ck_assert_str_eq(l->plugin->version, "1.2.3");
        ck_assert_str_eq(l->path, good_files[_i]);
        ck_assert_ptr_null(l->plugin->page);
    }
    ck_assert_uint_eq(own, 7);
    ck_assert_ptr_null(rgm_registry_at(registry, rgm_registry_count(registry)));
    run_augmentation(registry);
    run_optimizer(registry);
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_failures_of_calls) {
    static const struct {
        const char *settings, *part;
    } cases[] = {{"integer=4", "augmentation good (good.so): integer is 4"},
                 {"integer=-4", "failed without saying why"},
                 {"integer=-5", ", expected RGM_DONE or a failure"}};
    rgm_registry *registry = plug_registry(good_files[0]);
    rgm_clock clock = plug_clock(0, 1, 1);
    uint8_t pixels[72];
    rgm_image in = {.size = sizeof in, .channels = 1, .height = 8, .width = 9, .data = pixels}, out = in;
    rgm_plug_call call;
    int32_t changed;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rgm_error err = {0};
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "good", cases[i].settings);
        rgm_plug_call_init(&call, it, &clock, NULL, NULL);
        plug_refused(rgm_plug_augment(&call, &in, &out, &changed, &err), RGM_E_PLUGIN, &err, cases[i].part);
        rgm_instance_destroy(it);
    }
    rgm_error err = {0};
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "good", "integer=5");
    rgm_plug_call_init(&call, it, &clock, NULL, NULL);
    ck_assert_int_eq(rgm_plug_augment(&call, &in, &out, &changed, &err), RGM_OK);
    ck_assert_int_eq(changed, 0);
    out.width = 8; /* unchanged, but another size was wanted */
    plug_refused(rgm_plug_augment(&call, &in, &out, &changed, &err), RGM_E_PLUGIN, &err, "another size");
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_output_sizes) {
    rgm_registry *registry = plug_registry(good_files[0]);
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_image in = {.size = sizeof in, .channels = 1, .height = 8, .width = 9}, out;
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_instance *grows = plug_instance(registry, RGM_AUGMENTATION, "good", "flag=false integer=1");
    rgm_plug_call_init(&call, grows, &clock, NULL, NULL);
    ck_assert_int_eq(rgm_plug_augment_output(&call, &in, &out, &err), RGM_OK);
    ck_assert_int_eq(out.height, 40);
    ck_assert_int_eq(out.width, 9);
    rgm_instance *zero = plug_instance(registry, RGM_AUGMENTATION, "good", "flag=false integer=-1");
    rgm_plug_call_init(&call, zero, &clock, NULL, NULL);
    plug_refused(rgm_plug_augment_output(&call, &in, &out, &err), RGM_E_PLUGIN, &err, "1 x 0 x 9");
    rgm_instance *flip = plug_instance(registry, RGM_AUGMENTATION, "flip", "");
    rgm_plug_call_init(&call, flip, &clock, NULL, NULL);
    ck_assert_int_eq(rgm_plug_augment_output(&call, &in, &out, &err), RGM_OK);
    ck_assert_int_eq(out.height, 8);
    rgm_instance_destroy(grows);
    rgm_instance_destroy(zero);
    rgm_instance_destroy(flip);
    rgm_registry_destroy(registry);
}
END_TEST

/* Regimen's own plugins, compiled as older and newer ones, hide the installed ones and work. */
START_TEST(test_altered_builtins) {
    static const char *const folders[] = {RGM_FIXTURES "/longer/plugins", RGM_FIXTURES "/shorter/plugins"};
    rgm_registry *plain = plug_registry(NULL), *altered = plug_registry(folders[_i]);
    ck_assert_uint_eq(rgm_registry_count(altered), 2 * rgm_registry_count(plain));
    ck_assert_uint_eq(rgm_registry_refused(altered), 0);
    ck_assert_uint_ge(rgm_registry_count(plain), 18);
    for (size_t i = 0; i < rgm_registry_count(altered); i++) {
        const rgm_listed *l = rgm_registry_at(altered, i), *found;
        rgm_error err = {0};
        ck_assert_int_eq(l->hidden, l->builtin);
        if (l->hidden) continue;
        const char *name = l->component->name;
        int32_t kind = (int32_t)l->component->kind;
        ck_assert_int_eq(rgm_registry_find(altered, kind, name, &found, &err), RGM_OK);
        ck_assert_ptr_eq(found, l);
        rgm_instance *a = plug_instance(plain, kind, name, ""), *b = plug_instance(altered, kind, name, "");
        rgm_spec x, y;
        rgm_instance_spec(a, &x);
        rgm_instance_spec(b, &y);
        ck_assert_mem_eq(&x, &y, sizeof x);
        rgm_instance_destroy(a);
        rgm_instance_destroy(b);
    }
    rgm_registry_destroy(plain);
    rgm_registry_destroy(altered);
}
END_TEST

/* The example of docs/PLUGINS.md. */
START_TEST(test_documentation) {
    rgm_registry *registry = plug_registry(RGM_FIXTURES "/brightness.so");
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "brightness", "amount=1");
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_rng key = {.seed = 1, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 0)};
    uint8_t from[6] = {0, 50, 100, 150, 200, 255}, to[6];
    rgm_image in = {
        .size = sizeof in, .channels = 1, .height = 2, .width = 3, .stride_h = 3, .stride_w = 1, .data = from};
    rgm_image out = in;
    rgm_plug_call call;
    rgm_error err = {0};
    int32_t changed;
    float u;
    out.data = to;
    rgm_plug_call_init(&call, it, &clock, &key, NULL);
    ck_assert_msg(rgm_plug_augment(&call, &in, &out, &changed, &err) == RGM_OK, "%s", err.text);
    rgm_rng_uniform(&key, 0, &u, 1);
    int shift = (int)(255.0 * (2.0 * (double)u - 1.0));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(to[i], from[i] + shift < 0 ? 0 : from[i] + shift > 255 ? 255 : from[i] + shift);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- broken ones ---- */

static rgm_status load_named(const char *file, int32_t seconds, rgm_error *err) {
    rgm_registry *registry = NULL;
    rgm_registry_options options = {
        .files = &file, .file_count = 1, .folder = "", .knobs = &(rgm_registry_knobs){1, seconds}};
    rgm_status status = rgm_registry_create(&registry, &options, err);
    rgm_registry_destroy(registry);
    return status;
}

static const struct {
    const char *file, *part;
} broken[] = {
    {"broken_MAGIC.so", "not a Regimen plugin: magic 0x12345678"},
    {"broken_VERSION.so", "made for version 999 of the plugin contract, expected 1"},
    {"broken_SLOT.so", "scheduler broken: the function factor is missing"},
    {"broken_SYMBOL.so", "no symbol rgm_plugin_entry"},
    {"broken_UNDEFINED.so", "missing_function"},
    {"broken_CRASH.so", "crashes while it is loaded"},
    {"broken_EXIT.so", "exit code 3"},
    {"broken_HANG.so", "does not finish loading within 1 s"},
    {"nothing.so", "No such file"},
    {"", "is a folder"},
    {"brightness.c", "not a shared object"},
};

START_TEST(test_broken) {
    char path[512];
    rgm_error err = {0};
    snprintf(path, sizeof path, "%s/%s", RGM_FIXTURES, broken[_i].file);
    if (!*broken[_i].file) { /* a file is wanted here; the registry itself takes folders */
        const rgm_plugin *plugin;
        plug_refused(rgm_load_plugin(path, 1, &plugin, &err), RGM_E_USAGE, &err, broken[_i].part);
        return;
    }
    plug_refused(load_named(path, 1, &err), RGM_E_USAGE, &err, broken[_i].part);
    ck_assert_ptr_nonnull(strstr(err.text, broken[_i].file));
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

/* Files cut short anywhere are refused or load; none takes the process down. */
START_TEST(test_truncated) {
    char folder[] = "/tmp/regimen-plug-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/cut.so", folder);
    FILE *from = fopen(good_files[0], "rb");
    ck_assert_ptr_nonnull(from);
    static char bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    static const int permille[] = {0, 1, 5, 30, 100, 300, 500, 700, 900, 990};
    for (size_t i = 0; i < sizeof permille / sizeof *permille; i++) {
        FILE *to = fopen(path, "wb");
        ck_assert_ptr_nonnull(to);
        fwrite(bytes, 1, size * (size_t)permille[i] / 1000, to);
        fclose(to);
        rgm_error err = {0};
        rgm_status status = load_named(path, 2, &err);
        ck_assert_msg(status == RGM_OK || status == RGM_E_USAGE, "%d: %s", status, err.text);
        if (permille[i] <= 30) ck_assert_int_eq(status, RGM_E_USAGE);
    }
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    rgm_error err = {0};
    plug_refused(load_named(path, 2, &err), RGM_E_USAGE, &err, "not a regular file");
    unlink(path);
    rmdir(folder);
}
END_TEST

/* A plugin that sets another rounding, in its constructor and in a call. */
START_TEST(test_fp_state) {
#ifdef __SSE__
    uint32_t before = _mm_getcsr() & ~0x3fu;
    rgm_registry *registry = plug_registry(RGM_FIXTURES "/broken_FP.so");
    ck_assert_uint_eq(_mm_getcsr() & ~0x3fu, before);
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "broken", "");
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_error err = {0};
    double factor;
    ck_assert_int_eq(rgm_plug_factor(&it, 1, &clock, &factor, &err), RGM_OK);
    ck_assert_uint_eq(_mm_getcsr() & ~0x3fu, before);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
#endif
}
END_TEST

static void somebody(int number) { (void)number; }

/* A library that ignores SIGTERM and blocks SIGINT as it is loaded does not keep a run from being stopped. */
START_TEST(test_signals_as_before_loading) {
    struct sigaction now;
    sigset_t mask;
    struct sigaction aside = {.sa_handler = somebody, .sa_flags = SA_ONSTACK};
    signal(SIGTERM, somebody);
    signal(SIGRTMIN, somebody);
    ck_assert_int_eq(sigaction(SIGUSR1, &aside, NULL), 0);
    rgm_registry_destroy(plug_registry(RGM_FIXTURES "/broken_SIGNALS.so"));
    ck_assert_int_eq(sigaction(SIGTERM, NULL, &now), 0);
    ck_assert(now.sa_handler == somebody);
    ck_assert_int_eq(sigaction(SIGRTMIN, NULL, &now), 0);
    ck_assert(now.sa_handler == somebody);
    ck_assert_int_eq(sigaction(SIGUSR1, NULL, &now), 0);
    ck_assert_int_ne(now.sa_flags & SA_ONSTACK, 0);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGINT), 0);
}
END_TEST

/* The record of the call in progress: set by a call, cleared behind it, and told in words. */
START_TEST(test_record_of_the_call) {
    char text[128];
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "cosine", "");
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_border border;
    rgm_error err = {0};
    double factor;
    ck_assert_int_eq(rgm_guard_inside(), 0); /* prepare has been called */
    ck_assert_uint_eq(rgm_guard_text("crashed", text, sizeof text), 0);
    ck_assert_int_eq(rgm_plug_factor(&it, 1, &clock, &factor, &err), RGM_OK);
    ck_assert_int_eq(rgm_guard_inside(), 0);
    rgm_border_enter(&border, it, "factor");
    ck_assert_int_eq(rgm_guard_inside(), 1);
    ck_assert_uint_eq(rgm_guard_text("crashed", text, sizeof text), strlen(text));
    ck_assert_str_eq(text, "scheduler cosine (cosine.so, plugin cosine): crashed in factor");
    ck_assert_uint_eq(rgm_guard_text("crashed", text, 20), 19);
    ck_assert_str_eq(text, "scheduler cosine (c");
    ck_assert_int_eq(rgm_border_leave(&border), 0);
    ck_assert_int_eq(rgm_guard_inside(), 0);
    rgm_guard_signals signals;
    rgm_guard_loading("/a/b\033.so", &signals);
    ck_assert_uint_eq(rgm_guard_text("aborted", text, sizeof text), strlen(text));
    ck_assert_str_eq(text, "plugin /a/b?.so: aborted in its constructors");
    ck_assert_int_eq(rgm_guard_loaded(&signals), 0);
    ck_assert_int_eq(rgm_guard_inside(), 0);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* Rebuilding a plugin under a run: the loaded one goes on, the new one is what the next registry gets. */
START_TEST(test_replaced_file) {
    char folder[] = "/tmp/regimen-plug-XXXXXX", path[64], command[700];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.so", folder);
    snprintf(command, sizeof command, "cp %s %s", good_files[0], path);
    ck_assert_int_eq(system(command), 0);
    rgm_registry *first = plug_registry(path);
    FILE *f = fopen(path, "r+b"); /* in place: what a mapped file would not survive */
    ck_assert_ptr_nonnull(f);
    static const char zeros[20000];
    fwrite(zeros, 1, sizeof zeros, f);
    fclose(f);
    run_augmentation(first);
    snprintf(command, sizeof command, "cp %s %s", RGM_FIXTURES "/brightness.so", path);
    ck_assert_int_eq(system(command), 0);
    rgm_registry *second = plug_registry(path);
    const rgm_listed *found;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_registry_find(second, RGM_AUGMENTATION, "brightness", &found, &err), RGM_OK);
    ck_assert_int_lt(rgm_registry_find(second, RGM_AUGMENTATION, "good", &found, &err), 0);
    rgm_registry_destroy(second);
    rgm_registry_destroy(first);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* In a folder, what is refused is skipped and counted; $REGIMEN_PLUGIN_PATH is searched. */
START_TEST(test_folder_and_environment) {
    rgm_registry *registry = NULL;
    rgm_error err = {0};
    const rgm_listed *found;
    rgm_registry_options options = {.folder = "", .knobs = &(rgm_registry_knobs){.probe_seconds = 1}};
    setenv("REGIMEN_PLUGIN_PATH", ":" RGM_FIXTURES ":", 1);
    ck_assert_msg(rgm_registry_create(&registry, &options, &err) == RGM_OK, "%s", err.text);
    ck_assert_uint_eq(rgm_registry_refused(registry), 8);
    ck_assert_int_eq(rgm_registry_find(registry, RGM_LOSS, "good", &found, &err), RGM_OK);
    ck_assert_int_eq(rgm_registry_find(registry, RGM_AUGMENTATION, "brightness", &found, &err), RGM_OK);
    rgm_registry_destroy(registry);
    setenv("REGIMEN_PLUGIN_PATH", RGM_FIXTURES "/nowhere", 1);
    plug_refused(rgm_registry_create(&registry, &options, &err), RGM_E_USAGE, &err, "REGIMEN_PLUGIN_PATH");
    ck_assert_ptr_null(registry);
}
END_TEST

START_TEST(test_unknown_names) {
    rgm_registry *registry = plug_registry(NULL);
    const rgm_listed *found;
    rgm_error err = {0};
    plug_refused(rgm_registry_find(registry, RGM_AUGMENTATION, "crpo", &found, &err), RGM_E_USAGE, &err,
                 "unknown augmentation 'crpo' (nearest: 'crop')");
    plug_refused(rgm_registry_find(registry, RGM_OPTIMIZER, "onecycle", &found, &err), RGM_E_USAGE, &err,
                 "is of kind scheduler");
    plug_refused(rgm_registry_find(registry, RGM_OPTIMIZER, "zzzzzzzzzzzzzzzz", &found, &err), RGM_E_USAGE, &err,
                 "`plugin list`");
    plug_refused(rgm_registry_find(registry, RGM_OPTIMIZER, "", &found, &err), RGM_E_USAGE, &err,
                 "unknown optimizer ''");
    ck_assert_int_eq(rgm_kind_parse(rgm_kind_name(RGM_LOSS)), RGM_LOSS);
    ck_assert_int_eq(rgm_kind_parse("nonsense"), 0);
    ck_assert_str_eq(rgm_kind_name(99), "component");
    rgm_registry_destroy(registry);
}
END_TEST

/* Loads what most tests use, so that the forked tests find it loaded. */
static void preload(void) {
    for (size_t i = 0; i < sizeof good_files / sizeof *good_files; i++) {
        const char *file = good_files[i];
        rgm_registry *registry = NULL;
        rgm_registry_options options = {
            .files = &file, .file_count = 1, .knobs = &(rgm_registry_knobs){.ignore_path = 1}};
        rgm_registry_create(&registry, &options, NULL);
        rgm_registry_destroy(registry);
    }
}

int main(void) {
    preload();
    Suite *suite = suite_create("plug");
    TCase *load = tcase_create("load");
    tcase_set_timeout(load, 300);
    tcase_add_loop_test(load, test_good, 0, 3);
    tcase_add_test(load, test_failures_of_calls);
    tcase_add_test(load, test_output_sizes);
    tcase_add_loop_test(load, test_altered_builtins, 0, 2);
    tcase_add_test(load, test_documentation);
    tcase_add_loop_test(load, test_broken, 0, sizeof broken / sizeof *broken);
    tcase_add_test(load, test_truncated);
    tcase_add_test(load, test_fp_state);
    tcase_add_test(load, test_signals_as_before_loading);
    tcase_add_test(load, test_record_of_the_call);
    tcase_add_test(load, test_replaced_file);
    tcase_add_test(load, test_folder_and_environment);
    tcase_add_test(load, test_unknown_names);
    suite_add_tcase(suite, load);
    suite_add_tcase(suite, plug_case_params());
    suite_add_tcase(suite, plug_case_augment());
    suite_add_tcase(suite, plug_case_schedule());
    suite_add_tcase(suite, plug_case_update());
    suite_add_tcase(suite, plug_case_promises());
    suite_add_tcase(suite, plug_case_window());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
