#include "data/file.h"
#include "data/input.h"
#include "data/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/replace.h"

enum {
    OFFSET_VERSION = 8,
    OFFSET_SIZE = 12,
    OFFSET_LENGTH = 16,
    OFFSET_SUM = 24,
    OFFSET_TEXT = 32,
    OFFSET_APART = 448,
    OFFSET_CHECK = 504
};
enum { FRAME_WHOLE = 1, FRAME_APART = 2, RANGE = 16, BUFFER = 1 << 18, FLIPPED_BITS = 3, LINKS_MOST = 40 };

static const unsigned char magic[8] = {0x89, 'R', 'G', 'M', 0x0d, 0x0a, 0x1a, 0x0a};
static const char text_begin[] = "Regimen file:";

static void put_le(unsigned char *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_le(const unsigned char *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* A file's bytes `from` to `to`, into the sum. */
static rgm_status add_range(const rgm_input *in, int64_t from, int64_t to, unsigned char *buffer, XXH3_state_t *state,
                            rgm_error *err) {
    while (from < to) {
        size_t piece = to - from < BUFFER ? (size_t)(to - from) : BUFFER;
        if (rgm_stop_asked(&in->stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while its checksum was computed", in->path);
        RGM_TRY(rgm_input_read(in, buffer, piece, from, err));
        XXH3_64bits_update(state, buffer, piece);
        from += (int64_t)piece;
    }
    return RGM_OK;
}

/* XXH3-64 of what lies behind the block, without the ranges apart. */
static rgm_status sum_rest(const rgm_input *in, uint64_t *sum, rgm_error *err) {
    rgm_status status = RGM_OK;
    unsigned char *buffer = malloc(BUFFER);
    XXH3_state_t *state = XXH3_createState();
    int64_t at = RGM_FILE_BLOCK;
    if (!buffer || !state) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: no memory for a checksum", in->path);
        goto done;
    }
    XXH3_64bits_reset(state);
    for (int32_t i = 0; i < in->parts && status == RGM_OK; i++) {
        status = add_range(in, at, in->apart[i].offset, buffer, state, err);
        at = in->apart[i].offset + in->apart[i].bytes;
    }
    if (status == RGM_OK) status = add_range(in, at, in->size, buffer, state, err);
    if (status == RGM_OK) *sum = XXH3_64bits_digest(state);
done:
    XXH3_freeState(state);
    free(buffer);
    return status;
}

/* Is it a block of ours whose magic was hit? Few of its bits are others, or the line of text is still there. HDF5's own
 * signature differs in 8 bits. */
static int was_framed(const unsigned char block[RGM_FILE_BLOCK], size_t have) {
    int flipped = 0;
    for (size_t i = 0; i < sizeof magic; i++) flipped += __builtin_popcount((unsigned)(block[i] ^ magic[i]));
    return have >= sizeof magic &&
           (flipped <= FLIPPED_BITS || memcmp(block + OFFSET_TEXT, text_begin, sizeof text_begin - 1) == 0);
}

/* Takes the ranges over: in order, apart from each other, behind the block and inside the file. */
static rgm_status take_apart(rgm_input *in, const unsigned char *from, rgm_error *err) {
    int64_t end = RGM_FILE_BLOCK;
    for (int32_t i = 0; i < RGM_INPUT_APART; i++, from += RANGE) {
        uint64_t offset = get_le(from, 8), bytes = get_le(from + 8, 8);
        if (offset == 0 && bytes == 0) continue;
        if (offset < (uint64_t)end || offset > (uint64_t)in->size || bytes > (uint64_t)in->size - offset || bytes == 0)
            return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: its first block leaves out what cannot be", in->path);
        in->apart[in->parts++] = (rgm_apart){(int64_t)offset, (int64_t)bytes};
        end = (int64_t)(offset + bytes);
    }
    return RGM_OK;
}

/* Judges the fields of a block that begins with the magic, then the checksum of the rest. */
static rgm_status check_block(rgm_input *in, const unsigned char block[RGM_FILE_BLOCK], rgm_error *err) {
    const char *path = in->path;
    uint64_t size = (uint64_t)in->size, sum = 0;
    if (get_le(block + OFFSET_CHECK, 8) != XXH3_64bits(block, OFFSET_CHECK))
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: the checksum of its first block does not match", path);
    uint64_t version = get_le(block + OFFSET_VERSION, 4), length = get_le(block + OFFSET_LENGTH, 8);
    if (version < FRAME_WHOLE || version > FRAME_APART || get_le(block + OFFSET_SIZE, 4) != RGM_FILE_BLOCK)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: format version %llu, this Regimen reads %d and %d", path,
                        (unsigned long long)version, FRAME_WHOLE, FRAME_APART);
    if (length != size - RGM_FILE_BLOCK)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s: %llu bytes, expected %llu", path,
                        length > size - RGM_FILE_BLOCK ? "truncated" : "damaged: too long", (unsigned long long)size,
                        (unsigned long long)length + RGM_FILE_BLOCK);
    if (version == FRAME_APART) RGM_TRY(take_apart(in, block + OFFSET_APART, err));
    RGM_TRY(sum_rest(in, &sum, err));
    if (sum != get_le(block + OFFSET_SUM, 8))
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: its checksum does not match", path);
    return RGM_OK;
}

rgm_status rgm_input_verify(rgm_input *in, rgm_error *err) {
    unsigned char block[RGM_FILE_BLOCK] = {0};
    size_t have = in->size < RGM_FILE_BLOCK ? (size_t)in->size : RGM_FILE_BLOCK;
    RGM_TRY(rgm_input_read(in, block, have, 0, err));
    in->framed = have >= sizeof magic && memcmp(block, magic, sizeof magic) == 0;
    if (!in->framed && was_framed(block, have))
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: " RGM_FILE_LOST, in->path);
    if (!in->framed) return RGM_OK;
    if (have < sizeof block)
        return rgm_fail(err, RGM_E_FORMAT, "%s: truncated: %zu bytes, not even its first block", in->path, have);
    return check_block(in, block, err);
}

/* Where a file written under this name is to be: behind the symbolic links, which stay. NULL with errno set on failure.
 */
static char *follow_links(const char *path) {
    char *at = strdup(path);
    for (int links = 0; at; links++) {
        char to[PATH_MAX], *next = NULL;
        ssize_t length = readlink(at, to, sizeof to);
        if (length < 0) return at; /* no link, or not there */
        const char *slash = to[0] == '/' ? NULL : strrchr(at, '/');
        int made = length == (ssize_t)sizeof to || links == LINKS_MOST
                       ? -1
                       : asprintf(&next, "%.*s%.*s", slash ? (int)(slash - at) + 1 : 0, at, (int)length, to);
        free(at);
        at = made < 0 ? NULL : next;
        if (made < 0) errno = links == LINKS_MOST ? ELOOP : ENAMETOOLONG;
    }
    return NULL;
}

/* Opens ".NAME.PID-N.tmp" beside `path`, created exclusively with the process's umask; NULL with errno set on failure.
 */
static char *make_temp(const char *path, int *fd) {
    static atomic_uint serial;
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    for (int attempt = 0; attempt < 1000; attempt++) {
        char *temp = NULL;
        unsigned number = atomic_fetch_add(&serial, 1);
        if (asprintf(&temp, "%.*s.%s.%ld-%u.tmp", folder, path, path + folder, (long)getpid(), number) < 0) {
            errno = ENOMEM;
            return NULL;
        }
        *fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0) return temp;
        free(temp);
        if (errno != EEXIST) return NULL;
    }
    return NULL;
}

