/* Small text helpers that several rooms need. */
#ifndef RGM_BASE_TEXT_H
#define RGM_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The entry of names[0..count) nearest to `word` by edit distance (Levenshtein, case-insensitive), or NULL. It has to
 * be within a third of the longer one's length. At least 2 edits are allowed, but not as many as the longer one has
 * letters. The first of equals. For messages such as "unknown X 'wrod' (nearest: 'word')". */
const char *rgm_text_nearest(const char *word, const char *const *names, size_t count);

/* Numbers as text, with a decimal point and rounded to nearest, whatever the thread's locale and rounding: for all that
 * is read or stored.
 *
 * Parses a plain decimal number, all of it: digits with a sign, a point and an exponent, but no blanks, hexadecimal,
 * infinity or NaN. 1 if it is one and finite. */
int32_t rgm_text_real(const char *text, double *out);
/* Like snprintf with "%.*g"; returns `out`. */
const char *rgm_text_print_real(char *out, size_t size, int32_t digits, double value);

/* The decimal with the fewest digits that rgm_text_real() reads back as exactly `value` (finite). Returns text. */
enum { RGM_TEXT_REAL = 32 };
const char *rgm_text_shortest(char text[RGM_TEXT_REAL], double value);

/* Bytes of the UTF-8 sequence at `s`, NUL-terminated text (RFC 3629: no overlong forms, no surrogates); 0: none. */
size_t rgm_text_utf8_length(const unsigned char *s);

/* Bytes of the control character that `text` begins with: 1 for C0 and DEL, 2 for C1 in UTF-8, else 0. */
int32_t rgm_text_control(const char *text);

/* Bytes of what `text` begins with that a terminal would obey, 0: none. They are control characters, bytes of C1 that
 * are no UTF-8, and what turns the order of a line: U+202A to U+202E, U+2066 to U+2069. */
int32_t rgm_text_command(const char *text);

/* Makes '?' of such characters, in place, one for each byte. Names in files may hold anything; a terminal must not
 * obey them. */
void rgm_text_clean(char *text);

/* Appends to the string in out, `size` bytes with its NUL, as much as fits; control characters become '?'. Returns the
 * length. [signal] */
size_t rgm_text_add(char *out, size_t size, const char *more);

/* `word` as a shell reads it: as it is, or in quotes if it has other characters than those of plain paths. Returns out;
 * what does not fit is cut. */
const char *rgm_text_shell(const char *word, char *out, size_t size);

/* Columns that a text takes on a terminal: UTF-8, wide characters two, marks none. */
int32_t rgm_text_columns(const char *text);

/* Bytes of the longest beginning of `text`, in whole characters, that takes so many columns at most. */
size_t rgm_text_within(const char *text, int32_t columns);

/* `text` as a field of CSV (RFC 4180), in quotes where it needs them. 2 * strlen(text) + 3 bytes hold all with the NUL;
 * what does not fit is cut. `size` is 4 at least. Returns the length. */
size_t rgm_text_csv(const char *text, char *out, size_t size);

#endif
