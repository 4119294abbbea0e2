#include "data/exclude_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "data/dataset.h"

enum { FOUND = 60, LINE_MOST = 1 << 16, DIGITS = 18 };

/* A list that is read. */
typedef struct reading {
    const rgm_exclude_lines *o;
    FILE *file;
    char *text;              /* of the line, [LINE_MOST + 1] */
    int64_t number;          /* of the line, from 1 */
    int32_t headed, vouched; /* 1: the head has been there, the fingerprint */
} reading;

const char *rgm_exclude_quote(const char *name, char *out, size_t size) {
    size_t used = 0;
    out[used++] = '"';
    for (const char *at = name; *at && used + 6 < size;) {
        size_t length = rgm_text_utf8_length((const unsigned char *)at);
        size_t bad = length ? (size_t)rgm_text_command(at) : 1;
        if (bad) {
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", (unsigned char)*at++);
            continue;
        }
        if (*at == '"' || *at == '\\') out[used++] = '\\';
        for (size_t i = 0; i < length; i++) out[used++] = *at++;
    }
    out[used++] = '"';
    out[used] = 0;
    return out;
}

/* ---- pieces of a line; each returns what is behind it, NULL: it is none ---- */

static char *skip_blanks(char *at) { return at + strspn(at, " \t"); }

static char *read_split(char *at, int32_t *split) {
    for (*split = 0; *split < RGM_SPLIT_COUNT; ++*split) {
        const char *name = rgm_split_name(*split);
        size_t length = strlen(name);
        if (strncmp(at, name, length) == 0 && (at[length] == ' ' || at[length] == '\t')) return at + length;
    }
    return NULL;
}

static char *read_index(char *at, int64_t *index) {
    size_t digits = strspn(at, "0123456789");
    if (!digits || digits > DIGITS) return NULL;
    *index = strtoll(at, NULL, 10);
    return at + digits;
}

static int32_t hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int32_t)(found - digits) : -1;
}

/* The name behind an opening quote, without its escapes, in place. */
static char *read_name(char *at) {
    char *to = at;
    while (*at && *at != '"') {
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == '"' || at[1] == '\\') {
            *to++ = at[1];
            at += 2;
        } else {
            int32_t high = at[1] == 'x' ? hex_digit(at[2]) : -1, low = high >= 0 ? hex_digit(at[3]) : -1;
            if (low < 0 || !(high | low)) return NULL;
            *to++ = (char)(16 * high + low);
            at += 4;
        }
    }
    if (!*at) return NULL;
    *to = 0;
    return at + 1;
}

/* ---- lines ---- */

static rgm_status refuse(const char *expected, const char *found, rgm_error *err) {
    char shown[FOUND + 1];
    snprintf(shown, sizeof shown, "%s", found);
    shown[rgm_text_within(shown, FOUND)] = 0;
    rgm_text_clean(shown);
    return rgm_fail(err, RGM_E_USAGE, "expected %s, found '%s'", expected, shown);
}

static rgm_status read_entry(char *text, rgm_exclude_line *line, rgm_error *err) {
    static const char form[] = "SPLIT INDEX, such as 'train 12', with a name in quotes or without";
    char *whole = strdup(text); /* for the message: names are read in place */
    if (!whole) return rgm_fail(err, RGM_E_NOMEM, "out of memory");
    char *at = read_split(text, &line->split);
    if (at) at = read_index(skip_blanks(at), &line->index);
    if (at && *at && *at != ' ' && *at != '\t') at = NULL;
    if (at) at = skip_blanks(at);
    if (at && *at == '"') {
        line->name = at + 1;
        at = read_name(at + 1);
        if (at) at = skip_blanks(at);
    }
    rgm_status status = at && (!*at || *at == '#') ? RGM_OK : refuse(form, whole, err);
    free(whole);
    return status;
}

