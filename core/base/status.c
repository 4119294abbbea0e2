#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

static const struct {
    const char *text;
    int exit_code;
} statuses[RGM_STATUS_COUNT] = {
    [-RGM_OK] = {"success", 0},
    [-RGM_E_VERDICT] = {"a check failed", 1},
    [-RGM_E_USAGE] = {"wrong usage", 2},
    [-RGM_E_FORMAT] = {"malformed file", 2},
    [-RGM_E_UNSUPPORTED] = {"unsupported", 2},
    [-RGM_E_IO] = {"input/output error", 3},
    [-RGM_E_NOMEM] = {"out of memory", 3},
    [-RGM_E_NUMERIC] = {"numeric failure", 4},
    [-RGM_E_PLUGIN] = {"plugin failure", 5},
    [-RGM_E_INTERRUPTED] = {"interrupted", 130},
    [-RGM_E_INTERNAL] = {"internal error", 3},
};

static int known(rgm_status status) { return status <= 0 && status > -RGM_STATUS_COUNT; }

const char *rgm_status_text(rgm_status status) { return known(status) ? statuses[-status].text : "unknown status"; }

int rgm_status_exit_code(rgm_status status) { return known(status) ? statuses[-status].exit_code : 3; }

rgm_status rgm_fail(rgm_error *err, rgm_status status, const char *format, ...) {
    if (!err) return status;
    err->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    rgm_text_clean(err->text);
    return status;
}

rgm_status rgm_fail_in(rgm_error *err, const char *format, ...) {
    if (!err) return RGM_E_INTERNAL;
    char context[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    size_t used = (size_t)snprintf(err->text, sizeof err->text, "%s: ", context);
    snprintf(err->text + used, sizeof err->text - used, "%.*s", (int)(sizeof err->text - used - 1), old);
    rgm_text_clean(err->text);
    return err->status;
}
