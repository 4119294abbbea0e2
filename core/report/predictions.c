#define _GNU_SOURCE
#include "report/predictions.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "report/bar.h"
#include "report/interval.h"
#include "report/summary.h"

enum { TITLE = 8192, MOST_COLUMNS = 60, MOST_CLASS = 30, SHOWN_CLASSES = 10, SHOWN_MISTAKES = 5 };
enum { DIGITS = 7, PROBABILITY = 9 }; /* of probabilities in CSV and in JSON */

/* Something that is written as it comes. */
typedef struct stream {
    FILE *file; /* NULL: nowhere */
    const char *name;
    int32_t own;   /* 1: to be closed */
    int32_t ended; /* 1: nothing follows */
} stream;

struct rgm_predictions {
    rgm_predictions_options o;
    stream csv, json, text;
    int64_t written; /* elements in the JSON */
    int64_t pictures, labelled, hits;
    double loss;     /* summed */
    int64_t *counts; /* [classes] */
    int32_t width;   /* columns of a class */
    rgm_unreadable *unreadable;
    int64_t unreadable_count, unreadable_room;
    uint64_t *wrong; /* label << 32 | taken */
    int64_t wrong_count, wrong_room;
};

/* ---- texts ---- */

const char *rgm_class_title(const char *const *names, int32_t number, char room[16]) {
    if (names) return names[number];
    snprintf(room, 16, "%d", number);
    return room;
}

const char *rgm_prediction_title(const rgm_prediction *p, char *out, size_t size) {
    if (p->file)
        snprintf(out, size, "%s", p->file);
    else
        snprintf(out, size, "%s %s %lld%s%s", p->data, p->split, (long long)p->index, p->name ? " " : "",
                 p->name ? p->name : "");
    return out;
}

int32_t rgm_predictions_has_text(const rgm_predictions_options *o) {
    return rgm_json_leaves_text(o->json) && rgm_json_leaves_text(o->csv);
}

/* ---- streams ---- */

static rgm_status open_stream(stream *s, const char *target, rgm_error *err) {
    if (!target) return RGM_OK;
    s->own = strcmp(target, "-") != 0;
    s->name = s->own ? target : "standard output";
    s->file = s->own ? fopen(target, "we") : stdout;
    return s->file ? RGM_OK : rgm_fail(err, RGM_E_IO, "%.300s: %s", target, strerror(errno));
}

static rgm_status check_stream(const stream *s, rgm_error *err) {
    if (!s->file || !ferror(s->file)) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%.300s: %s", s->name, errno ? strerror(errno) : "cannot be written");
}

static rgm_status flush_stream(stream *s, rgm_error *err) {
    errno = 0;
    if (s->file) fflush(s->file);
    return check_stream(s, err);
}

static rgm_status close_stream(stream *s, rgm_error *err) {
    rgm_status status = flush_stream(s, err);
    FILE *file = s->file;
    s->file = NULL;
    if (file && s->own && fclose(file) != 0 && status >= 0)
        status = rgm_fail(err, RGM_E_IO, "%.300s: %s", s->name, strerror(errno));
    return status;
}

/* ---- CSV: RFC 4180 ---- */

static void put_field(FILE *to, const char *text) {
    char field[2 * TITLE + 3];
    fwrite(field, 1, rgm_text_csv(text, field, sizeof field), to);
}

static void begin_csv(const rgm_predictions *p) {
    FILE *to = p->csv.file;
    if (!to) return;
    fputs(RGM_PREDICTIONS_CSV, to);
    for (int32_t i = 2; i <= p->o.top; i++) fprintf(to, ",class_%d,probability_%d", i, i);
    fprintf(to, "%s%s\r\n", p->o.labels ? ",label" : "", p->o.named ? ",name" : "");
}

