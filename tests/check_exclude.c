/* Exclude lists (data/exclude.h, data/exclude_lines.h): what they leave out, hostile files, names of any bytes; the
 * list that findings give (report/exclude_list.h). */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "data/exclude.h"
#include "data/exclude_lines.h"
#include "make_set.h"
#include "report/exclude_list.h"
#include "train/data.h"

static const rgm_test_set made = {.train = 40, .test = 9, .H = 3, .W = 3, .C = 1, .classes = 4, .names = 1};
static char *folder;
static rgm_dataset *set;
static uint64_t fingerprint;

static void set_up(void) {
    rgm_error err;
    folder = make_folder();
    make_set(in_folder(folder, "set.h5"), &made);
    set = open_set(in_folder(folder, "set.h5"), RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_exclude_fingerprint(set, &fingerprint, &err), RGM_OK);
}

static void tear_down(void) {
    rgm_dataset_close(set);
    remove_folder(folder);
}

/* A list with the head of the set, and these lines. */
static const char *make_list(const char *lines, size_t size) {
    char text[4096];
    int used =
        snprintf(text, sizeof text, RGM_EXCLUDE_HEAD "\n" RGM_EXCLUDE_FINGERPRINT "%016" PRIx64 "\n", fingerprint);
    memcpy(text + used, lines, size);
    const char *path = in_folder(folder, "list.txt");
    store_file(path, text, (size_t)used + size);
    return path;
}

/* ---- what is read ---- */

