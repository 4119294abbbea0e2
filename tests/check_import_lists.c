/* Lists of pictures and arrays of NumPy: what is taken, and what is refused with which line. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include "import_case.h"
#include "make_set.h"

static import_case *c;

static void setup(void) { c = import_begin(); }
static void teardown(void) { import_end(); }

static void need_labels(int32_t split, const char *wanted) {
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    char found[256] = "";
    for (int64_t i = 0; i < info->count[split]; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s ",
                 info->class_names ? info->class_names[rgm_dataset_labels(set, split)[i]] : "?");
    ck_assert_str_eq(found, wanted);
    rgm_dataset_close(set);
}

/* ---- csv ---- */

static void list(const char *text) {
    import_put("list.csv", text, strlen(text));
    static char path[5000];
    snprintf(path, sizeof path, "%s", import_path("list.csv"));
    c->sources[0] = path;
    c->options.overwrite = 1;
}

static void make_pictures(void) {
    import_picture("a.png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("sub/b.jpg", RGM_PICTURE_JPEG, 10, 10, 3);
    import_picture("c, \"d\".png", RGM_PICTURE_PNG, 10, 10, 3);
    import_picture("noname", RGM_PICTURE_PNG, 10, 10, 3);
}

START_TEST(test_csv) {
    static const struct {
        const char *text, *train, *test;
    } cases[] = {
        {"a.png,x\nsub/b.jpg,y\n", "x y ", ""},
        {"a.png,x\nsub/b.jpg,y", "x y ", ""},
        {"\xef\xbb\xbfpath,label\r\na.png,x\r\nsub/b.jpg,y\r\n", "x y ", ""},
        {"split;class;file;note\ntrain;x;a.png;\n\ntrain;y;sub/b.jpg;\"more\nlines\"\ntest;y;noname;\n", "x y ", "y "},
        {"FileName\tLABEL\tset\na.png\tx, y\tTrain\nsub/b.jpg\tz\t\na.png\tz\ttest\n", "x, y z ", "z "},
        {"\"c, \"\"d\"\".png\",\"q \"\"r\"\"\"\na.png,b\n", "q \"r\" b ", ""},
        {"a.png,10\nsub/b.jpg,9\nnoname,-1\n", "10 9 -1 ", ""},
        {"a.png,10\nsub/b.jpg,9x\nnoname,1\n", "10 9x 1 ", ""},
        {"image,label\na.png, x \nsub/b.jpg,y\nmissing.png,z\nmissing,x\n", "x y ", ""},
    };
    make_pictures();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        list(cases[i].text);
        import_expect(rgm_import_csv, RGM_OK, NULL);
        need_labels(RGM_SPLIT_TRAIN, cases[i].train);
        need_labels(RGM_SPLIT_TEST, cases[i].test);
    }
    ck_assert_int_eq(c->report.quarantined, 2);
    import_quarantined("missing.png", "cannot be read: No such file");
    import_quarantined("missing", "cannot be read: No such file");
    list("a.png,10\nsub/b.jpg,9\nnoname,-1\n"); /* by value, not as text */
    import_expect(rgm_import_csv, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    const char *const *names = rgm_dataset_describe(set)->class_names;
    ck_assert(strcmp(names[0], "-1") == 0 && strcmp(names[1], "9") == 0 && strcmp(names[2], "10") == 0);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_csv_root) {
    char text[6000], root[5000];
    make_pictures();
    snprintf(root, sizeof root, "%s", c->in);
    snprintf(text, sizeof text, "b.jpg,x\n%s/a.png,y\n", c->in);
    list(text);
    strcat(root, "/sub");
    c->options.pictures.root = root;
    import_expect(rgm_import_csv, RGM_OK, NULL);
    need_labels(RGM_SPLIT_TRAIN, "x y ");
    c->options.pictures.root = "/nowhere";
    import_expect(rgm_import_csv, RGM_E_USAGE, "--root: /nowhere: not a folder");
}
END_TEST

START_TEST(test_csv_again) {
    make_pictures();
    list("a.png,x\nsub/b.jpg,y\n\na.png,y\n");
    import_expect(rgm_import_csv, RGM_OK, "list.csv:4: 'a.png' is 'y' here and 'x' in line 1");
    list("a.png,x,train\nsub/b.jpg,y,train\na.png,x,test\n");
    import_expect(rgm_import_csv, RGM_OK,
                  "list.csv:3: 'a.png' is in the test split here and in the train split in line 1");
    list("a.png,x\nsub/b.jpg,y\na.png,x\n");
    import_expect(rgm_import_csv, RGM_OK, "1 picture is listed again with the same class");
    need_labels(RGM_SPLIT_TRAIN, "x y x ");
}
END_TEST

START_TEST(test_csv_wrong) {
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "an empty list"},
        {"\n\n", "an empty list"},
        {"path,label\n", "no pictures in the list"},
        {"a.png,x\n", "one class, 'x': expected two at least"},
        {"a.png\n", "list.csv:1: 1 field: expected path,label"},
        {"a,b,c,d\n", "list.csv:1: 4 fields: expected path,label"},
        {"path,kind\na.png,x\n", "list.csv:1: a column 'path', but none for the label"},
        {"path,file,label\n", "list.csv:1: two columns for the path: 1 and 2"},
        {"a.png,x\nb.png\n", "list.csv:2: 1 field: expected 2"},
        {"path,label\r\na.png,x\r\n\r\n,y\r\n", "list.csv:4: no path"},
        {"a.png,x\nb.png,\n", "list.csv:2: no label"},
        {"a.png,x,train\nb.png,y,trains\n", "list.csv:2: unknown split 'trains': expected train, test or validation"},
        {"a.png,x\n\"b\n.png,y\n", "list.csv:2: a quote that is not closed"},
        {"a.png,x\n\"b.png\"s,y\n", "list.csv:2: field 1: text behind the closing quote"},
        {"\"two\nlines\",x\na.png,\xff\n", "list.csv:3: the label is not UTF-8 text"},
        {"a.png,x\nb.png,\x01\n", "list.csv:2: the label is not UTF-8 text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        list(cases[i].text);
        import_expect(rgm_import_csv, RGM_E_FORMAT, cases[i].said);
    }
    static char text[70000] = "a.png,x\n";
    memset(text + 8, 'x', 300);
    text[9] = ',';
    list(text);
    import_expect(rgm_import_csv, RGM_E_FORMAT, "list.csv:2: a label of 298 bytes: at most 255");
    memset(text + 8, 'x', sizeof text - 9);
    list(text);
    import_expect(rgm_import_csv, RGM_E_FORMAT, "list.csv:2: longer than 65536 bytes");
    memset(text + 8 + 65535, ',', 40); /* full at the end of a field: empty ones follow */
    text[8 + 65535 + 40] = 0;
    list(text);
    import_expect(rgm_import_csv, RGM_E_FORMAT, "list.csv:2: longer than 65536 bytes");
    import_put("list.csv", "a\0b,x\n", 6);
    import_expect(rgm_import_csv, RGM_E_FORMAT, "list.csv:1: a NUL byte: not a text file");
    c->sources[0] = c->in;
    import_expect(rgm_import_csv, RGM_E_USAGE, "not a regular file");
    c->sources[0] = "/nowhere/list.csv";
    import_expect(rgm_import_csv, RGM_E_IO, "No such file");
}
END_TEST

