#include "inspect/human.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "picture/file.h"
#include "inspect/labelling.h"

enum { FILE_BYTES = 64 << 20, DIGITS = 16 };

/* One of the file's answers. */
typedef struct given {
    int64_t index;
    uint64_t image;
    int32_t label, again;
    double seconds;
} given;

/* The file while it is read. */
typedef struct reading {
    const char *path;
    const rgm_dataset *set;
    const rgm_dataset_info *info;
    rgm_human *human;
    given *given; /* [count] */
    int64_t count;
} reading;

/* ---- values ---- */

/* Exactly 16 digits of lower case. */
static int32_t parse_hash(const json_t *value, uint64_t *hash) {
    const char *text = json_string_value(value);
    *hash = 0;
    if (!text || strspn(text, "0123456789abcdef") != DIGITS || text[DIGITS]) return 0;
    for (int32_t i = 0; i < DIGITS; i++)
        *hash = *hash << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
    return 1;
}

static rgm_status wrong(const reading *r, const char *key, const char *expected, rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT,
                    "%.300s: %s: expected %s: the file is what the page of regimen label saves, as it is", r->path, key,
                    expected);
}

static rgm_status wrong_answer(const reading *r, int64_t i, const char *key, const char *expected, rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT, "%.300s: answer %" PRId64 ": %s: expected %s", r->path, i, key, expected);
}

/* ---- what it is about ---- */

static rgm_status read_split(reading *r, const json_t *root, rgm_error *err) {
    const char *name = json_string_value(json_object_get(root, "split"));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (!name || strcmp(name, rgm_split_name(s)) != 0) continue;
        r->human->split = s;
        if (r->info->count[s]) return RGM_OK;
        return rgm_fail(err, RGM_E_FORMAT, "%.300s: its answers are of the %s split, which %.160s does not have",
                        r->path, name, r->info->path);
    }
    return wrong(r, "split", "train, test or validation", err);
}

static rgm_status check_set(const reading *r, const json_t *root, rgm_error *err) {
    uint64_t found, expected = rgm_labelling_fingerprint(r->set, r->human->split);
    const char *set = json_string_value(json_object_get(root, "set"));
    if (!parse_hash(json_object_get(root, "fingerprint"), &found))
        return wrong(r, "fingerprint", "16 hexadecimal digits", err);
    if (found == expected) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT,
                    "%.160s: its answers are of another set, %.100s (fingerprint %016" PRIx64 "; that of %.100s is "
                    "%016" PRIx64 "): give that one, or make a page of this one with regimen label",
                    r->path, set ? set : "?", found, r->info->path, expected);
}

static rgm_status read_head(reading *r, const json_t *root, rgm_error *err) {
    const json_t *seed = json_object_get(root, "seed"), *pictures = json_object_get(root, "pictures");
    RGM_TRY(read_split(r, root, err));
    RGM_TRY(check_set(r, root, err));
    if (!json_is_integer(seed) || json_integer_value(seed) < 0) return wrong(r, "seed", "a number from 0 on", err);
    if (!json_is_integer(pictures) || json_integer_value(pictures) < 1 ||
        json_integer_value(pictures) > r->info->count[r->human->split])
        return wrong(r, "pictures", "how many the page has, at most those of the split", err);
    r->human->seed = (uint64_t)json_integer_value(seed);
    r->human->pictures = json_integer_value(pictures);
    return RGM_OK;
}

/* ---- the answers ---- */

