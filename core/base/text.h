/* Small text helpers that several rooms need. */
#ifndef RGM_BASE_TEXT_H
#define RGM_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The entry of names[0..count) nearest to `word` by edit distance (Levenshtein, case-insensitive), or NULL if none is
 * within a third of the longer one's length (at least 2 edits are allowed, but not as many as the longer one has
 * letters). The first of equals. For messages such as "unknown X 'wrod' (nearest: 'word')". */
const char *rgm_text_nearest(const char *word, const char *const *names, size_t count);

/* Bytes of the control character that `text` begins with: 1 for C0 and DEL, 2 for C1 in UTF-8, else 0. */
int32_t rgm_text_control(const char *text);

/* Makes '?' of control characters, in place, one for each byte. Names in files may hold anything; a terminal must not
 * obey them. */
void rgm_text_clean(char *text);

#endif
