/* The skeleton of an inspection: walks over all images by every way of reading, exact duplicates, leaks, conflicting
 * labels and unreadable pictures against what was planted and against comparing all pairs, on any number of threads. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "encoded_case.h"
#include "make_set.h"
#include "inspect/images.h"
#include "inspect/inspect.h"

enum { THREADS = 7, MOST = 4096 };

static char *folder;
static char said[1 << 14]; /* lines that were logged */

static void hear(void *context, int32_t level, const char *line) {
    (void)context;
    (void)level;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", line);
}

static rgm_log_receiver receiver = {.take = hear};

static void setup(void) {
    folder = make_folder();
    said[0] = 0;
    rgm_log_receive(&receiver);
}

static void teardown(void) {
    rgm_log_release(&receiver);
    remove_folder(folder);
}

/* ---- machines ---- */

static rgm_device device;

static void begin_team(int32_t threads) {
    const rgm_team_options options = {.threads = threads, .pin = RGM_PIN_OFF};
    device = (rgm_device){.kernels = rgm_kernels_reference(16)};
    ck_assert_int_eq(rgm_team_create(&device.team, &options, NULL), RGM_OK);
}

static void end_team(void) { rgm_team_destroy(device.team); }

static rgm_status try_inspect(const rgm_dataset *set, int32_t threads, rgm_stop stop, rgm_inspection *in,
                              rgm_error *err) {
    begin_team(threads);
    const rgm_inspect_options options = {.set = set, .device = &device, .stop = stop};
    rgm_status status = rgm_inspect(&options, in, err);
    end_team();
    return status;
}

static void inspect(const rgm_dataset *set, int32_t threads, rgm_inspection *in) {
    rgm_error err = {0};
    ck_assert_msg(try_inspect(set, threads, (rgm_stop){0}, in, &err) == RGM_OK, "%s", err.text);
}

/* ---- near ones of a sample ---- */

enum { PAIRED = 20, SIDE = 16 };

/* Waves of their own each; images from PAIRED on are those before, a little brighter. The last one is a copy. */
static void paint_pairs(uint8_t *images) {
    for (int32_t i = 0; i < 2 * PAIRED; i++)
        for (int32_t p = 0; p < SIDE * SIDE; p++) {
            double of = i % PAIRED, x = p % SIDE, y = (double)(p / SIDE);
            images[i * SIDE * SIDE + p] = (uint8_t)(110 + 50 * sin(0.21 * (of + 2) * x + of) +
                                                    40 * cos(0.13 * (of + 3) * y - of * of) + (i < PAIRED ? 0 : 8));
        }
    memcpy(images + (2 * PAIRED - 1) * SIDE * SIDE, images + (PAIRED - 1) * SIDE * SIDE, SIDE * SIDE);
}

static void count_pairs(const rgm_dataset *set, int64_t most, int32_t exact, int32_t nearly) {
    rgm_error err = {0};
    rgm_inspection in;
    begin_team(2);
    const rgm_inspect_options options = {.set = set, .device = &device, .near_most = most};
    ck_assert_msg(rgm_inspect(&options, &in, &err) == RGM_OK, "%s", err.text);
    end_team();
    int32_t of[RGM_FIND_COUNT] = {0};
    for (int64_t i = 0; i < in.findings.count; i++) of[in.findings.list[i].kind]++;
    ck_assert_int_eq(of[RGM_FIND_EXACT_DUPLICATE], exact);
    ck_assert_int_eq(of[RGM_FIND_NEAR_DUPLICATE], nearly);
    ck_assert(in.near_share == (most ? (double)most / (2 * PAIRED) : 1));
    rgm_inspection_free(&in);
}

