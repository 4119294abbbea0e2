/* Near duplicates: planted copies of every kind, in grey and in colour, within a split and across; strangers, chains,
 * images without texture, sets of one image; encoded pictures; on any number of threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "datasets/encoded_writer.h"
#include "make_picture.h"
#include "make_set.h"
#include "picture/encode.h"
#include "inspect/exact.h"
#include "inspect/near.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 2 };

/* ---- images: smooth noise of several sizes, each its own ---- */

static float noise_at(const rgm_rng *rng, int32_t cells, float y, float x, int32_t c) {
    int32_t i = (int32_t)(y * (float)cells), j = (int32_t)(x * (float)cells);
    float a = y * (float)cells - (float)i, b = x * (float)cells - (float)j, v[4];
    for (int32_t k = 0; k < 4; k++) {
        uint64_t at = (uint64_t)(((c * 8 + cells) * 64 + i + k / 2) * 64 + j + k % 2);
        rgm_rng_uniform(rng, at, &v[k], 1);
    }
    return (1 - a) * ((1 - b) * v[0] + b * v[1]) + a * ((1 - b) * v[2] + b * v[3]);
}

/* Larger than an image by a margin, so that what comes in when it moves is known too. */
static void texture(uint64_t seed, int32_t C, float contrast, uint8_t *image) {
    static const int32_t cells[] = {3, 7, 14};
    const rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 1)};
    for (int32_t i = 0; i < PIXELS * C; i++) {
        float y = (float)(i / C / SIDE) / SIDE, x = (float)(i / C % SIDE) / SIDE, v = 0;
        for (int32_t k = 0; k < 3; k++) v += (noise_at(&rng, cells[k], y, x, i % C) - 0.5f) * (k < 2 ? 1.0f : 0.6f);
        v = 120 + contrast * 130 * v;
        image[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

enum { SHIFT, MIRROR, BRIGHT, DARK, JPEG, LARGER, SMALLER, MIRROR_SHIFT, KINDS };
static const int32_t how_of[KINDS] = {
    RGM_HOW_SHIFTED,      RGM_HOW_MIRRORED, RGM_HOW_BRIGHTNESS, RGM_HOW_BRIGHTNESS,
    RGM_HOW_RECOMPRESSED, RGM_HOW_SCALED,   RGM_HOW_SCALED,     RGM_HOW_MIRRORED | RGM_HOW_SHIFTED};

static int32_t within(int32_t i) { return i < 0 ? 0 : i >= SIDE ? SIDE - 1 : i; }

static void move(const uint8_t *from, int32_t C, const int32_t by[2], int32_t mirror, uint8_t *to) {
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++)
            for (int32_t c = 0; c < C; c++) {
                int32_t u = within(x - by[1]);
                to[(y * SIDE + x) * C + c] = from[(within(y - by[0]) * SIDE + (mirror ? SIDE - 1 - u : u)) * C + c];
            }
}

static void scale(const uint8_t *from, int32_t C, float by, uint8_t *to) {
    for (int32_t i = 0; i < PIXELS * C; i++) {
        float v = ((float)(i / C / SIDE) - 13.5f) / by + 13.5f, u = ((float)(i / C % SIDE) - 13.5f) / by + 13.5f;
        int32_t y = (int32_t)floorf(v), x = (int32_t)floorf(u), c = i % C;
        float a = v - (float)y, b = u - (float)x;
        float upper = (1 - b) * from[(within(y) * SIDE + within(x)) * C + c] +
                      b * from[(within(y) * SIDE + within(x + 1)) * C + c];
        float lower = (1 - b) * from[(within(y + 1) * SIDE + within(x)) * C + c] +
                      b * from[(within(y + 1) * SIDE + within(x + 1)) * C + c];
        to[i] = (uint8_t)lrintf((1 - a) * upper + a * lower);
    }
}

static void compress(const uint8_t *from, int32_t C, uint8_t *to) {
    rgm_decoder *decoder;
    rgm_picture picture;
    rgm_error err = {0};
    uint8_t *file;
    size_t size;
    const rgm_decode_want want = {.C = C};
    ck_assert_int_eq(rgm_encode_jpeg(&(rgm_encode_source){from, SIDE, SIDE, C}, 90, &file, &size, &err), RGM_OK);
    ck_assert_int_eq(rgm_decoder_create(&decoder, &err), RGM_OK);
    ck_assert_int_eq(rgm_decode(decoder, &(rgm_bytes){file, size, NULL}, &want, &picture, &err), RGM_OK);
    for (int32_t y = 0; y < SIDE; y++)
        memcpy(to + y * SIDE * C, picture.pixels + y * picture.pitch, (size_t)(SIDE * C));
    rgm_decoder_destroy(decoder);
    free(file);
}

static void copy_of(const uint8_t *from, int32_t C, int32_t kind, uint64_t seed, uint8_t *to) {
    static const int32_t shifts[4][2] = {{1, 0}, {-2, 1}, {0, -2}, {2, 2}};
    const int32_t still[2] = {0, 0};
    const float gain = kind == BRIGHT ? 1.08f : 0.93f;
    if (kind == SHIFT || kind == MIRROR_SHIFT)
        move(from, C, shifts[seed % 4], kind == MIRROR_SHIFT, to);
    else if (kind == MIRROR)
        move(from, C, still, 1, to);
    else if (kind == JPEG)
        compress(from, C, to);
    else if (kind == LARGER || kind == SMALLER)
        scale(from, C, kind == LARGER ? 1.02f : 0.98f, to);
    else
        for (int32_t i = 0; i < PIXELS * C; i++) {
            float v = gain * from[i] + (kind == BRIGHT ? 6.0f : -6.0f);
            to[i] = (uint8_t)lrintf(v < 0 ? 0 : v > 255 ? 255 : v);
        }
}

/* ---- sets in memory ---- */

typedef struct made {
    rgm_dataset_memory memory;
    uint8_t *images[RGM_SPLIT_COUNT];
    int32_t *labels[RGM_SPLIT_COUNT];
    rgm_dataset *set;
} made;

static void make(made *m, int32_t H, int32_t W, int32_t C, const int64_t count[RGM_SPLIT_COUNT]) {
    *m = (made){.memory = {.H = H, .W = W, .C = C, .classes = CLASSES}};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (!count[s]) continue;
        m->memory.count[s] = count[s];
        m->memory.images[s] = m->images[s] = calloc((size_t)count[s], (size_t)(H * W * C));
        m->memory.labels[s] = m->labels[s] = calloc((size_t)count[s], sizeof(int32_t));
    }
}

