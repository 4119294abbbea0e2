/* Pictures of the library: files and bytes become a model's images, each with what became of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "library_ground.h"
#include "make_set.h"

#define NET                                                                                                            \
    "model.name=resnet20; model.base=4; model.stem=small; batch=6; epochs=1; data.validation=0.2; optimizer.lr=0.02;"

enum { SIDE = 8, BYTES = SIDE * SIDE * 3, HEAD = 11 };

static regimen_model *model_on(const regimen_data *of) { return model_of(of, net_of(NET, ""), NULL).model; }

/* An image of the usual pixels as PPM. */
static size_t make_ppm(int64_t index, uint8_t file[HEAD + BYTES]) {
    memcpy(file, "P6\n8 8\n255\n", HEAD);
    memcpy(file + HEAD, p.images[REGIMEN_TEST] + index * BYTES, BYTES);
    return HEAD + BYTES;
}

static const char *write_ppm(int64_t index, const char *name, size_t size) {
    static char path[4][512];
    static int next;
    uint8_t file[HEAD + BYTES];
    make_ppm(index, file);
    char *at = path[next++ % 4];
    snprintf(at, sizeof path[0], "%s", in_folder(folder, name));
    FILE *out = fopen(at, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(file, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
    return at;
}

START_TEST(pictures_are_images) {
    regimen_error err;
    uint8_t bytes[10][HEAD + BYTES], images[10 * BYTES];
    regimen_picture pictures[10] = {0};
    float by_pictures[10 * 4], by_pixels[10 * 4];
    regimen_model *model = model_on(data);
    regimen_model_info info = {.size = sizeof info};
    regimen_model_describe(model, &info);
    ck_assert_str_eq(info.transform, "crop 3x8x8 background ffffff");
    for (int i = 0; i < 10; i++) {
        pictures[i] = (regimen_picture){.size = sizeof pictures[i], .status = 77, .reason = "unread"};
        if (i == 4)
            pictures[i].path = write_ppm(i, "four.ppm", HEAD + BYTES);
        else
            pictures[i].byte_count = make_ppm(i, bytes[i]), pictures[i].bytes = bytes[i];
    }
    fine(regimen_model_read(model, pictures, 10, images, &err), &err);
    for (int i = 0; i < 10; i++) ck_assert(pictures[i].status == REGIMEN_OK && !pictures[i].reason[0]);
    ck_assert_mem_eq(images, p.images[REGIMEN_TEST], 10 * BYTES);
    predict(model, images, 10, by_pictures);
    predict(model, p.images[REGIMEN_TEST], 10, by_pixels);
    ck_assert_mem_eq(by_pictures, by_pixels, sizeof by_pixels);
    regimen_model_close(model);
}
END_TEST

static int is_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i]) return 0;
    return 1;
}

/* A picture that cannot be read is none of the others' business. */
START_TEST(broken_pictures) {
    regimen_error err;
    uint8_t images[8 * BYTES], bytes[HEAD + BYTES];
    regimen_model *model = model_on(data);
    char pipe[512], text[512], empty[512], none[512];
    snprintf(pipe, sizeof pipe, "%s", in_folder(folder, "pipe"));
    snprintf(text, sizeof text, "%s", in_folder(folder, "text"));
    snprintf(empty, sizeof empty, "%s", in_folder(folder, "empty"));
    snprintf(none, sizeof none, "%s", in_folder(folder, "none"));
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    write_text(text, "no picture");
    write_text(empty, "");
    make_ppm(3, bytes);
    const char *paths[] = {none, folder, pipe, text, empty, NULL, NULL, NULL};
    const int32_t expected[] = {REGIMEN_IO,     REGIMEN_IO,     REGIMEN_IO,    REGIMEN_FORMAT,
                                REGIMEN_FORMAT, REGIMEN_FORMAT, REGIMEN_USAGE, REGIMEN_OK};
    regimen_picture pictures[8];
    for (int i = 0; i < 8; i++) pictures[i] = (regimen_picture){.size = sizeof pictures[i], .path = paths[i]};
    pictures[5].bytes = pictures[7].bytes = bytes;
    pictures[5].byte_count = 50;
    pictures[7].byte_count = sizeof bytes;
    memset(images, 7, sizeof images);
    fine(regimen_model_read(model, pictures, 8, images, &err), &err);
    for (int i = 0; i < 8; i++) {
        ck_assert_msg(pictures[i].status == expected[i], "%d: %d, %s", i, pictures[i].status, pictures[i].reason);
        ck_assert((pictures[i].reason[0] == 0) == (expected[i] == REGIMEN_OK));
        ck_assert(!strchr(pictures[i].reason, '\n'));
        if (i < 7) ck_assert(is_zero(images + i * BYTES, BYTES));
    }
    ck_assert_mem_eq(images + 7 * BYTES, p.images[REGIMEN_TEST] + 3 * BYTES, BYTES);
    regimen_model_close(model);
}
END_TEST