static rgm_status refuse_existing(const char *path, rgm_error *err) {
    return rgm_fail(err, RGM_E_USAGE, "%s: exists already (overwriting was not asked for)", path);
}

/* Opens the temporary file as HDF5's newest format behind an empty user block. */
static rgm_status create_h5(rgm_file_writer *writer, rgm_error *err) {
    rgm_h5_enter();
    hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS);
    writer->file = -1;
    /* no time in the root's header: the same content gives the same bytes */
    if (fcpl >= 0 && fapl >= 0 && H5Pset_userblock(fcpl, RGM_FILE_BLOCK) >= 0 && H5Pset_obj_track_times(fcpl, 0) >= 0 &&
        H5Pset_libver_bounds(fapl, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0 && rgm_sink_use(fapl, writer->sink) >= 0)
        writer->file = H5Fcreate(writer->temp, H5F_ACC_TRUNC, fcpl, fapl);
    rgm_status status = RGM_OK;
    if (writer->file < 0) status = rgm_h5_fail(err, RGM_E_IO, writer->path, "cannot create");
    if (fcpl >= 0) H5Pclose(fcpl);
    if (fapl >= 0) H5Pclose(fapl);
    rgm_h5_leave();
    writer->open = status == RGM_OK;
    return status;
}

rgm_status rgm_file_create(rgm_file_writer *writer, const char *path, int32_t replace, rgm_error *err) {
    *writer = (rgm_file_writer){.file = -1, .fd = -1, .replace = replace};
    struct stat st;
    rgm_status status = RGM_OK;
    if (stat(path, &st) == 0) {
        if (!replace) return refuse_existing(path, err);
        if (!S_ISREG(st.st_mode)) return rgm_fail(err, RGM_E_IO, "%s: not a regular file", path);
    }
    writer->path = strdup(path);
    writer->sink = calloc(1, sizeof *writer->sink);
    if (!writer->path || !writer->sink) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
        goto fail;
    }
    writer->target = follow_links(path);
    if (writer->target) writer->temp = make_temp(writer->target, &writer->fd);
    if (!writer->temp) {
        status = rgm_fail(err, RGM_E_IO, "%s: cannot create: %s", path, strerror(errno));
        goto fail;
    }
    writer->sink->fd = writer->fd;
    RGM_TRY_OR_FAIL(status, create_h5(writer, err));
    return RGM_OK;
