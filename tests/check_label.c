/* Labelling by a person: which images are asked about, the page, and what answers.json says. The oracle of the sample
 * is counting over many seeds, that of the figures counting by hand. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "encoded_case.h"
#include "make_set.h"
#include "markup.h"
#include "inspect/human.h"
#include "inspect/labelling_page.h"
#include "report/label_page.h"

enum { SIDE = 3, MANY = 1000 };

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

/* ---- a set in memory ---- */

typedef struct made {
    uint8_t *pixels;
    int32_t *labels;
    rgm_dataset *set;
} made;

/* `count` images in a test split; the label of image i is labels[i], NULL: i % classes. */
static void make(made *m, int64_t count, int32_t classes, const int32_t *labels, const char *const *names, int32_t C) {
    const size_t image = (size_t)(SIDE * SIDE * C);
    m->pixels = malloc((size_t)count * image);
    m->labels = malloc((size_t)count * sizeof *m->labels);
    for (size_t i = 0; i < (size_t)count * image; i++) m->pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    for (int64_t i = 0; i < count; i++) m->labels[i] = labels ? labels[i] : (int32_t)(i % classes);
    const rgm_dataset_memory memory = {.name = "a <set>",
                                       .H = SIDE,
                                       .W = SIDE,
                                       .C = C,
                                       .classes = classes,
                                       .count = {count, count},
                                       .images = {m->pixels, m->pixels},
                                       .labels = {m->labels, m->labels},
                                       .class_names = names};
    rgm_error err = {0};
    ck_assert_msg(rgm_dataset_from_memory(&m->set, &memory, &err) == RGM_OK, "%s", err.text);
}

static void unmake(made *m) {
    rgm_dataset_close(m->set);
    free(m->pixels);
    free(m->labels);
}

static rgm_labelling choose(const made *m, int64_t count, uint64_t seed) {
    rgm_labelling l;
    const rgm_labelling_ask ask = {m->set, RGM_SPLIT_TEST, count, seed};
    ck_assert_int_eq(rgm_labelling_create(&l, &ask, NULL), RGM_OK);
    return l;
}

/* ---- which images, and in which order ---- */

/* Different images; each class has its share, rounded up or down. */
static void check_sample(const made *m, const rgm_labelling *l, int64_t N, int32_t classes) {
    int32_t *taken = calloc((size_t)N, sizeof *taken), *of = calloc((size_t)classes, sizeof *of);
    int64_t *all = calloc((size_t)classes, sizeof *all);
    for (int64_t i = 0; i < N; i++) all[m->labels[i]]++;
    for (int64_t i = 0; i < l->count; i++) {
        ck_assert(l->images[i] >= 0 && l->images[i] < N && !taken[l->images[i]]++);
        of[m->labels[l->images[i]]]++;
    }
    for (int32_t c = 0; c < classes; c++)
        ck_assert_msg(llabs(of[c] * N - l->count * all[c]) < N, "class %d: %d of %d", c, of[c], (int)all[c]);
    free(taken);
    free(of);
    free(all);
}

/* Each image once, an eighth twice, and half of all between the two. */
static void check_order(const rgm_labelling *l) {
    int64_t *first = malloc((size_t)l->count * sizeof *first), seen = 0, again = 0;
    for (int64_t i = 0; i < l->count; i++) first[i] = -1;
    for (int64_t i = 0; i < l->shows; i++) {
        int32_t k = l->order[i];
        ck_assert(k >= 0 && k < l->count);
        if (first[k] < 0) {
            ck_assert_int_eq(k, seen++);
            first[k] = i;
        } else {
            ck_assert(first[k] != INT64_MAX && 2 * (i - first[k] - 1) >= l->count);
            first[k] = INT64_MAX;
            again++;
        }
    }
    ck_assert_int_eq(seen, l->count);
    ck_assert_int_eq(again, (l->count + 4) / 8);
    free(first);
}

