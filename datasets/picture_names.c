#include "picture_names.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 4 * PATH_MAX, PIECE_BYTES = 1 << 20 };

const char *rgm_picture_name(const rgm_list *list, int64_t i, char out[RGM_DATA_PICTURE_NAME + 1]) {
    static const char cut[] = "...";
    char shown[SHOWN];
    rgm_list_show(rgm_list_path(list, i), shown, sizeof shown);
    size_t length = strlen(shown);
    if (length <= RGM_DATA_PICTURE_NAME) return strcpy(out, shown);
    const char *end = shown + length - (RGM_DATA_PICTURE_NAME - (sizeof cut - 1));
    while (((unsigned char)*end & 0xc0) == 0x80) end++; /* not within a character */
    return strcat(strcpy(out, cut), end);
}

void rgm_picture_names_measure(rgm_picture_names *names) {
    char name[RGM_DATA_PICTURE_NAME + 1];
    memset(names->bytes, 0, sizeof names->bytes);
    for (int64_t i = 0; i < names->list->count; i++) {
        int32_t split = names->split[i];
        if (split == RGM_SPLIT_COUNT) continue;
        int32_t length = (int32_t)strlen(rgm_picture_name(names->list, i, name));
        if (length > names->bytes[split]) names->bytes[split] = length;
    }
}

static rgm_status write_split(const rgm_picture_names *names, int32_t split, char *rows, rgm_picture_names_fn put,
                              void *writer, rgm_error *err) {
    char name[RGM_DATA_PICTURE_NAME + 1];
    size_t bytes = (size_t)names->bytes[split];
    int64_t first = 0, n = 0, most = PIECE_BYTES / (int64_t)bytes;
    for (int64_t i = 0; i < names->list->count; i++) {
        if (names->split[i] != split) continue;
        memset(rows + (size_t)n * bytes, 0, bytes);
        rgm_picture_name(names->list, i, name);
        memcpy(rows + (size_t)n * bytes, name, strlen(name));
        if (++n < most) continue;
        RGM_TRY(put(writer, split, first, rows, n, err));
        first += n;
        n = 0;
    }
    return n ? put(writer, split, first, rows, n, err) : RGM_OK;
}

rgm_status rgm_picture_names_write(const rgm_picture_names *names, rgm_picture_names_fn put, void *writer,
                                   rgm_error *err) {
    char *rows = malloc(PIECE_BYTES);
    rgm_status status =
        rows ? RGM_OK
             : rgm_fail(err, RGM_E_NOMEM, "%.300s: no memory for the names of its pictures", names->list->name);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && status == RGM_OK; s++)
        if (names->bytes[s]) status = write_split(names, s, rows, put, writer, err);
    free(rows);
    return status;
}
