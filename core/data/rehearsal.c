#include "data/rehearsal.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/helper.h"
#include "data/file.h"
#include "data/load.h"
#include "data/weights.h"

/* Of CPU time, how many times as long the reader may take by the clock. */
enum { BASE_SECONDS = 2, SECOND_BYTES = 10000000, PATIENCE = 15 };

static unsigned seconds_for(int64_t bytes) {
    int64_t seconds = bytes / SECOND_BYTES;
    return seconds < UINT_MAX / (4 * PATIENCE) ? (unsigned)seconds : UINT_MAX / (4 * PATIENCE);
}

/* ---- the request ---- */

/* Then come the counts of the wanted tensors, the path and their names, each with its NUL. */
typedef struct request {
    int64_t size; /* of the file, as it was opened */
    int64_t room;
    int32_t kind, access, wanted_count, unlocked, names, reserved;
} request;

static size_t request_bytes(const rgm_input *input, const rgm_rehearsal *r) {
    size_t bytes = sizeof(request) + (size_t)r->wanted_count * sizeof(int64_t) + strlen(input->path) + 1;
    for (int32_t i = 0; i < r->wanted_count; i++) bytes += strlen(r->wanted[i].name) + 1;
    return bytes;
}

static void *make_request(const rgm_input *input, const rgm_rehearsal *r, size_t *size) {
    *size = request_bytes(input, r);
    request *made = malloc(*size);
    if (!made) return NULL;
    *made = (request){.size = input->size,
                      .room = r->room,
                      .kind = r->kind,
                      .access = r->access,
                      .wanted_count = r->wanted_count,
                      .unlocked = input->unlocked,
                      .names = r->names};
    int64_t *counts = (int64_t *)(void *)(made + 1);
    for (int32_t i = 0; i < r->wanted_count; i++) counts[i] = r->wanted[i].count;
    char *at = stpcpy((char *)(counts + r->wanted_count), input->path) + 1;
    for (int32_t i = 0; i < r->wanted_count; i++) at = stpcpy(at, r->wanted[i].name) + 1;
    return made;
}

/* The next text of a request, NULL if it ends before. */
static const char *next_text(const char **at, const char *end) {
    const char *text = *at, *nul = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
    if (nul) *at = nul + 1;
    return nul ? text : NULL;
}

/* What make_request() was given, with texts inside the request; the caller frees `wanted`. 0 if it is malformed. */
static int32_t open_request(const void *bytes, size_t size, rgm_input *input, rgm_rehearsal *r, rgm_wanted **wanted) {
    const request *given = bytes;
    const char *end = (const char *)bytes + size;
    *wanted = NULL;
    if (size < sizeof *given || given->wanted_count < 0) return 0;
    size_t count = (size_t)given->wanted_count;
    if (count > (size - sizeof *given) / sizeof(int64_t)) return 0;
    const int64_t *counts = (const int64_t *)(const void *)(given + 1);
    const char *at = (const char *)(counts + count);
    *wanted = calloc(count + 1, sizeof **wanted);
    input->size = given->size;
    input->unlocked = given->unlocked;
    input->path = next_text(&at, end);
    *r = (rgm_rehearsal){.kind = given->kind,
                         .access = given->access,
                         .names = given->names,
                         .room = given->room,
                         .wanted = *wanted,
                         .wanted_count = given->wanted_count};
    int32_t fits = *wanted && input->path;
    for (size_t i = 0; fits && i < count; i++) {
        (*wanted)[i] = (rgm_wanted){next_text(&at, end), counts[i]};
        fits = (*wanted)[i].name != NULL;
    }
    return fits;
}

/* ---- in the helper program ---- */

static unsigned allowed; /* seconds of CPU time; 0 in any other program */

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

rgm_status rgm_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err) {
    rgm_h5_enter();
    rgm_status status = rehearsal->kind == RGM_REHEARSE_SET
                            ? rgm_load_rehearse(input, rehearsal, err)
                            : rgm_weights_rehearse(input, rehearsal->wanted, rehearsal->wanted_count, err);
    status = rgm_h5_judge(err, status, input->path);
    rgm_h5_leave();
    return status;
}

void rgm_rehearse_request(int fd, const void *bytes, size_t size, rgm_error *said) {
    rgm_input input = {.fd = fd};
    rgm_rehearsal rehearsal;
    rgm_wanted *wanted;
    if (open_request(bytes, size, &input, &rehearsal, &wanted)) {
        allow_seconds(BASE_SECONDS + seconds_for(input.size));
        said->status = rgm_rehearse(&input, &rehearsal, said);
    } else {
        rgm_fail(said, RGM_E_INTERNAL, "a malformed request to read a file");
    }
    free(wanted);
}

/* ---- in this process ---- */

/* A reader that ended without a word. */
static rgm_status tell_death(const rgm_input *input, int how, rgm_error *err) {
    if (how == -1)
        return rgm_fail(
            err, RGM_E_IO,
            "%s: the process that tried to read it ended, and this program hides how (SIGCHLD is ignored, or "
            "waited for elsewhere)",
            input->path);
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
                        "%s: reading it took longer than %u s by the clock: is the disk slow, or the machine "
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

rgm_status rgm_file_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err) {
    rgm_helper_result result;
    rgm_error why = {0};
    rgm_helper_task task = {.mode = "data", .fd = input->fd, .stop = input->stop};
    RGM_TRY(rgm_input_asked(input, err));
    void *bytes = make_request(input, rehearsal, &task.size);
    if (!bytes) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", input->path);
    task.request = bytes;
    rgm_status status = rgm_helper_run(&task, &result, &why);
    free(bytes);
    if (status < 0) return rgm_fail(err, status, "%s: %s", input->path, why.text);
    if (result.how == RGM_HELPER_STOPPED)
        return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while it was being read for the first time", input->path);
    if (result.how != RGM_HELPER_SAID) return tell_death(input, result.ended, err);
    const rgm_error *said = &result.verdict;
    if (said->status == RGM_OK) return RGM_OK;
    return rgm_fail(err, said->status < 0 ? said->status : RGM_E_INTERNAL, "%s", said->text);
}
