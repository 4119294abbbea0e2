/* A file that is replaced as a whole: written beside its place, synced, renamed, the folder synced. So a file of that
 * name is whole or is the previous one, whatever ends the process or the machine.
 *
 *     RGM_TRY(rgm_replace_begin(&file, path, err));
 *     rgm_status status = rgm_replace_write(&file, bytes, size, err);
 *     return rgm_replace_end(&file, status, err);
 *
 * One writer at a time: the name of what is being written is PATH.tmp. What is no regular file, a device say, is
 * written in place. A link stays: what is replaced is the file that it leads to.
 */
#ifndef RGM_BASE_REPLACE_H
#define RGM_BASE_REPLACE_H

#include <stddef.h>
#include "base/status.h"

enum { RGM_REPLACE_PATH = 2048 };

typedef struct rgm_replace {
    int fd;
    char path[RGM_REPLACE_PATH], temp[RGM_REPLACE_PATH + 8]; /* temp "": written in place */
} rgm_replace;

/* RGM_E_IO. After a failure there is nothing to end. */
rgm_status rgm_replace_begin(rgm_replace *file, const char *path, rgm_error *err);
rgm_status rgm_replace_write(rgm_replace *file, const void *bytes, size_t size, rgm_error *err);

/* Puts the file in place if `status` is RGM_OK, else gives it up; returns `status` or the failure. */
rgm_status rgm_replace_end(rgm_replace *file, rgm_status status, rgm_error *err);

/* Why a file of that name could not be replaced, or not be written where it is: the system's error, 0 if it can be.
 * Nothing is made or changed: it is asked before long work. */
int rgm_replace_hindered(const char *path);
int rgm_write_hindered(const char *path);

enum {
    RGM_BEGINS_FREE = 0, /* nothing is there, an empty file, or no regular one */
    RGM_BEGINS_SO = 1,   /* a file that begins with `head` */
    RGM_BEGINS_OTHER = 2 /* another file, or one that cannot be read */
};

/* What a name stands for, before it is written over: RGM_BEGINS_*. */
int rgm_file_begins(const char *path, const char *head);

/* All of `bytes` to an open file; `path` is for the error line. RGM_E_IO. */
rgm_status rgm_write_all(int fd, const void *bytes, size_t size, const char *path, rgm_error *err);

/* Brings the names in the folder of `path` to the disk. A file system that cannot is no failure. */
void rgm_sync_folder(const char *path);

/* fsync(), again if a signal that was caught ended it: what it returns. */
int rgm_sync_file(int fd);

#endif