/* Both of a pair are in a sample of every second image, or of every fourth. Copies are found outside of it, too. */
START_TEST(near_ones_of_a_sample) {
    static uint8_t images[2 * PAIRED * SIDE * SIDE];
    static int32_t labels[2 * PAIRED];
    rgm_error err = {0};
    rgm_dataset *set;
    paint_pairs(images);
    rgm_dataset_memory m = {.H = SIDE, .W = SIDE, .C = 1, .classes = 2};
    m.count[RGM_SPLIT_TRAIN] = 2 * PAIRED;
    m.images[RGM_SPLIT_TRAIN] = images;
    m.labels[RGM_SPLIT_TRAIN] = labels;
    ck_assert_msg(rgm_dataset_from_memory(&set, &m, &err) == RGM_OK, "%s", err.text);
    count_pairs(set, 0, 1, PAIRED - 1);
    count_pairs(set, PAIRED, 1, PAIRED / 2 - 1); /* of odd numbers, the last of which are the copy and its first */
    count_pairs(set, PAIRED / 2, 1, PAIRED / 4 - 1);
    rgm_dataset_close(set);
}
END_TEST

/* ---- findings that are wanted ---- */

typedef struct wanted {
    int32_t kind, split;
    int64_t index;
    int32_t other_split;
    int64_t other_index;
} wanted;

static int of_the_skeleton(int32_t kind) {
    return kind == RGM_FIND_UNREADABLE || kind == RGM_FIND_LEAK || kind == RGM_FIND_EXACT_DUPLICATE ||
           kind == RGM_FIND_LABEL_CONFLICT;
}

/* In the order of findings of one score. */
static int compare_wanted(const void *left, const void *right) {
    const wanted *a = left, *b = right;
    if (a->kind != b->kind) return a->kind - b->kind;
    if (a->split != b->split) return a->split - b->split;
    return (a->index > b->index) - (a->index < b->index);
}

/* What comparing all pairs finds, in memory. Returns how many. */
static int compare_all(const rgm_dataset_memory *m, wanted *list) {
    size_t bytes = (size_t)m->H * (size_t)m->W * (size_t)m->C;
    int count = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < m->count[s]; i++) {
            const uint8_t *image = m->images[s] + (size_t)i * bytes;
            int32_t found = 0;
            for (int32_t t = 0; t <= s && !found; t++)
                for (int64_t j = 0; j < (t < s ? m->count[t] : i) && !found; j++) {
                    if (memcmp(image, m->images[t] + (size_t)j * bytes, bytes) != 0) continue;
                    found = 1;
                    list[count++] = (wanted){s == t ? RGM_FIND_EXACT_DUPLICATE : RGM_FIND_LEAK, s, i, t, j};
                    if (m->labels[s][i] != m->labels[t][j])
                        list[count++] = (wanted){RGM_FIND_LABEL_CONFLICT, s, i, t, j};
                }
        }
    qsort(list, (size_t)count, sizeof *list, compare_wanted);
    return count;
}

/* The skeleton's findings are these, all of them and no other. */
static void agree(const rgm_inspection *in, const wanted *list, int count) {
    int at = 0;
    for (int64_t i = 0; i < in->findings.count; i++) {
        const rgm_finding *f = &in->findings.list[i];
        if (!of_the_skeleton(f->kind) || (f->kind == RGM_FIND_LABEL_CONFLICT && f->score < 1)) continue;
        ck_assert_msg(at < count, "one more: %s %d %d", rgm_finding_name(f->kind), f->split, (int)f->index);
        const wanted *w = &list[at++];
        ck_assert_msg(f->kind == w->kind && f->split == w->split && f->index == w->index &&
                          f->other_split == w->other_split && f->other_index == w->other_index,
                      "finding %d: %s %d %d of %d %d", at - 1, rgm_finding_name(f->kind), f->split, (int)f->index,
                      f->other_split, (int)f->other_index);
    }
    ck_assert_int_eq(at, count);
}

/* ---- planted in files, by every way of reading ---- */

enum { MAPPED, PREAD, UNPACKED, SLOW, IN_MEMORY, WAYS };

