/* The list of pictures that an import works through: where each lies, its class and its split. Memory follows the
 * number of pictures and the length of their paths. */
#ifndef RGM_DATASETS_LIST_H
#define RGM_DATASETS_LIST_H

#include "base/stop.h"
#include "data/dataset.h"
#include "picture/file.h"

/* Why files of a folder are no part of the list. */
enum {
    RGM_PASSED_HIDDEN = 0,  /* names with a leading dot */
    RGM_PASSED_OTHER = 1,   /* files that are no pictures, by their content and their name */
    RGM_PASSED_OUTSIDE = 2, /* files outside of the folders of classes */
    RGM_PASSED_SPECIAL = 3, /* devices, pipes, sockets */
    RGM_PASSED_AGAIN = 4,   /* links to folders that are walked already */
    RGM_PASSED_LOCKED = 5,  /* folders that cannot be read */
    RGM_PASSED_ABOVE = 6,   /* links to a folder that they are in, at any depth */
    RGM_PASSED_KINDS = 7,   /* from here on: pictures of a kind that cannot be read, by their content; in this order */
    RGM_PASSED_GIF = 7,
    RGM_PASSED_TIFF = 8,
    RGM_PASSED_HEIC = 9,
    RGM_PASSED_AVIF = 10,
    RGM_PASSED_COUNT = 11
};

/* What so many of them are called: "hidden", "not a picture", "not pictures", ... */
const char *rgm_passed_name(int32_t reason, int64_t count);

/* RGM_PASSED_* of a file that is not read, by the name of its kind (rgm_picture_other): OTHER unless it is counted
 * apart. */
int32_t rgm_passed_kind(const char *kind);

typedef struct rgm_list_entry {
    size_t path;     /* where in the list's text */
    int64_t size;    /* bytes of the file, as listed; -1: not known */
    int64_t changed; /* its last change, in nanoseconds; 0: not known */
    int32_t label;   /* the number of its class */
    int32_t split;   /* RGM_SPLIT_* */
    int32_t line;    /* in the file that lists it, from 1; 0: none */
} rgm_list_entry;

typedef struct rgm_list {
    const char *name; /* what it was made of, a folder or a file: begins error lines; the caller's */
    int32_t chosen;   /* 1: each file is meant to be a picture; 0: files that are none are passed over */
    const char *root; /* paths that do not begin with '/' are below this folder; the caller's */
    rgm_list_entry *entries;
    int64_t count, room;
    char *text; /* all paths, with a NUL each */
    size_t text_used, text_room;
    char **classes; /* [class_count] names */
    int32_t class_count, class_room;
    int32_t *buckets; /* of names, by their hash: number + 1; 0: free */
    int32_t bucket_count;
    int32_t named[RGM_SPLIT_COUNT]; /* 1: the source names this split */
    int64_t passed[RGM_PASSED_COUNT];
} rgm_list;

void rgm_list_free(rgm_list *list); /* a zeroed one is fine */

/* The path of an entry, as listed. Lives until the next rgm_list_add(). */
const char *rgm_list_path(const rgm_list *list, int64_t i);

/* The path by which an entry is opened, behind the root. RGM_E_UNSUPPORTED if it does not fit into
 * `size`, which is PATH_MAX for what the system takes. */
rgm_status rgm_list_where(const rgm_list *list, int64_t i, char *out, size_t size, rgm_error *err);

#define RGM_LIST_FILE (1 << 28) /* largest file of a picture, bytes */

/* Reads the file of an entry, the `first` bytes at most; 0: all. Errors of rgm_picture_file_read(). [worker] */
rgm_status rgm_list_read(const rgm_list *list, int64_t i, size_t first, rgm_picture_file *file, rgm_error *err);

/* Appends a copy of *entry with this path. RGM_E_NOMEM. */
rgm_status rgm_list_add(rgm_list *list, const char *path, const rgm_list_entry *entry, rgm_error *err);

/* The number of a class by its name, which is new or known. RGM_E_UNSUPPORTED for more than RGM_DATA_CLASSES. */
rgm_status rgm_list_class(rgm_list *list, const char *name, int32_t *label, rgm_error *err);

/* The split that a name stands for, in letters of any size: train or training; test or testing; validation, val or
 * valid. -1: none. */
int32_t rgm_list_split(const char *name);

/* Numbers the classes in the order of their names: bytewise, or by value if all are integers and `numbers` is 1. */
rgm_status rgm_list_sort_classes(rgm_list *list, int32_t numbers, rgm_error *err);

/* Puts the entries in the bytewise order of their paths. */
void rgm_list_sort(rgm_list *list);

/* A fingerprint of paths, sizes, times, classes and splits. */
uint64_t rgm_list_hash(const rgm_list *list, uint64_t seed);

/* The class that a folder's name stands for: the name itself, or as rgm_list_show() has it where it is no text. Returns
 * out. */
const char *rgm_list_class_name(const char *folder, char *out, size_t size);

/* 1 if it is UTF-8 without control characters. */
int rgm_list_is_text(const char *bytes);

/* `bytes` as text for people and files: what is not UTF-8, and what a terminal would obey (rgm_text_command), as \xNN.
 * Returns out; what does not fit is cut. */
const char *rgm_list_show(const char *bytes, char *out, size_t size);

#endif
