/* How an inspection is told: tables, JSON and the page of inspections of any content; small pictures and their sheets.
 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "make_set.h"
#include "inspect/inspect.h"
#include "inspect/sheets.h"
#include "report/inspection_json.h"
#include "report/inspection_page.h"
#include "report/inspection_print.h"

enum { SIDE = 12, MANY = 1000 };

static char *folder;
static rgm_device device;

static void setup(void) {
    const rgm_team_options options = {.threads = 3, .pin = RGM_PIN_OFF};
    folder = make_folder();
    device = (rgm_device){.kernels = rgm_kernels_reference(16)};
    ck_assert_int_eq(rgm_team_create(&device.team, &options, NULL), RGM_OK);
}

static void teardown(void) {
    rgm_team_destroy(device.team);
    remove_folder(folder);
}

/* ---- inspections made by hand ---- */

typedef struct made {
    uint8_t *pixels;
    int32_t *labels;
    rgm_dataset *set;
    rgm_inspection in;
} made;

static void make(made *m, int32_t classes, int64_t count, const char *const *names, int32_t C) {
    size_t bytes = (size_t)count * SIDE * SIDE * (size_t)C;
    memset(m, 0, sizeof *m);
    m->pixels = malloc(bytes);
    m->labels = malloc((size_t)count * sizeof *m->labels);
    for (size_t i = 0; i < bytes; i++) m->pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    for (int64_t i = 0; i < count; i++) m->labels[i] = (int32_t)(i % classes);
    const rgm_dataset_memory memory = {.name = "a <set>",
                                       .H = SIDE,
                                       .W = SIDE,
                                       .C = C,
                                       .classes = classes,
                                       .count = {count / 2, count - count / 2},
                                       .images = {m->pixels, m->pixels + bytes / (size_t)count * (size_t)(count / 2)},
                                       .labels = {m->labels, m->labels + count / 2},
                                       .class_names = names};
    rgm_error err = {0};
    ck_assert_msg(rgm_dataset_from_memory(&m->set, &memory, &err) == RGM_OK, "%s", err.text);
    m->in.set = m->set;
    m->in.images = count;
    for (int32_t split = 0; split < 2; split++) {
        m->in.counts[split] = calloc((size_t)classes, sizeof *m->in.counts[split]);
        for (int64_t i = 0; i < memory.count[split]; i++) m->in.counts[split][memory.labels[split][i]]++;
    }
}

static void unmake(made *m) {
    rgm_inspection_free(&m->in);
    rgm_dataset_close(m->set);
    free(m->pixels);
    free(m->labels);
}

/* So many findings of each kind, most of them like another image. */
static void add_findings(made *m, int64_t each) {
    int64_t half = rgm_dataset_describe(m->set)->count[0];
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++)
        for (int64_t i = 0; i < each; i++) {
            rgm_finding f = rgm_finding_of(kind, (int32_t)(i & 1), i % half);
            f.score = (double)i;
            f.value = 1e300;
            if (kind < RGM_FIND_LABEL_ERROR && kind) {
                f.other_split = 0;
                f.other_index = i % 7;
                f.group = i;
                f.how = 31;
            }
            if (kind == RGM_FIND_LABEL_ERROR) {
                f.proposed = 1;
                f.probability = 0.75f;
            }
            ck_assert_int_eq(rgm_findings_add(&m->in.findings, &f, NULL), RGM_OK);
        }
    rgm_findings_sort(&m->in.findings);
}

static void add_model(made *m, int32_t part) {
    int32_t classes = rgm_dataset_describe(m->set)->classes;
    if (!m->in.model) m->in.model = calloc(1, sizeof *m->in.model);
    rgm_judged *p = &m->in.model->parts[part];
    m->in.model->title = m->in.model->title ? m->in.model->title : strdup("a <model>");
    m->in.model->classes = classes;
    *p = (rgm_judged){.split = part, .seen = part, .images = 10, .hits = rgm_share_of(7, 10), .loss = 1, .ece = 0.1};
    p->recall = calloc((size_t)classes, sizeof *p->recall);
    p->precision = calloc((size_t)classes, sizeof *p->precision);
    p->confused = calloc(1, sizeof *p->confused);
    p->confused[0] = (rgm_confused){0, 1, 3, 10};
    p->confused_count = 1;
    p->bins[3] = (rgm_calibration_bin){0.25, rgm_share_of(1, 4)};
    if (classes <= RGM_SAYS_MATRIX) p->confusion = calloc((size_t)classes * (size_t)classes, sizeof *p->confusion);
    if (p->confusion) p->confusion[1] = 3;
    m->in.model->losses[0] =
        (rgm_top_loss){.predicted = 1, .given = 0.01f, .probability = 0.9f, .loss = 4.6, .nearest = 2};
    m->in.model->losses[1] = (rgm_top_loss){.predicted = 1, .given = 0, .probability = 1, .loss = 90, .nearest = -1};
    m->in.model->losses_count = 2;
}

