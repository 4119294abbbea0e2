#include "inspect/sketch.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/distort.h"
#include "inspect/spectrum.h"
#include "inspect/whiten.h"

enum { EVEN = RGM_SPECTRUM_EVEN, ODD = RGM_SPECTRUM_ODD, SPECTRUM = RGM_SPECTRUM_SIZE };
enum { SAMPLE = 768, KINDS = RGM_DISTORT_KINDS, HELD_OUT = 4, FEW = 64, LEAST_SIDE = 8 };
#define FLAT      2.0f /* grey levels of deviation below which there is noise alone */
#define NO_RADIUS (1 << 30)

typedef struct axis {
    double value;
    int32_t odd, row;
} axis;

struct rgm_sketcher {
    rgm_spectrum *spectrum;
    float **grey; /* [workers][pixels] */
    int32_t workers, longest, even[2], radius;
    float mean[EVEN], contrast;
    float axes[RGM_SKETCH_SIZE][SPECTRUM];
};

/* A sample, while it is looked at. */
typedef struct sample {
    rgm_sketcher *sketcher;
    float **room;      /* [workers][pixels] */
    float *spectra;    /* [count][1 + KINDS][SPECTRUM] */
    uint8_t *textured; /* [count] */
    float *deviation;  /* [count] */
    int64_t *numbers;  /* [count] */
    int64_t count;
} sample;

/* ---- an image ---- */

static float deviation_of(const float *grey, int64_t pixels) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < pixels; i++) {
        sum += (double)grey[i];
        squares += (double)grey[i] * (double)grey[i];
    }
    double mean = sum / (double)pixels, variance = squares / (double)pixels - mean * mean;
    return (float)sqrt(variance > 0 ? variance : 0);
}

static void grey_row(const uint8_t *from, int32_t W, int32_t C, float *to) {
    if (C == 1)
        for (int32_t x = 0; x < W; x++) to[x] = from[x];
    else if (C == 3)
        for (int32_t x = 0; x < W; x++)
            to[x] = 0.299f * from[3 * x] + 0.587f * from[3 * x + 1] + 0.114f * from[3 * x + 2];
    else
        for (int32_t x = 0; x < W; x++) {
            int32_t sum = 0;
            for (int32_t c = 0; c < C; c++) sum += from[x * C + c];
            to[x] = (float)sum / (float)C;
        }
}

float rgm_grey_of(const rgm_pixels *image, float *grey) {
    for (int32_t y = 0; y < image->H; y++)
        grey_row(image->data + y * image->pitch, image->W, image->C, grey + (int64_t)y * image->W);
    return deviation_of(grey, (int64_t)image->H * image->W);
}

static int32_t spectrum_of(const rgm_sketcher *s, const float *grey, int32_t H, int32_t W, float *values) {
    float deviation = deviation_of(grey, (int64_t)H * W);
    if (deviation < FLAT || H < LEAST_SIDE || W < LEAST_SIDE) return 0;
    rgm_spectrum_of(s->spectrum, grey, H, W, deviation, values);
    return 1;
}

static void project(const rgm_sketcher *s, const float *values, rgm_sketch *sketch) {
    float x[SPECTRUM];
    for (int32_t i = 0; i < SPECTRUM; i++) x[i] = values[i] - (i < EVEN ? s->mean[i] : 0);
    for (int32_t a = 0; a < RGM_SKETCH_SIZE; a++) {
        const float *weights = s->axes[a];
        float lanes[4] = {0};
        int32_t i = 0;
        for (; i + 4 <= SPECTRUM; i += 4)
            for (int32_t l = 0; l < 4; l++) lanes[l] += weights[i + l] * x[i + l];
        for (; i < SPECTRUM; i++) lanes[0] += weights[i] * x[i];
        float v = RGM_SKETCH_UNIT * ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
        v = v < -RGM_SKETCH_MOST ? -RGM_SKETCH_MOST : v > RGM_SKETCH_MOST ? RGM_SKETCH_MOST : v;
        sketch->of[a] = (int16_t)lrintf(v);
    }
}

int32_t rgm_sketch_of(rgm_sketcher *s, const rgm_look *look, int32_t worker, rgm_sketch *sketch) {
    float values[SPECTRUM];
    rgm_grey_of(&look->image, s->grey[worker]);
    if (!spectrum_of(s, s->grey[worker], look->image.H, look->image.W, values)) return 0;
    project(s, values, sketch);
    return 1;
}

int32_t rgm_sketch_distance(const rgm_sketcher *s, const rgm_sketch *a, const rgm_sketch *b) {
    int32_t same = 0, minus = 0, plus = 0;
    for (int32_t half = 0; half < 2; half++)
        for (int32_t i = 0; i < RGM_SKETCH_HALF; i++) {
            int32_t x = a->of[half * RGM_SKETCH_HALF + i], y = b->of[half * RGM_SKETCH_HALF + i];
            if (i < s->even[half]) {
                same += (x - y) * (x - y);
            } else {
                minus += (x - y) * (x - y);
                plus += (x + y) * (x + y);
            }
        }
    return same + (minus < plus ? minus : plus);
}

