/* Small text helpers that several rooms need. */
#ifndef RGM_BASE_TEXT_H
#define RGM_BASE_TEXT_H

#include <stddef.h>

/* The entry of names[0..count) nearest to `word` by edit distance (Levenshtein, case-insensitive), or NULL if none is
 * within a third of the longer one's length (at least 2 edits are allowed, but not as many as the longer one has
 * letters). The first of equals. For messages such as "unknown X 'wrod' (nearest: 'word')". */
const char *rgm_text_nearest(const char *word, const char *const *names, size_t count);

/* Makes '?' of control characters, in place: C0, DEL, and C1 in UTF-8 (two '?'). Names in files may hold anything; a
 * terminal must not obey them. */
void rgm_text_clean(char *text);

#endif
