/* What a model says of a set (inspect/): margins, figures against naive ones, how many label errors there are, folds,
 * neighbours; what several networks say together; and networks of folds on planted errors, and their repeats. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/rng.h"
#include "inspect/folds.h"
#include "inspect/inspect.h"
#include "inspect/label_errors.h"
#include "inspect/losses.h"
#include "inspect/pooled.h"
#include "inspect/said.h"
#include "inspect/says.h"

enum { CLASSES = 4, SIDE = 8, PIXELS = SIDE * SIDE };

static const rgm_rng rng = {.seed = 11, .stream = RGM_STREAM(RGM_STREAM_TEST, 77)};

/* In [0, 1), number i of a sequence. */
static double draw(uint64_t i) { return (double)(rgm_rng_permute(&rng, 1u << 30, i)) / (1u << 30); }

/* ---- a set in memory: stripes either way, a chessboard or nothing, with noise ---- */

typedef struct planted {
    uint8_t *pixels[2];
    int32_t *labels[2], *truth;
    rgm_dataset *set;
    int64_t train, test;
} planted;

static void paint(uint8_t *image, int32_t class, uint64_t key) {
    for (int32_t i = 0; i < PIXELS; i++) {
        const int32_t x = i % SIDE, y = i / SIDE, on[CLASSES] = {x & 1, y & 1, (x ^ y) & 1, 0};
        image[i] = (uint8_t)(60 + 110 * on[class] + (int32_t)(80 * draw(key * PIXELS + (uint64_t)i)));
    }
}

static void plant(planted *p, int64_t train, int64_t test, int64_t every) {
    const int64_t counts[2] = {train, test};
    rgm_error err = {0};
    *p = (planted){.train = train, .test = test, .truth = malloc((size_t)train * sizeof *p->truth)};
    for (int32_t s = 0; s < 2; s++) {
        p->pixels[s] = malloc((size_t)(counts[s] + 1) * PIXELS);
        p->labels[s] = malloc((size_t)(counts[s] + 1) * sizeof *p->labels[s]);
        for (int64_t i = 0; i < counts[s]; i++) {
            int32_t class = (int32_t)(i % CLASSES);
            paint(p->pixels[s] + i * PIXELS, class, (uint64_t)(i + 100000 * s));
            p->labels[s][i] = class;
            if (s == 0) p->truth[i] = class;
            if (s == 0 && every && i % every == 7) p->labels[s][i] = (class + 1 + (int32_t)(i / every) % 3) % CLASSES;
        }
    }
    const rgm_dataset_memory memory = {.H = SIDE,
                                       .W = SIDE,
                                       .C = 1,
                                       .classes = CLASSES,
                                       .count = {train, test},
                                       .images = {p->pixels[0], p->pixels[1]},
                                       .labels = {p->labels[0], p->labels[1]}};
    ck_assert_msg(rgm_dataset_from_memory(&p->set, &memory, &err) == RGM_OK, "%s", err.text);
}

static void free_planted(planted *p) {
    rgm_dataset_close(p->set);
    for (int32_t s = 0; s < 2; s++) {
        free(p->pixels[s]);
        free(p->labels[s]);
    }
    free(p->truth);
}

/* ---- what is said ---- */

START_TEST(test_take) {
    planted p;
    rgm_said_all said;
    plant(&p, 12, 6, 0);
    ck_assert_int_eq(rgm_said_create(&said, p.set, NULL), RGM_OK);
    ck_assert_int_eq(said.count, 18);
    /* the model has one class more, and others in another order */
    union {
        rgm_class_map map;
        int32_t room[1 + CLASSES];
    } turned = {.map.classes = CLASSES + 1};
    const int32_t to[CLASSES] = {4, 0, 1, 3};
    memcpy(turned.map.to, to, sizeof to);
    const uint32_t indices[] = {5, 2};
    const rgm_view view = {.set = p.set, .split = RGM_SPLIT_TEST, .indices = indices, .count = 2, .map = &turned.map};
    const float answers[2][CLASSES + 1] = {{0.1f, 0.2f, 0.5f, 0.05f, 0.15f}, {0.3f, 0.3f, 0, 0.3f, 0.1f}};
    rgm_said_view take = {.said = &said, .view = &view, .part = RGM_SPLIT_VALIDATION};
    const rgm_answers_batch batch = {.count = 2, .classes = CLASSES + 1, .probabilities = answers[0]};
    ck_assert_int_eq(rgm_said_take(&take, &batch, NULL), RGM_OK);
    const rgm_said *five = &said.list[12 + 5], *two = &said.list[12 + 2]; /* labels 1 and 2 */
    ck_assert(five->given == 0.1f && five->other == 0.2f && five->class == 2 && five->part == RGM_SPLIT_VALIDATION);
    ck_assert_int_eq(rgm_said_predicted(five, 1), 2);
    ck_assert_double_eq_tol(rgm_said_margin(five), log(0.5), 1e-6);
    ck_assert(two->given == 0.3f && two->other == 0.3f && two->class == 1); /* of equals the first, and the label */
    ck_assert_int_eq(rgm_said_predicted(two, 2), 2);
    for (int64_t i = 0; i < said.count; i++) ck_assert_int_eq(said.list[i].part == RGM_PART_NONE, i != 17 && i != 14);
    rgm_said_free(&said);
    free_planted(&p);
}
END_TEST

