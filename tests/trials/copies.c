/* Near copies in a set of MNIST's format (IDX, unpacked), for near.sh.
 *     copies FOLDER EACH SEED
 * appends EACH copies of five kinds of different training images, half of them to the training images, half to the test
 * images, and prints a line "SPLIT INDEX OF KIND" for each. Exit code 1: a file is missing, short, or of another
 * format.
 *
 *     shift       by 1 or 2 pixels along one side or both; what comes in is 0 or like the edge
 *     brightness  5 to 10 % more or less, by a factor or of the whole range, cut at 0 and 255
 *     jpeg        quality 90
 *     mirror      left to right
 *     scale       2 % larger or smaller about the centre, linear or cubic; what comes in is 0 or like the edge */
#include <stdio.h>
#include <jpeglib.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, KINDS = 5, IMAGES_HEAD = 16, LABELS_HEAD = 8 };
static const char *const names[KINDS] = {"shift", "brightness", "jpeg", "mirror", "scale"};

typedef struct part {
    char path[2][4096]; /* images, labels */
    uint8_t *images, *labels;
    uint32_t count;
} part;

static uint64_t state;

/* splitmix64: Steele, Lea and Flood, OOPSLA 2014. Below n. */
static uint32_t draw(uint32_t n) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) % n);
}

static int fails(const char *what) {
    perror(what);
    return 0;
}

/* ---- kinds ---- */

static uint8_t level(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrint(v)); }

static double pixel(const uint8_t *from, int y, int x, int edge) {
    int v = y < 0 ? 0 : y >= SIDE ? SIDE - 1 : y, u = x < 0 ? 0 : x >= SIDE ? SIDE - 1 : x;
    return (v == y && u == x) || edge ? from[v * SIDE + u] : 0;
}

static void shift(const uint8_t *from, uint8_t *to) {
    int dy = (int)draw(5) - 2, dx = (int)draw(5) - 2, edge = (int)draw(2);
    if (!dy && !dx) dx = draw(2) ? 1 : -2;
    for (int i = 0; i < PIXELS; i++) to[i] = (uint8_t)pixel(from, i / SIDE - dy, i % SIDE - dx, edge);
}

static void brighten(const uint8_t *from, uint8_t *to) {
    double by = (0.05 + 0.05 * draw(1001) / 1000) * (draw(2) ? 1 : -1);
    int factor = (int)draw(2);
    for (int i = 0; i < PIXELS; i++) to[i] = level(factor ? from[i] * (1 + by) : from[i] + 255 * by);
}

static void compress(const uint8_t *from, uint8_t *to) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct out = {.err = jpeg_std_error(&errors)};
    struct jpeg_decompress_struct in = {.err = &errors};
    unsigned char *file = NULL;
    unsigned long size = 0;
    jpeg_create_compress(&out);
    jpeg_mem_dest(&out, &file, &size);
    out.image_width = out.image_height = SIDE;
    out.input_components = 1;
    out.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&out);
    jpeg_set_quality(&out, 90, TRUE);
    jpeg_start_compress(&out, TRUE);
    for (int y = 0; y < SIDE; y++) {
        uint8_t line[SIDE], *row = line;
        memcpy(line, from + y * SIDE, SIDE);
        jpeg_write_scanlines(&out, &row, 1);
    }
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    jpeg_create_decompress(&in);
    jpeg_mem_src(&in, file, size);
    jpeg_read_header(&in, TRUE);
    jpeg_start_decompress(&in);
    for (int y = 0; y < SIDE; y++) {
        uint8_t *row = to + y * SIDE;
        jpeg_read_scanlines(&in, &row, 1);
    }
    jpeg_finish_decompress(&in);
    jpeg_destroy_decompress(&in);
    free(file);
}

