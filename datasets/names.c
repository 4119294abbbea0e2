#include "names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"
#include "data/dataset.h"
#include "source.h"

enum { FILE_BYTES = 1 << 20, NAME_BYTES = 255 };

void rgm_names_free(rgm_names *names) {
    free(names->list);
    free(names->text);
    *names = (rgm_names){0};
}

static char *trim(char *text) {
    while (isspace((unsigned char)*text)) text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1])) text[--length] = 0;
    return text;
}

/* Cuts names->text in place; list[] has room for one name per separator and one more. */
static void cut(rgm_names *names, char separator) {
    char *at = names->text;
    for (;;) {
        char *next = strchr(at, separator);
        if (next) *next = 0;
        names->list[names->count++] = trim(at);
        if (!next) break;
        at = next + 1;
    }
    while (names->count && !*names->list[names->count - 1]) names->count--;
}

rgm_status rgm_names_split(rgm_names *names, const char *text, char separator, const char *what, rgm_error *err) {
    *names = (rgm_names){.text = strdup(text)};
    size_t most = 1;
    for (const char *p = text; *p; p++) most += *p == separator;
    names->list = calloc(most, sizeof *names->list);
    rgm_status status = RGM_OK;
    if (!names->text || !names->list) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", what);
        goto fail;
    }
    cut(names, separator);
    if (names->count == 0)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: no class name in it", what);
    else if (names->count > RGM_DATA_CLASSES)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %d class names, at most %d", what, names->count, RGM_DATA_CLASSES);
    for (int32_t i = 0; status == RGM_OK && i < names->count; i++)
        if (!*names->list[i] || strlen(names->list[i]) > NAME_BYTES)
            status = rgm_fail(err, RGM_E_FORMAT, "%s: class name %d is %s", what, i + 1,
                              *names->list[i] ? "longer than 255 bytes" : "empty");
    if (status == RGM_OK) return RGM_OK;
fail:
    rgm_names_free(names);
    return status;
}

rgm_status rgm_names_given(rgm_names *names, const char *text, rgm_error *err) {
    static const char *const sets[] = {"fashion-mnist", "mnist"};
    static const char *const classes[] = {"T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
                                          "0,1,2,3,4,5,6,7,8,9"};
    enum { SETS = sizeof sets / sizeof *sets };
    for (int32_t k = 0; k < SETS; k++)
        if (!strcasecmp(text, sets[k])) return rgm_names_split(names, classes[k], ',', sets[k], err);
    if (!*text || strchr(text, ',')) return rgm_names_split(names, text, ',', "names", err);
    const char *nearest = rgm_text_nearest(text, sets, SETS);
    return rgm_fail(err, RGM_E_USAGE,
                    "names '%.200s': expected names separated by commas, or fashion-mnist or mnist%s%s", text,
                    nearest ? ", nearest: " : "", nearest ? nearest : "");
}

rgm_status rgm_names_read(rgm_names *names, const char *path, rgm_error *err) {
    *names = (rgm_names){0};
    rgm_source source;
    RGM_TRY(rgm_source_open(&source, path, err));
    rgm_status status;
    char *text = NULL;
    if (source.file_size > FILE_BYTES)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %lld bytes are too many for a list of names", path,
                          (long long)source.file_size);
    else if (!(text = calloc(1, (size_t)source.file_size + 1)))
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    else
        status = rgm_source_read(&source, text, (size_t)source.file_size, "its names", err);
    if (status == RGM_OK && strlen(text) != (size_t)source.file_size)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: not a text file", path);
    if (status == RGM_OK) status = rgm_names_split(names, text, '\n', path, err);
    free(text);
    rgm_source_close(&source);
    return status;
}