static void add_csv(const rgm_predictions *p, const rgm_prediction *one) {
    FILE *to = p->csv.file;
    char title[TITLE], room[16], number[32];
    rgm_prediction nameless = *one; /* the name has a column of its own */
    nameless.name = NULL;
    if (!to) return;
    put_field(to, rgm_prediction_title(&nameless, title, sizeof title));
    for (int32_t i = 0; i < one->count; i++) {
        putc(',', to);
        put_field(to, rgm_class_title(p->o.names, one->top[i].number, room));
        fprintf(to, ",%s", rgm_text_print_real(number, sizeof number, DIGITS, (double)one->top[i].probability));
    }
    if (p->o.labels) {
        putc(',', to);
        if (one->label >= 0) put_field(to, rgm_class_title(p->o.names, one->label, room));
    }
    if (p->o.named) {
        putc(',', to);
        if (one->name) put_field(to, one->name);
    }
    fputs("\r\n", to);
}

/* ---- JSON ---- */

static json_t *class_json(const rgm_predictions *p, int32_t number) {
    char room[16];
    return json_pack("{s:i, s:o}", "class", number, "name", rgm_json_text(rgm_class_title(p->o.names, number, room)));
}

static json_t *ranked_json(const rgm_predictions *p, const rgm_ranked *r) {
    json_t *object = class_json(p, r->number);
    if (object) json_object_set_new(object, "probability", rgm_json_real((double)r->probability));
    return object;
}