START_TEST(test_read) {
    static const char lines[] = "\n# a comment\ntrain 3\r\n  train\t7 \"a \\\"b\\\" \\\\ \\xff.png\"  # why\n"
                                "test 8 # 8\ntrain 3\n#train 4\ntrain 39";
    rgm_exclude e = {0};
    rgm_error err = {0};
    ck_assert_msg(rgm_exclude_read(&e, make_list(lines, sizeof lines - 1), set, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(e.count[RGM_SPLIT_TRAIN], 3);
    ck_assert_int_eq(e.count[RGM_SPLIT_TEST], 1);
    ck_assert_int_eq(e.count[RGM_SPLIT_VALIDATION], 0);
    for (int i = 0; i < 40; i++) ck_assert_int_eq(e.out[RGM_SPLIT_TRAIN][i], i == 3 || i == 7 || i == 39);
    rgm_view view = rgm_view_all(set, RGM_SPLIT_TRAIN), none = rgm_view_all(set, RGM_SPLIT_VALIDATION);
    uint32_t *indices;
    ck_assert_int_eq(rgm_exclude_view(&e, &view, &indices, &err), RGM_OK);
    ck_assert_int_eq(view.count, 37);
    for (int64_t i = 0, at = 0; i < 40; i++)
        if (i != 3 && i != 7 && i != 39) ck_assert_int_eq(rgm_view_index(&view, at++), i);
    free(indices);
    ck_assert_int_eq(rgm_exclude_view(&e, &none, &indices, &err), RGM_OK);
    ck_assert_ptr_null(indices);
    rgm_exclude_free(&e);
}
END_TEST

START_TEST(test_mark) {
    char text[256];
    rgm_exclude e = {0};
    rgm_error err = {0};
    int size = snprintf(text, sizeof text,
                        "\xef\xbb\xbf" RGM_EXCLUDE_HEAD "\r\n" RGM_EXCLUDE_FINGERPRINT "%016" PRIx64 "\r\ntrain 5\r\n",
                        fingerprint);
    const char *path = in_folder(folder, "list.txt");
    store_file(path, text, (size_t)size);
    ck_assert_msg(rgm_exclude_read(&e, path, set, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(e.count[RGM_SPLIT_TRAIN], 1);
    rgm_exclude_free(&e);
}
END_TEST

START_TEST(test_hash) {
    rgm_exclude a = {0}, b = {0};
    ck_assert(rgm_exclude_hash(&a, set) == 0);
    ck_assert_int_eq(rgm_exclude_add(&a, set, RGM_SPLIT_TRAIN, 5, NULL), RGM_OK);
    ck_assert_int_eq(rgm_exclude_add(&a, set, RGM_SPLIT_TEST, 5, NULL), RGM_OK);
    ck_assert_int_eq(rgm_exclude_add(&b, set, RGM_SPLIT_TEST, 5, NULL), RGM_OK);
    ck_assert(rgm_exclude_hash(&a, set) != 0 && rgm_exclude_hash(&b, set) != 0);
    ck_assert(rgm_exclude_hash(&a, set) != rgm_exclude_hash(&b, set));
    ck_assert_int_eq(rgm_exclude_add(&b, set, RGM_SPLIT_TRAIN, 5, NULL), RGM_OK); /* in any order */
    ck_assert(rgm_exclude_hash(&a, set) == rgm_exclude_hash(&b, set));
    ck_assert_int_eq(rgm_exclude_add(&b, set, RGM_SPLIT_TRAIN, 40, NULL), RGM_E_USAGE);
    ck_assert_int_eq(rgm_exclude_add(&b, set, RGM_SPLIT_VALIDATION, 0, NULL), RGM_E_USAGE);
    rgm_exclude_free(&a);
    rgm_exclude_free(&b);
}
END_TEST

/* ---- what is refused ---- */

#define BAD(text, word)                                                                                                \
    { text, sizeof text - 1, word }
static const struct {
    const char *text;
    size_t size;
    const char *word;
} bad[] = {
    BAD("train\n", "expected SPLIT INDEX"),
    BAD("train 1x\n", "expected SPLIT INDEX"),
    BAD("train -1\n", "expected SPLIT INDEX"),
    BAD("train 1 2\n", "expected SPLIT INDEX"),
    BAD("train 9999999999999999999\n", "expected SPLIT INDEX"),
    BAD("Train 1\n", "expected SPLIT INDEX"),
    BAD("training 1\n", "expected SPLIT INDEX"),
    BAD("train 1 \"a\n", "expected SPLIT INDEX"),
    BAD("train 1 \"a\\x\"\n", "expected SPLIT INDEX"),
    BAD("train 1 \"a\\x00\"\n", "expected SPLIT INDEX"),
    BAD("train 1 \"a\"b\n", "expected SPLIT INDEX"),
    BAD("train 1\n\033[2J\n", "found '?[2J'"),
    BAD("train 1\0\n", "NUL"),
    BAD("train 40\n", "images 0 to 39"),
    BAD("validation 0\n", "no validation split"),
};

START_TEST(test_bad) {
    rgm_exclude e = {0};
    rgm_error err = {0};
    char line[RGM_ERROR_LINE];
    ck_assert_int_eq(rgm_exclude_read(&e, make_list(bad[_i].text, bad[_i].size), set, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(rgm_error_line(&err, line), bad[_i].word) != NULL, "%s", line);
    ck_assert_msg(
        strstr(line, bad[_i].text[6] == '1' && strchr(bad[_i].text, '\033') ? "list.txt:4: " : "list.txt:3: "), "%s",
        line);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) ck_assert_ptr_null(e.out[split]);
}
END_TEST

static void refuse_file(const char *bytes, size_t size, rgm_status wanted, const char *word) {
    rgm_exclude e = {0};
    rgm_error err = {0};
    char line[RGM_ERROR_LINE];
    store_file(in_folder(folder, "list.txt"), bytes, size);
    ck_assert_int_eq(rgm_exclude_read(&e, in_folder(folder, "list.txt"), set, &err), wanted);
    ck_assert_msg(strstr(rgm_error_line(&err, line), word) != NULL && strstr(line, "list.txt") != NULL, "%s", line);
}

START_TEST(test_no_list) {
    static const char other[] = RGM_EXCLUDE_HEAD "\n" RGM_EXCLUDE_FINGERPRINT "0123456789abcdef\ntrain 1\n",
                      none[] = RGM_EXCLUDE_HEAD "\ntrain 1\n", short_[] = RGM_EXCLUDE_HEAD "\n# fingerprint 01\n",
                      names[] = "a.png\nb.png\n";
    refuse_file("", 0, RGM_E_USAGE, "empty");
    refuse_file(names, sizeof names - 1, RGM_E_USAGE, "--write-exclude");
    refuse_file(other, sizeof other - 1, RGM_E_USAGE, "another data set");
    refuse_file(none, sizeof none - 1, RGM_E_USAGE, "no line '# fingerprint");
    refuse_file(short_, sizeof short_ - 1, RGM_E_USAGE, "16 hexadecimal digits");
    size_t size = 100000;
    char *endless = malloc(size);
    memset(endless, '#', size);
    refuse_file(endless, size, RGM_E_USAGE, "a line of more than");
    free(endless);
    rgm_exclude e = {0};
    rgm_error err = {0};
    char line[RGM_ERROR_LINE];
    ck_assert_int_eq(rgm_exclude_read(&e, in_folder(folder, "missing"), set, &err), RGM_E_IO);
    ck_assert(strstr(rgm_error_line(&err, line), "missing: No such file") != NULL);
    ck_assert_int_eq(rgm_exclude_read(&e, folder, set, &err), RGM_E_IO);
}
END_TEST

/* ---- names ---- */

static const char *const names[] = {"plain.png",       "a b/c\"d\\e.jpg",     "line\nbreak", "\xff\xfe",
                                    "caf\xc3\xa9.jpg", "\xe2\x80\xae turned", "# train 3",   ""};
enum { NAMES = sizeof names / sizeof *names };

static rgm_status take_name(void *context, const rgm_exclude_line *line, rgm_error *err) {
    int32_t *found = context;
    (void)err;
    ck_assert_int_lt(*found, NAMES);
    ck_assert_int_eq(line->split, RGM_SPLIT_TRAIN);
    ck_assert_int_eq(line->index, *found);
    ck_assert_str_eq(line->name, names[*found]);
    ++*found;
    return RGM_OK;
}

START_TEST(test_names) {
    char lines[2048] = "", quoted[256];
    for (int32_t i = 0; i < NAMES; i++) {
        rgm_exclude_quote(names[i], quoted, sizeof quoted);
        ck_assert(!strchr(quoted, '\n'));
        for (const char *at = quoted; *at; at++) ck_assert_int_eq(rgm_text_command(at), 0);
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "train %d %s  # why\n", i, quoted);
    }
    int32_t found = 0;
    rgm_error err = {0};
    const rgm_exclude_lines o = {.take = take_name, .context = &found};
    ck_assert_msg(rgm_exclude_lines_read(make_list(lines, strlen(lines)), &o, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(found, NAMES);
    for (size_t size = 3; size < 40; size++) { /* what does not fit is cut, and stays a name */
        rgm_exclude_quote(names[1], quoted, size);
        ck_assert_uint_lt(strlen(quoted), size);
        ck_assert(quoted[0] == '"' && quoted[strlen(quoted) - 1] == '"');
    }
}
END_TEST

/* ---- of findings ---- */

static void add(rgm_findings *f, int32_t kind, const int64_t place[4]) {
    rgm_finding one = rgm_finding_of(kind, (int32_t)place[0], place[1]);
    one.other_split = (int32_t)place[2];
    one.other_index = place[3];
    ck_assert_int_eq(rgm_findings_add(f, &one, NULL), RGM_OK);
}

static rgm_exclude_listed list_findings(uint32_t kinds, rgm_exclude *e) {
    rgm_findings f = {0};
    rgm_exclude_listed listed;
    rgm_error err = {0};
    add(&f, RGM_FIND_LEAK, (const int64_t[]){RGM_SPLIT_TEST, 2, RGM_SPLIT_TRAIN, 11}); /* the training image */
    add(&f, RGM_FIND_EXACT_DUPLICATE, (const int64_t[]){RGM_SPLIT_TRAIN, 9, RGM_SPLIT_TRAIN, 4});  /* the later one */
    add(&f, RGM_FIND_LABEL_CONFLICT, (const int64_t[]){RGM_SPLIT_TRAIN, 21, RGM_SPLIT_TRAIN, 20}); /* both */
    add(&f, RGM_FIND_EXACT_DUPLICATE, (const int64_t[]){RGM_SPLIT_TEST, 7, RGM_SPLIT_TEST, 6});    /* a comment */
    add(&f, RGM_FIND_DARK, (const int64_t[]){RGM_SPLIT_TRAIN, 30, -1, -1});                        /* if named */
    add(&f, RGM_FIND_CONSTANT, (const int64_t[]){RGM_SPLIT_TRAIN, 9, -1, -1});                     /* once more */
    rgm_findings_sort(&f);
    const char *path = in_folder(folder, "written.txt");
    ck_assert_msg(rgm_exclude_list_write(&f, set, kinds, path, &listed, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_exclude_read(e, path, set, &err) == RGM_OK, "%s", err.text);
    rgm_findings_free(&f);
    return listed;
}

START_TEST(test_findings) {
    rgm_exclude e = {0};
    uint32_t kinds;
    rgm_error err = {0};
    rgm_exclude_listed listed = list_findings(rgm_exclude_kinds_default, &e);
    ck_assert_int_eq(listed.images, 4);
    ck_assert_int_eq(listed.commented, 1);
    ck_assert_int_eq(e.count[RGM_SPLIT_TRAIN], 4);
    ck_assert_int_eq(e.count[RGM_SPLIT_TEST], 0);
    for (int i = 0; i < 40; i++) ck_assert_int_eq(e.out[RGM_SPLIT_TRAIN][i], i == 9 || i == 11 || i == 20 || i == 21);
    rgm_exclude_free(&e);
    ck_assert_int_eq(rgm_exclude_kinds_parse("dark,leak", &kinds, &err), RGM_OK);
    listed = list_findings(kinds, &e);
    ck_assert_int_eq(listed.images, 2);
    ck_assert(e.out[RGM_SPLIT_TRAIN][11] && e.out[RGM_SPLIT_TRAIN][30]);
    rgm_exclude_free(&e);
    ck_assert_int_eq(rgm_exclude_kinds_parse("all", &kinds, &err), RGM_OK);
    ck_assert_uint_eq(kinds, (1u << RGM_FIND_COUNT) - 1);
    ck_assert_int_eq(rgm_exclude_kinds_parse("lek", &kinds, &err), RGM_E_USAGE);
    ck_assert(strstr(err.text, "nearest: 'leak'") != NULL);
    ck_assert_int_eq(rgm_exclude_kinds_parse("", &kinds, &err), RGM_E_USAGE);
    store_file(in_folder(folder, "mine.txt"), "notes", 5);
    ck_assert_int_eq(
        rgm_exclude_list_write(&(rgm_findings){0}, set, kinds, in_folder(folder, "mine.txt"), &listed, &err),
        RGM_E_USAGE);
}
END_TEST

/* ---- in the data of a training ---- */

static rgm_status open_data(rgm_data **data, const char *lines, rgm_error *err) {
    static rgm_config config;
    ck_assert_int_eq(rgm_config_init(&config, err), RGM_OK);
    config.data.validation = 0.25;
    if (lines) snprintf(config.data.exclude, sizeof config.data.exclude, "%s", make_list(lines, strlen(lines)));
    return rgm_data_open(data, &config, &(rgm_data_options){.set = set}, err);
}

/* Others stay where they were. */
static void expect_without(const rgm_view *with, const rgm_view *all, const rgm_exclude *e) {
    int64_t at = 0;
    for (int64_t i = 0; i < all->count; i++) {
        int64_t index = rgm_view_index(all, i);
        if (e->out[all->split] && e->out[all->split][index]) continue;
        ck_assert_int_lt(at, with->count);
        ck_assert_int_eq(rgm_view_index(with, at++), index);
    }
    ck_assert_int_eq(at, with->count);
}

START_TEST(test_data) {
    static const char lines[] = "train 0\ntrain 3\ntrain 13\ntrain 22\ntest 1\n";
    rgm_data *all, *data;
    rgm_error err = {0};
    rgm_exclude e = {0};
    ck_assert_msg(open_data(&all, NULL, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(open_data(&data, lines, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_exclude_read(&e, in_folder(folder, "list.txt"), set, &err), RGM_OK);
    ck_assert(all->excluded == 0 && data->excluded == rgm_exclude_hash(&e, set));
    ck_assert_int_eq(data->excluded_count, 5);
    expect_without(&data->train, &all->train, &e);
    expect_without(&data->validation, &all->validation, &e);
    expect_without(&data->test, &all->test, &e);
    ck_assert_int_eq(data->train.count + data->validation.count, 36);
    rgm_data_close(all);
    rgm_data_close(data);
    rgm_exclude_free(&e);
}
END_TEST

static void list_all(char *lines, const char *split, int64_t count, int64_t step) {
    for (int64_t i = 0; i < count; i += step) sprintf(lines + strlen(lines), "%s %" PRId64 "\n", split, i);
}

START_TEST(test_emptied) {
    char lines[2048] = "";
    rgm_data *data;
    rgm_error err = {0};
    list_all(lines, "train", 40, 1);
    ck_assert_int_eq(open_data(&data, lines, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, "no image for training") != NULL, "%s", err.text);
    ck_assert_ptr_null(data);
    lines[0] = 0;
    list_all(lines, "test", 9, 1);
    ck_assert_int_eq(open_data(&data, lines, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, "no image for test") != NULL, "%s", err.text);
    lines[0] = 0;
    list_all(lines, "train", 40, 4); /* labels are 3 i modulo 4: one class */
    ck_assert_int_eq(open_data(&data, lines, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, "no image of class 0") != NULL, "%s", err.text);
}
END_TEST

int main(void) {
    Suite *s = suite_create("exclude");
    TCase *c = tcase_create("exclude");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, test_read);
    tcase_add_test(c, test_mark);
    tcase_add_test(c, test_hash);
    tcase_add_loop_test(c, test_bad, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(c, test_no_list);
    tcase_add_test(c, test_names);
    tcase_add_test(c, test_findings);
    tcase_add_test(c, test_data);
    tcase_add_test(c, test_emptied);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
