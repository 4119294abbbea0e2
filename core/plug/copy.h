/* A private copy of a plugin's file, so that who rebuilds the file cannot crash a run. It is an anonymous file, or
 * where the system has none a temporary one. */
#ifndef RGM_PLUG_COPY_H
#define RGM_PLUG_COPY_H

#include <stddef.h>
#include "base/status.h"

enum { RGM_COPY_NAME = 64 };

typedef struct rgm_copy {
    int fd;
    size_t size;
    char name[RGM_COPY_NAME]; /* for dlopen */
    int32_t temporary;        /* 1: a file of this name exists */
} rgm_copy;

/* Copies the shared object at `path`. RGM_E_USAGE if it is not there, no shared object or too large, RGM_E_IO if it
 * cannot be read or copied. After a failure there is nothing to drop. */
rgm_status rgm_copy_open(const char *path, rgm_copy *copy, rgm_error *err);

/* The temporary file's name, once the loader has opened it. */
void rgm_copy_hide(rgm_copy *copy);
void rgm_copy_drop(rgm_copy *copy);

int32_t rgm_copy_same(const rgm_copy *a, const rgm_copy *b); /* 1: they hold the same bytes */

#endif
