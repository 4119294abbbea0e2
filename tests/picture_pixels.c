/* Decodes the pictures whose paths come on standard input, a line each, for a comparison with another program
 * (bench/peers/compare_pixels.py). For each it writes "OK H W C" or "NO reason" in a line, and the pixels behind OK.
 * usage: picture_pixels C   with C 1 or 3; transparency lies on white */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture/picture.h"

static uint8_t *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    *size = 0;
    if (file && !fseek(file, 0, SEEK_END)) {
        long end = ftell(file);
        rewind(file);
        bytes = malloc((size_t)end + 1);
        if (bytes) *size = fread(bytes, 1, (size_t)end, file);
    }
    if (file) fclose(file);
    return bytes;
}

static void answer(rgm_decoder *decoder, const char *path, int32_t C) {
    rgm_bytes bytes = {.name = path};
    uint8_t *at = slurp(path, &bytes.size);
    rgm_picture picture;
    rgm_error err = {0};
    bytes.at = at;
    rgm_decode_want want = {.C = C, .background = {255, 255, 255}};
    if (rgm_decode(decoder, &bytes, &want, &picture, &err) < 0) {
        printf("NO %s\n", err.text);
    } else {
        printf("OK %d %d %d\n", picture.H, picture.W, picture.C);
        for (int32_t y = 0; y < picture.H; y++)
            fwrite(picture.pixels + y * picture.pitch, 1, (size_t)picture.W * (size_t)picture.C, stdout);
    }
    fflush(stdout);
    free(at);
}

int main(int argc, char **argv) {
    rgm_decoder *decoder;
    char *line = NULL;
    size_t room = 0;
    if (argc != 2 || rgm_decoder_create(&decoder, NULL) < 0) return EXIT_FAILURE;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        answer(decoder, line, atoi(argv[1]));
    }
    free(line);
    rgm_decoder_destroy(decoder);
    return EXIT_SUCCESS;
}
