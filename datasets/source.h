/* Reading the files that importers take: plain or gzipped, in order, to the last byte. */
#ifndef RGM_DATASETS_SOURCE_H
#define RGM_DATASETS_SOURCE_H

#include <stddef.h>
#include "base/status.h"
#include "base/stop.h"

typedef struct rgm_source {
    struct gzFile_s *stream;
    const char *path;  /* the caller's */
    int64_t file_size; /* bytes on disk, packed if it is gzipped */
    rgm_stop stop;     /* asked while it is read; to be set after opening */
} rgm_source;

rgm_status rgm_source_open(rgm_source *source, const char *path, rgm_error *err);
void rgm_source_close(rgm_source *source); /* a zeroed one is fine */

/* Exactly `size` bytes of `what`; fewer are RGM_E_FORMAT ("truncated"), a read that fails is RGM_E_IO. */
rgm_status rgm_source_read(rgm_source *source, void *to, size_t size, const char *what, rgm_error *err);

/* At most so many bytes can be in it: those of a plain file, and what deflate can make of a gzipped one. After the
 * first read. */
int64_t rgm_source_most(const rgm_source *source);

/* RGM_E_FORMAT unless everything has been read; checks a gzipped file's checksum too. */
rgm_status rgm_source_end(rgm_source *source, rgm_error *err);

/* The file name behind the last '/'. */
const char *rgm_source_name(const char *path);

/* 1: a folder, 0: not, or not there. */
int rgm_source_is_folder(const char *path);

/* The names in a folder, at most 100,000, sorted, as "folder/name". They are in a new array with a NULL at the end:
 * free each, then the array. */
rgm_status rgm_source_list(const char *folder, char ***paths, rgm_error *err);
void rgm_source_free_list(char **paths); /* NULL is fine */

#endif
