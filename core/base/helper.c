#include "config.h"
#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/place.h"

/* ABI: raise it with every change of a request, the verdict or what a mode does. */
enum { ABI = 1, ASK_MS = 50, STANDARD = 3, GREETING_MS = 60000 /* until it has greeted, at the most */ };

extern char **environ;

void rgm_helper_greeting(char text[RGM_HELPER_GREETING]) {
    memset(text, 0, RGM_HELPER_GREETING);
    snprintf(text, RGM_HELPER_GREETING, "regimen-try %s %d", PACKAGE_VERSION, ABI);
}

/* ---- starting ---- */

/* One run of the helper. */
typedef struct helper {
    const rgm_helper_task *task;
    char path[RGM_PLACE_PATH];
    int channel; /* this process's end */
    pid_t child;
    unsigned char size[RGM_HELPER_SIZE];
    size_t sent; /* of the size and the request */
    struct {
        char greeting[RGM_HELPER_GREETING];
        rgm_error verdict;
    } heard;
    size_t have;               /* of what is heard */
    int ended, failed, broken; /* failed: errno of the channel; broken: it takes no more */
} helper;

/* The descriptor, or a copy of it, above those of standard input and output. */
static int above_standard(int fd) { return fd < STANDARD ? fcntl(fd, F_DUPFD_CLOEXEC, STANDARD) : fd; }

static void drop_copy(int copy, int fd) {
    if (copy >= 0 && copy != fd) close(copy);
}

