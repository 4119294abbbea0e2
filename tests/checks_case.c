#include "checks_case.h"

#include <check.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "make_set.h"

static void paint(const checks_set *s, uint8_t *to, int32_t label, const rgm_rng *rng) {
    float u[2];
    int64_t pixels = (int64_t)s->side * s->side;
    float *noise = malloc(sizeof *noise * (size_t)(pixels * s->C));
    rgm_rng_uniform(rng, 0, u, 2);
    rgm_rng_normal(rng, 16, noise, (size_t)(pixels * s->C));
    double angle = 3.14159265 * label / s->classes, phase = 6.2831853 * (double)u[0], middle = 100 + 50 * (double)u[1];
    for (int64_t p = 0; p < pixels; p++) {
        double along = (double)(p % s->side) * cos(angle) + (double)(p / s->side) * sin(angle);
        for (int32_t c = 0; c < s->C; c++) {
            double v = middle + 50 * sin(1.2 * along + phase) + 6 * (double)noise[p * s->C + c] + 10 * c;
            to[p * s->C + c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
    free(noise);
}

void checks_set_make(checks_set *s, int32_t side, int32_t C, int32_t classes, const int64_t count[RGM_SPLIT_COUNT]) {
    *s = (checks_set){.side = side, .C = C, .classes = classes};
    int64_t bytes = (int64_t)side * side * C;
    for (int32_t k = 0; k < RGM_SPLIT_COUNT; k++) {
        s->count[k] = count[k];
        s->images[k] = malloc((size_t)(count[k] * bytes) + 1);
        s->labels[k] = malloc(sizeof(int32_t) * (size_t)(count[k] + 1));
        ck_assert(s->images[k] && s->labels[k]);
        for (int64_t i = 0; i < count[k]; i++) {
            const rgm_rng rng = {5, RGM_STREAM(RGM_STREAM_TEST, 91), (uint32_t)k, (uint32_t)i};
            s->labels[k][i] = (int32_t)(i % classes);
            paint(s, s->images[k] + i * bytes, s->labels[k][i], &rng);
        }
    }
}

void checks_set_free(checks_set *s) {
    for (int32_t k = 0; k < RGM_SPLIT_COUNT; k++) {
        free(s->images[k]);
        free(s->labels[k]);
    }
}

/* ---- the file ---- */

static void put(hid_t at, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data) {
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t table = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(table >= 0 && H5Dwrite(table, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(table);
    H5Sclose(space);
}

static void put_attribute(hid_t file, const checks_set *s, const char *name, double value) {
    double values[16];
    const hsize_t count = (hsize_t)s->C;
    for (int32_t c = 0; c < s->C && c < 16; c++) values[c] = value;
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t attribute = H5Acreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(H5Awrite(attribute, H5T_NATIVE_DOUBLE, values) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
}

static void put_names(hid_t file, const checks_set *s) {
    char *names = calloc((size_t)s->classes, 8);
    const hsize_t count = (hsize_t)s->classes;
    for (int32_t k = 0; k < s->classes; k++)
        names[8 * k] = 'c', names[8 * k + 1] = (char)('A' + k % 26), names[8 * k + 2] = (char)('a' + k / 26);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, NULL);
    H5Tset_size(type, 8);
    hid_t attribute = H5Acreate2(file, "class_names", type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(H5Awrite(attribute, type, names) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    free(names);
}

static void write_set(const checks_set *s, const char *path) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put_names(file, s);
    if (s->std > 0) put_attribute(file, s, "mean", s->mean);
    if (s->std > 0) put_attribute(file, s, "std", s->std);
    for (int32_t k = 0; k < RGM_SPLIT_COUNT; k++) {
        if (!s->count[k]) continue;
        const hsize_t dims[4] = {(hsize_t)s->count[k], (hsize_t)s->side, (hsize_t)s->side, (hsize_t)s->C},
                      soft[2] = {(hsize_t)s->count[k], (hsize_t)s->classes};
        hid_t group = H5Gcreate2(file, rgm_split_name(k), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        put(group, "images", H5T_NATIVE_UINT8, 4, dims, s->images[k]);
        if (k == RGM_SPLIT_TRAIN && s->soft)
            put(group, "labels", H5T_NATIVE_FLOAT, 2, soft, s->soft);
        else
            put(group, "labels", H5T_NATIVE_INT32, 1, dims, s->labels[k]);
        H5Gclose(group);
    }
    ck_assert(H5Fclose(file) >= 0);
}

/* ---- verdicts ---- */

void checks_verdicts(const checks_set *s, const char *names, const char *const *settings, rgm_verdicts *verdicts) {
    static rgm_config config;
    rgm_error err = {0};
    char *folder = make_folder();
    write_set(s, in_folder(folder, "set.h5"));
    ck_assert(rgm_config_init(&config, &err) == RGM_OK);
    rgm_config_suit(&config, "cnn", &err);
    rgm_status status = rgm_config_set(&config, "data.file", in_folder(folder, "set.h5"), &err);
    if (status >= 0) status = rgm_config_set(&config, "model.name", "cnn", &err);
    for (int32_t i = 0; status >= 0 && settings && settings[i]; i += 2)
        status = rgm_config_set(&config, settings[i], settings[i + 1], &err);
    ck_assert_msg(status >= 0, "%s", err.text);
    const rgm_check_options options = {.config = &config, .command = "regimen check", .only = names};
    status = rgm_check(&options, verdicts, &err);
    ck_assert_msg(status >= 0, "%s: %s", names, err.text);
    remove_folder(folder);
}

rgm_verdict checks_verdict(const checks_set *s, const char *name, const char *const *settings) {
    rgm_verdicts verdicts;
    checks_verdicts(s, name, settings, &verdicts);
    ck_assert_int_eq(verdicts.count, 1);
    rgm_verdict v = verdicts.list[0];
    rgm_verdicts_free(&verdicts);
    return v;
}

void checks_expect(const checks_set *s, const char *name, const char *const *settings, int32_t verdict,
                   const char *cause) {
    rgm_verdict v = checks_verdict(s, name, settings);
    ck_assert_msg(v.verdict == verdict, "%s: %s, expected %s: %s", name, rgm_verdict_name(v.verdict),
                  rgm_verdict_name(verdict), v.figure);
    if (cause) ck_assert_msg(strstr(v.cause[0], cause) != NULL, "%s: %s", name, v.cause[0]);
    if (verdict == RGM_VERDICT_PASS) ck_assert(!v.cause[0][0]);
    if (verdict == RGM_VERDICT_FAIL) ck_assert(v.cause[0][0] && (v.edit[0].key[0] || v.mend[0]));
}