/* ---- npy ---- */

enum { N = 12, H = 4, W = 5 };

/* An array: elements 0, 1, 2, ... modulo `turn`, of `width` bytes each. */
typedef struct array {
    const char *header;
    size_t elements;
    int width, turn, big, version; /* version 0: 1 */
} array;

#define HEAD(type, shape) "{'descr': '" type "', 'fortran_order': False, 'shape': (" shape "), }\n"
static const array images = {.header = HEAD("|u1", "12, 4, 5"), .elements = N * H * W, .width = 1, .turn = 251};
static const array labels = {.header = HEAD("|u1", "12,"), .elements = N, .width = 1, .turn = 3};

/* The array's file. */
static size_t npy_bytes(uint8_t *to, const array *a) {
    size_t length = strlen(a->header), words = a->version > 1 ? 4 : 2, width = (size_t)a->width;
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (uint8_t)(a->version ? a->version : 1);
    to[7] = 0;
    for (size_t b = 0; b < words; b++) to[8 + b] = (uint8_t)(length >> (8 * b));
    memcpy(to + 8 + words, a->header, length);
    uint8_t *at = to + 8 + words + length;
    memset(at, 0, a->elements * width);
    for (size_t i = 0; i < a->elements; i++) at[i * width + (a->big ? width - 1 : 0)] = (uint8_t)((int)i % a->turn);
    return 8 + words + length + a->elements * width;
}