/* Of any size and colour; upright, cut and resized as the transform says. */
START_TEST(other_sizes) {
    regimen_error err;
    uint8_t images[2 * BYTES], grey[9 + 16 * 40] = {0};
    memcpy(grey, "P5 40 16 ", 9); /* a picture that says too little */
    regimen_picture pictures[1] = {{.size = sizeof pictures[0], .bytes = grey, .byte_count = sizeof grey}};
    regimen_model *model = model_on(data);
    fine(regimen_model_read(model, pictures, 1, images, &err), &err);
    ck_assert_int_eq(pictures[0].status, REGIMEN_FORMAT);
    uint8_t whole[13 + 16 * 40];
    memcpy(whole, "P5\n40 16\n255\n", 13);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 40; x++)
            whole[13 + y * 40 + x] = x >= 12 && x < 28 ? 200 : 10; /* only the centre is seen */
    pictures[0].bytes = whole;
    pictures[0].byte_count = sizeof whole;
    fine(regimen_model_read(model, pictures, 1, images, &err), &err);
    ck_assert_msg(pictures[0].status == REGIMEN_OK, "%s", pictures[0].reason);
    for (int i = 0; i < BYTES; i++)
        if (i / 3 % 8 > 0 && i / 3 % 8 < 7) ck_assert_int_eq(images[i], 200);
    regimen_model_close(model);
}
END_TEST

/* A caller of an earlier or later header: elements are longer or shorter than ours. */
START_TEST(elements_say_their_size) {
    regimen_error err;
    uint8_t images[2 * BYTES], bytes[HEAD + BYTES];
    struct longer {
        regimen_picture picture;
        char more[40];
    } longer[2];
    struct shorter {
        size_t size;
        const char *path;
    } shorter[2];
    regimen_model *model = model_on(data);
    memset(longer, 0x55, sizeof longer);
    for (int i = 0; i < 2; i++) {
        longer[i].picture =
            (regimen_picture){.size = sizeof longer[i], .bytes = bytes, .byte_count = make_ppm(i, bytes)};
        shorter[i] = (struct shorter){sizeof shorter[i], write_ppm(i, i ? "b.ppm" : "a.ppm", HEAD + BYTES)};
    }
    fine(regimen_model_read(model, &longer[0].picture, 2, images, &err), &err);
    ck_assert(longer[0].picture.status == REGIMEN_OK && longer[1].picture.status == REGIMEN_OK);
    ck_assert(longer[1].picture.size == sizeof longer[1] && longer[1].more[0] == 0x55 && longer[1].more[39] == 0x55);
    fine(regimen_model_read(model, (regimen_picture *)(void *)shorter, 2, images, &err), &err);
    ck_assert_mem_eq(images, p.images[REGIMEN_TEST], 2 * BYTES);
    ck_assert_uint_eq(shorter[1].size, sizeof shorter[1]);
    longer[1].picture.size = sizeof(regimen_picture);
    refused(regimen_model_read(model, &longer[0].picture, 2, images, &err), REGIMEN_USAGE, &err, "regimen_picture");
    longer[0].picture.size = 0;
    refused(regimen_model_read(model, &longer[0].picture, 1, images, &err), REGIMEN_USAGE, &err, "sizeof");
    refused(regimen_model_read(model, NULL, 1, images, &err), REGIMEN_USAGE, &err, "no pictures");
    refused(regimen_model_read(model, &longer[0].picture, 1, NULL, &err), REGIMEN_USAGE, &err, "place for images");
    refused(regimen_model_read(NULL, &longer[0].picture, 1, images, &err), REGIMEN_USAGE, &err, "no model");
    refused(regimen_model_read(model, &longer[0].picture, -1, images, &err), REGIMEN_USAGE, &err, "-1");
    fine(regimen_model_read(model, NULL, 0, NULL, &err), &err);
    regimen_model_close(model);
}
END_TEST

/* Pictures have one channel or three. */
START_TEST(models_without_pictures) {
    regimen_error err;
    pixels other;
    uint8_t images[BYTES];
    regimen_picture picture = {.size = sizeof picture, .path = folder};
    regimen_model_info info = {.size = sizeof info};
    pixels_make(&other, SIDE, 2, 4, (int64_t[]){12, 4, 0});
    regimen_data *d = pixels_data(&other);
    regimen_model *model = model_on(d);
    regimen_model_describe(model, &info);
    ck_assert_str_eq(info.transform, "");
    refused(regimen_model_read(model, &picture, 1, images, &err), REGIMEN_UNSUPPORTED, &err, "2 channels");
    regimen_model_close(model);
    regimen_data_close(d);
    pixels_free(&other);
}
END_TEST

/* An image depends on its picture alone, not on threads or on what else is read. */
START_TEST(threads_decide_nothing) {
    regimen_error err;
    enum { COUNT = 40 };
    static uint8_t bytes[COUNT][HEAD + BYTES], images[COUNT * BYTES], again[COUNT * BYTES];
    static regimen_picture pictures[COUNT];
    regimen_model *model = model_on(data);
    for (int i = 0; i < COUNT; i++)
        pictures[i] =
            (regimen_picture){.size = sizeof pictures[i], .bytes = bytes[i], .byte_count = make_ppm(i % 10, bytes[i])};
    fine(regimen_model_save(model, saved, &err), &err);
    fine(regimen_model_read(model, pictures, COUNT, images, &err), &err);
    for (int32_t threads = 1; threads <= 7; threads += 3) {
        regimen_machine *m = machine_of(threads);
        regimen_model *loaded = load(m, saved, NULL);
        memset(again, 1, sizeof again);
        fine(regimen_model_read(loaded, pictures, COUNT, again, &err), &err);
        ck_assert_mem_eq(again, images, sizeof images);
        regimen_model_close(loaded);
        regimen_machine_close(m);
    }
    regimen_model_close(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library pictures");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, pictures_are_images);
    tcase_add_test(tcase, broken_pictures);
    tcase_add_test(tcase, other_sizes);
    tcase_add_test(tcase, elements_say_their_size);
    tcase_add_test(tcase, models_without_pictures);
    tcase_add_test(tcase, threads_decide_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
