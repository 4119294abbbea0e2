#include "encoded_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "datasets/encoded_writer.h"

#define NEED(condition) ck_assert_msg(condition, "%s", #condition)

picture_spec encoded_spec(const encoded_set *set, int32_t split, int64_t index) {
    int32_t i = (int32_t)index, least = set->large ? 100 : 20, range = set->large ? 61 : 41;
    return (picture_spec){.kind = i % 5 == 4 ? RGM_PICTURE_PNG : RGM_PICTURE_JPEG,
                          .H = least + (i * 7 + split * 3) % range,
                          .W = least + (i * 11 + split * 5) % range,
                          .C = set->C ? set->C : 3,
                          .orientation = i % 7 == 3 && i % 5 != 4 ? 6 : 0,
                          .seed = (uint64_t)(100 * split + i)};
}

uint8_t *encoded_file(const encoded_set *set, int32_t split, int64_t index, size_t *size) {
    picture_spec spec = encoded_spec(set, split, index);
    return make_picture(&spec, size);
}

/* Upright. */
static void find_size(const picture_spec *spec, int32_t size[2]) {
    int32_t turned = spec->orientation >= 5;
    size[0] = turned ? spec->W : spec->H;
    size[1] = turned ? spec->H : spec->W;
}

/* ---- by the writer ---- */

static void add_sums(rgm_channel_sums *sums, const uint8_t *file, size_t size) {
    rgm_decoder *decoder;
    rgm_picture picture;
    rgm_error err = {0};
    const rgm_decode_want want = {.C = sums->C, .background = {255, 255, 255}};
    NEED(rgm_decoder_create(&decoder, &err) == RGM_OK);
    ck_assert_msg(rgm_decode(decoder, &(rgm_bytes){file, size, "a picture"}, &want, &picture, &err) == RGM_OK, "%s",
                  err.text);
    for (int64_t h = 0; h < picture.H; h++) rgm_channel_sums_add(sums, picture.pixels + h * picture.pitch, picture.W);
    rgm_decoder_destroy(decoder);
}

static void write_pictures(rgm_encoded_writer *writer, const encoded_set *set, rgm_channel_sums *sums) {
    rgm_error err = {0};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int32_t i = 0; i < set->count[s]; i++) {
            size_t size;
            int32_t sides[2];
            picture_spec spec = encoded_spec(set, s, i);
            uint8_t *file = make_picture(&spec, &size);
            find_size(&spec, sides);
            if (s == RGM_SPLIT_TRAIN) add_sums(sums, file, size);
            const rgm_encoded_picture p = {file, (int64_t)size, sides[0], sides[1], i % ENCODED_CLASSES};
            ck_assert_msg(rgm_encoded_writer_add(writer, s, &p, &err) == RGM_OK, "%s", err.text);
            free(file);
        }
}

static void make_framed(const char *path, const encoded_set *set) {
    static const char *const names[ENCODED_CLASSES] = {"ant", "bee", "cat"};
    rgm_error err = {0};
    rgm_encoded_writer *writer;
    rgm_encoded_options options = {.path = path,
                                   .replace = 1,
                                   .C = set->C ? set->C : 3,
                                   .classes = ENCODED_CLASSES,
                                   .class_names = names,
                                   .source = "a test",
                                   .transform = set->transform,
                                   .background = {255, 255, 255}};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        options.count[s] = set->count[s];
        for (int32_t i = 0; i < set->count[s]; i++) {
            size_t size;
            free(encoded_file(set, s, i, &size));
            options.bytes[s] += (int64_t)size;
        }
    }
    rgm_channel_sums sums = {.C = options.C};
    ck_assert_msg(rgm_encoded_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
    write_pictures(writer, set, &sums);
    ck_assert_msg(rgm_encoded_writer_finish(writer, set->constants ? &sums : NULL, &err) == RGM_OK, "%s", err.text);
    rgm_encoded_writer_destroy(writer);
}

/* ---- by HDF5 ---- */

