/* A shim for LD_PRELOAD: the n-th call of a kind fails, or a signal arrives at it. Linux and glibc only.
 *
 * | variable    | value                                                                                        |
 * |-------------|----------------------------------------------------------------------------------------------|
 * | FAULT_CALL  | kinds, separated by commas: the table kinds[] below                                          |
 * | FAULT_AT    | n: the first is 1; 0 only counts                                                             |
 * | FAULT_FROM  | own: only calls by the program itself; library: only those by others; any                    |
 * | FAULT_HOW   | fail; ever (this one and all that follow); short (half of a read or write is done); kill     |
 * |             | (SIGKILL); term (SIGTERM); int (SIGINT)                                                      |
 * | FAULT_ERRNO | EIO, ENOSPC ...: instead of the kind's own                                                   |
 * | FAULT_LOG   | file to which it adds a line when that call comes, where a crash was, and the count at exit  |
 *
 * The program and its children count together. The helper program that it starts counts for itself: its n-th call
 * fails, too, but no signal arrives there. Who calls is known by the return address: calls from within the program file
 * are its own. What a library does on the program's behalf, such as getline's reading, is the program's own where the
 * table names the function.
 */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC visibility push(default)

enum { OPEN, READ, WRITE, SYNC, RENAME, TRUNCATE, CLOSE, MAP, MEMORY, THREAD, SPAWN, LOCK, STAT, UNLINK, MKDIR, KINDS };
enum { PASS, FAIL, SHORT };

static const struct kind {
    const char *name;
    int error;
} kinds[KINDS] = {{"open", EMFILE},    {"read", EIO},     {"write", ENOSPC}, {"fsync", EIO},     {"rename", EIO},
                  {"truncate", EFBIG}, {"close", EIO},    {"mmap", ENOMEM},  {"malloc", ENOMEM}, {"thread", EAGAIN},
                  {"spawn", EAGAIN},   {"flock", ENOLCK}, {"stat", EIO},     {"unlink", EACCES}, {"mkdir", ENOSPC}};

static const struct name {
    const char *name;
    int value;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"EAGAIN", EAGAIN},
              {"EINTR", EINTR},   {"EACCES", EACCES}, {"ENOLCK", ENOLCK}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
              {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL}, {"ENOENT", ENOENT}},
  hows[] = {{"fail", 0}, {"ever", -1}, {"short", -2}, {"kill", SIGKILL}, {"term", SIGTERM}, {"int", SIGINT}};

/* Shared with children. */
typedef struct shared {
    atomic_long calls, fired;
} shared;

static shared *common;
static unsigned mask;
static long at;
static int ever, half, stop_signal, own_only, library_only, error_given;
static pid_t program;
static uintptr_t own_low, own_high;
static const char *log_path;

static int is_own(const void *caller) { return (uintptr_t)caller >= own_low && (uintptr_t)caller < own_high; }

static void tell(const char *what, const void *place) {
    char line[512];
    Dl_info info = {0};
    if (place) dladdr(place, &info);
    int length =
        snprintf(line, sizeof line, "%s%s%s%s%lx\n", what, place ? " in " : "", info.dli_fname ? info.dli_fname : "",
                 place ? "+0x" : " ", (unsigned long)((uintptr_t)place - (uintptr_t)info.dli_fbase));
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    if (syscall(SYS_write, fd, line, (size_t)length) < 0) length = 0;
    syscall(SYS_close, fd);
}

/* What becomes of this call. */
static int judge(int kind, const void *caller) {
    if (!(mask >> kind & 1) || !common) return PASS;
    if ((own_only && !is_own(caller)) || (library_only && is_own(caller))) return PASS;
    if (half && kind != READ && kind != WRITE) return PASS;
    long n = atomic_fetch_add(&common->calls, 1) + 1;
    if (n < at || at == 0 || (n > at && !ever)) return PASS;
    if (log_path && atomic_fetch_add(&common->fired, 1) == 0) tell(kinds[kind].name, caller);
    if (stop_signal) syscall(SYS_kill, program, stop_signal);
    if (stop_signal) return PASS;
    errno = error_given ? error_given : kinds[kind].error;
    return half ? SHORT : FAIL;
}

#define CALLER      __builtin_return_address(0)
#define FAILS(kind) (judge(kind, CALLER) == FAIL)

/* The next definition of a function; the address is looked up once. */
#define NEXT(name)                                                                                                     \
    static __typeof__(name) *real;                                                                                     \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* ---- how it begins and ends ---- */

