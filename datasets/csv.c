#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"

enum { FIELDS = 64, RECORD_BYTES = 1 << 16, LINES_MOST = INT32_MAX - RECORD_BYTES, AGAIN_TOLD = 5, STOP_EACH = 1024 };
enum { PATH = 0, LABEL = 1, SPLIT = 2, COLUMNS = 3 };

struct reader {
    FILE *file;
    const char *path;
    char separator;
    int32_t line, next;      /* of the record, from 1; the line that is read next */
    char text[RECORD_BYTES]; /* the record's fields, a NUL behind each */
    size_t used;
    char *field[FIELDS];
    int32_t count;
    int32_t column[COLUMNS]; /* which field it is; -1: none */
};

static rgm_status wrong(const struct reader *r, rgm_error *err) {
    rgm_error_at(err, r->path, r->line, 0);
    return RGM_E_FORMAT;
}

/* ---- records ---- */

static int take(struct reader *r) {
    int c = getc_unlocked(r->file);
    if (c != '\r') return c;
    c = getc_unlocked(r->file);
    if (c != '\n') {
        if (c != EOF) ungetc(c, r->file);
        return '\r';
    }
    return '\n';
}

static rgm_status too_long(const struct reader *r, rgm_error *err) {
    rgm_fail(err, RGM_E_FORMAT, "longer than %d bytes", RECORD_BYTES);
    return wrong(r, err);
}

static rgm_status put(struct reader *r, char c, rgm_error *err) {
    if (c == 0) {
        rgm_fail(err, RGM_E_FORMAT, "a NUL byte: not a text file");
        return wrong(r, err);
    }
    if (r->used + 2 > RECORD_BYTES) return too_long(r, err);
    r->text[r->used++] = c;
    return RGM_OK;
}

/* A field that begins with a quote; *end is what ends it. */
static rgm_status read_quoted(struct reader *r, int *end, rgm_error *err) {
    for (;;) {
        int c = getc_unlocked(r->file);
        if (c == '"') {
            *end = take(r);
            if (*end != '"') break;
            c = '"';
            *end = 0;
        }
        if (c == EOF) {
            rgm_fail(err, RGM_E_FORMAT, "a quote that is not closed");
            return wrong(r, err);
        }
        r->next += c == '\n';
        RGM_TRY(put(r, (char)c, err));
    }
    if (*end == r->separator || *end == '\n' || *end == EOF) return RGM_OK;
    rgm_fail(err, RGM_E_FORMAT, "field %d: text behind the closing quote", r->count + 1);
    return wrong(r, err);
}

/* One field; *end becomes the separator, '\n' or EOF. */
static rgm_status read_field(struct reader *r, int *end, rgm_error *err) {
    if (r->count == FIELDS) {
        rgm_fail(err, RGM_E_FORMAT, "more than %d fields", FIELDS);
        return wrong(r, err);
    }
    size_t at = r->used;
    int c = take(r);
    if (c == '"')
        RGM_TRY(read_quoted(r, &c, err));
    else
        for (; c != r->separator && c != '\n' && c != EOF; c = take(r)) RGM_TRY(put(r, (char)c, err));
    *end = c;
    if (r->used == RECORD_BYTES) return too_long(r, err);
    r->text[r->used++] = 0;
    r->field[r->count++] = r->text + at;
    return RGM_OK;
}

/* The next record that is not empty; *more is 0 at the end of the file. */
static rgm_status read_record(struct reader *r, int *more, rgm_error *err) {
    int end = 0;
    do {
        if (r->next >= LINES_MOST) { /* a quoted field may hold many */
            rgm_fail(err, RGM_E_UNSUPPORTED, "more than %d lines", LINES_MOST);
            return wrong(r, err);
        }
        r->line = r->next;
        r->count = 0;
        r->used = 0;
        do {
            RGM_TRY(read_field(r, &end, err));
        } while (end == r->separator);
        r->next += end == '\n';
    } while (end != EOF && r->count == 1 && !*r->field[0]);
    *more = !(end == EOF && r->count == 1 && !*r->field[0]);
    if (ferror(r->file)) return rgm_fail(err, RGM_E_IO, "%.300s: cannot read: %s", r->path, strerror(errno));
    return RGM_OK;
}

