#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { NAMES_MOST = 100000, READ_MOST = 1 << 20, DEFLATE_MOST = 1032 };

rgm_status rgm_source_open(rgm_source *source, const char *path, rgm_error *err) {
    *source = (rgm_source){.path = path};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return rgm_fail(err, RGM_E_IO, "%s: not a regular file", path);
    }
    source->file_size = st.st_size;
    source->stream = gzdopen(fd, "rb");
    if (source->stream) return RGM_OK;
    close(fd);
    return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
}

void rgm_source_close(rgm_source *source) {
    if (source->stream) gzclose_r(source->stream);
    source->stream = NULL;
}

/* zlib's line is "<fd:3>: reason"; errno may be another's by now. */
static rgm_status stream_error(const rgm_source *source, rgm_error *err) {
    int code = Z_OK;
    const char *text = gzerror(source->stream, &code), *reason = strstr(text, ">: ");
    reason = reason ? reason + 3 : text;
    if (code == Z_ERRNO) return rgm_fail(err, RGM_E_IO, "%s: cannot read: %s", source->path, reason);
    if (code == Z_MEM_ERROR) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", source->path);
    return rgm_fail(err, RGM_E_FORMAT, "%s: damaged gzip file: %s", source->path, reason);
}

rgm_status rgm_source_read(rgm_source *source, void *to, size_t size, const char *what, rgm_error *err) {
    for (size_t done = 0; done < size;) {
        size_t piece = size - done < READ_MOST ? size - done : READ_MOST;
        if (rgm_stop_asked(&source->stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while it was read", source->path);
        int got = gzread(source->stream, (char *)to + done, (unsigned)piece);
        if (got < 0) return stream_error(source, err);
        if (got == 0) return rgm_fail(err, RGM_E_FORMAT, "%s: truncated: it ends within %s", source->path, what);
        done += (size_t)got;
    }
    return RGM_OK;
}

int64_t rgm_source_most(const rgm_source *source) {
    if (gzdirect(source->stream)) return source->file_size;
    /* deflate's densest code: 258 bytes from 2 bits */
    return source->file_size < INT64_MAX / DEFLATE_MOST ? source->file_size * DEFLATE_MOST : INT64_MAX;
}

rgm_status rgm_source_end(rgm_source *source, rgm_error *err) {
    char one;
    int got = gzread(source->stream, &one, 1), code = Z_OK;
    gzerror(source->stream, &code);
    if (got < 0 || code != Z_OK) return stream_error(source, err);
    return got == 0 ? RGM_OK : rgm_fail(err, RGM_E_FORMAT, "%s: bytes behind the end of its content", source->path);
}

const char *rgm_source_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int rgm_source_is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Appends "folder/name"; 0 without memory. */
static int append(char ***paths, size_t *count, const char *folder, const char *name) {
    char **grown = realloc(*paths, (*count + 2) * sizeof **paths), *path = NULL;
    if (!grown) return 0;
    *paths = grown;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return 0;
    grown[(*count)++] = path;
    grown[*count] = NULL;
    return 1;
}

rgm_status rgm_source_list(const char *folder, char ***out, rgm_error *err) {
    *out = NULL;
    DIR *dir = opendir(folder);
    if (!dir) return rgm_fail(err, RGM_E_IO, "%s: cannot open the folder: %s", folder, strerror(errno));
    char **paths = calloc(1, sizeof *paths);
    size_t count = 0;
    int fits = paths != NULL, failed = 0;
    for (struct dirent *entry; fits && count <= NAMES_MOST;) {
        errno = 0;
        entry = readdir(dir);
        if (!entry) {
            failed = errno;
            break;
        }
        if (entry->d_name[0] != '.') fits = append(&paths, &count, folder, entry->d_name);
    }
    closedir(dir);
    rgm_status status = RGM_OK;
    if (!fits) status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", folder);
    if (failed) status = rgm_fail(err, RGM_E_IO, "%s: cannot read the folder: %s", folder, strerror(failed));
    if (fits && count > NAMES_MOST)
        status = rgm_fail(err, RGM_E_USAGE, "%s: more than %d files: name those to take", folder, NAMES_MOST);
    if (status < 0) {
        rgm_source_free_list(paths);
        return status;
    }
    if (count > 1) qsort(paths, count, sizeof *paths, by_text);
    *out = paths;
    return RGM_OK;
}

void rgm_source_free_list(char **paths) {
    for (char **path = paths; path && *path; path++) free(*path);
    free(paths);
}