static rgm_status check_fingerprint(reading *r, const char *text, rgm_error *err) {
    char *end;
    if (!r->o->fingerprint || strncmp(text, RGM_EXCLUDE_FINGERPRINT, strlen(RGM_EXCLUDE_FINGERPRINT)) != 0)
        return RGM_OK;
    const char *digits = text + strlen(RGM_EXCLUDE_FINGERPRINT);
    uint64_t found = strtoull(digits, &end, 16);
    if (end != digits + 16 || *skip_blanks(end))
        return refuse(RGM_EXCLUDE_FINGERPRINT "and 16 hexadecimal digits", text, err);
    if (found != *r->o->fingerprint)
        return rgm_fail(err, RGM_E_USAGE,
                        "a list of another data set than %.200s (fingerprint %016" PRIx64 ", found %016" PRIx64
                        "): 'regimen inspect %.200s --write-exclude FILE' writes one of it",
                        r->o->of, *r->o->fingerprint, found, r->o->of);
    r->vouched = 1;
    return RGM_OK;
}

static rgm_status read_head(reading *r, const char *text, rgm_error *err) {
    r->headed = strcmp(text, RGM_EXCLUDE_HEAD) == 0;
    if (r->headed || r->o->names) return RGM_OK;
    return refuse("'" RGM_EXCLUDE_HEAD "' (regimen inspect DATA --write-exclude FILE writes such a list)", text, err);
}

static rgm_status read_line(reading *r, char *text, rgm_error *err) {
    rgm_exclude_line line = {.line = r->number, .split = -1, .index = -1};
    if (r->number == 1) RGM_TRY(read_head(r, text, err));
    if (!r->headed) {
        line.name = text;
        return *text ? r->o->take(r->o->context, &line, err) : RGM_OK;
    }
    char *at = skip_blanks(text);
    if (*at == '#') return check_fingerprint(r, at, err);
    if (!*at) return RGM_OK;
    if (r->o->fingerprint && !r->vouched)
        return rgm_fail(err, RGM_E_USAGE,
                        "no line '" RGM_EXCLUDE_FINGERPRINT "%016" PRIx64
                        "' before it, which says that the list is of %.200s",
                        *r->o->fingerprint, r->o->of);
    RGM_TRY(read_entry(at, &line, err));
    return r->o->take(r->o->context, &line, err);
}

/* The mark that some editors put in front of a text in UTF-8. */
static void skip_mark(reading *r, size_t *length) {
    if (r->number != 1 || *length < 3 || memcmp(r->text, "\xef\xbb\xbf", 3) != 0) return;
    *length -= 3;
    memmove(r->text, r->text + 3, *length);
}

/* The next line without its end, in r->text; *there 0: there is none. */
static rgm_status next_line(reading *r, int32_t *there, rgm_error *err) {
    size_t length = 0;
    int c;
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
        if (!c || length == LINE_MOST) break;
        r->text[length++] = (char)c;
    }
    *there = c != EOF || length;
    if (c == EOF && ferror(r->file)) return rgm_fail(err, RGM_E_IO, "%s", strerror(errno));
    r->number += *there;
    if (!c) return rgm_fail(err, RGM_E_USAGE, "a NUL byte: this is no text");
    if (c != EOF && c != '\n') return rgm_fail(err, RGM_E_USAGE, "a line of more than %d bytes", LINE_MOST);
    if (length && r->text[length - 1] == '\r') length--;
    skip_mark(r, &length);
    r->text[length] = 0;
    return RGM_OK;
}

static rgm_status read_lines(reading *r, rgm_error *err) {
    int32_t there;
    do {
        RGM_TRY(next_line(r, &there, err));
        if (there) RGM_TRY(read_line(r, r->text, err));
    } while (there);
    if (r->number) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "an empty file: a list begins with '" RGM_EXCLUDE_HEAD "'");
}

rgm_status rgm_exclude_lines_read(const char *path, const rgm_exclude_lines *lines, rgm_error *err) {
    reading r = {.o = lines, .file = fopen(path, "re"), .text = malloc(LINE_MOST + 1)};
    rgm_status status = RGM_OK;
    if (!r.file)
        status = rgm_fail(err, RGM_E_IO, "%s", strerror(errno));
    else if (!r.text)
        status = rgm_fail(err, RGM_E_NOMEM, "out of memory");
    else
        status = read_lines(&r, err);
    if (r.file) fclose(r.file);
    free(r.text);
    if (status < 0 && (!r.number || r.number > INT32_MAX)) rgm_fail_in(err, "%.300s", path);
    if (status < 0 && r.number && r.number <= INT32_MAX) rgm_error_at(err, path, (int32_t)r.number, 0);
    return status;
}