static void open_made(made *m) {
    rgm_error err = {0};
    ck_assert_msg(rgm_dataset_from_memory(&m->set, &m->memory, &err) == RGM_OK, "%s", err.text);
}

static void free_made(made *m) {
    rgm_dataset_close(m->set);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        free(m->images[s]);
        free(m->labels[s]);
    }
}

static uint8_t *image_of(made *m, int32_t split, int64_t i) {
    return m->images[split] + i * m->memory.H * m->memory.W * m->memory.C;
}

/* ---- the search ---- */

typedef struct walked {
    rgm_near *near;
    rgm_exact_key *keys;
    uint8_t *broken;
} walked;

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    walked *w = context;
    (void)err;
    rgm_near_look(w->near, look, worker);
    w->keys[look->number] = rgm_exact_hash(look);
    return RGM_OK;
}

/* Near ones alone; exact duplicates go through their first. */
static void search(const rgm_dataset *set, int32_t threads, int32_t level, rgm_findings *findings) {
    rgm_error err = {0};
    rgm_images *images;
    rgm_findings exact_ones = {0};
    rgm_device device = {.kernels = level < 0 ? rgm_kernels_reference(8) : rgm_kernels_get(level)};
    const rgm_team_options team = {.threads = threads, .pin = RGM_PIN_OFF};
    *findings = (rgm_findings){0};
    ck_assert_int_eq(rgm_team_create(&device.team, &team, &err), RGM_OK);
    ck_assert_int_eq(rgm_images_create(&images, set, &device, &err), RGM_OK);
    int64_t count = rgm_images_count(images);
    walked w = {NULL, calloc((size_t)count, sizeof *w.keys), calloc((size_t)count, 1)};
    int64_t *of = calloc((size_t)count, sizeof *of);
    const rgm_near_options options = {.device = &device};
    ck_assert_msg(rgm_near_create(&w.near, images, &options, &err) == RGM_OK, "%s", err.text);
    rgm_images_walk walk = {.count = count, .look = look, .context = &w};
    ck_assert_msg(rgm_images_each(images, &walk, &err) == RGM_OK, "%s", err.text);
    const rgm_exact exact = {.images = images, .keys = w.keys, .broken = w.broken, .count = count, .of = of};
    ck_assert_int_eq(rgm_exact_find(&exact, &exact_ones, &err), RGM_OK);
    ck_assert_msg(rgm_near_find(w.near, of, findings, &err) == RGM_OK, "%s", err.text);
    rgm_findings_sort(findings);
    rgm_findings_free(&exact_ones);
    rgm_near_destroy(w.near);
    rgm_images_destroy(images);
    rgm_team_destroy(device.team);
    free(w.keys);
    free(w.broken);
    free(of);
}

