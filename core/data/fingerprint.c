#include "data/fingerprint.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <xxhash.h>
#include "base/altstack.h"
#include "base/clock.h"
#include "base/log.h"
#include "data/content.h"
#include "data/unpack.h"

enum { SAMPLES = 1024, PIECE = 1 << 20, LARGEST_PIECE = 1 << 26, LOWEST_PRIORITY = 19, ASK_MS = 100 };
#define LONG_SECONDS 2.0

/* Of encoded pictures, each one's own hash is hashed: those are the checksums of a framed file. */

/* The work on the pixels. One thread at a time has it: the one that `thread` names, or the caller's. */
struct rgm_pixel_hash {
    const rgm_dataset *set;
    XXH3_state_t *state;
    uint8_t *buffer; /* a piece's images, where they are not mapped */
    int32_t split, done;
    int64_t next; /* image of the split */
    uint64_t hash[RGM_SPLIT_COUNT];
    pthread_t thread;
    int32_t running;
    atomic_int leave;
    rgm_stop stop; /* of the thread */
};

/* Pictures of a piece that begins at `first`. */
static int64_t piece_pictures(const rgm_dataset *set, int32_t split, int64_t first) {
    const int64_t *places = set->splits[split].places;
    int64_t n = 1;
    while (first + n < set->info.count[split] && places[first + n + 1] - places[first] <= PIECE) n++;
    return n;
}

/* Images of a piece: whole rows of chunks, where chunks have to be unpacked, if they are not too large. */
static int64_t piece_images(const rgm_dataset *set, int32_t split) {
    int64_t images = PIECE / rgm_content_bytes(set), rows = (int64_t)set->splits[split].chunk[0];
    if (set->info.access[split] == RGM_PIXELS_HDF5 && rows <= LARGEST_PIECE / rgm_content_bytes(set))
        images = images > rows ? images / rows * rows : rows;
    return images > 0 ? images : 1;
}

/* Room for the largest piece of the splits that do not lie in memory. */
static size_t buffer_bytes(const rgm_dataset *set) {
    int64_t most = 1;
    if (set->info.encoded) return (size_t)(PIECE > set->info.pictures.bytes ? PIECE : set->info.pictures.bytes);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (set->info.count[s] && !set->splits[s].map && piece_images(set, s) > most) most = piece_images(set, s);
    return (size_t)(most * rgm_content_bytes(set));
}

/* ---- the work, piece by piece ---- */

static uint64_t hash_checksums(const rgm_dataset *set, int32_t split) {
    return XXH3_64bits(set->splits[split].checksums, (size_t)set->info.count[split] * sizeof(uint64_t));
}

/* Moves to the next split that has to be read; `done` behind the last. */
static void next_split(struct rgm_pixel_hash *h) {
    const rgm_dataset *set = h->set;
    for (; h->split < RGM_SPLIT_COUNT; h->split++) {
        const rgm_split_store *store = &set->splits[h->split];
        int32_t trusted = set->input.framed && (store->has_pixel_hash || store->checksums);
        if (trusted) h->hash[h->split] = store->checksums ? hash_checksums(set, h->split) : store->pixel_hash;
        if (set->info.count[h->split] && !trusted) break;
    }
    h->done = h->split == RGM_SPLIT_COUNT;
    h->next = 0;
    XXH3_64bits_reset(h->state);
}

/* The pixels of n images, in one piece. Of a file that has shrunk, none may be touched where they are mapped. */
static rgm_status get_piece(const struct rgm_pixel_hash *h, int64_t n, const uint8_t **at, rgm_error *err) {
    RGM_TRY(rgm_dataset_check(h->set, err));
    *at = rgm_dataset_pixels(h->set, h->split, h->next);
    if (*at) return RGM_OK;
    *at = h->buffer;
    return rgm_content_samples(h->set, h->split, h->next, n, h->buffer, err);
}

/* Adds the hashes of n encoded pictures. */
static rgm_status add_pictures(const struct rgm_pixel_hash *h, int64_t n, rgm_error *err) {
    const rgm_split_store *store = &h->set->splits[h->split];
    const int64_t *places = store->places + h->next;
    size_t bytes = (size_t)(places[n] - places[0]);
    RGM_TRY(rgm_dataset_check(h->set, err));
    const uint8_t *at = store->map ? store->map + places[0] : h->buffer;
    if (!store->map) RGM_TRY(rgm_input_read(&h->set->input, h->buffer, bytes, store->offset + places[0], err));
    for (int64_t i = 0; i < n; i++) {
        uint64_t hash = XXH3_64bits(at + (places[i] - places[0]), (size_t)(places[i + 1] - places[i]));
        XXH3_64bits_update(h->state, &hash, sizeof hash);
    }
    return RGM_OK;
}

