#include "kerncheck.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 14, SLOT_BYTES = 1 << 20, ARENA_BYTES = 1 << 25, BAND = 192, CANARY = 0xA5, MESSAGES = 4 };

/* A guarded buffer: data lies in [base, base + SLOT_BYTES), with inaccessible pages on both sides. */
typedef struct slot {
    unsigned char *base, *data;
    const void *original; /* of an input, else NULL */
    size_t bytes, width;
} slot;

static slot slots[SLOTS];
static int slots_used;
static unsigned char *arena;
static size_t arena_used;

static void stop(const char *why) {
    fprintf(stderr, "kerncheck: %s\n", why);
    exit(EXIT_FAILURE);
}

static void reserve(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    arena = malloc(ARENA_BYTES);
    if (!arena) stop("out of memory");
    for (int i = 0; i < SLOTS; i++) {
        unsigned char *p =
            mmap(NULL, SLOT_BYTES + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) || mprotect(p + page + SLOT_BYTES, page, PROT_NONE))
            stop("cannot map guarded buffers");
        slots[i].base = p + page;
    }
}

uint64_t kc_draw(kc *c) {
    uint64_t z = c->random += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea and Flood 2014) */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double kc_uniform(kc *c, double low, double high) {
    return low + (high - low) * ((double)(kc_draw(c) >> 11) * 0x1p-53);
}

int64_t kc_below(kc *c, int64_t n) { return (int64_t)(kc_draw(c) % (uint64_t)n); }

static void *take(size_t bytes) {
    if (!arena) reserve();
    bytes = (bytes + 63) / 64 * 64;
    if (bytes > ARENA_BYTES - arena_used) stop("a case needs more than the oracle's arena");
    void *p = arena + arena_used;
    arena_used += bytes;
    return p;
}