int32_t rgm_sketcher_even(const rgm_sketcher *s, int32_t half) { return s->even[half]; }
int32_t rgm_sketcher_radius(const rgm_sketcher *s) { return s->radius; }
double rgm_sketcher_contrast(const rgm_sketcher *s) { return (double)s->contrast; }

/* ---- the sample ---- */

static int64_t place_of(const sample *m, int64_t number) {
    int64_t low = 0, high = m->count - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (m->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static rgm_status look_at(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    sample *m = context;
    rgm_sketcher *s = m->sketcher;
    const int32_t H = look->image.H, W = look->image.W;
    int64_t i = place_of(m, look->number);
    float *values = m->spectra + i * (1 + KINDS) * SPECTRUM;
    (void)err;
    m->deviation[i] = rgm_grey_of(&look->image, s->grey[worker]);
    int32_t textured = spectrum_of(s, s->grey[worker], H, W, values);
    for (int32_t kind = 0; textured && kind < KINDS; kind++) {
        rgm_distort(kind, (uint64_t)look->number, s->grey[worker], H, W, m->room[worker]);
        textured = spectrum_of(s, m->room[worker], H, W, values + (1 + kind) * SPECTRUM);
    }
    m->textured[i] = (uint8_t)textured;
    return RGM_OK;
}

/* ---- learning ---- */

static void add_square(double *moments, const float *x, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j <= i; j++) moments[i * n + j] += (double)x[i] * (double)x[j];
}

static void mirror_triangle(double *m, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < i; j++) m[j * n + i] = m[i * n + j];
}

static void find_mean(rgm_sketcher *s, const sample *m) {
    double sum[EVEN] = {0};
    int64_t count = 0;
    for (int64_t i = 0; i < m->count; i++) {
        if (!m->textured[i]) continue;
        for (int32_t j = 0; j < EVEN; j++) sum[j] += (double)m->spectra[i * (1 + KINDS) * SPECTRUM + j];
        count++;
    }
    for (int32_t j = 0; j < EVEN && count; j++) s->mean[j] = (float)(sum[j] / (double)count);
}

/* The moments of the spectra's part [first, first + n). Every HELD_OUT-th image shows no copies: they are for the
 * radius. */
static void gather(const rgm_sketcher *s, const sample *m, int32_t first, int32_t n, double *within, double *total) {
    float d[EVEN];
    for (int64_t i = 0; i < m->count; i++) {
        const float *values = m->spectra + i * (1 + KINDS) * SPECTRUM + first;
        if (!m->textured[i]) continue;
        for (int32_t j = 0; j < n; j++) d[j] = values[j] - (first ? 0 : s->mean[j]);
        add_square(total, d, n);
        for (int32_t kind = 0; (i % HELD_OUT || m->count < FEW) && kind < KINDS; kind++) {
            for (int32_t j = 0; j < n; j++) d[j] = values[(1 + kind) * SPECTRUM + j] - values[j];
            add_square(within, d, n);
        }
    }
    mirror_triangle(within, n);
    mirror_triangle(total, n);
}

static int by_value(const void *left, const void *right) {
    const axis *a = left, *b = right;
    if (a->value > b->value || a->value < b->value) return a->value > b->value ? -1 : 1;
    if (a->odd != b->odd) return a->odd - b->odd;
    return a->row - b->row;
}

/* The best axes of both kinds; of each half the even ones first. The moments are sums: a deviation is the root of the
 * number of differences times what an axis was made to. */
static void choose(rgm_sketcher *s, axis *list, const double *even, const double *odd, double unit) {
    qsort(list, SPECTRUM, sizeof *list, by_value);
    for (int32_t half = 0, at = 0; half < 2; half++)
        for (int32_t kind = 0; kind < 2; kind++)
            for (int32_t i = half * RGM_SKETCH_HALF; i < (half + 1) * RGM_SKETCH_HALF; i++) {
                const axis *a = &list[i];
                int32_t n = kind ? ODD : EVEN;
                if (a->odd != kind) continue;
                const double *row = (kind ? odd : even) + (int64_t)a->row * n;
                for (int32_t j = 0; j < n; j++) s->axes[at][(kind ? EVEN : 0) + j] = (float)(row[j] * unit);
                s->even[half] += !kind;
                at++;
            }
}

static void find_axes(rgm_sketcher *s, const sample *m, double *room) {
    double *within[2] = {room, room + 3 * EVEN * EVEN}, value[EVEN];
    axis list[SPECTRUM];
    int64_t shown = 0;
    for (int64_t i = 0; i < m->count; i++) shown += m->textured[i] && (i % HELD_OUT || m->count < FEW);
    for (int32_t odd = 0; odd < 2; odd++) {
        int32_t n = odd ? ODD : EVEN;
        double *total = within[odd] + n * n, *axes = total + n * n;
        gather(s, m, odd ? EVEN : 0, n, within[odd], total);
        rgm_whiten(within[odd], total, n, axes, value);
        for (int32_t i = 0; i < n; i++) list[(odd ? EVEN : 0) + i] = (axis){value[i], odd, i};
    }
    choose(s, list, within[0] + 2 * EVEN * EVEN, within[1] + 2 * ODD * ODD, sqrt((double)(shown * KINDS)));
}

