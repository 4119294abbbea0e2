/* Copies a file with one change: damage of a known kind at a known place.
 *
 *     flip FROM TO bit BYTE BIT        one bit is the other
 *     flip FROM TO zero BYTE LENGTH    so many bytes are zero
 *     flip FROM TO cut LENGTH          the file ends after so many bytes
 *     flip FROM TO add LENGTH          so many bytes more at the end
 *
 * Exit code 0: the copy differs; 3: it is the same; 2: it could not be made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *read_all(const char *path, size_t *size) {
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    fseek(in, 0, SEEK_END);
    long end = ftell(in);
    rewind(in);
    *size = end > 0 ? (size_t)end : 0;
    unsigned char *bytes = malloc(*size + 1);
    if (bytes && fread(bytes, 1, *size, in) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(in);
    return bytes;
}

static int write_all(const char *path, const unsigned char *bytes, size_t size, size_t more) {
    FILE *out = fopen(path, "wb");
    if (!out) return 0;
    int fine = fwrite(bytes, 1, size, out) == size;
    for (size_t i = 0; i < more; i++) fine &= fputc((int)(i * 37 % 256), out) != EOF;
    return fclose(out) == 0 && fine;
}

int main(int argc, char **argv) {
    size_t size = 0, more = 0;
    if (argc < 5) return 2;
    unsigned char *bytes = read_all(argv[1], &size);
    const char *how = argv[3];
    size_t at = (size_t)strtoull(argv[4], NULL, 10), count = argc > 5 ? (size_t)strtoull(argv[5], NULL, 10) : 0;
    int changed = 0;
    if (!bytes) {
        perror(argv[1]);
        return 2;
    }
    if (strcmp(how, "bit") == 0 && at < size) {
        bytes[at] ^= (unsigned char)(1u << (count & 7));
        changed = 1;
    } else if (strcmp(how, "zero") == 0) {
        for (size_t i = at; i < size && i < at + count; i++) {
            changed |= bytes[i] != 0;
            bytes[i] = 0;
        }
    } else if (strcmp(how, "cut") == 0 && at < size) {
        size = at;
        changed = 1;
    } else if (strcmp(how, "add") == 0) {
        more = at;
        changed = more > 0;
    }
    int fine = write_all(argv[2], bytes, size, more);
    free(bytes);
    return !fine ? 2 : changed ? 0 : 3;
}