/* ---- what several say ---- */

enum { MANY = 40, NETWORKS = 3, ASKED = 12 };

/* Random probabilities of a network for an image. */
static void answer(float *p, int32_t classes, int32_t network, int32_t image) {
    double q[MANY], sum = 0;
    for (int32_t c = 0; c < classes; c++)
        sum += q[c] = exp(9 * draw((uint64_t)(((network + 1) * 1000 + image) * MANY + c)));
    for (int32_t c = 0; c < classes; c++) p[c] = (float)(q[c] / sum);
}

static void hear(rgm_pooled *pooled, const rgm_dataset *set, int32_t classes, int32_t networks) {
    float p[ASKED][MANY];
    uint32_t indices[ASKED];
    for (int32_t k = 0; k < networks; k++) {
        rgm_view view = {.set = set, .split = RGM_SPLIT_TRAIN, .indices = indices};
        for (int32_t i = 0; i < ASKED; i++) /* the third network is not asked about the last image */
            if (k < 2 || i < ASKED - 1) indices[view.count++] = (uint32_t)i;
        rgm_pooled_view take = {.pooled = pooled, .view = &view, .part = RGM_SPLIT_TEST};
        for (int32_t first = 0; first < view.count; first += 5) { /* batches of five */
            int32_t count = (int32_t)view.count - first < 5 ? (int32_t)view.count - first : 5;
            for (int32_t i = 0; i < count; i++) answer(p[0] + i * classes, classes, k, first + i);
            const rgm_answers_batch batch = {.first = first, .count = count, .classes = classes, .probabilities = p[0]};
            ck_assert_int_eq(rgm_pooled_take(&take, &batch, NULL), RGM_OK);
        }
    }
}

/* By the definition, over all classes; those that are out of reach of an image are not proposed. */
static rgm_said pool_plainly(int32_t classes, int32_t networks, int32_t image, int32_t label) {
    double mean[MANY] = {0}, sum = 0, rest = 0;
    int32_t place[MANY];
    float p[MANY];
    rgm_said said = {.class = -1, .part = RGM_SPLIT_TEST};
    answer(p, classes, 0, image);
    for (int32_t c = 0; c < classes; c++) {
        place[c] = c != label;
        for (int32_t other = 0; other < classes; other++)
            place[c] += c != label && other != label && (p[other] > p[c] || (p[other] == p[c] && other < c));
    }
    for (int32_t k = 0; k < networks; k++) {
        double left = 0;
        answer(p, classes, k, image);
        for (int32_t c = 0; c < classes; c++) {
            if (place[c] < RGM_POOLED_CLASSES)
                mean[c] += log((double)p[c]) / networks;
            else
                left += (double)p[c];
        }
        if (classes > RGM_POOLED_CLASSES) rest += log(left) / networks;
    }
    for (int32_t c = 0; c < classes; c++)
        if (place[c] < RGM_POOLED_CLASSES) sum += exp(mean[c]);
    if (classes > RGM_POOLED_CLASSES) sum += exp(rest);
    said.given = (float)(exp(mean[label]) / sum);
    for (int32_t c = 0; c < classes; c++) {
        float q = (float)(exp(mean[c]) / sum);
        if (c == label || place[c] >= RGM_POOLED_CLASSES || (said.class >= 0 && q <= said.other)) continue;
        said.other = q;
        said.class = c;
    }
    return said;
}