START_TEST(samples) {
    static const int64_t sizes[] = {1, 2, 3, 7, 10, 100, 257};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int64_t count = 1; count < 40; count += 1 + count / 5) {
            made m;
            int32_t labels[257], classes = 2 + (int32_t)(sizes[s] % 9);
            for (int64_t i = 0; i < sizes[s]; i++)
                labels[i] = (int32_t)((uint64_t)(i * i * i) % (uint64_t)classes / 2 * 2);
            make(&m, sizes[s], classes, labels, NULL, 1);
            rgm_labelling l = choose(&m, count, 5), again = choose(&m, count, 5);
            ck_assert_int_eq(l.count, count < sizes[s] ? count : sizes[s]);
            check_sample(&m, &l, sizes[s], classes);
            check_order(&l);
            ck_assert_int_eq(l.shows, again.shows);
            ck_assert(memcmp(l.images, again.images, (size_t)l.count * sizeof *l.images) == 0 &&
                      memcmp(l.order, again.order, (size_t)l.shows * sizeof *l.order) == 0);
            rgm_labelling_destroy(&l);
            rgm_labelling_destroy(&again);
            unmake(&m);
        }
}
END_TEST

/* Each image has the same chance, at each place. The count of 4000 seeds is binomial: five standard deviations. */
START_TEST(chances) {
    enum { N = 13, COUNT = 9, SEEDS = 4000 };
    static const int32_t labels[N] = {0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 1, 1};
    made m;
    int32_t taken[N] = {0}, first[N] = {0}, twice[N] = {0};
    make(&m, N, 4, labels, NULL, 1);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        rgm_labelling l = choose(&m, COUNT, seed);
        for (int64_t i = 0; i < COUNT; i++) taken[l.images[i]]++;
        first[l.images[0]]++;
        for (int64_t i = 1; i < l.shows; i++)
            if (l.order[i] < l.order[i - 1]) twice[l.images[l.order[i]]]++;
        rgm_labelling_destroy(&l);
    }
    for (int32_t i = 0; i < N; i++) {
        const double p = (double)COUNT / N, q = 1.0 / N;
        ck_assert_double_le(fabs(taken[i] - SEEDS * p), 5 * sqrt(SEEDS * p * (1 - p)));
        ck_assert_double_le(fabs(first[i] - SEEDS * q), 5 * sqrt(SEEDS * q * (1 - q)));
        ck_assert_double_le(fabs(twice[i] - SEEDS * q), 5 * sqrt(SEEDS * q * (1 - q)));
    }
    unmake(&m);
}
END_TEST

START_TEST(no_split) {
    made m;
    rgm_labelling l;
    rgm_error err = {0};
    make(&m, 5, 2, NULL, NULL, 1);
    ck_assert_int_eq(rgm_labelling_split(m.set), RGM_SPLIT_TEST);
    const rgm_labelling_ask ask = {m.set, RGM_SPLIT_VALIDATION, 5, 1};
    ck_assert_int_eq(rgm_labelling_create(&l, &ask, &err), RGM_E_USAGE);
    ck_assert(strstr(err.text, "there is no split validation"));
    unmake(&m);
}
END_TEST

/* ---- answers ---- */

/* The answers to all images of the test split: image i gets said[i], and again[i] unless that is negative. */
static char *answers_text(const rgm_dataset *set, int64_t count, const int32_t *said, const int32_t *again) {
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    rgm_labelling_reader reader = {0};
    fprintf(to,
            "{\"set\": \"a.h5\", \"fingerprint\": \"%016" PRIx64
            "\", \"split\": \"test\", \"seed\": 7, \"pictures\": %d, "
            "\"answers\": [",
            rgm_labelling_fingerprint(set, RGM_SPLIT_TEST), (int)count);
    for (int32_t pass = 0; pass < 2; pass++)
        for (int64_t i = count - 1; i >= 0; i--) {
            int32_t label = pass ? again[i] : said[i];
            if (label < 0) continue;
            ck_assert_int_eq(rgm_labelling_read(&reader, set, RGM_SPLIT_TEST, i, NULL), RGM_OK);
            fprintf(to,
                    "%s{\"index\": %d, \"image\": \"%016" PRIx64 "\", \"label\": %d, \"again\": %d, \"seconds\": %d.5}",
                    pass || i != count - 1 ? ",\n" : "", (int)i, reader.hash, label, pass, (int)i);
        }
    fputs("]}\n", to);
    fclose(to);
    rgm_labelling_reader_free(&reader);
    return text;
}

static rgm_status read_text(const rgm_dataset *set, const char *text, rgm_human *human, rgm_error *err) {
    const char *path = in_folder(folder, "answers.json");
    store_file(path, text, strlen(text));
    return rgm_human_read(path, set, human, err);
}

