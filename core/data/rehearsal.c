#include "data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of CPU time, how many times as long a child may take by the clock, and how often the parent asks whether to stop. */
enum { BASE_SECONDS = 2, SECOND_BYTES = 10000000, PATIENCE = 15, ASK_MS = 50, TRIES = 2 };

/* ---- the child ---- */

static unsigned allowed; /* seconds of CPU time; 0 in the parent */

static unsigned seconds_for(int64_t bytes) {
    int64_t seconds = bytes / SECOND_BYTES;
    return seconds < UINT_MAX / (4 * PATIENCE) ? (unsigned)seconds : UINT_MAX / (4 * PATIENCE);
}

static void allow_seconds(unsigned seconds) {
    struct rlimit limit = {seconds, RLIM_INFINITY};
    if (getrlimit(RLIMIT_CPU, &limit) == 0) {
        limit.rlim_cur = seconds < limit.rlim_max ? seconds : limit.rlim_max;
        setrlimit(RLIMIT_CPU, &limit);
    }
    alarm(seconds * PATIENCE);
    allowed = seconds;
}

void rgm_rehearsal_allow(int64_t bytes) {
    if (allowed) allow_seconds(allowed + seconds_for(bytes));
}

static void run_child(int out, const rgm_input *input, rgm_status (*look)(void *, rgm_error *), void *context) {
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGALRM};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody waits for it then */
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    allow_seconds(BASE_SECONDS + seconds_for(input->size));
    rgm_error said = {0};
    said.status = look(context, &said);
    said.status = rgm_h5_judge(&said, said.status, input->path);
    _exit(write(out, &said, sizeof said) == (ssize_t)sizeof said ? 0 : 1);
}

/* ---- the parent ---- */

typedef struct outcome {
    rgm_error said;
    size_t have;
    int how, stopped, failed; /* how: as waitpid says; failed: errno of a read of what it says */
} outcome;

/* Reads what the child says until it ends, or ends it on request. */
static void listen_to(pid_t child, int in, const rgm_input *input, outcome *o) {
    while (o->have < sizeof o->said) {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        if (!o->stopped && rgm_stop_asked(&input->stop)) {
            o->stopped = 1;
            kill(child, SIGKILL);
        }
        int events = poll(&ready, 1, ASK_MS);
        if (events == 0 || (events < 0 && errno == EINTR)) continue;
        ssize_t got = read(in, (char *)&o->said + o->have, sizeof o->said - o->have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            o->failed = errno;
            kill(child, SIGKILL);
        }
        if (got <= 0) break;
        o->have += (size_t)got;
    }
}

static rgm_status rehearse_once(const rgm_input *input, rgm_status (*look)(void *, rgm_error *), void *context,
                                outcome *o, rgm_error *err) {
    int ends[2];
    *o = (outcome){0};
    if (pipe2(ends, O_CLOEXEC) != 0) return rgm_fail(err, RGM_E_IO, "%s: pipe: %s", input->path, strerror(errno));
    rgm_h5_enter();
    pid_t child = fork();
    int failed = errno;
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], input, look, context);
    }
    rgm_h5_leave();
    close(ends[1]);
    if (child > 0) {
        listen_to(child, ends[0], input, o);
        while (waitpid(child, &o->how, 0) < 0 && errno == EINTR) {}
    }
    close(ends[0]);
    if (child > 0) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%s: no child process to try it in: %s (limit: ulimit -u)", input->path,
                    strerror(failed));
}

/* A child that ended without a word. */
static rgm_status tell_death(const rgm_input *input, int how, rgm_error *err) {
    int number = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    unsigned seconds = BASE_SECONDS + seconds_for(input->size);
    switch (number) {
    case SIGKILL:
        return rgm_fail(err, RGM_E_NOMEM, "%s: the process that tried to read it was killed (out of memory?)",
                        input->path);
    case SIGXCPU:
        return rgm_fail(
            err, RGM_E_FORMAT,
            "%s: damaged: the HDF5 library hung while reading it (%u s of CPU time, and 1 s for every %d MB "
            "unpacked, were not enough)",
            input->path, seconds, SECOND_BYTES / 1000000);
    case SIGALRM:
        return rgm_fail(err, RGM_E_IO,
                        "%s: reading it took longer than %u s by the clock, twice: is the disk slow, or the machine "
                        "overloaded?",
                        input->path, seconds * PATIENCE);
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
    case SIGQUIT:
        return rgm_fail(err, RGM_E_IO, "%s: the process that tried to read it was ended by signal %d", input->path,
                        number);
    default:
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: the HDF5 library crashed while reading it", input->path);
    }
}

/* A child that slept too long is given a second chance: a thread of this process that was just ending may have held a
 * lock of the allocator when it was forked (seen with AddressSanitizer's, which does not look after it). */
rgm_status rgm_file_rehearse(const rgm_input *input, rgm_status (*look)(void *context, rgm_error *err), void *context,
                             rgm_error *err) {
    outcome o;
    for (int i = 0; i < TRIES; i++) {
        RGM_TRY(rgm_input_asked(input, err));
        RGM_TRY(rehearse_once(input, look, context, &o, err));
        if (!WIFSIGNALED(o.how) || WTERMSIG(o.how) != SIGALRM) break;
    }
    if (o.stopped)
        return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while it was being read for the first time", input->path);
    if (o.failed) return rgm_fail(err, RGM_E_IO, "%s: pipe: %s", input->path, strerror(o.failed));
    if (o.have != sizeof o.said) return tell_death(input, o.how, err);
    rgm_error *said = &o.said;
    if (said->status == RGM_OK) return RGM_OK;
    said->text[sizeof said->text - 1] = 0;
    return rgm_fail(err, said->status < 0 ? said->status : RGM_E_INTERNAL, "%s", said->text);
}