START_TEST(test_pooled) {
    static const int32_t many[] = {2, CLASSES, RGM_POOLED_CLASSES, MANY};
    static uint8_t pixels[ASKED + 1];
    for (size_t m = 0; m < sizeof many / sizeof *many; m++) {
        int32_t labels[ASKED + 1];
        rgm_dataset *set;
        rgm_pooled pooled;
        rgm_said_all said;
        rgm_error err = {0};
        for (int32_t i = 0; i <= ASKED; i++) labels[i] = i * 7 % many[m];
        const rgm_dataset_memory memory = {
            .H = 1, .W = 1, .C = 1, .classes = many[m], .count = {ASKED + 1}, .images = {pixels}, .labels = {labels}};
        ck_assert_msg(rgm_dataset_from_memory(&set, &memory, &err) == RGM_OK, "%s", err.text);
        ck_assert_int_eq(rgm_said_create(&said, set, NULL), RGM_OK);
        ck_assert_int_eq(rgm_pooled_create(&pooled, &said, many[m], NULL), RGM_OK);
        hear(&pooled, set, many[m], NETWORKS);
        rgm_pooled_say(&pooled, &said);
        for (int32_t i = 0; i < ASKED; i++) {
            const rgm_said *s = &said.list[i], want = pool_plainly(many[m], i < ASKED - 1 ? 3 : 2, i, labels[i]);
            ck_assert_int_eq(s->class, want.class);
            ck_assert_int_eq(s->part, want.part);
            ck_assert_double_eq_tol(log((double)s->given), log((double)want.given), 1e-4);
            ck_assert_double_eq_tol(log((double)s->other), log((double)want.other), 1e-4);
        }
        ck_assert_int_eq(said.list[ASKED].part, RGM_PART_NONE); /* nobody was asked */
        rgm_pooled_free(&pooled);
        rgm_said_free(&said);
        rgm_dataset_close(set);
    }
}
END_TEST

/* Random answers for a split: the label gets u, another class a part of the rest. */
static void say_random(const planted *p, rgm_said_all *said, int32_t part) {
    ck_assert_int_eq(rgm_said_create(said, p->set, NULL), RGM_OK);
    for (int64_t i = 0; i < p->train; i++) {
        if (i % 9 == 4) continue;
        float given = (float)draw((uint64_t)(3 * i)), other = (1 - given) * (float)draw((uint64_t)(3 * i + 1));
        int32_t class = (p->labels[0][i] + 1 + (int32_t)(3 * draw((uint64_t)(3 * i + 2)))) % CLASSES;
        said->list[i] = (rgm_said){.given = given, .other = other, .class = class, .part = part};
    }
}

START_TEST(test_figures) {
    planted p;
    rgm_said_all said;
    rgm_inspection_model *model = calloc(1, sizeof *model);
    plant(&p, 500, 4, 0);
    say_random(&p, &said, 0);
    model->classes = CLASSES;
    ck_assert_int_eq(rgm_says_part(model, 0, &said, p.set, NULL), RGM_OK);
    const rgm_judged *j = &model->parts[0];
    int64_t confusion[CLASSES][CLASSES] = {0}, right = 0, n = 0, bins[RGM_SAYS_BINS] = {0};
    double loss = 0, ece = 0, sums[RGM_SAYS_BINS] = {0}, hits[RGM_SAYS_BINS] = {0};
    for (int64_t i = 0; i < p.train; i++) {
        const rgm_said *s = &said.list[i];
        if (s->part < 0) continue;
        int32_t label = p.labels[0][i], predicted = s->other > s->given ? s->class : label;
        double confidence = fmax((double)s->given, (double)s->other);
        int32_t bin = 0;
        while (bin < RGM_SAYS_BINS - 1 && confidence * RGM_SAYS_BINS > bin + 1) bin++;
        confusion[label][predicted]++;
        right += predicted == label;
        n++;
        loss -= log((double)s->given);
        bins[bin]++;
        sums[bin] += confidence;
        hits[bin] += predicted == label;
    }
    for (int32_t b = 0; b < RGM_SAYS_BINS; b++) ece += fabs(hits[b] - sums[b]) / (double)n;
    ck_assert_int_eq(j->images, n);
    ck_assert_int_eq(j->hits.hits, right);
    ck_assert_double_eq_tol(j->loss, loss / (double)n, 1e-9);
    ck_assert_double_eq_tol(j->ece, ece, 1e-9);
    ck_assert(j->ece_low < ece && ece < j->ece_high);
    for (int32_t a = 0; a < CLASSES; a++) {
        int64_t given = 0, predicted = 0;
        for (int32_t b = 0; b < CLASSES; b++) {
            ck_assert_int_eq(j->confusion[a * CLASSES + b], confusion[a][b]);
            given += confusion[a][b];
            predicted += confusion[b][a];
        }
        ck_assert(j->recall[a].hits == confusion[a][a] && j->recall[a].n == given);
        ck_assert(j->precision[a].hits == confusion[a][a] && j->precision[a].n == predicted);
    }
    ck_assert_int_eq(j->confused_count, CLASSES * (CLASSES - 1));
    for (int32_t i = 0; i < j->confused_count; i++) {
        ck_assert_int_eq(j->confused[i].count, confusion[j->confused[i].given][j->confused[i].predicted]);
        ck_assert(i == 0 || j->confused[i].count <= j->confused[i - 1].count);
    }
    rgm_said_free(&said);
    rgm_inspection_model_free(model);
    free_planted(&p);
}
END_TEST