static void none(made *m) {
    rgm_findings f;
    open_made(m);
    search(m->set, 2, -1, &f);
    ck_assert_int_eq(f.count, 0);
    rgm_findings_free(&f);
    free_made(m);
}

static const rgm_finding *find(const rgm_findings *f, int32_t kind, int32_t split, int64_t index) {
    for (int64_t i = 0; i < f->count; i++)
        if (f->list[i].kind == kind && f->list[i].split == split && f->list[i].index == index) return &f->list[i];
    return NULL;
}

/* ---- planted copies ---- */

enum { STRANGERS = 160, EACH = 3, COPIES = KINDS * EACH };

/* Strangers in training and test, then copies of the first of training in both, each with the label of the other class
 * if it is the last of its kind. */
static void plant(made *m, int32_t C) {
    const int64_t count[RGM_SPLIT_COUNT] = {STRANGERS + COPIES, STRANGERS / 2 + COPIES, 0};
    make(m, SIDE, SIDE, C, count);
    for (int32_t s = 0; s < 2; s++) {
        int64_t strangers = count[s] - COPIES;
        for (int64_t i = 0; i < strangers; i++) {
            texture((uint64_t)(s * 1000 + i), C, 1, image_of(m, s, i));
            m->labels[s][i] = (int32_t)(i % CLASSES);
        }
        for (int64_t i = 0; i < COPIES; i++) {
            int64_t of = s * COPIES + i;
            copy_of(image_of(m, 0, of), C, (int32_t)(i / EACH), (uint64_t)i, image_of(m, s, strangers + i));
            m->labels[s][strangers + i] = (int32_t)(of + (i % EACH == EACH - 1)) % CLASSES;
        }
    }
    open_made(m);
}

/* Which of them is told right. */
static void check_copies(const rgm_findings *f, int32_t split, int64_t strangers, int32_t kind) {
    for (int64_t i = 0; i < COPIES; i++) {
        const rgm_finding *found = find(f, kind, split, strangers + i);
        const rgm_finding *conflict = find(f, RGM_FIND_LABEL_CONFLICT, split, strangers + i);
        ck_assert_msg(found, "kind %d of split %d is not found", (int)(i / EACH), split);
        ck_assert_int_eq(found->other_split, RGM_SPLIT_TRAIN);
        ck_assert_int_eq(found->other_index, split * COPIES + i);
        ck_assert_int_eq(found->group, split * COPIES + i);
        ck_assert_msg(found->how == how_of[i / EACH], "kind %d: how %d", (int)(i / EACH), found->how);
        ck_assert(found->score > 0.9 && found->score < 1);
        ck_assert_int_eq(conflict != NULL, i % EACH == EACH - 1);
        if (conflict) ck_assert(conflict->score < 1 && conflict->other_index == found->other_index);
    }
}

START_TEST(finds_copies) {
    made m;
    rgm_findings f;
    plant(&m, _i ? 3 : 1);
    search(m.set, 2, -1, &f);
    check_copies(&f, RGM_SPLIT_TRAIN, STRANGERS, RGM_FIND_NEAR_DUPLICATE);
    check_copies(&f, RGM_SPLIT_TEST, STRANGERS / 2, RGM_FIND_NEAR_LEAK);
    ck_assert_int_eq(f.count, 2 * COPIES + 2 * KINDS);
    rgm_findings_free(&f);
    free_made(&m);
}
END_TEST

