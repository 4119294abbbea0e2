/* Folders of pictures: which files are taken, what becomes of them, what is said of the others. */
#include <check.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "datasets/picture_names.h"
#include "import_case.h"
#include "make_set.h"

static import_case *c;

static void setup(void) { c = import_begin(); }
static void teardown(void) { import_end(); }

static void need_class(const rgm_dataset *set, int32_t number, const char *name, int32_t split, int64_t count) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const int32_t *labels = rgm_dataset_labels(set, split);
    int64_t found = 0;
    ck_assert_str_eq(info->class_names[number], name);
    for (int64_t i = 0; i < info->count[split]; i++) found += labels[i] == number;
    ck_assert_msg(found == count, "%s: %lld %s pictures, expected %lld", name, (long long)found, rgm_split_name(split),
                  (long long)count);
}

/* ---- which files ---- */

START_TEST(test_tree) {
    import_picture("cat/b.png", RGM_PICTURE_PNG, 20, 10, 3);
    import_picture("cat/a/deep/er.jpg", RGM_PICTURE_JPEG, 20, 10, 3);
    import_picture("cat/noending", RGM_PICTURE_BMP, 20, 10, 3);
    import_picture("cat/.hidden.png", RGM_PICTURE_PNG, 20, 10, 3);
    import_picture("cat/.folder/x.png", RGM_PICTURE_PNG, 20, 10, 3);
    import_picture("Zebra/x.ppm", RGM_PICTURE_PNM, 20, 10, 3);
    import_picture("Zebra/y.webp", RGM_PICTURE_WEBP, 20, 10, 4);
    import_picture("beside.png", RGM_PICTURE_PNG, 20, 10, 3);
    import_put("Zebra/notes.txt", "a b c", 5);
    import_put("Zebra/empty", "", 0);
    ck_assert_int_eq(mkfifo(import_path("Zebra/pipe.png"), 0666), 0);
    ck_assert_int_eq(mkdir(import_path("none"), 0777), 0);
    import_expect(rgm_import_folder, RGM_OK, "a class without a readable picture is left out: 'none'");
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert(info->H == 8 && info->W == 8 && info->C == 3 && info->classes == 2 && info->framed);
    need_class(set, 0, "Zebra", RGM_SPLIT_TRAIN, 2);
    need_class(set, 1, "cat", RGM_SPLIT_TRAIN, 3);
    rgm_dataset_close(set);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_HIDDEN], 2);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_OTHER], 2);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_OUTSIDE], 1);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_SPECIAL], 1);
    ck_assert_int_eq(c->report.quarantined, 0);
    ck_assert(c->report.quarantine[0] == 0 && access(in_folder(c->folder, "out.quarantine.csv"), F_OK) != 0);
    import_expect(rgm_import_folder, RGM_E_USAGE, "exists already");
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
}
END_TEST

/* Links: files are taken, folders once, whatever way leads to them. */
START_TEST(test_links) {
    import_picture("cat/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("dog/b.png", RGM_PICTURE_PNG, 10, 10, 3);
    char elsewhere[4500];
    snprintf(elsewhere, sizeof elsewhere, "%s", in_folder(c->folder, "elsewhere"));
    ck_assert_int_eq(mkdir(elsewhere, 0777), 0);
    ck_assert_int_eq(symlink("../in/cat/a.png", in_folder(c->folder, "elsewhere/linked.png")), 0);
    ck_assert_int_eq(symlink(".", import_path("cat/loop")), 0);
    ck_assert_int_eq(symlink("../..", import_path("cat/up")), 0); /* the folder of the test, with elsewhere in it */
    ck_assert_int_eq(symlink("..", import_path("top")), 0);       /* it is no class */
    ck_assert_int_eq(symlink(elsewhere, import_path("dog/way")), 0);
    ck_assert_int_eq(symlink(elsewhere, import_path("dog/way2")), 0);
    ck_assert_int_eq(symlink("a.png", import_path("cat/link.png")), 0);
    ck_assert_int_eq(symlink("none.png", import_path("cat/broken.png")), 0);
    ck_assert_int_eq(symlink("none", import_path("cat/broken")), 0);
    ck_assert_int_eq(symlink("dog", import_path("aaa")), 0); /* before the folder itself, by its name */
    import_expect(rgm_import_folder, RGM_OK, "left out: 'aaa'");
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    need_class(set, 0, "cat", RGM_SPLIT_TRAIN, 2);
    need_class(set, 1, "dog", RGM_SPLIT_TRAIN, 2);
    rgm_dataset_close(set);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_AGAIN], 2);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_ABOVE], 3);
    ck_assert_int_eq(c->report.quarantined, 1);
    import_quarantined("cat/broken.png", "cannot be read: No such file");
}
END_TEST

