#define _GNU_SOURCE
#include "report/history.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"

/* LINE: no event of ours is longer. ASKED: lines between two questions whether to stop. */
enum { LINE = 32768, ASKED = 8192 };
#define LAST_STEP 9007199254740992.0 /* 2^53: steps are exact as doubles */

/* An event, as far as it is a number or a text that is known here. */
typedef struct event {
    double step, epoch, loss, accuracy, rate, norm, pace, low, high, images, seconds, best, resumed, parameters,
        threads;
    char kind[16], split[16], cause[16], reason[RGM_HISTORY_TEXT], model[RGM_HISTORY_TEXT], isa[RGM_HISTORY_TEXT];
} event;

static const struct {
    const char *key;
    size_t at;
} numbers[] = {{"step", offsetof(event, step)},
               {"epoch", offsetof(event, epoch)},
               {"loss", offsetof(event, loss)},
               {"accuracy", offsetof(event, accuracy)},
               {"lr", offsetof(event, rate)},
               {"grad_norm", offsetof(event, norm)},
               {"images_per_s", offsetof(event, pace)},
               {"accuracy_low", offsetof(event, low)},
               {"accuracy_high", offsetof(event, high)},
               {"images", offsetof(event, images)},
               {"seconds", offsetof(event, seconds)},
               {"best", offsetof(event, best)},
               {"resumed", offsetof(event, resumed)},
               {"parameters", offsetof(event, parameters)},
               {"threads", offsetof(event, threads)}};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static const struct {
    const char *key;
    size_t at, size;
} texts[] = {{"event", offsetof(event, kind), sizeof((event *)0)->kind},
             {"split", offsetof(event, split), sizeof((event *)0)->split},
             {"reason", offsetof(event, reason), RGM_HISTORY_TEXT},
             {"cause", offsetof(event, cause), sizeof((event *)0)->cause},
             {"model", offsetof(event, model), RGM_HISTORY_TEXT},
             {"isa", offsetof(event, isa), RGM_HISTORY_TEXT}};
enum { TEXTS = sizeof texts / sizeof *texts };

static void set_number(event *e, const char *key, size_t length, double value) {
    for (size_t i = 0; i < NUMBERS; i++)
        if (!strncmp(numbers[i].key, key, length) && !numbers[i].key[length]) {
            *(double *)((char *)e + numbers[i].at) = value;
            return;
        }
}

static void clear(event *e) {
    for (size_t i = 0; i < NUMBERS; i++) *(double *)((char *)e + numbers[i].at) = NAN;
    for (size_t i = 0; i < TEXTS; i++) *((char *)e + texts[i].at) = 0;
}

/* ---- a line ---- */

/* The number at `s`, within an ulp: strtod() takes half of the time of a file with millions of lines. Others than plain
 * decimals of up to 19 digits are left to it. */
static double number_at(const char *s, const char **end) {
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10,
                                  1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21};
    const char *c = s + (*s == '-');
    uint64_t digits = 0;
    int32_t count = 0, behind = 0, point = 0;
    for (; (*c >= '0' && *c <= '9') || (*c == '.' && !point); c++) {
        if (*c == '.') {
            point = 1;
            continue;
        }
        digits = 10 * digits + (uint64_t)(*c - '0');
        count += digits > 0;
        behind += point;
    }
    if (count > 19 || behind > 21 || *c == 'e' || *c == 'E') {
        char *stop;
        double value = strtod(s, &stop);
        *end = stop;
        return value;
    }
    *end = c;
    return (*s == '-' ? -1 : 1) * ((double)digits / tens[behind]);
}

/* The event "step" as rgm_record_step() writes it, of which there may be millions; 0: it is another line. */
static int32_t take_step(event *e, const char *line) {
    static const char head[] = "{\"event\": \"step\"";
    if (strncmp(line, head, sizeof head - 1) != 0) return 0;
    strcpy(e->kind, "step");
    for (const char *s = line + sizeof head - 1; strncmp(s, ", \"", 3) == 0;) {
        const char *key = s + 3, *end = strchr(key, '"');
        if (!end || strncmp(end, "\": ", 3) != 0) return 0;
        if (end[3] == 'n') {
            if (strncmp(end + 3, "null", 4) != 0) return 0;
            s = end + 7;
        } else {
            if (!strchr("-0123456789", end[3])) return 0;
            set_number(e, key, (size_t)(end - key), number_at(end + 3, &s));
        }
        if (*s == '}') return strspn(s + 1, "\r\n") == strlen(s + 1);
    }
    return 0;
}

