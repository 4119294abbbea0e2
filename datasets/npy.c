#include "npy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

enum { MAGIC_BYTES = 8, MEMBERS_MOST = 10000 };
static const char magic[6] = "\x93NUMPY";

/* ---- the header ---- */

/* Where in the header's text parsing is. */
struct text {
    const char *at, *end, *what;
};

static rgm_status odd(const struct text *t, const char *expected, rgm_error *err) {
    char found[24];
    size_t n = 0;
    for (const char *c = t->at; c < t->end && n < sizeof found - 1; c++) found[n++] = *c >= 32 && *c < 127 ? *c : '?';
    found[n] = 0;
    return rgm_fail(err, RGM_E_FORMAT, "%s: its header: expected %s, found '%s'", t->what, expected, found);
}

static void skip_blanks(struct text *t) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t')) t->at++;
}

/* Skips a sign if it is next. */
static int next_is(struct text *t, char sign) {
    skip_blanks(t);
    if (t->at == t->end || *t->at != sign) return 0;
    t->at++;
    return 1;
}

static int next_word(struct text *t, const char *word) {
    size_t length = strlen(word);
    skip_blanks(t);
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0) return 0;
    t->at += length;
    return 1;
}

/* A text in quotes, without escapes. */
static rgm_status read_quoted(struct text *t, char out[32], rgm_error *err) {
    skip_blanks(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) return odd(t, "a text in quotes", err);
    const char *from = t->at + 1, *to = memchr(from, *t->at, (size_t)(t->end - from));
    if (!to || to - from >= 32) return odd(t, "a short text in quotes", err);
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = 0;
    t->at = to + 1;
    return RGM_OK;
}

/* "(60000, 28, 28)", "(5,)", "()". */
static rgm_status read_shape(struct text *t, rgm_npy_head *head, rgm_error *err) {
    if (!next_is(t, '(')) return odd(t, "a shape in parentheses", err);
    head->elements = 1;
    for (head->rank = 0; !next_is(t, ')');) {
        int64_t value = 0;
        const char *from = t->at;
        for (; t->at < t->end && isdigit((unsigned char)*t->at) && t->at - from < 18; t->at++)
            value = 10 * value + (*t->at - '0');
        if (t->at == from) return odd(t, "an extent", err);
        if (head->rank == RGM_NPY_RANK)
            return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: an array of more than %d dimensions", t->what, RGM_NPY_RANK);
        head->shape[head->rank++] = value;
        if (__builtin_mul_overflow(head->elements, value, &head->elements))
            return rgm_fail(err, RGM_E_FORMAT, "%s: its header: a shape of more than 2^63 elements", t->what);
        if (next_is(t, ',')) {
            skip_blanks(t);
            continue;
        }
        if (!next_is(t, ')')) return odd(t, "a comma or the end of the shape", err);
        return RGM_OK;
    }
    return RGM_OK;
}

/* "|u1", "<i8", ">f4". */
static rgm_status read_type(struct text *t, rgm_npy_head *head, rgm_error *err) {
    char code[32], *end;
    skip_blanks(t);
    if (t->at < t->end && *t->at == '[')
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: an array of records: expected plain numbers", t->what);
    RGM_TRY(read_quoted(t, code, err));
    const char *kind = code + (code[0] && strchr("<>|=", code[0]) != NULL);
    long bytes = *kind && isdigit((unsigned char)kind[1]) ? strtol(kind + 1, &end, 10) : 0;
    if (!*kind || !strchr("uifbcOSUVMm", *kind) || (*kind != 'O' && (bytes < 0 || bytes > 1 << 20 || (bytes && *end))))
        return rgm_fail(err, RGM_E_FORMAT, "%s: its header: unknown type '%.20s'", t->what, code);
    if (!strchr("uifb", *kind) || bytes < 1 || bytes > 16)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: elements of type '%.20s': expected numbers (remedy for labels that are texts: "
                        "np.unique(y, return_inverse=True)[1])",
                        t->what, code);
    head->kind = *kind;
    head->bytes = (int32_t)bytes;
    head->big = code[0] == '>';
    return RGM_OK;
}

static rgm_status read_fields(struct text *t, rgm_npy_head *head, rgm_error *err) {
    int seen = 0;
    if (!next_is(t, '{')) return odd(t, "'{'", err);
    while (!next_is(t, '}')) {
        char key[32];
        RGM_TRY(read_quoted(t, key, err));
        if (!next_is(t, ':')) return odd(t, "':'", err);
        int bit = strcmp(key, "descr") == 0           ? 1
                  : strcmp(key, "fortran_order") == 0 ? 2
                  : strcmp(key, "shape") == 0         ? 4
                                                      : 0;
        if (!bit || (seen & bit)) return odd(t, "one each of descr, fortran_order and shape", err);
        seen |= bit;
        if (bit == 1) RGM_TRY(read_type(t, head, err));
        if (bit == 4) RGM_TRY(read_shape(t, head, err));
        if (bit == 2) {
            head->fortran = next_word(t, "True");
            if (!head->fortran && !next_word(t, "False")) return odd(t, "True or False", err);
        }
        if (next_is(t, ',')) continue;
        if (!next_is(t, '}')) return odd(t, "'}'", err);
        break;
    }
    if (seen != 7) return rgm_fail(err, RGM_E_FORMAT, "%s: its header lacks descr, fortran_order or shape", t->what);
    skip_blanks(t);
    return t->at == t->end ? RGM_OK : odd(t, "its end", err);
}