static rgm_status add_images(const struct rgm_pixel_hash *h, int64_t n, rgm_error *err) {
    const uint8_t *pixels;
    RGM_TRY(get_piece(h, n, &pixels, err));
    XXH3_64bits_update(h->state, pixels, (size_t)(n * rgm_content_bytes(h->set)));
    return RGM_OK;
}

/* Hashes the next piece. A failed read changes nothing: the piece may be tried again. Of a file that was written to
 * meanwhile it is never complete: the pixels hashed would not be those that the run began with. */
static rgm_status hash_piece(struct rgm_pixel_hash *h, rgm_error *err) {
    int32_t encoded = h->set->info.encoded;
    int64_t left = h->set->info.count[h->split] - h->next;
    int64_t n = encoded ? piece_pictures(h->set, h->split, h->next) : piece_images(h->set, h->split);
    if (n > left) n = left;
    RGM_TRY(encoded ? add_pictures(h, n, err) : add_images(h, n, err));
    RGM_TRY(rgm_dataset_check(h->set, err));
    h->next += n;
    if (n < left) return RGM_OK;
    h->hash[h->split++] = XXH3_64bits_digest(h->state);
    next_split(h);
    return RGM_OK;
}

/* What fails here is tried again, and reported, by whoever asks for the result. */
static void *hash_in_background(void *context) {
    struct rgm_pixel_hash *h = context;
    setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY); /* on Linux, of this thread alone */
    rgm_error ignored = {0};
    while (!h->done && !atomic_load(&h->leave) && !rgm_stop_asked(&h->stop))
        if (hash_piece(h, &ignored) < 0) break;
    return NULL;
}

static void free_hash(struct rgm_pixel_hash *h) {
    if (!h) return;
    XXH3_freeState(h->state);
    free(h->buffer);
    free(h);
}

/* Inside the mutex. */
static rgm_status make_hash(const rgm_dataset *set, rgm_error *err) {
    if (set->hashing->work) return RGM_OK;
    struct rgm_pixel_hash *h = calloc(1, sizeof *h);
    if (!h) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    h->set = set;
    h->state = XXH3_createState();
    h->buffer = malloc(buffer_bytes(set));
    if (!h->state || !h->buffer) {
        free_hash(h);
        return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    }
    next_split(h);
    set->hashing->work = h;
    return RGM_OK;
}

/* Where someone has the mutex, the work has begun. */
void rgm_fingerprint_begin(const rgm_dataset *set, const rgm_stop *stop) {
    if (pthread_mutex_trylock(&set->hashing->mutex) != 0) return;
    if (!set->hashing->work && make_hash(set, NULL) == RGM_OK && !set->hashing->work->done) {
        struct rgm_pixel_hash *h = set->hashing->work;
        h->stop = *stop;
        h->running = rgm_altstack_thread(&h->thread, hash_in_background, h) == 0;
    }
    pthread_mutex_unlock(&set->hashing->mutex);
}

static void end_thread(struct rgm_pixel_hash *h) {
    if (!h->running) return;
    atomic_store(&h->leave, 1);
    pthread_join(h->thread, NULL);
    h->running = 0;
}

void rgm_fingerprint_end(rgm_dataset *set) {
    if (!set->hashing->work) return;
    end_thread(set->hashing->work);
    free_hash(set->hashing->work);
    set->hashing->work = NULL;
}