void make_tables(const encoded_set *set, int32_t split, encoded_tables *t) {
    size_t count = (size_t)set->count[split];
    *t = (encoded_tables){.offsets_count = count + 1, .sizes_count = count, .labels_count = count};
    t->offsets = calloc(count + 1, sizeof *t->offsets);
    t->sizes = calloc(count, sizeof *t->sizes);
    t->labels = calloc(count, sizeof *t->labels);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        picture_spec spec = encoded_spec(set, split, (int64_t)i);
        uint8_t *file = make_picture(&spec, &size);
        find_size(&spec, t->sizes[i]);
        t->encoded = realloc(t->encoded, t->bytes + size);
        memcpy(t->encoded + t->bytes, file, size);
        free(file);
        t->bytes += size;
        t->offsets[i + 1] = (int64_t)t->bytes;
        t->labels[i] = (int64_t)i % ENCODED_CLASSES;
    }
}

void free_tables(encoded_tables *t) {
    free(t->encoded);
    free(t->offsets);
    free(t->sizes);
    free(t->labels);
}

/* What is written: integers of a type, [rows] or [rows][columns]. */
typedef struct table {
    const char *name;
    hid_t type;
    hsize_t rows, columns;
    const void *data;
} table;

static void put_table(hid_t group, const table *t, hsize_t chunk) {
    const hsize_t dims[2] = {t->rows, t->columns};
    hid_t space = H5Screate_simple(t->columns ? 2 : 1, dims, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) NEED(H5Pset_chunk(plist, 1, &chunk) >= 0);
    hid_t dataset = H5Dcreate2(group, t->name, t->type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    NEED(H5Dwrite(dataset, t->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) >= 0);
    H5Dclose(dataset);
    H5Pclose(plist);
    H5Sclose(space);
}

void put_tables(hid_t file, int32_t split, const encoded_tables *t, hsize_t chunk) {
    hid_t group = H5Gcreate2(file, rgm_split_name(split), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_table(group, &(table){"encoded", H5T_NATIVE_UINT8, t->bytes, 0, t->encoded}, chunk);
    put_table(group, &(table){"offsets", H5T_NATIVE_INT64, t->offsets_count, 0, t->offsets}, 0);
    if (t->sizes) put_table(group, &(table){"sizes", H5T_NATIVE_INT32, t->sizes_count, 2, t->sizes}, 0);
    put_table(group, &(table){"labels", H5T_NATIVE_INT64, t->labels_count, 0, t->labels}, 0);
    H5Gclose(group);
}

void put_integers(hid_t file, const char *name, int32_t count, const int32_t *values) {
    hsize_t elements = (hsize_t)count;
    hid_t space = H5Screate_simple(1, &elements, NULL);
    hid_t attribute = H5Acreate2(file, name, H5T_NATIVE_INT32, space, H5P_DEFAULT, H5P_DEFAULT);
    NEED(H5Awrite(attribute, H5T_NATIVE_INT32, values) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
}

static void make_foreign(const char *path, const encoded_set *set) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    NEED(file >= 0);
    if (!set->bare) put_integers(file, "channels", 1, &(int32_t){set->C ? set->C : 3});
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        encoded_tables tables;
        if (!set->count[s]) continue;
        make_tables(set, s, &tables);
        if (set->bare) {
            free(tables.sizes);
            tables.sizes = NULL;
        }
        put_tables(file, s, &tables, 0);
        free_tables(&tables);
    }
    H5Fclose(file);
}

void make_encoded(const char *path, const encoded_set *set) {
    if (set->foreign)
        make_foreign(path, set);
    else
        make_framed(path, set);
}

/* ---- damage ---- */

void flip_byte(const char *path, int64_t offset) {
    FILE *file = fopen(path, "r+b");
    NEED(file && fseek(file, (long)offset, SEEK_SET) == 0);
    int byte = getc(file);
    NEED(byte != EOF && fseek(file, (long)offset, SEEK_SET) == 0);
    NEED(putc(byte ^ 0x40, file) != EOF && fclose(file) == 0);
}

int64_t encoded_offset(const char *path, int32_t split, int64_t index) {
    char name[32];
    int64_t places[4096];
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    snprintf(name, sizeof name, "%s/offsets", rgm_split_name(split));
    hid_t offsets = H5Dopen2(file, name, H5P_DEFAULT);
    snprintf(name, sizeof name, "%s/encoded", rgm_split_name(split));
    hid_t encoded = H5Dopen2(file, name, H5P_DEFAULT);
    NEED(H5Dread(offsets, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, places) >= 0);
    int64_t at = (int64_t)H5Dget_offset(encoded) + places[index];
    H5Dclose(offsets);
    H5Dclose(encoded);
    H5Fclose(file);
    return at;
}
