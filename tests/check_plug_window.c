/* Augmentations that take a window of a sample: the contract, and resized_crop against torchvision's rules. */
#include "check_plug.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "picture/resize.h"

enum { H = 9, W = 11, C = 3, OH = 4, OW = 6 };

static rgm_registry *registry;
static uint8_t source[H * (W * C + 2)], result[OH * OW * C], want[OH * OW * C];
static rgm_image in, out;

static void setup(void) {
    registry = plug_registry(RGM_FIXTURES "/window.so");
    for (size_t i = 0; i < sizeof source; i++) source[i] = (uint8_t)((i * 2654435761u) >> 23);
    in = (rgm_image){.size = sizeof in,
                     .type = RGM_PIXEL_U8,
                     .channels = C,
                     .height = H,
                     .width = W,
                     .stride_c = 1,
                     .stride_h = W * C + 2,
                     .stride_w = C,
                     .data = source};
    out = in;
    out.height = OH;
    out.width = OW;
    out.stride_h = OW * C;
    out.data = result;
}
static void teardown(void) { rgm_registry_destroy(registry); }

/* One sample through it. */
static rgm_status augment(const rgm_instance *it, int32_t *changed, rgm_error *err) {
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_plug_call call;
    void *scratch = aligned_alloc(64, (rgm_plug_augment_scratch(it, &in, &out) + 63) / 64 * 64 + 64);
    ck_assert_ptr_nonnull(scratch);
    rgm_plug_call_init(&call, it, &clock, NULL, scratch);
    rgm_status status = rgm_plug_augment(&call, &in, &out, changed, err);
    free(scratch);
    return status;
}

static void resize(double top, double left, double height, double width) {
    rgm_resizer *resizer;
    const rgm_resize_source from = {
        .pixels = source, .pitch = in.stride_h, .H = H, .W = W, .C = C, .box = {top, left, height, width}};
    ck_assert_int_eq(rgm_resizer_create(&resizer, rgm_kernels_reference(16), NULL), RGM_OK);
    ck_assert_int_eq(rgm_resize(resizer, &from, &(rgm_resize_result){want, OW * C, OH, OW, OH, OW, 0, 0}, NULL),
                     RGM_OK);
    rgm_resizer_destroy(resizer);
}

/* By the host from the window, whether or not there is an apply; and by the plugin with the host's function. */
START_TEST(test_pixels) {
    static const char *const names[] = {"window", "both", "resizer"};
    for (int i = 0; i < 3; i++)
        for (int part = 0; part < 2; part++) {
            rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, names[i], part ? "how=part" : "");
            rgm_error err = {0};
            int32_t changed = -1;
            ck_assert_int_eq(rgm_plug_has_window(it), i < 2);
            memset(result, 0x5a, sizeof result);
            ck_assert_msg(augment(it, &changed, &err) == RGM_OK, "%s: %s", names[i], err.text);
            ck_assert_int_eq(changed, 1);
            resize(part ? 1.5 : 0, part ? 2 : 0, part ? 3.25 : H, part ? W - 2 : W);
            ck_assert_mem_eq(result, want, sizeof want);
            rgm_instance_destroy(it);
        }
}
END_TEST

static const struct {
    const char *settings, *window, *resizer; /* what is said of it */
} wrong[] = {
    {"how=outside", "wants the window of 9 x 11 at (0, 0.5) of 9 x 11 pixels", "the window is not inside"},
    {"how=above", "wants the window of 9 x 11 at (-0.5, 0)", "the window is not inside"},
    {"how=small", "wants the window of 0.5 x 11", "smaller than a pixel"},
    {"how=endless", "wants the window of 9 x inf", "the window is not inside"},
    {"how=nan", "nan", "the window is not inside"},
    {"how=unchanged", "left an image unchanged that must get another size", "unchanged that must get another size"},
    {"how=fail", "no window", "no window"},
    {"how=odd", "returned 7", "returned 7"},
    {"how=depth", "", "not uint8 with the same interleaved channels"},
};

