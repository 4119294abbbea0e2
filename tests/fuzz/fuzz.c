#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[256];
static pid_t owner; /* forked children leave the folder alone */

uint8_t fuzz_byte(fuzz_input *in) {
    if (in->left == 0) return 0;
    in->left--;
    return *in->at++;
}

uint32_t fuzz_word(fuzz_input *in) {
    uint32_t word = 0;
    for (int i = 0; i < 4; i++) word |= (uint32_t)fuzz_byte(in) << (8 * i);
    return word;
}

const uint8_t *fuzz_take(fuzz_input *in, size_t most, size_t *got) {
    const uint8_t *at = in->at;
    *got = most < in->left ? most : in->left;
    in->at += *got;
    in->left -= *got;
    return at;
}

char *fuzz_text(fuzz_input *in, char separator) {
    if (in->left == 0) return NULL;
    const uint8_t *end = memchr(in->at, separator, in->left);
    size_t length = end ? (size_t)(end - in->at) : in->left;
    char *text = malloc(length + 1);
    NEED(text);
    memcpy(text, in->at, length);
    text[length] = 0;
    in->at += length + (end != NULL);
    in->left -= length + (end != NULL);
    return text;
}

static void remove_folder(void) {
    if (getpid() != owner) return;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2) unlink(fuzz_path(entry->d_name));
    if (dir) closedir(dir);
    rmdir(folder);
}

const char *fuzz_path(const char *name) {
    static char paths[8][600];
    static int next;
    if (!folder[0]) {
        const char *parent = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/regimen-fuzz-XXXXXX", parent && *parent ? parent : "/tmp");
        NEED(mkdtemp(folder));
        owner = getpid();
        atexit(remove_folder);
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void fuzz_spill(const char *path, const void *data, size_t size) {
    FILE *out = fopen(path, "wb");
    NEED(out);
    NEED(fwrite(data, 1, size, out) == size);
    NEED(fclose(out) == 0);
}

uint8_t *fuzz_slurp(const char *path, size_t *size) {
    FILE *in = fopen(path, "rb");
    NEED(in);
    fseek(in, 0, SEEK_END);
    *size = (size_t)ftell(in);
    rewind(in);
    uint8_t *bytes = malloc(*size + 1);
    NEED(bytes);
    NEED(fread(bytes, 1, *size, in) == *size);
    bytes[*size] = 0;
    fclose(in);
    return bytes;
}

void fuzz_judge(rgm_status status, const rgm_error *err) {
    if (status >= 0) return;
    NEED(status > -RGM_STATUS_COUNT && status != RGM_E_INTERNAL);
    NEED(err->status == status && err->text[0]);
    char line[RGM_ERROR_LINE];
    for (const char *c = rgm_error_line(err, line); *c; c++) NEED((unsigned char)*c >= ' ');
}

void fuzz_limit_files(size_t bytes) {
    struct rlimit limit = {bytes, bytes};
    signal(SIGXFSZ, SIG_IGN); /* the write fails with EFBIG instead */
    setrlimit(RLIMIT_FSIZE, &limit);
}