float *kc_floats(kc *c, int64_t n, double low, double high) {
    float *x = take((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = (float)kc_uniform(c, low, high);
    return x;
}

uint8_t *kc_bytes(kc *c, int64_t n) {
    uint8_t *x = take((size_t)n);
    for (int64_t i = 0; i < n; i++) x[i] = (uint8_t)kc_draw(c);
    return x;
}

double *kc_doubles(kc *c, int64_t n) {
    (void)c;
    return memset(take((size_t)n * sizeof(double)), 0, (size_t)n * sizeof(double));
}

static slot *guarded(kc *c, int64_t size, int64_t width) {
    if (!arena) reserve();
    if (slots_used == SLOTS) stop("a case needs more guarded buffers");
    slot *s = &slots[slots_used++];
    s->bytes = (size_t)(size * width);
    s->width = (size_t)width;
    s->original = NULL;
    if (s->bytes > SLOT_BYTES - 2 * BAND) stop("a case needs larger guarded buffers");
    if (c->placement == KC_LOW)
        s->data = s->base;
    else if (c->placement == KC_ODD) /* an odd multiple of the element, another one for each buffer */
        s->data = s->base + BAND - (size_t)(width * (2 * slots_used % 7 | 1));
    else
        s->data = s->base + SLOT_BYTES - s->bytes;
    unsigned char *from = s->data - s->base < BAND ? s->base : s->data - BAND;
    unsigned char *to = s->data + s->bytes, *end = s->base + SLOT_BYTES;
    memset(from, CANARY, (size_t)(s->data - from));
    memset(to, CANARY, (size_t)(end - to < BAND ? end - to : BAND));
    return s;
}

const void *kc_in(kc *c, const void *data, int64_t size, int64_t width) {
    slot *s = guarded(c, size, width);
    if (s->bytes) memcpy(s->data, data, s->bytes);
    s->original = data;
    return s->data;
}

void *kc_inout(kc *c, const void *data, int64_t size, int64_t width) {
    slot *s = guarded(c, size, width);
    if (s->bytes) memcpy(s->data, data, s->bytes);
    return s->data;
}

void *kc_out(kc *c, int64_t size, int64_t width) {
    slot *s = guarded(c, size, width);
    memset(s->data, 0x7f, s->bytes); /* 0x7f7f7f7f: 3.4e38, for floats no likely result */
    return s->data;
}

void kc_case(kc *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->what, sizeof c->what, format, arguments);
    va_end(arguments);
}

static void failed(kc *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void failed(kc *c, const char *format, ...) {
    static const char *const placements[] = {"before a guard", "behind a guard", "misaligned", "denormals flushed"};
    if (c->failures++ >= MESSAGES) return;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s (%s): %s [%s]: %s\n", c->info->name, c->k->isa, c->what, placements[c->placement], line);
}

void kc_equal(kc *c, const char *name, int64_t i, double got, double want) {
    if (got == want || (got != got && want != want)) return;
    failed(c, "%s[%lld] = %.9g, expected %.9g", name, (long long)i, got, want);
}

void kc_near(kc *c, const char *name, int64_t i, double got, double want, double scale) {
    const double tolerance = c->info->tolerance, bound = tolerance * FLT_EPSILON * fabs(scale) + 4 * FLT_MIN;
    if (want != want || got != got || isinf(want) || tolerance == 0) {
        kc_equal(c, name, i, got, want);
        return;
    }
    if (fabs(got - want) <= bound) return;
    if (fabs(want) + bound >= FLT_MAX && fabs(got) >= FLT_MAX && (got > 0) == (want > 0)) return;
    failed(c, "%s[%lld] = %.9g, expected %.9g within %.3g", name, (long long)i, got, want, bound);
}

static void check_band(kc *c, const slot *s, const unsigned char *from, const unsigned char *to) {
    for (const unsigned char *p = from; p < to; p++)
        if (*p != CANARY) {
            failed(c, "wrote byte %lld of an array of %zu bytes", (long long)(p - s->data), s->bytes);
            return;
        }
}

/* FNV-1a over the elements. All NaNs count as one; where denormals are flushed, so do a denormal and zero, because
 * comparisons and moves (unlike maxps) let denormals through. */
static void hash_slot(kc *c, const slot *s) {
    for (size_t i = 0; i < s->bytes; i += s->width) {
        uint64_t bits = 0;
        memcpy(&bits, s->data + i, s->width);
        if (s->width == 4 && (bits & 0x7fffffffu) > 0x7f800000u) bits = 0x7fc00000u;
        if (s->width == 4 && c->placement == KC_FLUSHED && (bits & 0x7f800000u) == 0) bits &= 0x80000000u;
        if (s->width == 8 && (bits & INT64_MAX) > 0x7ff0000000000000u) bits = 0x7ff8000000000000u;
        c->hash = (c->hash ^ bits) * 0x100000001b3u;
        c->hash ^= c->hash >> 29;
    }
}

void kc_end(kc *c) {
    for (int i = 0; i < slots_used; i++) {
        const slot *s = &slots[i];
        const unsigned char *to = s->data + s->bytes, *end = s->base + SLOT_BYTES;
        check_band(c, s, s->data - s->base < BAND ? s->base : s->data - BAND, s->data);
        check_band(c, s, to, end - to < BAND ? end : to + BAND);
        if (!s->original)
            hash_slot(c, s);
        else if (s->bytes && memcmp(s->data, s->original, s->bytes))
            failed(c, "changed one of its inputs");
    }
    slots_used = 0;
    arena_used = 0;
}

const int64_t *kc_sizes(const kc *c) {
    static const int64_t sizes8[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100, 1023, 1024, 1025, 2500, -1};
    static const int64_t sizes16[] = {0,  1,  3,  8,  15,  16,   17,   31,   32,   33,
                                      63, 64, 65, 67, 100, 1023, 1024, 1025, 2500, -1};
    return c->k->block == 8 ? sizes8 : sizes16;
}

const float kc_special[] = {NAN,      -NAN,      INFINITY,   -INFINITY, 0.0f,   -0.0f,   1.0f,    -1.0f,
                            FLT_MAX,  -FLT_MAX,  FLT_MIN,    -FLT_MIN,  1e-40f, -1e-40f, 1e-45f,  -1e-45f,
                            1e-30f,   -1e-30f,   1e-10f,     -1e-10f,   87.3f,  -87.3f,  88.0f,   -88.0f,
                            88.7228f, -88.7228f, 88.7229f,   -88.7229f, 104.0f, -104.0f, 1000.0f, -1000.0f,
                            0.5625f,  -0.5625f,  0.5625001f, 20.0f,     -20.0f, 1e30f,   -1e30f,  9.0f};
const int64_t kc_special_count = sizeof kc_special / sizeof kc_special[0];