static uint8_t bytes[1 << 16];

static void put_npy(const char *name, const array *a) { import_put(name, bytes, npy_bytes(bytes, a)); }

static void take_arrays(const char *x, const char *y) {
    static char paths[2][5000];
    snprintf(paths[0], sizeof paths[0], "%s", import_path(x));
    snprintf(paths[1], sizeof paths[1], "%s", import_path(y));
    c->sources[0] = paths[0];
    c->sources[1] = paths[1];
    c->options.count = 2;
    c->options.overwrite = 1;
}

START_TEST(test_npy_shapes) {
    static const struct {
        array x;
        const char *said;
        int32_t C, first;
    } cases[] = {
        {{HEAD("|u1", "12, 4, 5"), N * H * W, 1, 251, 0, 0}, "[12, 4, 5] is taken as [N, H, W]", 1, 0},
        {{HEAD("|u1", "12, 4, 5, 3"), N * H * W * 3, 1, 251, 0, 0}, "[N, H, W, C]", 3, 0},
        {{HEAD("<u1", "12, 3, 4, 5"), N * H * W * 3, 1, 251, 0, 0}, "[N, C, H, W]", 3, 1},
        {{HEAD("|u1", "12, 4, 5, 1"), N * H * W, 1, 251, 0, 0}, "[N, H, W, C]", 1, 0},
        {{HEAD("|u1", "12, 1, 4, 5"), N * H * W, 1, 251, 0, 0}, "[N, C, H, W]", 1, 1},
    };
    put_npy("y.npy", &labels);
    take_arrays("x.npy", "y.npy");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_npy("x.npy", &cases[i].x);
        import_expect(rgm_import_npy, RGM_OK, cases[i].said);
        rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
        const rgm_dataset_info *info = rgm_dataset_describe(set);
        ck_assert(info->H == H && info->W == W && info->C == cases[i].C && info->classes == 3);
        int32_t image = H * W * info->C;
        for (int32_t n = 0; n < N; n++)
            for (int32_t p = 0; p < H * W; p++)
                for (int32_t k = 0; k < info->C; k++) {
                    int32_t from = n * image + (cases[i].first ? k * H * W + p : p * info->C + k);
                    ck_assert_int_eq(rgm_dataset_pixels(set, RGM_SPLIT_TRAIN, n)[p * info->C + k], from % 251);
                }
        rgm_dataset_close(set);
    }
}
END_TEST