/* 50 images, of which 20, 5, 10 and 15 are labelled and said as 0 0, 1 0, 0 1 and 1 1: po = 0.7, and
 * pe = 0.6 * 0.5 + 0.4 * 0.5 = 0.5, so kappa is 0.4. */
START_TEST(figures) {
    made m;
    rgm_human h;
    int32_t truth[50], said[50], again[50];
    for (int32_t i = 0; i < 50; i++) {
        truth[i] = i >= 30;
        said[i] = (i >= 20 && i < 30) || i >= 35;
        again[i] = i % 8 == 3 ? (i < 30 ? said[i] : 2) : -1;
    }
    make(&m, 50, 3, truth, NULL, 1);
    char *text = answers_text(m.set, 50, said, again);
    ck_assert_int_eq(read_text(m.set, text, &h, NULL), RGM_OK);
    ck_assert_int_eq(h.split, RGM_SPLIT_TEST);
    ck_assert(h.seed == 7 && h.pictures == 50 && h.count == 50);
    ck_assert(h.right.hits == 35 && h.right.n == 50);
    ck_assert_double_eq_tol(h.right.low, 0.562496, 1e-6); /* Wilson's interval of 35 of 50 */
    ck_assert_double_eq_tol(h.right.high, 0.808964, 1e-6);
    ck_assert(h.same.hits == 4 && h.same.n == 6); /* 3, 11, 19, 27 and not 35, 43 */
    ck_assert_double_eq_tol(h.kappa, 0.4, 1e-12);
    ck_assert_double_eq(h.seconds, 25); /* of 0.5 to 49.5 */
    for (int32_t i = 0; i < 50; i++) {
        const rgm_human_answer *a = &h.answers[i];
        ck_assert(a->index == i && a->truth == truth[i] && a->label == said[i] && a->again == again[i]);
        ck_assert_double_eq(a->seconds, i + 0.5);
        ck_assert(again[i] < 0 ? isnan(a->again_seconds) : a->again_seconds == i + 0.5);
    }
    rgm_human_free(&h);
    free(text);
    unmake(&m);
}
END_TEST

/* Chance alone always agrees where all is one class: no kappa. */
START_TEST(one_class) {
    made m;
    rgm_human h;
    static const int32_t zeros[1] = {0}, none[1] = {-1};
    make(&m, 1, 2, zeros, NULL, 1);
    char *text = answers_text(m.set, 1, zeros, none);
    ck_assert_int_eq(read_text(m.set, text, &h, NULL), RGM_OK);
    ck_assert(h.count == 1 && h.right.hits == 1 && h.same.n == 0 && isnan(h.kappa));
    ck_assert_double_eq(h.seconds, 0.5);
    rgm_human_free(&h);
    free(text);
    unmake(&m);
}
END_TEST

static const char *const names[] = {"ant", "bee", "cat"}, *const others[] = {"ant", "bee", "cow"};
static const int32_t six[6] = {0, 1, 2, 0, 1, 2}, twice[6] = {-1, -1, -1, -1, 1, -1};

/* Of a set with other pixels or classes the answers are refused; labels may have been corrected. */
START_TEST(other_sets) {
    made m, other;
    rgm_human h;
    rgm_error err = {0};
    const int32_t corrected[6] = {0, 1, 2, 2, 1, 2};
    make(&m, 6, 3, six, names, 3);
    char *text = answers_text(m.set, 6, six, twice);
    make(&other, 6, 3, corrected, names, 3);
    ck_assert_int_eq(read_text(other.set, text, &h, &err), RGM_OK);
    ck_assert_int_eq(h.right.hits, 5);
    rgm_human_free(&h);
    other.pixels[4 * SIDE * SIDE * 3] ^= 1;
    ck_assert_int_eq(read_text(other.set, text, &h, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "image 4 of the test split") && strstr(err.text, "label it again"), "%s", err.text);
    unmake(&other);
    make(&other, 6, 3, six, others, 3);
    ck_assert_int_eq(read_text(other.set, text, &h, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "of another set, a.h5"), "%s", err.text);
    ck_assert(!h.answers && !h.count);
    unmake(&other);
    make(&other, 7, 3, NULL, names, 3);
    ck_assert_int_eq(read_text(other.set, text, &h, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "of another set, a.h5"), "%s", err.text);
    free(text);
    unmake(&other);
    unmake(&m);
}
END_TEST