/* ---- how many, and which ---- */

/* Answers that are right as often as they say, sharpened by 1 / T, of which a share of labels is wrong. */
static int64_t simulate(rgm_said *said, int64_t count, double noise, double T) {
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        double u = draw((uint64_t)(5 * i)), top = 1 - 0.5 * pow(u, 6), rest = (1 - top) / (CLASSES - 1), sharp[2];
        int32_t error = draw((uint64_t)(5 * i + 1))<noise, second = draw((uint64_t)(5 * i + 2))> top;
        double sum = pow(top, 1 / T) + (CLASSES - 1) * pow(rest, 1 / T);
        sharp[0] = pow(top, 1 / T) / sum;
        sharp[1] = pow(rest, 1 / T) / sum;
        /* the label is the likeliest class, unless it is an error, or one of the others by right */
        int32_t likeliest = !second && !error;
        said[i] = (rgm_said){.given = (float)sharp[!likeliest], .other = (float)sharp[likeliest], .class = 1};
        wrong += error;
    }
    return wrong;
}

START_TEST(test_how_many) {
    enum { COUNT = 20000 };
    static const double shares[] = {0, 0.005, 0.01, 0.05, 0.2};
    rgm_said *said = malloc(COUNT * sizeof *said);
    for (size_t k = 0; k < sizeof shares / sizeof *shares; k++)
        for (double T = 0.5; T <= 1; T *= 2) {
            int64_t wrong = simulate(said, COUNT, shares[k], T);
            double found = rgm_label_errors_estimate(said, COUNT, 0, CLASSES);
            ck_assert_msg(found < 1.4 * (double)wrong + 0.004 * COUNT && found > 0.5 * (double)wrong - 0.004 * COUNT,
                          "%" PRId64 " errors at T %g: %g are told", wrong, T, found);
        }
    for (int64_t i = 0; i < COUNT; i++) said[i] = (rgm_said){.given = 0.999f, .other = 0.001f, .class = 1};
    ck_assert_double_lt(rgm_label_errors_estimate(said, COUNT, 0, CLASSES), 0.5); /* a clean set: none */
    ck_assert_double_eq(rgm_label_errors_estimate(said, COUNT, 1, CLASSES), 0);
    ck_assert_double_eq(rgm_label_errors_estimate(said, 0, 0, CLASSES), 0);
    said[0] = (rgm_said){.given = 0, .other = 1, .class = 1}; /* one image */
    ck_assert(isfinite(rgm_label_errors_estimate(said, 1, 0, 2)));
    free(said);
}
END_TEST

