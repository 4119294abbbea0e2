#include "list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>
#include "base/text.h"

const char *rgm_passed_name(int32_t reason, int64_t count) {
    static const char *const names[RGM_PASSED_COUNT][2] = {
        {"hidden", "hidden"},
        {"not a picture", "not pictures"},
        {"outside of the class folders", "outside of the class folders"},
        {"not a regular file", "not regular files"},
        {"link to a folder seen before", "links to a folder seen before"},
        {"folder that cannot be read", "folders that cannot be read"},
        {"link to a folder above it", "links to a folder above them"},
        {"GIF file", "GIF files"},
        {"TIFF file", "TIFF files"},
        {"HEIC file", "HEIC files"},
        {"AVIF file", "AVIF files"},
    };
    return reason >= 0 && reason < RGM_PASSED_COUNT ? names[reason][count != 1] : "";
}

int32_t rgm_passed_kind(const char *kind) {
    static const char *const kinds[] = {"GIF", "TIFF", "HEIC", "AVIF"};
    if (strcmp(kind, "HEIF") == 0) kind = "HEIC"; /* the family of which most are */
    for (int32_t i = 0; i < RGM_PASSED_COUNT - RGM_PASSED_KINDS; i++)
        if (strcmp(kind, kinds[i]) == 0) return RGM_PASSED_KINDS + i;
    return RGM_PASSED_OTHER;
}

void rgm_list_free(rgm_list *list) {
    for (int32_t c = 0; c < list->class_count; c++) free(list->classes[c]);
    free(list->classes);
    free(list->buckets);
    free(list->entries);
    free(list->text);
    *list = (rgm_list){0};
}

const char *rgm_list_path(const rgm_list *list, int64_t i) { return list->text + list->entries[i].path; }

rgm_status rgm_list_where(const rgm_list *list, int64_t i, char *out, size_t size, rgm_error *err) {
    const char *path = rgm_list_path(list, i), *root = list->root && path[0] != '/' ? list->root : "";
    size_t length = strlen(root);
    const char *between = length && root[length - 1] != '/' ? "/" : "";
    if ((size_t)snprintf(out, size, "%s%s%s", root, between, path) < size) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "its path is longer than the system takes: at most %d bytes", PATH_MAX - 1);
}

rgm_status rgm_list_read(const rgm_list *list, int64_t i, size_t first, rgm_picture_file *file, rgm_error *err) {
    char path[PATH_MAX];
    RGM_TRY(rgm_list_where(list, i, path, sizeof path, err));
    return rgm_picture_file_read(file, path, &(rgm_picture_part){.first = first, .largest = RGM_LIST_FILE}, err);
}

/* Room for `need` more bytes of paths. */
static int grow_text(rgm_list *list, size_t need) {
    if (list->text_room - list->text_used >= need) return 1;
    size_t room = 2 * list->text_room + need + 4096;
    char *grown = realloc(list->text, room);
    if (!grown) return 0;
    list->text = grown;
    list->text_room = room;
    return 1;
}

rgm_status rgm_list_add(rgm_list *list, const char *path, const rgm_list_entry *entry, rgm_error *err) {
    size_t length = strlen(path) + 1;
    if (list->count == list->room) {
        int64_t room = list->room ? list->room + list->room / 2 : 256;
        rgm_list_entry *grown = realloc(list->entries, (size_t)room * sizeof *grown);
        if (!grown) return rgm_fail(err, RGM_E_NOMEM, "no memory for a list of %lld pictures", (long long)room);
        list->entries = grown;
        list->room = room;
    }
    if (!grow_text(list, length))
        return rgm_fail(err, RGM_E_NOMEM, "no memory for the paths of %lld pictures", (long long)list->count);
    rgm_list_entry *added = &list->entries[list->count++];
    *added = *entry;
    added->path = list->text_used;
    memcpy(list->text + list->text_used, path, length);
    list->text_used += length;
    return RGM_OK;
}

/* ---- classes ---- */

/* The bucket of a name: its own, or the free one where it belongs. */
static int32_t *find_bucket(const rgm_list *list, const char *name) {
    uint32_t mask = (uint32_t)list->bucket_count - 1, at = (uint32_t)XXH3_64bits(name, strlen(name)) & mask;
    while (list->buckets[at] && strcmp(list->classes[list->buckets[at] - 1], name) != 0) at = (at + 1) & mask;
    return &list->buckets[at];
}

/* Names anew into `count` buckets, a power of two. */
static int fill_buckets(rgm_list *list, int32_t count) {
    int32_t *buckets = calloc((size_t)count, sizeof *buckets);
    if (!buckets) return 0;
    free(list->buckets);
    list->buckets = buckets;
    list->bucket_count = count;
    for (int32_t c = 0; c < list->class_count; c++) *find_bucket(list, list->classes[c]) = c + 1;
    return 1;
}

static int grow_classes(rgm_list *list) {
    if (list->class_count < list->class_room) return 1;
    int32_t room = list->class_room ? 2 * list->class_room : 64;
    char **grown = realloc(list->classes, (size_t)room * sizeof *grown);
    if (!grown) return 0;
    list->classes = grown;
    list->class_room = room;
    return fill_buckets(list, 4 * room);
}