/* ---- columns ---- */

/* The separator that the first line has most of, outside of quotes; a comma before the others. Skips a byte-order mark.
 */
static rgm_status sniff(struct reader *r, rgm_error *err) {
    static const char separators[] = {',', '\t', ';'};
    int32_t counts[3] = {0}, quoted = 0, best = 0;
    unsigned char mark[3];
    long start = fread(mark, 1, 3, r->file) == 3 && memcmp(mark, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    int failed = fseek(r->file, start, SEEK_SET);
    for (int c; !failed && (c = getc_unlocked(r->file)) != EOF && (c != '\n' || quoted);) {
        quoted ^= c == '"';
        for (int32_t i = 0; i < 3; i++) counts[i] += !quoted && c == separators[i];
    }
    if (!failed) failed = fseek(r->file, start, SEEK_SET);
    if (failed) return rgm_fail(err, RGM_E_IO, "%.300s: cannot read: %s", r->path, strerror(errno));
    for (int32_t i = 1; i < 3; i++)
        if (counts[i] > counts[best]) best = i;
    r->separator = separators[best];
    return RGM_OK;
}

static char *trim(char *text) {
    while (*text == ' ' || *text == '\t') text++;
    size_t length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) text[--length] = 0;
    return text;
}

/* The column that a name stands for, or -1. */
static int32_t column_of(const char *name) {
    static const struct {
        const char *name;
        int32_t column;
    } names[] = {{"path", PATH},   {"file", PATH},   {"filename", PATH}, {"image", PATH},
                 {"label", LABEL}, {"class", LABEL}, {"split", SPLIT},   {"set", SPLIT}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i].name) == 0) return names[i].column;
    return -1;
}

/* Which field is what, by the first record; *header: it names the columns. */
static rgm_status find_columns(struct reader *r, int *header, rgm_error *err) {
    for (int32_t c = 0; c < COLUMNS; c++) r->column[c] = -1;
    for (int32_t i = 0; i < r->count; i++) {
        const char *name = trim(r->field[i]);
        int32_t column = column_of(name);
        if (column < 0) continue;
        if (r->column[column] >= 0) {
            rgm_fail(err, RGM_E_FORMAT, "two columns for the %s: %d and %d",
                     column == PATH    ? "path"
                     : column == LABEL ? "label"
                                       : "split",
                     r->column[column] + 1, i + 1);
            return wrong(r, err);
        }
        r->column[column] = i;
    }
    *header = r->column[PATH] >= 0 && r->column[LABEL] >= 0;
    if (*header) return RGM_OK;
    if (r->column[PATH] >= 0 && r->count >= 2) {
        rgm_fail(err, RGM_E_FORMAT, "a column '%.60s', but none for the label: expected label or class",
                 r->field[r->column[PATH]]);
        return wrong(r, err);
    }
    if (r->count == 2 || r->count == 3) {
        for (int32_t c = 0; c < COLUMNS; c++) r->column[c] = c < r->count ? c : -1;
        return RGM_OK;
    }
    rgm_fail(err, RGM_E_FORMAT,
             "%d field%s: expected path,label or path,label,split, or a first line that names the columns", r->count,
             r->count == 1 ? "" : "s");
    return wrong(r, err);
}

/* ---- entries ---- */

static rgm_status parse_split(const struct reader *r, const char *name, int32_t *split, rgm_error *err) {
    const int32_t named = *name ? rgm_list_split(name) : RGM_SPLIT_TRAIN;
    *split = named;
    if (named >= 0) return RGM_OK;
    rgm_fail(err, RGM_E_FORMAT, "unknown split '%.60s': expected train, test or validation", name);
    return wrong(r, err);
}

