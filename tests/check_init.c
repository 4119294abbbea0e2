/* Initializers by names of layers, and what they do to a run: values, order, resuming, wrong patterns. */
#include <check.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "train_run.h"

static char *folder, set_path[512], last[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(set_path, sizeof set_path, "%s", in_folder(folder, "set.h5"));
    snprintf(last, sizeof last, "%s", in_folder(folder, "last.h5"));
    run_set_write(set_path, &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 24});
}

static void tear_down(void) { remove_folder(folder); }

#define FIXED                                                                                                          \
    "steps: 1\noptimizer: {sgd: {lr: 0}}\nregularize: []\naugment: []\n" /* a step that changes no parameter */

static const char *configure(const char *more) {
    static char text[2048];
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0}\nthreads: 2\nmodel: {name: resnet20, stem: small, base: 4}\n"
             "batch: 6\n%s",
             set_path, more);
    return text;
}

/* A parameter of the checkpoint, [*count], to be freed. */
static float *read_parameter(const char *name, size_t *count) {
    char place[128];
    snprintf(place, sizeof place, "/model/%s", name);
    hid_t file = H5Fopen(last, H5F_ACC_RDONLY, H5P_DEFAULT), data = H5Dopen2(file, place, H5P_DEFAULT);
    ck_assert_msg(data >= 0, "%s", place);
    hid_t space = H5Dget_space(data);
    *count = (size_t)H5Sget_simple_extent_npoints(space);
    float *values = malloc(*count * sizeof *values);
    ck_assert_int_ge(H5Dread(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Sclose(space);
    H5Dclose(data);
    H5Fclose(file);
    return values;
}

static void expect_all(const char *name, double value) {
    size_t count;
    float *values = read_parameter(name, &count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)values[i] - value) < 1e-6, "%s[%zu] = %g", name, i, (double)values[i]);
    free(values);
}

static void train(const char *more) {
    static run_result r;
    run_expect(&(run_job){.config = configure(more), .last = last}, RGM_OK, &r);
}

/* Any role is drawn, the last match wins, and what no pattern has stays as it is. */
START_TEST(by_names) {
    train(FIXED "init_layers:\n"
                "- {constant: {layers: 'layer*.weight', value: 0.25}}\n"
                "- {constant: {layers: 'layer2.?.bn2.*', value: 0.5}}\n"
                "- {constant: {layers: fc.bias, value: -1}}\n");
    expect_all("layer1.0.conv1.weight", 0.25);
    expect_all("layer1.0.bn2.weight", 0.25);
    expect_all("layer2.0.bn2.weight", 0.5);
    expect_all("layer2.1.bn2.bias", 0.5);
    expect_all("layer1.0.bn2.bias", 0);
    expect_all("fc.bias", -1);
    expect_all("bn1.weight", 1);
}
END_TEST

/* Over convolutions that start alike, those that a pattern leaves alone have the bits of a run without it. */
START_TEST(others_keep_their_bits) {
    size_t n[2];
    train(FIXED);
    float *a = read_parameter("layer3.2.conv1.weight", &n[0]);
    train(FIXED "init_layers: [{xavier: {layers: conv1.weight}}]\n");
    float *b = read_parameter("layer3.2.conv1.weight", &n[1]);
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_mem_eq(a, b, n[0] * sizeof *a);
    free(a);
    free(b);
}
END_TEST

/* Rows, or columns where those are fewer, are orthonormal; the stem is 4x9, the classifier 3x16, a vector one row. */
START_TEST(orthogonal) {
    static const struct {
        const char *name;
        int32_t rows, columns;
    } cases[] = {{"conv1.weight", 4, 9}, {"layer1.0.conv1.weight", 4, 36}, {"fc.weight", 3, 16}, {"bn1.weight", 1, 4}};
    train(FIXED "init_layers: [{orthogonal: {layers: '*', gain: 2}}]\n");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t count;
        int32_t rows = cases[k].rows, columns = cases[k].columns;
        float *w = read_parameter(cases[k].name, &count);
        ck_assert_uint_eq(count, (size_t)rows * (size_t)columns);
        for (int32_t i = 0; i < rows; i++)
            for (int32_t j = 0; j < rows; j++) {
                double sum = 0;
                for (int32_t c = 0; c < columns; c++) sum += (double)w[i * columns + c] * (double)w[j * columns + c];
                ck_assert_msg(fabs(sum - (i == j ? 4 : 0)) < 4e-6, "%s: %d %d: %g", cases[k].name, i, j, sum);
            }
        free(w);
    }
}
END_TEST