/* `text` with the first `from` behind `behind` made `to`. */
static char *edited(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    ck_assert_msg(at != NULL, "no %s", from);
    size_t before = (size_t)(at - text);
    memcpy(out, text, before);
    strcpy(out + before, to);
    strcat(out, at + strlen(from));
    return out;
}

START_TEST(refused) {
    static const struct {
        const char *from, *to, *word;
    } edits[] = {
        {"\"index\": 3", "\"index\": 6", "index: expected the number of an image of the test split, 0 to 5"},
        {"\"index\": 3", "\"index\": -1", "index: expected"},
        {"\"index\": 3", "\"index\": 3.0", "index: expected"},
        {"\"index\": 3", "\"index\": 99999999999999999999", "no JSON"},
        {"\"index\": 3", "\"index\": 2", "image 2: expected one answer"},
        {"\"index\": 3", "\"in\": 3", "index: expected"},
        {"\"label\": 2", "\"label\": 3", "label: expected a class, 0 to 2"},
        {"\"label\": 2", "\"label\": null", "label: expected a class"},
        {"\"again\": 0", "\"again\": 2", "again: expected 0 or 1"},
        {"\"again\": 0", "\"again\": true", "again: expected 0 or 1"},
        {"\"again\": 0", "\"again\": 1", "image 5: expected one answer"},
        {"\"seconds\": 5.5", "\"seconds\": -1", "seconds: expected"},
        {"\"seconds\": 5.5", "\"seconds\": 1e999", "no JSON"},
        {"\"image\": \"", "\"image\": \"0", "image: expected 16 hexadecimal digits"},
        {"\"fingerprint\": \"", "\"fingerprint\": \"g", "fingerprint: expected"},
        {"\"fingerprint\": \"", "\"fingerprint\": null, \"x\": \"", "fingerprint: expected"},
        {"\"split\": \"test\"", "\"split\": \"validation\"", "which a <set> does not have"},
        {"\"split\": \"test\"", "\"split\": \"tests\"", "split: expected"},
        {"\"split\": \"test\"", "\"split\": \"train\"", "of another set"},
        {"\"seed\": 7", "\"seed\": 7, \"seed\": 7", "no JSON"},
        {"\"seed\": 7", "\"seed\": -7", "seed: expected"},
        {"\"pictures\": 6", "\"pictures\": 5", "pictures: expected at least as many"},
        {"\"pictures\": 6", "\"pictures\": 7", "pictures: expected"},
        {"\"answers\": [", "\"answers\": [], \"rest\": [", "no picture is answered"},
        {"\"answers\": [", "\"answers\": {}, \"rest\": [", "answers: expected a list"},
        {"\"answers\": [", "\"answers\": [0, ", "answer 0: index"},
        {"{\"set\"", "[{\"set\"", "no JSON"},
        {"]}\n", "", "no JSON"},
        {"{", "", "no JSON"},
    };
    made m;
    make(&m, 6, 3, six, names, 1);
    char *text = answers_text(m.set, 6, six, twice);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        rgm_human h;
        rgm_error err = {0};
        char *bad = edited(text, edits[i].from, edits[i].to);
        ck_assert_msg(read_text(m.set, bad, &h, &err) == RGM_E_FORMAT, "%s: accepted", edits[i].to);
        ck_assert_msg(strstr(err.text, edits[i].word) && strstr(err.text, "answers.json"), "%s: %s", edits[i].to,
                      err.text);
        ck_assert(!h.answers);
        free(bad);
    }
    free(text);
    unmake(&m);
}
END_TEST

START_TEST(no_file) {
    made m;
    rgm_human h;
    rgm_error err = {0};
    make(&m, 2, 2, NULL, NULL, 1);
    ck_assert_int_eq(rgm_human_read(in_folder(folder, "none.json"), m.set, &h, &err), RGM_E_IO);
    ck_assert(strstr(err.text, "none.json"));
    ck_assert(rgm_human_read(folder, m.set, &h, &err) < 0);
    ck_assert_int_eq(read_text(m.set, "", &h, &err), RGM_E_FORMAT);
    ck_assert_int_eq(read_text(m.set, "[[[[[[[[[[[[", &h, &err), RGM_E_FORMAT);
    unmake(&m);
}
END_TEST

/* ---- the page ---- */