static int32_t take_any(event *e, const char *line) {
    json_t *object = json_loads(line, JSON_DECODE_INT_AS_REAL, NULL);
    clear(e);
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = json_string_value(json_object_get(object, texts[i].key));
        if (text) rgm_text_add((char *)e + texts[i].at, texts[i].size, text);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        json_t *number = json_object_get(object, numbers[i].key);
        if (json_is_number(number)) *(double *)((char *)e + numbers[i].at) = json_number_value(number);
    }
    int32_t is_event = json_is_object(object) && e->kind[0];
    json_decref(object);
    return is_event;
}

/* ---- what events say ---- */

static int32_t whole(double value, int32_t fallback) {
    return value >= 0 && value <= INT32_MAX ? (int32_t)value : fallback;
}

static void mark(rgm_history_marks *m, int64_t step) {
    if (!m->each) m->each = 1;
    if (m->total++ % m->each) return;
    if (m->count == RGM_HISTORY_MARKS) {
        for (int32_t i = 0; i < RGM_HISTORY_MARKS / 2; i++) m->steps[i] = m->steps[2 * i];
        m->count /= 2;
        m->each *= 2;
    }
    m->steps[m->count++] = step;
}

static int32_t is_better(const rgm_history *h, const rgm_history_evaluation *a, const rgm_history_evaluation *b) {
    int32_t by_loss = h->config && h->config->early_stop.metric == RGM_METRIC_LOSS;
    double one = by_loss ? -a->loss : a->accuracy, other = by_loss ? -b->loss : b->accuracy;
    return b->images < 0 || (isfinite(one) && (!isfinite(other) || one > other));
}

/* The last one stays, whatever is left out. */
static void keep_evaluation(rgm_history *h, const rgm_history_evaluation *v) {
    int32_t again = h->last.images >= 0 && h->last.step == v->step; /* of the run's end, once more */
    if (is_better(h, v, &h->best)) h->best = *v;
    h->last = *v;
    if (!h->evaluation_each) h->evaluation_each = 1;
    if (again || h->evaluation_count++ % h->evaluation_each) return;
    if (h->evaluation_kept == RGM_HISTORY_EVALUATIONS) {
        for (int32_t i = 0; i < RGM_HISTORY_EVALUATIONS / 2; i++) h->evaluations[i] = h->evaluations[2 * i];
        h->evaluation_kept /= 2;
        h->evaluation_each *= 2;
    }
    h->evaluations[h->evaluation_kept++] = *v;
}

/* Steps of an epoch, as evaluations after whole epochs tell. */
static void note_epoch(rgm_history *h, const event *e) {
    if (!(e->epoch >= 1) || !(e->step >= 1)) return;
    double steps = e->step / e->epoch;
    if (h->epoch_steps < 0)
        h->epoch_steps = steps;
    else if (fabs(steps - h->epoch_steps) > 1e-9 * steps)
        h->epoch_steps = NAN;
}

static void take_evaluation(rgm_history *h, const event *e) {
    const rgm_history_evaluation v = {.step = (int64_t)e->step,
                                      .images = e->images >= 0 && e->images < LAST_STEP ? (int64_t)e->images : 0,
                                      .epoch = whole(e->epoch, 0),
                                      .loss = e->loss,
                                      .accuracy = e->accuracy,
                                      .low = e->low,
                                      .high = e->high};
    if (!strcmp(e->split, "test")) {
        h->test = v;
        return;
    }
    note_epoch(h, e);
    keep_evaluation(h, &v);
}

static void take_batches(rgm_history *h, const event *e) {
    if (!isfinite(e->loss) && !h->not_finite++) h->not_finite_step = (int64_t)e->step;
    rgm_trace_add(&h->loss, e->step, e->loss);
    rgm_trace_add(&h->accuracy, e->step, e->accuracy);
    rgm_trace_add(&h->rate, e->step, e->rate);
    rgm_trace_add(&h->norm, e->step, e->norm);
    rgm_trace_add(&h->pace, e->step, e->pace);
}

static void take_start(rgm_history *h, const event *e) {
    if (e->resumed > 0) mark(&h->resumes, (int64_t)e->step);
    snprintf(h->model, sizeof h->model, "%s", e->model);
    snprintf(h->isa, sizeof h->isa, "%s", e->isa);
    h->parameters = e->parameters >= 0 && e->parameters < LAST_STEP ? (int64_t)e->parameters : 0;
    h->threads = whole(e->threads, 0);
    h->ended = 0;
}