/* Sample `to` of a split becomes `pixels`, in the file. */
static void put_sample(hid_t file, const rgm_test_set *made, const char *split, int64_t to, const uint8_t *pixels) {
    char name[32];
    const hsize_t start[4] = {(hsize_t)to, 0, 0, 0};
    const hsize_t count[4] = {1, (hsize_t)made->H, (hsize_t)made->W, (hsize_t)made->C};
    snprintf(name, sizeof name, "%s/images", split);
    hid_t data = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(data),
          memory = H5Screate_simple(4, count, NULL);
    ck_assert(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0);
    ck_assert(H5Dwrite(data, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, pixels) >= 0);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(data);
}

/* Copies within the training split and into the test split: labels are (3 i + split) modulo 4. */
static const wanted planted[] = {
    {RGM_FIND_LEAK, 1, 7, 0, 100},          /* label 2 where the training image has 0 */
    {RGM_FIND_LEAK, 1, 17, 0, 3},           /* 0, 1: of a group that is in the training split three times */
    {RGM_FIND_EXACT_DUPLICATE, 0, 7, 0, 3}, /* the same label */
    {RGM_FIND_EXACT_DUPLICATE, 0, 50, 0, 3},
    {RGM_FIND_EXACT_DUPLICATE, 1, 39, 1, 0},
    {RGM_FIND_LABEL_CONFLICT, 0, 50, 0, 3}, /* 2, 1 */
    {RGM_FIND_LABEL_CONFLICT, 1, 7, 0, 100},
    {RGM_FIND_LABEL_CONFLICT, 1, 17, 0, 3},
    {RGM_FIND_LABEL_CONFLICT, 1, 39, 1, 0},
};
enum { PLANTED = sizeof planted / sizeof *planted };

static void make_planted(const char *path, int32_t chunk) {
    const rgm_test_set made = {
        .train = 300, .test = 40, .H = 5, .W = 6, .C = 3, .classes = 4, .chunk = chunk, .gzip = chunk > 0};
    uint8_t pixels[5 * 6 * 3];
    make_set(path, &made);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    for (int i = 0; i < PLANTED; i++) {
        const wanted *p = &planted[i];
        for (size_t j = 0; j < sizeof pixels; j++)
            pixels[j] = make_set_pixel(p->other_split, p->other_index, (int64_t)j);
        put_sample(file, &made, rgm_split_name(p->split), p->index, pixels);
    }
    H5Fclose(file);
}

static rgm_dataset *open_way(const char *path, int32_t way, rgm_test_memory *copy) {
    rgm_dataset *set;
    if (way == SLOW) return open_streamed(path);
    set = open_set(path, way == PREAD ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO);
    if (way != IN_MEMORY) return set;
    copy_to_memory(copy, set);
    copy->memory.name = NULL; /* it is the closed set's */
    rgm_dataset_close(set);
    ck_assert_int_eq(rgm_dataset_from_memory(&set, &copy->memory, NULL), RGM_OK);
    return set;
}

START_TEST(finds_what_was_planted) {
    const char *path = in_folder(folder, "set.h5");
    static const int32_t access[] = {RGM_PIXELS_MAPPED, RGM_PIXELS_PREAD, RGM_PIXELS_MEMORY, RGM_PIXELS_HDF5,
                                     RGM_PIXELS_MEMORY};
    rgm_test_memory copy = {0};
    make_planted(path, _i == UNPACKED || _i == SLOW ? 32 : 0);
    rgm_dataset *set = open_way(path, _i, &copy);
    ck_assert_int_eq(rgm_dataset_describe(set)->access[0], access[_i]);
    for (int32_t threads = 1; threads <= THREADS; threads++) {
        rgm_inspection in;
        inspect(set, threads, &in);
        agree(&in, planted, PLANTED);
        ck_assert_int_eq(in.images, 340);
        ck_assert_int_eq(in.unreadable, 0);
        ck_assert(in.counts[0][1] == 75 && in.counts[1][3] == 10 && !in.counts[2]);
        rgm_inspection_free(&in);
    }
    rgm_dataset_close(set);
    if (_i == IN_MEMORY) free_memory(&copy);
}
END_TEST

