#include "data/file.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* of CPU time, and how many times as long a child may take by the clock */
enum { REHEARSAL_SECONDS = 2, REHEARSAL_SECOND_BYTES = 10000000, REHEARSAL_PATIENCE = 15 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void rgm_h5_enter(void) {
    pthread_mutex_lock(&lock);
    /* per thread in thread-safe builds of HDF5, so not once for all */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

void rgm_h5_leave(void) { pthread_mutex_unlock(&lock); }

/* Called from the outermost to the innermost error: the last one kept says why. */
static herr_t keep_reason(unsigned number, const H5E_error2_t *error, void *context) {
    (void)number;
    if (error->desc && error->desc[0]) snprintf(context, 256, "%s", error->desc);
    return 0;
}

rgm_status rgm_h5_fail(rgm_error *err, rgm_status status, const char *path, const char *what) {
    char reason[256] = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_reason, reason);
    H5Eclear2(H5E_DEFAULT);
    return rgm_fail(err, status, "%s: %s: %s", path, what, reason);
}

/* What the child says: its rgm_error through a pipe. */
static void rehearse_child(int out, const char *path, rgm_status (*look)(void *, rgm_error *), void *context) {
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGALRM};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    struct stat st;
    rlim_t most = REHEARSAL_SECONDS;
    if (stat(path, &st) == 0) most += (rlim_t)(st.st_size / REHEARSAL_SECOND_BYTES);
    struct rlimit seconds = {most, most}, none = {0, 0};
    setrlimit(RLIMIT_CPU, &seconds);
    alarm(most < UINT_MAX / REHEARSAL_PATIENCE ? (unsigned)most * REHEARSAL_PATIENCE : UINT_MAX);
    setrlimit(RLIMIT_CORE, &none);
    rgm_error err = {0};
    err.status = look(context, &err);
    _exit(write(out, &err, sizeof err) == (ssize_t)sizeof err ? 0 : 1);
}

static size_t read_report(int in, rgm_error *report) {
    size_t have = 0;
    while (have < sizeof *report) {
        ssize_t got = read(in, (char *)report + have, sizeof *report - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += (size_t)got;
    }
    return have;
}

/* *how: as waitpid says. */
static rgm_status rehearse_once(const char *path, rgm_status (*look)(void *, rgm_error *), void *context, int *how,
                                size_t *have, rgm_error *report, rgm_error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return rgm_fail(err, RGM_E_IO, "%s: pipe: %s", path, strerror(errno));
    rgm_h5_enter();
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        rehearse_child(ends[1], path, look, context);
    }
    rgm_h5_leave();
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return rgm_fail(err, RGM_E_IO, "%s: fork: %s", path, strerror(errno));
    }
    *have = read_report(ends[0], report);
    close(ends[0]);
    while (waitpid(child, how, 0) < 0 && errno == EINTR) {}
    return RGM_OK;
}

static int is_killed_by(int how, int signal) { return WIFSIGNALED(how) && WTERMSIG(how) == signal; }

/* A child that slept too long is given a second chance: a thread of this process that was just ending may have held a
 * lock of the allocator when it was forked (seen with AddressSanitizer's, which does not look after it). */
rgm_status rgm_file_rehearse(const char *path, rgm_status (*look)(void *context, rgm_error *err), void *context,
                             rgm_error *err) {
    rgm_error report = {0};
    size_t have = 0;
    int how = 0;
    for (int i = 0; i < 2; i++) {
        RGM_TRY(rehearse_once(path, look, context, &how, &have, &report, err));
        if (!is_killed_by(how, SIGALRM)) break;
    }
    if (have != sizeof report) {
        int hung = is_killed_by(how, SIGXCPU) || is_killed_by(how, SIGKILL) || is_killed_by(how, SIGALRM);
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: the HDF5 library %s while reading it", path,
                        hung ? "hung" : "crashed");
    }
    if (report.status == RGM_OK) return RGM_OK;
    report.text[sizeof report.text - 1] = 0;
    return rgm_fail(err, report.status < 0 ? report.status : RGM_E_INTERNAL, "%s", report.text);
}

rgm_status rgm_h5_open(const char *path, hid_t *file, rgm_error *err) {
    *file = -1;
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    /* the plain driver, whatever the environment says: its descriptor is used for mapping */
    if (fapl >= 0 && H5Pset_fapl_sec2(fapl) >= 0 && H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0)
        *file = H5Fopen(path, H5F_ACC_RDONLY, fapl);
    rgm_status status = RGM_OK;
    if (*file < 0) status = rgm_h5_fail(err, RGM_E_FORMAT, path, "not a readable HDF5 file");
    if (fapl >= 0) H5Pclose(fapl);
    return status;
}