static void take_end(rgm_history *h, const event *e) {
    h->ended = 1;
    snprintf(h->reason, sizeof h->reason, "%s", e->reason);
    h->seconds = e->seconds;
    h->images_per_s = e->pace;
}

/* What became of a step that was not to be made. */
static void take_caught(rgm_history *h, const event *e) {
    mark(!strcmp(e->kind, "skip") ? &h->skips : &h->rewinds, (int64_t)e->step);
    h->spiked += !strcmp(e->cause, "spike");
}

static void take(rgm_history *h, const event *e) {
    if (!(e->step >= (double)h->steps && e->step <= LAST_STEP)) { /* NaN as well */
        h->damaged++;
        return;
    }
    h->steps = (int64_t)e->step;
    h->events++;
    if (!strcmp(e->kind, "step"))
        take_batches(h, e);
    else if (!strcmp(e->kind, "evaluation"))
        take_evaluation(h, e);
    else if (!strcmp(e->kind, "checkpoint"))
        mark(&h->checkpoints, (int64_t)e->step);
    else if (!strcmp(e->kind, "skip") || !strcmp(e->kind, "rewind"))
        take_caught(h, e);
    else if (!strcmp(e->kind, "start"))
        take_start(h, e);
    else if (!strcmp(e->kind, "end"))
        take_end(h, e);
    if (strcmp(e->kind, "step") != 0 && whole(e->epoch, 0) > h->epochs) h->epochs = whole(e->epoch, 0);
}

/* ---- the files ---- */

/* A file to read, never a pipe that would be waited for. NULL with errno. */
static FILE *open_file(const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return NULL;
    int regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    FILE *in = regular ? fdopen(fd, "r") : NULL;
    int why = regular ? errno : EINVAL;
    if (!in) close(fd);
    errno = why;
    return in;
}

/* A line that is longer than any of ours, or that has NUL bytes in it, is read to its end, from its begin on. */
static rgm_status skip_line(rgm_history *h, FILE *in, int64_t begin, const rgm_stop *stop, rgm_error *err) {
    int64_t bytes = 0;
    int c = 0;
    if (fseeko(in, begin, SEEK_SET) != 0) return RGM_OK; /* the reading tells it */
    while (c != '\n' && (c = getc_unlocked(in)) != EOF)
        if (++bytes % (1 << 24) == 0 && rgm_stop_asked(stop))
            return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
    h->cut = c == EOF;
    h->damaged += c != EOF;
    return RGM_OK;
}

static rgm_status read_lines(rgm_history *h, FILE *in, const rgm_stop *stop, rgm_error *err) {
    static const size_t room = LINE;
    char *line = malloc(room);
    event e;
    rgm_status status = line ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    for (int64_t n = 0, at = 0; status == RGM_OK && fgets(line, LINE, in); n++) {
        size_t length = strlen(line);
        if (n % ASKED == 0 && rgm_stop_asked(stop)) status = rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        if (!length || line[length - 1] != '\n') {
            if (status == RGM_OK) status = skip_line(h, in, at, stop, err);
            at = ftello(in);
            continue;
        }
        at += (int64_t)length;
        clear(&e);
        if (take_step(&e, line) || take_any(&e, line))
            take(h, &e);
        else
            h->damaged++;
    }
    free(line);
    return status;
}

static rgm_status read_metrics(rgm_history *h, const char *path, const rgm_stop *stop, int32_t *there, rgm_error *err) {
    FILE *in = open_file(path);
    *there = in != NULL;
    if (!in && (errno == ENOENT || errno == ENOTDIR)) return RGM_OK;
    if (!in) return rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = plain ? uselocale(plain) : (locale_t)0;
    errno = 0;
    rgm_status status = read_lines(h, in, stop, err);
    if (status == RGM_OK && ferror(in)) status = rgm_fail(err, RGM_E_IO, "%.300s: %s", path, strerror(errno));
    if (plain) freelocale(uselocale(before));
    fclose(in);
    return status;
}

static rgm_status read_yaml(rgm_history *h, const char *path, rgm_error *err) {
    FILE *in = open_file(path);
    if (!in) return RGM_OK;
    h->yaml = calloc(1, RGM_HISTORY_YAML + 1);
    size_t size = h->yaml ? fread(h->yaml, 1, RGM_HISTORY_YAML, in) : 0;
    fclose(in);
    if (!h->yaml) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    for (size_t i = 0; i < size; i++)
        if (!h->yaml[i]) h->yaml[i] = '?';
    return RGM_OK;
}

