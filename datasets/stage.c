#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* All numbers are in the byte order of the machine: staging does not travel. */
struct head {
    char magic[8];
    uint64_t version, key, hash;
};

/* A record in the journal: the struct up to its reason, the reason's bytes, the hash of all that. */
struct prefix {
    uint32_t size, mark; /* of the whole record; a constant */
};
enum { FIXED = offsetof(rgm_stage_record, reason), RECORD_MOST = 8 + sizeof(rgm_stage_record) + 8 };
enum { VERSION = 1, MARK = 0x52474d72, BUFFER = 1 << 16, CHECK_PIECE = 1 << 18 };
static const char magic[8] = "RGMstage";

struct rgm_stage {
    char *folder, *journal_path, *data_path, *work_path;
    int journal, data;
    uint64_t key;
    off_t journal_end, data_end; /* behind what is committed */
    off_t data_at;               /* behind what was added */
    uint8_t *added;              /* records that are not committed */
    size_t added_used, added_room;
    uint8_t *buffer; /* reading the journal */
    size_t buffer_used, buffer_at;
    off_t read_at, read_data, last_data; /* of the buffer's end; the next picture's data; that of the last one given */
};

static rgm_status write_failed(const char *path, int error, rgm_error *err) {
    return rgm_fail(err, RGM_E_IO, "%.300s: cannot write: %s", path, strerror(error));
}

static rgm_status put(int fd, const char *path, const void *bytes, size_t size, off_t at, rgm_error *err) {
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, size - done, at + (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return write_failed(path, errno, err);
        done += (size_t)n;
    }
    return RGM_OK;
}

/* Up to `size` bytes; *got is smaller at the end of the file. */
static rgm_status get(int fd, const char *path, void *bytes, size_t size, off_t at, size_t *got, rgm_error *err) {
    for (*got = 0; *got < size;) {
        ssize_t n = pread(fd, (char *)bytes + *got, size - *got, at + (off_t)*got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rgm_fail(err, RGM_E_IO, "%.300s: cannot read: %s", path, strerror(errno));
        if (n == 0) break;
        *got += (size_t)n;
    }
    return RGM_OK;
}

/* ---- the journal ---- */

static struct head make_head(uint64_t key) {
    struct head head = {.version = VERSION, .key = key};
    memcpy(head.magic, magic, sizeof magic);
    head.hash = XXH3_64bits(&head, offsetof(struct head, hash));
    return head;
}

/* Room for `need` bytes at buffer_at, as far as the file goes. */
static rgm_status fill(rgm_stage *stage, size_t need, rgm_error *err) {
    size_t left = stage->buffer_used - stage->buffer_at, got;
    if (left >= need) return RGM_OK;
    memmove(stage->buffer, stage->buffer + stage->buffer_at, left);
    RGM_TRY(get(stage->journal, stage->journal_path, stage->buffer + left, BUFFER - left, stage->read_at, &got, err));
    stage->buffer_at = 0;
    stage->buffer_used = left + got;
    stage->read_at += (off_t)got;
    return RGM_OK;
}

void rgm_stage_rewind(rgm_stage *stage) {
    stage->buffer_used = stage->buffer_at = 0;
    stage->read_at = sizeof(struct head);
    stage->read_data = stage->last_data = 0;
}

rgm_status rgm_stage_next(rgm_stage *stage, rgm_stage_record *record, int32_t *more, rgm_error *err) {
    struct prefix prefix;
    *more = 0;
    RGM_TRY(fill(stage, RECORD_MOST, err));
    size_t left = stage->buffer_used - stage->buffer_at;
    const uint8_t *at = stage->buffer + stage->buffer_at;
    if (left < sizeof prefix) return RGM_OK;
    memcpy(&prefix, at, sizeof prefix);
    if (prefix.mark != MARK || prefix.size > left || prefix.size > RECORD_MOST ||
        prefix.size < sizeof prefix + FIXED + 1 + sizeof(uint64_t))
        return RGM_OK;
    uint64_t hash;
    memcpy(&hash, at + prefix.size - sizeof hash, sizeof hash);
    if (hash != XXH3_64bits_withSeed(at, prefix.size - sizeof hash, stage->key)) return RGM_OK;
    memset(record, 0, sizeof *record);
    memcpy(record, at + sizeof prefix, prefix.size - sizeof prefix - sizeof hash);
    record->reason[RGM_STAGE_REASON - 1] = 0;
    stage->last_data = stage->read_data;
    stage->read_data += record->bytes;
    stage->buffer_at += prefix.size;
    *more = 1;
    return RGM_OK;
}

rgm_status rgm_stage_data(rgm_stage *stage, const rgm_stage_record *record, void *data, rgm_error *err) {
    size_t got;
    RGM_TRY(get(stage->data, stage->data_path, data, (size_t)record->bytes, stage->last_data, &got, err));
    if (got == (size_t)record->bytes && XXH3_64bits(data, got) == record->hash) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%.300s: damaged at picture %lld: import again", stage->data_path,
                    (long long)record->index);
}