static int find(const struct name *names, size_t count, const char *name) {
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(names[i].name, name) == 0) return names[i].value;
    return 0;
}

/* Whether a list with commas has this word. */
static int names_kind(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at_word = list; at_word; at_word = strchr(at_word, ',')) {
        if (*at_word == ',') at_word++;
        if (strncmp(at_word, name, length) == 0 && (at_word[length] == ',' || at_word[length] == 0)) return 1;
    }
    return 0;
}

static int on_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, high = low + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        if (own_high == 0 || low < own_low) own_low = low;
        if (high > own_high) own_high = high;
    }
    return 1; /* the program is the first */
}

static int is_system(const char *file) {
    return !file || strstr(file, "/libc.so") || strstr(file, "/ld-linux") || strstr(file, "/fault.so");
}

/* ---- crashes: the log says where, then the program's own handler has its turn ---- */

static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
enum { CRASHES = sizeof crashes / sizeof crashes[0] };
static struct sigaction handlers[CRASHES]; /* the program's own; it never sees ours */
static int watching;

static int crash_index(int number) {
    for (int i = 0; watching && i < CRASHES; i++)
        if (crashes[i] == number) return i;
    return -1;
}

static int set_action(int number, const struct sigaction *action) {
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (!real) real = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    return real(number, action, NULL);
}

/* The first frame outside of the C library and this shim is where the crash was. */
static void tell_crash(void) {
    void *frames[32];
    int count = backtrace(frames, 32);
    const void *place = NULL;
    for (int i = 0; i < count && !place; i++) {
        Dl_info info;
        if (dladdr(frames[i], &info) && !is_system(info.dli_fname)) place = frames[i];
    }
    tell(is_own(place) ? "crash own" : "crash library", place);
}

static void on_crash(int number, siginfo_t *info, void *context) {
    int i = crash_index(number);
    static atomic_flag told = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&told)) tell_crash();
    if (i >= 0 && handlers[i].sa_flags & SA_SIGINFO) {
        handlers[i].sa_sigaction(number, info, context);
    } else if (i >= 0 && handlers[i].sa_handler != SIG_DFL && handlers[i].sa_handler != SIG_IGN) {
        handlers[i].sa_handler(number);
    } else {
        struct sigaction plain = {.sa_handler = SIG_DFL};
        set_action(number, &plain);
        raise(number);
    }
}

static void watch_crashes(void) {
    struct sigaction ours = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static char stack[1 << 16]; /* a library that recurses for ever has none left */
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (int i = 0; i < CRASHES; i++) set_action(crashes[i], &ours);
    watching = 1;
}

int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    NEXT(sigaction);
    int i = crash_index(number);
    if (i < 0) return real(number, action, old);
    struct sigaction before = handlers[i];
    if (action) handlers[i] = *action;
    if (old) *old = before;
    return 0;
}

sighandler_t signal(int number, sighandler_t handler) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

__attribute__((constructor)) static void begin(void) {
    const char *calls = getenv("FAULT_CALL"), *from = getenv("FAULT_FROM"), *how = getenv("FAULT_HOW");
    void *frames[4];
    if (!calls) return;
    for (int k = 0; k < KINDS; k++)
        if (names_kind(calls, kinds[k].name)) mask |= 1u << k;
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    own_only = from && strcmp(from, "own") == 0;
    library_only = from && strcmp(from, "library") == 0;
    stop_signal = find(hows, sizeof hows / sizeof hows[0], how);
    ever = stop_signal == -1;
    half = stop_signal == -2;
    if (ever || half) stop_signal = 0;
    if (stop_signal && strcmp(program_invocation_short_name, "regimen-try") == 0) mask = 0;
    error_given = find(errors, sizeof errors / sizeof errors[0], getenv("FAULT_ERRNO"));
    log_path = getenv("FAULT_LOG");
    program = getpid();
    dl_iterate_phdr(on_object, NULL);
    backtrace(frames, 4); /* loads what it needs */
    if (!stop_signal) watch_crashes();
    long place = syscall(SYS_mmap, NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place != -1) common = (shared *)place;
}

__attribute__((destructor)) static void end(void) {
    char text[64];
    if (!common || at || !log_path || getpid() != program) return;
    snprintf(text, sizeof text, "calls %ld", atomic_load(&common->calls));
    mask = 0;
    tell(text, NULL);
}