static rgm_status check_fields(const struct reader *r, const char *path, const char *label, rgm_error *err) {
    if (!*path)
        rgm_fail(err, RGM_E_FORMAT, "no path: field %d is empty", r->column[PATH] + 1);
    else if (strlen(path) >= PATH_MAX)
        rgm_fail(err, RGM_E_FORMAT, "a path of %zu bytes: at most %d", strlen(path), PATH_MAX - 1);
    else if (!*label)
        rgm_fail(err, RGM_E_FORMAT, "no label: field %d is empty", r->column[LABEL] + 1);
    else if (strlen(label) > RGM_DATA_NAME_BYTES)
        rgm_fail(err, RGM_E_FORMAT, "a label of %zu bytes: at most %d", strlen(label), RGM_DATA_NAME_BYTES);
    else if (!rgm_list_is_text(label))
        rgm_fail(err, RGM_E_FORMAT, "the label is not UTF-8 text");
    else
        return RGM_OK;
    return wrong(r, err);
}

/* The record as an entry of the list. */
static rgm_status add_entry(struct reader *r, rgm_list *list, rgm_error *err) {
    int32_t last = -1;
    for (int32_t c = 0; c < COLUMNS; c++) last = r->column[c] > last ? r->column[c] : last;
    if (r->count <= last) {
        rgm_fail(err, RGM_E_FORMAT, "%d field%s: expected %d", r->count, r->count == 1 ? "" : "s", last + 1);
        return wrong(r, err);
    }
    const char *path = r->field[r->column[PATH]], *label = trim(r->field[r->column[LABEL]]);
    rgm_list_entry entry = {.line = r->line, .size = -1};
    RGM_TRY(check_fields(r, path, label, err));
    if (r->column[SPLIT] >= 0) {
        RGM_TRY(parse_split(r, trim(r->field[r->column[SPLIT]]), &entry.split, err));
        list->named[entry.split] = 1;
    }
    rgm_status status = rgm_list_class(list, label, &entry.label, err);
    if (status == RGM_E_UNSUPPORTED) rgm_error_at(err, r->path, r->line, 0);
    return status < 0 ? status : rgm_list_add(list, path, &entry, err);
}

/* Most files are not there: the folder of the paths seems to be another. */
static rgm_status judge_missing(const rgm_list *list, int64_t missing, int64_t first, rgm_error *err) {
    char path[2 * PATH_MAX];
    const char *hint = strchr(rgm_list_path(list, first), '\\') ? "paths have backslashes: expected /"
                                                                : "--root: the folder of its paths";
    if (2 * missing <= list->count) return RGM_OK;
    if (rgm_list_where(list, first, path, sizeof path, NULL) < 0)
        snprintf(path, sizeof path, "a path that is too long");
    if (missing < list->count)
        rgm_log(RGM_LOG_WARN, "%.160s: %lld of %lld files are not there, first %.200s (%s)", list->name,
                (long long)missing, (long long)list->count, path, hint);
    return missing < list->count
               ? RGM_OK
               : rgm_fail(err, RGM_E_FORMAT, "%.160s: none of its %lld files is there, first %.200s (%s)", list->name,
                          (long long)missing, path, hint);
}

