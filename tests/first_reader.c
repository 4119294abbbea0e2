#include "first_reader.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char noted[4400];

void first_reader_does(const char *folder, int at, const char *what, ...) {
    char text[1200], number[16];
    va_list list;
    va_start(list, what);
    vsnprintf(text, sizeof text, what, list);
    va_end(list);
    snprintf(number, sizeof number, "%d", at);
    snprintf(noted, sizeof noted, "%s/acted", folder);
    unlink(noted);
    ck_assert(setenv("REGIMEN_LIBEXEC", RGM_TRY_FOLDER, 1) == 0 && setenv("RGM_TRY_AT", number, 1) == 0 &&
              setenv("RGM_TRY_DO", text, 1) == 0 && setenv("RGM_TRY_MARK", noted, 1) == 0);
}

int first_reader_did(void) {
    struct stat st;
    int times = stat(noted, &st) == 0 ? (int)st.st_size : 0;
    unlink(noted);
    return times;
}
