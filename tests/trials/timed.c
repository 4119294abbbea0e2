/* Runs a command, stops it at a moment, ends it when it hangs, and says on one line how it ended.
 *
 *     timed [-o OUT] [-e ERR] [-s SIGNAL -u MICROSECONDS [-g]] [-m] [-t SECONDS] COMMAND...
 *     timed -x          exit code 0 in a build with a sanitizer, 1 in any other
 *
 * Its line: CODE WHEN MICROSECONDS. CODE is the exit code, the negative signal that ended it, or "hung". WHEN is "sent"
 * if the signal reached the running command, "late" if it was over before, "none" if no signal was asked for. -g
 * signals the whole process group, as Ctrl-C in a terminal does. With -m a fourth word is the largest resident set,
 * KiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/sanitized.h"

typedef struct timed {
    const char *out, *err;
    int signal, group, memory;
    int64_t moment, limit; /* microseconds */
    char **command;
} timed;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void redirect(const char *path, int to) {
    if (!path) return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || dup2(fd, to) < 0) {
        perror(path);
        _exit(126);
    }
    close(fd);
}

static void become(const timed *t, const sigset_t *mask) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setpgid(0, 0);
    redirect(t->out, STDOUT_FILENO);
    redirect(t->err, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(t->command[0], t->command);
    perror(t->command[0]);
    _exit(127);
}

/* Waits until the child has ended or the time is there; 1 if it has ended. SIGCHLD is blocked. */
static int wait_until(pid_t child, int64_t until, int *status) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        pid_t got = waitpid(child, status, WNOHANG);
        if (got == child) return 1;
        int64_t left = until - now();
        if (left <= 0) return 0;
        struct timespec pause = {left / 1000000, left % 1000000 * 1000};
        if (sigtimedwait(&set, NULL, &pause) < 0 && errno != EAGAIN && errno != EINTR) return 0;
    }
}

static int run(const timed *t) {
    sigset_t set, old;
    int status = 0;
    const char *when = t->signal ? "late" : "none";
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    int64_t start = now();
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 2;
    }
    if (child == 0) become(t, &old);
    setpgid(child, child);
    int ended = t->signal ? wait_until(child, start + t->moment, &status) : 0;
    if (!ended && t->signal) {
        when = "sent";
        kill(t->group ? -child : child, t->signal);
    }
    if (!ended) ended = wait_until(child, now() + t->limit, &status);
    int64_t took = now() - start;
    if (!ended) {
        kill(-child, SIGKILL);
        waitpid(child, &status, 0);
        printf("hung %s %lld\n", when, (long long)took);
        return 0;
    }
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("%d %s %lld", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), when, (long long)took);
    if (t->memory) printf(" %ld", usage.ru_maxrss);
    putchar('\n');
    return 0;
}

static int usage(void) {
    fprintf(stderr, "usage: timed [-o OUT] [-e ERR] [-s SIGNAL -u MICROSECONDS [-g]] [-m] [-t SECONDS] COMMAND...\n");
    return 2;
}

int main(int argc, char **argv) {
    timed t = {.limit = 120000000};
    for (int option; (option = getopt(argc, argv, "+o:e:s:u:gmt:x")) != -1;) {
        if (option == 'x')
            return !RGM_SANITIZED;
        else if (option == 'o')
            t.out = optarg;
        else if (option == 'e')
            t.err = optarg;
        else if (option == 's')
            t.signal = atoi(optarg);
        else if (option == 'u')
            t.moment = atoll(optarg);
        else if (option == 'g')
            t.group = 1;
        else if (option == 'm')
            t.memory = 1;
        else if (option == 't')
            t.limit = atoll(optarg) * 1000000;
        else
            return usage();
    }
    t.command = argv + optind;
    return *t.command ? run(&t) : usage();
}