fail:
    rgm_file_abandon(writer);
    return status;
}

rgm_status rgm_file_close(rgm_file_writer *writer, rgm_error *err) {
    if (!writer->open) return RGM_OK;
    rgm_status status = RGM_OK;
    rgm_h5_enter();
    if (H5Fclose(writer->file) < 0) status = rgm_h5_fail(err, RGM_E_IO, writer->path, "cannot close");
    rgm_h5_leave();
    writer->open = 0;
    writer->file = -1;
    if (writer->sink->error)
        status = rgm_fail(err, RGM_E_IO, "%s: cannot write: %s", writer->path, strerror(writer->sink->error));
    return status;
}

static void fill_block(unsigned char block[RGM_FILE_BLOCK], const rgm_input *written, uint64_t sum) {
    memset(block, 0, RGM_FILE_BLOCK);
    memcpy(block, magic, sizeof magic);
    put_le(block + OFFSET_VERSION, written->parts ? FRAME_APART : FRAME_WHOLE, 4);
    put_le(block + OFFSET_SIZE, RGM_FILE_BLOCK, 4);
    put_le(block + OFFSET_LENGTH, (uint64_t)written->size - RGM_FILE_BLOCK, 8);
    put_le(block + OFFSET_SUM, sum, 8);
    snprintf((char *)block + OFFSET_TEXT, OFFSET_CHECK - OFFSET_TEXT,
             "%s this block holds its length and checksum, HDF5 starts at byte %d", text_begin, RGM_FILE_BLOCK);
    for (int32_t i = 0; i < written->parts; i++) {
        put_le(block + OFFSET_APART + i * RANGE, (uint64_t)written->apart[i].offset, 8);
        put_le(block + OFFSET_APART + i * RANGE + 8, (uint64_t)written->apart[i].bytes, 8);
    }
    put_le(block + OFFSET_CHECK, XXH3_64bits(block, OFFSET_CHECK), 8);
}

