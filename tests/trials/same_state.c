/* Compares two checkpoints, or two data sets: everything but the attribute `seconds`, the time a run took.
 *
 *     same_state A B    exit code 0: the same; 1: not, and the first difference is told; 2: one cannot be read
 *     same_state A      prints its attributes `step` and `epoch`
 *
 * It reads HDF5 by HDF5's own calls alone, so it holds for any version of the format.
 */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    hid_t a, b; /* files, or objects of one name in both */
    const char *where;
} pair;

static int differ(const char *where, const char *name, const char *what) {
    fprintf(stderr, "%s %s: %s\n", where, name, what);
    return 1;
}

/* The bytes of an attribute or a data set, in the file's own type; NULL for none. */
static void *content(hid_t object, int is_attribute, size_t *bytes) {
    hid_t type = is_attribute ? H5Aget_type(object) : H5Dget_type(object);
    hid_t space = is_attribute ? H5Aget_space(object) : H5Dget_space(object);
    hssize_t points = H5Sget_simple_extent_npoints(space);
    *bytes = H5Tget_size(type) * (size_t)(points < 0 ? 0 : points);
    void *data = calloc(*bytes + 1, 1);
    int fine =
        data && points >= 0 &&
        (is_attribute ? H5Aread(object, type, data) : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data)) >= 0;
    H5Tclose(type);
    H5Sclose(space);
    if (fine) return data;
    free(data);
    return NULL;
}

static int same_type(hid_t a, hid_t b, int is_attribute) {
    hid_t type[2] = {is_attribute ? H5Aget_type(a) : H5Dget_type(a), is_attribute ? H5Aget_type(b) : H5Dget_type(b)};
    hid_t space[2] = {is_attribute ? H5Aget_space(a) : H5Dget_space(a),
                      is_attribute ? H5Aget_space(b) : H5Dget_space(b)};
    int same = H5Tequal(type[0], type[1]) > 0 && H5Sextent_equal(space[0], space[1]) > 0;
    for (int i = 0; i < 2; i++) {
        H5Tclose(type[i]);
        H5Sclose(space[i]);
    }
    return same;
}

static int compare_content(hid_t a, hid_t b, int is_attribute, const char *where, const char *name) {
    if (!same_type(a, b, is_attribute)) return differ(where, name, "another type or shape");
    size_t bytes[2] = {0, 0};
    void *data[2] = {content(a, is_attribute, &bytes[0]), content(b, is_attribute, &bytes[1])};
    int result = 0;
    if (!data[0] || !data[1])
        result = differ(where, name, "cannot be read");
    else if (bytes[0] != bytes[1] || memcmp(data[0], data[1], bytes[0]) != 0)
        result = differ(where, name, "other content");
    free(data[0]);
    free(data[1]);
    return result;
}

static herr_t on_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
    const pair *p = context;
    (void)info;
    if (strcmp(name, "seconds") == 0) return 0;
    if (H5Aexists(p->b, name) <= 0) return differ(p->where, name, "is in one of them only");
    hid_t a = H5Aopen(object, name, H5P_DEFAULT), b = H5Aopen(p->b, name, H5P_DEFAULT);
    int result = compare_content(a, b, 1, p->where, name);
    H5Aclose(a);
    H5Aclose(b);
    return result;
}

static int compare_attributes(hid_t a, hid_t b, const char *where) {
    pair there = {a, b, where}, back = {b, a, where};
    int result = H5Aiterate2(a, H5_INDEX_NAME, H5_ITER_INC, NULL, on_attribute, &there) != 0;
    return result ? result : H5Aiterate2(b, H5_INDEX_NAME, H5_ITER_INC, NULL, on_attribute, &back) != 0;
}

static herr_t on_link(hid_t root, const char *name, const H5L_info_t *info, void *context) {
    const pair *p = context;
    (void)info;
    if (H5Lexists(p->b, name, H5P_DEFAULT) <= 0) return differ("/", name, "is in one of them only");
    hid_t a = H5Oopen(root, name, H5P_DEFAULT), b = H5Oopen(p->b, name, H5P_DEFAULT);
    int result;
    if (a < 0 || b < 0 || H5Iget_type(a) != H5Iget_type(b))
        result = differ("/", name, "not the same kind of object");
    else
        result = compare_attributes(a, b, name);
    if (!result && H5Iget_type(a) == H5I_DATASET) result = compare_content(a, b, 0, "/", name);
    H5Oclose(a);
    H5Oclose(b);
    return result;
}

static int compare(hid_t a, hid_t b) {
    pair there = {a, b, "/"}, back = {b, a, "/"};
    if (compare_attributes(a, b, "/")) return 1;
    if (H5Lvisit(a, H5_INDEX_NAME, H5_ITER_INC, on_link, &there) != 0) return 1;
    return H5Lvisit(b, H5_INDEX_NAME, H5_ITER_INC, on_link, &back) != 0;
}

static int print_progress(hid_t file) {
    static const char *const names[] = {"step", "epoch"};
    for (int i = 0; i < 2; i++) {
        long long value = -1;
        hid_t attribute = H5Aexists(file, names[i]) > 0 ? H5Aopen(file, names[i], H5P_DEFAULT) : -1;
        if (attribute < 0 || H5Aread(attribute, H5T_NATIVE_LLONG, &value) < 0) return 2;
        H5Aclose(attribute);
        printf("%s %lld%c", names[i], value, i ? '\n' : ' ');
    }
    return 0;
}

int main(int argc, char **argv) {
    hid_t file[2] = {-1, -1};
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: same_state CHECKPOINT [CHECKPOINT]\n");
        return 2;
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (int i = 1; i < argc; i++) {
        file[i - 1] = H5Fopen(argv[i], H5F_ACC_RDONLY, H5P_DEFAULT);
        if (file[i - 1] < 0) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 2;
        }
    }
    int result = argc == 3 ? compare(file[0], file[1]) : print_progress(file[0]);
    for (int i = 1; i < argc; i++) H5Fclose(file[i - 1]);
    return result;
}