/* All signals as by default, none blocked, a group of its own. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(attributes,
                                         POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    return error;
}

/* Duplicated to itself, a descriptor is inherited. */
static int set_files(posix_spawn_file_actions_t *files, int channel, int fd) {
    int error = 0;
    for (int i = 0; i < STANDARD && !error; i++)
        error = posix_spawn_file_actions_addopen(files, i, "/dev/null", O_RDWR, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(files, channel, channel);
    if (!error) error = posix_spawn_file_actions_adddup2(files, fd, fd);
    return error;
}

/* What posix_spawn returns: 0 or an errno. */
static int spawn(helper *h, int channel, int fd) {
    char numbers[3][16], name[] = "regimen-try", mode[16];
    snprintf(mode, sizeof mode, "%s", h->task->mode);
    const int values[] = {channel, fd, (int)getpid()};
    for (int i = 0; i < 3; i++) snprintf(numbers[i], sizeof numbers[i], "%d", values[i]);
    char *arguments[] = {name, mode, numbers[0], numbers[1], numbers[2], NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    error = posix_spawn_file_actions_init(&files);
    if (!error) {
        error = set_attributes(&attributes);
        if (!error) error = set_files(&files, channel, fd);
        if (!error) error = posix_spawn(&h->child, h->path, &files, &attributes, arguments, environ);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static rgm_status refused(const helper *h, int error, rgm_error *err) {
    switch (error) {
    case EAGAIN:
        return rgm_fail(err, RGM_E_IO, "no child process to try it in: %s (limit: ulimit -u)", strerror(error));
    case EMFILE:
        return rgm_fail(err, RGM_E_IO, "no child process to try it in: %s (limit: ulimit -n)", strerror(error));
    case ENOMEM:
        return rgm_fail(err, RGM_E_NOMEM, "no child process to try it in: %s", strerror(error));
    case ENOENT:
        return rgm_fail(err, RGM_E_IO, "Regimen's helper program %s, which tries it first, is missing", h->path);
    default:
        return rgm_fail(err, RGM_E_IO, "Regimen's helper program %s, which tries it first, cannot be started: %s",
                        h->path, strerror(error));
    }
}

static rgm_status start(helper *h, rgm_error *err) {
    int ends[2];
    rgm_place_helper(h->path);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return refused(h, errno, err);
    int channel = above_standard(ends[1]), fd = channel < 0 ? -1 : above_standard(h->task->fd);
    int error = fd < 0 ? errno : spawn(h, channel, fd);
    drop_copy(fd, h->task->fd);
    drop_copy(channel, ends[1]);
    close(ends[1]);
    h->channel = ends[0];
    if (!error) return RGM_OK;
    close(ends[0]);
    return refused(h, error, err);
}

/* ---- talking ---- */

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int again(int error) { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

/* Sends as much of the request as the channel takes now. */
static void send_some(helper *h) {
    while (!h->broken && h->sent < RGM_HELPER_SIZE + h->task->size) {
        size_t done = h->sent < RGM_HELPER_SIZE ? 0 : h->sent - RGM_HELPER_SIZE;
        const char *from = done || h->sent == RGM_HELPER_SIZE ? (const char *)h->task->request + done
                                                              : (const char *)h->size + h->sent;
        size_t left = h->sent < RGM_HELPER_SIZE ? RGM_HELPER_SIZE - h->sent : h->task->size - done;
        ssize_t n = send(h->channel, from, left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && again(errno)) return;
        if (n < 0) h->broken = 1; /* it has ended: what it said before is still to be heard */
        if (n > 0) h->sent += (size_t)n;
    }
}

/* 1: there may be more to come. */
static int hear_some(helper *h) {
    ssize_t n = recv(h->channel, (char *)&h->heard + h->have, sizeof h->heard - h->have, MSG_DONTWAIT);
    if (n < 0 && again(errno)) return 1;
    if (n < 0 && errno != ECONNRESET) h->failed = errno;
    if (n <= 0) return 0;
    h->have += (size_t)n;
    return h->have < sizeof h->heard;
}

static int is_stranger(const helper *h) {
    char expected[RGM_HELPER_GREETING];
    rgm_helper_greeting(expected);
    return h->have >= RGM_HELPER_GREETING && memcmp(h->heard.greeting, expected, RGM_HELPER_GREETING) != 0;
}

/* Until it has said all, or has ended, or is to be ended. */
static int32_t talk(helper *h) {
    int64_t begun = now_ms(), own = h->task->seconds > 0 ? begun + (int64_t)h->task->seconds * 1000 : INT64_MAX;
    for (;;) {
        int64_t greeting = h->have < RGM_HELPER_GREETING ? begun + GREETING_MS : INT64_MAX;
        int64_t deadline = own < greeting ? own : greeting;
        int unsent = !h->broken && h->sent < RGM_HELPER_SIZE + h->task->size;
        struct pollfd ready = {.fd = h->channel, .events = (short)(unsent ? POLLIN | POLLOUT : POLLIN)};
        int64_t left = deadline == INT64_MAX ? ASK_MS : deadline - now_ms();
        if (rgm_stop_asked(&h->task->stop)) return RGM_HELPER_STOPPED;
        if (left <= 0) return RGM_HELPER_LATE;
        if (poll(&ready, 1, left < ASK_MS ? (int)left : ASK_MS) <= 0) continue;
        if (ready.revents & POLLOUT) send_some(h);
        if (!(ready.revents & ~POLLOUT)) continue;
        if (!hear_some(h) || is_stranger(h)) break;
    }
    return h->have == sizeof h->heard ? RGM_HELPER_SAID : RGM_HELPER_ENDED;
}

/* ---- the end ---- */

/* It, and what it may have started. Who has exited already keeps the way in which he did. */
static void end(helper *h) {
    kill(-h->child, SIGKILL);
    int ended = -1;
    pid_t got;
    while ((got = waitpid(h->child, &ended, 0)) < 0 && errno == EINTR) {}
    h->ended = got == h->child ? ended : -1;
    close(h->channel);
}

/* A helper that never came to its greeting: the loader, a limit, another program. */
static rgm_status tell_failed_start(const helper *h, rgm_error *err) {
    rgm_address_space space = rgm_address_space_read();
    if (space.left < SIZE_MAX)
        return rgm_fail(err, RGM_E_NOMEM, "Regimen's helper program %s, which tries it first, cannot begin (limit: %s)",
                        h->path, space.name);
    if (WIFSIGNALED(h->ended))
        return rgm_fail(err, WTERMSIG(h->ended) == SIGKILL ? RGM_E_NOMEM : RGM_E_IO,
                        "Regimen's helper program %s, which tries it first, was ended by signal %d before it began",
                        h->path, WTERMSIG(h->ended));
    return rgm_fail(err, RGM_E_IO,
                    "Regimen's helper program %s, which tries it first, cannot begin (exit code %d): is a library of "
                    "its missing?",
                    h->path, WEXITSTATUS(h->ended));
}

rgm_status rgm_helper_run(const rgm_helper_task *task, rgm_helper_result *result, rgm_error *err) {
    helper h = {.task = task, .child = -1};
    *result = (rgm_helper_result){.ended = -1};
    if (task->size > RGM_HELPER_MOST)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%zu bytes to be told to the helper program: at most %d", task->size,
                        RGM_HELPER_MOST);
    const uint64_t size = task->size;
    memcpy(h.size, &size, sizeof h.size);
    RGM_TRY(start(&h, err));
    result->how = talk(&h);
    end(&h);
    result->ended = h.ended;
    if (h.failed) return rgm_fail(err, RGM_E_IO, "the process that tried it cannot be heard: %s", strerror(h.failed));
    if (result->how == RGM_HELPER_ENDED && WIFEXITED(h.ended) && WEXITSTATUS(h.ended) == RGM_HELPER_UNHEARD)
        return rgm_fail(err, RGM_E_IO, "the process that tried it could not be talked to");
    if (result->how == RGM_HELPER_LATE && h.have < RGM_HELPER_GREETING)
        return rgm_fail(err, RGM_E_IO, "Regimen's helper program %s, which tries it first, does not begin in time",
                        h.path);
    if (is_stranger(&h))
        return rgm_fail(err, RGM_E_IO,
                        "Regimen's helper program %s, which tries it first, is of another version than %s: install "
                        "both from one build",
                        h.path, PACKAGE_VERSION);
    if (result->how == RGM_HELPER_ENDED && h.have < RGM_HELPER_GREETING) return tell_failed_start(&h, err);
    result->verdict = h.heard.verdict;
    rgm_error *said = &result->verdict;
    said->file[sizeof said->file - 1] = said->subject[sizeof said->subject - 1] = said->text[sizeof said->text - 1] =
        '\0';
    return RGM_OK;
}