/* Writes a value on a line of its own, and releases it. */
static rgm_status put_json(const stream *s, json_t *value, const char *before, rgm_error *err) {
    if (!value) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    fputs(before, s->file);
    size_t digits = json_is_object(value) ? PROBABILITY : 17; /* of sums all */
    json_dumpf(value, s->file, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
    json_decref(value);
    return check_stream(s, err);
}

static rgm_status put_member(const stream *s, const char *key, json_t *value, rgm_error *err) {
    char before[64];
    snprintf(before, sizeof before, "  \"%s\": ", key);
    RGM_TRY(put_json(s, value, before, err));
    fputs(",\n", s->file);
    return RGM_OK;
}

static rgm_status begin_json(const rgm_predictions *p, rgm_error *err) {
    const stream *s = &p->json;
    if (!s->file) return RGM_OK;
    RGM_TRY(put_json(s, rgm_json_text(p->o.model), RGM_PREDICTIONS_JSON, err));
    fputs(",\n", s->file);
    RGM_TRY(put_member(s, "checkpoint", rgm_json_text(p->o.checkpoint), err));
    RGM_TRY(put_member(s, "transform", rgm_json_text(p->o.transform), err));
    fputs("  \"predictions\": [", s->file);
    return check_stream(s, err);
}

static rgm_status add_json(rgm_predictions *p, const rgm_prediction *one, rgm_error *err) {
    if (!p->json.file) return RGM_OK;
    json_t *object = json_object(), *top = json_array();
    if (one->file) {
        json_object_set_new(object, "file", rgm_json_text(one->file));
    } else {
        json_object_set_new(object, "data", rgm_json_text(one->data));
        json_object_set_new(object, "split", rgm_json_text(one->split));
        json_object_set_new(object, "index", json_integer(one->index));
        if (one->name) json_object_set_new(object, "name", rgm_json_text(one->name));
    }
    for (int32_t i = 0; i < one->count; i++) json_array_append_new(top, ranked_json(p, &one->top[i]));
    json_object_set_new(object, "top", top);
    if (one->label >= 0) json_object_set_new(object, "label", class_json(p, one->label));
    return put_json(&p->json, object, p->written++ ? ",\n    " : "\n    ", err);
}

static rgm_status end_json(const rgm_predictions *p, double seconds, rgm_error *err) {
    const stream *s = &p->json;
    double low, high, n = (double)p->labelled;
    if (!s->file) return RGM_OK;
    fputs(p->written ? "\n  ],\n  \"unreadable\": [" : "],\n  \"unreadable\": [", s->file);
    for (int64_t i = 0; i < p->unreadable_count; i++) {
        const rgm_unreadable *u = &p->unreadable[i];
        json_t *one = json_pack("{s:o, s:o}", "file", rgm_json_text(u->file), "reason", rgm_json_text(u->reason));
        RGM_TRY(put_json(s, one, i ? ",\n    " : "\n    ", err));
    }
    fputs(p->unreadable_count ? "\n  ],\n" : "],\n", s->file);
    if (p->labelled) {
        rgm_interval_wilson(p->hits, p->labelled, &low, &high);
        RGM_TRY(put_member(s, "accuracy", rgm_json_real((double)p->hits / n), err));
        RGM_TRY(put_member(s, "accuracy_low", rgm_json_real(low), err));
        RGM_TRY(put_member(s, "accuracy_high", rgm_json_real(high), err));
        RGM_TRY(put_member(s, "loss", rgm_json_real(p->loss / n), err));
        RGM_TRY(put_member(s, "labelled", json_integer(p->labelled), err));
    }
    RGM_TRY(put_member(s, "pictures", json_integer(p->pictures), err));
    RGM_TRY(put_member(s, "images_per_s", rgm_json_real(seconds > 0 ? (double)p->pictures / seconds : 0), err));
    RGM_TRY(put_json(s, rgm_json_real(seconds), "  \"seconds\": ", err));
    fputs("\n}\n", s->file);
    return check_stream(s, err);
}

/* ---- text ---- */

/* A name in so many columns; control characters would command the terminal. */
static void put_name(FILE *to, const char *name, int32_t columns) {
    char own[TITLE];
    snprintf(own, sizeof own, "%s", name);
    rgm_text_clean(own);
    fputs(own, to);
    for (int32_t used = rgm_text_columns(own); used < columns; used++) putc(' ', to);
}

static void add_text(const rgm_predictions *p, const rgm_prediction *one) {
    FILE *to = p->text.file;
    char title[TITLE], room[16];
    int32_t runners = 0;
    if (!to) return;
    put_name(to, rgm_prediction_title(one, title, sizeof title),
             p->o.columns < MOST_COLUMNS ? p->o.columns : MOST_COLUMNS);
    fputs("  ", to);
    put_name(to, rgm_class_title(p->o.names, one->top[0].number, room), p->width);
    fprintf(to, " %5.1f %%", 100 * (double)one->top[0].probability);
    for (int32_t i = 1; i < one->count; i++) {
        double percent = 100 * (double)one->top[i].probability;
        if (percent < 0.05) break; /* it would be told as 0.0 % */
        fputs(runners++ ? ", " : "   ", to);
        put_name(to, rgm_class_title(p->o.names, one->top[i].number, room), 0);
        fprintf(to, " %.1f %%", percent);
    }
    if (one->label >= 0 && one->label != one->top[0].number) {
        fputs("   [wrong: it is ", to);
        put_name(to, rgm_class_title(p->o.names, one->label, room), 0);
        putc(']', to);
    }
    putc('\n', to);
}

int32_t rgm_class_behind(const int64_t *counts, int32_t classes, int32_t last) {
    int32_t best = -1;
    int64_t most = last < 0 ? INT64_MAX : counts[last];
    for (int32_t i = 0; i < classes; i++) {
        if (counts[i] == 0 || counts[i] > most || (counts[i] == most && i <= last)) continue;
        if (best < 0 || counts[i] > counts[best]) best = i;
    }
    return best;
}

static void put_classes(const rgm_predictions *p) {
    FILE *to = p->text.file;
    char room[16];
    int32_t shown = 0, found = 0;
    for (int32_t i = 0; i < p->o.classes; i++) found += p->counts[i] > 0;
    fputs("classes    ", to);
    for (int32_t i = -1; shown < SHOWN_CLASSES && (i = rgm_class_behind(p->counts, p->o.classes, i)) >= 0;) {
        if (shown++) fputs(", ", to);
        put_name(to, rgm_class_title(p->o.names, i, room), 0);
        fprintf(to, ": %lld", (long long)p->counts[i]);
    }
    if (shown < found) fprintf(to, ", and %d more", found - shown);
    putc('\n', to);
}

static void put_accuracy(rgm_predictions *p) {
    FILE *to = p->text.file;
    double low, high, n = (double)p->labelled;
    char room[16];
    rgm_mistake mistakes[SHOWN_MISTAKES];
    rgm_interval_wilson(p->hits, p->labelled, &low, &high);
    fprintf(to, "accuracy   %.2f %% (95 %% interval %.2f to %.2f; %lld picture%s with a label)\n",
            100 * (double)p->hits / n, 100 * low, 100 * high, (long long)p->labelled, p->labelled == 1 ? "" : "s");
    fprintf(to, "loss       %.4f\n", p->loss / n);
    int64_t kinds = rgm_predictions_mistakes(p, mistakes, SHOWN_MISTAKES);
    for (int32_t i = 0; i < kinds && i < SHOWN_MISTAKES; i++) {
        fputs(i ? ", " : "mistakes   ", to);
        put_name(to, rgm_class_title(p->o.names, mistakes[i].label, room), 0);
        fputs(" taken for ", to);
        put_name(to, rgm_class_title(p->o.names, mistakes[i].taken, room), 0);
        fprintf(to, ": %lld", (long long)mistakes[i].count);
    }
    if (kinds > SHOWN_MISTAKES) fprintf(to, ", and %lld more", (long long)kinds - SHOWN_MISTAKES);
    if (kinds) putc('\n', to);
}

static void end_text(rgm_predictions *p, double seconds) {
    FILE *to = p->text.file;
    char figure[32], time[32];
    if (!to || p->o.quiet || p->pictures + p->unreadable_count < 2) return;
    fprintf(to, "%spictures   %lld", p->pictures ? "\n" : "", (long long)p->pictures);
    if (p->unreadable_count) fprintf(to, ", and %lld that could not be read", (long long)p->unreadable_count);
    putc('\n', to);
    if (p->pictures) put_classes(p);
    if (p->labelled) put_accuracy(p);
    fprintf(to, "time       %s\n", rgm_bar_time(seconds, time));
    if (seconds > 0 && p->pictures)
        fprintf(to, "speed      %s pictures/s\n", rgm_bar_figure((double)p->pictures / seconds, figure));
    fputs("checkpoint ", to);
    put_name(to, p->o.checkpoint, 0);
    putc('\n', to);
}

/* ---- the object ---- */

static rgm_status begin(rgm_predictions *p, rgm_error *err) {
    char room[16];
    p->counts = calloc((size_t)p->o.classes, sizeof *p->counts);
    if (!p->counts) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    for (int32_t i = 0; i < p->o.classes; i++) {
        int32_t columns = rgm_text_columns(rgm_class_title(p->o.names, i, room));
        if (columns > p->width && columns <= MOST_CLASS) p->width = columns;
    }
    if (rgm_predictions_has_text(&p->o)) p->text = (stream){.file = stdout, .name = "standard output"};
    RGM_TRY(open_stream(&p->csv, p->o.csv, err));
    RGM_TRY(open_stream(&p->json, p->o.json, err));
    begin_csv(p);
    return begin_json(p, err);
}

rgm_status rgm_predictions_begin(rgm_predictions **predictions, const rgm_predictions_options *options,
                                 rgm_error *err) {
    *predictions = calloc(1, sizeof **predictions);
    if (!*predictions) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    (*predictions)->o = *options;
    return begin(*predictions, err);
}

void rgm_predictions_destroy(rgm_predictions *p) {
    if (!p) return;
    if (p->csv.file && p->csv.own) fclose(p->csv.file);
    if (p->json.file && p->json.own) fclose(p->json.file);
    for (int64_t i = 0; i < p->unreadable_count; i++) {
        free(p->unreadable[i].file);
        free(p->unreadable[i].reason);
    }
    free(p->unreadable);
    free(p->wrong);
    free(p->counts);
    free(p);
}

/* Room for one more element. */
static rgm_status room_for(void **array, int64_t count, int64_t *room, size_t size, rgm_error *err) {
    if (count < *room) return RGM_OK;
    int64_t more = *room ? 2 * *room : 64;
    void *at = realloc(*array, (size_t)more * size);
    if (!at) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    *array = at;
    *room = more;
    return RGM_OK;
}

static rgm_status count_label(rgm_predictions *p, const rgm_prediction *one, rgm_error *err) {
    int32_t taken = one->top[0].number;
    if (one->label < 0) return RGM_OK;
    p->labelled++;
    p->hits += one->label == taken;
    p->loss -= log(one->likelihood > 1e-37f ? (double)one->likelihood : 1e-37);
    if (one->label == taken) return RGM_OK;
    void *array = p->wrong;
    RGM_TRY(room_for(&array, p->wrong_count, &p->wrong_room, sizeof *p->wrong, err));
    p->wrong = array;
    p->wrong[p->wrong_count++] = (uint64_t)one->label << 32 | (uint64_t)taken;
    return RGM_OK;
}

rgm_status rgm_predictions_add(rgm_predictions *p, const rgm_prediction *one, rgm_error *err) {
    p->pictures++;
    p->counts[one->top[0].number]++;
    RGM_TRY(count_label(p, one, err));
    add_text(p, one);
    add_csv(p, one);
    return add_json(p, one, err);
}

rgm_status rgm_predictions_unreadable(rgm_predictions *p, const char *file, const char *reason, rgm_error *err) {
    void *array = p->unreadable;
    if (p->text.file) fflush(p->text.file);
    rgm_log(RGM_LOG_ERROR, "%s: %s", file, reason);
    RGM_TRY(room_for(&array, p->unreadable_count, &p->unreadable_room, sizeof *p->unreadable, err));
    p->unreadable = array;
    rgm_unreadable *u = &p->unreadable[p->unreadable_count++];
    *u = (rgm_unreadable){strdup(file), strdup(reason)};
    return u->file && u->reason ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
}

rgm_status rgm_predictions_flush(rgm_predictions *p, rgm_error *err) {
    RGM_TRY(flush_stream(&p->text, err));
    RGM_TRY(flush_stream(&p->csv, err));
    return flush_stream(&p->json, err);
}

rgm_status rgm_predictions_end(rgm_predictions *p, double seconds, rgm_error *err) {
    RGM_TRY(end_json(p, seconds, err));
    end_text(p, seconds);
    RGM_TRY(flush_stream(&p->text, err));
    RGM_TRY(close_stream(&p->csv, err));
    return close_stream(&p->json, err);
}

/* ---- sums ---- */

void rgm_predictions_sum(const rgm_predictions *p, rgm_predictions_sums *sums) {
    *sums = (rgm_predictions_sums){.pictures = p->pictures,
                                   .labelled = p->labelled,
                                   .hits = p->hits,
                                   .loss = p->labelled ? p->loss / (double)p->labelled : NAN,
                                   .counts = p->counts,
                                   .unreadable = p->unreadable,
                                   .unreadable_count = p->unreadable_count};
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int64_t rgm_predictions_mistakes(rgm_predictions *p, rgm_mistake *mistakes, int32_t most) {
    int64_t kinds = 0;
    int32_t count = 0;
    if (p->wrong_count) qsort(p->wrong, (size_t)p->wrong_count, sizeof *p->wrong, by_value);
    for (int64_t i = 0, same; i < p->wrong_count; i += same, kinds++) {
        for (same = 1; i + same < p->wrong_count && p->wrong[i + same] == p->wrong[i];) same++;
        rgm_mistake m = {(int32_t)(p->wrong[i] >> 32), (int32_t)(uint32_t)p->wrong[i], same};
        int32_t at = count, kept = count < most ? count : most - 1;
        while (at > 0 && mistakes[at - 1].count < same) at--;
        if (at == most) continue;
        memmove(&mistakes[at + 1], &mistakes[at], sizeof m * (size_t)(kept - at));
        mistakes[at] = m;
        count = kept + 1;
    }
    return kinds;
}
