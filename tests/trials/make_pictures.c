/* Makes a folder of JPEGs to import: make_pictures FOLDER COUNT CLASSES SEED. Sizes are 320 to 640 pixels a side, with
 * several qualities and samplings; every class has a colour and a grain of its own, so that a network can learn them.
 * Every 100th file is broken, in one of ten ways by turns. Prints the name of each broken one with its way. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

enum { TEXTURE = 1536, MOST = 640, WAYS = 10 };

static const char *const ways[WAYS] = {
    "empty",           "its first 100 bytes", "its first half",         "its first four fifths", "text",
    "link to nowhere", "2^31 pixels",         "no quantization tables", "zero columns",          "lossless JPEG"};

static uint32_t state;

static uint32_t draw(uint32_t n) {
    state = state * 1664525U + 1013904223U;
    return (uint32_t)(((uint64_t)state * n) >> 32);
}

static void need(int fine, const char *what) {
    if (fine) return;
    perror(what);
    exit(1);
}

/* Smooth waves and some grain, as photographs have. */
static uint8_t *make_texture(void) {
    uint8_t *texture = malloc((size_t)TEXTURE * TEXTURE);
    float wave[8][4];
    need(texture != NULL, "texture");
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 4; k++) wave[i][k] = (float)draw(1000) / 1000.0f;
    for (int y = 0; y < TEXTURE; y++)
        for (int x = 0; x < TEXTURE; x++) {
            float v = 128.0f + (float)draw(17) - 8.0f;
            for (int i = 0; i < 8; i++)
                v += 18.0f * sinf(6.3f * (wave[i][0] + ((float)x * wave[i][1] + (float)y * wave[i][2]) *
                                                           (0.003f + 0.05f * wave[i][3] * wave[i][3])));
            texture[y * TEXTURE + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    return texture;
}

static void fill_row(const uint8_t *from, int width, int class, uint8_t *row) {
    for (int x = 0; x < width; x++)
        for (int c = 0; c < 3; c++) {
            int tint = ((class * 37 + c * 83) % 160) - 80, v = from[x] + tint * (128 - abs(from[x] - 128)) / 128;
            row[3 * x + c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
}

static unsigned char *encode(const uint8_t *texture, int class, unsigned long *size) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL, row[3 * MOST], *rows = row;
    int width = 320 + (int)draw(MOST - 319), height = 320 + (int)draw(MOST - 319);
    int left = (int)draw((uint32_t)(TEXTURE - width)), top = (int)draw((uint32_t)(TEXTURE - height));
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, size);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 75 + (int)draw(20), TRUE);
    if (draw(8) == 0) jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    if (draw(20) == 0) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        fill_row(texture + (size_t)(top + (int)jpeg.next_scanline) * TEXTURE + left, width, class, row);
        jpeg_write_scanlines(&jpeg, &rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return bytes;
}

/* The segment with marker 0xff `low` to `high` in a JPEG's header; its length field is 2 bytes behind. */
static unsigned char *segment(unsigned char *bytes, unsigned long size, int low, int high) {
    for (unsigned long at = 2; at + 9 < size; at += 2 + (unsigned long)(bytes[at + 2] << 8 | bytes[at + 3]))
        if (bytes[at + 1] >= low && bytes[at + 1] <= high) return bytes + at;
    need(0, "no such segment");
    return NULL;
}

static void spoil(unsigned char *bytes, unsigned long *size, int way) {
    unsigned char *frame = segment(bytes, *size, 0xc0, 0xc2);
    static const unsigned char huge[4] = {0xff, 0xdc, 0x80, 0x24}; /* 65500 rows of 32804 */
    switch (way) {
    case 0:
        *size = 0;
        break;
    case 1:
        *size = 100;
        break;
    case 2:
        *size /= 2;
        break;
    case 3:
        *size = *size * 4 / 5;
        break;
    case 4:
        memset(bytes, 'x', *size);
        break;
    case 6:
        memcpy(frame + 5, huge, 4);
        break;
    case 7:
        for (unsigned long at = 0; at + 1 < *size; at++)
            if (bytes[at] == 0xff && bytes[at + 1] == 0xdb) bytes[at + 1] = 0xfe; /* a comment */
        break;
    case 8:
        frame[7] = frame[8] = 0;
        break;
    case 9:
        frame[1] = 0xc3;
        break;
    default:
        break;
    }
}

int main(int argc, char **argv) {
    char path[4096];
    if (argc != 5) return 2;
    int count = atoi(argv[2]), classes = atoi(argv[3]);
    state = (uint32_t)atoi(argv[4]);
    uint8_t *texture = make_texture();
    need(mkdir(argv[1], 0777) == 0, argv[1]);
    for (int c = 0; c < classes; c++) {
        snprintf(path, sizeof path, "%s/class%02d", argv[1], c);
        need(mkdir(path, 0777) == 0, path);
    }
    for (int i = 0; i < count; i++) {
        unsigned long size = 0;
        int class = (i + i / 100) % classes, way = i % 100 == 99 ? i / 100 % WAYS : -1;
        unsigned char *bytes = encode(texture, class, &size);
        snprintf(path, sizeof path, "%s/class%02d/%06d.jpg", argv[1], class, i);
        if (way >= 0) {
            spoil(bytes, &size, way);
            printf("%s: %s\n", path, ways[way]);
        }
        if (way == 5) {
            need(symlink("nowhere", path) == 0, path);
        } else {
            FILE *file = fopen(path, "wb");
            need(file != NULL, path);
            need(fwrite(bytes, 1, size, file) == size && fclose(file) == 0, path);
        }
        free(bytes);
    }
    free(texture);
    return 0;
}
