#include "cli/outputs.h"

#include <string.h>
#include "base/replace.h"

/* A stream of the process: what is in a file behind it was opened by the shell. */
static int32_t is_stream(const char *path) {
    static const char *const streams[] = {"-", "/dev/stdout", "/dev/stderr"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (strcmp(path, streams[i]) == 0) return 1;
    return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0;
}

rgm_status rgm_output_check(const rgm_output *o, const char *command, rgm_error *err) {
    int error = 0;
    if (!o->path) return RGM_OK;
    if (o->how == RGM_OUTPUT_REPLACED && strcmp(o->path, "-") == 0)
        return rgm_fail(err, RGM_E_USAGE, "--%s: expected a file (/dev/stdout is standard output)", o->flag);
    if (is_stream(o->path)) return RGM_OK;
    if (o->how == RGM_OUTPUT_REPLACED) error = rgm_replace_hindered(o->path);
    if (o->how == RGM_OUTPUT_IN_PLACE) error = rgm_write_hindered(o->path);
    if (error) return rgm_fail(err, RGM_E_IO, "--%s: %.300s: %s", o->flag, o->path, strerror(error));
    if (rgm_file_begins(o->path, o->head) != RGM_BEGINS_OTHER) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "--%s: %.300s: exists, and is none that %s has written: give another name",
                    o->flag, o->path, command);
}

rgm_status rgm_outputs_apart(const rgm_output *outputs, size_t count, rgm_error *err) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const char *a = outputs[k].path, *b = outputs[i].path;
            if (!a || !b || is_stream(a) || strcmp(a, b) != 0) continue;
            return rgm_fail(err, RGM_E_USAGE, "--%s and --%s: %.300s: one name for two files", outputs[k].flag,
                            outputs[i].flag, a);
        }
    return RGM_OK;
}