START_TEST(test_wrong) {
    rgm_instance *a = plug_instance(registry, RGM_AUGMENTATION, "window", wrong[_i].settings);
    rgm_instance *b = plug_instance(registry, RGM_AUGMENTATION, "resizer", wrong[_i].settings);
    rgm_error err = {0};
    int32_t changed;
    memset(result, 0x5a, sizeof result);
    if (*wrong[_i].window) plug_refused(augment(a, &changed, &err), RGM_E_PLUGIN, &err, wrong[_i].window);
    plug_refused(augment(b, &changed, &err), RGM_E_PLUGIN, &err, wrong[_i].resizer);
    for (size_t i = 0; i < sizeof result; i++) ck_assert_uint_eq(result[i], 0x5a);
    rgm_instance_destroy(a);
    rgm_instance_destroy(b);
}
END_TEST

START_TEST(test_unchanged) {
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "window", "how=unchanged");
    rgm_error err = {0};
    int32_t changed = -1;
    in.height = OH;
    in.width = OW;
    ck_assert_int_eq(augment(it, &changed, &err), RGM_OK);
    ck_assert_int_eq(changed, 0);
    rgm_instance_destroy(it);
}
END_TEST

START_TEST(test_channels) {
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "window", "");
    rgm_error err = {0};
    int32_t changed;
    out.channels = 1;
    plug_refused(augment(it, &changed, &err), RGM_E_PLUGIN, &err, "makes 1 channels of 3");
    rgm_instance_destroy(it);
}
END_TEST

static rgm_status share_of(const char *name, const char *settings, double *share, rgm_error *err) {
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, name, settings);
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_plug_call call;
    rgm_plug_call_init(&call, it, &clock, NULL, NULL);
    rgm_status status = rgm_plug_augment_evaluation(&call, &out, share, err);
    rgm_instance_destroy(it);
    return status;
}

START_TEST(test_evaluation) {
    double share = 0;
    rgm_error err = {0};
    ck_assert_int_eq(share_of("window", "", &share, &err), RGM_OK);
    ck_assert(share == 0.5);
    ck_assert_int_eq(share_of("flip", "", &share, &err), RGM_OK);
    ck_assert(share == 1.0);
    ck_assert_int_eq(share_of("resized_crop", "", &share, &err), RGM_OK);
    ck_assert(share == 0.875);
    plug_refused(share_of("window", "share=0", &share, &err), RGM_E_PLUGIN, &err, "evaluation takes 0 of the shorter");
    plug_refused(share_of("window", "share=1.5", &share, &err), RGM_E_PLUGIN, &err, "evaluation takes 1.5");
    plug_refused(share_of("window", "how=fail", &share, &err), RGM_E_PLUGIN, &err, "no share");
}
END_TEST

START_TEST(test_refused) {
    static const char *const files[][2] = {
        {RGM_FIXTURES "/wrong/window_IN_PLACE.so", "augmentation window: works in place and has windows"},
        {RGM_FIXTURES "/wrong/window_NEITHER.so", "augmentation window: the function apply is missing"}};
    for (int i = 0; i < 2; i++) {
        rgm_registry *none = NULL;
        rgm_error err = {0};
        const rgm_registry_options options = {
            .files = &files[i][0], .file_count = 1, .folder = "", .knobs = &(rgm_registry_knobs){1, 5}};
        plug_refused(rgm_registry_create(&none, &options, &err), RGM_E_USAGE, &err, files[i][1]);
        ck_assert_ptr_null(none);
    }
}
END_TEST

/* The example of docs/PLUGINS.md. */
START_TEST(test_documentation) {
    rgm_registry *own = plug_registry(RGM_FIXTURES "/square.so");
    rgm_instance *it = plug_instance(own, RGM_AUGMENTATION, "square", "size=40");
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_plug_call call;
    rgm_window window;
    rgm_error err = {0};
    int32_t changed;
    rgm_plug_call_init(&call, it, &clock, NULL, NULL);
    ck_assert_int_eq(rgm_plug_augment_output(&call, &in, &out, &err), RGM_OK);
    ck_assert(out.height == 40 && out.width == 40);
    ck_assert_int_eq(rgm_plug_augment_window(&call, &in, &out, &window, &changed, &err), RGM_OK);
    ck_assert(window.height == H && window.width == H && window.top == 0 && window.left <= W - H);
    rgm_instance_destroy(it);
    rgm_registry_destroy(own);
}
END_TEST

/* ---- resized_crop ---- */