/* Takes the work over and completes it. Inside the mutex. */
static rgm_status finish_pixels(const rgm_dataset *set, const rgm_stop *stop, rgm_error *err) {
    RGM_TRY(make_hash(set, err));
    struct rgm_pixel_hash *h = set->hashing->work;
    double start = rgm_seconds();
    int32_t told = 0;
    end_thread(h);
    while (!h->done) {
        if (rgm_stop_asked(stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped before all its pixels were hashed", set->path);
        if (h->done) break; /* who was asked has completed it: the mutex is recursive */
        RGM_TRY(hash_piece(h, err));
        if (told || h->done || rgm_seconds() - start < LONG_SECONDS) continue;
        rgm_log(RGM_LOG_INFO, "%s: hashing all its pixels, at image %lld of %lld of the %s split", set->path,
                (long long)h->next, (long long)set->info.count[h->split], rgm_split_name(h->split));
        told = 1;
    }
    return RGM_OK;
}

/* While another thread has the work, a stop is heard as well. */
static rgm_status wait_for_work(const rgm_dataset *set, const rgm_stop *stop, rgm_error *err) {
    struct timespec until;
    do {
        if (rgm_stop_asked(stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped before all its pixels were hashed", set->path);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += ASK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
    } while (pthread_mutex_timedlock(&set->hashing->mutex, &until) != 0);
    return RGM_OK;
}

/* ---- fingerprints ---- */

static void add_labels(XXH3_state_t *state, const rgm_dataset *set, int32_t split) {
    const rgm_split_store *store = &set->splits[split];
    int64_t count = set->info.count[split];
    if (count) XXH3_64bits_update(state, store->labels, (size_t)count * sizeof *store->labels);
    if (store->soft) XXH3_64bits_update(state, store->soft, (size_t)(count * set->info.classes) * sizeof *store->soft);
}

static void add_shape(XXH3_state_t *state, const rgm_dataset_info *info) {
    int32_t shape[4] = {info->H, info->W, info->C, info->classes};
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, shape, sizeof shape);
    XXH3_64bits_update(state, info->count, sizeof info->count);
}

/* Everything, with the splits' pixels or without (NULL). */
static rgm_status combine(const rgm_dataset *set, const rgm_fingerprint_terms *terms, const uint64_t *pixels,
                          uint64_t *fingerprint, rgm_error *err) {
    XXH3_state_t *state = XXH3_createState();
    if (!state) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    size_t constants = (size_t)set->info.C * sizeof *terms->mean;
    add_shape(state, &set->info);
    const rgm_dataset_pictures *p = &set->info.pictures;
    if (set->info.encoded) XXH3_64bits_update(state, p->background, sizeof p->background);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        add_labels(state, set, s);
        if (pixels && set->info.count[s]) XXH3_64bits_update(state, &pixels[s], sizeof pixels[s]);
    }
    XXH3_64bits_update(state, terms->mean, constants);
    XXH3_64bits_update(state, terms->std, constants);
    XXH3_64bits_update(state, terms->classes, strlen(terms->classes));
    *fingerprint = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return RGM_OK;
}

rgm_status rgm_fingerprint(const rgm_dataset *set, const rgm_fingerprint_terms *terms, const rgm_stop *stop,
                           uint64_t *fingerprint, rgm_error *err) {
    if (pthread_mutex_trylock(&set->hashing->mutex) != 0) RGM_TRY(wait_for_work(set, stop, err));
    rgm_status status = finish_pixels(set, stop, err);
    if (status == RGM_OK) status = combine(set, terms, set->hashing->work->hash, fingerprint, err);
    pthread_mutex_unlock(&set->hashing->mutex);
    return status;
}

rgm_status rgm_fingerprint_quick(const rgm_dataset *set, const rgm_fingerprint_terms *terms, uint64_t *fingerprint,
                                 rgm_error *err) {
    return combine(set, terms, NULL, fingerprint, err);
}

rgm_status rgm_fingerprint_sampled(const rgm_dataset *set, uint64_t *fingerprint, rgm_error *err) {
    XXH3_state_t *state = XXH3_createState();
    uint8_t *image = malloc((size_t)rgm_content_bytes(set));
    rgm_status status = state && image ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    if (status == RGM_OK) add_shape(state, &set->info);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && status == RGM_OK; s++) {
        int64_t count = set->info.count[s], samples = count < SAMPLES ? count : SAMPLES;
        if (set->info.encoded) samples = 0; /* version 1 knows none */
        add_labels(state, set, s);
        for (int64_t i = 0; i < samples && status == RGM_OK; i++) {
            status = rgm_dataset_read(set, s, i * count / samples, image, err);
            if (status == RGM_OK) XXH3_64bits_update(state, image, (size_t)rgm_content_bytes(set));
        }
    }
    if (status == RGM_OK) *fingerprint = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    free(image);
    return status;
}
