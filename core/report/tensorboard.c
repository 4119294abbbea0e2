#define _GNU_SOURCE
#include "report/tensorboard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/replace.h"
#include "picture/encode.h"
#include "report/crc32c.h"
#include "report/events.pb-c.h"

enum { HEAD = 12, TAIL = 4, FIRST_ROOM = 4096, QUALITY = 85 };

/* ---- a record ---- */

static uint8_t *put_little(uint8_t *at, uint64_t value, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* The format stores checksums turned and shifted, so that one over data with a checksum within is a good one. */
static uint32_t masked(const void *bytes, size_t size) {
    uint32_t crc = rgm_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static rgm_status make_room(rgm_tensorboard *b, size_t size, rgm_error *err) {
    if (size <= b->size) return RGM_OK;
    uint8_t *room = realloc(b->room, size);
    if (!room) return rgm_fail(err, RGM_E_NOMEM, "%.160s: out of memory", b->path);
    b->room = room;
    b->size = size;
    return RGM_OK;
}

static rgm_status write_event(rgm_tensorboard *b, Rgm__Event *event, rgm_error *err) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    event->wall_time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    size_t size = rgm__event__get_packed_size(event);
    RGM_TRY(make_room(b, HEAD + size + TAIL, err));
    put_little(b->room, size, 8);
    put_little(b->room + 8, masked(b->room, 8), 4);
    rgm__event__pack(event, b->room + HEAD);
    put_little(b->room + HEAD + size, masked(b->room + HEAD, size), 4);
    return rgm_write_all(b->fd, b->room, HEAD + size + TAIL, b->path, err);
}

/* ---- the file ---- */

/* The latest time in the names of the folder's files; 0: there is none. */
static long long latest(const char *folder) {
    long long last = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, RGM_TENSORBOARD_FILE, strlen(RGM_TENSORBOARD_FILE)) != 0) continue;
        long long time = strtoll(e->d_name + strlen(RGM_TENSORBOARD_FILE), NULL, 10);
        if (time > last && time < INT64_C(9999999999)) last = time;
    }
    if (dir) closedir(dir);
    return last;
}