int rgm_h5_exists(hid_t group, const char *name) {
    int found = H5Lexists(group, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return found;
}

/* Opens the object behind a hard link, if it is of `type`. */
static rgm_status open_object(hid_t parent, const char *name, const char *path, H5I_type_t type, const char *kind,
                              hid_t access, hid_t *object, rgm_error *err) {
    *object = -1;
    H5L_info_t link;
    if (H5Lget_info(parent, name, &link, H5P_DEFAULT) < 0) {
        H5Eclear2(H5E_DEFAULT);
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s is missing", path, name);
    }
    if (link.type != H5L_TYPE_HARD)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s is a soft or external link: refused", path, name);
    *object = access >= 0 ? H5Dopen2(parent, name, access) : H5Oopen(parent, name, H5P_DEFAULT);
    char what[128];
    snprintf(what, sizeof what, "cannot open the %s %s", kind, name);
    if (*object < 0) return rgm_h5_fail(err, RGM_E_FORMAT, path, what);
    if (H5Iget_type(*object) == type) return RGM_OK;
    H5Oclose(*object);
    *object = -1;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s is not a %s", path, name, kind);
}

rgm_status rgm_h5_open_group(hid_t parent, const char *name, const char *path, hid_t *group, rgm_error *err) {
    return open_object(parent, name, path, H5I_GROUP, "group", -1, group, err);
}

static rgm_status check_filters(hid_t plist, const char *name, const char *path, rgm_error *err) {
    int count = H5Pget_nfilters(plist);
    if (count < 0 || count > 8) return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d filters", path, name, count);
    for (int i = 0; i < count; i++) {
        unsigned flags = 0, config = 0;
        size_t values = 0;
        H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return rgm_fail(err, RGM_E_UNSUPPORTED,
                            "%s: %s is stored with filter %d: only gzip, shuffle and fletcher32 "
                            "are read",
                            path, name, (int)filter);
        if (H5Zfilter_avail(filter) <= 0)
            return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %s: this HDF5 library lacks filter %d", path, name,
                            (int)filter);
    }
    return RGM_OK;
}

static rgm_status check_storage(hid_t dataset, const char *name, const char *path, rgm_error *err) {
    hid_t plist = H5Dget_create_plist(dataset);
    if (plist < 0) return rgm_h5_fail(err, RGM_E_FORMAT, path, name);
    rgm_status status;
    if (H5Pget_layout(plist) == H5D_VIRTUAL)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s is a virtual data set: refused", path, name);
    else if (H5Pget_external_count(plist) != 0)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s is stored in other files: refused", path, name);
    else
        status = check_filters(plist, name, path, err);
    H5Pclose(plist);
    return status;
}

rgm_status rgm_h5_open_dataset(hid_t parent, const char *name, const char *path, hid_t access, hid_t *dataset,
                               rgm_error *err) {
    RGM_TRY(open_object(parent, name, path, H5I_DATASET, "data set", access, dataset, err));
    rgm_status status = check_storage(*dataset, name, path, err);
    if (status < 0) {
        H5Dclose(*dataset);
        *dataset = -1;
    }
    return status;
}

rgm_status rgm_h5_extents(hid_t dataset, const char *name, const char *path, int32_t max_rank, hsize_t *dims,
                          int32_t *rank, rgm_error *err) {
    hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    rgm_status status = RGM_OK;
    hsize_t all[H5S_MAX_RANK];
    *rank = 0;
    if (space >= 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE)
        *rank = H5Sget_simple_extent_dims(space, all, NULL);
    uint64_t bytes = type >= 0 ? H5Tget_size(type) : 0;
    if (bytes == 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, path, name);
    else if (*rank < 1 || *rank > max_rank)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d dimensions, expected 1 to %d", path, name, *rank, max_rank);
    for (int32_t i = 0; status == RGM_OK && i < *rank; i++) {
        dims[i] = all[i];
        if (all[i] == 0)
            status = rgm_fail(err, RGM_E_FORMAT, "%s: %s is empty (dimension %d is 0)", path, name, i);
        else if (__builtin_mul_overflow(bytes, (uint64_t)all[i], &bytes) || bytes >> 62)
            status = rgm_fail(err, RGM_E_FORMAT, "%s: %s claims an impossible size", path, name);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return status;
}