/* One that cannot be read is told on the page: the curves are worth a report without it. */
static rgm_status read_config(rgm_history *h, const char *path, int32_t *there, rgm_error *err) {
    rgm_error why = {0};
    FILE *in = open_file(path);
    *there = in != NULL;
    if (!in) return RGM_OK;
    fclose(in);
    h->config = malloc(sizeof *h->config);
    if (!h->config) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    rgm_status status = rgm_config_init(h->config, &why);
    if (status >= 0) status = rgm_config_read(h->config, path, &why);
    if (status == RGM_E_NOMEM) return rgm_fail(err, status, "%s", why.text);
    if (status >= 0) {
        h->classes = h->config->model.classes;
        h->seed = h->config->seed;
    } else {
        rgm_error_line(&why, h->config_fault);
        free(h->config);
        h->config = NULL;
    }
    return read_yaml(h, path, err);
}

static rgm_status name(rgm_history *h, const char *folder, rgm_error *err) {
    struct stat status;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    if (!length || length >= RGM_CONFIG_PATH) return rgm_fail(err, RGM_E_USAGE, "report: expected a run folder");
    snprintf(h->folder, sizeof h->folder, "%.*s", (int)length, folder);
    if (stat(h->folder, &status) != 0) return rgm_fail(err, RGM_E_IO, "%.300s: %s", h->folder, strerror(errno));
    if (!S_ISDIR(status.st_mode)) return rgm_fail(err, RGM_E_USAGE, "%.300s: expected a run folder", h->folder);
    const char *slash = strrchr(h->folder, '/');
    rgm_text_add(h->name, sizeof h->name, slash && slash[1] ? slash + 1 : h->folder);
    return RGM_OK;
}

static rgm_status read_folder(rgm_history *h, const char *folder, const rgm_stop *stop, rgm_error *err) {
    char path[RGM_RUNFOLDER_PATH + 32];
    int32_t has_config, has_metrics;
    RGM_TRY(name(h, folder, err));
    snprintf(path, sizeof path, "%s/config.yaml", h->folder);
    RGM_TRY(read_config(h, path, &has_config, err));
    snprintf(path, sizeof path, "%s/metrics.jsonl", h->folder);
    RGM_TRY(read_metrics(h, path, stop, &has_metrics, err));
    if (!has_config && !has_metrics)
        return rgm_fail(err, RGM_E_USAGE, "%.300s: no run folder: it has neither config.yaml nor metrics.jsonl",
                        h->folder);
    snprintf(path, sizeof path, "%s/checkpoints/last.h5", h->folder);
    h->has_last = access(path, F_OK) == 0;
    snprintf(path, sizeof path, "%s/checkpoints/best.h5", h->folder);
    h->has_best = access(path, F_OK) == 0;
    if (!(h->epoch_steps >= 1)) h->epoch_steps = NAN;
    if (!h->model[0] && h->config) snprintf(h->model, sizeof h->model, "%s", h->config->model.name);
    return RGM_OK;
}

rgm_status rgm_history_read(rgm_history **history, const char *folder, const rgm_stop *stop, rgm_error *err) {
    rgm_history *h = calloc(1, sizeof *h);
    *history = NULL;
    if (!h) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    h->best.images = h->last.images = h->test.images = -1;
    h->seconds = h->images_per_s = NAN;
    h->epoch_steps = -1;
    rgm_status status = read_folder(h, folder, stop, err);
    if (status < 0)
        rgm_history_free(h);
    else
        *history = h;
    return status;
}

void rgm_history_free(rgm_history *h) {
    if (!h) return;
    free(h->config);
    free(h->yaml);
    free(h);
}

const rgm_history_evaluation *rgm_history_result(const rgm_history *h, const char **split) {
    *split = h->test.images >= 0 ? "test" : "validation";
    return h->test.images >= 0 ? &h->test : h->last.images >= 0 ? &h->last : NULL;
}

double rgm_history_x(const rgm_history *h, double step) {
    return isfinite(h->epoch_steps) ? step / h->epoch_steps : step;
}

void rgm_history_distinguish(rgm_history *const *histories, int32_t count) {
    int32_t twice = 0;
    for (int32_t i = 0; i < count; i++)
        for (int32_t k = 0; k < i; k++) twice += !strcmp(histories[i]->name, histories[k]->name);
    for (int32_t i = 0; twice && i < count; i++) {
        histories[i]->name[0] = 0;
        rgm_text_add(histories[i]->name, sizeof histories[i]->name, histories[i]->folder);
    }
}
