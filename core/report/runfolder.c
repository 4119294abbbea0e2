#include "report/runfolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/replace.h"

enum { MOST_RUNS = 100000 };

static rgm_status set_paths(rgm_runfolder *f, const char *path, rgm_error *err) {
    memset(f, 0, sizeof *f);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    if (length == 0 || length >= sizeof f->path - 32)
        return rgm_fail(err, RGM_E_USAGE, "run folder: expected a path of 1 to %zu bytes", sizeof f->path - 33);
    memcpy(f->path, path, length);
    snprintf(f->config, sizeof f->config, "%s/config.yaml", f->path);
    snprintf(f->metrics, sizeof f->metrics, "%s/metrics.jsonl", f->path);
    snprintf(f->log, sizeof f->log, "%s/log.txt", f->path);
    snprintf(f->watch, sizeof f->watch, "%s/watch.h5", f->path);
    snprintf(f->checkpoints, sizeof f->checkpoints, "%s/checkpoints", f->path);
    snprintf(f->last, sizeof f->last, "%s/checkpoints/last.h5", f->path);
    snprintf(f->back, sizeof f->back, "%s/checkpoints/back.h5", f->path);
    snprintf(f->best, sizeof f->best, "%s/checkpoints/best.h5", f->path);
    return RGM_OK;
}

/* *there: 1 or 0. What cannot be seen is neither. */
static rgm_status look(const char *path, int32_t *there, rgm_error *err) {
    struct stat status;
    *there = lstat(path, &status) == 0;
    if (*there || errno == ENOENT || errno == ENOTDIR) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%.160s: %s", path, strerror(errno));
}

static rgm_status look_for_checkpoints(rgm_runfolder *f, rgm_error *err) {
    RGM_TRY(look(f->last, &f->has_last, err));
    return look(f->best, &f->has_best, err);
}

/* mkdir, fine if the folder is there. */
static rgm_status make_folder(const char *path, rgm_error *err) {
    struct stat status;
    if (mkdir(path, 0777) == 0) return RGM_OK;
    int code = errno;
    if (code == EEXIST && stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) return RGM_OK;
        return rgm_fail(err, RGM_E_USAGE, "%.160s: there is a file of this name", path);
    }
    return rgm_fail(err, RGM_E_IO, "%.160s: cannot make the folder: %s", path, strerror(code));
}

/* The folders above `path`. */
static rgm_status make_parents(const char *path, rgm_error *err) {
    char part[RGM_CONFIG_PATH];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        RGM_TRY(make_folder(part, err));
    }
    return RGM_OK;
}

/* Several processes may start at once: one of them locks the folder. */
static rgm_status lock(rgm_runfolder *f, rgm_error *err) {
    int fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "%.160s: %s", f->path, strerror(errno));
    do failed = flock(fd, LOCK_EX | LOCK_NB);
    while (failed && errno == EINTR);
    if (failed && errno == EWOULDBLOCK) {
        close(fd);
        return rgm_fail(err, RGM_E_USAGE, "%.160s: another process is writing this run", f->path);
    }
    if (failed)
        rgm_log(RGM_LOG_WARN, "%s: this file system has no locks (%s): see to it that no other process writes this run",
                f->path, strerror(errno));
    f->fd = fd;
    f->open = 1;
    return RGM_OK;
}

/* runs/MODEL-N with the first N whose folder did not exist. */
static rgm_status make_numbered(rgm_runfolder *f, const char *model, rgm_error *err) {
    char path[RGM_CONFIG_NAME + 32];
    RGM_TRY(make_folder("runs", err));
    for (int32_t n = 1; n <= MOST_RUNS; n++) {
        snprintf(path, sizeof path, "runs/%s-%d", model, n);
        if (mkdir(path, 0777) == 0) return set_paths(f, path, err);
        if (errno != EEXIST) return rgm_fail(err, RGM_E_IO, "%s: cannot make the folder: %s", path, strerror(errno));
    }
    return rgm_fail(err, RGM_E_USAGE, "runs: more than %d runs of %s; name one with --out", MOST_RUNS, model);
}

/* A folder may hold anything but a run. */
static rgm_status check_empty(rgm_runfolder *f, rgm_error *err) {
    int32_t has_config, has_metrics;
    RGM_TRY(look(f->config, &has_config, err));
    RGM_TRY(look(f->metrics, &has_metrics, err));
    RGM_TRY(look_for_checkpoints(f, err));
    f->has_run = has_config;
    if (has_config) return rgm_fail(err, RGM_E_USAGE, "%.160s: there is a run in this folder", f->path);
    if (has_metrics || f->has_last || f->has_best)
        return rgm_fail(err, RGM_E_USAGE,
                        "%.160s: there is a run without a config.yaml in this folder: name another with --out",
                        f->path);
    return RGM_OK;
}

static rgm_status fill(rgm_runfolder *f, const rgm_config *config, rgm_error *err) {
    RGM_TRY(lock(f, err));
    RGM_TRY(check_empty(f, err));
    RGM_TRY(rgm_config_write(config, f->config, err));
    RGM_TRY(make_folder(f->checkpoints, err));
    rgm_sync_folder(f->path);
    rgm_sync_folder(f->checkpoints);
    return rgm_log_file_open(&f->said, f->log, err);
}