/* Of one pixel or few, with few values: most are copies. Three splits, any of which may be missing. */
START_TEST(agrees_with_comparing_all) {
    static const int64_t counts[][RGM_SPLIT_COUNT] = {{200, 90, 60}, {0, 150, 0},   {1, 0, 0}, {0, 0, 1},
                                                      {1, 1, 1},     {0, 70, 2050}, {2, 0, 1}};
    static const int32_t sizes[][3] = {{1, 1, 1}, {1, 3, 1}, {2, 2, 3}};
    const int64_t *count = counts[_i / 3];
    const int32_t *size = sizes[_i % 3];
    rgm_dataset_memory m = {.H = size[0], .W = size[1], .C = size[2], .classes = 3};
    static uint8_t pixels[RGM_SPLIT_COUNT][MOST * 12];
    static int32_t labels[RGM_SPLIT_COUNT][MOST];
    static wanted list[2 * MOST];
    rgm_dataset *set;
    rgm_inspection in;
    uint32_t state = 1 + (uint32_t)_i;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        for (size_t i = 0; i < sizeof pixels[s]; i++) pixels[s][i] = (state = state * 1664525 + 1013904223) >> 30 & 1;
        for (size_t i = 0; i < MOST; i++) labels[s][i] = (int32_t)((state = state * 1664525 + 1013904223) >> 24) % 3;
        m.count[s] = count[s];
        m.images[s] = count[s] ? pixels[s] : NULL;
        m.labels[s] = count[s] ? labels[s] : NULL;
    }
    ck_assert_int_eq(rgm_dataset_from_memory(&set, &m, NULL), RGM_OK);
    int found = compare_all(&m, list);
    for (int32_t threads = 1; threads <= THREADS; threads += 3) {
        inspect(set, threads, &in);
        agree(&in, list, found);
        rgm_inspection_free(&in);
    }
    rgm_dataset_close(set);
}
END_TEST

/* Soft labels count as the class of their largest entry: here all copies have the same. */
START_TEST(soft_labels) {
    const char *path = in_folder(folder, "set.h5");
    const rgm_test_set made = {.train = 24, .H = 2, .W = 2, .C = 1, .classes = 4, .soft = 1};
    static const uint8_t pixels[4] = {1, 2, 3, 4};
    static const wanted want[] = {{RGM_FIND_EXACT_DUPLICATE, 0, 9, 0, 5},
                                  {RGM_FIND_EXACT_DUPLICATE, 0, 10, 0, 5},
                                  {RGM_FIND_LABEL_CONFLICT, 0, 10, 0, 5}};
    rgm_inspection in;
    make_set(path, &made);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    put_sample(file, &made, "train", 5, pixels);
    put_sample(file, &made, "train", 9, pixels);
    put_sample(file, &made, "train", 10, pixels);
    H5Fclose(file);
    rgm_dataset *set = open_set(path, 0);
    inspect(set, 2, &in);
    agree(&in, want, 3);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
}
END_TEST

/* ---- encoded pictures ---- */

enum { PICTURES = 60, BROKEN = 14 };

/* Some are copies of others; the first bytes of each fourth one, from number 1 on, are lost. */
static void make_pictures(const char *path) {
    const encoded_set made = {.count = {PICTURES}, .foreign = 1};
    static const int64_t copies[][2] = {{10, 2}, {20, 2}, {58, 33}};
    encoded_tables t, out = {.offsets_count = PICTURES + 1, .sizes_count = PICTURES, .labels_count = PICTURES};
    make_tables(&made, 0, &t);
    out.offsets = calloc(PICTURES + 1, sizeof *out.offsets);
    out.sizes = t.sizes;
    out.labels = t.labels;
    out.encoded = malloc(2 * t.bytes);
    for (int64_t i = 0; i < PICTURES; i++) {
        int64_t from = i;
        for (size_t j = 0; j < 3; j++)
            if (copies[j][0] == i) from = copies[j][1];
        size_t size = (size_t)(t.offsets[from + 1] - t.offsets[from]);
        memcpy(out.encoded + out.bytes, t.encoded + t.offsets[from], size);
        if (i % 4 == 1 && i < 4 * BROKEN) memset(out.encoded + out.bytes, 0, 8);
        out.sizes[i][0] = t.sizes[from][0];
        out.sizes[i][1] = t.sizes[from][1];
        out.bytes += size;
        out.offsets[i + 1] = (int64_t)out.bytes;
    }
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put_integers(file, "channels", 1, &(int32_t){3});
    put_tables(file, 0, &out, 0);
    H5Fclose(file);
    free(out.encoded);
    free(out.offsets);
    free_tables(&t);
}