/* ---- the page ---- */

static rgm_status try_page(made *m, const char *path, rgm_error *err) {
    rgm_images *images;
    rgm_sheets *sheets;
    ck_assert_int_eq(rgm_images_create(&images, m->set, &device, NULL), RGM_OK);
    ck_assert_int_eq(rgm_sheets_create(&sheets, images, (rgm_stop){0}, NULL), RGM_OK);
    const rgm_inspection_page_options o = {.path = path, .thumbs = {.give = rgm_sheets_give, .context = sheets}};
    rgm_status status = rgm_inspection_page(&m->in, &o, err);
    rgm_sheets_destroy(sheets);
    rgm_images_destroy(images);
    return status;
}

static char *page_of(made *m, size_t *size) {
    rgm_error err = {0};
    const char *path = in_folder(folder, "page.html");
    ck_assert_msg(try_page(m, path, &err) == RGM_OK, "%s", err.text);
    return (char *)load_file(path, size);
}

static int count_of(const char *text, const char *word) {
    int count = 0;
    while ((text = strstr(text, word)) != NULL) {
        count++;
        text += strlen(word);
    }
    return count;
}

static const char *const hostile[] = {"<script>", "a\"b'&", "caf\351\342\200\256\033[2J"};

START_TEST(pages) {
    made m;
    size_t size, again;
    make(&m, 3, 60, hostile, _i);
    add_findings(&m, 30);
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) add_model(&m, part);
    char *text = page_of(&m, &size), *second = page_of(&m, &again);
    ck_assert(size == again && memcmp(text, second, size) == 0);
    ck_assert_int_eq(memcmp(text, RGM_INSPECTION_PAGE_HEAD, strlen(RGM_INSPECTION_PAGE_HEAD)), 0);
    ck_assert(!strstr(text, "<script") && !strstr(text, "\033") && !strstr(text, "\342\200\256") &&
              !strchr(text, '\351'));
    ck_assert(strstr(text, "&#60;script") && strstr(text, "a &#60;set") && strstr(text, "a &#60;model"));
    for (int32_t kind = 0; kind < RGM_FIND_COUNT; kind++) {
        char anchor[64];
        snprintf(anchor, sizeof anchor, "<h2 id=\"%s\">30 ", rgm_finding_name(kind));
        ck_assert_msg(strstr(text, anchor) != NULL, "%s", anchor);
    }
    ck_assert_int_eq(count_of(text, "And 18 more."), RGM_FIND_COUNT);
    ck_assert_int_eq(count_of(text, "<figure"), RGM_FIND_COUNT * 12 + 2);
    ck_assert_int_eq(count_of(text, "<div"), count_of(text, "</div>"));
    ck_assert_int_eq(count_of(text, "<section"), count_of(text, "</section>"));
    ck_assert_int_eq(count_of(text, "<table"), count_of(text, "</table>"));
    ck_assert_int_eq(count_of(text, "<td"), count_of(text, "</td>"));
    free(text);
    free(second);
    unmake(&m);
}
END_TEST

/* Of a thousand classes in colour, noise at that, with as many findings as there can be. */
START_TEST(large_pages) {
    made m;
    size_t size;
    make(&m, MANY, 20 * MANY, NULL, 3);
    add_findings(&m, 5000);
    add_model(&m, 0);
    char *text = page_of(&m, &size);
    ck_assert_msg(size < 5000000, "%zu bytes", size);
    ck_assert(size > 500000 && strstr(text, "940 classes between these") && strstr(text, "more."));
    free(text);
    unmake(&m);
}
END_TEST