START_TEST(test_npy_labels) {
    static const array cases[] = {{HEAD("|u1", "12,"), N, 1, 3, 0, 1},
                                  {HEAD("|i1", "12, 1"), N, 1, 3, 0, 2},
                                  {HEAD("<i2", "12,"), N, 2, 3, 0, 3},
                                  {HEAD(">u2", "12,"), N, 2, 3, 1, 1},
                                  {HEAD("<i4", "12,"), N, 4, 3, 0, 1},
                                  {HEAD(">i4", "12, 1"), N, 4, 3, 1, 1},
                                  {HEAD("<i8", "12,"), N, 8, 3, 0, 1},
                                  {HEAD(">i8", "12,"), N, 8, 3, 1, 2},
                                  {HEAD(">u8", "12,"), N, 8, 3, 1, 3},
                                  {"{\"shape\":(12,),\"descr\":\"<u4\",\"fortran_order\":False}", N, 4, 3, 0, 1}};
    put_npy("x.npy", &images);
    take_arrays("x.npy", "y.npy");
    c->options.names = "a, b,c";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_npy("y.npy", &cases[i]);
        import_expect(rgm_import_npy, RGM_OK, NULL);
        need_labels(RGM_SPLIT_TRAIN, "a b c a b c a b c a b c ");
    }
    c->options.names = "mnits";
    import_expect(rgm_import_npy, RGM_E_USAGE, "or fashion-mnist or mnist, nearest: mnist");
    c->options.names = "mnist";
    import_expect(rgm_import_npy, RGM_OK, NULL);
    need_labels(RGM_SPLIT_TRAIN, "0 1 2 0 1 2 0 1 2 0 1 2 ");
    c->options.names = "a, b,c";
    c->options.test = 0.25;
    import_expect(rgm_import_npy, RGM_OK, NULL);
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->count[RGM_SPLIT_TEST], 3);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_npy_wrong) {
    static const struct {
        const char *x, *y, *said;
        rgm_status status;
    } cases[] = {
        {HEAD("<f4", "12, 4, 5"), NULL, "pixels of type float32: expected uint8 (remedy", RGM_E_FORMAT},
        {HEAD("<i8", "12, 4, 5"), NULL, "pixels of type int64: expected uint8 (remedy", RGM_E_FORMAT},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (12, 4, 5), }", NULL, "Fortran", RGM_E_UNSUPPORTED},
        {HEAD("|u1", "12, 3, 4, 3"), NULL, "channels could be first or last", RGM_E_FORMAT},
        {HEAD("|u1", "12, 4, 5, 2"), NULL, "with 1 or 3 channels", RGM_E_FORMAT},
        {HEAD("|u1", "12, 20"), NULL, "expected images first, then labels", RGM_E_FORMAT},
        {HEAD("|u1", "11, 4, 5"), NULL, "x.npy: 11 images, but ", RGM_E_FORMAT},
        {HEAD("|u1", "99, 4, 5, 3"), NULL, "truncated: ", RGM_E_FORMAT},
        {HEAD("|u1", "12, 0, 5"), NULL, "1 to 16384 pixels a side", RGM_E_FORMAT},
        {HEAD("|O", "12, 4, 5"), NULL, "elements of type '|O': expected numbers", RGM_E_UNSUPPORTED},
        {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (12,), }", NULL, "an array of records",
         RGM_E_UNSUPPORTED},
        {HEAD("|u1", "9999999999999, 9999999999999"), NULL, "more than 2^63 elements", RGM_E_FORMAT},
        {HEAD("|u1", "1, 1, 1, 1, 1, 1, 1, 1, 1"), NULL, "more than 8 dimensions", RGM_E_UNSUPPORTED},
        {HEAD("|u1", "12, -4, 5"), NULL, "expected an extent, found '-4", RGM_E_FORMAT},
        {"{'descr': '|u1', 'shape': (12, 4, 5)}", NULL, "lacks descr, fortran_order or shape", RGM_E_FORMAT},
        {"import os", NULL, "expected '{', found 'import os'", RGM_E_FORMAT},
        {NULL, HEAD("<f8", "12,"), "labels of type float64: expected integers (remedy", RGM_E_FORMAT},
        {NULL, HEAD("|u1", "12, 3"), "remedy for one-hot labels", RGM_E_FORMAT},
        {NULL, HEAD("|u1", ""), "labels of shape []", RGM_E_FORMAT},
        {NULL, HEAD("|u1", "0,"), "no labels in it", RGM_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const array x = {cases[i].x, N * H * W * 8, 1, 251, 0, 0};
        const array y = {cases[i].y, *cases[i].said == 'n' ? 0 : 200, 1, 3, 0, 0};
        put_npy("x.npy", cases[i].x ? &x : &images);
        put_npy("y.npy", cases[i].y ? &y : &labels);
        take_arrays("x.npy", "y.npy");
        import_expect(rgm_import_npy, cases[i].status, cases[i].said);
    }
    put_npy("x.npy", &images);
    uint8_t *last = bytes + npy_bytes(bytes, &(array){HEAD("|i1", "12,"), N, 1, 3, 0, 0}) - 1;
    *last = 0xff;
    import_put("y.npy", bytes, (size_t)(last + 1 - bytes));
    import_expect(rgm_import_npy, RGM_E_FORMAT, "y.npy[11] is -1: expected a label from 0 to 65535");
    import_put("y.npy", "no array at all", 15);
    import_expect(rgm_import_npy, RGM_E_FORMAT, "y.npy: not an array of NumPy (.npy)");
    c->options.count = 1;
    import_expect(rgm_import_npy, RGM_E_USAGE, "expected images and labels, X.npy Y.npy");
}
END_TEST