rgm_status rgm_runfolder_create(rgm_runfolder *f, rgm_config *config, rgm_error *err) {
    memset(f, 0, sizeof *f);
    rgm_status status;
    if (config->out[0]) {
        RGM_TRY_OR_FAIL(status, set_paths(f, config->out, err));
        RGM_TRY_OR_FAIL(status, make_parents(f->path, err));
        RGM_TRY_OR_FAIL(status, make_folder(f->path, err));
    } else {
        if (strchr(config->model.name, '/')) return rgm_fail(err, RGM_E_USAGE, "model.name: expected no '/'");
        RGM_TRY_OR_FAIL(status, make_numbered(f, config->model.name, err));
        strcpy(config->out, f->path);
    }
    RGM_TRY_OR_FAIL(status, fill(f, config, err));
    return RGM_OK;
fail:
    rgm_runfolder_close(f);
    return status;
}

/* Files of a folder that begin so and end in ".tmp". */
static void remove_unfinished(const char *path, const char *const *names, int32_t count) {
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        int32_t ours = 0;
        for (int32_t i = 0; i < count; i++) ours |= strncmp(entry->d_name, names[i], strlen(names[i])) == 0;
        if (ours && length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
}

/* What a process that was killed while it wrote has left behind (base/replace.h and data/file.h name them so). The lock
 * says that nobody is writing now. */
static void remove_remains(const rgm_runfolder *f) {
    unlinkat(f->fd, "config.yaml.tmp", 0);
    unlinkat(f->fd, "metrics.jsonl.tmp", 0);
    static const char *const files[] = {".last.h5.", ".best.h5.", ".back.h5."}, *const watch[] = {".watch.h5."};
    remove_unfinished(f->checkpoints, files, 3);
    remove_unfinished(f->path, watch, 1);
}

static rgm_status check_run(const rgm_runfolder *f, rgm_error *err) {
    int32_t there;
    RGM_TRY(look(f->path, &there, err));
    if (!there) return rgm_fail(err, RGM_E_IO, "%.160s: %s", f->path, strerror(ENOENT));
    RGM_TRY(look(f->config, &there, err));
    return there ? RGM_OK : rgm_fail(err, RGM_E_USAGE, "%.160s: no run folder: it has no config.yaml", f->path);
}

rgm_status rgm_runfolder_find(const char *path, char config[RGM_RUNFOLDER_PATH], rgm_error *err) {
    rgm_runfolder f;
    RGM_TRY(set_paths(&f, path, err));
    RGM_TRY(check_run(&f, err));
    memcpy(config, f.config, sizeof f.config);
    return RGM_OK;
}

int32_t rgm_runfolder_checkpoint(const char *path, int32_t best, char checkpoint[RGM_RUNFOLDER_PATH]) {
    rgm_runfolder f;
    if (set_paths(&f, path, NULL) < 0) return 0;
    const char *const order[] = {best ? f.best : f.last, best ? f.last : f.best};
    for (int32_t i = 0; i < 2; i++) {
        if (access(order[i], F_OK) != 0) continue;
        memcpy(checkpoint, order[i], RGM_RUNFOLDER_PATH);
        return 1;
    }
    return 0;
}

rgm_status rgm_runfolder_open(rgm_runfolder *f, const char *path, rgm_error *err) {
    rgm_status status;
    memset(f, 0, sizeof *f);
    RGM_TRY_OR_FAIL(status, set_paths(f, path, err));
    RGM_TRY_OR_FAIL(status, check_run(f, err));
    RGM_TRY_OR_FAIL(status, lock(f, err));
    remove_remains(f);
    RGM_TRY_OR_FAIL(status, make_folder(f->checkpoints, err));
    RGM_TRY_OR_FAIL(status, look_for_checkpoints(f, err));
    RGM_TRY_OR_FAIL(status, rgm_log_file_open(&f->said, f->log, err));
    return RGM_OK;
fail:
    rgm_runfolder_close(f);
    return status;
}

/* 1 if the file has exactly this text. */
static int32_t holds(const char *path, const char *text, size_t size) {
    FILE *in = fopen(path, "rbe");
    if (!in) return 0;
    size_t same = 0;
    for (int c; (c = getc(in)) != EOF && same < size && c == (unsigned char)text[same];) same++;
    int32_t equal = same == size && feof(in);
    fclose(in);
    return equal;
}

rgm_status rgm_runfolder_keep(const rgm_runfolder *f, const rgm_config *config, rgm_error *err) {
    char *text;
    size_t size;
    RGM_TRY(rgm_config_print(config, &text, &size, err));
    int32_t same = holds(f->config, text, size);
    free(text);
    return same ? RGM_OK : rgm_config_write(config, f->config, err);
}

void rgm_runfolder_close(rgm_runfolder *f) {
    if (!f->open) return;
    rgm_log_file_close(&f->said);
    close(f->fd);
    f->open = 0;
}