rgm_status rgm_list_class(rgm_list *list, const char *name, int32_t *label, rgm_error *err) {
    if (!grow_classes(list)) return rgm_fail(err, RGM_E_NOMEM, "no memory for the names of classes");
    int32_t *bucket = find_bucket(list, name);
    if (!*bucket) {
        if (list->class_count == RGM_DATA_CLASSES)
            return rgm_fail(err, RGM_E_UNSUPPORTED, "more than %d classes", RGM_DATA_CLASSES);
        char *copy = strdup(name);
        if (!copy) return rgm_fail(err, RGM_E_NOMEM, "no memory for the names of classes");
        list->classes[list->class_count++] = copy;
        *bucket = list->class_count;
    }
    *label = *bucket - 1;
    return RGM_OK;
}

struct rank {
    char *name;
    int64_t value;
    int32_t from;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct rank *)a)->name, ((const struct rank *)b)->name);
}

static int by_value(const void *a, const void *b) {
    const struct rank *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value ? -1 : 1) : strcmp(x->name, y->name);
}

/* "0", "17", "-3": at most 18 digits. */
static int is_integer(const char *text, int64_t *value) {
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (digits == 0 || digits > 18 || text[(*text == '-') + digits]) return 0;
    *value = strtoll(text, NULL, 10);
    return 1;
}

rgm_status rgm_list_sort_classes(rgm_list *list, int32_t numbers, rgm_error *err) {
    if (list->class_count == 0) return RGM_OK;
    size_t count = (size_t)list->class_count;
    struct rank *ranks = calloc(count, sizeof *ranks);
    int32_t *to = calloc(count, sizeof *to);
    if (!ranks || !to) {
        free(ranks);
        free(to);
        return rgm_fail(err, RGM_E_NOMEM, "no memory for the names of classes");
    }
    for (int32_t c = 0; c < list->class_count; c++) {
        ranks[c] = (struct rank){.name = list->classes[c], .from = c};
        numbers = numbers && is_integer(list->classes[c], &ranks[c].value);
    }
    qsort(ranks, count, sizeof *ranks, numbers ? by_value : by_name);
    for (int32_t c = 0; c < list->class_count; c++) {
        list->classes[c] = ranks[c].name;
        to[ranks[c].from] = c;
    }
    for (int64_t i = 0; i < list->count; i++) list->entries[i].label = to[list->entries[i].label];
    free(ranks);
    free(to);
    return fill_buckets(list, list->bucket_count) ? RGM_OK
                                                  : rgm_fail(err, RGM_E_NOMEM, "no memory for the names of classes");
}

/* ---- splits ---- */

int32_t rgm_list_split(const char *name) {
    static const struct {
        const char *name;
        int32_t split;
    } splits[] = {{"train", RGM_SPLIT_TRAIN},     {"training", RGM_SPLIT_TRAIN},        {"test", RGM_SPLIT_TEST},
                  {"testing", RGM_SPLIT_TEST},    {"validation", RGM_SPLIT_VALIDATION}, {"val", RGM_SPLIT_VALIDATION},
                  {"valid", RGM_SPLIT_VALIDATION}};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        if (strcasecmp(name, splits[i].name) == 0) return splits[i].split;
    return -1;
}

/* ---- order, fingerprint ---- */

static int by_path(const void *a, const void *b, void *text) {
    return strcmp((const char *)text + ((const rgm_list_entry *)a)->path,
                  (const char *)text + ((const rgm_list_entry *)b)->path);
}

void rgm_list_sort(rgm_list *list) {
    if (list->count > 1) qsort_r(list->entries, (size_t)list->count, sizeof *list->entries, by_path, list->text);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) { return XXH3_64bits_withSeed(bytes, size, hash); }

uint64_t rgm_list_hash(const rgm_list *list, uint64_t seed) {
    uint64_t hash = mix(seed, &list->count, sizeof list->count);
    for (int32_t c = 0; c < list->class_count; c++) hash = mix(hash, list->classes[c], strlen(list->classes[c]) + 1);
    for (int64_t i = 0; i < list->count; i++) {
        const rgm_list_entry *entry = &list->entries[i];
        const int64_t numbers[4] = {entry->size, entry->changed, entry->label, entry->split};
        hash = mix(hash, numbers, sizeof numbers);
        hash = mix(hash, rgm_list_path(list, i), strlen(rgm_list_path(list, i)) + 1);
    }
    return hash;
}

int rgm_list_is_text(const char *bytes) {
    for (size_t length; *bytes; bytes += length) {
        length = rgm_text_utf8_length((const unsigned char *)bytes);
        if (length == 0 || rgm_text_control(bytes)) return 0;
    }
    return 1;
}

const char *rgm_list_class_name(const char *folder, char *out, size_t size) {
    if (!rgm_list_is_text(folder)) return rgm_list_show(folder, out, size);
    snprintf(out, size, "%s", folder);
    return out;
}

const char *rgm_list_show(const char *bytes, char *out, size_t size) {
    size_t used = 0;
    for (const char *at = bytes; *at;) {
        size_t length = rgm_text_utf8_length((const unsigned char *)at);
        size_t escaped = length ? (size_t)rgm_text_command(at) : 1;
        if (used + 4 * escaped + 1 > size) break;
        for (size_t i = 0; i < escaped; i++, used += 4) snprintf(out + used, 5, "\\x%02x", (unsigned char)*at++);
        if (escaped) continue;
        if (used + length + 1 > size) break;
        memcpy(out + used, at, length);
        at += length;
        used += length;
    }
    out[used] = 0;
    return out;
}