static void agree(const rgm_findings *a, const rgm_findings *b, double most) {
    ck_assert_int_eq(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const rgm_finding *x = &a->list[i], *y = find(b, x->kind, x->split, x->index);
        ck_assert(y != NULL);
        ck_assert(x->other_split == y->other_split && x->other_index == y->other_index && x->group == y->group);
        ck_assert_int_eq(x->how, y->how);
        ck_assert(fabs(x->score - y->score) <= most);
    }
}

START_TEST(same_on_any_threads) {
    static const int32_t threads[] = {1, 2, 3, 7};
    made m;
    rgm_findings first, f;
    plant(&m, 1);
    search(m.set, 1, -1, &first);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        search(m.set, threads[i], -1, &f);
        agree(&first, &f, 0);
        rgm_findings_free(&f);
    }
    rgm_findings_free(&first);
    free_made(&m);
}
END_TEST

/* Every instruction set of this build that the reference's blocks and this machine have. */
START_TEST(same_on_instruction_sets) {
    made m;
    rgm_findings first, f;
    plant(&m, 3);
    search(m.set, 2, -1, &first);
    search(m.set, 2, 1, &f);
    agree(&first, &f, 1e-5);
    rgm_findings_free(&f);
    rgm_findings_free(&first);
    free_made(&m);
}
END_TEST

/* ---- strangers ---- */

START_TEST(strangers_are_none) {
    const int64_t count[RGM_SPLIT_COUNT] = {500, 100, 60};
    made m;
    make(&m, SIDE, SIDE, _i % 2 ? 3 : 1, count);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < count[s]; i++)
            texture((uint64_t)(s * 1000 + i), m.memory.C, _i < 2 ? 1 : 0.15f, image_of(&m, s, i));
    none(&m);
}
END_TEST

/* One pattern in other colours, and turned upside down. */
START_TEST(other_colours_are_none) {
    const int64_t count[RGM_SPLIT_COUNT] = {3, 0, 0};
    made m;
    make(&m, SIDE, SIDE, 3, count);
    texture(1, 3, 1, image_of(&m, 0, 0));
    for (int32_t i = 0; i < PIXELS; i++)
        for (int32_t c = 0; c < 3; c++) {
            uint8_t v = image_of(&m, 0, 0)[3 * i];
            image_of(&m, 0, 0)[3 * i + c] = c == 0 ? v : v / 2;
            image_of(&m, 0, 1)[3 * i + c] = c == 2 ? v : v / 2;
            image_of(&m, 0, 2)[3 * (PIXELS - 1 - i) + c] = image_of(&m, 0, 0)[3 * i + c];
        }
    none(&m);
}
END_TEST

/* Moved by 2 from the first, by 4 and by 6: each is near the one before it, and to no other. */
START_TEST(chains_join_no_strangers) {
    const int64_t count[RGM_SPLIT_COUNT] = {40, 0, 0};
    made m;
    rgm_findings f;
    uint8_t wide[PIXELS];
    make(&m, SIDE, SIDE, 1, count);
    for (int64_t i = 0; i < 40; i++) texture((uint64_t)i, 1, 1, image_of(&m, 0, i));
    memcpy(wide, image_of(&m, 0, 0), PIXELS);
    for (int32_t i = 1; i < 4; i++) move(wide, 1, (int32_t[2]){0, 2 * i}, 0, image_of(&m, 0, i));
    open_made(&m);
    search(m.set, 2, -1, &f);
    ck_assert_int_eq(f.count, 3);
    for (int64_t i = 1; i < 4; i++) {
        const rgm_finding *found = find(&f, RGM_FIND_NEAR_DUPLICATE, RGM_SPLIT_TRAIN, i);
        ck_assert(found && found->other_index == i - 1 && found->group == i - 1);
    }
    rgm_findings_free(&f);
    free_made(&m);
}
END_TEST

/* A scene of the training split, and many images of it in another, moved by a pixel: each is a leak, though those of
 * its own split are nearer. */