/* Without a team: pictures are made by the caller. */
static char *page_of(const rgm_dataset *set, int32_t split, int64_t count, rgm_labelling_page *page, size_t *size) {
    const rgm_labelling_ask ask = {set, split, count, 1};
    const rgm_device device = {.kernels = rgm_kernels_reference(16)};
    rgm_labelling l;
    rgm_error err = {0};
    *page = (rgm_labelling_page){
        .path = in_folder(folder, "label.html"), .next = "regimen label '<a>.h5'", .device = &device};
    ck_assert_int_eq(rgm_labelling_create(&l, &ask, &err), RGM_OK);
    ck_assert_msg(rgm_labelling_page_write(&l, page, &err) == RGM_OK, "%s", err.text);
    rgm_labelling_destroy(&l);
    return (char *)load_file(page->path, size);
}

/* As a browser takes it, the script put aside; nothing of a network in that either. */
static void check_markup(char *text) {
    char *script = strstr(text, "<script>"), *end = strstr(text, "</script>");
    ck_assert(script && end && !strstr(end + 1, "<script"));
    ck_assert(!strstr(text, "http") && !strstr(text, "fetch") && !strstr(text, "innerHTML") &&
              !strstr(text, "@import"));
    memmove(script, end + strlen("</script>"), strlen(end + strlen("</script>")) + 1);
    ck_assert_msg(!markup_fault(text), "%s", markup_fault(text));
}

static const char *const hostile[] = {"<script>", "a\"b'&", "caf\351\342\200\256\033[2J"};

START_TEST(pages) {
    made m;
    size_t size, again;
    rgm_labelling_page page;
    make(&m, 40, 3, NULL, hostile, _i);
    char *text = page_of(m.set, RGM_SPLIT_TEST, 16, &page, &size);
    char *second = page_of(m.set, RGM_SPLIT_TEST, 16, &page, &again);
    ck_assert(size == again && memcmp(text, second, size) == 0);
    ck_assert(page.pictures == 16 && page.shows == 18);
    ck_assert_int_eq(memcmp(text, RGM_LABEL_PAGE_HEAD, strlen(RGM_LABEL_PAGE_HEAD)), 0);
    ck_assert(!strstr(text, "\033") && !strstr(text, "\342\200\256") && !strchr(text, '\351'));
    ck_assert(strstr(text, "<kbd>1</kbd><span>&#60;script") && strstr(text, "data-set=\"a &#60;set"));
    ck_assert(strstr(text, "regimen label &#39;&#60;a&#62;.h5"));
    ck_assert_int_eq(markup_count(text, "<img class=\"tiny\" width=\"3\" height=\"3\" alt=\"\" src=\"data:image/png"),
                     16);
    ck_assert_int_eq(markup_count(text, "<kbd>"), 3 + 1);
    check_markup(text);
    free(text);
    free(second);
    unmake(&m);
}
END_TEST

/* Labels are nowhere on the page: with others it has the same bytes, if the images are the same. */
START_TEST(no_labels) {
    made m, other;
    size_t size, again;
    rgm_labelling_page page;
    int32_t swapped[12];
    for (int32_t i = 0; i < 12; i++) swapped[i] = (i + 1) % 3;
    make(&m, 12, 3, NULL, NULL, 1);
    make(&other, 12, 3, swapped, NULL, 1);
    char *text = page_of(m.set, RGM_SPLIT_TEST, 12, &page, &size);
    char *second = page_of(other.set, RGM_SPLIT_TEST, 12, &page, &again);
    const char *pictures = strstr(text, "<figure"), *job = strstr(text, "data-order");
    ck_assert(size == again && pictures && job && strstr(text, "<span>class 2</span>"));
    for (int32_t i = 0; i < 12; i++) { /* the same pictures, each without a word of its class */
        char tag[64];
        snprintf(tag, sizeof tag, "data-index=\"%d\"", i);
        ck_assert_int_eq(markup_count(text, tag), 1);
        const char *a = strstr(text, tag), *b = strstr(second, tag);
        ck_assert(b && strcspn(a, "\n") == strcspn(b, "\n") && memcmp(a, b, strcspn(a, "\n")) == 0);
    }
    ck_assert_str_eq(job, strstr(second, "data-order"));
    free(text);
    free(second);
    unmake(&m);
    unmake(&other);
}
END_TEST