static rgm_window window_of(const rgm_instance *it, uint32_t sample, int32_t height, int32_t width) {
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_rng key = {.seed = 3, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 0), .epoch = 1, .sample = sample};
    rgm_image of = {.size = sizeof of, .channels = C, .height = height, .width = width};
    rgm_plug_call call;
    rgm_window window;
    rgm_error err = {0};
    int32_t changed;
    rgm_plug_call_init(&call, it, &clock, &key, NULL);
    ck_assert_msg(rgm_plug_augment_window(&call, &of, &out, &window, &changed, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(changed, 1);
    return window;
}

/* torchvision's RandomResizedCrop.get_params with these draws. */
static rgm_window rules(const rgm_rng *key, int32_t height, int32_t width, const double range[4]) {
    float u[20];
    rgm_rng_uniform(key, 0, u, 20);
    for (int i = 0; i < 10; i++) {
        const double area = (double)height * width * (range[0] + (double)u[2 * i] * (range[1] - range[0]));
        const double aspect = exp(log(range[2]) + (double)u[2 * i + 1] * (log(range[3]) - log(range[2])));
        const double w = round(sqrt(area * aspect)), h = round(sqrt(area / aspect));
        if (!(w > 0 && w <= width && h > 0 && h <= height)) continue;
        const double top = (double)rgm_rng_below(key, 10, (uint64_t)(height - h + 1));
        return (rgm_window){
            sizeof(rgm_window), 0, top, (double)rgm_rng_below(key, 11, (uint64_t)(width - w + 1)), h, w, 0};
    }
    double w = width, h = height;
    if (w / h < range[2])
        h = round(w / range[2]);
    else if (w / h > range[3])
        w = round(h * range[3]);
    return (rgm_window){sizeof(rgm_window), 0, floor((height - h) / 2), floor((width - w) / 2), h, w, 0};
}

static const struct {
    int32_t height, width;
    const char *settings;
    double range[4];
} crops[] = {
    {375, 500, "", {0.08, 1, 0.75, 4.0 / 3}},
    {500, 375, "area_low=0.5 area_high=0.6", {0.5, 0.6, 0.75, 4.0 / 3}},
    {64, 64, "aspect_low=1 aspect_high=1", {0.08, 1, 1, 1}},
    {10, 1000, "", {0.08, 1, 0.75, 4.0 / 3}}, /* never fits: the centre */
    {1000, 10, "", {0.08, 1, 0.75, 4.0 / 3}},
    {3, 2, "", {0.08, 1, 0.75, 4.0 / 3}},
    {40, 40, "area_low=1", {1, 1, 0.75, 4.0 / 3}}, /* seldom fits */
    {65535, 1, "", {0.08, 1, 0.75, 4.0 / 3}},
    {1, 1, "", {0.08, 1, 0.75, 4.0 / 3}},
};

START_TEST(test_rules) {
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "resized_crop", crops[_i].settings);
    for (uint32_t sample = 0; sample < 2000; sample++) {
        const rgm_rng key = {.seed = 3, .stream = RGM_STREAM(RGM_STREAM_AUGMENT, 0), .epoch = 1, .sample = sample};
        const rgm_window a = window_of(it, sample, crops[_i].height, crops[_i].width);
        const rgm_window b = rules(&key, crops[_i].height, crops[_i].width, crops[_i].range);
        EXPECT_MSG(a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width,
                   "sample %u: %g x %g at (%g, %g), expected %g x %g at (%g, %g)", sample, a.height, a.width, a.top,
                   a.left, b.height, b.width, b.top, b.left);
    }
    rgm_instance_destroy(it);
}
END_TEST

/* The same draws for ever. */
START_TEST(test_golden) {
    static const double golden[][4] = {{155, 324, 167, 147}, {64, 6, 250, 308},   {37, 154, 249, 253},
                                       {15, 21, 309, 318},   {11, 151, 314, 282}, {54, 44, 152, 198},
                                       {12, 34, 362, 441},   {137, 28, 203, 200}};
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "resized_crop", "");
    for (uint32_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const rgm_window w = window_of(it, i, 375, 500);
        EXPECT_MSG(w.top == golden[i][0] && w.left == golden[i][1] && w.height == golden[i][2] &&
                       w.width == golden[i][3],
                   "{%g, %g, %g, %g}", w.top, w.left, w.height, w.width);
    }
    rgm_instance_destroy(it);
}
END_TEST

