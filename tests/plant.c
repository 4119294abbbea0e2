#include "plant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "report/findings.h"

enum { NUMBERS = 16 };

static const char *const ways[RGM_FIND_COUNT][PLANT_WAYS] = {
    [RGM_FIND_CONSTANT] = {"any level", "black", "white"},
    [RGM_FIND_DARK] = {"x 0.1", "x 0.2", "x 0.3"},
    [RGM_FIND_BRIGHT] = {"x 0.1 below 255", "x 0.2 below 255", "x 0.3 below 255"},
    [RGM_FIND_BLURRED] = {"Gaussian of 2 pixels", "of 1.5 pixels", "of 3 pixels"},
    [RGM_FIND_NOISY] = {"Gaussian of 40 levels", "of 25 levels", "a tenth of pixels black or white"},
    [RGM_FIND_INVERTED] = {"255 - x"},
    [RGM_FIND_LOW_INFORMATION] = {"a tenth of the contrast", "a square on one colour", "two levels"},
    [RGM_FIND_ODD] = {"16 parts shuffled", "upside down", "waves"},
};

const char *plant_way(int32_t kind, int32_t way) { return ways[kind][way]; }

static rgm_rng rng_of(uint64_t seed, uint32_t sample) {
    return (rgm_rng){.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 17), .sample = sample};
}

static uint8_t level(double v) { return (uint8_t)lround(fmax(0, fmin(v, 255))); }

static int64_t bytes_of(const plant_shape *s) { return (int64_t)s->H * s->W * s->C; }

/* ---- kinds ---- */

static void scale(const plant_shape *s, uint8_t *image, double factor, double around) {
    for (int64_t i = 0; i < bytes_of(s); i++) image[i] = level(around + (image[i] - around) * factor);
}

/* With any colour, or black, or white. */
static void fill(const plant_shape *s, uint8_t *image, int32_t way, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 0);
    for (int64_t i = 0; i < bytes_of(s); i++)
        image[i] = way ? (uint8_t)(255 * (way - 1)) : (uint8_t)rgm_rng_below(&rng, (uint64_t)(i % s->C), 256);
}

/* Along x, then along y; the border goes on. */
static void blur(const plant_shape *s, uint8_t *image, double sigma) {
    const int32_t reach = (int32_t)ceil(3 * sigma);
    double *from = calloc((size_t)bytes_of(s), sizeof *from), *to = calloc((size_t)bytes_of(s), sizeof *to);
    for (int64_t i = 0; i < bytes_of(s); i++) from[i] = image[i];
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int32_t y = 0; y < s->H; y++)
            for (int32_t x = 0; x < s->W * s->C; x++) {
                double sum = 0, all = 0;
                for (int32_t d = -reach; d <= reach; d++) {
                    int32_t v = pass ? y : x / s->C, most = pass ? s->H - 1 : s->W - 1;
                    v = v + d < 0 ? 0 : v + d > most ? most : v + d;
                    int64_t at = pass ? (int64_t)v * s->W * s->C + x : ((int64_t)y * s->W + v) * s->C + x % s->C;
                    double weight = exp(-d * d / (2 * sigma * sigma));
                    sum += weight * from[at];
                    all += weight;
                }
                to[(int64_t)y * s->W * s->C + x] = sum / all;
            }
        memcpy(from, to, (size_t)bytes_of(s) * sizeof *from);
    }
    for (int64_t i = 0; i < bytes_of(s); i++) image[i] = level(to[i]);
    free(from);
    free(to);
}

static void add_noise(const plant_shape *s, uint8_t *image, double sigma, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 1);
    for (int64_t i = 0; i < bytes_of(s); i++) {
        float n;
        rgm_rng_normal(&rng, (uint64_t)i, &n, 1);
        image[i] = level(image[i] + sigma * (double)n);
    }
}

static void add_specks(const plant_shape *s, uint8_t *image, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 2);
    for (int64_t i = 0; i < bytes_of(s) / s->C; i++) {
        uint64_t n = rgm_rng_below(&rng, (uint64_t)i, 20);
        if (n < 2) memset(image + i * s->C, n ? 255 : 0, (size_t)s->C);
    }
}

static void put_square(const plant_shape *s, uint8_t *image, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 0);
    const int32_t side = (s->H < s->W ? s->H : s->W) / 5 + 1;
    const int32_t top = (int32_t)rgm_rng_below(&rng, 20, (uint64_t)(s->H - side + 1));
    const int32_t left = (int32_t)rgm_rng_below(&rng, 21, (uint64_t)(s->W - side + 1));
    fill(s, image, 0, seed);
    for (int32_t y = top; y < top + side; y++)
        for (int32_t x = 0; x < side * s->C; x++) {
            uint8_t *at = &image[((int64_t)y * s->W + left) * s->C + x];
            *at = (uint8_t)(*at ^ 128);
        }
}

static void make_two_levels(const plant_shape *s, uint8_t *image) {
    for (int64_t i = 0; i < bytes_of(s); i++) image[i] = image[i] < 128 ? 60 : 190;
}

static void shuffle_parts(const plant_shape *s, uint8_t *image, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 3);
    const int32_t h = s->H / 4, w = s->W / 4;
    uint8_t *copy = malloc((size_t)bytes_of(s));
    memcpy(copy, image, (size_t)bytes_of(s));
    for (int32_t i = 0; i < 16; i++) {
        int32_t from = (int32_t)rgm_rng_permute(&rng, 16, (uint64_t)i);
        for (int32_t y = 0; y < h; y++)
            memcpy(image + ((int64_t)(i / 4 * h + y) * s->W + i % 4 * w) * s->C,
                   copy + ((int64_t)(from / 4 * h + y) * s->W + from % 4 * w) * s->C, (size_t)w * (size_t)s->C);
    }
    free(copy);
}