static rgm_status read_answer(const reading *r, const json_t *value, int64_t i, given *out, rgm_error *err) {
    const json_t *index = json_object_get(value, "index"), *label = json_object_get(value, "label"),
                 *again = json_object_get(value, "again"), *seconds = json_object_get(value, "seconds");
    const int64_t count = r->info->count[r->human->split], classes = r->info->classes;
    if (!json_is_integer(index) || json_integer_value(index) < 0 || json_integer_value(index) >= count)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%.300s: answer %" PRId64 ": index: expected the number of an image of the %s split, 0 to "
                        "%" PRId64,
                        r->path, i, rgm_split_name(r->human->split), count - 1);
    if (!json_is_integer(label) || json_integer_value(label) < 0 || json_integer_value(label) >= classes)
        return rgm_fail(err, RGM_E_FORMAT, "%.300s: answer %" PRId64 ": label: expected a class, 0 to %" PRId64,
                        r->path, i, classes - 1);
    if (!json_is_integer(again) || json_integer_value(again) < 0 || json_integer_value(again) > 1)
        return wrong_answer(r, i, "again", "0 or 1", err);
    if (!json_is_number(seconds) || !(json_number_value(seconds) >= 0))
        return wrong_answer(r, i, "seconds", "a number from 0 on", err);
    if (!parse_hash(json_object_get(value, "image"), &out->image))
        return wrong_answer(r, i, "image", "16 hexadecimal digits", err);
    out->index = json_integer_value(index);
    out->label = (int32_t)json_integer_value(label);
    out->again = (int32_t)json_integer_value(again);
    out->seconds = json_number_value(seconds);
    return RGM_OK;
}

static int by_index(const void *left, const void *right) {
    const given *a = left, *b = right;
    if (a->index != b->index) return a->index < b->index ? -1 : 1;
    return a->again - b->again;
}

static rgm_status read_answers(reading *r, const json_t *root, rgm_error *err) {
    const json_t *list = json_object_get(root, "answers");
    if (!json_is_array(list)) return wrong(r, "answers", "a list", err);
    r->count = (int64_t)json_array_size(list);
    if (!r->count) return rgm_fail(err, RGM_E_FORMAT, "%.300s: no picture is answered: label some first", r->path);
    r->given = malloc((size_t)r->count * sizeof *r->given);
    if (!r->given) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", r->path);
    for (int64_t i = 0; i < r->count; i++)
        RGM_TRY(read_answer(r, json_array_get(list, (size_t)i), i, &r->given[i], err));
    qsort(r->given, (size_t)r->count, sizeof *r->given, by_index);
    return RGM_OK;
}

/* First answers with the second ones beside them. */
static rgm_status pair(reading *r, rgm_error *err) {
    rgm_human *h = r->human;
    const int32_t *labels = rgm_dataset_labels(r->set, h->split);
    h->answers = malloc((size_t)r->count * sizeof *h->answers);
    if (!h->answers) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", r->path);
    for (int64_t i = 0; i < r->count; i++) {
        const given *g = &r->given[i];
        rgm_human_answer *last = h->count ? &h->answers[h->count - 1] : NULL;
        int32_t same = last && last->index == g->index;
        if (same && g->again && last->again < 0) {
            last->again = g->label;
            last->again_seconds = g->seconds;
        } else if (same || g->again) {
            return rgm_fail(err, RGM_E_FORMAT,
                            "%.300s: image %" PRId64 ": expected one answer, and at most one with again 1", r->path,
                            g->index);
        } else {
            h->answers[h->count++] = (rgm_human_answer){.index = g->index,
                                                        .truth = labels[g->index],
                                                        .label = g->label,
                                                        .again = -1,
                                                        .seconds = g->seconds,
                                                        .again_seconds = (double)NAN};
        }
    }
    if (h->count > h->pictures) return wrong(r, "pictures", "at least as many as are answered", err);
    return RGM_OK;
}

/* In the order of their numbers, which is how chunks are read. */
static rgm_status check_images(const reading *r, rgm_error *err) {
    rgm_labelling_reader reader = {0};
    rgm_status status = RGM_OK;
    for (int64_t i = 0; i < r->count && status >= 0; i++) {
        status = rgm_labelling_read(&reader, r->set, r->human->split, r->given[i].index, err);
        if (status >= 0 && reader.hash != r->given[i].image)
            status = rgm_fail(err, RGM_E_FORMAT,
                              "%.300s: image %" PRId64 " of the %s split of %.100s is not the one that was answered: "
                              "the set was made anew; label it again",
                              r->path, r->given[i].index, rgm_split_name(r->human->split), r->info->path);
    }
    rgm_labelling_reader_free(&reader);
    return status;
}