/* Sizes and times of the files, as far as they are there. */
static rgm_status look_at_files(rgm_list *list, const rgm_stop *stop, rgm_error *err) {
    char path[2 * PATH_MAX];
    int64_t missing = 0, first = 0;
    for (int64_t i = 0; i < list->count; i++) {
        struct stat st;
        rgm_list_entry *entry = &list->entries[i];
        if (i % STOP_EACH == 0 && rgm_stop_asked(stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%.300s: stopped while its files were looked at", list->name);
        if (rgm_list_where(list, i, path, sizeof path, NULL) < 0) continue;
        if (stat(path, &st) != 0) {
            if ((errno == ENOENT || errno == ENOTDIR) && missing++ == 0) first = i;
            continue;
        }
        entry->size = st.st_size;
        entry->changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    return judge_missing(list, missing, first, err);
}

/* ---- what is listed again ---- */

static int by_path(const void *a, const void *b, void *context) {
    const rgm_list *list = context;
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    int order = strcmp(rgm_list_path(list, x), rgm_list_path(list, y));
    return order ? order : (x > y) - (x < y);
}

static void tell_again(const rgm_list *list, int64_t first, int64_t again, int64_t told) {
    const rgm_list_entry *a = &list->entries[first], *b = &list->entries[again];
    char shown[300];
    if (told >= AGAIN_TOLD) return;
    rgm_list_show(rgm_list_path(list, first), shown, sizeof shown);
    if (a->label != b->label)
        rgm_log(RGM_LOG_WARN, "%s:%d: '%s' is '%.60s' here and '%.60s' in line %d", list->name, b->line, shown,
                list->classes[b->label], list->classes[a->label], a->line);
    else
        rgm_log(RGM_LOG_WARN, "%s:%d: '%s' is in the %s split here and in the %s split in line %d", list->name, b->line,
                shown, rgm_split_name(b->split), rgm_split_name(a->split), a->line);
}

/* Logs paths that are listed more than once. */
static rgm_status find_again(const rgm_list *list, rgm_error *err) {
    int64_t *order = malloc(((size_t)list->count + 1) * sizeof *order), told = 0, same = 0;
    if (!order) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", list->name);
    for (int64_t i = 0; i < list->count; i++) order[i] = i;
    if (list->count > 1) qsort_r(order, (size_t)list->count, sizeof *order, by_path, (void *)list);
    for (int64_t i = 1, first = 0; i < list->count; i++) {
        const rgm_list_entry *a = &list->entries[order[first]], *b = &list->entries[order[i]];
        if (strcmp(rgm_list_path(list, order[first]), rgm_list_path(list, order[i])) != 0)
            first = i;
        else if (a->label != b->label || a->split != b->split)
            tell_again(list, order[first], order[i], told++);
        else
            same++;
    }
    if (told > AGAIN_TOLD)
        rgm_log(RGM_LOG_WARN, "%s: %lld more pictures are listed again with another class or split", list->name,
                (long long)(told - AGAIN_TOLD));
    if (same)
        rgm_log(RGM_LOG_INFO, "%s: %lld picture%s listed again with the same class: taken as often as listed",
                list->name, (long long)same, same == 1 ? " is" : "s are");
    free(order);
    return RGM_OK;
}

/* ---- the file ---- */

static rgm_status read_all(struct reader *r, rgm_list *list, const rgm_stop *stop, rgm_error *err) {
    int more, header;
    RGM_TRY(sniff(r, err));
    RGM_TRY(read_record(r, &more, err));
    if (!more) return rgm_fail(err, RGM_E_FORMAT, "%.300s: an empty list: expected lines of path,label", r->path);
    RGM_TRY(find_columns(r, &header, err));
    if (header) RGM_TRY(read_record(r, &more, err));
    while (more) {
        if (list->count % STOP_EACH == 0 && rgm_stop_asked(stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%.300s: stopped while it was read", r->path);
        RGM_TRY(add_entry(r, list, err));
        RGM_TRY(read_record(r, &more, err));
    }
    if (list->class_count >= 2) return RGM_OK;
    if (list->class_count == 1)
        return rgm_fail(err, RGM_E_FORMAT, "%.300s: one class, '%.60s': expected two at least", r->path,
                        list->classes[0]);
    return rgm_fail(err, RGM_E_FORMAT, "%.300s: no pictures in the list", r->path);
}

rgm_status rgm_csv_read(rgm_list *list, const char *path, const char *root, const rgm_stop *stop, rgm_error *err) {
    struct stat st;
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", path);
    *list = (rgm_list){.name = path, .root = root, .chosen = 1};
    r->path = path;
    r->next = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    rgm_status status = RGM_OK;
    if (fd < 0 || !(r->file = fdopen(fd, "r"))) status = rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
    if (status == RGM_OK && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
        status = rgm_fail(err, RGM_E_USAGE, "%.300s: not a regular file: expected a list of pictures", path);
    if (status == RGM_OK) status = read_all(r, list, stop, err);
    if (r->file)
        fclose(r->file);
    else if (fd >= 0)
        close(fd);
    free(r);
    if (status == RGM_OK) status = rgm_list_sort_classes(list, 1, err);
    if (status == RGM_OK) status = find_again(list, err);
    if (status == RGM_OK) status = look_at_files(list, stop, err);
    return status;
}