static void turn(const plant_shape *s, uint8_t *image) {
    for (int64_t i = 0, n = (int64_t)s->H * s->W; i < n / 2; i++)
        for (int32_t c = 0; c < s->C; c++) {
            uint8_t v = image[i * s->C + c];
            image[i * s->C + c] = image[(n - 1 - i) * s->C + c];
            image[(n - 1 - i) * s->C + c] = v;
        }
}

static void make_noisy(int32_t way, const plant_shape *s, uint8_t *image, uint64_t seed) {
    if (way == 2)
        add_specks(s, image, seed);
    else
        add_noise(s, image, way ? 25 : 40, seed);
}

static void make_poor(int32_t way, const plant_shape *s, uint8_t *image, uint64_t seed) {
    if (way == 0)
        scale(s, image, 0.1, 120);
    else if (way == 1)
        put_square(s, image, seed);
    else
        make_two_levels(s, image);
}

static void make_odd(int32_t way, const plant_shape *s, uint8_t *image, uint64_t seed) {
    if (way == 0)
        shuffle_parts(s, image, seed);
    else if (way == 1)
        turn(s, image);
    else
        plant_texture(s, 100, image, seed);
}

void plant(int32_t kind, int32_t way, const plant_shape *s, uint8_t *image, uint64_t seed) {
    static const double factors[] = {0.1, 0.2, 0.3}, sigmas[] = {2, 1.5, 3};
    if (kind == RGM_FIND_CONSTANT)
        fill(s, image, way, seed);
    else if (kind == RGM_FIND_DARK || kind == RGM_FIND_BRIGHT)
        scale(s, image, factors[way], kind == RGM_FIND_DARK ? 0 : 255);
    else if (kind == RGM_FIND_BLURRED)
        blur(s, image, sigmas[way]);
    else if (kind == RGM_FIND_NOISY)
        make_noisy(way, s, image, seed);
    else if (kind == RGM_FIND_INVERTED)
        scale(s, image, -1, 127.5);
    else if (kind == RGM_FIND_LOW_INFORMATION)
        make_poor(way, s, image, seed);
    else
        make_odd(way, s, image, seed);
}

/* ---- sets ---- */

/* Numbers of 0 to 1 for a class, or an image. */
static void draw(uint64_t seed, uint32_t sample, float numbers[NUMBERS]) {
    const rgm_rng rng = rng_of(seed, sample);
    rgm_rng_uniform(&rng, 0, numbers, NUMBERS);
}

void plant_texture(const plant_shape *s, int32_t label, uint8_t *image, uint64_t seed) {
    float of_class[NUMBERS], own[NUMBERS], fine;
    const rgm_rng rng = rng_of(seed, 7);
    draw(99, 100 + (uint32_t)label, of_class);
    draw(seed, 6, own);
    const double contrast = 30 + 30 * (double)own[0], middle = 100 + 60 * (double)own[1];
    for (int32_t y = 0; y < s->H; y++)
        for (int32_t x = 0; x < s->W; x++) {
            const double u = (double)x / s->W, v = (double)y / s->H, moved = 0.6 * (double)own[2];
            double wave = sin(6.283 * ((1 + (double)of_class[0]) * u + (1 - (double)of_class[0]) * v) + moved +
                              6.283 * (double)of_class[1]);
            wave += 0.7 * sin(6.283 * (2 * (double)of_class[2] * u - 2.5 * v) + 6.283 * (double)of_class[3]);
            wave += 0.3 * sin(40 * ((double)own[3] * u + (double)own[4] * v) + 6 * (double)own[5]);
            rgm_rng_normal(&rng, (uint64_t)(y * s->W + x), &fine, 1);
            for (int32_t c = 0; c < s->C; c++)
                image[((int64_t)y * s->W + x) * s->C + c] =
                    level(middle + contrast * wave * (0.6 + 0.4 * (double)of_class[4 + c % 8]) + 4 * (double)fine);
        }
}

void plant_set_make(plant_set *set, const plant_shape *shape, int64_t count, int32_t classes, uint64_t seed) {
    *set = (plant_set){.shape = *shape};
    set->images = malloc((size_t)(count * bytes_of(shape)));
    set->labels = calloc((size_t)count, sizeof *set->labels);
    for (int64_t i = 0; i < count; i++) {
        set->labels[i] = (int32_t)(i % classes);
        plant_texture(shape, set->labels[i], set->images + i * bytes_of(shape), seed * 1000003 + (uint64_t)i);
    }
    set->memory = (rgm_dataset_memory){.H = shape->H,
                                       .W = shape->W,
                                       .C = shape->C,
                                       .classes = classes,
                                       .count = {count},
                                       .images = {set->images},
                                       .labels = {set->labels}};
}

void plant_set_free(plant_set *set) {
    free(set->images);
    free(set->labels);
}

int64_t plant_place(int64_t count, int32_t which, int64_t i, int64_t each, uint64_t seed) {
    const rgm_rng rng = rng_of(seed, 9);
    return (int64_t)rgm_rng_permute(&rng, (uint64_t)count, (uint64_t)(which * each + i));
}