rgm_status rgm_file_put(const rgm_file_writer *writer, const void *bytes, size_t size, off_t offset, rgm_error *err) {
    for (size_t done = 0; done < size;) {
        ssize_t wrote = pwrite(writer->fd, (const char *)bytes + done, size - done, offset + (off_t)done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0)
            return rgm_fail(err, RGM_E_IO, "%s: cannot write: %s", writer->path, strerror(wrote < 0 ? errno : ENOSPC));
        done += (size_t)wrote;
    }
    return RGM_OK;
}

void rgm_file_leave_out(rgm_file_writer *writer, int64_t offset, int64_t bytes) {
    int32_t place = writer->parts;
    if (bytes == 0) return;
    for (; place > 0 && writer->apart[place - 1].offset > offset; place--)
        writer->apart[place] = writer->apart[place - 1];
    writer->apart[place] = (rgm_apart){offset, bytes};
    writer->parts++;
}

/* Checksums what was written, writes the block and brings it all to the disk. */
static rgm_status frame_and_sync(const rgm_file_writer *writer, rgm_error *err) {
    struct stat st;
    if (fstat(writer->fd, &st) != 0 || st.st_size <= RGM_FILE_BLOCK)
        return rgm_fail(err, RGM_E_IO, "%s: cannot write: the file came out empty", writer->path);
    uint64_t sum = 0;
    sync_file_range(writer->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: the disk begins while the sum is made */
    rgm_input written = {.path = writer->path,
                         .fd = writer->fd,
                         .size = (int64_t)st.st_size,
                         .stop = writer->stop,
                         .parts = writer->parts};
    memcpy(written.apart, writer->apart, sizeof written.apart);
    RGM_TRY(sum_rest(&written, &sum, err));
    unsigned char block[RGM_FILE_BLOCK];
    fill_block(block, &written, sum);
    RGM_TRY(rgm_file_put(writer, block, sizeof block, 0, err));
    if (rgm_sync_file(writer->fd) != 0)
        return rgm_fail(err, RGM_E_IO, "%s: cannot write: %s", writer->path, strerror(errno));
    return RGM_OK;
}

static rgm_status move_into_place(const rgm_file_writer *writer, rgm_error *err) {
    int failed;
    if (writer->replace) {
        failed = rename(writer->temp, writer->target);
    } else {
        failed = renameat2(AT_FDCWD, writer->temp, AT_FDCWD, writer->target, RENAME_NOREPLACE);
        if (failed && errno == EEXIST) return refuse_existing(writer->path, err);
        if (failed && (errno == EINVAL || errno == ENOSYS)) { /* a file system without that flag */
            if (access(writer->target, F_OK) == 0) return refuse_existing(writer->path, err);
            failed = rename(writer->temp, writer->target);
        }
    }
    if (failed) return rgm_fail(err, RGM_E_IO, "%s: cannot put in place: %s", writer->path, strerror(errno));
    return RGM_OK;
}

rgm_status rgm_file_commit(rgm_file_writer *writer, rgm_error *err) {
    rgm_status status = rgm_file_close(writer, err);
    if (status == RGM_OK) status = frame_and_sync(writer, err);
    if (status == RGM_OK) status = move_into_place(writer, err);
    if (status == RGM_OK) {
        rgm_sync_folder(writer->target); /* a crash of the machine must not undo the rename */
        free(writer->temp);
        writer->temp = NULL;
    }
    rgm_file_abandon(writer);
    return status;
}

void rgm_file_abandon(rgm_file_writer *writer) {
    if (writer->open) {
        writer->sink->error = ECANCELED; /* nothing more needs to be written */
        rgm_file_close(writer, NULL);
    }
    if (writer->sink && writer->fd >= 0) close(writer->fd);
    if (writer->temp) unlink(writer->temp);
    free(writer->sink);
    free(writer->temp);
    free(writer->target);
    free(writer->path);
    *writer = (rgm_file_writer){.file = -1, .fd = -1};
}
