/* Whether a page of HTML is what a browser takes it for, and needs nothing else. */
#ifndef RGM_TESTS_MARKUP_H
#define RGM_TESTS_MARKUP_H

#include <stddef.h>

/* NULL if all of this holds for `text`, else what is wrong, in a static buffer:
 *     each element ends where it has to, void ones and SVG's "/>" apart, and so does each attribute's value
 *     an id is there once, and what refers to an id finds it
 *     nothing is loaded, and no script is needed */
const char *markup_fault(const char *text);

/* How often `part` is in `text`. */
int markup_count(const char *text, const char *part);

/* A file's text, to be freed; NULL: it cannot be read. */
char *markup_read(const char *path, size_t *size);

#endif
