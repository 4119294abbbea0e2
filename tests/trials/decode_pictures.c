/* What libjpeg-turbo alone needs: decode_pictures THREADS LIST decodes every file that LIST names, a path a line, whole
 * to RGB and with nothing done about the pixels. Prints "N decoded, M failed, S seconds". */
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>

static char **paths;
static int count;
static atomic_int next, failed;

typedef struct errors {
    struct jpeg_error_mgr base;
    jmp_buf away;
} errors;

static void leave(j_common_ptr jpeg) { longjmp(((errors *)jpeg->err)->away, 1); }
static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }

static unsigned char *whole(const char *path, unsigned char *bytes, size_t *room, size_t *size) {
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (!file) return bytes;
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    if (length > *room) bytes = realloc(bytes, *room = length);
    *size = fread(bytes, 1, length, file);
    fclose(file);
    return bytes;
}

static int decode(const unsigned char *bytes, size_t size, unsigned char *row) {
    struct jpeg_decompress_struct jpeg;
    errors e;
    jpeg.err = jpeg_std_error(&e.base);
    e.base.error_exit = leave;
    e.base.output_message = say_nothing;
    jpeg_create_decompress(&jpeg);
    if (setjmp(e.away)) {
        jpeg_destroy_decompress(&jpeg);
        return 0;
    }
    jpeg_mem_src(&jpeg, bytes, size);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_RGB;
    if (jpeg.image_width > 8192 || jpeg.image_height > 8192) leave((j_common_ptr)&jpeg);
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) jpeg_read_scanlines(&jpeg, &row, 1);
    jpeg_finish_decompress(&jpeg);
    int fine = e.base.num_warnings == 0;
    jpeg_destroy_decompress(&jpeg);
    return fine;
}

static void *work(void *unused) {
    unsigned char *bytes = NULL, *row = malloc(3 * 8192);
    size_t room = 0, size;
    (void)unused;
    for (int i; (i = atomic_fetch_add(&next, 1)) < count;) {
        bytes = whole(paths[i], bytes, &room, &size);
        if (size == 0 || !decode(bytes, size, row)) atomic_fetch_add(&failed, 1);
    }
    free(bytes);
    free(row);
    return NULL;
}

int main(int argc, char **argv) {
    char line[4096];
    pthread_t threads[64];
    struct timespec start, end;
    FILE *list = argc == 3 ? fopen(argv[2], "r") : NULL;
    int workers = argc == 3 ? atoi(argv[1]) : 0;
    if (!list || workers < 1 || workers > 64) return 2;
    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "\n")] = 0;
        if (count % 1024 == 0) paths = realloc(paths, sizeof *paths * (size_t)(count + 1024));
        paths[count++] = strdup(line);
    }
    fclose(list);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < workers; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < workers; i++) pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%d decoded, %d failed, %.3f seconds\n", count - failed, (int)failed,
           (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    return 0;
}
