/* docs/CONFIG.md's tables, made from the tables of the code. */
#ifndef RGM_TESTS_CONFIG_ROWS_H
#define RGM_TESTS_CONFIG_ROWS_H

/* The document with the rows of its two tables, of keys and of defaults of models, as the code has them now; to be
 * freed. NULL if it has no such tables, or memory is short. */
char *config_rows_renew(const char *document);

/* The text of a file, to be freed; NULL if it cannot be read. */
char *config_rows_read(const char *path);

#endif
