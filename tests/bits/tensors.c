/* Prints the XXH3 of every data set of an HDF5 file's groups /model and /optimizer, a line each: "HASH BYTES NAME".
 *
 *     tensors CHECKPOINT        exit code 0; 2: it cannot be read
 *     tensors -b CHECKPOINT     prints the text /text/build instead
 *
 * It reads HDF5 by HDF5's own calls alone, so it holds for any version of the format.
 */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static herr_t on_link(hid_t file, const char *name, const H5L_info_t *info, void *context) {
    (void)info, (void)context;
    if (strncmp(name, "model/", 6) != 0 && strncmp(name, "optimizer/", 10) != 0) return 0;
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    if (object < 0) return -1;
    herr_t result = 0;
    if (H5Iget_type(object) == H5I_DATASET) {
        hid_t type = H5Dget_type(object), space = H5Dget_space(object);
        hssize_t points = H5Sget_simple_extent_npoints(space);
        size_t bytes = H5Tget_size(type) * (size_t)(points < 0 ? 0 : points);
        void *data = malloc(bytes + 1);
        if (data && points >= 0 && H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0)
            printf("%016llx %zu %s\n", (unsigned long long)XXH3_64bits(data, bytes), bytes, name);
        else
            result = -1;
        free(data);
        H5Tclose(type);
        H5Sclose(space);
    }
    H5Oclose(object);
    return result;
}

/* A text is an array of bytes. */
static int print_build(hid_t file) {
    char text[4096] = "";
    hid_t object = H5Dopen2(file, "text/build", H5P_DEFAULT), type = object < 0 ? -1 : H5Dget_type(object);
    int bad = object < 0 || H5Dget_storage_size(object) >= sizeof text ||
              H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0;
    if (type >= 0) H5Tclose(type);
    if (object >= 0) H5Dclose(object);
    if (!bad) puts(text);
    return bad;
}

int main(int argc, char **argv) {
    int build = argc == 3 && strcmp(argv[1], "-b") == 0;
    if (argc != 2 && !build) {
        fprintf(stderr, "usage: tensors [-b] CHECKPOINT\n");
        return 2;
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(argv[argc - 1], H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0 || (build ? print_build(file) : H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, on_link, NULL) < 0)) {
        fprintf(stderr, "%s: cannot be read\n", argv[argc - 1]);
        return 2;
    }
    H5Fclose(file);
    return 0;
}