/* More rows than columns: the columns are. */
START_TEST(orthogonal_columns) {
    size_t count;
    run_set_write(set_path, &(run_set){.H = 8, .W = 8, .C = 1, .classes = 20, .train = 40});
    train(FIXED "init_layers: [{orthogonal: {layers: fc.weight}}]\n");
    float *w = read_parameter("fc.weight", &count); /* 20x16 */
    ck_assert_uint_eq(count, 320);
    for (int32_t i = 0; i < 16; i++)
        for (int32_t j = 0; j < 16; j++) {
            double sum = 0;
            for (int32_t k = 0; k < 20; k++) sum += (double)w[k * 16 + i] * (double)w[k * 16 + j];
            ck_assert_msg(fabs(sum - (i == j)) < 1e-6, "%d %d: %g", i, j, sum);
        }
    free(w);
}
END_TEST

/* No tails; the deviation of a normal cut at two deviations is 0.8796 of its own (Johnson, Kotz: 1 - 4 phi(2) / (2
 * Phi(2)
 * - 1) is its square). 2304 draws: 5 standard errors of a deviation are 5 / sqrt(2 * 2304) = 7.4 %. */
START_TEST(truncated) {
    size_t count;
    double sum = 0;
    train(FIXED "init_layers: [{truncated_normal: {layers: 'layer3.2.conv2.weight', std: 0.5}}]\n");
    float *w = read_parameter("layer3.2.conv2.weight", &count);
    ck_assert_uint_eq(count, 2304);
    for (size_t i = 0; i < count; i++) {
        ck_assert(fabsf(w[i]) <= 1.0f);
        sum += (double)w[i] * (double)w[i];
    }
    ck_assert_msg(fabs(sqrt(sum / 2304) / (0.5 * 0.8796) - 1) < 0.074, "%g", sqrt(sum / 2304));
    free(w);
}
END_TEST

START_TEST(goes_on) {
    static run_result r;
    static const char more[] = "steps: 2\ninit_layers: [{constant: {layers: 'layer?.0.bn1.weight', value: 0.5}}]\n";
    char text[3][512];
    static const char *const names[] = {"whole.h5", "half.h5", "rest.h5"};
    for (int i = 0; i < 3; i++) snprintf(text[i], sizeof text[i], "%s", in_folder(folder, names[i]));
    run_expect(&(run_job){.config = configure(more), .last = text[0]}, RGM_OK, &r);
    run_expect(&(run_job){.config = configure(more), .last = text[1], .stop_at = 1}, RGM_E_INTERRUPTED, &r);
    run_expect(&(run_job){.config = configure(more), .last = text[2], .resume = text[1]}, RGM_OK, &r);
    snprintf(last, sizeof last, "%s", text[0]);
    size_t n[2];
    float *a = read_parameter("layer1.0.conv1.weight", &n[0]);
    snprintf(last, sizeof last, "%s", text[2]);
    float *b = read_parameter("layer1.0.conv1.weight", &n[1]);
    ck_assert_mem_eq(a, b, n[0] * sizeof *a);
    free(a);
    free(b);
}
END_TEST

START_TEST(refused) {
    static const struct {
        const char *more, *word;
    } cases[] = {
        {"steps: 1\ninit_layers: [{constant: {layers: 'layer9.*', value: 1}}]\n",
         "no parameter of resnet20 is called 'layer9.*'"},
        {"steps: 1\ninit_layers: [{constant: {layers: conv1.weigth}}]\n", "as 'conv1.weight' is"},
        {"steps: 1\ninit_layers: [{constant: {value: 1}}]\n", "expected the setting layers"},
        {"steps: 1\ninit_layers: [he]\n", "expected the setting layers"},
        {"steps: 1\ninit_layers: [{constant: {layers: ''}}]\n", "expected the setting layers"},
        {"steps: 1\ninit_layers: [{constant: {layers: fc.bias, vale: 1}}]\n", "vale"},
        {"steps: 1\ninit_layers: [{sgd: {layers: fc.bias}}]\n", "sgd"},
        {"steps: 1\ninit: {he: {layers: fc.bias}}\n", "layers"},
    };
    static run_result r;
    run_expect(&(run_job){.config = configure(cases[_i].more)}, RGM_E_USAGE, &r);
    ck_assert_msg(strstr(r.error, cases[_i].word) != NULL, "%s", r.error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("init");
    TCase *test_case = tcase_create("init");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, by_names);
    tcase_add_test(test_case, others_keep_their_bits);
    tcase_add_test(test_case, orthogonal);
    tcase_add_test(test_case, orthogonal_columns);
    tcase_add_test(test_case, truncated);
    tcase_add_test(test_case, goes_on);
    tcase_add_loop_test(test_case, refused, 0, 8);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
