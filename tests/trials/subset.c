/* Part of a set in MNIST's format (IDX, unpacked): the first COUNT images of the classes below CLASSES.
 *     subset FOLDER PREFIX COUNT CLASSES OUT
 * reads FOLDER/PREFIX-images-idx3-ubyte and -labels-idx1-ubyte, writes the same names into the folder OUT, and prints
 * how many images there are. Exit code 1: a file is missing, short, or of another format. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES_HEAD = 16, LABELS_HEAD = 8, PIXELS_MOST = 1 << 20 };

struct set {
    FILE *images, *labels;
    uint8_t images_head[IMAGES_HEAD], labels_head[LABELS_HEAD];
};

static uint32_t number_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_number(uint8_t *bytes, uint32_t number) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

static int fails(const char *what) {
    perror(what);
    return 0;
}

static FILE *open_one(const char *folder, const char *prefix, const char *rest, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s", folder, prefix, rest);
    FILE *file = fopen(path, mode);
    if (!file) fails(path);
    return file;
}

static int open_set(struct set *set, const char *folder, const char *prefix, const char *mode) {
    set->images = open_one(folder, prefix, "images-idx3-ubyte", mode);
    set->labels = open_one(folder, prefix, "labels-idx1-ubyte", mode);
    return set->images && set->labels;
}

static int read_heads(struct set *set) {
    return fread(set->images_head, IMAGES_HEAD, 1, set->images) == 1 &&
           fread(set->labels_head, LABELS_HEAD, 1, set->labels) == 1 && number_at(set->images_head) == 0x803 &&
           number_at(set->labels_head) == 0x801;
}

static int write_heads(struct set *set, const struct set *like, uint32_t count) {
    memcpy(set->images_head, like->images_head, IMAGES_HEAD);
    memcpy(set->labels_head, like->labels_head, LABELS_HEAD);
    put_number(set->images_head + 4, count);
    put_number(set->labels_head + 4, count);
    rewind(set->images);
    rewind(set->labels);
    return fwrite(set->images_head, IMAGES_HEAD, 1, set->images) == 1 &&
           fwrite(set->labels_head, LABELS_HEAD, 1, set->labels) == 1;
}

/* Returns how many images were written; -1: a file ends early, or cannot be written. */
static int64_t copy_images(struct set *to, struct set *from, uint32_t most, int classes) {
    static uint8_t pixels[PIXELS_MOST];
    uint32_t images = number_at(from->images_head + 4), found = 0;
    size_t size = (size_t)number_at(from->images_head + 8) * number_at(from->images_head + 12);
    if (size > sizeof pixels || number_at(from->labels_head + 4) != images) return -1;
    for (uint32_t i = 0; i < images && found < most; i++) {
        int label = getc(from->labels);
        if (label == EOF || fread(pixels, 1, size, from->images) != size) return -1;
        if (label >= classes) continue;
        if (putc(label, to->labels) == EOF || fwrite(pixels, 1, size, to->images) != size) return -1;
        found++;
    }
    return found;
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: subset FOLDER PREFIX COUNT CLASSES OUT\n");
        return 2;
    }
    struct set from, to;
    const char *prefix = arguments[2];
    if (!open_set(&from, arguments[1], prefix, "rb") || !open_set(&to, arguments[5], prefix, "wb")) return 1;
    int64_t found = -1;
    if (read_heads(&from) && write_heads(&to, &from, 0))
        found = copy_images(&to, &from, (uint32_t)strtoul(arguments[3], NULL, 10), atoi(arguments[4]));
    if (found < 0 || !write_heads(&to, &from, (uint32_t)found)) return !fails("subset");
    if (fclose(to.images) != 0 || fclose(to.labels) != 0) return !fails("subset");
    fclose(from.images);
    fclose(from.labels);
    printf("%lld\n", (long long)found);
    return 0;
}
