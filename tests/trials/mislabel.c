/* Wrong labels in a set of MNIST's format (IDX, unpacked), for label_errors.sh.
 *     mislabel FOLDER PREFIX SHARE SEED
 * gives a share of the labels in FOLDER/PREFIX-labels-idx1-ubyte another class, each of the others alike, and prints a
 * line "INDEX OLD NEW" for each. Exit code 1: the file is missing, short, or of another format. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, CLASSES = 10 };

/* splitmix64: Steele, Lea and Flood, OOPSLA 2014. */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int fails(const char *what) {
    perror(what);
    return 1;
}

int main(int count, char **arguments) {
    char path[4096];
    uint8_t head[HEAD];
    if (count != 5) {
        fprintf(stderr, "usage: mislabel FOLDER PREFIX SHARE SEED\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", arguments[1], arguments[2]);
    FILE *file = fopen(path, "r+b");
    if (!file || fread(head, HEAD, 1, file) != 1) return fails(path);
    uint64_t images = (uint64_t)head[4] << 24 | (uint64_t)head[5] << 16 | (uint64_t)head[6] << 8 | head[7];
    uint64_t wanted = (uint64_t)(strtod(arguments[3], NULL) * (double)images + 0.5),
             state = strtoull(arguments[4], NULL, 10);
    uint8_t *labels = malloc(images + 1), *done = calloc(images + 1, 1);
    if (!labels || !done || wanted > images || fread(labels, 1, images, file) != images) return fails(path);
    while (wanted) {
        uint64_t i = draw(&state) % images;
        if (done[i]) continue;
        uint8_t other = (uint8_t)((labels[i] + 1 + draw(&state) % (CLASSES - 1)) % CLASSES);
        printf("%llu %d %d\n", (unsigned long long)i, labels[i], other);
        labels[i] = other;
        done[i] = 1;
        wanted--;
    }
    if (fseek(file, HEAD, SEEK_SET) != 0 || fwrite(labels, 1, images, file) != images || fclose(file) != 0)
        return fails(path);
    free(labels);
    free(done);
    return 0;
}