static rgm_status give_up(void *context, const rgm_image_place *places, int32_t count, int32_t side, rgm_thumb *thumbs,
                          rgm_error *err) {
    (void)places;
    (void)count;
    (void)side;
    (void)thumbs;
    return rgm_fail(err, *(rgm_status *)context, "given up");
}

/* A failure leaves the page that is there. */
START_TEST(pages_that_fail) {
    made m;
    rgm_error err = {0};
    rgm_status failure = RGM_E_INTERRUPTED;
    size_t size;
    char path[4096];
    snprintf(path, sizeof path, "%s", in_folder(folder, "page.html"));
    store_file(path, "before", 6);
    make(&m, 3, 20, NULL, 1);
    const rgm_inspection_page_options o = {.path = path, .thumbs = {.give = give_up, .context = &failure}};
    ck_assert_int_eq(rgm_inspection_page(&m.in, &o, &err), RGM_E_INTERRUPTED);
    ck_assert_str_eq(err.text, "given up");
    char *text = (char *)load_file(path, &size);
    ck_assert_str_eq(text, "before");
    free(text);
    ck_assert_int_eq(try_page(&m, in_folder(folder, "none/page.html"), &err), RGM_E_IO);
    unmake(&m);
}
END_TEST

/* ---- small pictures ---- */

START_TEST(small_pictures) {
    enum { COUNT = 5 };
    made m;
    rgm_images *images;
    rgm_sheets *sheets;
    rgm_thumb thumbs[COUNT];
    const rgm_image_place places[COUNT] = {{1, 3}, {0, 0}, {1, 3}, {0, 9}, {1, 9}};
    size_t bytes = (size_t)SIDE * SIDE * 5;
    make(&m, 2, 20, NULL, 5); /* of five channels, three are shown */
    ck_assert_int_eq(rgm_images_create(&images, m.set, &device, NULL), RGM_OK);
    ck_assert_int_eq(rgm_sheets_create(&sheets, images, (rgm_stop){0}, NULL), RGM_OK);
    ck_assert_int_eq(rgm_sheets_give(sheets, places, COUNT, 64, thumbs, NULL), RGM_OK);
    for (int i = 0; i < COUNT; i++) {
        const uint8_t *image = m.pixels + bytes * (size_t)(10 * places[i].split + places[i].index);
        ck_assert(thumbs[i].H == SIDE && thumbs[i].W == SIDE && thumbs[i].C == 3);
        for (int p = 0; p < SIDE * SIDE * 3; p++) ck_assert_int_eq(thumbs[i].pixels[p], image[p / 3 * 5 + p % 3]);
    }
    ck_assert_ptr_eq(thumbs[0].pixels, thumbs[2].pixels);
    ck_assert_int_eq(rgm_sheets_give(sheets, places, COUNT, 4, thumbs, NULL), RGM_OK); /* means of 3 x 3 */
    ck_assert(thumbs[1].H == 4 && thumbs[1].W == 4);
    int32_t sum = 0;
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++) sum += m.pixels[((6 + y) * SIDE + 3 + x) * 5 + 1];
    ck_assert_int_eq(thumbs[1].pixels[(2 * 4 + 1) * 3 + 1], (sum * 2 + 9) / 18);
    ck_assert_int_eq(rgm_sheets_give(sheets, places, 0, 4, thumbs, NULL), RGM_OK);
    rgm_sheets_destroy(sheets);
    rgm_images_destroy(images);
    unmake(&m);
}
END_TEST

START_TEST(sheets_of_any_size) {
    static const uint8_t pixels[70 * 70 * 3] = {1, 2, 3};
    const rgm_thumb thumbs[] = {{pixels, 1, 1, 1}, {pixels, 28, 28, 1}, {NULL, 0, 0, 0}, {pixels, 70, 20, 3}};
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (int32_t count = 0; count <= 4; count++)
        for (int32_t columns = 1; columns < 6; columns++)
            ck_assert_int_eq(
                rgm_thumbs_put_sheet(to, &(rgm_thumb_sheet){thumbs, count, columns, 100, columns & 1, "x"}, NULL),
                RGM_OK);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(rgm_thumbs_put(to, &thumbs[i], "y", NULL), RGM_OK);
    fclose(to);
    ck_assert_int_eq(count_of(text, "<img"), 4 * 5 + 3);
    ck_assert_int_eq(count_of(text, "cannot be read"), 1);
    ck_assert(strstr(text, "width=\"100\" height=\"100\"")); /* of one pixel */
    free(text);
}
END_TEST

