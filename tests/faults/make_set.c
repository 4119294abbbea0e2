/* Small data sets with a fault in them, and the same sets without it.
 *     make_set OUT.h5 [KEY=VALUE]...        of two values the later one counts
 *
 * | key        | default | meaning                                                                                    |
 * |------------|---------|--------------------------------------------------------------------------------------------|
 * | from       | fashion | fashion: images of Fashion-MNIST, drawn by the seed; waves: textures, a direction a class |
 * | folder     | Debian's| where Fashion-MNIST's four files lie, gzipped                                              |
 * | train      | 3000    | images; so validation (0) and test (1000)                                                  |
 * | classes    | 10      | of waves 2 to 100; of fashion the first so many                                            |
 * | side       | 28      | of waves                                                                                   |
 * | channels   | 1       | of waves: 1 or 3                                                                           |
 * | contrast   | 40      | of waves, levels; noise 20                                                                 |
 * | seed       | 1       | of all draws                                                                               |
 *
 * Faults, in the splits that `in` names ("train", "train,validation"; default: all):
 *
 * | key        | meaning                                                                                              |
 * |------------|------------------------------------------------------------------------------------------------------|
 * | flip       | share of labels that become another class, each alike                                                |
 * | pairs      | share of labels of even classes that become the next one                                             |
 * | swap       | 1: the labels of classes 0 and 1 are exchanged                                                       |
 * | shift      | labels move by so many places against the images                                                     |
 * | permute    | share of labels that are permuted among one another                                                  |
 * | next       | 1: labels are one class further                                                                      |
 * | rare       | classes but the first keep this share of their images                                                |
 * | long       | class c keeps this number to the power c                                                             |
 * | missing    | this class has no image                                                                              |
 * | noise      | deviation of noise, levels                                                                           |
 * | dim        | factor of the pixels                                                                                 |
 * | invert     | 1: 255 - v                                                                                           |
 * | levels     | pixels are divided by 255 / LEVELS and stored so: 1 leaves 0 and 1                                   |
 * | blank      | share of images that become black                                                                    |
 * | corrupt    | share of images that become random bytes                                                             |
 * | half       | share of images whose lower half is grey, as of a picture that was cut off                           |
 * | planes     | 1: bytes in the order [C][H][W] under the shape [H][W][C]                                            |
 * | same       | share of images that are copies of others of their split, with their labels                         |
 * | conflict   | share of images that are copies of others of their split, with another label                         |
 * | leak       | share of the test (and validation) images that are in the training split, too                        |
 * | mark       | share of images with a mark that tells the class: a bright pixel in the first row                    |
 * | mean, std  | numbers for the attributes of the file, instead of none: what training normalises with               |
 *
 * Exit code 1: a file is missing or cannot be written; 2: usage. */
#include <hdf5.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TRAIN, VALIDATION, TEST, SPLITS, MNIST_SIDE = 28, IMAGES_HEAD = 16, LABELS_HEAD = 8, MNIST_CLASSES = 10 };
static const char *const split_names[SPLITS] = {"train", "validation", "test"};

typedef struct split {
    int64_t count;
    uint8_t *images;
    int32_t *labels;
} split;

typedef struct set {
    int32_t side, channels, classes;
    int64_t bytes; /* of an image */
    split splits[SPLITS];
} set;

/* ---- arguments ---- */

static int argument_count;
static char **arguments;

static const char *text_of(const char *key, const char *fallback) {
    size_t length = strlen(key);
    for (int i = argument_count - 1; i >= 2; i--)
        if (strncmp(arguments[i], key, length) == 0 && arguments[i][length] == '=') return arguments[i] + length + 1;
    return fallback;
}

static double number_of(const char *key, double fallback) {
    const char *text = text_of(key, NULL);
    return text ? strtod(text, NULL) : fallback;
}

static int64_t count_of(const char *key, int64_t fallback) { return llround(number_of(key, (double)fallback)); }

static int known_arguments(void) {
    static const char *const keys[] = {"from",     "folder",   "train", "validation", "test",    "classes", "side",
                                       "channels", "contrast", "seed",  "in",         "flip",    "swap",    "shift",
                                       "next",     "permute",  "rare",  "long",       "missing", "noise",   "dim",
                                       "invert",   "mean",     "std",   "levels",     "blank",   "corrupt", "half",
                                       "same",     "planes",   "leak",  "conflict",   "mark",    "pairs"};
    for (int i = 2; i < argument_count; i++) {
        size_t length = strcspn(arguments[i], "="), k = 0;
        while (k < sizeof keys / sizeof *keys && (strlen(keys[k]) != length || strncmp(keys[k], arguments[i], length)))
            k++;
        if (k < sizeof keys / sizeof *keys && arguments[i][length] == '=') continue;
        fprintf(stderr, "make_set: unknown: %s\n", arguments[i]);
        return 0;
    }
    return 1;
}

