#include "import_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "make_set.h"

static import_case the;
static uint8_t *kept;
static size_t kept_size;

static void take_quarantined(void *context, const char *file, const char *reason) {
    import_case *c = context;
    if (c->quarantined_count == CASE_QUARANTINED) return;
    snprintf(c->quarantined[c->quarantined_count].file, sizeof c->quarantined[0].file, "%s", file);
    snprintf(c->quarantined[c->quarantined_count++].reason, sizeof c->quarantined[0].reason, "%s", reason);
}

static void take_line(void *context, int32_t level, const char *line) {
    import_case *c = context;
    size_t used = strlen(c->said);
    (void)level;
    snprintf(c->said + used, sizeof c->said - used, "%s\n", line);
}

import_case *import_begin(void) {
    memset(&the, 0, sizeof the);
    the.folder = make_folder();
    snprintf(the.in, sizeof the.in, "%s", in_folder(the.folder, "in"));
    snprintf(the.out, sizeof the.out, "%s", in_folder(the.folder, "out.h5"));
    ck_assert_int_eq(mkdir(the.in, 0777), 0);
    the.sources[0] = the.in;
    the.options = (rgm_import_options){
        .sources = the.sources,
        .count = 1,
        .out = the.out,
        .report = &the.report,
        .pictures = {.H = 8, .W = 8, .background = {255, 255, 255}, .threads = 2, .kernels = rgm_kernels_reference(8)}};
    return &the;
}

void import_end(void) {
    free(kept);
    kept = NULL;
    remove_folder(the.folder);
}

const char *import_path(const char *name) {
    static char paths[4][5000];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", the.in, name);
    for (char *slash = strchr(path + strlen(the.in) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    return path;
}

void import_put(const char *name, const void *bytes, size_t size) { store_file(import_path(name), bytes, size); }

void import_picture(const char *name, int32_t kind, int32_t H, int32_t W, int32_t C) {
    uint64_t seed = 1;
    for (const char *c = name; *c; c++) seed = seed * 31 + (unsigned char)*c;
    const picture_spec spec = {.kind = kind, .H = H, .W = W, .C = C, .seed = seed};
    make_picture_file(import_path(name), &spec);
}

void import_expect(import_fn import, rgm_status status, const char *said) {
    rgm_log_receiver receiver = {.take = take_line, .context = &the};
    the.err = (rgm_error){0};
    the.said[0] = 0;
    the.quarantined_count = 0;
    the.report = (rgm_import_report){.take = take_quarantined, .context = &the};
    rgm_log_receive(&receiver);
    rgm_status got = import(&the.options, &the.err);
    rgm_log_release(&receiver);
    char line[RGM_ERROR_LINE] = "";
    if (got < 0) rgm_error_line(&the.err, line);
    ck_assert_msg(got == status, "status %d, expected %d: %s", got, status, line);
    const char *where = status == RGM_OK ? the.said : line;
    ck_assert_msg(!said || strstr(where, said), "expected '%s' in: %s", said, where);
}

void import_quarantined(const char *file, const char *reason) {
    for (int32_t i = 0; i < the.quarantined_count; i++) {
        size_t length = strlen(the.quarantined[i].file), tail = strlen(file);
        if (length < tail || strcmp(the.quarantined[i].file + length - tail, file) != 0) continue;
        ck_assert_msg(strstr(the.quarantined[i].reason, reason) != NULL, "%s: '%s', expected '%s'", file,
                      the.quarantined[i].reason, reason);
        return;
    }
    ck_abort_msg("%s is not quarantined", file);
}

void import_keep_bytes(void) {
    free(kept);
    kept = load_file(the.out, &kept_size);
    ck_assert_int_eq(unlink(the.out), 0);
}

void import_same(void) {
    size_t size;
    uint8_t *bytes = load_file(the.out, &size);
    size_t at = size == kept_size ? 512 : 0; /* behind the frame's checksum */
    while (at < size && at < kept_size && bytes[at] == kept[at]) at++;
    ck_assert_msg(size == kept_size && at == size, "another file: byte %zu of %zu, %zu expected", at, size, kept_size);
    free(bytes);
    char staging[4600];
    snprintf(staging, sizeof staging, "%s.import", the.out);
    ck_assert_msg(access(staging, F_OK) != 0, "the staging is left");
}

void import_two_classes(int32_t each) {
    char name[64];
    for (int32_t i = 0; i < each; i++) {
        snprintf(name, sizeof name, "cat/%03d.png", i);
        import_picture(name, RGM_PICTURE_PNG, 9 + i % 3, 11, 3);
        snprintf(name, sizeof name, "dog/%03d.jpg", i);
        import_picture(name, RGM_PICTURE_JPEG, 12, 9 + i % 4, 3);
    }
}

void import_damaged(const char *name, int32_t kind, double share, int flip) {
    const picture_spec spec = {.kind = kind, .H = 40, .W = 30, .C = 3, .seed = 5};
    size_t size;
    uint8_t *bytes = make_picture(&spec, &size);
    if (flip) bytes[size / 2] ^= 0x55;
    import_put(name, bytes, (size_t)(share * (double)size));
    free(bytes);
}