START_TEST(test_rank) {
    planted p;
    rgm_said_all said;
    int64_t indices[600], found, negative = 0;
    plant(&p, 500, 4, 0);
    say_random(&p, &said, 0);
    said.list[40] = said.list[20] = (rgm_said){.given = 0, .other = 1, .class = 0}; /* equals */
    const rgm_label_ranking ranking = {said.list, p.train, 0, 600};
    ck_assert_int_eq(rgm_label_errors_rank(&ranking, indices, &found, NULL), RGM_OK);
    for (int64_t i = 0; i < p.train; i++) negative += said.list[i].part == 0 && said.list[i].other > said.list[i].given;
    ck_assert_int_eq(found, negative);
    ck_assert(indices[0] == 20 && indices[1] == 40);
    for (int64_t i = 1; i < found; i++)
        ck_assert(rgm_said_margin(&said.list[indices[i]]) >= rgm_said_margin(&said.list[indices[i - 1]]));
    const rgm_label_ranking few = {said.list, p.train, 0, 3};
    int64_t first[3];
    ck_assert_int_eq(rgm_label_errors_rank(&few, first, &found, NULL), RGM_OK);
    ck_assert(found == 3 && memcmp(first, indices, sizeof first) == 0);
    rgm_said_free(&said);
    free_planted(&p);
}
END_TEST

/* ---- folds ---- */

START_TEST(test_deal) {
    enum { COUNT = 403 };
    planted p;
    static rgm_config config;
    int64_t group[COUNT + 4];
    uint8_t broken[COUNT + 4] = {[17] = 1, [400] = 1};
    int8_t fold[COUNT], again[COUNT], other[COUNT];
    plant(&p, COUNT, 4, 0);
    for (int64_t i = 0; i < COUNT + 4; i++) group[i] = i % 20 == 3 && i >= 20 && i < COUNT ? 3 : i;
    group[17] = 16;
    group[18] = 17; /* whose first is broken */
    config.seed = 5;
    for (int32_t folds = 2; folds <= RGM_FOLDS_MOST; folds += 3) {
        rgm_folds f = {.set = p.set, .config = &config, .folds = folds, .group = group, .broken = broken};
        ck_assert_int_eq(rgm_folds_deal(&f, 0, fold, NULL), RGM_OK);
        ck_assert_int_eq(rgm_folds_deal(&f, 0, again, NULL), RGM_OK);
        ck_assert(memcmp(fold, again, sizeof fold) == 0);
        config.seed = 6;
        ck_assert_int_eq(rgm_folds_deal(&f, 0, other, NULL), RGM_OK);
        ck_assert(memcmp(fold, other, sizeof fold) != 0);
        config.seed = 5;
        ck_assert_int_eq(rgm_folds_deal(&f, 1, other, NULL), RGM_OK); /* another repeat deals anew */
        ck_assert(memcmp(fold, other, sizeof fold) != 0);
        int64_t members[CLASSES][RGM_FOLDS_MOST] = {0};
        for (int64_t i = 0; i < COUNT; i++) {
            ck_assert_int_eq(fold[i], broken[i] ? RGM_PART_NONE : fold[broken[group[i]] ? i : group[i]]);
            if (!broken[i]) members[p.labels[0][i]][fold[i]]++;
        }
        for (int32_t c = 0; c < CLASSES - 1; c++) /* the last class has the large group */
            for (int32_t k = 1; k < folds; k++) ck_assert_int_le(llabs(members[c][k] - members[c][0]), 1);
    }
    free_planted(&p);
    plant(&p, 3, 1, 0);
    rgm_error err = {0};
    rgm_folds f = {.set = p.set, .config = &config, .folds = 4, .broken = broken};
    ck_assert_int_eq(rgm_folds_deal(&f, 0, fold, &err), RGM_E_USAGE);
    ck_assert(strstr(err.text, "each fold needs a training image") != NULL);
    free_planted(&p);
}
END_TEST

/* ---- all of it, in a process of its own: it has a team ---- */

/* What the parent looks at. */
typedef struct outcome {
    int32_t status, folds;
    int64_t reported, wrong, test_reported, unjudged, losses;
    double accuracy, ece;
    uint64_t hash; /* of all findings and losses */
    char text[RGM_ERROR_TEXT];
} outcome;

static void add_hash(uint64_t *hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) *hash = (*hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
}

