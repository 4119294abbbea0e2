#include "config_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/flags.h"
#include "train/config.h"

static const char keys_head[] = "| key | value | default | flag | meaning |\n|---|---|---|---|---|\n";
static const char defaults_head[] = "| model | key | default |\n|---|---|---|\n";

/* The flag that sets the option `key`; NULL: none does. */
static const rgm_flag *find_flag(const char *key) {
    size_t count;
    const rgm_flag *flags = rgm_flags(&count);
    for (size_t i = 0; i < count; i++)
        if (flags[i].key && strcmp(flags[i].key, key) == 0) return &flags[i];
    return NULL;
}

static void print_keys(FILE *out) {
    size_t count;
    const rgm_option *options = rgm_config_options(&count);
    for (size_t i = 0; i < count; i++) {
        const rgm_flag *flag = find_flag(options[i].key);
        char range[512];
        fprintf(out, "| `%s` | %s | `%s` | ", options[i].key, rgm_option_range(&options[i], range, sizeof range),
                options[i].fallback);
        if (flag) fprintf(out, "`--%s`", flag->name);
        fprintf(out, " | %s |\n", options[i].help);
    }
}

static void print_defaults(FILE *out) {
    size_t count;
    const rgm_model_default *defaults = rgm_model_defaults(&count);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "| %s | `%s` | `%s` |\n", defaults[i].model, defaults[i].key, defaults[i].value);
}

/* Copies up to the rows below `head`, prints new ones, and moves behind the old ones. 0 if there is no such head. */
static int renew(FILE *out, const char **at, const char *head, void (*print)(FILE *)) {
    const char *found = strstr(*at, head);
    if (!found) return 0;
    const char *rows = found + strlen(head);
    fwrite(*at, 1, (size_t)(rows - *at), out);
    print(out);
    while (*rows == '|') {
        rows += strcspn(rows, "\n");
        rows += *rows == '\n';
    }
    *at = rows;
    return 1;
}

char *config_rows_renew(const char *document) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    int fine = renew(out, &document, keys_head, print_keys) && renew(out, &document, defaults_head, print_defaults);
    fputs(document, out);
    fine = fine && !ferror(out);
    if (fclose(out) == 0 && fine) return text;
    free(text);
    return NULL;
}

char *config_rows_read(const char *path) {
    char *text = NULL;
    size_t size;
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    FILE *out = open_memstream(&text, &size);
    for (int c; out && (c = getc(file)) != EOF;) putc(c, out);
    fclose(file);
    if (out) fclose(out);
    return text;
}