/* ---- text and JSON ---- */

static char *printed(const made *m, int32_t most) {
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    rgm_inspection_print(to, &m->in, most);
    fclose(to);
    return text;
}

START_TEST(tables) {
    made m;
    make(&m, 3, 60, hostile, 1);
    add_findings(&m, 12);
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) add_model(&m, part);
    char *text = printed(&m, 5);
    for (const char *c = text; *c; c++) ck_assert(*c == '\n' || !rgm_text_command(c));
    ck_assert_int_eq(count_of(text, "  and 7 more (--most 12)\n"), RGM_FIND_COUNT);
    ck_assert_ptr_nonnull(strstr(text, "a <set>: 60 images, 1x12x12 (channels x height x width), 3 classes\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nMend this before you train: 12 unreadable pictures, 12 leaks"));
    ck_assert_ptr_nonnull(strstr(text, " 70.00 % right ("));
    free(text);
    unmake(&m);
    make(&m, 5000, 5, NULL, 1);
    text = printed(&m, 5);
    ck_assert_int_lt(count_of(text, "\n"), 30);
    ck_assert_ptr_nonnull(strstr(text, "4990 classes between these"));
    ck_assert_ptr_nonnull(strstr(text, "Nothing wrong was found."));
    free(text);
    unmake(&m);
}
END_TEST

static json_t *json_of(const made *m) {
    rgm_error err = {0};
    json_error_t why;
    const char *path = in_folder(folder, "a.json");
    ck_assert_msg(rgm_inspection_write_json(&m->in, path, &err) == RGM_OK, "%s", err.text);
    json_t *json = json_load_file(path, 0, &why);
    ck_assert_msg(json != NULL, "line %d: %s", why.line, why.text);
    return json;
}

START_TEST(objects) {
    made m;
    make(&m, 3, 60, hostile, 1);
    add_findings(&m, 12);
    m.in.findings.list[0].score = NAN;
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) add_model(&m, part);
    json_t *json = json_of(&m);
    ck_assert_int_eq(json_array_size(json_object_get(json, "findings")), 12 * RGM_FIND_COUNT);
    ck_assert(json_is_null(json_object_get(json_array_get(json_object_get(json, "findings"), 0), "score")));
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "class_names"), 0)), "<script>");
    ck_assert_int_eq(json_array_size(json_object_get(json, "judged")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "counts"), "odd")), 12);
    json_decref(json);
    ck_assert_int_eq(rgm_inspection_write_json(&m.in, "/dev/full", NULL), RGM_E_IO);
    ck_assert_int_eq(rgm_inspection_write_json(&m.in, in_folder(folder, "none/a.json"), NULL), RGM_E_IO);
    unmake(&m);
}
END_TEST

/* All are counted, not all are listed. */
START_TEST(objects_of_many) {
    made m;
    make(&m, 2, 20, NULL, 1);
    for (int64_t i = 0; i < 100007; i++) {
        rgm_finding f = rgm_finding_of(RGM_FIND_ODD, 0, i % 10);
        ck_assert_int_eq(rgm_findings_add(&m.in.findings, &f, NULL), RGM_OK);
    }
    json_t *json = json_of(&m);
    ck_assert_int_eq(json_array_size(json_object_get(json, "findings")), 100000);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "findings_left_out")), 7);
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "counts"), "odd")), 100007);
    json_decref(json);
    unmake(&m);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("inspection");
    TCase *tcase = tcase_create("inspection");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, pages, 1, 5);
    tcase_add_test(tcase, large_pages);
    tcase_add_test(tcase, pages_that_fail);
    tcase_add_test(tcase, small_pictures);
    tcase_add_test(tcase, sheets_of_any_size);
    tcase_add_test(tcase, tables);
    tcase_add_test(tcase, objects);
    tcase_add_test(tcase, objects_of_many);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