static void look(outcome *o, const rgm_inspection *in, const planted *p) {
    const rgm_inspection_model *m = in->model;
    o->reported = m->parts[0].reported;
    o->test_reported = m->parts[1].reported;
    o->accuracy = (double)m->parts[0].hits.hits / (double)m->parts[0].hits.n;
    o->ece = m->parts[0].ece;
    o->unjudged = m->unjudged;
    o->losses = m->losses_count;
    for (int64_t i = 0; i < in->findings.count; i++) {
        const rgm_finding *f = &in->findings.list[i];
        if (f->kind != RGM_FIND_LABEL_ERROR) continue;
        o->wrong += f->split == 0 && p->truth[f->index] != p->labels[0][f->index] && f->proposed == p->truth[f->index];
        add_hash(&o->hash, &f->index, sizeof f->index);
        add_hash(&o->hash, &f->score, sizeof f->score);
    }
    for (int32_t i = 0; i < m->losses_count; i++) {
        add_hash(&o->hash, &m->losses[i].index, sizeof m->losses[i].index);
        add_hash(&o->hash, &m->losses[i].nearest, sizeof m->losses[i].nearest);
        add_hash(&o->hash, &m->losses[i].distance, sizeof m->losses[i].distance);
    }
}

static rgm_status inspect(outcome *o, const planted *p, int32_t threads, const rgm_folds_wish *wish, rgm_error *err) {
    static rgm_config config;
    rgm_device *device;
    rgm_inspection in;
    RGM_TRY(rgm_folds_config(&config, p->set, wish, err));
    config.threads = threads;
    config.pin = RGM_PIN_OFF;
    RGM_TRY(rgm_device_configure(&device, &config, 0, err));
    const rgm_inspect_options options = {.set = p->set, .device = device, .folds = wish->folds, .config = &config};
    rgm_status status = rgm_inspect(&options, &in, err);
    if (status >= 0) look(o, &in, p);
    rgm_inspection_free(&in);
    rgm_device_destroy(device);
    return status;
}

static outcome inspect_apart(const planted *p, int32_t threads, const rgm_folds_wish *wish) {
    int ends[2];
    outcome o = {.hash = 14695981039346656037u};
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        rgm_error err = {0};
        o.status = inspect(&o, p, threads, wish, &err);
        memcpy(o.text, err.text, sizeof o.text);
        _exit(write(ends[1], &o, sizeof o) != (ssize_t)sizeof o);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &o, sizeof o), (ssize_t)sizeof o);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return o;
}

START_TEST(test_planted) {
    static const rgm_folds_wish wish = {.epochs = 10, .folds = 3, .seed = 1};
    planted p;
    plant(&p, 1020, 60, 51); /* 20 errors: 2 % */
    outcome one = inspect_apart(&p, 1, &wish), three = inspect_apart(&p, 3, &wish);
    ck_assert_msg(one.status == RGM_OK, "%s", one.text);
    ck_assert_double_gt(one.accuracy, 0.95);
    ck_assert_msg(one.reported >= 10 && one.reported <= 22, "%" PRId64 " errors are told, at accuracy %g", one.reported,
                  one.accuracy);
    ck_assert_msg(one.wrong * 10 >= one.reported * 9, "%" PRId64 " of %" PRId64 " are errors", one.wrong, one.reported);
    ck_assert_int_eq(one.test_reported, 0);
    ck_assert_int_eq(one.unjudged, 0);
    ck_assert_int_eq(one.losses, RGM_SAYS_LOSSES);
    ck_assert(one.hash == three.hash);
    free_planted(&p);
    plant(&p, 600, 0, 0); /* a clean set */
    one = inspect_apart(&p, 2, &wish);
    ck_assert_msg(one.status == RGM_OK, "%s", one.text);
    ck_assert_int_eq(one.reported, 0);
    free_planted(&p);
}
END_TEST

/* A class with one image is known to no network that is asked about it. */
START_TEST(test_few) {
    static const rgm_folds_wish wish = {.model = "linear", .epochs = 2, .folds = 2, .seed = 1};
    planted p;
    plant(&p, 5, 1, 0);
    outcome o = inspect_apart(&p, 2, &wish);
    ck_assert_msg(o.status == RGM_OK, "%s", o.text);
    ck_assert_int_eq(o.unjudged, 3);
    ck_assert_int_eq(o.reported, 0);
    free_planted(&p);
}
END_TEST

/* ---- repeats, in a process of their own ---- */

enum { REPEATED = 120, LABELS_WRONG = 10 };