static int is_in(int s) {
    const char *list = text_of("in", NULL);
    return !list || strstr(list, split_names[s]) != NULL;
}

/* ---- draws: splitmix64, Steele, Lea and Flood, OOPSLA 2014 ---- */

static uint64_t state;

static uint64_t draw_bits(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t below(int64_t n) { return (int64_t)(draw_bits() % (uint64_t)n); }
static double uniform(void) { return (double)(draw_bits() >> 11) * 0x1p-53; }

/* Box and Muller 1958. */
static double normal(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

static uint8_t level(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lround(v)); }

/* ---- images ---- */

static int fails(const char *what) {
    perror(what);
    return 0;
}

static int read_gz(const char *folder, const char *name, size_t head, size_t bytes, uint8_t *to) {
    char path[4096];
    uint8_t start[IMAGES_HEAD];
    snprintf(path, sizeof path, "%s/%s.gz", folder, name);
    gzFile file = gzopen(path, "rb");
    if (!file) return fails(path);
    int ok = gzread(file, start, (unsigned)head) == (int)head && gzread(file, to, (unsigned)bytes) == (int)bytes;
    gzclose(file);
    return ok || fails(path);
}

/* Draws count images of the first classes out of a file of `all`; those of one split do not come again in another of
 * the same file: taken[] is kept. */
static int take_fashion(set *s, int which, const char *prefix, int64_t all, uint8_t *taken) {
    const char *folder = text_of("folder", "/usr/share/datasets/fashion-mnist");
    split *to = &s->splits[which];
    char name[64];
    uint8_t *pixels = malloc((size_t)(all * s->bytes)), *labels = malloc((size_t)all);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    int ok = pixels && labels && read_gz(folder, name, IMAGES_HEAD, (size_t)(all * s->bytes), pixels);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    ok = ok && read_gz(folder, name, LABELS_HEAD, (size_t)all, labels);
    for (int64_t i = 0; ok && i < to->count; i++) {
        int64_t at = below(all);
        while (taken[at] || labels[at] >= s->classes) at = (at + 1) % all;
        taken[at] = 1;
        to->labels[i] = labels[at];
        memcpy(to->images + i * s->bytes, pixels + at * s->bytes, (size_t)s->bytes);
    }
    free(pixels);
    free(labels);
    return ok;
}

static int fill_fashion(set *s) {
    uint8_t *taken = calloc(70000, 1);
    int ok = taken && take_fashion(s, TRAIN, "train", 60000, taken) &&
             take_fashion(s, VALIDATION, "train", 60000, taken) && take_fashion(s, TEST, "t10k", 10000, taken + 60000);
    free(taken);
    return ok;
}

/* Two waves, whose directions, lengths and colours are the class's; phases, brightness and noise are the image's. */
static void draw_waves(const set *s, int32_t label, double contrast, uint8_t *to) {
    double phase = 6.283 * uniform(), other = 6.283 * uniform(), middle = 110 + 30 * uniform();
    double angle = 3.14159 * label / s->classes, turn = 2.399963 * label;
    for (int32_t y = 0; y < s->side; y++)
        for (int32_t x = 0; x < s->side; x++) {
            double u = 6.283 * x / s->side, v = 6.283 * y / s->side;
            double wave = sin(3 * (u * cos(angle) + v * sin(angle)) + phase) +
                          0.5 * sin(2 * (u * sin(turn) - v * cos(turn)) + other);
            for (int32_t c = 0; c < s->channels; c++)
                *to++ = level(middle + contrast * wave * (0.6 + 0.4 * cos(turn + 2.1 * c)) + 20 * normal());
        }
}

static int fill_waves(set *s) {
    double contrast = number_of("contrast", 40);
    for (int k = 0; k < SPLITS; k++)
        for (int64_t i = 0; i < s->splits[k].count; i++) {
            s->splits[k].labels[i] = (int32_t)(i % s->classes);
            draw_waves(s, s->splits[k].labels[i], contrast, s->splits[k].images + i * s->bytes);
        }
    return 1;
}

/* ---- faults of labels ---- */

static void exchange(int32_t *a, int32_t *b) {
    int32_t t = *a;
    *a = *b;
    *b = t;
}

static void flip(const set *s, split *p, double share) {
    for (int64_t i = 0; i < p->count; i++)
        if (uniform() < share) p->labels[i] = (int32_t)((p->labels[i] + 1 + below(s->classes - 1)) % s->classes);
}

static void flip_pairs(const set *s, split *p, double share) {
    for (int64_t i = 0; i < p->count; i++)
        if (p->labels[i] % 2 == 0 && p->labels[i] + 1 < s->classes && uniform() < share) p->labels[i]++;
}

static void shift(split *p, int64_t by) {
    int32_t *old = malloc((size_t)p->count * sizeof *old);
    if (!old) abort();
    memcpy(old, p->labels, (size_t)p->count * sizeof *old);
    for (int64_t i = 0; i < p->count; i++) p->labels[i] = old[(i + by) % p->count];
    free(old);
}

/* The first `share` of the labels. */
static void permute(split *p, double share) {
    for (int64_t i = llround(share * (double)p->count) - 1; i > 0; i--)
        exchange(&p->labels[i], &p->labels[below(i + 1)]);
}

static void rename_classes(const set *s, split *p) {
    for (int64_t i = 0; i < p->count; i++) {
        if (count_of("swap", 0) && p->labels[i] < 2) p->labels[i] = 1 - p->labels[i];
        if (count_of("next", 0)) p->labels[i] = (p->labels[i] + 1) % s->classes;
    }
}

static void harm_labels(const set *s, split *p) {
    rename_classes(s, p);
    flip(s, p, number_of("flip", 0));
    flip_pairs(s, p, number_of("pairs", 0));
    if (count_of("shift", 0)) shift(p, count_of("shift", 0));
    permute(p, number_of("permute", 0));
}

/* ---- faults of counts ---- */

static double share_of(int32_t label) {
    double longer = number_of("long", 1);
    if (label == count_of("missing", -1)) return 0;
    return (label > 0 ? number_of("rare", 1) : 1) * pow(longer, label);
}

/* Keeps of each class its share, in order, at least one image unless it is 0. */
static void thin(const set *s, split *p) {
    int64_t *seen = calloc((size_t)s->classes, sizeof *seen), kept = 0;
    if (!seen) abort();
    for (int64_t i = 0; i < p->count; i++) {
        int32_t label = p->labels[i];
        double share = share_of(label), before = (double)seen[label]++;
        if (share <= 0 || ceil(share * before) == ceil(share * (before + 1))) continue;
        p->labels[kept] = label;
        memmove(p->images + kept++ * s->bytes, p->images + i * s->bytes, (size_t)s->bytes);
    }
    p->count = kept;
    free(seen);
}

/* Image `to` becomes a copy of image `from`, which may be of another split. */
static void put_copy(const set *s, split *p, int64_t to, const split *q, int64_t from) {
    memcpy(p->images + to * s->bytes, q->images + from * s->bytes, (size_t)s->bytes);
    p->labels[to] = q->labels[from];
}

static void repeat(const set *s, split *p, double share, int conflict) {
    for (int64_t n = llround(share * (double)p->count); n > 0; n--) {
        int64_t to = p->count - n, from = below(p->count - n);
        put_copy(s, p, to, p, from);
        if (conflict) p->labels[to] = (int32_t)((p->labels[to] + 1 + below(s->classes - 1)) % s->classes);
    }
}

static void leak(set *s, double share) {
    for (int k = VALIDATION; k < SPLITS; k++)
        for (int64_t i = 0; i < s->splits[k].count && is_in(k); i++)
            if (uniform() < share) put_copy(s, &s->splits[k], i, &s->splits[TRAIN], below(s->splits[TRAIN].count));
}

/* ---- faults of pixels ---- */

static void harm_levels(const set *s, uint8_t *image) {
    double noise = number_of("noise", 0), dim = number_of("dim", 1), levels = number_of("levels", 255);
    for (int64_t i = 0; i < s->bytes; i++) {
        double v = image[i];
        if (noise > 0) v = level(v + noise * normal());
        if (count_of("invert", 0)) v = 255 - v;
        v = level(v * dim);
        image[i] = levels < 255 ? (uint8_t)(v * levels / 255) : (uint8_t)v;
    }
}

static void harm_whole(const set *s, uint8_t *image) {
    if (uniform() < number_of("blank", 0)) memset(image, 0, (size_t)s->bytes);
    if (uniform() < number_of("half", 0)) memset(image + s->bytes / 2, 128, (size_t)(s->bytes - s->bytes / 2));
    if (uniform() < number_of("corrupt", 0))
        for (int64_t i = 0; i < s->bytes; i++) image[i] = (uint8_t)below(256);
}

static void turn_planes(const set *s, uint8_t *image, uint8_t *scratch) {
    int64_t pixels = s->bytes / s->channels;
    memcpy(scratch, image, (size_t)s->bytes);
    for (int64_t i = 0; i < s->bytes; i++) image[i % s->channels * pixels + i / s->channels] = scratch[i];
}

static void harm_pixels(const set *s, split *p) {
    uint8_t *scratch = malloc((size_t)s->bytes);
    if (!scratch) abort();
    double mark = number_of("mark", 0);
    for (int64_t i = 0; i < p->count; i++) {
        uint8_t *image = p->images + i * s->bytes;
        harm_levels(s, image);
        harm_whole(s, image);
        if (uniform() < mark) image[p->labels[i] % s->side * s->channels] = 255;
        if (count_of("planes", 0)) turn_planes(s, image, scratch);
    }
    free(scratch);
}

static void harm(set *s) {
    for (int k = 0; k < SPLITS; k++) {
        split *p = &s->splits[k];
        if (!is_in(k) || !p->count) continue;
        thin(s, p);
        harm_pixels(s, p);
        repeat(s, p, number_of("same", 0), 0);
        repeat(s, p, number_of("conflict", 0), 1);
        harm_labels(s, p);
    }
    leak(s, number_of("leak", 0));
}

/* ---- the file ---- */

static int put_table(hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data) {
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t table = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = table >= 0 && H5Dwrite(table, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    H5Dclose(table);
    H5Sclose(space);
    return ok;
}

static int put_split(hid_t file, const set *s, int k) {
    const split *p = &s->splits[k];
    if (!p->count) return 1;
    hsize_t dims[4] = {(hsize_t)p->count, (hsize_t)s->side, (hsize_t)s->side, (hsize_t)s->channels};
    hid_t group = H5Gcreate2(file, split_names[k], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = group >= 0 && put_table(group, "images", H5T_NATIVE_UINT8, 4, dims, p->images) &&
             put_table(group, "labels", H5T_NATIVE_INT32, 1, dims, p->labels);
    H5Gclose(group);
    return ok;
}

static int put_attribute(hid_t file, const char *name, hid_t type, hsize_t count, const void *data) {
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int ok = attribute >= 0 && H5Awrite(attribute, type, data) >= 0;
    H5Aclose(attribute);
    H5Sclose(space);
    return ok;
}

/* The names say how many classes there are, though a split may lack one. */
static int put_names(hid_t file, const set *s) {
    enum { WIDTH = 16 };
    char *names = calloc((size_t)s->classes, WIDTH);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, WIDTH);
    for (int32_t c = 0; names && c < s->classes; c++) snprintf(names + c * WIDTH, WIDTH, "class %d", c);
    int ok = names && put_attribute(file, "class_names", type, (hsize_t)s->classes, names);
    H5Tclose(type);
    free(names);
    return ok;
}

static int put_number(hid_t file, const set *s, const char *key) {
    double values[3] = {number_of(key, 0), number_of(key, 0), number_of(key, 0)};
    return !text_of(key, NULL) || put_attribute(file, key, H5T_NATIVE_DOUBLE, (hsize_t)s->channels, values);
}

static int write_set(const char *path, const set *s) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    int ok = file >= 0 && put_names(file, s) && put_number(file, s, "mean") && put_number(file, s, "std");
    for (int k = 0; k < SPLITS && ok; k++) ok = put_split(file, s, k);
    return (file < 0 || H5Fclose(file) >= 0) && ok;
}

/* ---- all of it ---- */

static int make(set *s) {
    static const int64_t counts[SPLITS] = {3000, 0, 1000};
    int waves = strcmp(text_of("from", "fashion"), "waves") == 0;
    s->side = waves ? (int32_t)count_of("side", MNIST_SIDE) : MNIST_SIDE;
    s->channels = waves ? (int32_t)count_of("channels", 1) : 1;
    s->classes = (int32_t)count_of("classes", MNIST_CLASSES);
    s->bytes = (int64_t)s->side * s->side * s->channels;
    if (s->channels < 1 || s->channels > 3 || s->classes < 2 || (!waves && s->classes > MNIST_CLASSES)) return 0;
    for (int k = 0; k < SPLITS; k++) {
        split *p = &s->splits[k];
        p->count = count_of(split_names[k], counts[k]);
        p->images = malloc((size_t)(p->count * s->bytes + 1));
        p->labels = calloc((size_t)p->count + 1, sizeof *p->labels);
        if (!p->images || !p->labels) return 0;
    }
    return waves ? fill_waves(s) : fill_fashion(s);
}

int main(int count, char **words) {
    argument_count = count;
    arguments = words;
    if (count < 2 || !known_arguments()) {
        fprintf(stderr, "usage: make_set OUT.h5 [KEY=VALUE]...\n");
        return 2;
    }
    set s = {0};
    state = (uint64_t)count_of("seed", 1) * 1000003;
    if (!make(&s)) return 1;
    state ^= 0x5bd1e995;
    harm(&s);
    int ok = write_set(words[1], &s);
    for (int k = 0; k < SPLITS; k++) {
        free(s.splits[k].images);
        free(s.splits[k].labels);
    }
    return !ok;
}
