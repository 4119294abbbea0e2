#include "structure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "data/dataset.h"

enum { GROUP_PIECE = 4096 };

hid_t rgm_structure_group(hid_t parent, const char *name) {
    hid_t plist = H5Pcreate(H5P_GROUP_CREATE), group = -1;
    if (plist >= 0 && H5Pset_obj_track_times(plist, 0) >= 0)
        group = H5Gcreate2(parent, name, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (plist >= 0) H5Pclose(plist);
    return group;
}

int rgm_structure_place(hid_t group, const rgm_table_place *table, off_t *offset) {
    hid_t space = H5Screate_simple(table->rank, table->dims, NULL), plist = H5Pcreate(H5P_DATASET_CREATE), dataset = -1;
    if (space >= 0 && plist >= 0 && H5Pset_obj_track_times(plist, 0) >= 0 &&
        H5Pset_layout(plist, H5D_CONTIGUOUS) >= 0 && H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) >= 0 &&
        H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) >= 0)
        dataset = H5Dcreate2(group, table->name, table->type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    haddr_t at = dataset >= 0 ? H5Dget_offset(dataset) : HADDR_UNDEF;
    *offset = (off_t)at;
    if (dataset >= 0) H5Dclose(dataset);
    if (plist >= 0) H5Pclose(plist);
    if (space >= 0) H5Sclose(space);
    return at != HADDR_UNDEF;
}

int rgm_structure_names(hid_t group, int64_t count, int32_t bytes, off_t *offset) {
    hid_t type = H5Tcopy(H5T_C_S1);
    const rgm_table_place names = {RGM_DATA_NAMES, type, 1, {(hsize_t)count}};
    int made = type >= 0 && H5Tset_size(type, (size_t)bytes) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
               H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 && rgm_structure_place(group, &names, offset);
    if (type >= 0) H5Tclose(type);
    return made;
}

int rgm_structure_groups(hid_t group, int64_t count, off_t *offset) {
    const rgm_table_place groups = {RGM_DATA_GROUPS, H5T_STD_I32LE, 1, {(hsize_t)count}};
    return rgm_structure_place(group, &groups, offset);
}

rgm_status rgm_structure_put_groups(const rgm_file_writer *file, off_t offset, const int32_t *groups, int64_t count,
                                    rgm_error *err) {
    uint8_t piece[4 * GROUP_PIECE];
    for (int64_t at = 0; at < count; at += GROUP_PIECE) {
        const int64_t n = count - at < GROUP_PIECE ? count - at : GROUP_PIECE;
        for (int64_t i = 0; i < 4 * n; i++) piece[i] = (uint8_t)((uint32_t)groups[at + i / 4] >> (8 * (i % 4)));
        RGM_TRY(rgm_file_put(file, piece, (size_t)(4 * n), offset + (off_t)(4 * at), err));
    }
    return RGM_OK;
}

int rgm_structure_texts(hid_t object, const char *name, const char *const *texts, int32_t count) {
    hid_t type = H5Tcopy(H5T_C_S1);
    int put = type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
              rgm_structure_values(object, name, &(rgm_structure_value){type, type, count, texts});
    if (type >= 0) H5Tclose(type);
    return put;
}

int rgm_structure_values(hid_t object, const char *name, const rgm_structure_value *value) {
    hsize_t elements = (hsize_t)value->count;
    hid_t space = value->count ? H5Screate_simple(1, &elements, NULL) : H5Screate(H5S_SCALAR), attribute = -1;
    if (space >= 0) attribute = H5Acreate2(object, name, value->stored, space, H5P_DEFAULT, H5P_DEFAULT);
    int put = attribute >= 0 && H5Awrite(attribute, value->memory, value->at) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    return put;
}

int rgm_structure_root(hid_t file, const rgm_structure_words *words) {
    char transform[RGM_TRANSFORM_TEXT];
    const char *text = transform;
    int put = 1;
    if (words->class_names) put = rgm_structure_texts(file, "class_names", words->class_names, words->classes);
    if (put && words->source) put = rgm_structure_texts(file, "source", &words->source, 0);
    if (put && words->licence) put = rgm_structure_texts(file, "licence", &words->licence, 0);
    if (!put || !words->transform) return put;
    rgm_transform_print(words->transform, transform);
    return rgm_structure_texts(file, RGM_DATA_TRANSFORM, &text, 0);
}

int rgm_structure_constants(hid_t file, const rgm_channel_sums *sums) {
    double mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS];
    rgm_channel_sums_finish(sums, mean, std);
    const rgm_structure_value means = {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, sums->C, mean},
                              deviations = {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, sums->C, std};
    return rgm_structure_values(file, "mean", &means) && rgm_structure_values(file, "std", &deviations);
}

/* A signal that was caught may end the system's call (on tmpfs it does). */
rgm_status rgm_structure_reserve(const rgm_file_writer *file, int32_t split, off_t offset, off_t bytes,
                                 rgm_error *err) {
    int failed;
    do {
        failed = posix_fallocate(file->fd, offset, bytes);
    } while (failed == EINTR && !rgm_stop_asked(&file->stop));
    if (failed == EINTR)
        return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while its place on the disk was reserved", file->path);
    if (failed)
        return rgm_fail(err, RGM_E_IO, "%s: cannot reserve %lld MB for the %s split: %s", file->path,
                        (long long)(bytes / 1000000 + 1), rgm_split_name(split), strerror(failed));
    return RGM_OK;
}