START_TEST(series_hide_no_leaks) {
    enum { SCENES = 40, SERIES = 30 };
    const rgm_rng rng = {.seed = 5, .stream = RGM_STREAM(RGM_STREAM_TEST, 3)};
    const int64_t count[RGM_SPLIT_COUNT] = {SCENES, SCENES + SERIES, SERIES};
    made m;
    rgm_findings f;
    int64_t leaks = 0;
    make(&m, SIDE, SIDE, 1, count);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < count[s]; i++) {
            uint64_t seed = s == 0 ? (uint64_t)i : s == 1 && i < SCENES ? 1000 + (uint64_t)i : 0;
            uint8_t *image = image_of(&m, s, i);
            texture(seed, 1, 1, image);
            if (!seed && s) move(image_of(&m, 0, 0), 1, (int32_t[2]){1, 0}, 0, image);
            for (int32_t k = 0; k < PIXELS && !seed && s; k++)
                image[k] ^= (uint8_t)(rgm_rng_below(&rng, (uint64_t)((s * 100 + i) * PIXELS + k), 5) == 0);
        }
    open_made(&m);
    search(m.set, 2, -1, &f);
    for (int64_t i = 0; i < SERIES; i++) {
        leaks += find(&f, RGM_FIND_NEAR_LEAK, RGM_SPLIT_TEST, SCENES + i) != NULL;
        leaks += find(&f, RGM_FIND_NEAR_LEAK, RGM_SPLIT_VALIDATION, i) != NULL;
    }
    ck_assert_int_eq(leaks, 2 * SERIES);
    rgm_findings_free(&f);
    free_made(&m);
}
END_TEST

/* Exact duplicates take part through their first. */
START_TEST(duplicates_count_once) {
    const int64_t count[RGM_SPLIT_COUNT] = {30, 3, 0};
    made m;
    rgm_findings f;
    make(&m, SIDE, SIDE, 1, count);
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < count[s]; i++) texture((uint64_t)(s * 100 + i), 1, 1, image_of(&m, s, i));
    memcpy(image_of(&m, 0, 9), image_of(&m, 0, 4), PIXELS);
    memcpy(image_of(&m, 1, 0), image_of(&m, 0, 4), PIXELS);
    copy_of(image_of(&m, 0, 4), 1, SHIFT, 1, image_of(&m, 1, 1));
    open_made(&m);
    search(m.set, 2, -1, &f);
    ck_assert_int_eq(f.count, 1);
    ck_assert_int_eq(f.list[0].kind, RGM_FIND_NEAR_LEAK);
    ck_assert_int_eq(f.list[0].index, 1);
    ck_assert_int_eq(f.list[0].other_index, 4);
    rgm_findings_free(&f);
    free_made(&m);
}
END_TEST

/* ---- odd sets ---- */

START_TEST(odd_sizes) {
    static const int32_t sizes[][3] = {{1, 1, 1}, {1, 1, 3}, {1, 40, 1}, {7, 7, 2}, {8, 8, 1}, {60, 50, 4}, {3, 90, 3}};
    for (int64_t images = 1; images <= 2; images++) {
        const int64_t count[RGM_SPLIT_COUNT] = {images, images - 1, 0};
        made m;
        make(&m, sizes[_i][0], sizes[_i][1], sizes[_i][2], count);
        for (int32_t s = 0; s < 2; s++)
            for (int64_t i = 0; i < count[s] * sizes[_i][0] * sizes[_i][1] * sizes[_i][2]; i++)
                m.images[s][i] = make_set_pixel(s, i / 7, i * i);
        none(&m);
    }
}
END_TEST

START_TEST(two_images) {
    const int64_t count[RGM_SPLIT_COUNT] = {1, 1, 0};
    made m;
    rgm_findings f;
    make(&m, SIDE, SIDE, 1, count);
    texture(3, 1, 1, image_of(&m, 0, 0));
    copy_of(image_of(&m, 0, 0), 1, MIRROR_SHIFT, 1, image_of(&m, 1, 0));
    open_made(&m);
    search(m.set, 7, -1, &f);
    ck_assert_int_eq(f.count, 1);
    ck_assert_int_eq(f.list[0].kind, RGM_FIND_NEAR_LEAK);
    rgm_findings_free(&f);
    free_made(&m);
}
END_TEST

/* Images of one colour, and of a faint slope or noise, have no texture that could be the same. */
START_TEST(without_texture) {
    const int64_t count[RGM_SPLIT_COUNT] = {60, 20, 0};
    made m;
    make(&m, SIDE, SIDE, 1, count);
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < count[s] * PIXELS; i++) {
            int64_t image = i / PIXELS;
            int32_t noise = make_set_pixel(s, image, i) % 3, x = (int32_t)(i % SIDE);
            m.images[s][i] = (uint8_t)(100 + image % 7 + (_i == 1 ? noise : _i == 2 ? x / 14 : 0));
        }
    none(&m);
}
END_TEST