/* Does the last record's data match? By pieces; *same tells. */
static rgm_status check_data(rgm_stage *stage, const rgm_stage_record *record, uint8_t *piece, XXH3_state_t *state,
                             int *same, rgm_error *err) {
    XXH3_64bits_reset(state);
    for (int64_t at = 0; at < record->bytes;) {
        size_t want = record->bytes - at < CHECK_PIECE ? (size_t)(record->bytes - at) : CHECK_PIECE, got;
        RGM_TRY(get(stage->data, stage->data_path, piece, want, stage->last_data + at, &got, err));
        if (got < want) break;
        XXH3_64bits_update(state, piece, got);
        at += (int64_t)got;
        *same = at == record->bytes;
    }
    *same = record->bytes == 0 || (*same && XXH3_64bits_digest(state) == record->hash);
    return RGM_OK;
}

/* Takes the records that are whole, and cuts both files off behind them. */
static rgm_status take_up(rgm_stage *stage, const rgm_stop *stop, int64_t *done, rgm_error *err) {
    uint8_t *piece = malloc(CHECK_PIECE);
    XXH3_state_t *state = XXH3_createState();
    rgm_status status = piece && state ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", stage->folder);
    rgm_stage_rewind(stage);
    for (int32_t more = 1, same = 0; status == RGM_OK; same = 0) {
        rgm_stage_record record;
        status = rgm_stage_next(stage, &record, &more, err);
        if (status < 0 || !more || record.index != *done || record.bytes < 0) break;
        status = check_data(stage, &record, piece, state, &same, err);
        if (status < 0 || !same) break;
        stage->journal_end = stage->read_at - (off_t)(stage->buffer_used - stage->buffer_at);
        stage->data_end = stage->data_at = stage->read_data;
        ++*done;
        if (rgm_stop_asked(stop))
            status = rgm_fail(err, RGM_E_INTERRUPTED, "%.300s: stopped while it was checked", stage->folder);
    }
    free(piece);
    XXH3_freeState(state);
    RGM_TRY(status);
    if (ftruncate(stage->journal, stage->journal_end) != 0) return write_failed(stage->journal_path, errno, err);
    if (ftruncate(stage->data, stage->data_end) != 0) return write_failed(stage->data_path, errno, err);
    return RGM_OK;
}

/* ---- opening ---- */

