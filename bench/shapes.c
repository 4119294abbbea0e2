#include "bench/shapes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* names[] and texts[], made from shapes/ by the Makefile. */
#include "bench/shapes.inc"

enum { MOST_LAYERS = 1000, MOST_BYTES = 256 << 10 };

/* ---- words ---- */

typedef struct reader {
    const char *name, *at, *end, *line; /* of the text: where the next word is looked for, the end, this line's begin */
    int32_t number;                     /* of the line, from 1 */
    const char *word;                   /* the last word, not terminated */
    int32_t length;
    rgm_error *err;
} reader;

static rgm_status wrong(const reader *r, const char *expected) {
    int32_t column = (int32_t)(r->word - r->line) + 1;
    if (r->length == 0)
        return rgm_fail(r->err, RGM_E_FORMAT, "%s:%d:%d: expected %s, found the end of the line", r->name, r->number,
                        column, expected);
    return rgm_fail(r->err, RGM_E_FORMAT, "%s:%d:%d: expected %s, found '%.*s'", r->name, r->number, column, expected,
                    r->length < 80 ? r->length : 80, r->word);
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next word of the line; length 0 at its end. */
static void next_word(reader *r) {
    while (r->at < r->end && is_blank(*r->at)) r->at++;
    r->word = r->at;
    if (r->at < r->end && *r->at == '#')
        while (r->at < r->end && *r->at != '\n') r->at++;
    else
        while (r->at < r->end && !is_blank(*r->at) && *r->at != '\n' && *r->at != '#') r->at++;
    r->length = r->word < r->end && *r->word == '#' ? 0 : (int32_t)(r->at - r->word);
}

static int is_word(const reader *r, const char *word) {
    return strlen(word) == (size_t)r->length && memcmp(word, r->word, (size_t)r->length) == 0;
}

/* Digits from *at on, up to the word's end; -1 if there are none or they mean more than `most`. */
static int32_t digits(const reader *r, const char **at, int32_t most) {
    int32_t value = 0;
    const char *first = *at;
    for (; *at < r->word + r->length && **at >= '0' && **at <= '9'; ++*at) {
        value = 10 * value + (**at - '0');
        if (value > most) return -1;
    }
    return *at == first ? -1 : value;
}

static rgm_status next_number(reader *r, const char *what, int32_t least, int32_t most, int32_t *out) {
    char expected[96];
    next_word(r);
    const char *at = r->word;
    *out = digits(r, &at, most);
    if (*out >= least && at == r->word + r->length) return RGM_OK;
    snprintf(expected, sizeof expected, "%s (integer, %d to %d)", what, least, most);
    return wrong(r, expected);
}

static rgm_status next_image(reader *r, rgm_layer *layer) {
    enum { MOST = 16384 };
    next_word(r);
    const char *at = r->word;
    layer->H = digits(r, &at, MOST);
    int crossed = at < r->word + r->length && *at == 'x';
    at += crossed;
    layer->W = crossed ? digits(r, &at, MOST) : -1;
    if (layer->H >= 1 && layer->W >= 1 && at == r->word + r->length) return RGM_OK;
    return wrong(r, "the image's size (HxW, each 1 to 16384)");
}

/* ---- layers ---- */

enum { IMAGE, BATCH, STRIDE, PAD, TIMES, INPUT, KEYS };
static const char *const keys[KEYS] = {"image", "batch", "stride", "pad", "times", "input"};

static rgm_status parse_key(reader *r, uint32_t *seen, rgm_layer *layer) {
    int32_t key = 0;
    while (key < KEYS && !is_word(r, keys[key])) key++;
    if (key == KEYS) return wrong(r, "image, batch, stride, pad, times or input");
    if (*seen & 1u << key) return wrong(r, "each word once");
    *seen |= 1u << key;
    switch (key) {
    case IMAGE:
        return next_image(r, layer);
    case BATCH:
        return next_number(r, "the number of images", 1, 65536, &layer->N);
    case STRIDE:
        return next_number(r, "the stride", 1, 255, &layer->stride);
    case PAD:
        return next_number(r, "the padding, smaller than the window", 0, layer->window - 1, &layer->pad);
    case TIMES:
        return next_number(r, "how often", 1, 10000, &layer->times);
    default:
        layer->input = 1;
        return RGM_OK;
    }
}

static rgm_status parse_layer(reader *r, rgm_layer *layer) {
    uint32_t seen = 0;
    *layer = (rgm_layer){.stride = 1, .times = 1};
    if (!is_word(r, "conv")) return wrong(r, "conv");
    RGM_TRY(next_number(r, "the input channels", 1, 65536, &layer->C));
    RGM_TRY(next_number(r, "the output channels", 1, 65536, &layer->K));
    RGM_TRY(next_number(r, "the window", 1, 255, &layer->window));
    for (next_word(r); r->length; next_word(r)) RGM_TRY(parse_key(r, &seen, layer));
    if (!(seen & 1u << IMAGE)) return wrong(r, "image HxW");
    if (!(seen & 1u << BATCH)) return wrong(r, "batch N");
    int32_t least = layer->H < layer->W ? layer->H : layer->W;
    if (least + 2 * layer->pad >= layer->window) return RGM_OK;
    return rgm_fail(r->err, RGM_E_FORMAT, "%s:%d:1: a window of %d is larger than the padded image", r->name, r->number,
                    layer->window);
}

const char *rgm_layer_name(const rgm_layer *l, char out[RGM_LAYER_NAME]) {
    char stride[16] = "", pad[16] = "";
    if (l->stride > 1) snprintf(stride, sizeof stride, "/%d", l->stride);
    if (l->pad > 0) snprintf(pad, sizeof pad, " pad %d", l->pad);
    snprintf(out, RGM_LAYER_NAME, "%d->%d %dx%d%s%s, %dx%d n%d%s", l->C, l->K, l->window, l->window, stride, pad, l->H,
             l->W, l->N, l->input ? ", input" : "");
    return out;
}

static int is_same(rgm_layer a, const rgm_layer *b) {
    a.times = b->times;
    return memcmp(&a, b, sizeof a) == 0;
}

/* 1 if the layer was there already: then it only occurs more often. */
static int32_t merge(rgm_layers *layers, const rgm_layer *layer) {
    for (int32_t i = 0; i < layers->count; i++)
        if (is_same(layers->list[i], layer)) {
            int64_t times = (int64_t)layers->list[i].times + layer->times;
            layers->list[i].times = (int32_t)(times < INT32_MAX ? times : INT32_MAX); /* a bound, not a promise */
            return 1;
        }
    return 0;
}

static rgm_status append(rgm_layers *layers, const rgm_layer *layer, const reader *r) {
    if (merge(layers, layer)) return RGM_OK;
    if (layers->count == MOST_LAYERS)
        return rgm_fail(r->err, RGM_E_FORMAT, "%s:%d:1: more than %d layers", r->name, r->number, MOST_LAYERS);
    rgm_layer *list = realloc(layers->list, sizeof *list * (size_t)(layers->count + 1));
    if (!list) return rgm_fail(r->err, RGM_E_NOMEM, "bench: out of memory");
    layers->list = list;
    list[layers->count++] = *layer;
    return RGM_OK;
}

rgm_status rgm_layers_parse(rgm_layers *layers, const char *text, size_t size, const char *name, rgm_error *err) {
    reader r = {.name = name, .at = text, .end = text + size, .line = text, .number = 1, .err = err};
    int32_t found = 0;
    for (;; r.number++) {
        rgm_layer layer;
        r.line = r.at;
        next_word(&r);
        if (r.length) {
            RGM_TRY(parse_layer(&r, &layer));
            RGM_TRY(append(layers, &layer, &r));
            found++;
        }
        if (r.at == r.end) break;
        r.at++; /* the end of the line */
    }
    return found ? RGM_OK : rgm_fail(err, RGM_E_FORMAT, "%s: no layer in it", name);
}

/* ---- files ---- */

static rgm_status load_file(rgm_layers *layers, const char *path, rgm_error *err) {
    FILE *file = fopen(path, "re");
    if (!file) return rgm_fail(err, RGM_E_IO, "%s: %s", path, strerror(errno));
    char *text = malloc(MOST_BYTES + 1);
    rgm_status status = text ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    if (status >= 0) {
        errno = 0;
        size_t size = fread(text, 1, MOST_BYTES + 1, file);
        if (ferror(file))
            status = rgm_fail(err, RGM_E_IO, "%s: %s", path, errno ? strerror(errno) : "cannot be read");
        else if (size > MOST_BYTES)
            status = rgm_fail(err, RGM_E_FORMAT, "%s: more than %d KiB", path, MOST_BYTES >> 10);
        else
            status = rgm_layers_parse(layers, text, size, path, err);
    }
    free(text);
    fclose(file);
    return status;
}

rgm_status rgm_layers_load(rgm_layers *layers, const char *name, rgm_error *err) {
    size_t count = sizeof names / sizeof *names - 1;
    if (strpbrk(name, "/.")) return load_file(layers, name, err);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return rgm_layers_parse(layers, texts[i], strlen(texts[i]), name, err);
    char list[256] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = rgm_text_nearest(name, names, count);
    if (nearest) return rgm_fail(err, RGM_E_USAGE, "unknown list of layers '%.80s' (nearest: '%s')", name, nearest);
    return rgm_fail(err, RGM_E_USAGE, "unknown list of layers '%.80s': expected one of %s, or a file (./%.80s)", name,
                    list, name);
}

void rgm_layers_set_images(rgm_layers *layers, int32_t images, int32_t at_most) {
    int32_t count = layers->count;
    layers->count = 0;
    for (int32_t i = 0; i < count; i++) {
        rgm_layer layer = layers->list[i];
        if (!at_most || layer.N > images) layer.N = images;
        if (!merge(layers, &layer)) layers->list[layers->count++] = layer;
    }
}

void rgm_layers_free(rgm_layers *layers) {
    free(layers->list);
    *layers = (rgm_layers){NULL, 0};
}