rgm_status rgm_npy_parse(rgm_npy_head *head, const void *bytes, size_t size, size_t *need, const char *what,
                         rgm_error *err) {
    const uint8_t *b = bytes;
    *need = MAGIC_BYTES + 4;
    if (size < *need) return RGM_OK;
    if (memcmp(b, magic, sizeof magic) != 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: not an array of NumPy (.npy)", what);
    if (b[6] < 1 || b[6] > 3)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: format version %d of .npy: expected 1, 2 or 3", what, b[6]);
    size_t words = b[6] == 1 ? 2 : 4, length = b[8] | (size_t)b[9] << 8;
    if (words == 4) length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > RGM_NPY_HEADER)
        return rgm_fail(err, RGM_E_FORMAT, "%s: a header of %zu bytes: at most %d", what, length, RGM_NPY_HEADER);
    *need = MAGIC_BYTES + words + length;
    if (*need < MAGIC_BYTES + 4) return rgm_fail(err, RGM_E_FORMAT, "%s: an empty header", what);
    if (size < *need) return RGM_OK;
    *head = (rgm_npy_head){.head_bytes = *need};
    const char *from = (const char *)b + MAGIC_BYTES + words;
    struct text t = {.at = from, .end = from + length, .what = what};
    RGM_TRY(read_fields(&t, head, err));
    int64_t whole;
    if (__builtin_mul_overflow(head->elements, (int64_t)head->bytes, &whole))
        return rgm_fail(err, RGM_E_FORMAT, "%s: its header: more than 2^63 bytes", what);
    return RGM_OK;
}

const char *rgm_npy_type(const rgm_npy_head *head, char text[RGM_NPY_TEXT]) {
    const char *name = head->kind == 'u' ? "uint" : head->kind == 'i' ? "int" : head->kind == 'f' ? "float" : "bool";
    if (head->kind == 'b')
        snprintf(text, RGM_NPY_TEXT, "bool");
    else
        snprintf(text, RGM_NPY_TEXT, "%s%d%s", name, 8 * head->bytes, head->big ? ", big-endian" : "");
    return text;
}

const char *rgm_npy_shape(const rgm_npy_head *head, char text[RGM_NPY_TEXT]) {
    size_t used = (size_t)snprintf(text, RGM_NPY_TEXT, "[");
    for (int32_t i = 0; i < head->rank && used < RGM_NPY_TEXT; i++)
        used += (size_t)snprintf(text + used, RGM_NPY_TEXT - used, "%s%lld", i ? ", " : "", (long long)head->shape[i]);
    if (used < RGM_NPY_TEXT) snprintf(text + used, RGM_NPY_TEXT - used, "]");
    return text;
}

/* ---- files and archives ---- */

static rgm_status archive_failed(rgm_error *err, const char *name, zip_error_t *why) {
    int kind = zip_error_code_zip(why);
    rgm_status status = kind == ZIP_ER_MEMORY                        ? RGM_E_NOMEM
                        : kind == ZIP_ER_READ || kind == ZIP_ER_OPEN ? RGM_E_IO
                        : kind == ZIP_ER_ENCRNOTSUPP || kind == ZIP_ER_NOPASSWD || kind == ZIP_ER_COMPNOTSUPP
                            ? RGM_E_UNSUPPORTED
                            : RGM_E_FORMAT;
    return rgm_fail(err, status, "%s: %s: %s", name, status == RGM_E_FORMAT ? "damaged archive" : "cannot read",
                    zip_error_strerror(why));
}

/* libzip works on a stream of its own over the file, which is opened once. */
static rgm_status open_archive(const char *path, struct zip **archive, rgm_error *err) {
    zip_error_t why;
    struct stat st;
    *archive = NULL;
    if (stat(path, &st) != 0) return rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_USAGE, "%.300s: not a regular file", path);
    zip_error_init(&why);
    zip_source_t *source = zip_source_file_create(path, 0, -1, &why);
    if (source) *archive = zip_open_from_source(source, ZIP_RDONLY, &why);
    if (!*archive && source) zip_source_free(source);
    rgm_status status = RGM_OK;
    if (!*archive && zip_error_code_zip(&why) == ZIP_ER_NOZIP)
        status = rgm_fail(err, RGM_E_FORMAT, "%.300s: not an archive of NumPy (.npz)", path);
    else if (!*archive)
        status = archive_failed(err, path, &why);
    zip_error_fini(&why);
    return status;
}