/* ---- encoded pictures ---- */

enum { PICTURES = 24, COPIED = 8 };

/* Photographs of several sizes in training; in test the first of them again: JPEG of less quality, PNG, and every other
 * one mirrored. The caller frees. */
static uint8_t *make_one(int32_t i, int32_t side[2], size_t *size) {
    static uint8_t pixels[2][3 * 160 * 160];
    const int32_t of = i % PICTURES, H = 40 + 5 * of, W = 150 - 3 * of, again = i >= PICTURES;
    picture_spec spec = {.kind = RGM_PICTURE_JPEG, .H = H, .W = W, .C = 3, .pixels = pixels[0]};
    make_picture_pixels(pixels[0], H, W, 3, (uint64_t)of);
    for (int32_t k = 0; k < H * W * 3; k++) pixels[1][k] = pixels[0][(k / (3 * W) * W + W - 1 - k / 3 % W) * 3 + k % 3];
    if (again && of % 2) spec.pixels = pixels[1];
    if (again && of % 4 < 2)
        spec.quality = 85;
    else if (again)
        spec.kind = RGM_PICTURE_PNG;
    side[0] = H;
    side[1] = W;
    return make_picture(&spec, size);
}

static void make_pictures(const char *path) {
    static const char *const names[2] = {"ant", "bee"};
    rgm_encoded_options options = {.path = path,
                                   .replace = 1,
                                   .C = 3,
                                   .classes = 2,
                                   .count = {PICTURES, COPIED},
                                   .class_names = names,
                                   .source = "a test"};
    rgm_encoded_writer *writer;
    rgm_error err = {0};
    int32_t side[2];
    size_t size;
    for (int32_t i = 0; i < PICTURES + COPIED; i++) {
        free(make_one(i, side, &size));
        options.bytes[i >= PICTURES] += (int64_t)size;
    }
    ck_assert_msg(rgm_encoded_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
    for (int32_t i = 0; i < PICTURES + COPIED; i++) {
        uint8_t *file = make_one(i, side, &size);
        const rgm_encoded_picture p = {file, (int64_t)size, side[0], side[1], i % 2};
        ck_assert_msg(rgm_encoded_writer_add(writer, i >= PICTURES, &p, &err) == RGM_OK, "%s", err.text);
        free(file);
    }
    ck_assert_msg(rgm_encoded_writer_finish(writer, NULL, &err) == RGM_OK, "%s", err.text);
    rgm_encoded_writer_destroy(writer);
}

START_TEST(encoded_pictures) {
    char *folder = make_folder();
    const char *path = in_folder(folder, "set.h5");
    make_pictures(path);
    rgm_dataset *set = open_set(path, RGM_PIXELS_MAPPED);
    rgm_findings f;
    search(set, 2, -1, &f);
    for (int64_t i = 0; i < COPIED; i++) {
        const rgm_finding *found = find(&f, RGM_FIND_NEAR_LEAK, RGM_SPLIT_TEST, i);
        ck_assert_msg(found && found->other_index == i, "copy %d", (int)i);
        ck_assert_int_eq(found->how & RGM_HOW_MIRRORED, i % 2 ? RGM_HOW_MIRRORED : 0);
    }
    ck_assert_int_eq(f.count, COPIED);
    rgm_findings_free(&f);
    rgm_dataset_close(set);
    remove_folder(folder);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("near");
    TCase *tc = tcase_create("near");
    tcase_add_loop_test(tc, finds_copies, 0, 2);
    tcase_add_test(tc, same_on_any_threads);
    tcase_add_test(tc, same_on_instruction_sets);
    tcase_add_loop_test(tc, strangers_are_none, 0, 4);
    tcase_add_test(tc, other_colours_are_none);
    tcase_add_test(tc, chains_join_no_strangers);
    tcase_add_test(tc, series_hide_no_leaks);
    tcase_add_test(tc, duplicates_count_once);
    tcase_add_loop_test(tc, odd_sizes, 0, 7);
    tcase_add_test(tc, two_images);
    tcase_add_loop_test(tc, without_texture, 0, 3);
    tcase_add_test(tc, encoded_pictures);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