START_TEST(many_classes) {
    made m;
    size_t size;
    rgm_labelling_page page;
    static const int32_t counts[] = {36, 37, MANY};
    make(&m, 2 * MANY, counts[_i], NULL, NULL, 3);
    char *text = page_of(m.set, RGM_SPLIT_TRAIN, 5, &page, &size);
    ck_assert_int_eq(markup_count(text, "<span>class "), counts[_i]);
    ck_assert_int_eq(strstr(text, "id=\"search\"") != NULL, _i > 0);
    ck_assert_int_eq(strstr(text, "<kbd>z</kbd><span>class 35</span>") != NULL, _i == 0);
    check_markup(text);
    free(text);
    unmake(&m);
}
END_TEST

/* Encoded pictures, one of which is damaged: it is left out, and no place of the order names it. */
START_TEST(encoded) {
    const encoded_set made_of = {.count = {9, 0, 0}, .large = _i};
    const rgm_dataset_options lenient = {.lenient = 1};
    const char *path = in_folder(folder, "encoded.h5");
    rgm_labelling_page page;
    rgm_dataset *set;
    size_t size;
    make_encoded(path, &made_of);
    ck_assert_int_eq(rgm_dataset_open(&set, path, &lenient, NULL), RGM_OK);
    char *text = page_of(set, RGM_SPLIT_TRAIN, 100, &page, &size);
    ck_assert(page.pictures == 9 && page.shows == 10);
    ck_assert_int_eq(markup_count(text, _i ? "data:image/jpeg" : "data:image/png"), 9);
    ck_assert(strstr(text, "data-order=\"0 1 2 3 4 5 6 7 8") || page.shows > page.pictures);
    check_markup(text);
    free(text);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(unreadable) {
    const rgm_device device = {.kernels = rgm_kernels_reference(16)};
    const encoded_set made_of = {.count = {9, 0, 0}, .foreign = 1};
    const rgm_dataset_options lenient = {.lenient = 1};
    char path[256];
    rgm_labelling_page page;
    rgm_dataset *set;
    rgm_error err = {0};
    size_t size;
    snprintf(path, sizeof path, "%s", in_folder(folder, "encoded.h5"));
    make_encoded(path, &made_of);
    for (int64_t i = 0; i < 9; i++) {
        flip_byte(path, encoded_offset(path, RGM_SPLIT_TRAIN, i) + 1);
        ck_assert_int_eq(rgm_dataset_open(&set, path, &lenient, &err), RGM_OK);
        if (i < 8) {
            char *text = page_of(set, RGM_SPLIT_TRAIN, 9, &page, &size);
            const char *order = strstr(text, "data-order=\"");
            ck_assert_int_eq(page.pictures, 8 - i);
            ck_assert_int_eq(markup_count(text, "<figure"), (int)(8 - i));
            int64_t shows = 1;
            for (order += 12; *order != '"'; order++) {
                shows += *order == ' ';
                ck_assert(*order == ' ' || *order - '0' < 8 - i);
            }
            ck_assert_int_eq(shows, page.shows);
            free(text);
        } else {
            rgm_labelling l;
            const rgm_labelling_ask ask = {set, RGM_SPLIT_TRAIN, 9, 1};
            page = (rgm_labelling_page){.path = in_folder(folder, "none.html"), .next = "", .device = &device};
            ck_assert_int_eq(rgm_labelling_create(&l, &ask, &err), RGM_OK);
            ck_assert_int_eq(rgm_labelling_page_write(&l, &page, &err), RGM_E_FORMAT);
            ck_assert(strstr(err.text, "none of the pictures chosen can be read"));
            rgm_labelling_destroy(&l);
        }
        rgm_dataset_close(set);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("label");
    TCase *choice = tcase_create("choice"), *answers = tcase_create("answers"), *page = tcase_create("page");
    tcase_add_test(choice, samples);
    tcase_add_test(choice, chances);
    tcase_add_test(choice, no_split);
    tcase_add_checked_fixture(answers, setup, teardown);
    tcase_add_test(answers, figures);
    tcase_add_test(answers, one_class);
    tcase_add_test(answers, other_sets);
    tcase_add_test(answers, refused);
    tcase_add_test(answers, no_file);
    tcase_add_checked_fixture(page, setup, teardown);
    tcase_add_loop_test(page, pages, 1, 6);
    tcase_add_test(page, no_labels);
    tcase_add_loop_test(page, many_classes, 0, 3);
    tcase_add_loop_test(page, encoded, 0, 2);
    tcase_add_test(page, unreadable);
    suite_add_tcase(suite, choice);
    suite_add_tcase(suite, answers);
    suite_add_tcase(suite, page);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