rgm_status rgm_npy_members(const char *path, char ***names, rgm_error *err) {
    struct zip *archive;
    *names = NULL;
    RGM_TRY(open_archive(path, &archive, err));
    int64_t count = zip_get_num_entries(archive, 0);
    rgm_status status = RGM_OK;
    if (count > MEMBERS_MOST)
        status = rgm_fail(err, RGM_E_UNSUPPORTED, "%.300s: an archive of %lld files", path, (long long)count);
    size_t bytes = 0;
    for (int64_t i = 0; status == RGM_OK && i < count; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
        bytes += strlen(name ? name : "") + 1;
    }
    char **list = status == RGM_OK ? malloc(((size_t)count + 1) * sizeof *list + bytes) : NULL;
    if (status == RGM_OK && !list) status = rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", path);
    char *text = list ? (char *)(list + count + 1) : NULL;
    for (int64_t i = 0; list && i < count; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
        list[i] = strcpy(text, name ? name : "");
        text += strlen(text) + 1;
    }
    if (list) list[count] = NULL;
    *names = list;
    zip_discard(archive);
    return status;
}

/* Up to `size` bytes; fewer at the end. */
static rgm_status get(rgm_npy *array, void *to, size_t size, size_t *got, rgm_error *err) {
    for (*got = 0; *got < size;) {
        int64_t n = array->archive ? zip_fread(array->member, (char *)to + *got, size - *got)
                                   : read(array->fd, (char *)to + *got, size - *got);
        if (n < 0 && !array->archive && errno == EINTR) continue;
        if (n < 0 && array->archive) return archive_failed(err, array->name, zip_file_get_error(array->member));
        if (n < 0) return rgm_fail(err, RGM_E_IO, "%s: cannot read: %s", array->name, strerror(errno));
        if (n == 0) break;
        *got += (size_t)n;
    }
    return RGM_OK;
}

/* Opens the file or member; *size: its bytes. */
static rgm_status open_place(rgm_npy *array, const char *path, const char *member, int64_t *size, rgm_error *err) {
    struct stat st;
    zip_stat_t about;
    if (!member) {
        array->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (array->fd < 0) return rgm_fail(err, RGM_E_IO, "%s: %s", array->name, strerror(errno));
        if (fstat(array->fd, &st) != 0 || !S_ISREG(st.st_mode))
            return rgm_fail(err, RGM_E_USAGE, "%s: not a regular file", array->name);
        *size = st.st_size;
        return RGM_OK;
    }
    RGM_TRY(open_archive(path, &array->archive, err));
    zip_stat_init(&about);
    if (zip_stat(array->archive, member, 0, &about) == 0 && about.size <= INT64_MAX)
        array->member = zip_fopen(array->archive, member, 0);
    if (!array->member) return archive_failed(err, array->name, zip_get_error(array->archive));
    *size = (int64_t)about.size;
    return RGM_OK;
}

static rgm_status read_head(rgm_npy *array, int64_t size, rgm_error *err) {
    size_t need = 0, have = 0, got;
    char *bytes = malloc(MAGIC_BYTES + 4 + RGM_NPY_HEADER);
    if (!bytes) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", array->name);
    rgm_status status;
    do {
        status = rgm_npy_parse(&array->head, bytes, have, &need, array->name, err);
        if (status < 0 || need <= have) break;
        status = get(array, bytes + have, need - have, &got, err);
        have += got;
        if (status == RGM_OK && have < need)
            status = rgm_fail(err, RGM_E_FORMAT, "%s: truncated: it ends within its header", array->name);
    } while (status == RGM_OK);
    free(bytes);
    RGM_TRY(status);
    array->left = array->head.elements * array->head.bytes;
    if (size - (int64_t)array->head.head_bytes >= array->left) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: truncated: %lld bytes, its header promises %lld", array->name,
                    (long long)size, (long long)array->left + (long long)array->head.head_bytes);
}

rgm_status rgm_npy_open(rgm_npy *array, const char *path, const char *member, rgm_error *err) {
    *array = (rgm_npy){.fd = -1};
    int64_t size = 0;
    size_t length = member ? strlen(member) : 0;
    if (length > 4 && strcmp(member + length - 4, ".npy") == 0) length -= 4;
    snprintf(array->name, sizeof array->name, "%.250s%s%.*s", path, member ? ": " : "",
             (int)(length < 100 ? length : 100), member ? member : "");
    rgm_status status = open_place(array, path, member, &size, err);
    if (status == RGM_OK) status = read_head(array, size, err);
    if (status < 0) rgm_npy_close(array);
    return status;
}

rgm_status rgm_npy_read(rgm_npy *array, void *to, size_t size, rgm_error *err) {
    size_t got;
    RGM_TRY(get(array, to, size, &got, err));
    array->left -= (int64_t)got;
    if (got == size) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: truncated: %lld bytes are missing", array->name, (long long)array->left);
}

rgm_status rgm_npy_end(rgm_npy *array, rgm_error *err) {
    char more;
    size_t got;
    RGM_TRY(get(array, &more, 1, &got, err)); /* an archive compares the checksum at its end */
    if (got == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: bytes behind the end of the array", array->name);
}

void rgm_npy_close(rgm_npy *array) {
    if (array->member) zip_fclose(array->member);
    if (array->archive) zip_discard(array->archive);
    if (array->fd > 0) close(array->fd);
    *array = (rgm_npy){.fd = -1};
}