static double weight(double d, int cubic) {
    double t = fabs(d);
    if (!cubic) return t < 1 ? 1 - t : 0;
    return t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

static void scale(const uint8_t *from, uint8_t *to) {
    double by = draw(2) ? 1.02 : 0.98, centre = (SIDE - 1) / 2.0;
    int cubic = (int)draw(2), edge = (int)draw(2);
    for (int i = 0; i < PIXELS; i++) {
        double y = (i / SIDE - centre) / by + centre, x = (i % SIDE - centre) / by + centre, sum = 0;
        int v = (int)floor(y), u = (int)floor(x);
        for (int a = v - 1; a <= v + 2; a++)
            for (int b = u - 1; b <= u + 2; b++)
                sum += weight(y - a, cubic) * weight(x - b, cubic) * pixel(from, a, b, edge);
        to[i] = level(sum);
    }
}

static void copy_of(const uint8_t *from, int kind, uint8_t *to) {
    if (kind == 0)
        shift(from, to);
    else if (kind == 1)
        brighten(from, to);
    else if (kind == 2)
        compress(from, to);
    else if (kind == 4)
        scale(from, to);
    else
        for (int i = 0; i < PIXELS; i++) to[i] = from[i / SIDE * SIDE + SIDE - 1 - i % SIDE];
}

/* ---- files ---- */

static int read_file(const char *path, size_t head, size_t each, uint32_t more, uint8_t **bytes, uint32_t *count) {
    uint8_t start[IMAGES_HEAD];
    FILE *file = fopen(path, "rb");
    if (!file || fread(start, head, 1, file) != 1) return fails(path);
    *count = (uint32_t)start[4] << 24 | (uint32_t)start[5] << 16 | (uint32_t)start[6] << 8 | start[7];
    *bytes = calloc(*count + more, each);
    if (!*bytes || fread(*bytes, each, *count, file) != *count) return fails(path);
    fclose(file);
    return 1;
}

static int write_file(const char *path, size_t head, size_t each, const uint8_t *bytes, uint32_t count) {
    const uint8_t big[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count};
    FILE *file = fopen(path, "r+b");
    if (!file || fseek(file, 4, SEEK_SET) != 0 || fwrite(big, 4, 1, file) != 1) return fails(path);
    if (fseek(file, (long)head, SEEK_SET) != 0 || fwrite(bytes, each, count, file) != count) return fails(path);
    return fclose(file) == 0 || fails(path);
}

static int open_part(part *p, const char *folder, const char *prefix, uint32_t more) {
    uint32_t labels;
    snprintf(p->path[0], sizeof p->path[0], "%s/%s-images-idx3-ubyte", folder, prefix);
    snprintf(p->path[1], sizeof p->path[1], "%s/%s-labels-idx1-ubyte", folder, prefix);
    return read_file(p->path[0], IMAGES_HEAD, PIXELS, more, &p->images, &p->count) &&
           read_file(p->path[1], LABELS_HEAD, 1, more, &p->labels, &labels);
}

static int close_part(const part *p) {
    return write_file(p->path[0], IMAGES_HEAD, PIXELS, p->images, p->count) &&
           write_file(p->path[1], LABELS_HEAD, 1, p->labels, p->count);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: copies FOLDER EACH SEED\n");
        return 2;
    }
    static part parts[2];
    uint32_t each = (uint32_t)strtoul(arguments[2], NULL, 10), copies = KINDS * each;
    state = strtoull(arguments[3], NULL, 10);
    if (!open_part(&parts[0], arguments[1], "train", copies) || !open_part(&parts[1], arguments[1], "t10k", copies))
        return 1;
    uint32_t images = parts[0].count;
    uint8_t *taken = calloc(images + 1, 1);
    if (!taken || copies > images) return 1;
    for (uint32_t i = 0; i < copies; i++) {
        part *to = &parts[i % 2];
        uint32_t of = draw(images);
        while (taken[of]) of = (of + 1) % images;
        taken[of] = 1;
        int kind = (int)(i / 2 % KINDS);
        copy_of(parts[0].images + (size_t)of * PIXELS, kind, to->images + (size_t)to->count * PIXELS);
        to->labels[to->count] = parts[0].labels[of];
        printf("%s %u %u %s\n", i % 2 ? "test" : "train", to->count++, of, names[kind]);
    }
    free(taken);
    return !close_part(&parts[0]) || !close_part(&parts[1]);
}
