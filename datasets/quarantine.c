#include "quarantine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "base/text.h"

enum { BUFFER = 1 << 16, SHOWN = 4 * 2 * PATH_MAX, FIELD = 2 * SHOWN + 8 };
static const char head[] = "file,reason\n";

const char *rgm_quarantine_path(const rgm_import_options *o, char *out, size_t size) {
    static const char *const suffixes[] = {".h5", ".hdf5", ".hdf"};
    if (o->pictures.quarantine) {
        snprintf(out, size, "%s", o->pictures.quarantine);
        return out;
    }
    size_t length = strlen(o->out);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (length > tail && strcasecmp(o->out + length - tail, suffixes[i]) == 0) {
            length -= tail;
            break;
        }
    }
    snprintf(out, size, "%.*s.quarantine.csv", (int)length, o->out);
    return out;
}

rgm_status rgm_quarantine_check(const rgm_import_options *options, rgm_error *err) {
    char path[PATH_MAX];
    if (rgm_file_begins(rgm_quarantine_path(options, path, sizeof path), head) != RGM_BEGINS_OTHER) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE,
                    "%.300s: exists, and is no list of pictures that an import left out (--quarantine: another name)",
                    path);
}

void rgm_quarantine_begin(rgm_quarantine *quarantine, const rgm_import_options *options) {
    *quarantine = (rgm_quarantine){.options = options};
}

static void put_field(rgm_quarantine *q, const char *text, char end) {
    q->used += rgm_text_csv(text, q->text + q->used, FIELD);
    q->text[q->used++] = end;
}

static rgm_status flush(rgm_quarantine *q, rgm_error *err) {
    size_t size = q->used;
    q->used = 0;
    return rgm_replace_write(&q->file, q->text, size, err);
}

static rgm_status open_file(rgm_quarantine *q, rgm_error *err) {
    rgm_import_report *report = q->options->report;
    rgm_quarantine_path(q->options, report->quarantine, sizeof report->quarantine);
    q->text = malloc(BUFFER + 2 * FIELD);
    if (!q->text) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", report->quarantine);
    RGM_TRY(rgm_replace_begin(&q->file, report->quarantine, err));
    q->open = 1;
    q->used = sizeof head - 1;
    memcpy(q->text, head, q->used);
    return RGM_OK;
}

rgm_status rgm_quarantine_add(rgm_quarantine *q, const rgm_list *list, int64_t i, const char *reason, rgm_error *err) {
    rgm_import_report *report = q->options->report;
    char shown[SHOWN], path[2 * PATH_MAX];
    if (!q->open) RGM_TRY(open_file(q, err));
    if (rgm_list_where(list, i, path, sizeof path, NULL) < 0) snprintf(path, sizeof path, "%s", rgm_list_path(list, i));
    rgm_list_show(path, shown, sizeof shown);
    put_field(q, shown, ',');
    put_field(q, reason, '\n');
    report->quarantined++;
    if (report->take) report->take(report->context, shown, reason);
    return q->used > BUFFER ? flush(q, err) : RGM_OK;
}

rgm_status rgm_quarantine_end(rgm_quarantine *q, rgm_status status, rgm_error *err) {
    char path[PATH_MAX];
    rgm_quarantine_path(q->options, path, sizeof path);
    if (!q->open && status == RGM_OK && rgm_file_begins(path, head) == RGM_BEGINS_SO) unlink(path);
    if (q->open && status == RGM_OK && q->used) status = flush(q, err);
    if (q->open) status = rgm_replace_end(&q->file, status, err);
    free(q->text);
    *q = (rgm_quarantine){0};
    return status;
}
