/* make_config_rows FILE: writes docs/CONFIG.md's tables anew from those of the code ("make config-rows"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_rows.h"

static int replace(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file) return 0;
    fputs(text, file);
    return fclose(file) == 0;
}

int main(int argc, char **argv) {
    char *old = argc == 2 ? config_rows_read(argv[1]) : NULL;
    char *now = old ? config_rows_renew(old) : NULL;
    int fine = now && (strcmp(old, now) == 0 || replace(argv[1], now));
    if (!fine) fprintf(stderr, "make_config_rows: expected docs/CONFIG.md, which can be written\n");
    free(old);
    free(now);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