/* Each has a later second than those before, even if the clock was set back. */
static rgm_status create(rgm_tensorboard *b, const char *folder, rgm_error *err) {
    long long time_now = (long long)time(NULL), last = latest(folder);
    long long stamp = time_now > last ? time_now : last + 1;
    int length = snprintf(b->path, sizeof b->path, "%s/%s%010lld.regimen", folder, RGM_TENSORBOARD_FILE, stamp);
    if (length < 0 || (size_t)length >= sizeof b->path)
        return rgm_fail(err, RGM_E_IO, "%.160s...: the path is too long", folder);
    b->fd = open(b->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (b->fd < 0) return rgm_fail(err, RGM_E_IO, "%.160s: %s", b->path, strerror(errno));
    rgm_sync_folder(b->path);
    b->open = 1;
    return RGM_OK;
}

/* What a file begins with. */
static rgm_status write_head(rgm_tensorboard *b, int64_t resumed, rgm_error *err) {
    char version[] = "brain.Event:2";
    Rgm__SessionLog log = RGM__SESSION_LOG__INIT;
    Rgm__Event event = RGM__EVENT__INIT;
    event.what_case = RGM__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    RGM_TRY(write_event(b, &event, err));
    if (resumed < 0) return RGM_OK;
    log.status = 1;
    rgm__event__init(&event);
    event.step = resumed + 1;
    event.what_case = RGM__EVENT__WHAT_SESSION_LOG;
    event.session_log = &log;
    return write_event(b, &event, err);
}

rgm_status rgm_tensorboard_open(rgm_tensorboard *b, const char *folder, int64_t resumed, rgm_error *err) {
    memset(b, 0, sizeof *b);
    RGM_TRY(make_room(b, FIRST_ROOM, err));
    rgm_status status = create(b, folder, err);
    if (status >= 0) status = write_head(b, resumed, err);
    if (status < 0) rgm_tensorboard_close(b);
    return status;
}

void rgm_tensorboard_close(rgm_tensorboard *b) {
    if (b->open) close(b->fd);
    free(b->room);
    memset(b, 0, sizeof *b);
}

rgm_status rgm_tensorboard_sync(rgm_tensorboard *b, rgm_error *err) {
    if (!b->open || rgm_sync_file(b->fd) == 0 || errno == EINVAL || errno == EROFS) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%.160s: %s", b->path, strerror(errno));
}

/* ---- what is told ---- */

/* protobuf-c's texts are not const; none is written to. */
static char *text_of(const char *tag) { return (char *)(uintptr_t)tag; }

static rgm_status write_values(rgm_tensorboard *b, int64_t step, Rgm__Value **values, size_t count, rgm_error *err) {
    Rgm__Summary summary = RGM__SUMMARY__INIT;
    Rgm__Event event = RGM__EVENT__INIT;
    summary.n_value = count;
    summary.value = values;
    event.step = step;
    event.what_case = RGM__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return write_event(b, &event, err);
}

rgm_status rgm_tensorboard_scalars(rgm_tensorboard *b, int64_t step, const rgm_tensorboard_scalar *scalars,
                                   int32_t count, rgm_error *err) {
    Rgm__Value values[RGM_TENSORBOARD_SCALARS], *list[RGM_TENSORBOARD_SCALARS];
    if (!b->open) return RGM_OK;
    if (count > RGM_TENSORBOARD_SCALARS)
        return rgm_fail(err, RGM_E_INTERNAL, "%.160s: %d scalars in an event", b->path, (int)count);
    for (int32_t i = 0; i < count; i++) {
        list[i] = &values[i];
        rgm__value__init(&values[i]);
        values[i].tag = text_of(scalars[i].tag);
        values[i].value_case = RGM__VALUE__VALUE_SIMPLE_VALUE;
        values[i].simple_value = (float)scalars[i].value;
    }
    return write_values(b, step, list, (size_t)count, err);
}

rgm_status rgm_tensorboard_image(rgm_tensorboard *b, int64_t step, const char *tag, const rgm_tensorboard_picture *p,
                                 rgm_error *err) {
    Rgm__Picture picture = RGM__PICTURE__INIT;
    Rgm__Value value = RGM__VALUE__INIT, *list = &value;
    uint8_t *file;
    size_t size;
    if (!b->open) return RGM_OK;
    const rgm_encode_source source = {p->pixels, p->H, p->W, p->C};
    if (p->H <= RGM_TENSORBOARD_EXACT && p->W <= RGM_TENSORBOARD_EXACT)
        RGM_TRY(rgm_encode_png(&source, &file, &size, err));
    else
        RGM_TRY(rgm_encode_jpeg(&source, QUALITY, &file, &size, err));
    picture.height = p->H;
    picture.width = p->W;
    picture.colorspace = p->C;
    picture.encoded_image_string = (ProtobufCBinaryData){size, file};
    value.tag = text_of(tag);
    value.value_case = RGM__VALUE__VALUE_IMAGE;
    value.image = &picture;
    rgm_status status = write_values(b, step, &list, 1, err);
    free(file);
    return status;
}

/* ---- histograms ---- */

typedef struct extent {
    double low, high, sum, squares;
    int64_t count;
} extent;

static extent measure(const float *values, int64_t count) {
    extent e = {.low = (double)INFINITY, .high = -(double)INFINITY};
    for (int64_t i = 0; i < count; i++) {
        double v = (double)values[i];
        if (!isfinite(v)) continue;
        if (v < e.low) e.low = v;
        if (v > e.high) e.high = v;
        e.sum += v;
        e.squares += v * v;
        e.count++;
    }
    return e;
}

static void fill(const extent *e, const float *values, int64_t count, double *limits, double *buckets) {
    const double scale = e->high > e->low ? RGM_TENSORBOARD_BUCKETS / (e->high - e->low) : 0;
    for (int32_t k = 0; k < RGM_TENSORBOARD_BUCKETS; k++) {
        limits[k] =
            k + 1 < RGM_TENSORBOARD_BUCKETS ? e->low + (e->high - e->low) * (k + 1) / RGM_TENSORBOARD_BUCKETS : e->high;
        buckets[k] = 0;
    }
    for (int64_t i = 0; i < count; i++) {
        double v = (double)values[i];
        if (!isfinite(v)) continue;
        int32_t k = (int32_t)((v - e->low) * scale);
        buckets[k < RGM_TENSORBOARD_BUCKETS ? k : RGM_TENSORBOARD_BUCKETS - 1]++;
    }
}

rgm_status rgm_tensorboard_histogram(rgm_tensorboard *b, int64_t step, const char *tag, const float *values,
                                     int64_t count, rgm_error *err) {
    double limits[RGM_TENSORBOARD_BUCKETS], buckets[RGM_TENSORBOARD_BUCKETS];
    Rgm__Histogram histogram = RGM__HISTOGRAM__INIT;
    Rgm__Value value = RGM__VALUE__INIT, *list = &value;
    if (!b->open) return RGM_OK;
    const extent e = measure(values, count);
    if (!e.count) return RGM_OK;
    fill(&e, values, count, limits, buckets);
    histogram.min = e.low;
    histogram.max = e.high;
    histogram.num = (double)e.count;
    histogram.sum = e.sum;
    histogram.sum_squares = e.squares;
    histogram.n_bucket_limit = histogram.n_bucket = e.high > e.low ? RGM_TENSORBOARD_BUCKETS : 1;
    if (histogram.n_bucket == 1) limits[0] = e.high;
    histogram.bucket_limit = limits;
    histogram.bucket = buckets;
    value.tag = text_of(tag);
    value.value_case = RGM__VALUE__VALUE_HISTO;
    value.histo = &histogram;
    return write_values(b, step, &list, 1, err);
}