/* ---- npz ---- */

static void put_npz(const char *name, const char *const *keys) {
    static const array longs = {HEAD("<i8", "12,"), N, 8, 3, 0, 0};
    static char path[5000];
    static uint8_t members[8][4096];
    snprintf(path, sizeof path, "%s", import_path(name));
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    for (int32_t i = 0; keys[i]; i++) {
        size_t size = npy_bytes(members[i], i % 2 ? &longs : &images);
        zip_source_t *source = zip_source_buffer(archive, members[i], size, 0);
        ck_assert(zip_file_add(archive, keys[i], source, ZIP_FL_OVERWRITE) == i);
    }
    ck_assert_int_eq(zip_close(archive), 0);
    c->sources[0] = path;
    c->options.count = 1;
    c->options.overwrite = 1;
}

START_TEST(test_npz) {
    static const char *const sets[][7] = {
        {"x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"},
        {"train_images.npy", "train_labels.npy", "test_images.npy", "test_labels.npy", "val_images.npy",
         "val_labels.npy"},
        {"images.npy", "labels.npy"},
        {"X.npy", "Y.npy"},
        {"arr_0.npy", "arr_1.npy"},
        {"X_train.npy", "y_train.npy", "X_valid.npy", "y_valid.npy"},
    };
    static const int32_t test[] = {N, N, 0, 0, 0, 0}, validation[] = {0, N, 0, 0, 0, N};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        put_npz("set.npz", sets[i]);
        import_expect(rgm_import_npy, RGM_OK, NULL);
        rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
        const rgm_dataset_info *info = rgm_dataset_describe(set);
        ck_assert(info->count[RGM_SPLIT_TRAIN] == N && info->count[RGM_SPLIT_TEST] == test[i] &&
                  info->count[RGM_SPLIT_VALIDATION] == validation[i]);
        rgm_dataset_close(set);
    }
    c->options.validation = 0.2;
    import_expect(rgm_import_npy, RGM_E_USAGE, "--validation: ");
    c->options.validation = 0;
    put_npz("set.npz", (const char *const[]){"foo.npy", "bar.npy", NULL});
    import_expect(rgm_import_npy, RGM_E_USAGE, "no train images among its arrays");
    ck_assert(strstr(c->err.text, "found foo, bar"));
    put_npz("set.npz", (const char *const[]){"x.npy", "y.npy", "x_test.npy", NULL});
    import_expect(rgm_import_npy, RGM_E_USAGE, "no test labels among its arrays");
    put_npz("set.npz", (const char *const[]){"x.npy", "y.npy", "images.npy", NULL});
    import_expect(rgm_import_npy, RGM_E_USAGE, "would both be the train images");
    size_t size;
    put_npz("set.npz", sets[0]);
    uint8_t *whole = load_file(c->sources[0], &size);
    whole[60] ^= 1;
    import_put("set.npz", whole, size);
    import_expect(rgm_import_npy, RGM_E_FORMAT, "set.npz: ");
    import_put("set.npz", whole, size / 2);
    import_expect(rgm_import_npy, RGM_E_FORMAT, "not an archive of NumPy (.npz)");
    free(whole);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import lists and arrays");
    TCase *tests = tcase_create("lists");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_csv);
    tcase_add_test(tests, test_csv_root);
    tcase_add_test(tests, test_csv_again);
    tcase_add_test(tests, test_csv_wrong);
    tcase_add_test(tests, test_npy_shapes);
    tcase_add_test(tests, test_npy_labels);
    tcase_add_test(tests, test_npy_wrong);
    tcase_add_test(tests, test_npz);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