/* ---- what follows ---- */

/* J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960:
 * (po - pe) / (1 - pe), with po the share of agreement and pe what chance gives with the same shares of classes. */
static rgm_status compute_kappa(const reading *r, rgm_error *err) {
    rgm_human *h = r->human;
    int64_t *said = calloc(2 * (size_t)r->info->classes, sizeof *said), *true_ones = said + r->info->classes;
    if (!said) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", r->path);
    double n = (double)h->count, chance = 0, agree = (double)h->right.hits / n;
    for (int64_t i = 0; i < h->count; i++) {
        said[h->answers[i].label]++;
        true_ones[h->answers[i].truth]++;
    }
    for (int32_t c = 0; c < r->info->classes; c++) chance += (double)said[c] / n * ((double)true_ones[c] / n);
    h->kappa = chance < 1 ? (agree - chance) / (1 - chance) : (double)NAN;
    free(said);
    return RGM_OK;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static rgm_status compute_seconds(const reading *r, rgm_error *err) {
    rgm_human *h = r->human;
    double *list = malloc((size_t)h->count * sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", r->path);
    for (int64_t i = 0; i < h->count; i++) list[i] = h->answers[i].seconds;
    qsort(list, (size_t)h->count, sizeof *list, ascending);
    h->seconds = h->count % 2 ? list[h->count / 2] : (list[h->count / 2 - 1] / 2 + list[h->count / 2] / 2);
    free(list);
    return RGM_OK;
}

static rgm_status compute(const reading *r, rgm_error *err) {
    rgm_human *h = r->human;
    int64_t right = 0, again = 0, same = 0;
    for (int64_t i = 0; i < h->count; i++) {
        const rgm_human_answer *a = &h->answers[i];
        right += a->label == a->truth;
        again += a->again >= 0;
        same += a->again == a->label;
    }
    h->right = rgm_share_of(right, h->count);
    h->same = rgm_share_of(same, again);
    RGM_TRY(compute_kappa(r, err));
    return compute_seconds(r, err);
}

static rgm_status read_object(reading *r, const json_t *root, rgm_error *err) {
    if (!json_is_object(root)) return wrong(r, "answers", "an object with a list of them", err);
    RGM_TRY(read_head(r, root, err));
    RGM_TRY(read_answers(r, root, err));
    RGM_TRY(pair(r, err));
    RGM_TRY(check_images(r, err));
    return compute(r, err);
}

static rgm_status parse(const reading *r, const rgm_picture_file *file, json_t **root, rgm_error *err) {
    json_error_t where;
    *root = json_loadb((const char *)file->bytes, file->size, JSON_REJECT_DUPLICATES, &where);
    if (*root) return RGM_OK;
    if (json_error_code(&where) == json_error_out_of_memory)
        return rgm_fail(err, RGM_E_NOMEM, "%.300s: out of memory", r->path);
    return rgm_fail(err, RGM_E_FORMAT, "%.300s:%d: no JSON: %.120s", r->path, where.line, where.text);
}

rgm_status rgm_human_read(const char *path, const rgm_dataset *set, rgm_human *human, rgm_error *err) {
    const rgm_picture_part part = {.largest = FILE_BYTES};
    reading r = {.path = path, .set = set, .info = rgm_dataset_describe(set), .human = human};
    rgm_picture_file file = {0};
    json_t *root = NULL;
    *human = (rgm_human){.kappa = (double)NAN};
    rgm_status status = rgm_picture_file_read(&file, path, &part, err);
    if (status < 0)
        rgm_fail_in(err, "%.300s", path);
    else
        status = parse(&r, &file, &root, err);
    if (status >= 0) status = read_object(&r, root, err);
    json_decref(root);
    rgm_picture_file_free(&file);
    free(r.given);
    if (status < 0) rgm_human_free(human);
    return status;
}

void rgm_human_free(rgm_human *human) {
    free(human->answers);
    human->answers = NULL;
    human->count = 0;
}
