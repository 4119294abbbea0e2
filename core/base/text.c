#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fpenv.h"

enum { LONGEST = 63 }; /* names are short; a longer word has no near name */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Levenshtein distance by one row of the table; both lengths are at most LONGEST. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b_length; j++) row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_length];
}

const char *rgm_text_nearest(const char *word, const char *const *names, size_t count) {
    size_t length = strlen(word);
    const char *nearest = NULL;
    size_t smallest = LONGEST + 1;
    if (length > LONGEST) return NULL;
    for (size_t k = 0; k < count; k++) {
        size_t other = strlen(names[k]);
        if (other > LONGEST) continue;
        size_t longer = length > other ? length : other;
        size_t allowed = longer / 3 > 2 ? longer / 3 : 2;
        size_t distance = edit_distance(word, length, names[k], other);
        if (distance > allowed || distance >= longer || distance >= smallest) continue;
        smallest = distance;
        nearest = names[k];
    }
    return nearest;
}

/* What a thread has that changes how numbers are read and printed. */
typedef struct manner {
    locale_t locale;
    fenv_t rounding;
} manner;

/* This thread's numbers as in C, rounded to nearest; gives back what it had. newlocale("C") takes no memory in the C
 * libraries of Linux. */
static manner plain_numbers(void) {
    manner before;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    before.locale = plain ? uselocale(plain) : (locale_t)0;
    rgm_fpenv_begin(&before.rounding);
    return before;
}

static void back_to(manner before) {
    rgm_fpenv_end(&before.rounding);
    if (before.locale) freelocale(uselocale(before.locale));
}

int32_t rgm_text_real(const char *text, double *out) {
    size_t length = strlen(text);
    if (length == 0 || strspn(text, "+-0123456789.eE") != length) return 0;
    char *end;
    manner before = plain_numbers();
    *out = strtod(text, &end);
    back_to(before);
    return *end == '\0' && isfinite(*out);
}

const char *rgm_text_print_real(char *out, size_t size, int32_t digits, double value) {
    manner before = plain_numbers();
    snprintf(out, size, "%.*g", digits, value);
    back_to(before);
    return out;
}

const char *rgm_text_shortest(char text[RGM_TEXT_REAL], double value) {
    double size = fabs(value);
    int32_t digits = size >= 1 && size < 1e15 ? (int32_t)log10(size) + 1 : 1; /* "10" rather than "1e+01" */
    for (; digits <= 17; digits++) {
        double again;
        rgm_text_print_real(text, RGM_TEXT_REAL, digits, value);
        if (rgm_text_real(text, &again) && again == value) break;
    }
    return text;
}

size_t rgm_text_utf8_length(const unsigned char *s) {
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (n == 1) return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0)) return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)) return 0;
    return n;
}

int32_t rgm_text_control(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (*c && (*c < 0x20 || *c == 0x7f)) return 1;
    return c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

int32_t rgm_text_command(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (*c >= 0x80 && *c < 0xa0) return 1;
    if (c[0] != 0xe2 || (c[1] != 0x80 && c[1] != 0x81)) return rgm_text_control(text);
    return (c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9) ? 3 : 0;
}

/* Bytes of a character, or of what is none. */
static size_t step(const char *text) {
    size_t length = rgm_text_utf8_length((const unsigned char *)text);
    return length ? length : 1;
}

void rgm_text_clean(char *text) {
    for (; *text; text += step(text)) memset(text, '?', (size_t)rgm_text_command(text));
}

size_t rgm_text_add(char *out, size_t size, const char *more) {
    size_t used = strlen(out);
    while (*more && used + 1 < size) {
        int32_t obeyed = rgm_text_command(more);
        for (size_t n = step(more); n > 0 && used + 1 < size; n--, more++) out[used++] = obeyed ? '?' : *more;
    }
    out[used] = '\0';
    return used;
}

const char *rgm_text_shell(const char *word, char *out, size_t size) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+=:,@%";
    size_t used = 0, quoted = !word[0] || word[strspn(word, plain)] != 0;
    if (!quoted) {
        snprintf(out, size, "%s", word);
        return out;
    }
    used += (size_t)snprintf(out, size, "'");
    for (const char *c = word; *c && used < size; c++)
        used += (size_t)snprintf(out + used, size - used, *c == '\'' ? "'\\%c'" : "%c", *c);
    if (used < size) snprintf(out + used, size - used, "'");
    return out;
}

static int32_t is_wide(uint32_t c) {
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf && c != 0x303f) ||
           (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
           (c >= 0x20000 && c <= 0x3fffd);
}

static int32_t is_mark(uint32_t c) {
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x483 && c <= 0x489) || (c >= 0x591 && c <= 0x5bd) ||
           (c >= 0x64b && c <= 0x65f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x20d0 && c <= 0x20ff) ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xfe20 && c <= 0xfe2f);
}

/* One character's columns; *s goes on behind it. */
static int32_t take_columns(const unsigned char **s) {
    size_t length = rgm_text_utf8_length(*s);
    uint32_t c = length < 2 ? **s : **s & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) c = c << 6 | ((*s)[i] & 0x3fu);
    *s += length ? length : 1;
    return is_mark(c) ? 0 : is_wide(c) ? 2 : 1;
}

int32_t rgm_text_columns(const char *text) {
    int32_t columns = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s;) columns += take_columns(&s);
    return columns;
}

size_t rgm_text_within(const char *text, int32_t columns) {
    const unsigned char *s = (const unsigned char *)text, *end = s;
    while (*s && (columns -= take_columns(&s)) >= 0) end = s;
    return (size_t)(end - (const unsigned char *)text);
}

size_t rgm_text_csv(const char *text, char *out, size_t size) {
    size_t used = 0, quoted = text[strcspn(text, "\",\r\n")] != 0;
    if (quoted) out[used++] = '"';
    for (; *text && used + 4 <= size; text++) { /* up to two bytes, a quote and the NUL */
        if (*text == '"') out[used++] = '"';
        out[used++] = *text;
    }
    if (quoted) out[used++] = '"';
    out[used] = 0;
    return used;
}
