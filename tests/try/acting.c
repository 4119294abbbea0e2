/* Makes a helper program that reads wrongly: its read number RGM_TRY_AT, from 1 on, does RGM_TRY_DO (first_reader.h).
 * Its own pread() stands before the C library's. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void touch(const char *path) {
    FILE *file = fopen(path, "r+b");
    int byte = file ? fgetc(file) : EOF;
    if (byte == EOF || fseek(file, 0, SEEK_SET) != 0 || fputc(byte, file) != byte || fclose(file) != 0) _exit(9);
}

static void mark(void) {
    int fd = open(getenv("RGM_TRY_MARK"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || write(fd, ".", 1) != 1 || close(fd) != 0) _exit(9);
}

static void spin(void) {
    struct rlimit second = {1, 10};
    setrlimit(RLIMIT_CPU, &second);
    for (volatile unsigned i = 0;; i++) {}
}

/* 1: the read fails, with errno set. */
static int act(const char *what) {
    char word[16], rest[2][400];
    int number = 0, words = sscanf(what, "%15s %399s %399s", word, rest[0], rest[1]);
    if (words > 1) number = atoi(rest[0]);
    mark();
    if (strcmp(word, "signal") == 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (strcmp(word, "exit") == 0) _exit(number);
    if (strcmp(word, "spin") == 0) spin();
    if (strcmp(word, "sleep") == 0 && !alarm(1)) _exit(9); /* the clock that ends it is put forward: it must run */
    while (strcmp(word, "sleep") == 0) pause();
    if (strcmp(word, "rename") == 0 && rename(rest[0], rest[1]) != 0 && errno != ENOENT) _exit(9);
    if (strcmp(word, "touch") == 0) touch(rest[0]);
    errno = number;
    return strcmp(word, "fail") == 0;
}

__attribute__((visibility("default"))) ssize_t pread(int fd, void *to, size_t size, off_t offset) {
    static int reads;
    const char *at = getenv("RGM_TRY_AT");
    if (at && ++reads == atoi(at) && act(getenv("RGM_TRY_DO"))) return -1;
    return (ssize_t)syscall(SYS_pread64, fd, to, size, offset);
}

__attribute__((visibility("default"))) ssize_t pread64(int fd, void *to, size_t size, off_t offset) {
    return pread(fd, to, size, offset);
}