static rgm_status open_journal(rgm_stage *stage, rgm_error *err) {
    int made = mkdir(stage->folder, 0777) == 0;
    if (!made && errno != EEXIST)
        return rgm_fail(err, RGM_E_IO, "%.300s: cannot make the folder: %s", stage->folder, strerror(errno));
    stage->journal = open(stage->journal_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (made ? O_CREAT : 0), 0666);
    if (stage->journal < 0 && errno == ENOENT) /* an import that was killed before it made the file, or no staging */
        stage->journal = rmdir(stage->folder) == 0 && mkdir(stage->folder, 0777) == 0
                             ? open(stage->journal_path, O_RDWR | O_CLOEXEC | O_CREAT, 0666)
                             : -1;
    if (stage->journal < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR))
        return rgm_fail(err, RGM_E_USAGE,
                        "%.300s: exists and is not an import's: expected a free name for the work on the file",
                        stage->folder);
    if (stage->journal < 0) return rgm_fail(err, RGM_E_IO, "%.300s: %s", stage->journal_path, strerror(errno));
    if (flock(stage->journal, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return rgm_fail(err, RGM_E_USAGE, "%.300s: another import is writing there", stage->folder);
    return RGM_OK;
}

/* Empty files with a head. */
static rgm_status start_anew(rgm_stage *stage, rgm_error *err) {
    const struct head head = make_head(stage->key);
    if (ftruncate(stage->journal, 0) != 0) return write_failed(stage->journal_path, errno, err);
    if (ftruncate(stage->data, 0) != 0) return write_failed(stage->data_path, errno, err);
    return put(stage->journal, stage->journal_path, &head, sizeof head, 0, err);
}

static rgm_status begin(rgm_stage *stage, const rgm_stop *stop, int64_t *done, int32_t *anew, rgm_error *err) {
    struct head head, wanted = make_head(stage->key);
    size_t got;
    RGM_TRY(open_journal(stage, err));
    RGM_TRY(get(stage->journal, stage->journal_path, &head, sizeof head, 0, &got, err));
    if (got >= sizeof magic && memcmp(head.magic, magic, sizeof magic) != 0)
        return rgm_fail(err, RGM_E_USAGE, "%.300s: exists and is not an import's: expected a free name for the work",
                        stage->folder);
    stage->data = open(stage->data_path, O_RDWR | O_CLOEXEC | O_CREAT | O_NOFOLLOW, 0666);
    if (stage->data < 0) return rgm_fail(err, RGM_E_IO, "%.300s: %s", stage->data_path, strerror(errno));
    if (got == sizeof head && memcmp(&head, &wanted, sizeof head) == 0) return take_up(stage, stop, done, err);
    *anew = got == sizeof head;
    return start_anew(stage, err);
}

rgm_status rgm_stage_open(rgm_stage **out, const char *path, uint64_t key, const rgm_stop *stop, int64_t *done,
                          int32_t *anew, rgm_error *err) {
    rgm_status status;
    *out = NULL;
    *done = 0;
    *anew = 0;
    rgm_stage *stage = calloc(1, sizeof *stage);
    if (!stage) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", path);
    *stage = (rgm_stage){.journal = -1, .data = -1, .key = key, .journal_end = sizeof(struct head)};
    stage->buffer = malloc(BUFFER);
    if (!stage->buffer || asprintf(&stage->folder, "%s.import", path) < 0 ||
        asprintf(&stage->journal_path, "%s/journal", stage->folder) < 0 ||
        asprintf(&stage->data_path, "%s/data", stage->folder) < 0 ||
        asprintf(&stage->work_path, "%s/work.h5", stage->folder) < 0) {
        status = rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", path);
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, begin(stage, stop, done, anew, err));
    *out = stage;
    return RGM_OK;
fail:
    rgm_stage_close(stage);
    return status;
}

/* ---- adding ---- */

rgm_status rgm_stage_add(rgm_stage *stage, const rgm_stage_record *record, const void *data, rgm_error *err) {
    if (stage->added_room - stage->added_used < RECORD_MOST) {
        size_t room = 2 * stage->added_room + 64 * RECORD_MOST;
        uint8_t *grown = realloc(stage->added, room);
        if (!grown) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", stage->folder);
        stage->added = grown;
        stage->added_room = room;
    }
    RGM_TRY(put(stage->data, stage->data_path, data, (size_t)record->bytes, stage->data_at, err));
    stage->data_at += record->bytes;
    uint8_t *to = stage->added + stage->added_used;
    size_t body = FIXED + strlen(record->reason) + 1;
    const struct prefix prefix = {.size = (uint32_t)(sizeof prefix + body + sizeof(uint64_t)), .mark = MARK};
    memcpy(to, &prefix, sizeof prefix);
    memcpy(to + sizeof prefix, record, body);
    uint64_t hash = XXH3_64bits_withSeed(to, sizeof prefix + body, stage->key);
    memcpy(to + sizeof prefix + body, &hash, sizeof hash);
    stage->added_used += prefix.size;
    return RGM_OK;
}

rgm_status rgm_stage_commit(rgm_stage *stage, rgm_error *err) {
    RGM_TRY(put(stage->journal, stage->journal_path, stage->added, stage->added_used, stage->journal_end, err));
    stage->journal_end += (off_t)stage->added_used;
    stage->data_end = stage->data_at;
    stage->added_used = 0;
    return RGM_OK;
}

const char *rgm_stage_work_path(const rgm_stage *stage) { return stage->work_path; }

int rgm_stage_is(const char *folder) {
    static const char ending[] = ".import";
    size_t length = strlen(folder), got = 0;
    char first[sizeof magic], *journal = NULL;
    if (length < sizeof ending - 1 || strcmp(folder + length - (sizeof ending - 1), ending) != 0) return 0;
    if (asprintf(&journal, "%s/journal", folder) < 0) return 0;
    int fd = open(journal, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && get(fd, journal, first, sizeof first, 0, &got, NULL) < 0) got = 0;
    if (fd >= 0) close(fd);
    free(journal);
    return got == sizeof first && memcmp(first, magic, sizeof first) == 0;
}

void rgm_stage_remove(rgm_stage *stage) {
    unlink(stage->work_path);
    unlink(stage->data_path);
    unlink(stage->journal_path);
    rmdir(stage->folder);
}

void rgm_stage_close(rgm_stage *stage) {
    if (!stage) return;
    if (stage->journal >= 0) close(stage->journal);
    if (stage->data >= 0) close(stage->data);
    free(stage->folder);
    free(stage->journal_path);
    free(stage->data_path);
    free(stage->work_path);
    free(stage->added);
    free(stage->buffer);
    free(stage);
}
