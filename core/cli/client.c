#include "cli/client.h"

#include <string.h>

static regimen_error last;

rgm_status rgm_client_fail(rgm_error *err, const regimen_error *theirs) {
    last = *theirs;
    return rgm_fail(err, theirs->status, "%s", theirs->text);
}

const char *rgm_client_line(const rgm_error *err, char line[RGM_ERROR_LINE]) {
    int32_t whole = strlen(last.text) < sizeof err->text, same = strncmp(err->text, last.text, strlen(err->text)) == 0;
    return last.text[0] && !whole && same ? last.text : rgm_error_line(err, line);
}
