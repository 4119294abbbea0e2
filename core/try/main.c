/* regimen-try, the helper program (base/helper.h): reads a foreign data file, or loads a plugin, where nothing is lost
 * if that crashes, hangs or ends the process. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/helper.h"
#include "data/rehearsal.h"
#include "plug/library.h"

enum { ARGUMENTS = 5 };

static const struct {
    const char *name;
    void (*run)(int fd, const void *request, size_t size, rgm_error *said);
} modes[] = {{"data", rgm_rehearse_request}, {"plugin", rgm_library_try}};

static int write_all(int to, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = write(to, (const char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        done += (size_t)n;
    }
    return 1;
}

static int read_all(int from, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = read(from, (char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        done += (size_t)n;
    }
    return 1;
}

/* Descriptors that the program around Regimen did not mark as its own. An old kernel cannot close them. */
static void close_others(unsigned a, unsigned b) {
#ifdef SYS_close_range
    unsigned low = a < b ? a : b, high = a < b ? b : a;
    if (low > 3) syscall(SYS_close_range, 3u, low - 1, 0);
    if (high > low + 1) syscall(SYS_close_range, low + 1, high - 1, 0);
    syscall(SYS_close_range, high + 1, ~0u, 0);
#else
    (void)a, (void)b;
#endif
}

/* Ends with the thread that waits for it, dumps no core, and dies of a signal even where a sanitizer would handle it.
 */
static int settle(pid_t parent) {
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == parent;
}

/* The request of *size bytes; 0 if it does not come. *request = NULL: there is no memory for it. */
static int receive(int channel, void **request, size_t *size) {
    uint64_t bytes = 0;
    _Static_assert(sizeof bytes == RGM_HELPER_SIZE, "the size of a request");
    *request = NULL;
    if (!read_all(channel, &bytes, sizeof bytes) || bytes > RGM_HELPER_MOST) return 0;
    *size = (size_t)bytes;
    *request = malloc(*size ? *size : 1);
    return !*request || read_all(channel, *request, *size);
}

static void try_it(const char *mode, int fd, const void *request, size_t size, rgm_error *said) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, mode) != 0) continue;
        modes[i].run(fd, request, size, said);
        return;
    }
    rgm_fail(said, RGM_E_INTERNAL, "the helper program does not know how to try '%s'", mode);
}

static int serve(const char *mode, int channel, int fd) {
    char greeting[RGM_HELPER_GREETING];
    rgm_error said = {0};
    size_t size = 0;
    void *request = NULL;
    rgm_helper_greeting(greeting);
    int heard = write_all(channel, greeting, sizeof greeting) && receive(channel, &request, &size);
    if (heard && request)
        try_it(mode, fd, request, size, &said);
    else if (heard)
        rgm_fail(&said, RGM_E_NOMEM, "out of memory");
    free(request);
    return heard && write_all(channel, &said, sizeof said) ? 0 : RGM_HELPER_UNHEARD;
}

int main(int argc, char **argv) {
    if (argc != ARGUMENTS) {
        fprintf(stderr, "regimen-try " PACKAGE_VERSION ": regimen starts it, to try foreign files in\n");
        return 2;
    }
    int channel = atoi(argv[2]), fd = atoi(argv[3]);
    if (!settle((pid_t)atoi(argv[4]))) return RGM_HELPER_UNHEARD;
    close_others((unsigned)channel, (unsigned)fd);
    int code = serve(argv[1], channel, fd);
    _exit(code); /* what a plugin left to be done at the end is not done */
}