/* Names of any bytes: 255 of them, no UTF-8, line feeds, quotes. */
START_TEST(test_names) {
    char name[300] = "cat/";
    memset(name + 4, 'x', 251);
    strcpy(name + 255, ".png");
    import_picture(name, RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("caf\xe9/\xff\xfe.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("\xe7\x8c\xab/\xe7\x8c\xab.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_put("caf\xe9/a\n,\"b\xff.png", "", 0);
    import_expect(rgm_import_folder, RGM_OK, "called 'caf\\xe9'");
    rgm_dataset *set;
    rgm_error err = {0};
    ck_assert_msg(rgm_dataset_open(&set, c->out, &(rgm_dataset_options){.names = 1}, &err) == RGM_OK, "%s", err.text);
    ck_assert_str_eq(rgm_dataset_name(set, RGM_SPLIT_TRAIN, 0), "caf\\xe9/\\xff\\xfe.png");
    ck_assert_str_eq(rgm_dataset_name(set, RGM_SPLIT_TRAIN, 1), name);
    ck_assert_str_eq(rgm_dataset_name(set, RGM_SPLIT_TRAIN, 2), "\xe7\x8c\xab/\xe7\x8c\xab.png");
    need_class(set, 0, "caf\\xe9", RGM_SPLIT_TRAIN, 1);
    need_class(set, 1, "cat", RGM_SPLIT_TRAIN, 1);
    need_class(set, 2, "\xe7\x8c\xab", RGM_SPLIT_TRAIN, 1);
    rgm_dataset_close(set);
    import_quarantined("caf\\xe9/a\\x0a,\"b\\xff.png", "empty file");
    size_t size;
    char *list = (char *)load_file(c->report.quarantine, &size);
    ck_assert_msg(strncmp(list, "file,reason\n\"", 13) == 0 && strstr(list, "a\\x0a,\"\"b\\xff.png\",empty file\n"),
                  "%s", list);
    free(list);
    memset(name + 4, 0xe9, 251);
    strcpy(name + 4 + 100, "/a.png");
    memmove(name, name + 4, strlen(name + 4) + 1);
    import_picture(name, RGM_PICTURE_PNG, 10, 10, 3);
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_E_FORMAT, "a class name has at most 255 bytes");
}
END_TEST

/* Of a long path the end stays, in whole characters. */
START_TEST(test_long_names) {
    char path[1200] = "abc", name[RGM_DATA_PICTURE_NAME + 1];
    for (int32_t i = 0; i < 150; i++) strcat(path, "/\xe7\x8c\xab");
    for (size_t length = 503; length <= 603; length += 4) { /* of the path */
        const char *from = path + 603 - length;
        rgm_list list = {0};
        rgm_error err = {0};
        ck_assert_int_eq(rgm_list_add(&list, from, &(rgm_list_entry){0}, &err), RGM_OK);
        rgm_picture_name(&list, 0, name);
        if (length <= RGM_DATA_PICTURE_NAME) ck_assert_str_eq(name, from);
        if (length > RGM_DATA_PICTURE_NAME) {
            ck_assert(strncmp(name, "...", 3) == 0 && ((unsigned char)name[3] & 0xc0) != 0x80);
            ck_assert(strlen(name) > RGM_DATA_PICTURE_NAME - 4 && strlen(name) <= RGM_DATA_PICTURE_NAME);
            ck_assert_str_eq(name + 3, from + length - strlen(name + 3));
        }
        rgm_list_free(&list);
    }
}
END_TEST

START_TEST(test_split_folders) {
    static const char *const third[] = {"val", "Valid", "validation"};
    char name[64];
    import_picture("train/cat/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("train/dog/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("train/dog/b.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("test/dog/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("test/cat/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("test/loose.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_put("README", "", 0);
    ck_assert_int_eq(symlink("..", import_path("up")), 0);
    ck_assert_int_eq(mkfifo(import_path("pipe"), 0666), 0);
    snprintf(name, sizeof name, "%s/cat/c.png", third[_i]);
    import_picture(name, RGM_PICTURE_PNG, 10, 10, 3);
    import_expect(rgm_import_folder, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    need_class(set, 0, "cat", RGM_SPLIT_TRAIN, 1);
    need_class(set, 1, "dog", RGM_SPLIT_TRAIN, 2);
    need_class(set, 1, "dog", RGM_SPLIT_TEST, 1);
    need_class(set, 0, "cat", RGM_SPLIT_VALIDATION, 1);
    rgm_dataset_close(set);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_OUTSIDE], 2);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_ABOVE], 1);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_SPECIAL], 1);
    c->options.overwrite = 1;
    c->options.test = 0.5;
    import_expect(rgm_import_folder, RGM_E_USAGE, "--test: ");
    c->options.test = 0;
    import_picture("test/owl/o.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_put("train/owl/o.png", "no", 2);
    import_expect(rgm_import_folder, RGM_E_FORMAT, "no training picture of class 'owl', only others");
    import_picture(_i == 0 ? "valid/owl/o.png" : "val/owl/o.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_expect(rgm_import_folder, RGM_E_USAGE, "would both be the validation split");
}
END_TEST

START_TEST(test_split_like) {
    import_picture("train/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("test/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("bus/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_expect(rgm_import_folder, RGM_OK, "all are taken as classes");
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    need_class(set, 2, "train", RGM_SPLIT_TRAIN, 1);
    rgm_dataset_close(set);
    c->sources[0] = import_path("train");
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_E_USAGE, "no class folders in it");
    c->sources[0] = in_folder(c->folder, "in/train/a.png");
    import_expect(rgm_import_folder, RGM_E_USAGE, "not a folder");
    import_picture("only/test/cat/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    c->sources[0] = import_path("only");
    import_expect(rgm_import_folder, RGM_E_USAGE, "a folder 'test' without a folder 'train'");
    import_picture("one/cat/a.png", RGM_PICTURE_PNG, 10, 10, 3);
    c->sources[0] = import_path("one");
    import_expect(rgm_import_folder, RGM_E_USAGE, "one class folder, 'cat'");
}
END_TEST

START_TEST(test_permissions) {
    import_two_classes(3);
    if (geteuid() == 0) return; /* may read all */
    ck_assert_int_eq(chmod(import_path("cat/001.png"), 0), 0);
    ck_assert_int_eq(mkdir(import_path("cat/locked"), 0), 0);
    import_expect(rgm_import_folder, RGM_OK, "cat/locked: cannot read the folder: Permission denied");
    ck_assert_int_eq(c->report.passed[RGM_PASSED_LOCKED], 1);
    import_quarantined("cat/001.png", "cannot be read: Permission denied");
    chmod(import_path("cat/locked"), 0700);
}
END_TEST

/* As many files as a folder holds in practice. */
START_TEST(test_many) {
    enum { MANY = 65000 };
    char name[64];
    import_path("a/x");
    import_path("b/x");
    for (int32_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%s/%05d.ppm", i % 100 == 7 ? "b" : "a", i);
        import_put(name, "P6 1 1 255 rgb", 14);
    }
    c->options.pictures.H = c->options.pictures.W = 1;
    c->options.test = 0.1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    need_class(set, 0, "a", RGM_SPLIT_TRAIN, 57915);
    need_class(set, 1, "b", RGM_SPLIT_TEST, 65);
    rgm_dataset_close(set);
}
END_TEST

/* ---- what becomes of them ---- */

/* Each image is that of the transform, in the order of the paths. */
START_TEST(test_pixels) {
    static const int32_t fits[] = {RGM_FIT_CROP, RGM_FIT_PAD, RGM_FIT_STRETCH};
    import_picture("cat/a.png", RGM_PICTURE_PNG, 21, 10, 4);
    import_picture("cat/b.jpg", RGM_PICTURE_JPEG, 40, 33, 3);
    import_picture("dog/c.webp", RGM_PICTURE_WEBP, 9, 30, 4);
    const char *const files[] = {"cat/a.png", "cat/b.jpg", "dog/c.webp"};
    c->options.pictures.H = 12;
    c->options.pictures.W = 14;
    c->options.pictures.fit = fits[_i];
    memcpy(c->options.pictures.background, "\x10\x80\xf0", 3);
    import_expect(rgm_import_folder, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    rgm_transformer *transformer;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_transformer_create(&transformer, c->options.pictures.kernels, &err), RGM_OK);
    rgm_transform to = {.C = 3, .H = 12, .W = 14, .fit = fits[_i], .background = {0x10, 0x80, 0xf0}};
    for (int32_t i = 0; i < 3; i++) {
        uint8_t image[12 * 14 * 3];
        size_t size;
        uint8_t *file = load_file(import_path(files[i]), &size);
        const rgm_bytes bytes = {.at = file, .size = size, .name = files[i]};
        ck_assert_int_eq(
            rgm_transformer_picture(transformer, &(rgm_transform_job){.bytes = &bytes, .to = &to}, image, &err),
            RGM_OK);
        ck_assert(memcmp(image, rgm_dataset_pixels(set, RGM_SPLIT_TRAIN, i), sizeof image) == 0);
        free(file);
    }
    rgm_transformer_destroy(transformer);
    rgm_dataset_close(set);
}
END_TEST

/* Sizes and channels that are chosen from the pictures. */
START_TEST(test_choices) {
    c->options.pictures.H = c->options.pictures.W = 0;
    c->options.overwrite = 1;
    import_picture("cat/a.png", RGM_PICTURE_PNG, 20, 30, 1);
    import_picture("dog/b.jpg", RGM_PICTURE_JPEG, 20, 30, 1);
    import_expect(rgm_import_folder, RGM_OK, "images of 20 x 30 pixels (height x width), as all pictures are");
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->C, 1);
    rgm_dataset_close(set);
    import_picture("dog/c.png", RGM_PICTURE_PNG, 300, 310, 3);
    import_expect(rgm_import_folder, RGM_OK, "images of 32 x 32 pixels: the pictures differ in size");
    set = open_set(c->out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->C, 3);
    rgm_dataset_close(set);
    import_picture("dog/d.png", RGM_PICTURE_PNG, 300, 310, 3);
    import_picture("dog/e.png", RGM_PICTURE_PNG, 300, 310, 3);
    c->options.pictures.gray = 1;
    import_expect(rgm_import_folder, RGM_OK, "images of 224 x 224 pixels");
    set = open_set(c->out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->C, 1);
    rgm_dataset_close(set);
    import_picture("cat/a.png", RGM_PICTURE_PNG, 300, 310, 3);
    import_picture("dog/b.jpg", RGM_PICTURE_JPEG, 300, 310, 3);
    import_expect(rgm_import_folder, RGM_OK, "images of 224 x 224 pixels: the pictures are large, 300 x 310 ");
}
END_TEST

/* A JPEG with so many comments of 30000 bytes in front of its frame. */
static void put_commented(const char *name, int comments) {
    static uint8_t file[1 << 18];
    static const uint8_t head[] = {0xff, 0xd8}, comment[30000] = {0xff, 0xfe, (30000 - 2) >> 8, (30000 - 2) & 255};
    size_t size, used = sizeof head;
    import_picture(name, RGM_PICTURE_JPEG, 20, 30, 3);
    uint8_t *bytes = load_file(import_path(name), &size);
    memcpy(file, head, sizeof head);
    for (int i = 0; i < comments; i++, used += sizeof comment) memcpy(file + used, comment, sizeof comment);
    memcpy(file + used, bytes + 2, size - 2);
    import_put(name, file, used + size - 2);
    free(bytes);
}

/* Headers that begin far behind in a file are found. */
START_TEST(test_long_headers) {
    c->options.pictures.H = c->options.pictures.W = 0;
    put_commented("cat/a.jpg", 1);
    put_commented("dog/b.jpg", 4);
    import_expect(rgm_import_folder, RGM_OK, "images of 20 x 30 pixels (height x width), as all pictures are");
    ck_assert_int_eq(c->report.quarantined, 0);
}
END_TEST

START_TEST(test_odd_sizes) {
    import_picture("cat/one.png", RGM_PICTURE_PNG, 1, 1, 3);
    import_picture("cat/wide.png", RGM_PICTURE_PNG, 2, 30000, 3);
    import_picture("dog/tall.jpg", RGM_PICTURE_JPEG, 30000, 2, 3);
    import_picture("dog/large.jpg", RGM_PICTURE_JPEG, 4600, 4000, 1); /* decoded alone */
    for (c->options.pictures.fit = 0; c->options.pictures.fit < RGM_FIT_COUNT; c->options.pictures.fit++) {
        import_expect(rgm_import_folder, RGM_OK, NULL);
        ck_assert_int_eq(c->report.quarantined, 0);
        c->options.overwrite = 1;
    }
}
END_TEST

START_TEST(test_shares) {
    import_two_classes(20);
    for (int32_t i = 0; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "owl/%d.png", i);
        import_picture(name, RGM_PICTURE_PNG, 10, 10, 3);
    }
    import_picture("rare/1.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_put("cat/broken.png", "x", 1);
    c->options.test = 0.2;
    c->options.validation = 0.1;
    c->options.seed = 7;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->count[RGM_SPLIT_TEST], 10);
    ck_assert_int_eq(rgm_dataset_describe(set)->count[RGM_SPLIT_VALIDATION], 5);
    need_class(set, 0, "cat", RGM_SPLIT_TEST, 4);
    need_class(set, 1, "dog", RGM_SPLIT_VALIDATION, 2);
    need_class(set, 2, "owl", RGM_SPLIT_TEST, 2);
    need_class(set, 2, "owl", RGM_SPLIT_TRAIN, 7);
    need_class(set, 3, "rare", RGM_SPLIT_TRAIN, 1);
    rgm_dataset_close(set);
    import_keep_bytes();
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_same();
    c->options.overwrite = 1;
    c->options.seed = 8;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    size_t size, other;
    uint8_t *bytes = load_file(c->out, &size);
    c->options.seed = 7;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_same();
    uint8_t *again = load_file(c->out, &other);
    ck_assert(size == other && memcmp(bytes, again, size) != 0);
    free(bytes);
    free(again);
    c->options.test = 0.001;
    import_expect(rgm_import_folder, RGM_E_USAGE, "--test: 0.001 of 52 files is none");
    c->options.test = 0.9;
    c->options.validation = 0.1;
    import_expect(rgm_import_folder, RGM_E_USAGE, "--test and --validation: 0.9 and 0.1 leave none of ");
}
END_TEST

START_TEST(test_threads) {
    import_two_classes(150); /* more than a window */
    import_put("cat/broken.png", "x", 1);
    c->options.test = 0.1;
    c->options.pictures.threads = 1;
    c->options.pictures.keep = _i;
    if (_i) c->options.pictures.H = c->options.pictures.W = 0;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_keep_bytes();
    for (int32_t t = 2; t <= 3; t++) {
        c->options.pictures.threads = t;
        c->options.overwrite = 1;
        import_expect(rgm_import_folder, RGM_OK, NULL);
        import_same();
    }
}
END_TEST

/* ---- kept files ---- */

static hsize_t extent(hid_t file, const char *name) {
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
    hsize_t dims[4] = {0};
    H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    H5Dclose(dataset);
    return dims[0];
}

START_TEST(test_keep) {
    import_picture("cat/a.png", RGM_PICTURE_PNG, 21, 10, 4);
    import_picture("cat/b.jpg", RGM_PICTURE_JPEG, 40, 33, 3);
    import_picture("dog/c.webp", RGM_PICTURE_WEBP, 9, 30, 4);
    import_damaged("dog/d.jpg", RGM_PICTURE_JPEG, 0.5, 0);
    const char *const files[] = {"cat/a.png", "cat/b.jpg", "dog/c.webp"};
    c->options.pictures.H = c->options.pictures.W = 0;
    c->options.pictures.keep = 1;
    c->options.pictures.max_side = _i ? 32 : 0;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_quarantined("d.jpg", "");
    ck_assert_int_eq(c->report.resized, _i);
    uint64_t offsets[4];
    int32_t sizes[3][2];
    hid_t file = H5Fopen(c->out, H5F_ACC_RDONLY, H5P_DEFAULT);
    ck_assert(file >= 0 && extent(file, "train/offsets") == 4 && extent(file, "train/labels") == 3);
    hid_t at = H5Dopen2(file, "train/offsets", H5P_DEFAULT), size = H5Dopen2(file, "train/sizes", H5P_DEFAULT),
          encoded = H5Dopen2(file, "train/encoded", H5P_DEFAULT);
    ck_assert(H5Dread(at, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, offsets) >= 0 &&
              H5Dread(size, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, sizes) >= 0);
    uint8_t *bytes = malloc(offsets[3]);
    ck_assert(H5Dread(encoded, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    for (int32_t i = 0; i < 3; i++) {
        size_t length;
        uint8_t *whole = load_file(import_path(files[i]), &length);
        int same = length == offsets[i + 1] - offsets[i] && memcmp(whole, bytes + offsets[i], length) == 0;
        ck_assert_int_eq(same, !(_i && i == 1));
        free(whole);
    }
    ck_assert(sizes[0][0] == 21 && sizes[0][1] == 10 && sizes[2][0] == 9 && sizes[2][1] == 30);
    ck_assert(sizes[1][0] == (_i ? 32 : 40) && sizes[1][1] == (_i ? 26 : 33));
    free(bytes);
    H5Dclose(at);
    H5Dclose(size);
    H5Dclose(encoded);
    H5Fclose(file);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import folder");
    TCase *tests = tcase_create("folder");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_tree);
    tcase_add_test(tests, test_links);
    tcase_add_test(tests, test_names);
    tcase_add_loop_test(tests, test_split_folders, 0, 3);
    tcase_add_test(tests, test_long_names);
    tcase_add_test(tests, test_split_like);
    tcase_add_test(tests, test_permissions);
    tcase_add_test(tests, test_many);
    tcase_add_loop_test(tests, test_pixels, 0, 3);
    tcase_add_test(tests, test_choices);
    tcase_add_test(tests, test_long_headers);
    tcase_add_test(tests, test_odd_sizes);
    tcase_add_test(tests, test_shares);
    tcase_add_loop_test(tests, test_threads, 0, 2);
    tcase_add_loop_test(tests, test_keep, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