/* ---- files ---- */

static int open_file(int folder, const char *path, int flags, mode_t mode, const void *caller) {
    if (judge(OPEN, caller) == FAIL) return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list list) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; }

#define OPENS(name, parameters, folder)                                                                                \
    int name parameters;                                                                                               \
    int name parameters {                                                                                              \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode_t mode = mode_of(flags, list);                                                                            \
        va_end(list);                                                                                                  \
        return open_file(folder, path, flags, mode, CALLER);                                                           \
    }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENS(openat, (int folder, const char *path, int flags, ...), folder)
OPENS(openat64, (int folder, const char *path, int flags, ...), folder)

#define FILE_OPENS(name)                                                                                               \
    FILE *name(const char *path, const char *mode) {                                                                   \
        NEXT(name);                                                                                                    \
        return FAILS(OPEN) ? NULL : real(path, mode);                                                                  \
    }
FILE_OPENS(fopen)
FILE_OPENS(fopen64)

DIR *opendir(const char *path) {
    NEXT(opendir);
    return FAILS(OPEN) ? NULL : real(path);
}

int pipe2(int ends[2], int flags) { return FAILS(OPEN) ? -1 : (int)syscall(SYS_pipe2, ends, flags); }
int memfd_create(const char *name, unsigned flags) {
    return FAILS(OPEN) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

static ssize_t transfer(long how, int fd, void *bytes, size_t count, off_t offset, const void *caller) {
    int fate = judge(how == SYS_read || how == SYS_pread64 ? READ : WRITE, caller);
    if (fate == FAIL) return -1;
    if (fate == SHORT && count > 1) count /= 2;
    return syscall(how, fd, bytes, count, offset);
}

ssize_t read(int fd, void *to, size_t count) { return transfer(SYS_read, fd, to, count, 0, CALLER); }
ssize_t pread(int fd, void *to, size_t count, off_t offset) {
    return transfer(SYS_pread64, fd, to, count, offset, CALLER);
}
ssize_t pread64(int fd, void *to, size_t count, off64_t offset) {
    return transfer(SYS_pread64, fd, to, count, offset, CALLER);
}
ssize_t write(int fd, const void *from, size_t count) {
    return transfer(SYS_write, fd, (void *)from, count, 0, CALLER);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t offset) {
    return transfer(SYS_pwrite64, fd, (void *)from, count, offset, CALLER);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t offset) {
    return transfer(SYS_pwrite64, fd, (void *)from, count, offset, CALLER);
}

/* Streams: a failure is marked in the stream, as the library does it. */
static int spoiled(FILE *stream, int kind, const void *caller) {
    int fate = judge(kind, caller);
    if (fate == FAIL) stream->_flags |= _IO_ERR_SEEN;
    return fate == FAIL;
}

size_t fread(void *to, size_t size, size_t count, FILE *stream) {
    NEXT(fread);
    return spoiled(stream, READ, CALLER) ? 0 : real(to, size, count, stream);
}
char *fgets(char *to, int size, FILE *stream) {
    NEXT(fgets);
    return spoiled(stream, READ, CALLER) ? NULL : real(to, size, stream);
}
ssize_t getline(char **line, size_t *size, FILE *stream) {
    NEXT(getline);
    return spoiled(stream, READ, CALLER) ? -1 : real(line, size, stream);
}
int fflush(FILE *stream) {
    NEXT(fflush);
    if (stream && spoiled(stream, WRITE, CALLER)) return EOF;
    return real(stream);
}
int fclose(FILE *stream) {
    NEXT(fclose);
    int fails = FAILS(CLOSE), error = errno, result = real(stream);
    if (fails) errno = error;
    return fails ? EOF : result;
}
struct dirent *readdir(DIR *folder) {
    NEXT(readdir);
    return FAILS(READ) ? NULL : real(folder);
}

#define SIMPLE(name, kind, parameters, ...)                                                                            \
    int name parameters { return FAILS(kind) ? -1 : (int)syscall(__VA_ARGS__); }
SIMPLE(fsync, SYNC, (int fd), SYS_fsync, fd)
SIMPLE(fdatasync, SYNC, (int fd), SYS_fdatasync, fd)
SIMPLE(rename, RENAME, (const char *from, const char *to), SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)
SIMPLE(renameat2, RENAME, (int a, const char *from, int b, const char *to, unsigned flags), SYS_renameat2, a, from, b,
       to, flags)
SIMPLE(ftruncate, TRUNCATE, (int fd, off_t size), SYS_ftruncate, fd, size)
SIMPLE(ftruncate64, TRUNCATE, (int fd, off64_t size), SYS_ftruncate, fd, size)
SIMPLE(flock, LOCK, (int fd, int how), SYS_flock, fd, how)
SIMPLE(fstat, STAT, (int fd, struct stat *to), SYS_newfstatat, fd, "", to, AT_EMPTY_PATH)
SIMPLE(fstat64, STAT, (int fd, struct stat64 *to), SYS_newfstatat, fd, "", to, AT_EMPTY_PATH)
SIMPLE(stat, STAT, (const char *path, struct stat *to), SYS_newfstatat, AT_FDCWD, path, to, 0)
SIMPLE(stat64, STAT, (const char *path, struct stat64 *to), SYS_newfstatat, AT_FDCWD, path, to, 0)
SIMPLE(lstat, STAT, (const char *path, struct stat *to), SYS_newfstatat, AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW)
SIMPLE(lstat64, STAT, (const char *path, struct stat64 *to), SYS_newfstatat, AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW)
SIMPLE(access, STAT, (const char *path, int how), SYS_faccessat, AT_FDCWD, path, how)
SIMPLE(unlink, UNLINK, (const char *path), SYS_unlinkat, AT_FDCWD, path, 0)
SIMPLE(unlinkat, UNLINK, (int folder, const char *path, int flags), SYS_unlinkat, folder, path, flags)
SIMPLE(rmdir, UNLINK, (const char *path), SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR)
SIMPLE(mkdir, MKDIR, (const char *path, mode_t mode), SYS_mkdirat, AT_FDCWD, path, mode)

/* It returns its error instead of setting errno. */
int posix_fallocate(int fd, off_t offset, off_t size) {
    int error = errno, fails = FAILS(TRUNCATE), told = errno;
    errno = error;
    if (fails) return told;
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

int close(int fd) {
    int fails = FAILS(CLOSE), error = errno, result = (int)syscall(SYS_close, fd);
    if (fails) errno = error;
    return fails ? -1 : result;
}

#define MAPS(name, type)                                                                                               \
    void *name(void *place, size_t size, int protection, int flags, int fd, type offset) {                             \
        if (FAILS(MAP)) return MAP_FAILED;                                                                             \
        return (void *)syscall(SYS_mmap, place, size, protection, flags, fd, offset);                                  \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)

/* ---- memory: glibc's own functions stand behind these names ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) { return FAILS(MEMORY) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return FAILS(MEMORY) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return FAILS(MEMORY) ? NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return FAILS(MEMORY) ? NULL : __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size) { return FAILS(MEMORY) ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **to, size_t alignment, size_t size) {
    int error = errno;
    void *got = FAILS(MEMORY) ? NULL : __libc_memalign(alignment, size);
    errno = error;
    if (!got) return ENOMEM;
    *to = got;
    return 0;
}

char *strndup(const char *text, size_t limit) {
    size_t length = strnlen(text, limit);
    char *copy = FAILS(MEMORY) ? NULL : __libc_malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

char *strdup(const char *text) {
    size_t length = strlen(text);
    char *copy = FAILS(MEMORY) ? NULL : __libc_malloc(length + 1);
    return copy ? memcpy(copy, text, length + 1) : NULL;
}

int asprintf(char **to, const char *format, ...) {
    if (FAILS(MEMORY)) return -1;
    va_list list;
    va_start(list, format);
    int length = vasprintf(to, format, list);
    va_end(list);
    return length;
}

char *realpath(const char *path, char *to) {
    NEXT(realpath);
    return FAILS(STAT) ? NULL : real(path, to);
}

/* ---- threads and processes ---- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context) {
    NEXT(pthread_create);
    int error = errno, fails = FAILS(THREAD), told = errno;
    errno = error;
    return fails ? told : real(thread, attributes, run, context);
}

int posix_spawn(pid_t *restrict child, const char *restrict path, const posix_spawn_file_actions_t *files,
                const posix_spawnattr_t *restrict attributes, char *const argv[restrict], char *const envp[restrict]) {
    NEXT(posix_spawn);
    int error = errno, fails = FAILS(SPAWN), told = errno;
    errno = error;
    return fails ? told : real(child, path, files, attributes, argv, envp);
}
