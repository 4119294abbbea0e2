#include "make_set.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEED(call)                                                                                                     \
    do {                                                                                                               \
        if ((call) < 0) {                                                                                              \
            fprintf(stderr, "make_set: %s\n", #call);                                                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

uint8_t make_set_pixel(int32_t split, int64_t sample, int64_t byte) {
    uint32_t v = (uint32_t)(sample * 7919 + byte * 31 + split * 101) * 2654435761u;
    return (uint8_t)(v >> 24);
}

int32_t make_set_label(const rgm_test_set *set, int32_t split, int64_t sample) {
    return (int32_t)((sample * 3 + split) % set->classes);
}

static void put(hid_t group, const char *name, hid_t file_type, hid_t memory_type, int rank, const hsize_t *dims,
                const hsize_t *chunk, int gzip, const void *data) {
    hid_t space = H5Screate_simple(rank, dims, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) NEED(H5Pset_chunk(plist, rank, chunk));
    if (chunk && gzip) {
        NEED(H5Pset_shuffle(plist));
        NEED(H5Pset_deflate(plist, 1));
        NEED(H5Pset_fletcher32(plist));
    }
    hid_t dataset = H5Dcreate2(group, name, file_type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    NEED(dataset);
    NEED(H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    H5Dclose(dataset);
    H5Pclose(plist);
    H5Sclose(space);
}

static void put_images(const rgm_test_set *set, hid_t group, int32_t split, int64_t count) {
    int64_t bytes = (int64_t)set->H * set->W * set->C;
    uint8_t *pixels = malloc((size_t)(count * bytes));
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < bytes; j++) pixels[i * bytes + j] = make_set_pixel(split, i, j);
    hsize_t dims[4] = {(hsize_t)count, (hsize_t)set->H, (hsize_t)set->W, (hsize_t)set->C};
    hsize_t chunk[4] = {(hsize_t)set->chunk, dims[1], dims[2], dims[3]};
    for (int i = 0; set->box[0] && i < 4; i++)
        chunk[i] = (hsize_t)set->box[i] < dims[i] ? (hsize_t)set->box[i] : dims[i];
    put(group, "images", H5T_STD_U8LE, H5T_NATIVE_UINT8, set->rank3 ? 3 : 4, dims,
        set->chunk || set->box[0] ? chunk : NULL, set->gzip, pixels);
    free(pixels);
}

static void put_labels(const rgm_test_set *set, hid_t group, int32_t split, int64_t count) {
    int64_t width = set->soft ? set->classes : 1;
    int64_t *labels = calloc((size_t)count, sizeof *labels);
    float *soft = calloc((size_t)(count * width), sizeof *soft);
    for (int64_t i = 0; i < count; i++) {
        labels[i] = make_set_label(set, split, i);
        if (!set->soft) continue;
        soft[i * width + labels[i]] = 0.75f;
        soft[i * width + (labels[i] + 1) % width] += 0.25f;
    }
    hsize_t dims[2] = {(hsize_t)count, (hsize_t)width}, chunk[2] = {(hsize_t)(count > 7 ? 7 : count), (hsize_t)width};
    if (set->soft)
        put(group, "labels", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2, dims, set->chunk ? chunk : NULL, set->gzip, soft);
    else
        put(group, "labels", set->label_type ? set->label_type : H5T_STD_I64LE, H5T_NATIVE_INT64, 1, dims,
            set->chunk ? chunk : NULL, set->gzip, labels);
    free(soft);
    free(labels);
}

static void put_split(const rgm_test_set *set, hid_t file, const char *name, int32_t split, int64_t count) {
    if (count == 0) return;
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    NEED(group);
    put_images(set, group, split, count);
    put_labels(set, group, split, count);
    H5Gclose(group);
}

static void put_attribute(hid_t file, const char *name, hid_t type, hsize_t count, const void *data) {
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    NEED(attribute);
    NEED(H5Awrite(attribute, type, data));
    H5Aclose(attribute);
    H5Sclose(space);
}

static void put_names(const rgm_test_set *set, hid_t file) {
    enum { WIDTH = 24 };
    char *fixed = calloc((size_t)set->classes, WIDTH);
    char **texts = calloc((size_t)set->classes, sizeof *texts);
    for (int32_t c = 0; c < set->classes; c++) {
        texts[c] = fixed + c * WIDTH;
        snprintf(texts[c], WIDTH, "class %d", c);
    }
    hid_t type = H5Tcopy(H5T_C_S1);
    NEED(H5Tset_size(type, set->names == 1 ? H5T_VARIABLE : WIDTH));
    put_attribute(file, "class_names", type, (hsize_t)set->classes, set->names == 1 ? (void *)texts : fixed);
    H5Tclose(type);
    free(texts);
    free(fixed);
}

void make_set(const char *path, const rgm_test_set *set) {
    hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (set->userblock) NEED(H5Pset_userblock(fcpl, 512));
    if (set->latest) NEED(H5Pset_libver_bounds(fapl, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl);
    NEED(file);
    H5Pclose(fcpl);
    H5Pclose(fapl);
    put_split(set, file, "train", 0, set->train);
    put_split(set, file, "test", 1, set->test);
    if (set->constants) {
        double mean[64], std[64];
        for (int c = 0; c < 64; c++) mean[c] = 0.25, std[c] = 0.5;
        put_attribute(file, "mean", H5T_NATIVE_DOUBLE, (hsize_t)set->C, mean);
        put_attribute(file, "std", H5T_NATIVE_DOUBLE, (hsize_t)set->C, std);
    }
    if (set->names) put_names(set, file);
    NEED(H5Fclose(file));
}

char *make_folder(void) {
    const char *parent = getenv("TMPDIR");
    char *folder = malloc(4096);
    snprintf(folder, 4096, "%s/regimen-test-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        abort();
    }
    return folder;
}

void remove_folder(char *folder) {
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        unlink(in_folder(folder, entry->d_name));
    }
    if (dir) closedir(dir);
    rmdir(folder);
    free(folder);
}

const char *in_folder(const char *folder, const char *name) {
    static char paths[8][4400];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void copy_to_memory(rgm_test_memory *copy, const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    *copy = (rgm_test_memory){.memory = {.name = info->path,
                                         .H = info->H,
                                         .W = info->W,
                                         .C = info->C,
                                         .classes = info->classes,
                                         .class_names = info->class_names}};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        size_t count = (size_t)info->count[s];
        if (!count) continue;
        copy->memory.count[s] = info->count[s];
        copy->memory.images[s] = copy->images[s] = malloc(count * bytes);
        copy->memory.labels[s] = copy->labels[s] = malloc(count * sizeof(int32_t));
        memcpy(copy->labels[s], rgm_dataset_labels(set, s), count * sizeof(int32_t));
        for (size_t i = 0; i < count; i++)
            NEED(rgm_dataset_read(set, s, (int64_t)i, copy->images[s] + i * bytes, NULL));
    }
}

void free_memory(rgm_test_memory *copy) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        free(copy->images[s]);
        free(copy->labels[s]);
    }
}

static rgm_dataset *open_with(const char *path, const rgm_dataset_options *options) {
    rgm_error err = {0};
    rgm_dataset *set = NULL;
    rgm_status status = rgm_dataset_open(&set, path, options, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return set;
}

rgm_dataset *open_set(const char *path, int32_t access) {
    return open_with(path, &(rgm_dataset_options){.access = access});
}

rgm_dataset *open_streamed(const char *path) {
    return open_with(path, &(rgm_dataset_options){.knobs = &(rgm_dataset_knobs){.room = -1}});
}

uint8_t *load_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert(fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    ck_assert(bytes != NULL && fread(bytes, 1, *size, file) == *size && fclose(file) == 0);
    bytes[*size] = 0;
    return bytes;
}

void store_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert(fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Expects a refusal with `status` and a line that says `word` and names the file. */
void refuse(const char *path, rgm_status status, const char *word) {
    rgm_error err = {0};
    rgm_dataset *set = NULL;
    rgm_status got = rgm_dataset_open(&set, path, NULL, &err);
    ck_assert_msg(got == status, "%s: status %d, expected %d: %s", path, got, status, err.text);
    ck_assert_ptr_null(set);
    ck_assert_msg(strstr(err.text, word) != NULL, "expected '%s' in: %s", word, err.text);
    ck_assert_msg(strstr(err.text, path) != NULL, "expected the path in: %s", err.text);
}

/* 1 if the open set holds what make_set() put there. */
int holds(const rgm_dataset *set, const rgm_test_set *made) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t bytes = (int64_t)info->H * info->W * info->C, counts[2] = {made->train, made->test};
    if (info->H != made->H || info->W != made->W || info->C != made->C) return 0;
    uint8_t *image = malloc((size_t)bytes);
    int equal = 1;
    for (int32_t s = 0; s < 2; s++) {
        if (info->count[s] != counts[s]) equal = 0;
        for (int64_t i = 0; equal && i < counts[s]; i++) {
            if (rgm_dataset_read(set, s, i, image, NULL) < 0 ||
                rgm_dataset_labels(set, s)[i] != make_set_label(made, s, i))
                equal = 0;
            for (int64_t j = 0; equal && j < bytes; j++) equal = image[j] == make_set_pixel(s, i, j);
        }
    }
    free(image);
    return equal;
}