static int by_distance(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Few images show too little: all are then within. */
static void find_radius(rgm_sketcher *s, const sample *m) {
    int32_t distance[SAMPLE / HELD_OUT * KINDS + KINDS];
    int32_t count = 0;
    for (int64_t i = 0; i < m->count; i += HELD_OUT) {
        const float *values = m->spectra + i * (1 + KINDS) * SPECTRUM;
        rgm_sketch one, other;
        if (!m->textured[i]) continue;
        project(s, values, &one);
        for (int32_t kind = 0; kind < KINDS; kind++) {
            project(s, values + (1 + kind) * SPECTRUM, &other);
            distance[count++] = rgm_sketch_distance(s, &one, &other);
        }
    }
    qsort(distance, (size_t)count, sizeof *distance, by_distance);
    s->radius = m->count < FEW || count < FEW ? NO_RADIUS : distance[count - 1 - count / 100];
}

static int by_deviation(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void find_contrast(rgm_sketcher *s, sample *m) {
    int64_t count = 0;
    for (int64_t i = 0; i < m->count; i++)
        if (m->textured[i]) m->deviation[count++] = m->deviation[i];
    qsort(m->deviation, (size_t)count, sizeof *m->deviation, by_deviation);
    s->contrast = count ? m->deviation[count / 2] : 0;
}

static rgm_status learn(rgm_sketcher *s, sample *m, rgm_images *images, rgm_stop stop, rgm_error *err) {
    rgm_images_walk walk = {
        .numbers = m->numbers, .count = m->count, .look = look_at, .context = m, .stop = stop, .silent = 1};
    RGM_TRY(rgm_images_each(images, &walk, err));
    double *room = calloc(3 * EVEN * EVEN + 3 * ODD * ODD, sizeof *room);
    if (!room) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for sketches");
    find_mean(s, m);
    find_axes(s, m, room);
    find_radius(s, m);
    find_contrast(s, m);
    free(room);
    return RGM_OK;
}

/* ---- the object ---- */

static void free_rooms(float **rooms, int32_t count) {
    for (int32_t i = 0; rooms && i < count; i++) free(rooms[i]);
    free(rooms);
}

static rgm_status take_rooms(float ***rooms, int32_t count, int64_t pixels, rgm_error *err) {
    *rooms = calloc((size_t)count, sizeof **rooms);
    for (int32_t i = 0; *rooms && i < count; i++) {
        (*rooms)[i] = calloc((size_t)pixels, sizeof ***rooms);
        if (!(*rooms)[i]) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " pixels", pixels);
    }
    return *rooms ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
}

static rgm_status take_sample(sample *m, int64_t images, rgm_error *err) {
    m->count = images < SAMPLE ? images : SAMPLE;
    m->spectra = calloc((size_t)(m->count + 1) * (1 + KINDS), SPECTRUM * sizeof *m->spectra);
    m->textured = calloc((size_t)m->count + 1, sizeof *m->textured);
    m->deviation = calloc((size_t)m->count + 1, sizeof *m->deviation);
    m->numbers = calloc((size_t)m->count + 1, sizeof *m->numbers);
    if (!m->spectra || !m->textured || !m->deviation || !m->numbers)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for a sample of %" PRId64 " images", m->count);
    for (int64_t i = 0; i < m->count; i++) m->numbers[i] = (int64_t)((double)i * (double)images / (double)m->count);
    return RGM_OK;
}

static rgm_status fill(rgm_sketcher *s, rgm_images *images, const rgm_device *device, rgm_stop stop, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(rgm_images_set(images));
    int32_t H = info->encoded ? RGM_IMAGES_SIDE : info->H, W = info->encoded ? RGM_IMAGES_SIDE : info->W;
    sample m = {.sketcher = s};
    s->workers = rgm_team_size(device->team);
    RGM_TRY(rgm_spectrum_create(&s->spectrum, H, W, info->encoded, err));
    RGM_TRY(take_rooms(&s->grey, s->workers, (int64_t)H * W, err));
    rgm_status status = take_rooms(&m.room, s->workers, (int64_t)H * W, err);
    if (status >= 0) status = take_sample(&m, rgm_images_count(images), err);
    if (status >= 0) status = learn(s, &m, images, stop, err);
    free_rooms(m.room, s->workers);
    free(m.spectra);
    free(m.textured);
    free(m.deviation);
    free(m.numbers);
    return status;
}

rgm_status rgm_sketcher_create(rgm_sketcher **sketcher, rgm_images *images, const rgm_device *device, rgm_stop stop,
                               rgm_error *err) {
    *sketcher = calloc(1, sizeof **sketcher);
    if (!*sketcher) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    return fill(*sketcher, images, device, stop, err);
}

void rgm_sketcher_destroy(rgm_sketcher *s) {
    if (!s) return;
    rgm_spectrum_destroy(s->spectrum);
    free_rooms(s->grey, s->workers);
    free(s);
}
