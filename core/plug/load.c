/* The only dlopen. A file goes: private copy -> tried in a child process -> dlopen -> the exported object. */
#include "config.h"
#include "plug/parts.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "base/replace.h"
#include "plug/border.h"
#include "plug/guard.h"

enum { LARGEST = 256 << 20, NAME = 64 };

/* A private copy of a plugin's file: an anonymous file, or where the system has none a temporary one. */
typedef struct private_copy {
    int fd;
    size_t size;
    char name[NAME]; /* for dlopen */
    int32_t temporary;
} private_copy;

/* Libraries stay loaded to the end of the process: their code may be on a worker's stack, and the loader knows them by
 * the number of the descriptor, which therefore stays open as well. The same bytes are loaded once. Used by [main]
 * only. */
typedef struct library {
    struct library *next;
    private_copy copy;
    const rgm_plugin *plugin;
} library;
static library *libraries;

/* ---- the copy ---- */

static rgm_status make_file(private_copy *copy, rgm_error *err) {
    copy->fd = memfd_create("regimen-plugin", MFD_CLOEXEC);
    if (copy->fd >= 0) {
        snprintf(copy->name, sizeof copy->name, "/proc/self/fd/%d", copy->fd);
        return RGM_OK;
    }
    snprintf(copy->name, sizeof copy->name, "/tmp/regimen-plugin-XXXXXX");
    copy->fd = mkostemp(copy->name, O_CLOEXEC);
    if (copy->fd < 0)
        return rgm_fail(err, RGM_E_IO, "no private copy: %s%s", strerror(errno),
                        errno == EMFILE ? " (limit: ulimit -n)" : "");
    copy->temporary = 1;
    return RGM_OK;
}

static rgm_status copy_bytes(int from, private_copy *copy, rgm_error *err) {
    char block[65536];
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rgm_fail(err, RGM_E_IO, "cannot be read: %s", strerror(errno));
        if (n == 0) return RGM_OK;
        RGM_TRY(rgm_write_all(copy->fd, block, (size_t)n, "no private copy", err));
        copy->size += (size_t)n;
    }
}

/* An ELF shared object of this machine's word size? The loader's own messages for anything else are obscure. */
static rgm_status check_elf(const private_copy *copy, rgm_error *err) {
    Elf64_Ehdr head;
    if (copy->size < sizeof head || pread(copy->fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return rgm_fail(err, RGM_E_USAGE, "not a shared object");
    if (head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) || head.e_type != ET_DYN)
        return rgm_fail(err, RGM_E_USAGE, "not a shared object of this kind of machine");
    return RGM_OK;
}

static void drop_copy(private_copy *copy) {
    if (copy->temporary) unlink(copy->name);
    if (copy->fd >= 0) close(copy->fd);
    copy->fd = -1;
}

static rgm_status fill_copy(int from, private_copy *copy, rgm_error *err) {
    struct stat st;
    if (fstat(from, &st) < 0) return rgm_fail(err, RGM_E_IO, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode)) return rgm_fail(err, RGM_E_USAGE, "is a folder, expected a shared object");
    if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_USAGE, "is not a regular file");
    if (st.st_size > LARGEST) return rgm_fail(err, RGM_E_USAGE, "is larger than %d MiB", LARGEST >> 20);
    RGM_TRY(make_file(copy, err));
    rgm_status status = copy_bytes(from, copy, err);
    if (status == RGM_OK) status = check_elf(copy, err);
    if (status < 0) drop_copy(copy);
    return status;
}

static rgm_status open_copy(const char *path, private_copy *copy, rgm_error *err) {
    *copy = (private_copy){.fd = -1};
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (from < 0) return rgm_fail(err, errno == ENOENT ? RGM_E_USAGE : RGM_E_IO, "%s", strerror(errno));
    rgm_status status = fill_copy(from, copy, err);
    close(from);
    return status;
}

/* ---- dlopen ---- */

