#include "data/weights.h"

#include <stdlib.h>
#include "data/file.h"

enum { LABEL_BYTES = 64 };

/* The label by which a checkpoint that lost its frame is known, and the user block. */
static void touch_label(hid_t file) {
    char text[LABEL_BYTES];
    hsize_t block = 0;
    hid_t plist = H5Fget_create_plist(file);
    if (plist >= 0) {
        H5Pget_userblock(plist, &block);
        H5Pclose(plist);
    }
    if (H5Aexists(file, "format") <= 0) return;
    hid_t attribute = H5Aopen(file, "format", H5P_DEFAULT), type = -1, space = -1;
    if (attribute >= 0) {
        type = H5Aget_type(attribute);
        space = H5Aget_space(attribute);
    }
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
        H5Tget_size(type) < sizeof text && H5Sget_simple_extent_type(space) == H5S_SCALAR)
        H5Aread(attribute, type, text);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    H5Eclear2(H5E_DEFAULT);
}

/* May it be read? Of any other shape or type, the reading refuses it. */
static int32_t is_readable(hid_t dataset, int64_t count) {
    hid_t plist = H5Dget_create_plist(dataset), type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hsize_t dims[H5S_MAX_RANK];
    int rank = plist >= 0 && H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, dims) : 0;
    double chunk = 1;
    for (int i = 0; i < rank; i++) chunk *= (double)dims[i];
    int32_t readable = type >= 0 && H5Tget_class(type) == H5T_FLOAT && space >= 0 &&
                       H5Sget_simple_extent_type(space) == H5S_SIMPLE &&
                       H5Sget_simple_extent_npoints(space) == (hssize_t)count && chunk <= RGM_WEIGHTS_CHUNK;
    if (plist >= 0) H5Pclose(plist);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return readable;
}

/* *read = 0: the reading refuses it and goes no further. What HDF5 cannot read is refused here already: its errors
 * leave memory behind, which is this process's then. */
static rgm_status touch_tensor(hid_t group, const rgm_input *input, const rgm_wanted *w, int32_t *read,
                               rgm_error *err) {
    hid_t dataset;
    *read = 0;
    if (!rgm_h5_exists(group, w->name)) return RGM_OK;
    rgm_status status = rgm_h5_open_dataset(group, w->name, input->path, H5P_DEFAULT, &dataset, err);
    if (status < 0) return status;
    if (is_readable(dataset, w->count)) {
        float *to = malloc((size_t)w->count * sizeof *to);
        rgm_rehearsal_allow(w->count * (int64_t)sizeof(double));
        if (!to)
            status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", input->path);
        else
            *read = H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0;
        if (to && !*read) status = rgm_h5_fail(err, RGM_E_FORMAT, input->path, w->name);
        free(to);
    }
    H5Dclose(dataset);
    return status;
}

static herr_t touch_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group, (void)name, (void)info, (void)context;
    return 0;
}

static rgm_status touch_group(hid_t group, const rgm_input *input, const rgm_wanted *wanted, int32_t count,
                              rgm_error *err) {
    for (int32_t i = 0; i < count; i++) {
        int32_t read;
        RGM_TRY(touch_tensor(group, input, &wanted[i], &read, err));
        if (!read) return RGM_OK;
    }
    if (count > 0) H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, touch_link, NULL);
    return RGM_OK;
}

rgm_status rgm_weights_rehearse(const rgm_input *input, const rgm_wanted *wanted, int32_t count, rgm_error *err) {
    hid_t file, group;
    RGM_TRY(rgm_h5_open(input, &file, err));
    rgm_status status = RGM_OK;
    touch_label(file);
    if (rgm_h5_exists(file, "model")) {
        rgm_error why = {0};
        status = rgm_h5_open_group(file, "model", input->path, &group, &why);
        if (status == RGM_OK) {
            status = touch_group(group, input, wanted, count, err);
            H5Gclose(group);
        } else if (status == RGM_E_NOMEM) {
            rgm_fail(err, status, "%s", why.text);
        } else {
            status = RGM_OK;
        }
    }
    H5Fclose(file);
    return status;
}