/* Shares of the area, logarithms of the aspect ratio, and places are uniform where everything fits. */
START_TEST(test_distribution) {
    enum { N = 20000 };
    rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "resized_crop", "area_low=0.1 area_high=0.5");
    double sum[4] = {0}, squares[4] = {0};
    for (uint32_t sample = 0; sample < N; sample++) {
        const rgm_window w = window_of(it, sample, 3000, 3000);
        const double area = w.height * w.width / 9e6, aspect = log(w.width / w.height);
        const double x[4] = {(area - 0.1) / 0.4, (aspect - log(0.75)) / (log(4.0 / 3) - log(0.75)),
                             w.top / (3000 - w.height), w.left / (3000 - w.width)};
        for (int i = 0; i < 4; i++) sum[i] += x[i], squares[i] += x[i] * x[i];
    }
    for (int i = 0; i < 4; i++) { /* mean 1/2 and 1/3 of squares, within five standard deviations */
        EXPECT_MSG(fabs(sum[i] / N - 0.5) < 5 * sqrt(1.0 / 12 / N), "%d: %g", i, sum[i] / N);
        EXPECT_MSG(fabs(squares[i] / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N), "%d: %g", i, squares[i] / N);
    }
    rgm_instance_destroy(it);
}
END_TEST

START_TEST(test_sizes) {
    static const struct {
        const char *settings;
        int32_t height, width;
    } sizes[] = {{"", 6, 5}, {"size=32", 32, 32}};
    for (int i = 0; i < 2; i++) {
        rgm_instance *it = plug_instance(registry, RGM_AUGMENTATION, "resized_crop", sizes[i].settings);
        rgm_clock clock = plug_clock(0, 1, 1);
        rgm_plug_call call;
        rgm_image made;
        rgm_error err = {0};
        rgm_plug_call_init(&call, it, &clock, NULL, NULL);
        ck_assert_int_eq(rgm_plug_augment_output(&call, &in, &made, &err), RGM_OK);
        ck_assert(made.channels == C && made.height == sizes[i].height && made.width == sizes[i].width);
        rgm_instance_destroy(it);
    }
}
END_TEST

static const struct {
    const char *settings, *part;
    int32_t input_height;
} refusals[] = {{"area_low=0.6 area_high=0.5", "area_low 0.6 is above area_high 0.5", 8},
                {"aspect_low=2", "aspect_low 2 is above aspect_high 1.33333", 8},
                {"", "the model's image is not known: give size", 0}};

START_TEST(test_refusals) {
    rgm_spec spec = plug_spec("resized_crop", refusals[_i].settings);
    rgm_model_info model = plug_model;
    rgm_clock clock = plug_clock(0, 1, 1);
    rgm_instance *it;
    rgm_error err = {0};
    model.input_height = refusals[_i].input_height;
    ck_assert_int_eq(rgm_instance_create(&it, registry, RGM_AUGMENTATION, &spec, &err), RGM_OK);
    plug_refused(rgm_instance_prepare(it, &model, &clock, &err), RGM_E_USAGE, &err, refusals[_i].part);
    model.input_height = 8; /* an older host, whose struct has no such field */
    model.size = offsetof(rgm_model_info, input_height);
    if (_i == 2) plug_refused(rgm_instance_prepare(it, &model, &clock, &err), RGM_E_USAGE, &err, refusals[_i].part);
    rgm_instance_destroy(it);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

TCase *plug_case_window(void) {
    TCase *tc = tcase_create("windows");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_pixels);
    tcase_add_loop_test(tc, test_wrong, 0, COUNT(wrong));
    tcase_add_test(tc, test_unchanged);
    tcase_add_test(tc, test_channels);
    tcase_add_test(tc, test_evaluation);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_documentation);
    tcase_add_loop_test(tc, test_rules, 0, COUNT(crops));
    tcase_add_test(tc, test_golden);
    tcase_add_test(tc, test_distribution);
    tcase_add_test(tc, test_sizes);
    tcase_add_loop_test(tc, test_refusals, 0, COUNT(refusals));
    return tc;
}