/* dlerror without the name of the private copy, which means nothing to the user. */
static const char *loader_words(const private_copy *copy) {
    const char *text = dlerror();
    if (!text) return "unknown reason";
    size_t n = strlen(copy->name);
    return strncmp(text, copy->name, n) == 0 && text[n] == ':' ? text + n + 2 : text;
}

/* dlopen runs the constructors of the library: what they change is put back, as after every call. */
static void *open_guarded(const char *name, int32_t *changed) {
    fenv_t env;
    rgm_border border;
    fegetenv(&env);
    rgm_border_enter(&border, NULL, "its constructors");
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    *changed = rgm_border_leave(&border);
    fesetenv(&env);
    return handle;
}

/* glibc's words when memory runs out; it does not always tell the errno. Room for thread-local variables (static TLS)
 * is no memory: a library that asks for too much of it is refused. */
static int32_t speaks_of_memory(const char *words) {
    static const char *const signs[] = {"cannot allocate", "cannot create", "out of memory"};
    if (strstr(words, "static TLS")) return 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(words, signs[i])) return 1;
    return strstr(words, strerror(ENOMEM)) != NULL;
}

/* What fails where the address space is limited; else it may be the file. */
static int32_t speaks_of_room(const char *words) {
    return strstr(words, "failed to map segment") || strstr(words, "zero-fill");
}

/* The loader's words are all that it gives. Whether a limit of open files is behind them is asked by doing as it does.
 */
static rgm_status cannot_load(const private_copy *copy, rgm_error *err) {
    const char *words = loader_words(copy);
    rgm_address_space space = rgm_address_space_read();
    if (space.left < SIZE_MAX && (speaks_of_memory(words) || speaks_of_room(words)))
        return rgm_fail(err, RGM_E_NOMEM, "cannot be loaded: %s (limit: %s)", words, space.name);
    if (speaks_of_memory(words)) return rgm_fail(err, RGM_E_NOMEM, "cannot be loaded: %s", words);
    int spare = open(copy->name, O_RDONLY | O_CLOEXEC);
    rgm_status status = spare < 0 && errno != ENOENT ? RGM_E_IO : RGM_E_USAGE;
    if (spare >= 0) close(spare);
    return rgm_fail(err, status, "cannot be loaded: %s", words);
}

static rgm_status open_library(const private_copy *copy, const rgm_plugin **plugin, int32_t *changed, rgm_error *err) {
    void *handle = open_guarded(copy->name, changed);
    if (!handle) return cannot_load(copy, err);
    *plugin = dlsym(handle, "rgm_plugin_entry");
    if (!*plugin) return rgm_fail(err, RGM_E_USAGE, "not a Regimen plugin: no symbol rgm_plugin_entry");
    return RGM_OK;
}

/* ---- the child that tries it first ---- */

/* Loads, checks and says how it went through the pipe. */
static void try_it(const private_copy *copy, int out) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setpgid(0, 0);
    for (int s = 1; s < 32; s++) signal(s, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd < 3; fd++) dup2(null, fd);
    rgm_error err = {0};
    rgm_adopted adopted;
    const rgm_plugin *plugin = NULL;
    int32_t changed = 0;
    if (open_library(copy, &plugin, &changed, &err) == RGM_OK) rgm_plugin_adopt(plugin, &adopted, &err);
    if (write(out, &err, sizeof err) != (ssize_t)sizeof err) _exit(1);
    _exit(0);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads `size` bytes before the deadline: how many came; -1 if time is up. */