/* What a child says of the training split, and what it was told meanwhile. */
typedef struct repeated {
    int32_t status, trainings;
    char last[48];
    rgm_said said[REPEATED];
} repeated;

static void on_begin(void *context, const char *what, int64_t total) {
    repeated *r = context;
    (void)total;
    r->trainings++;
    snprintf(r->last, sizeof r->last, "%s", what);
}

static rgm_status say_repeated(repeated *r, const planted *p, int32_t threads, int32_t repeats, uint64_t seed,
                               rgm_error *err) {
    static rgm_config config;
    static const uint8_t broken[REPEATED + 4];
    const rgm_folds_wish wish = {.model = "linear", .epochs = 3, .folds = 2, .seed = seed};
    rgm_device *device;
    rgm_said_all said;
    RGM_TRY(rgm_folds_config(&config, p->set, &wish, err));
    config.threads = threads;
    config.pin = RGM_PIN_OFF;
    RGM_TRY(rgm_device_configure(&device, &config, 0, err));
    const rgm_folds folds = {.set = p->set,
                             .device = device,
                             .config = &config,
                             .folds = 2,
                             .repeats = repeats,
                             .broken = broken,
                             .begin = on_begin,
                             .context = r};
    RGM_TRY(rgm_said_create(&said, p->set, err));
    rgm_status status = rgm_folds_say(&folds, &said, err);
    memcpy(r->said, said.list, sizeof r->said);
    rgm_said_free(&said);
    rgm_device_destroy(device);
    return status;
}

static repeated repeat_apart(const planted *p, int32_t threads, int32_t repeats, uint64_t seed) {
    FILE *file = tmpfile(); /* a pipe holds less */
    repeated r = {0};
    int state;
    ck_assert_ptr_nonnull(file);
    pid_t child = fork();
    if (child == 0) {
        r.status = say_repeated(&r, p, threads, repeats, seed, NULL);
        _exit(fwrite(&r, sizeof r, 1, file) != 1 || fflush(file) != 0);
    }
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    rewind(file);
    ck_assert_int_eq(fread(&r, sizeof r, 1, file), 1);
    fclose(file);
    ck_assert_int_eq(r.status, RGM_OK);
    return r;
}

/* The margin of repeats is the mean of theirs where all propose the same class, and never below it. */
START_TEST(test_repeats) {
    planted p;
    int32_t same = 0, apart = 0;
    plant(&p, REPEATED, 4, REPEATED / LABELS_WRONG);
    const repeated both = repeat_apart(&p, 1, 2, 9), threads = repeat_apart(&p, 3, 2, 9),
                   first = repeat_apart(&p, 1, 1, 9), second = repeat_apart(&p, 1, 1, 9 + (1ull << 32));
    ck_assert_int_eq(first.trainings, 2);
    ck_assert_int_eq(both.trainings, 4);
    ck_assert_str_eq(both.last, "training 4 of 4");
    ck_assert(memcmp(both.said, threads.said, sizeof both.said) == 0);
    for (int32_t i = 0; i < REPEATED; i++) {
        const rgm_said *a = &first.said[i], *b = &second.said[i], *ab = &both.said[i];
        double mean = (rgm_said_margin(a) + rgm_said_margin(b)) / 2;
        ck_assert_int_eq(ab->part, RGM_SPLIT_TRAIN);
        ck_assert_double_ge(rgm_said_margin(ab), mean - 1e-4);
        apart += fabs(rgm_said_margin(a) - rgm_said_margin(b)) > 0.01;
        if (a->class != b->class) continue;
        ck_assert_int_eq(ab->class, a->class);
        ck_assert_double_eq_tol(rgm_said_margin(ab), mean, 1e-4);
        same++;
    }
    ck_assert_int_gt(same, REPEATED / 4);
    ck_assert_int_gt(apart, REPEATED / 2); /* two networks, not one twice */
    free_planted(&p);
}
END_TEST

int main(void) {
    Suite *s = suite_create("label errors");
    TCase *c = tcase_create("label errors");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, test_take);
    tcase_add_test(c, test_pooled);
    tcase_add_test(c, test_figures);
    tcase_add_test(c, test_how_many);
    tcase_add_test(c, test_rank);
    tcase_add_test(c, test_deal);
    tcase_add_test(c, test_planted);
    tcase_add_test(c, test_few);
    tcase_add_test(c, test_repeats);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