static rgm_dataset *open_pictures(const char *path, int32_t access) {
    rgm_dataset *set;
    rgm_error err = {0};
    const rgm_dataset_options options = {.access = access, .lenient = 1};
    ck_assert_msg(rgm_dataset_open(&set, path, &options, &err) == RGM_OK, "%s", err.text);
    return set;
}

static int lines_of(const char *text) {
    int count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

START_TEST(broken_pictures) {
    const char *path = in_folder(folder, "set.h5");
    wanted want[BROKEN + 4];
    char first[sizeof said];
    make_pictures(path);
    for (int i = 0; i < BROKEN; i++) want[i] = (wanted){RGM_FIND_UNREADABLE, 0, 4 * i + 1, -1, -1};
    want[BROKEN] = (wanted){RGM_FIND_EXACT_DUPLICATE, 0, 10, 0, 2}; /* labels are i modulo 3 */
    want[BROKEN + 1] = (wanted){RGM_FIND_EXACT_DUPLICATE, 0, 20, 0, 2};
    want[BROKEN + 2] = (wanted){RGM_FIND_LABEL_CONFLICT, 0, 10, 0, 2};
    rgm_dataset *set = open_pictures(path, _i);
    for (int32_t threads = 1; threads <= THREADS; threads++) {
        rgm_inspection in;
        said[0] = 0;
        inspect(set, threads, &in);
        ck_assert_int_eq(in.unreadable, BROKEN);
        ck_assert_int_eq(in.images, PICTURES - BROKEN);
        agree(&in, want, BROKEN + 3);
        rgm_inspection_free(&in);
        ck_assert_int_eq(lines_of(said), 10);
        ck_assert_msg(strstr(said, "train") && strstr(said, "counted, not named"), "%s", said);
        if (threads == 1) strcpy(first, said);
        ck_assert_str_eq(said, first);
    }
    rgm_dataset_close(set);
}
END_TEST

/* Two pictures at once are two, also where their bytes are read and not mapped. */
START_TEST(two_at_once) {
    const char *path = in_folder(folder, "set.h5");
    rgm_images *images;
    rgm_look a, b;
    make_encoded(path, &(encoded_set){.count = {9, 4}});
    rgm_dataset *set = open_pictures(path, _i);
    begin_team(2);
    ck_assert_int_eq(rgm_images_create(&images, set, &device, NULL), RGM_OK);
    ck_assert_int_eq(rgm_images_get(images, 3, 0, 1, &a, NULL), RGM_OK);
    ck_assert_int_eq(rgm_images_get(images, 9, 1, 1, &b, NULL), RGM_OK);
    ck_assert(a.split == 0 && a.index == 3 && b.split == 1 && b.index == 0 && b.label == 0 && b.number == 9);
    for (int i = 0; i < 2; i++) {
        const rgm_look *look = i ? &b : &a;
        size_t size;
        uint8_t *file = encoded_file(&(encoded_set){.count = {9, 4}}, look->split, look->index, &size);
        ck_assert_uint_eq(look->file.size, size);
        ck_assert(memcmp(look->file.at, file, size) == 0);
        ck_assert(look->image.data && look->image.H == look->H && look->image.W == look->W);
        free(file);
    }
    ck_assert_ptr_ne(a.image.data, b.image.data);
    ck_assert_int_eq(rgm_images_get_bytes(images, 4, 0, 0, &a, NULL), RGM_OK);
    ck_assert(a.file.size > 0 && !a.image.data && a.H > 0);
    rgm_images_destroy(images);
    end_team();
    rgm_dataset_close(set);
}
END_TEST

/* ---- walks ---- */

typedef struct visit {
    int32_t seen[MOST];
    int64_t told;
    const rgm_test_set *made;
} visit;

static rgm_status look(void *context, const rgm_look *l, int32_t worker, rgm_error *err) {
    visit *v = context;
    (void)worker;
    (void)err;
    v->seen[l->number]++;
    for (int32_t y = 0; y < l->image.H; y++)
        for (int32_t x = 0; x < l->image.W * l->image.C; x++)
            if (l->image.data[y * l->image.pitch + x] !=
                make_set_pixel(l->split, l->index, y * l->image.W * l->image.C + x))
                v->seen[l->number] += 1000;
    if (l->label != make_set_label(v->made, l->split, l->index)) v->seen[l->number] += 100;
    return RGM_OK;
}

static void progress(void *context, int64_t done) { ((visit *)context)->told = done; }

/* Each image once, with its own pixels; of a list of numbers, those, as often as they are in it. */
START_TEST(walks) {
    const char *path = in_folder(folder, "set.h5");
    const rgm_test_set made = {.train = 2600, .test = 77, .H = 3, .W = 2, .C = 2, .classes = 5, .chunk = 70};
    static visit v;
    const int64_t numbers[] = {2676, 0, 2599, 2600, 5, 5};
    rgm_images *images;
    rgm_error err = {0};
    make_set(path, &made);
    rgm_dataset *set = _i ? open_streamed(path) : open_set(path, 0);
    begin_team(3);
    v.made = &made;
    ck_assert_int_eq(rgm_images_create(&images, set, &device, NULL), RGM_OK);
    ck_assert_int_eq(rgm_images_count(images), 2677);
    rgm_images_walk walk = {.count = 2677, .look = look, .context = &v, .progress = progress, .progress_context = &v};
    ck_assert_msg(rgm_images_each(images, &walk, &err) == RGM_OK, "%s", err.text);
    for (int i = 0; i < 2677; i++) ck_assert_int_eq(v.seen[i], 1);
    ck_assert(v.told == 2677 && walk.unreadable == 0);
    walk.numbers = numbers;
    walk.count = 6;
    ck_assert_int_eq(rgm_images_each(images, &walk, &err), RGM_OK);
    ck_assert(v.seen[2676] == 2 && v.seen[0] == 2 && v.seen[2600] == 2 && v.seen[5] == 3 && v.seen[6] == 1);
    walk.count = 0;
    ck_assert_int_eq(rgm_images_each(images, &walk, &err), RGM_OK);
    ck_assert(rgm_images_number(images, 1, 3) == 2603 && rgm_images_set(images) == set);
    rgm_images_destroy(images);
    end_team();
    rgm_dataset_close(set);
}
END_TEST

static rgm_status refuse_look(void *context, const rgm_look *l, int32_t worker, rgm_error *err) {
    (void)context;
    (void)worker;
    return l->number == 11 ? rgm_fail(err, RGM_E_NUMERIC, "eleven") : RGM_OK;
}

START_TEST(a_look_that_fails) {
    const char *path = in_folder(folder, "set.h5");
    rgm_images *images;
    rgm_error err = {0};
    make_set(path, &(rgm_test_set){.train = 40, .H = 1, .W = 1, .C = 1, .classes = 2});
    rgm_dataset *set = open_set(path, 0);
    begin_team(2);
    ck_assert_int_eq(rgm_images_create(&images, set, &device, NULL), RGM_OK);
    rgm_images_walk walk = {.count = 40, .look = refuse_look};
    ck_assert_int_eq(rgm_images_each(images, &walk, &err), RGM_E_NUMERIC);
    ck_assert_str_eq(err.text, "eleven");
    rgm_images_destroy(images);
    end_team();
    rgm_dataset_close(set);
}
END_TEST

/* ---- stopped ---- */

static int32_t asked_at(void *context) { return --*(int32_t *)context < 0; }

/* At whichever question: an inspection ends with nothing, or is whole. */
START_TEST(stopped) {
    const char *path = in_folder(folder, "set.h5");
    make_planted(path, 0);
    rgm_dataset *set = open_set(path, 0);
    int32_t whole = 0;
    for (int32_t questions = 0; !whole; questions++) {
        int32_t left = questions;
        rgm_error err = {0};
        rgm_inspection in;
        ck_assert_int_lt(questions, 100000);
        rgm_status status = try_inspect(set, 2, (rgm_stop){asked_at, &left}, &in, &err);
        ck_assert_msg(status == RGM_OK || status == RGM_E_INTERRUPTED, "%s", err.text);
        if (status < 0) ck_assert_ptr_nonnull(strstr(err.text, "stopped"));
        whole = status == RGM_OK;
        rgm_inspection_free(&in);
        if (questions > 200) questions += 97;
    }
    rgm_dataset_close(set);
}
END_TEST

/* ---- findings ---- */

START_TEST(order_of_findings) {
    static const double scores[] = {0.5, NAN, 3, -INFINITY, 3, INFINITY};
    static const int64_t order[] = {5, 2, 4, 0, 3, 1};
    rgm_findings f = {0};
    int64_t counts[RGM_SPLIT_COUNT];
    for (int i = 0; i < 6; i++) {
        rgm_finding one = rgm_finding_of(RGM_FIND_ODD, 1, i);
        one.score = scores[i];
        ck_assert_int_eq(rgm_findings_add(&f, &one, NULL), RGM_OK);
    }
    const rgm_finding leak = rgm_finding_of(RGM_FIND_LEAK, 2, 0), dark = rgm_finding_of(RGM_FIND_DARK, 0, 0);
    ck_assert_int_eq(rgm_findings_add(&f, &dark, NULL), RGM_OK);
    ck_assert_int_eq(rgm_findings_add(&f, &leak, NULL), RGM_OK);
    rgm_findings_sort(&f);
    ck_assert(f.list[0].kind == RGM_FIND_LEAK && f.list[1].kind == RGM_FIND_DARK);
    for (int i = 0; i < 6; i++) ck_assert_int_eq(f.list[2 + i].index, order[i]);
    ck_assert(rgm_findings_count(&f, RGM_FIND_ODD) == 6 && rgm_findings_first(&f, RGM_FIND_ODD) == 2);
    ck_assert(rgm_findings_first(&f, RGM_FIND_BRIGHT) == 2 && rgm_findings_count(&f, RGM_FIND_BRIGHT) == 0);
    rgm_findings_count_splits(&f, RGM_FIND_ODD, counts);
    ck_assert(counts[0] == 0 && counts[1] == 6 && counts[2] == 0);
    rgm_findings_free(&f);
}
END_TEST

START_TEST(kinds_are_told) {
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) {
        ck_assert(rgm_finding_name(kind)[0] && rgm_finding_title(kind)[0]);
        ck_assert(rgm_finding_meaning(kind)[0] && rgm_finding_remedy(kind)[0]);
        for (int32_t other = 0; other < kind; other++)
            ck_assert_str_ne(rgm_finding_name(kind), rgm_finding_name(other));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("inspect");
    TCase *tcase = tcase_create("inspect");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, finds_what_was_planted, 0, WAYS);
    tcase_add_test(tcase, near_ones_of_a_sample);
    tcase_add_loop_test(tcase, agrees_with_comparing_all, 0, 21);
    tcase_add_test(tcase, soft_labels);
    tcase_add_loop_test(tcase, broken_pictures, 0, 2);
    tcase_add_loop_test(tcase, two_at_once, 0, 2);
    tcase_add_loop_test(tcase, walks, 0, 2);
    tcase_add_test(tcase, a_look_that_fails);
    tcase_add_test(tcase, stopped);
    tcase_add_test(tcase, order_of_findings);
    tcase_add_test(tcase, kinds_are_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