static ssize_t read_until(int fd, void *buffer, size_t size, int64_t deadline) {
    size_t have = 0;
    while (have < size) {
        int64_t left = deadline - now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0) return -1;
        if (poll(&wait, 1, (int)left) < 0 && errno != EINTR) return -1;
        if (!wait.revents) continue;
        ssize_t n = read(fd, (char *)buffer + have, size - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static rgm_status child_verdict(pid_t child, int from, int32_t seconds, rgm_error *err) {
    rgm_error said = {0};
    ssize_t n = read_until(from, &said, sizeof said, now_ms() + (int64_t)seconds * 1000);
    if (n < 0) kill(child, SIGKILL);
    kill(-child, SIGKILL); /* and what it may have started; who has exited already keeps his exit code */
    int how = 0;
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {}
    if (n < 0) return rgm_fail(err, RGM_E_USAGE, "does not finish loading within %d s", seconds);
    if (n == (ssize_t)sizeof said) {
        said.text[sizeof said.text - 1] = '\0';
        return said.status == RGM_OK ? RGM_OK : rgm_fail(err, said.status, "%s", said.text);
    }
    if (WIFSIGNALED(how))
        return rgm_fail(err, RGM_E_USAGE, "crashes while it is loaded (%s)", strsignal(WTERMSIG(how)));
    return rgm_fail(err, RGM_E_USAGE, "ends the process while it is loaded (exit code %d)", WEXITSTATUS(how));
}

static rgm_status probe(const private_copy *copy, int32_t seconds, rgm_error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return rgm_fail(err, RGM_E_IO, "no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        try_it(copy, ends[1]);
    }
    close(ends[1]);
    rgm_status status = child < 0 ? rgm_fail(err, RGM_E_IO, "no child process: %s (limit: ulimit -u)", strerror(errno))
                                  : child_verdict(child, ends[0], seconds, err);
    close(ends[0]);
    return status;
}

/* ---- all of it ---- */

static int32_t same_bytes(const private_copy *a, const private_copy *b) {
    if (a->size != b->size) return 0;
    char *x = mmap(NULL, a->size, PROT_READ, MAP_PRIVATE, a->fd, 0);
    char *y = mmap(NULL, b->size, PROT_READ, MAP_PRIVATE, b->fd, 0);
    int32_t same = x != MAP_FAILED && y != MAP_FAILED && memcmp(x, y, a->size) == 0;
    if (x != MAP_FAILED) munmap(x, a->size);
    if (y != MAP_FAILED) munmap(y, b->size);
    return same;
}

static library *find_loaded(const private_copy *copy) {
    library *l = libraries;
    while (l && !same_bytes(&l->copy, copy)) l = l->next;
    return l;
}

static rgm_status load_copy(const char *path, private_copy *copy, int32_t probe_seconds, const rgm_plugin **plugin,
                            rgm_error *err) {
    library *l = find_loaded(copy);
    if (l) {
        *plugin = l->plugin;
        drop_copy(copy);
        return RGM_OK;
    }
    rgm_status status = RGM_OK;
    int32_t changed = 0;
    l = calloc(1, sizeof *l);
    if (!l) status = rgm_fail(err, RGM_E_NOMEM, "no memory for a plugin");
    if (status == RGM_OK && probe_seconds > 0) status = probe(copy, probe_seconds, err);
    rgm_guard_signals signals;
    rgm_guard_loading(path, &signals);
    if (status == RGM_OK) status = open_library(copy, plugin, &changed, err);
    int32_t touched = rgm_guard_loaded(&signals);
    if (status < 0) { /* a library without the symbol stays mapped, under a name that is not used again */
        free(l);
        if (copy->temporary) unlink(copy->name);
        return status;
    }
    if (changed)
        rgm_log(RGM_LOG_WARN, "%s: changed the %s while it was loaded; put back", path,
                changed & RGM_BORDER_FP ? "floating-point state" : "locale");
    if (touched) rgm_log(RGM_LOG_WARN, "%s: changed the handling of signals while it was loaded; put back", path);
    if (copy->temporary) unlink(copy->name);
    *l = (library){.next = libraries, .copy = *copy, .plugin = *plugin};
    libraries = l;
    return RGM_OK;
}

rgm_status rgm_load_plugin(const char *path, int32_t probe_seconds, const rgm_plugin **plugin, rgm_error *err) {
    private_copy copy;
    rgm_status status = open_copy(path, &copy, err);
    if (status == RGM_OK) status = load_copy(path, &copy, probe_seconds, plugin, err);
    return status < 0 ? rgm_fail_in(err, "plugin %s", path) : RGM_OK;
}
